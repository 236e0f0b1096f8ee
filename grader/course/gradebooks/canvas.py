"""Canvas: the CSV of "Export entire gradebook". Source: canvas-lms, gradebook_importer.rb.

A column is `Title (123456)`, and the number is what counts. Below the header may stand a row with
"Manual Posting" and one with "Points Possible", where "(read only)" marks what Canvas computes.
"""

from __future__ import annotations

import re

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen, number
from grader.course.sheet import Sheet

ABOUT = "a Canvas gradebook"
BACK = (
    "In Canvas: Grades > Import, and look at what it says will change. If Canvas has a late policy "
    "of its own, switch it off for this column, or points are taken off twice."
)
_TITLE = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)", re.DOTALL)


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the gradebook; None if it is not Canvas's. Raises UsageError for its column."""
    rows = sheet.filled
    header = sheet.row(rows[0]) if rows else []
    if roster.kind_of(header) != "canvas":
        return None
    start = 1
    points: int | None = None
    for at, row in enumerate(rows[1:4], start=1):
        if re.search(r"(?i)points possible", sheet.value(row, 0)):
            points, start = row, at + 1
        elif any(cell == "Manual Posting" for cell in sheet.row(row)):
            start = max(start, at + 1)
    columns = tuple(_columns(sheet, header, points))
    column = chosen(columns, asked, sheet)
    fields = roster.columns_of(header)
    lines = [_line(sheet, row, fields, column) for row in rows[start:]]
    return Book(
        kind="canvas", about=ABOUT, sheet=sheet, lines=tuple(line for line in lines if line),
        column=column, back=BACK, excused="EX", digits=2, columns=columns,
    )  # fmt: skip


def _columns(sheet: Sheet, header: list[str], points: int | None) -> list[Column]:
    first = header.index("Section") + 1 if "Section" in header else 4
    found = []
    for place, name in enumerate(header[first:], start=first):
        title = _TITLE.fullmatch(name)
        if title is None:
            continue
        most = sheet.value(points, place) if points is not None else ""
        locked = "Canvas computes it, and takes nothing for it" if "read only" in most else ""
        found.append(Column(place, title["title"], title["id"], number(most), locked))
    return found


def _line(sheet: Sheet, row: int, fields: dict[str, int], column: Column) -> Line | None:
    found = roster.enrolled(sheet.row(row), fields)
    if found is None:
        return None
    cell = sheet.value(row, column.place).upper()
    held = {
        "EX": "is excused in the gradebook; what stands there stays",
        "N/A": "is not assigned this column, and Canvas takes no score for it",
    }.get(cell, "")
    is_made_up = found.is_made_up or found.person.name in ("Student, Test", "Test Student")
    return Line(row, found.person, found.sid, held, cell == "EX", is_made_up)
