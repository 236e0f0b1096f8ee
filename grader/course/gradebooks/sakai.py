"""Sakai: grades.csv at the top of what "Download All" gives, a title and a type above the header.

It goes back in the same zip, by "Upload All".
"""

from __future__ import annotations

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen
from grader.course.sheet import Sheet

ABOUT = "grades.csv of Sakai"
BACK = (
    "Put it back as grades.csv at the top of the zip of 'Download All', and give that to 'Upload "
    "All' with the grade file ticked."
)
GROUPED = "is the row of a group: Sakai gives one grade to all its members"


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the grades; None if they are not Sakai's. Raises UsageError for their column."""
    rows = sheet.filled
    for start in range(min(4, len(rows))):
        header = [cell.casefold() for cell in sheet.row(rows[start])]
        if header[:2] in (["display id", "id"], ["group", "eid"]) and "grade" in header:
            break
    else:
        return None
    columns = [Column(header.index("grade"), "grade")]
    column = chosen(columns, asked, sheet)
    is_group = header[0] == "group"
    fields = roster.columns_of(["eid", "x", *header[2:]] if not is_group else header)
    lines = []
    for number in rows[start + 1 :]:
        found = roster.enrolled(sheet.row(number), fields)
        if found is not None:
            lines.append(Line(number, found.person, sheet.value(number, 1)))
    return Book(
        kind="sakai", about=ABOUT, sheet=sheet, lines=tuple(lines), column=column, back=BACK,
    )  # fmt: skip
