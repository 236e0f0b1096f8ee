"""The folder of a class that is there already, for commands that write in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from grader.course import generations
from grader.course.classroom import Course
from grader.course.current import policy_of
from grader.course.schema import NAME
from grader.errors import UsageError


@contextmanager
def opened(folder: Path, finishing: bool = True) -> Iterator[Course]:
    """Open the class. Raises UsageError if there is none.

    If a run was stopped before all pages were those of the generation that counts, they are written
    and that is said, unless the command writes them itself and `finishing` is False.
    """
    if not (folder / NAME).is_file():
        raise UsageError(f"{folder}: holds no class; make one with `grade class`")
    with Course(folder) as one:
        left = generations.unpublished(one.store) if finishing else None
        if left:
            one.republish(policy_of(one.settings), folder.resolve().name)
            typer.echo(
                f"{folder}: a run was stopped before all pages were those of generation "
                f"{left.number}, which counts; they are now"
            )
        yield one
