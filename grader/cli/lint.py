"""`grade lint`: is the assignment itself right?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from grader import resources


def lint(
    rubric: Annotated[
        str, typer.Option(help="Only this rubric; default: all that are shipped.")
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Without mutants, submissions and new golden answers.")
    ] = False,
) -> None:
    """Prove that the assignment is right: rubrics, reference, checks and what students get."""
    from grader.authoring import lint as linting
    from grader.authoring.lint import show

    started = time.monotonic()
    plan = linting.Scope(resources.home(), rubric, quick)
    with _progress() as progress:
        rows = list(linting.run(plan, progress))
    show.show(rows, time.monotonic() - started, Console())
    if any(row.problems for row in rows):
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows what is being done, how far, and how long it will take."""
    asides = Console(stderr=True)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    # Without a thread of its own: processes are forked meanwhile.
    bar = Progress(*columns, console=asides, auto_refresh=False, transient=True)
    tasks: dict[str, TaskID] = {}

    def progress(what: str, done: int, of: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=of)
        bar.update(tasks[what], completed=done, refresh=asides.is_terminal)

    if asides.is_terminal:
        with bar:
            yield progress
    else:
        yield lambda what, done, of: None
