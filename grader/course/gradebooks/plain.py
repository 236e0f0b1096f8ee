"""Any other CSV: a header whose names say who is who, and a column for scores."""

from __future__ import annotations

import re

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen, number
from grader.course.sheet import Sheet

ABOUT = "a CSV"
BACK = "Import it where it came from."
_SCORES = {
    "score", "points", "grade", "mark", "marks", "result", "totalscore", "pointsawarded", "note",
    "punkte", "bewertung", "nota", "puntos", "cijfer", "punti", "finalscore", "finalgrade",
}  # fmt: skip
_COMMENTS = {"comment", "comments", "feedback", "feedbackcomments", "feedbackcomment"}
_MOST = re.compile(
    r"(?P<title>.*?)\s*(?:\[(?P<most>\d+(?:[.,]\d+)?)\]"
    r"|[\[(](?P<pts>\d+(?:[.,]\d+)?)\s*(?:pts?\.?|points|punkte)[\])])",
    re.IGNORECASE,
)


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the gradebook; None if no column says who is who. Raises UsageError."""
    rows = sheet.filled
    header = sheet.row(rows[0]) if rows else []
    fields = roster.columns_of(header)
    if not fields.keys() & {"id", "sid", "login", "email", "name", "last"}:
        return None
    others = [place for place in range(len(header)) if place not in fields.values()]
    every = tuple(_column(place, header[place]) for place in others if header[place])
    likely = [one for one in every if _plain(one.title) in _SCORES] or [
        one for one in every if one.maximum
    ]
    column = chosen(every if asked or len(likely) != 1 else likely, asked, sheet)
    lines = []
    for row in rows[1:]:
        found = roster.enrolled(sheet.row(row), fields, roster.kind_of(header))
        if found is not None:
            lines.append(Line(row, found.person, found.sid, is_made_up=found.is_made_up))
    comments = [place for place in others if _plain(header[place]) in _COMMENTS]
    return Book(
        kind=roster.kind_of(header), about=ABOUT, sheet=sheet, lines=tuple(lines), column=column,
        back=BACK, comment=comments[0] if len(comments) == 1 else None, columns=(column,),
    )  # fmt: skip


def _column(place: int, name: str) -> Column:
    told = _MOST.fullmatch(name)
    return Column(place, name, "", number(told["most"] or told["pts"]) if told else None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())
