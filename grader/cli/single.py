"""What `grade SUBMISSION` does once its box starts: read, grade, write, tell.

It is a module of its own to be imported meanwhile.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console

from grader import resources, whole
from grader.box.plan import Plan
from grader.box.worker import Worker
from grader.cli import places, progress
from grader.errors import UnusableSubmission, UsageError
from grader.files import REPORT, RESULT, check_apart, check_writable, write_result
from grader.grading.assignment import Assignment
from grader.notebooks.spool import Spool
from grader.report import changes, refused, result
from grader.report.result_form import ResultJson
from grader.report.text import points
from grader.rubric import generation
from grader.submission.intake import name_of, read_submission
from grader.submission.upload import shown
from grader.types import Progress, Report, Submission


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; see grader.cli.grading."""

    path: Path
    output: Path | None
    rubric: str
    notebooks: Literal["run", "skip"]
    data: str
    only: Sequence[str]
    for_staff: bool
    fail_under: float | None
    cached: bool
    previous: Path | None
    as_json: bool


def grade(asked: Asked, plan: Plan, worker: Worker) -> tuple[whole.Graded, Assignment, str]:
    """Grade one submission; the last is the option that grades by another year, if it was guessed.

    Raises UnusableSubmission, UsageError, RubricError, GoldenError.
    """
    path, output = asked.path, asked.output
    with Spool() as spool:
        check_apart(output or places.default(path, claim=False), path)
        given = _read(path, output)
        folder = output or places.default(path, claim=False)
        check_writable(folder)
        before = _earlier(asked.previous, folder, given)
        seen = generation.recognise(given.files, given.package)
        assignment = _assignment(asked.rubric or seen.rubric, asked.data, asked.only)
        setting = whole.Setting(assignment, plan, asked.notebooks, cached=asked.cached)
        books = whole.asked_notebooks(assignment) if asked.notebooks == "run" else ()
        with _progress([name for name in books if name in given.files]) as begins:
            graded = whole.grade(given, setting, worker, spool, begins)
    why = seen.against(assignment.rubric.table.id) if asked.rubric else seen.message
    since = changes.since(changes.standings(before), graded.report.items) if before else ()
    report = replace(graded.report, why_rubric=why, changes=since)
    return replace(graded, report=report), assignment, seen.other_way(report.rubric) if why else ""


def write(asked: Asked, graded: whole.Graded, assignment: Assignment, other_year: str) -> None:
    """Write the files of a result and print it. Raises Exit where the command ends with a code."""
    written, faults = whole.files(graded)
    logs = list(faults)
    folder = asked.output or places.default(asked.path, claim=True)
    write_result(folder, written)
    if asked.for_staff:
        from grader import staff

        page = staff.write_page(staff.folder_of(folder), graded.report, assignment)
        typer.echo(f"For staff, with hidden checks: {page}", err=True)
    advice = f"To grade by another year: {other_year}" if other_year else ""
    _tell(graded.report, folder, asked.as_json, logs.append, advice)
    _end(graded.report, logs, asked.fail_under)


def _assignment(rubric: str, data: str, only: Sequence[str]) -> Assignment:
    """Return what is asked for, of `--only a,b --only c` in that order.

    Raises RubricError, UsageError or GoldenError.
    """
    found = resources.assignment(rubric, None if data == "synthetic" else Path(data))
    items = [name.strip() for one in only for name in one.split(",") if name.strip()]
    return found.only(*items) if items else found


def _earlier(previous: Path | None, folder: Path, given: Submission) -> ResultJson | None:
    """Return the result to compare with: the one asked for, or the same submission's in the folder.

    What lies in the folder may be somebody else's, or no result: then there is none. Raises
    UsageError for one that was asked for and cannot be read.
    """
    from grader.report.export import reading

    if previous is not None:
        return reading.read_result(previous)
    if not reading.is_of_another(folder / RESULT, given.name, given.sha256):
        return None
    try:
        return reading.read_result(folder / RESULT)
    except UsageError:
        return None


def _end(report: Report, logs: Sequence[str], fail_under: float | None) -> None:
    """Raise Exit unless all is well: 3 after a fault of ours, 1 below the share that was asked."""
    if logs:
        typer.echo(f"grade: the report is not whole, by a fault of the grader: {logs[0]}", err=True)
    if logs or any(item.status == "grader_fault" for item in report.items):
        raise typer.Exit(3)
    score = report.score
    share = 100 * (score.earned + score.bonus) / score.possible if score.possible else 0.0
    if fail_under is not None and share < fail_under:
        waits = f"; {points(score.pending)} that wait for a person are not" if score.pending else ""
        typer.echo(
            f"--fail-under {fail_under:g}: {points(score.earned + score.bonus)} of "
            f"{points(score.possible)} points ({share:.1f} %) are earned{waits}",
            err=True,
        )
        raise typer.Exit(1)


@contextmanager
def _progress(names: Sequence[str]) -> Iterator[Progress | None]:
    """Tell which cell of which of these notebooks runs."""
    if not names:
        yield None
        return
    with progress.Progress(Console(stderr=True)) as shown_there:

        def begins(name: str, cell: int, cells: int) -> None:
            what = f"notebook {names.index(name) + 1} of {len(names)}, {name}"
            shown_there.at(what, "cell", cell - 1, cells)

        yield begins


def _tell(
    report: Report, folder: Path, as_json: bool, noted: Callable[[str], object], advice: str
) -> None:
    """Print the result; where nobody can be told, the files are there all the same.

    `noted` gets the place of a traceback of ours.
    """
    from grader.report import terminal

    try:
        if as_json:
            typer.echo(result.write(report), nl=False)
        else:
            console = Console()
            # rich ends the process with 1 where a reader has gone
            console.on_broken_pipe = lambda: None  # type: ignore[method-assign]
            terminal.show(report, console, folder / REPORT, noted, advice)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # what is still held back would end Python with 120
        os.close(nowhere)
        with suppress(OSError):
            print(
                f"grade: {folder}: graded, but the result cannot be printed ({error.strerror}); "
                f"read {REPORT} there",
                file=sys.stderr,
            )


def _read(path: Path, output: Path | None) -> Submission:
    """Return the submission; where it is refused, leave a result that says so, and raise.

    A class is no submission.
    """
    from grader.course import sources

    if (students := sources.students_in(path)) > 1:
        what = f"{shown(name_of(path))}: this holds {students:,} students"
        todo = f"grade them with `grade class {shown(str(path), 200)} -o DIR`"
        raise UnusableSubmission(f"{what}; {todo}")
    try:
        return read_submission(path, given=resources.given_files())
    except UnusableSubmission as error:
        if os.path.lexists(path):
            folder = output or places.default(path, claim=True)
            check_writable(folder)
            write_result(folder, {RESULT: refused.write(name_of(path), str(error))})
        raise
