"""Who grades tasks: each runner takes chunks of them and gives back what they came to.

local      processes on this machine, each with a warm box of its own
cluster    workers of Dask, on this machine or on others

Each process of either makes one grader, which grades one chunk after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from grader.course.tasks import Done, Policy, Task

Chunk = Sequence[Task]


class Grades(Protocol):
    """Grades tasks one after another, as grader.course.tasks.Grader does."""

    def chunk(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Grade tasks; yield what each came to, in their order. Never raises."""

    def stop(self) -> None:
        """End what it keeps running."""


Maker = Callable[[Policy], Grades]


class Runner(Protocol):
    """Takes chunks and grades them; a chunk comes back once, graded or lost."""

    @property
    def has_room(self) -> bool:
        """Whether another chunk may be handed over now."""

    @property
    def chunk(self) -> int:
        """How many tasks a chunk should hold."""

    def submit(self, chunk: Chunk) -> None:
        """Hand over a chunk."""

    def completed(self) -> Iterator[tuple[Chunk, Sequence[Done] | None]]:
        """Wait for at least one chunk, not for long; yield what came back, None for a lost one."""

    def stop(self) -> None:
        """End everything at once."""
