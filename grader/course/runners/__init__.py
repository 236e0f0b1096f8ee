"""Who grades tasks: each runner takes chunks of them and gives back what they came to.

local      processes on this machine, each with a warm box of its own
cluster    workers of Dask, on this machine or on others
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from grader.course.tasks import Done, Task

Chunk = Sequence[Task]


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
