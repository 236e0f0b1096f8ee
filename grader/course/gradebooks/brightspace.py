"""Brightspace: the CSV of "Grades > Export", with `#` before what names a student.

`A2 Points Grade <Numeric MaxPoints:100 Weight:10>`: the header stays as it is, for an item that it
does not know would be made new.
"""

from __future__ import annotations

import re

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen, number
from grader.course.sheet import Sheet

ABOUT = "a Brightspace gradebook"
BACK = "In Brightspace: Grades > Enter Grades > Import. Importing publishes them as feedback, too."
OVER = "Brightspace caps it in silence unless the item can exceed its maximum"
_HEAD = re.compile(
    r"(?P<title>.*?)\s+(?P<form>Points Grade|Grade Symbol|Text Grade)\s*(?P<told><.*>)?", re.DOTALL
)
_MOST = re.compile(r"MaxPoints:\s*(?P<most>\d+(?:[.,]\d+)?)")
_END = re.compile(r"(?i)end.of.line indicator")
_COMPUTED = re.compile(r"(?i)^(calculated|adjusted) final|subtotal|<(Calculated|Formula)")


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the gradebook; None if it is not Brightspace's. Raises UsageError for its column."""
    rows = sheet.filled
    header = sheet.row(rows[0]) if rows else []
    heads = {place: head for place, name in enumerate(header) if (head := _HEAD.fullmatch(name))}
    fields = roster.columns_of(header)
    if not heads or not (_END.search(header[-1]) or fields.keys() & {"sid", "login"}):
        return None
    columns = tuple(_column(place, head) for place, head in heads.items())
    column = chosen(columns, asked, sheet)
    lines = []
    for row in rows[1:]:
        found = roster.enrolled(sheet.row(row), fields)
        if found is not None:
            lines.append(Line(row, found.person, found.sid))
    return Book(
        kind="brightspace", about=ABOUT, sheet=sheet, lines=tuple(lines), column=column, back=BACK,
        over=OVER, columns=columns,
    )  # fmt: skip


def _column(place: int, found: re.Match[str]) -> Column:
    most = _MOST.search(found["told"] or "")
    locked = ""
    if found["form"] != "Points Grade":
        locked = "takes words, not points"
    elif _COMPUTED.search(found["title"]) or _COMPUTED.search(found["told"] or ""):
        locked = "Brightspace computes it"
    return Column(place, found["title"], "", number(most["most"]) if most else None, locked)
