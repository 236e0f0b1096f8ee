"""What is written into a gradebook, what is not, and why: nothing is lost without a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from grader.course.enrol import hashes_of
from grader.course.gradebooks.books import Book, Line, number
from grader.course.gradebooks.matching import Matches, line_keys, matched, plain
from grader.course.policies import points, rounded
from grader.course.scores import Ledger, Score
from grader.course.store import Row
from grader.course.student_pages import label
from grader.errors import UsageError
from grader.report.text import count
from grader.submission.upload import shown

OURS = re.compile(r"(<p[^>]*>)?\d+(\.\d+)? of \d+(\.\d+)? points earned")
Standing = Mapping[int, tuple[Row, Score]]  # by student

LOST = "Scores that would be lost"
PENDING = "Points that wait for a person"
UNGRADED = "Without a score"
ABSENT = "In the gradebook, and handed in nothing"


@dataclass(frozen=True)
class How:
    """What the teacher decides: how points become grades, and what may be left open."""

    scale: str | float = "points"
    pending_as_zero: bool = False
    only_complete: bool = False
    allow_missing: bool = False
    by_name: bool = False


@dataclass(frozen=True)
class Change:
    """One cell: whose, where, what stood there, what stands there now, and why if it is odd."""

    who: str
    line: int
    was: str
    now: str
    reason: str = ""


@dataclass
class Filled:
    """A gradebook with the scores in it, and all that a teacher should know."""

    book: Book
    data: bytes = b""
    changes: list[Change] = field(default_factory=list)
    same: int = 0
    told: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def tell(self, what: str, who: str, why: str = "") -> None:
        """Add somebody to a list."""
        self.told.setdefault(what, []).append(f"{who}: {why}" if why else who)


def fill(
    book: Book, ledger: Ledger, standing: Standing, how: How, forgotten: Collection[str] = ()
) -> Filled:
    """Return the gradebook with one column filled. Raises UsageError if it has no maximum.

    `forgotten` are the hashes of students who are not to be named.
    """
    found, filled = matched(book, ledger, how.by_name), Filled(book)
    cells: dict[tuple[int, int], str] = {}
    comments = _Comments(book)
    sign = book.decimal_sign
    for one in ledger.students:
        line, (row, score) = found.pairs.get(one.number), standing.get(one.number, (None, None))
        if score is None or one.forgotten:
            continue
        named = (
            replace(one.person, name=line.person.name or one.person.name) if line else one.person
        )
        who = shown(label(named) or one.folder)
        if line is None:
            _unmatched(filled, who, score, found.unmatched.get(one.number, ""))
        elif score.status == "excused":
            _excuse(filled, cells, who, line)
        elif score.final is None:
            filled.tell(UNGRADED, who, _why_none(row, score))
        elif line.held:
            filled.tell("Left alone" if line.is_wanted else LOST, who, line.held)
        elif score.pending and how.only_complete:
            filled.tell("Left open, as points wait for a person", who)
        else:
            if score.pending and not how.pending_as_zero:
                filled.tell(PENDING, who, f"{points(score.pending)} of {points(score.possible)}")
            _set(filled, cells, who, line, score, how, ledger, sign)
            comments.set(cells, line, score, ledger)
    _others(filled, cells, found, ledger, forgotten)
    filled.notes += [*found.notes, *comments.notes]
    filled.data = book.sheet.with_cells(cells)
    return filled


def refusal(filled: Filled, how: How) -> str:
    """Return why nothing may be written yet, and what to do; "" if it may."""
    lost, pending = filled.told.get(LOST, []), filled.told.get(PENDING, [])
    if pending:
        return (
            f"{count(len(pending), 'student')} with points that wait for a person; grade them, or "
            "count these points as nothing (--pending-as 0), or leave these students open "
            "(--only-complete)"
        )
    if lost and not how.allow_missing:
        return (
            f"{count(len(lost), 'score')} would be lost or wrong; put right what stands above, or "
            "write the others with --allow-missing"
        )
    return ""


def _unmatched(filled: Filled, who: str, score: Score, why: str) -> None:
    if score.final is not None or score.status == "excused":
        filled.tell(LOST, who, f"is not in the gradebook: {why}")
    else:
        filled.tell(UNGRADED, who, f"is not in the gradebook either: {why}")


def _excuse(filled: Filled, cells: dict[tuple[int, int], str], who: str, line: Line) -> None:
    """Write that somebody is excused, where the LMS has a word for it."""
    book = filled.book
    if not book.excused or line.held:
        filled.tell("Excused; the cell stays as it is", who, line.held)
        return
    _change(filled, cells, who, line, book.excused, "excused by course.toml")


def _why_none(row: Row | None, score: Score) -> str:
    words = {
        "waiting": "is not graded yet; run `grade class` again",
        "fault": "could not be graded, by our fault; run `grade class` again",
        "refused": "cannot be graded; the cell stays as it is",
    }
    return words.get(score.status, row.problem if row else "")


def _set(
    filled: Filled,
    cells: dict[tuple[int, int], str],
    who: str,
    line: Line,
    score: Score,
    how: How,
    ledger: Ledger,
    sign: str,
) -> None:
    """Write a score, scaled and rounded once."""
    book = filled.book
    maximum = line.maximum or book.column.maximum
    if score.possible <= 0 or score.final is None:
        filled.tell(UNGRADED, who, "nothing of it counts: no points are possible")
        return
    decimals = ledger.settings.grades.decimals
    decimals = min(decimals, book.digits) if book.digits else decimals
    value = rounded(score.final * _factor(book, how.scale, maximum, score.possible), decimals)
    if maximum is not None and float(value) > maximum:
        most = f"{points(float(value))} of at most {points(maximum)}"
        filled.tell(*((LOST, who, f"{most}: {book.over}") if book.over else (
            "Above the maximum", who, most)))  # fmt: skip
    _change(filled, cells, who, line, _written(value, book.digits, sign), score.reason)


def _factor(book: Book, scale: str | float, maximum: float | None, possible: float) -> float:
    """Return by what points are multiplied."""
    if scale == "points":
        return 1.0
    if scale == "percent":
        return 100.0 / possible
    if isinstance(scale, float | int):
        return scale / possible
    if maximum is None:
        raise UsageError(
            f"{book.sheet.place}: {book.column.shown} has no maximum; say what all points are "
            "worth, as in --scale 100"
        )
    return maximum / possible


def _written(value: Decimal, digits: int, sign: str) -> str:
    text = f"{value:.{digits}f}" if digits else f"{value:f}"
    if not digits and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", sign)


def _change(
    filled: Filled,
    cells: dict[tuple[int, int], str],
    who: str,
    line: Line,
    now: str,
    reason: str,
) -> None:
    """Note what a cell becomes; a number that stands there already keeps its form."""
    place = filled.book.column.place
    was = filled.book.sheet.value(line.row, place)
    if was == now or (number(was) is not None and number(was) == number(now)):
        filled.same += 1
        return
    cells[line.row, place] = now
    filled.changes.append(Change(who, filled.book.sheet.line(line.row), was, now, reason))


class _Comments:
    """The column for a text to the student, where there is one; what people wrote there stays."""

    def __init__(self, book: Book) -> None:
        self._book, self._kept, self._written = book, 0, 0

    def set(self, cells: dict[tuple[int, int], str], line: Line, score: Score, of: Ledger) -> None:
        """Say in a student's row what was earned and what became of it."""
        if self._book.comment is None or score.final is None:
            return
        was = self._book.sheet.value(line.row, self._book.comment)
        if was and not OURS.match(was):
            self._kept += 1
            return
        text = f"{points(score.raw)} of {points(score.possible)} points earned."
        if score.reason:
            final = points(score.final, of.settings.grades.decimals)
            text += f" {score.reason[0].upper()}{score.reason[1:]}. Counts as {final}."
        if text not in was:
            cells[line.row, self._book.comment] = text
            self._written += 1

    @property
    def notes(self) -> list[str]:
        """What became of the column."""
        found = []
        if self._written:
            found.append(f"{count(self._written, 'comment')} written")
        if self._kept:
            found.append(f"{count(self._kept, 'comment')} of other people left as they are")
        return found


