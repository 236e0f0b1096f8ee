"""What a gradebook says: whose each row is, which column is to be filled, and what it allows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.course.records import Person
from grader.course.sheet import Sheet
from grader.errors import UsageError
from grader.submission.upload import shown


@dataclass(frozen=True)
class Line:
    """The row of a student. `held` says why its cell is left alone, "" if it is not.

    A held cell loses a score unless that `is_wanted` by whoever set it there. `maximum` is the
    row's own, where rows have one.
    """

    row: int
    person: Person
    sid: str = ""
    held: str = ""
    is_wanted: bool = False
    is_made_up: bool = False
    maximum: float | None = None


@dataclass(frozen=True)
class Column:
    """A column that scores may go to: its place, its title, its number in the LMS, its maximum.

    `locked` says why nothing can be written there.
    """

    place: int
    title: str
    id: str = ""
    maximum: float | None = None
    locked: str = ""

    @property
    def shown(self) -> str:
        """Return what to call it in a message."""
        return f"'{shown(self.title, 80)}'" + (f" ({self.id})" if self.id else "")


@dataclass(frozen=True)
class Book:
    """A gradebook: its rows of students, and the one column that is filled.

    `kind` is whose ids stand in it, `back` how it goes back. `comment` is the place of a column for
    a text to the student. `over` says what becomes there of a score above the maximum, "" if it is
    taken. `excused` is what the LMS writes for a student who is excused. `digits` are those behind
    the point that are always written. `is_named_alone`: its ids are of one assignment, so a row
    whose name differs is another person's.
    """

    kind: str
    about: str
    sheet: Sheet
    lines: tuple[Line, ...]
    column: Column
    back: str
    comment: int | None = None
    over: str = ""
    excused: str = ""
    digits: int = 0
    is_named_alone: bool = False
    columns: tuple[Column, ...] = field(default=(), repr=False)

    @property
    def decimal_sign(self) -> str:
        """Return "," if that is how numbers are written here, else "."."""
        places = {column.place for column in (*self.columns, self.column)}
        cells = [self.sheet.value(row, place) for row in self.sheet.filled for place in places]
        points = sum(bool(re.fullmatch(r"-?\d+\.\d+", cell)) for cell in cells)
        commas = sum(bool(re.fullmatch(r"-?\d+,\d+", cell)) for cell in cells)
        if points == commas:
            return "," if self.sheet.delimiter == ";" else "."
        return "," if commas > points else "."


def number(text: str) -> float | None:
    """Return the number in a cell, written with a point or a comma; None if it is none.

    >>> number("13,5"), number(" 1.250,00 "), number("-"), number("85 %")
    (13.5, 1250.0, None, None)
    """
    plain = re.sub(r"[\s\u00a0\u202f'’]", "", text)
    if plain.count(",") and plain.count("."):
        last = max(plain.rfind(","), plain.rfind("."))
        plain = re.sub(r"[.,]", "", plain[:last]) + "." + plain[last + 1 :]
    plain = plain.replace(",", ".")
    return float(plain) if re.fullmatch(r"-?\d{1,9}(\.\d+)?|-?\.\d+", plain) else None


def chosen(columns: Sequence[Column], asked: str, sheet: Sheet) -> Column:
    """Return the column that is asked for, or the only one there is. Raises UsageError."""
    place = sheet.place
    open_ones = [column for column in columns if not column.locked]
    names = ", ".join(column.shown for column in open_ones) or "none"
    if not asked:
        if len(open_ones) == 1:
            return open_ones[0]
        if not open_ones:
            why = "; ".join(f"{column.shown}: {column.locked}" for column in columns)
            raise UsageError(
                f"{place}: there is no column for scores{f' ({why})' if why else ''}; make one in "
                "the LMS, and export again"
            )
        names = ", ".join(f"{one.shown}{_empty(one, sheet)}" for one in open_ones)
        what = f"{len(open_ones)} columns could take the scores"
        raise UsageError(f"{place}: {what}; name one with --column: {names}{_alike(open_ones)}")
    found = _named(columns, asked)
    if len(found) != 1:
        what = f"{len(found)} columns are called so" if found else "there is no such column"
        told = f"{what}; use one of: {names}{_alike(found)}"
        raise UsageError(f"{place}: --column {shown(asked)}: {told}")
    if found[0].locked:
        raise UsageError(f"{place}: {found[0].shown}: {found[0].locked}; use one of: {names}")
    return found[0]


def _empty(column: Column, sheet: Sheet) -> str:
    """Say that a column has no scores yet: no number but its maximum."""
    cells = [number(sheet.value(row, column.place)) for row in sheet.filled[1:]]
    scores = [cell for cell in cells if cell is not None]
    return " without scores yet" if scores in ([], [column.maximum]) else ""


def _alike(columns: Sequence[Column]) -> str:
    """Say what to do where columns cannot be told apart."""
    names = [(one.title, one.id) for one in columns]
    return "; give one of them another name" if len(set(names)) < len(names) else ""


def _named(columns: Iterable[Column], asked: str) -> list[Column]:
    """Return the columns of a name: the number in the LMS, else the title, else without case."""
    wanted = asked.strip()
    whole = re.sub(r"\W+", " ", wanted).strip().casefold()
    tests = (
        lambda one: (
            wanted in (one.id, one.title, f"{one.title} ({one.id})", f"{one.title}|{one.id}")
        ),
        lambda one: one.title.casefold() == wanted.casefold(),
        lambda one: re.sub(r"\W+", " ", f"{one.title} {one.id}").strip().casefold() == whole,
    )
    for test in tests:
        if found := [column for column in columns if test(column)]:
            return found
    return []
