"""Gradescope: its CSVs are read by people; scores go there by results.json only."""

from __future__ import annotations

from grader.course.sheet import Sheet
from grader.errors import UsageError

NAMES = {"submission id", "total score", "lateness (h:m:s)", "submission time", "view count"}


def read(sheet: Sheet, asked: str) -> None:
    """Raise UsageError for a CSV of Gradescope; nothing else is read here."""
    rows = sheet.filled
    header = [cell.casefold() for cell in sheet.row(rows[0])] if rows else []
    of_course = any(name.endswith(" - lateness (h:m:s)") for name in header)
    if len(NAMES & set(header)) >= 2 or of_course:
        raise UsageError(
            f"{sheet.place}: is a CSV of Gradescope, which takes no scores back from one; upload "
            "the autograder of `grade release`, whose results.json brings them, or give the "
            "gradebook of your LMS"
        )
