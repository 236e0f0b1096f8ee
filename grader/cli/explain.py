"""`grade explain OPERATION`: the note on the idea of a function, with its derivation."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from grader import resources
from grader.errors import UsageError
from grader.rubric.near import nearest


def explain(
    operation: Annotated[
        str | None, typer.Argument(metavar="OPERATION", help="Such as batchnorm_backward.")
    ] = None,
) -> None:
    """Print the note on a function: what it does, and where its gradient comes from."""
    notes = resources.notes()
    if operation is None:
        typer.echo("\n".join(notes))
        return
    name = operation.partition(".")[0]  # FullyConnectedNet.batchnorm
    if name not in notes:
        meant = nearest(name, notes)
        use = meant or f"one of {', '.join(notes) or 'none found'}"
        raise UsageError(f"{operation}: there is no note on it; use {use}")
    text = notes[name].read_text(encoding="utf-8")
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(text, markup=False, highlight=False)
    else:
        typer.echo(text.encode(), nl=False)
