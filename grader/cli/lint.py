"""`grade lint`: is the assignment itself right?"""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console

from grader import shelf


def lint(
    rubric: Annotated[
        str, typer.Option(help="Only this rubric; default: all that are shipped.")
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Without mutants and whole submissions.")
    ] = False,
) -> None:
    """Prove that the assignment is right: rubrics, reference, checks and what students get."""
    from grader import lint as linting
    from grader.lint import show

    started = time.monotonic()
    plan = linting.Plan(shelf.home(), rubric, quick)
    console, asides = Console(), Console(stderr=True)
    if asides.is_terminal:
        with asides.status("reading") as status:

            def progress(what: str, done: int, of: int) -> None:
                status.update(f"{what}: {done} of {of}")

            rows = list(linting.run(plan, progress))
    else:
        rows = list(linting.run(plan))
    show.show(rows, time.monotonic() - started, console)
    if any(row.problems for row in rows):
        raise typer.Exit(1)
