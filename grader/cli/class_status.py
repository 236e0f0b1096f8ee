"""What `grade status` does: say how far a class is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typer

from grader.course import current, generations, origin, settings
from grader.course.policies import points
from grader.course.publish import reason
from grader.course.scores import Ledger, Score
from grader.course.store import Row, Store, Student
from grader.report.class_page import WORDS
from grader.report.text import count

MOST = 20  # students who are named on the terminal


def status(folder: Path) -> None:
    """Say how far a class is, what could not be graded, and what course.toml makes of points."""
    told = settings.read(folder)
    with Store(folder, reading=True) as store:
        found = current.read(folder, store, told)
        made, left = generations.current(store), generations.unpublished(store)
        begun = None if made else _begun(folder, store)
    lines = [_Line(one, *found.scores[one.number]) for one in found.ledger.students
             if one.number in found.scores]  # fmt: skip
    words = [line.score.status for line in lines]
    for word in dict.fromkeys(words):
        typer.echo(f"{count(words.count(word), 'student')} {WORDS.get(word, word)}")
    for line in lines:
        result = found.results.get((line.student.number, line.row.attempt))
        if why := reason(line.row, result):
            typer.echo(f"  {line.student.folder}: {why}")
    waits = [f"{one.student.folder} {points(one.score.pending)}" for one in lines
             if one.score.final is not None and one.score.pending]  # fmt: skip
    if waits:
        more = f" and {len(waits) - MOST:,} more" if len(waits) > MOST else ""
        who = f"{count(len(waits), 'student')} with points that wait for a person"
        typer.echo(f"{who}: {', '.join(waits[:MOST])}{more}")
    if made:
        because = f", {made.reason}" if made.reason else ""
        typer.echo(f"Generation {made.number} of {made.at[:10]} counts{because}")
    if left:
        typer.echo(
            "  not all of its pages are written; the next `grade class` or `grade regrade` does"
        )
    if begun:
        typer.echo(begun)
    _tell_policy(lines, found.ledger)
    for problem in found.ledger.problems:
        typer.echo(f"  {problem}", err=True)


def _begun(folder: Path, store: Store) -> str:
    """Say how far a class is of which nothing is graded, and what to do next."""
    if origin.of(store):
        return "Nothing is graded yet: run the same `grade class` command again, and it goes on"
    copied = len(list((folder / "submissions").glob("*.zip")))
    (students,) = store.rows("SELECT count(*) FROM student")[0]
    return (
        f"{folder}: it was stopped while it read the source: {count(copied, 'upload')} copied, "
        f"{count(students, 'student')} known. Run the same `grade class` command again: it goes on "
        "there"
    )


class _Line(NamedTuple):
    """A student, the attempt that counts, and its worth."""

    student: Student
    row: Row
    score: Score


def _tell_policy(lines: Sequence[_Line], ledger: Ledger) -> None:
    """Print raw, penalty, final and reason of everybody whose points course.toml changes."""
    shown = [one for one in lines if one.score.final is not None and one.score.reason]
    if not shown:
        return
    decimals = ledger.settings.grades.decimals
    widest = max(len(one.student.folder) for one in shown)
    typer.echo(f"By course.toml ({count(len(shown), 'student')}):")
    typer.echo(f"  {'':{widest}}  {'raw':>7} {'off':>7} {'more':>7} {'final':>7}")
    for one in shown:
        score = one.score
        final = points(score.final or 0.0, decimals)
        numbers = [*map(points, (score.raw, score.penalty, score.bonus)), final]
        cells = " ".join(f"{text:>7}" for text in numbers)
        typer.echo(f"  {one.student.folder:{widest}}  {cells}  {score.reason}")
