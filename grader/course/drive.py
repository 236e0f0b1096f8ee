"""Hand tasks to a runner and keep what comes back, until all is done or somebody says stop.

At least once and idempotent: whatever is killed, the next run finds what is kept and does the rest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from grader.course.runners import Chunk, Runner
from grader.course.tasks import Done, Outcome, Task

LOST = "the process that graded it was lost twice; run the same command to try again"
Keep = Callable[[Sequence[Done]], None]


@dataclass
class Standing:
    """How far a run is; `slowest` is the key and the seconds of the slowest task."""

    total: int
    done: int = 0
    faults: int = 0
    refused: int = 0
    slowest: tuple[str, float] = ("", 0.0)
    began: float = field(default_factory=time.monotonic)

    @property
    def took_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Tasks a second so far."""
        took = self.took_s
        return self.done / took if took > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until all is done, as far as the rate tells."""
        return (self.total - self.done) / self.rate if self.done else None

    def add(self, done: Done) -> None:
        """Count one that came back."""
        self.done += 1
        self.faults += done.outcome.status == "fault"
        self.refused += done.outcome.status == "refused"
        if done.outcome.wall_s > self.slowest[1]:
            self.slowest = done.key, done.outcome.wall_s


def drive(
    tasks: Iterable[Task],
    standing: Standing,
    runner: Runner,
    keep: Keep,
    told: Callable[[Standing], None],
    stopped: Callable[[], bool],
) -> None:
    """Grade all tasks; `keep` gets what came back, `told` how far it is.

    Once `stopped` nothing more is handed over, and what runs may end. A chunk that is lost comes
    again in halves; one task that is lost twice is our fault.
    """
    left, again, lost = iter(tasks), deque[Chunk](), set[str]()
    running = 0
    more = True
    while True:
        while more and runner.has_room and not stopped():
            chunk = again.popleft() if again else tuple(islice(left, runner.chunk))
            if chunk:
                runner.submit(chunk)
                running += 1
            more = bool(chunk)
        if not running:
            return
        for chunk, answer in runner.completed():
            running -= 1
            done = list(answer) if answer is not None else list(_once_more(chunk, lost, again))
            keep(done)
            for one in done:
                standing.add(one)
            more = True
        told(standing)


def _once_more(chunk: Chunk, lost: set[str], again: deque[Chunk]) -> Iterator[Done]:
    """Put a lost chunk back in halves; yield the task that was lost alone before."""
    if len(chunk) > 1:
        half = len(chunk) // 2
        again.extend((chunk[:half], chunk[half:]))
        return
    (task,) = chunk
    if task.key in lost:
        yield Done(task.key, Outcome(task.upload, "", "fault", LOST))
    else:
        lost.add(task.key)
        again.append(chunk)
