"""Moodle: the grading worksheet of one assignment, in whatever language the site has.

Columns are known by what stands in them: the first one holds a word and the participant's number,
the grade stands before the maximum, which is the same in each row. Source: assign/feedback/offline.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.course import roster
from grader.course.gradebooks.books import Book, Column, Line, chosen, number
from grader.course.records import Person
from grader.course.sheet import Sheet

ABOUT = "a Moodle grading worksheet"
BACK = (
    "In Moodle: the assignment > Upload grading worksheet. Rows that were graded in Moodle after "
    "the download are skipped there: download afresh, or tick 'Allow updating records that have "
    "been modified more recently'."
)
OVER = "Moodle skips the row"
_MAXIMUM = re.compile(r"(?i)m[aá]x|maks|макс|massim|bestwertung|höchst|högst|最")
_COMMENT = re.compile(
    r"(?i)feedback|kommentar|coment|commentaire|commenti|opmerking|комментар|коментар|評語|反馈|回饋"
    r"|フィードバック|피드백|ملاحظات|تعليق|משוב|بازخورد|σχόλι|geri bildirim|palaute|tilbakemeld"
    r"|återkoppl|informacja zwrotna|komentář|komentár|komentar|visszajelz|phản hồi|ความคิดเห็น"
)
_NO = frozenset(
    "no nein non não nee nej ne nie nei ei nem nu không tidak hayır нет ні не όχι لا خیر נה לא "
    "否 いいえ 아니오 아니요 ไม่ नहीं არა ոչ ez nē".split()
)


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the worksheet; None if it is not Moodle's. Raises UsageError for its column."""
    rows = sheet.filled
    header = sheet.row(rows[0]) if rows else []
    ids = [roster.PARTICIPANT.fullmatch(sheet.value(row, 0)) for row in rows[1:]]
    found = [one for one in ids if one]
    words = {one["word"].strip() for one in found}
    if not found or len(found) < len(ids) or len(words) != 1 or len(header) < 4:
        return None
    cells = [sheet.row(row) for row in rows[1:]]
    maximum = _maximum(header, cells)
    fields = roster.columns_of(header)
    if maximum is None and not (roster.kind_of(header) == "moodle" or asked):
        return None
    column = chosen(_columns(header, maximum, cells), asked, sheet)
    lock = _lock(cells, column.place)
    lines = []
    for row, cell, one in zip(rows[1:], cells, found):
        seen = roster.enrolled(cell, fields)
        told = seen.person if seen else Person()
        name = told.name or _name_by_place(header, cell, column.place)
        person = Person(one["id"], told.login, name, told.email)
        is_locked = lock is not None and cell[lock : lock + 1] and cell[lock].casefold() in _NO
        held = "cannot be changed in Moodle (the grade is locked)" if is_locked else ""
        lines.append(Line(row, person, seen.sid if seen else "", held))
    comments = [p for p, name in enumerate(header) if p > column.place and _COMMENT.search(name)]
    return Book(
        kind="moodle", about=ABOUT, sheet=sheet, lines=tuple(lines), column=column, back=BACK,
        comment=comments[-1] if comments else None, over=OVER, is_named_alone=True,
        columns=(column, *([Column(maximum, "")] if maximum is not None else [])),
    )  # fmt: skip


def _maximum(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the maximum: the same number in each row, a grade or none before it."""
    for place in range(2, len(header)):
        most = {row[place] if place < len(row) else "" for row in rows}
        limit = number(next(iter(most))) if len(most) == 1 else None
        before = [row[place - 1] if place - 1 < len(row) else "" for row in rows]
        if limit and all(_is_grade(cell, limit) for cell in before):
            if len(rows) > 2 or _MAXIMUM.search(header[place]):
                return place
    named = [place for place, name in enumerate(header) if place > 1 and _MAXIMUM.search(name)]
    return named[0] if len(named) == 1 else None


def _is_grade(cell: str, limit: float) -> bool:
    if cell in ("", "-"):
        return True
    found = number(cell)
    return found is not None and 0 <= found <= limit


def _columns(
    header: Sequence[str], maximum: int | None, rows: Sequence[Sequence[str]]
) -> list[Column]:
    """Return the column before the maximum; without one, those that --column may name."""
    if maximum is None:
        return [Column(place, name) for place, name in enumerate(header) if place]
    limit = number(rows[0][maximum]) if maximum < len(rows[0]) else None
    locked = "" if limit else "is graded by words of a scale, not by points"
    return [Column(maximum - 1, header[maximum - 1], "", limit, locked)]


def _lock(rows: Sequence[Sequence[str]], grade: int) -> int | None:
    """Return the place of "Grade can be changed": two words at most, near the grade, one "no"."""
    for place in range(grade + 1, grade + 5):
        words = {row[place].casefold() for row in rows if place < len(row)} - {""}
        if len(words) <= 2 and words & _NO:
            return place
    return None


def _name_by_place(header: Sequence[str], cells: Sequence[str], grade: int) -> str:
    """Return the full name, which stands second if names are told at all; "" if they are not."""
    has_name = grade >= 3 and len(cells) > 1 and not re.search(r"[@\d]", cells[1])
    return cells[1] if has_name else ""
