"""Blackboard: the file of "Work Offline > Download", tabs in UTF-16 or commas.

`A2 [Total Pts: 100 Score] |664617`: the number behind the bar is the column, the username is the
student. A column without a number would become a new one, of text.
"""

from __future__ import annotations

import re

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen, number
from grader.course.sheet import Sheet

ABOUT = "a Blackboard gradebook"
BACK = "In Blackboard: Full Grade Center > Work Offline > Upload, with the delimiter of the file."
_HEAD = re.compile(r"(?P<title>.*?)\s*(?:\[(?P<what>[^\]]*)\])?\s*\|(?P<id>\d+)", re.DOTALL)
_MOST = re.compile(r"(?P<most>\d+(?:[.,]\d+)?)(?!.*\d)")
_COMPUTED = re.compile(r"(?i)\b(weighted|running|total points|up to)\b|^(total|weighted total)$")
_FEEDBACK = re.compile(r"(?i)feedback to (learner|user|student)")


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the gradebook; None if it is not Blackboard's. Raises UsageError for its column."""
    rows = sheet.filled
    header = sheet.row(rows[0]) if rows else []
    heads = {place: head for place, name in enumerate(header) if (head := _HEAD.fullmatch(name))}
    if not heads or len(header) < 4:
        return None
    columns = tuple(_column(place, head) for place, head in heads.items())
    column = chosen(columns, asked, sheet)
    fields = roster.columns_of(header[: min(heads)])
    if "login" not in fields:
        fields = {name: place for place, name in enumerate(roster.BLACKBOARD) if place < min(heads)}
    lines = []
    for row in rows[1:]:
        found = roster.enrolled(sheet.row(row), fields)
        if found is not None:
            lines.append(Line(row, found.person, found.sid, is_made_up=found.is_made_up))
    comments = [place for place, name in enumerate(header) if _FEEDBACK.search(name)]
    return Book(
        kind="blackboard", about=ABOUT, sheet=sheet, lines=tuple(lines), column=column, back=BACK,
        comment=comments[0] if len(comments) == 1 else None, columns=columns,
    )  # fmt: skip


def _column(place: int, found: re.Match[str]) -> Column:
    what = found["what"] or ""
    most = _MOST.search(what)
    is_computed = bool(_COMPUTED.search(found["title"]) or _COMPUTED.search(what))
    locked = "Blackboard computes it" if is_computed else ""
    return Column(
        place, found["title"], found["id"], number(most["most"]) if most else None, locked
    )
