"""`grade SUBMISSION`: one submission in, report.html and result.json out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

import grader
from grader import resources
from grader.box.plan import Plan, choose
from grader.box.worker import Worker
from grader.cli.files import REPORT, RESULT, check_apart, check_writable, write_result
from grader.engine import grade_one, job_of
from grader.errors import UnusableSubmission, UsageError
from grader.grading.assignment import Assignment
from grader.grading.training.verdict_cache import Store
from grader.notebooks.spool import Spool
from grader.report import refused, result
from grader.report.text import points
from grader.rubric import generation
from grader.submission.intake import name_of, read_submission
from grader.types import Notebook, Report, Submission

Rubric = Annotated[str, typer.Option(help="A shipped rubric by name, or a .toml file.")]
Recognised = Annotated[
    str,
    typer.Option(
        help="A shipped rubric by name, or a .toml file.",
        show_default="that of the course year whose marks are in the files",
    ),
]


Notebooks = Annotated[Literal["run", "skip"], typer.Option(help="Are notebooks executed?")]
Box = Annotated[
    Literal["auto", "bubblewrap", "landlock", "none"],
    typer.Option(help="How student code is confined."),
]
Data = Annotated[
    str, typer.Option(metavar="synthetic|DIR", help="Made-up images, or a folder of CIFAR-10.")
]


def submission(
    path: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A zip, or a folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", help="Default: graded/<name of the submission>/")
    ] = None,
    rubric: Recognised = "",
    notebooks: Notebooks = "run",
    data: Data = "synthetic",
    box: Box = "auto",
    fail_under: Annotated[
        float | None, typer.Option(metavar="N", help="Exit 1 below N per cent of the points.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run notebooks again that nothing has changed for.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json too.")] = False,
) -> None:
    """Grade one submission (`submission` may be left out) and write report.html and result.json."""
    if fail_under is not None and not 0 <= fail_under <= 100:
        raise UsageError(f"--fail-under {fail_under:g}: give a number from 0 to 100")
    plan = choose(box)
    with Worker(plan) as worker, Spool() as spool:
        folder = _folder(path, output)
        check_apart(folder, path)
        given = _read(path, output)
        check_writable(folder)
        seen = generation.recognise(given.files, given.package)
        assignment = resources.assignment(
            rubric or seen.rubric, None if data == "synthetic" else Path(data)
        )
        executed, cache = _executed(given, assignment, plan, spool, notebooks, not no_cache)
        report = grade_one(given, assignment, worker, executed, cache)
    report = replace(report, why_rubric=seen.against(report.rubric) if rubric else seen.message)
    from grader.report import html

    logs: list[str] = []
    written = {Path(one.name).name: one.written for one in executed if one.written}
    written |= html.render_notebooks(report, executed)
    written[REPORT] = html.render(report, version=grader.__version__, noted=logs.append)
    written[RESULT] = result.write(report)
    write_result(folder, written)
    _tell(report, folder, as_json, logs.append)
    _end(report, logs, fail_under)


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


def _executed(
    given: Submission,
    assignment: Assignment,
    plan: Plan,
    spool: Spool,
    how: Literal["run", "skip"],
    cached: bool,
) -> tuple[tuple[Notebook, ...], Store | None]:
    """Execute the notebooks that the rubric asks for, if the submission has any of them.

    Return them with the cache that they were looked up in.
    """
    if how == "skip":
        return (), None
    items = [item for item in assignment.rubric.table.items if item.kind != "code"]
    names = list(dict.fromkeys(item.file for item in items if item.file.endswith(".ipynb")))
    if assignment.images is None or not any(name in given.files for name in names):
        gone = "is not in the submission"
        return tuple(Notebook(name, "missing", f"{name} {gone}") for name in names), None
    from grader.notebooks import execute, run_cache

    limits = assignment.rubric.table.notebooks
    console = Console(stderr=True)
    data, variable = assignment.images.for_the_box()
    cache = run_cache.of_user(plan, data) if cached else None
    # The worker starts with the first notebook that has to run.
    with (
        execute.workspace(plan, data, variable) as roomy,
        ExitStack() as stack,
        console.status("notebooks") if console.is_terminal else nullcontext() as status,
    ):
        began: dict[str, float] = {}

        def progress(name: str, cell: int, cells: int) -> None:
            if status:
                took = time.monotonic() - began.setdefault(name, time.monotonic())
                left = took / (cell - 1) * (cells - cell + 1) if cell > 1 else 0.0
                about = f", about {left:.0f} s left" if left >= 1 else ""
                status.update(f"{name}: cell {cell} of {cells}{about}")

        one, job = Worker(roomy), job_of(given, assignment)
        stack.callback(one.stop)
        return execute.execute(given, names, job, one, limits, spool, progress, cache), cache


def _tell(report: Report, folder: Path, as_json: bool, noted: Callable[[str], object]) -> None:
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
            terminal.show(report, console, folder / REPORT, noted=noted)
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
    """Return the submission; where it is refused, leave a result that says so, and raise."""
    try:
        return read_submission(path, given=resources.given_files())
    except UnusableSubmission as error:
        if os.path.lexists(path):
            folder = _folder(path, output)
            check_writable(folder)
            write_result(folder, {RESULT: refused.write(name_of(path), str(error))})
        raise


def _folder(path: Path, output: Path | None) -> Path:
    return output or Path("graded") / _file_name(name_of(path))


def _file_name(name: str) -> str:
    """Return a submission's name as one harmless path component."""
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in name).strip(" .")
    return kept[:100] or "submission"
