"""What `grade regrade` and `grade notices` do, and what they say."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from grader.cli.class_folder import opened
from grader.cli.class_progress import progress
from grader.cli.class_run import running, stopping
from grader.course import generations, regrade_tables
from grader.course import regrade as regrading
from grader.course.assembled import Known
from grader.course.classroom import Course
from grader.course.comparison import Comparison, compared
from grader.course.current import policy_of, read
from grader.course.policies import points
from grader.course.regrade import Plan
from grader.course.store import Row
from grader.course.tasks import Outcome, Policy
from grader.errors import UsageError
from grader.report.text import count

MOST = 20  # lines of a list on the terminal


@dataclass(frozen=True)
class Asked:
    """The options of `grade regrade`."""

    folder: Path
    only: Sequence[str]
    students: Sequence[str]
    never_lower: bool
    reason: str
    apply: bool
    box: str
    jobs: int


def regrade(asked: Asked) -> None:
    """Grade again what can move; show it, and have it count if that is asked for."""
    gc.enable()  # a long process, unlike the others
    with opened(asked.folder) as one:
        policy = replace(policy_of(one.settings), box=asked.box)
        plan = regrading.plan(one, policy, asked.only)
        typer.echo(f"Against generation {plan.before.number}: {plan.why}")
        _tell_what_runs(plan)
        whose = regrading.chosen(one.store.students(), _names(asked.students))
        standing = read(one.folder, one.store, one.settings)
        rows = [row for number, (row, _) in standing.scores.items() if number in whose]
        before = regrading.Before(one, plan, standing.results.values())
        if plan.run:
            _grade(one, plan.part, rows, asked, before.looked_at)
        found = compared(one, plan, _merged(one, plan, standing.results), whose, asked.never_lower)
        if asked.apply:
            found = _in_full(one, found, asked, before)
        state = "a regrade that counts" if asked.apply else "a regrade, not applied"
        if asked.apply:
            made = regrading.apply(one, found, asked.reason)
            one.republish(policy, one.folder.resolve().name)
        borders = one.settings.grades.borders
        page = regrade_tables.write_all(one.folder, found, borders, state)
        _tell(found, borders)
        typer.echo(f"Page: {page}")
        if asked.apply:
            typer.echo(
                f"Generation {made.number} counts. Back: grade regrade {one.folder} --revert "
                f"{plan.before.number}. Letters to students: grade notices {one.folder}"
            )
        else:
            typer.echo("Nothing that counts was changed; --apply has it count")


def revert(folder: Path, number: int) -> None:
    """Go back to a generation."""
    with opened(folder, finishing=False) as one:
        back = regrading.revert(one, number)
        counts = one.republish(policy_of(one.settings), folder.resolve().name)
        typer.echo(
            f"Generation {back.number} of {back.at[:10]} counts again: "
            f"{counts.graded:,} of {count(counts.students, 'student')} graded"
        )
        for each in generations.every(one.store):
            why = f": {each.reason}" if each.reason else ""
            typer.echo(f"  {each.number}, {each.at[:16]}, {each.who}{why}")


def notices(folder: Path) -> None:
    """Write what each student should know of the last regrade."""
    with opened(folder) as one:
        path, texts = regrade_tables.notices(one)
    typer.echo(f"{count(texts, 'notice')}: {path}")


def _names(told: Sequence[str]) -> list[str]:
    """Return the students that are named, by themselves or in a file with one a line."""
    found: list[str] = []
    for name in told:
        path = Path(name)
        try:
            lines = path.read_text("utf-8-sig").splitlines() if path.is_file() else [name]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--students {name}: cannot be read ({error})") from None
        found += [line.strip() for line in lines if line.strip()]
    if told and not found:
        raise UsageError(f"--students {told[0]}: names nobody; write one student a line")
    return found


def _grade(
    one: Course,
    policy: Policy,
    rows: Sequence[Row],
    asked: Asked,
    known: Callable[[str], Known | None],
) -> None:
    """Grade the uploads of attempts that have no result under a policy yet."""
    work = regrading.uploads(one, policy, rows)
    if not work:
        return
    with running(policy, asked.jobs, "", len(work)) as runner, stopping() as stop:
        with progress() as told:
            standing = one.grade(policy, work, runner, told, stop, False, known)
    if standing.done < len(work):
        typer.echo(
            f"grade: stopped by Ctrl-C: {standing.done:,} of {len(work):,} graded again; what "
            "counts is as it was, and the same command goes on",
            err=True,
        )
        raise typer.Exit(130)


def _merged(
    one: Course, plan: Plan, old: Mapping[tuple[int, int], Outcome]
) -> Callable[[Row], Outcome | None]:
    """Return what gives the result of an attempt, with the items that were graded again."""
    part = plan.part

    def result(row: Row) -> Outcome | None:
        before = old.get((row.student, row.attempt))
        if not plan.run:  # items are gone, and nothing else is another
            return regrading.merged(before, before, plan) if before else None
        new = one.store.result(part.key(row.upload or ""))
        if new is None or new.status != "graded" or before is None or not part.only:
            return new
        return regrading.merged(before, new, plan)

    return result


def _in_full(one: Course, found: Comparison, asked: Asked, before: regrading.Before) -> Comparison:
    """Make whole the results of those whose points move; return what they came to."""
    plan = found.plan
    moving = {d.student.number: d.row for d in found.students if d.moved and not d.is_kept}
    _grade(one, plan.policy, list(moving.values()), asked, before.whole)
    partly = {(d.student.number, d.row.attempt): d for d in found.students}

    def result(row: Row) -> Outcome | None:
        return (
            one.store.result(plan.policy.key(row.upload or "")) if row.student in moving else None
        )

    whole = compared(one, plan, result, set(moving), asked.never_lower)
    if asked.only:
        others = [d for d in whole.students if {m.item for m in d.moved} - set(plan.run)]
        if others:
            names = ", ".join(d.student.folder for d in others[:5])
            raise UsageError(
                f"--only: {count(len(others), 'student')} ({names}) would move in other items, "
                "too; put those back in the rubric, or leave --only away"
            )
    kept = [d for d in partly.values() if d.is_kept]
    numbers = {d.student.number for d in kept}
    whole.students = [d for d in whole.students if d.student.number not in numbers] + kept
    whole.failed += found.failed
    return whole


def _tell_what_runs(plan: Plan) -> None:
    """Say which items are graded again, and of which only points or words are others."""
    again = regrading.dependents(plan.policy.assignment.rubric, plan.judged)
    run = [name for name in plan.run if name in again]
    stated = [name for name in plan.changed if name not in plan.judged]
    typer.echo(f"Grading again: {', '.join(run) or 'nothing'}")
    if stated:
        typer.echo(f"Only points or words are others: {', '.join(stated)}")


def _tell(found: Comparison, borders: Sequence[float]) -> None:
    """Say who gains and who loses, by what goes to the gradebook."""
    typer.echo(found.summary)
    for line in found.notes:
        typer.echo(f"  {line}")
    for title, those in (("down", found.down()), ("up", found.up())):
        for one in those[:MOST]:
            notes = "".join(f"; {text}" for text in regrade_tables.crossed(one, borders))
            typer.echo(
                f"  {title:4} {one.student.folder}: {points(one.was)} to {points(one.now)}"
                f"{found.unit} ({regrade_tables.said(one.moved)}){notes}"
            )
        if len(those) > MOST:
            typer.echo(f"  and {len(those) - MOST:,} more {title}, in the page")
    kept = sum(one.is_kept for one in found.students)
    if kept:
        typer.echo(f"  {count(kept, 'student')} would lose, and keep the higher result")
    for one in found.students:
        if one.looked_at:
            typer.echo(f"  look again: {one.student.folder}: {', '.join(one.looked_at)}")
    for line in found.failed:
        typer.echo(f"  {line}", err=True)
