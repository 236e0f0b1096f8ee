"""What the author of an assignment runs before the first submission: fixtures and lint."""
