"""Scripts and helpers for those who change the grader."""
