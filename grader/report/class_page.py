"""The page of a class: who has which score, who waits, and what could not be graded, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.report.html import environment
from grader.report.text import count, one_line

WORDS = {
    "graded": "graded", "refused": "cannot be graded", "fault": "not graded by our fault",
    "waiting": "not graded yet", "nothing to grade": "with nothing to grade",
}  # fmt: skip


@dataclass(frozen=True)
class ClassRow:
    """One student; `share` is the score from 0 to 1, `link` leads to the report."""

    name: str
    status: str
    score: str = ""
    share: float | None = None
    pending: str = ""
    handed_in: str = ""
    reason: str = ""
    link: str = ""
    flags: int = 0


@dataclass(frozen=True)
class ClassPage:
    """A class: its students, and what its instructor should know."""

    title: str
    rows: tuple[ClassRow, ...]
    notes: tuple[str, ...] = ()


def render(page: ClassPage) -> str:
    """Return the page as HTML, all text of others escaped and in one line each."""
    rows = tuple(
        replace(row, name=one_line(row.name), reason=one_line(row.reason)) for row in page.rows
    )
    graded = [row.share for row in rows if row.share is not None]
    numbers = {status: sum(row.status == status for row in rows) for status in WORDS}
    summary = [f"{n:,} {WORDS[status]}" for status, n in numbers.items() if n]
    facts = {
        "title": one_line(page.title),
        "summary": f"{count(len(rows), 'student')}: {', '.join(summary) or 'nobody yet'}",
        "mean": f"{100 * sum(graded) / len(graded):.0f} %" if graded else "",
        "notes": tuple(map(one_line, page.notes)),
        "attention": tuple(row for row in rows if row.reason),
        "rows": rows,
        "words": WORDS,
        "unsafe": "",
    }
    return environment().get_template("class.html").render(page=facts)
