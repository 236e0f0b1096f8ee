"""`grade doctor` and `grade schema`: what this machine gives, and what files look like."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer
from rich.console import Console

from grader import resources
from grader.report import result


def doctor() -> None:
    """Say how this machine confines student code; exit 0 only where it does."""
    from grader.box import doctor as examining
    from grader.cli import examination

    found = examining.examine(resources.golden_folder() / "manifest.json")
    examination.show(found, Console())
    if not found.isolated:
        raise typer.Exit(3)


def schema(
    of: Annotated[Literal["rubric", "result", "course"], typer.Argument(help="Which file's form.")],
) -> None:
    """Print the JSON Schema of a rubric, of result.json or of course.toml."""
    from grader.course import settings
    from grader.rubric import validation

    found = {"rubric": validation, "result": result, "course": settings}[of].json_schema()
    typer.echo(json.dumps(found, indent=1))
