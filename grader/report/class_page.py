"""The page of a class: what it understood, which checks are doubtful, and everybody's score.

What stands on it is counted in grader.course.dashboard; here are its records, and how they become
one file of HTML that loads nothing. Its few lines of script sort and filter the list of students.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from grader.report.html import environment
from grader.report.text import count, one_line

WORDS = {
    "graded": "graded", "refused": "cannot be graded", "fault": "not graded by our fault",
    "waiting": "not graded yet", "nothing to grade": "with nothing to grade",
    "excused": "excused",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One student; `share` is the score from 0 to 1, `link` leads to the report.

    `who` are the numbers of the groups of students that the page speaks of and they are in.
    """

    name: str
    status: str
    score: str = ""
    share: float | None = None
    pending: str = ""
    handed_in: str = ""
    reason: str = ""
    link: str = ""
    flags: int = 0
    group: str = ""
    who: tuple[int, ...] = ()


@dataclass(frozen=True)
class Who:
    """Some students: how many, the first of them by name and link, and the group's number."""

    count: int
    first: tuple[tuple[str, str], ...]
    number: int


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `share` draws a bar, `who` says whom it is about, `detail` explains."""

    text: str = ""
    link: str = ""
    share: float | None = None
    who: Who | None = None
    detail: str = ""
    is_code: bool = False


@dataclass(frozen=True)
class Table:
    """Facts of one kind; the first cell of a row names it. `lede` says how to read it."""

    id: str
    title: str
    lede: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...] = ()  # columns that hold numbers
    folded: bool = False


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: where it stands, how high it is, its number, and what it says."""

    x: int
    y: int
    height: int
    text: str
    title: str


@dataclass(frozen=True)
class Histogram:
    """Scores of the class: bars, ticks (place, text) of both axes, and the whole in words."""

    bars: tuple[Bar, ...]
    up: tuple[tuple[int, str], ...]
    across: tuple[tuple[int, str], ...]
    words: str
    median: int


@dataclass(frozen=True)
class Reason:
    """Why students lost points in an item: `says` is what they read, word for word."""

    says: str
    who: Who
    named: bool
    is_certain: bool = False


@dataclass(frozen=True)
class Understood:
    """One item: who got all of it, and why others did not."""

    title: str
    section: str
    full: str
    share: float
    mean: str
    discrimination: str
    reasons: tuple[Reason, ...]
    checks: Table


@dataclass(frozen=True)
class SameAnswer:
    """Students whose wrong numbers are the same: in which checks, and what shows it.

    `says` is the sentence of the diagnosis or of a teacher; empty where there is none, and then
    `paste` is what a teacher adds to course.toml.
    """

    title: str
    who: Who
    checks: str
    says: str = ""
    by_teacher: bool = False
    smallest: str = ""
    snippet: str = ""
    paste: str = ""


@dataclass(frozen=True)
class ClassPage:
    """A class: its students, what they understood, and what its instructor should know."""

    title: str
    rows: Sequence[ClassRow]
    notes: tuple[str, ...] = ()
    spread: str = ""
    histogram: Histogram | None = None
    scores: tuple[Table, ...] = ()
    items: tuple[Understood, ...] = ()
    same: tuple[SameAnswer, ...] = ()
    same_left: int = 0
    checks: tuple[Table, ...] = ()
    tables: tuple[Table, ...] = ()
    unsafe: str = ""


def render(page: ClassPage) -> str:
    """Return the page as HTML, all text of others escaped and in one line each."""
    return "".join(pieces(page))


def pieces(page: ClassPage) -> Iterator[str]:
    """Yield the page piece by piece: a class may be large."""
    rows = page.rows
    page = _in_lines(replace(page, rows=()))
    graded = [row.share for row in rows if row.share is not None]
    numbers = Counter(row.status for row in rows)
    summary = [f"{numbers[status]:,} {word}" for status, word in WORDS.items() if numbers[status]]
    templates = environment()
    script = templates.get_template("class.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made = templates.get_template("class.html").stream(
        page=page,
        rows=map(_in_lines, rows),
        summary=f"{count(len(rows), 'student')}: {', '.join(summary) or 'nobody yet'}",
        mean=f"{100 * sum(graded) / len(graded):.0f} %" if graded else "",
        attention=tuple(_in_lines(row) for row in rows if row.reason),
        groups=tuple(dict.fromkeys(one_line(row.group) for row in rows if row.group)),
        words=WORDS,
        script=script,
        script_hash=digest,
    )
    made.enable_buffering(200)
    yield from made


LINES = ("snippet", "paste")  # fields whose line breaks count


def _in_lines(value: Any) -> Any:
    """Return a record with every text in it on one line, but for what is code."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, tuple):
        return tuple(_in_lines(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in fields(value) if field.name not in LINES)
        return replace(value, **{name: _in_lines(getattr(value, name)) for name in names})
    return value


def paste(item: str, case: str, digest: str) -> str:
    """Return the lines that a teacher adds to course.toml and completes."""
    rows = {"item": item, "case": case, "hash": digest, "says": "…"}
    lines = (f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in rows.items())
    return "\n".join(["[[sentences]]", *lines])
