"""Gradebooks of learning management systems: the teacher's own file with one column filled.

sheet      a delimited file whose cells are replaced in its own bytes
books      what a gradebook says; one module for each system reads its own
matching   which row is whose
filling    what is written, what is not, and why
"""

from __future__ import annotations

from grader.course.gradebooks import (
    blackboard,
    brightspace,
    canvas,
    gradescope,
    moodle,
    nbgrader,
    plain,
    sakai,
)
from grader.course.gradebooks.books import Book
from grader.course.sheet import Sheet
from grader.errors import UsageError

READERS = (canvas, blackboard, gradescope, nbgrader, sakai, brightspace, moodle, plain)


def read(data: bytes, place: str, column: str = "") -> Book:
    """Return the gradebook in a file, recognised by its header. Raises UsageError."""
    sheet = Sheet(data, place)
    for reader in READERS:
        book: Book | None = reader.read(sheet, column)
        if book is not None:
            return book
    raise UsageError(
        f"{place}: no column says who is who; give the gradebook as your LMS exports it, or a CSV "
        "with a column login, email, sid or name"
    )
