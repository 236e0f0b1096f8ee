"""`grade export`: one result.json, written as other programs read it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.files import write
from grader.report.result_form import ResultJson

Format = Literal["gradescope", "classroom50", "junit", "github-summary", "github-annotations"]


def export(
    path: Annotated[
        Path, typer.Argument(metavar="DIR|result.json", help="What `grade SUBMISSION` wrote.")
    ],
    to: Annotated[Format, typer.Option("--format", help="Who is to read it.")],
    output: Annotated[Path | None, typer.Option("-o", help="A file; default: print it.")] = None,
) -> None:
    """Write a result as Gradescope, Classroom 50, JUnit or GitHub Actions read it."""
    from grader.report.export import classroom50, github, gradescope, junit
    from grader.report.export.reading import beside, read_result

    result = read_result(path)
    writers: dict[Format, Callable[[ResultJson], str]] = {
        "gradescope": lambda one: gradescope.write(one, notebooks=beside(path, one)),
        "classroom50": functools.partial(classroom50.write, environment=os.environ),
        "junit": junit.write,
        "github-summary": github.summary,
        "github-annotations": github.annotations,
    }
    text = writers[to](result)
    if output is not None:
        write(output, text)
    else:
        typer.echo(text.encode(), nl=False)  # as bytes: a console of Windows is not UTF-8
