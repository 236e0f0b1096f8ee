"""`grade release DIR`: what students get, and what those who grade get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader import resources
from grader.cli.grading import Rubric
from grader.cli.lint import lint
from grader.errors import UsageError
from grader.rubric.reading import read_rubric


def release(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    rubric: Rubric = resources.DEFAULT_RUBRIC,
    template: Annotated[
        bool, typer.Option("--template", help="Only the unsolved package and notebooks.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Before it, only the quick part of `grade lint`.")
    ] = False,
) -> None:
    """Write student.zip, gradescope.zip, staff.zip and SHA256SUMS; nothing, if `lint` fails."""
    if template:
        _template(folder, rubric)
    else:
        lint(rubric, quick)
        from grader.release import bundle

        source = bundle.ReleaseInputs(resources.assignment(rubric), resources.home())
        for name, size in bundle.write(folder, source).items():
            typer.echo(f"{folder / name}: {size / 1e6:.2f} MB")
        typer.echo(f"{folder / 'SHA256SUMS'}: their checksums")


def _template(folder: Path, rubric: str) -> None:
    from grader.release.template import write_template

    table = read_rubric(resources.rubric_path(rubric)).table
    try:
        written = write_template(resources.home() / "reference", folder, table)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from None
    typer.echo(f"{folder}: {len(written)} files written")
