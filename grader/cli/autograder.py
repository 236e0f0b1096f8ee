"""`grade autograder`: what run_autograder of gradescope.zip calls for each submission.

run_autograder lays down a results.json that says the grader failed before it calls this, so that
whatever ends us too early leaves no zero behind.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader import resources
from grader.cli import grading
from grader.cli.files import write
from grader.errors import UnusableSubmission
from grader.report.export import exported, gradescope
from grader.report.export.reading import read_result


class Visibility(StrEnum):
    """When Gradescope shows a result to the student."""

    visible = "visible"
    after_due_date = "after_due_date"
    after_published = "after_published"
    hidden = "hidden"


def autograder(
    root: Annotated[Path, typer.Argument(help="The folder that holds submission/ and results/.")],
    rubric: grading.Rubric = resources.DEFAULT_RUBRIC,
    notebooks: Annotated[
        grading.Notebooks, typer.Option(help="Are notebooks executed?")
    ] = grading.Notebooks.run,
    box: Annotated[
        grading.Box, typer.Option(help="How student code is confined.")
    ] = grading.Box.auto,
    visibility: Annotated[
        Visibility, typer.Option(help="When the student sees the result.")
    ] = Visibility.visible,
) -> None:
    """Grade ROOT/submission into ROOT/results/results.json, as Gradescope asks an autograder to."""
    target, report = root / "results" / "results.json", root / "results" / "report"
    code = 0
    try:
        grading.submission(root / "submission", report, rubric, notebooks, box=box, fail_under=None)
    except UnusableSubmission as error:
        typer.echo(f"grade: {error}", err=True)
        write(target, gradescope.unreadable(str(error), visibility.value))
        return
    except typer.Exit as ended:
        code = ended.exit_code
    result = read_result(report)
    write(target, gradescope.write(result, visibility.value))
    for flag in exported.flags(result):
        typer.echo(f"For staff to look at: {flag}")
    if code:
        raise typer.Exit(code)
