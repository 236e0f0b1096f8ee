"""`grade autograder`: what run_autograder of gradescope.zip calls for each submission.

run_autograder lays down a results.json that says the grader failed before it calls this, so that
whatever ends us too early leaves no zero behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader import resources
from grader.cli import arguments, grading
from grader.errors import UnusableSubmission
from grader.files import write
from grader.report.export import exported, gradescope


def autograder(
    root: Annotated[Path, typer.Argument(help="The folder that holds submission/ and results/.")],
    rubric: grading.Rubric = resources.DEFAULT_RUBRIC,
    notebooks: grading.Notebooks = "run",
    box: arguments.Box = "auto",
    visibility: Annotated[
        gradescope.Visibility | None,
        typer.Option(help="When the student sees the result.", show_default="the rubric's"),
    ] = None,
) -> None:
    """Grade ROOT/submission into ROOT/results/results.json, as Gradescope asks an autograder to."""
    from grader.report.export.reading import beside, read_result

    target, report = root / "results" / "results.json", root / "results" / "report"
    code = 0
    try:
        grading.submission(root / "submission", report, rubric, notebooks, box=box, fail_under=None)
    except UnusableSubmission as error:
        typer.echo(f"grade: {error}", err=True)
        write(target, gradescope.unreadable(str(error), visibility or "visible"))
        return
    except typer.Exit as ended:
        code = ended.exit_code
    result = read_result(report)
    before = gradescope.earlier(_metadata(root))
    write(target, gradescope.write(result, visibility, beside(report, result), before))
    for flag in exported.flags(result):
        typer.echo(f"For staff to look at: {flag}")
    if code:
        raise typer.Exit(code)


def _metadata(root: Path) -> bytes:
    """Return what Gradescope tells of the submission; b"" if it tells nothing that can be read."""
    try:
        return (root / "submission_metadata.json").read_bytes()
    except OSError:
        return b""
