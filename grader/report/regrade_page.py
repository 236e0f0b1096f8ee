"""The page of a regrade: who gains, who loses, by which item, before anything counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.report.html import environment
from grader.report.text import one_line


@dataclass(frozen=True)
class MovedStudent:
    """One student whose points move: before, after, the difference, and what moved."""

    name: str
    was: str
    now: str
    delta: str
    items: str
    note: str = ""
    link: str = ""


@dataclass(frozen=True)
class MovedItem:
    """One item: how many gain and lose by it, and what its mean was and is."""

    name: str
    up: int
    down: int
    was: str
    now: str


@dataclass(frozen=True)
class RegradePage:
    """A regrade: what it is of, its sum in one line, and everybody who moves."""

    title: str
    lede: str
    summary: str
    up: tuple[MovedStudent, ...]
    down: tuple[MovedStudent, ...]
    others: tuple[MovedStudent, ...]
    items: tuple[MovedItem, ...]
    notes: tuple[str, ...] = ()
    unsafe: str = ""  # as other pages have it


def render(page: RegradePage) -> str:
    """Return the page as HTML, all text of others escaped and in one line each."""

    def tidy(rows: tuple[MovedStudent, ...]) -> tuple[MovedStudent, ...]:
        return tuple(replace(row, name=one_line(row.name)) for row in rows)

    page = replace(page, up=tidy(page.up), down=tidy(page.down), others=tidy(page.others))
    notes = tuple(map(one_line, page.notes))
    return environment().get_template("regrade.html").render(page=page, notes=notes)