def _others(
    filled: Filled,
    cells: dict[tuple[int, int], str],
    found: Matches,
    ledger: Ledger,
    forgotten: Collection[str],
) -> None:
    """Tell who handed in nothing, excuse whom course.toml excuses, and say who is unknown."""
    kind = filled.book.kind
    keys: dict[str, list[Line]] = {}
    for line in found.rest:
        for key in {*line_keys(line, kind), plain(line.person.id)} - {""}:
            keys.setdefault(key, []).append(line)
    excused = set()
    for table, who in ledger.unknown:
        lines = keys.get(plain(who), [])
        if len(lines) != 1:
            filled.tell(LOST, f"course.toml: {table}: '{shown(who)}'", "is nobody's name here")
        elif table == "excused":
            excused.add(lines[0].row)
            _excuse(filled, cells, shown(label(lines[0].person)), lines[0])
    gone = {line.row for line in found.rest if not {*hashes_of(line.person)}.isdisjoint(forgotten)}
    if gone:
        filled.notes.append(f"{count(len(gone), 'row')} of students who were forgotten stay")
    for line in found.rest:
        if not line.is_made_up and line.row not in excused | gone:
            said = filled.book.sheet.value(line.row, filled.book.column.place)
            what = f"'{shown(said)}' stays" if said else ""
            filled.tell(ABSENT, shown(label(line.person) or line.sid), what)
