"""One notebook's child, followed to its end: what it tells is handed on, its time is kept.

A cell that takes too long is interrupted, as a person would do it, and the next one runs. A child
that does not let itself be interrupted, or whose notebook has used up its time, is killed; what was
told until then stands.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import WireError
from grader.guest import wire
from grader.guest.children import Answer, end, end_of, start

MAX_PIECE = 16 * 1024**2  # bytes of one frame
GRACE_S = 3.0  # for a cell to end after it was interrupted
Told = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass
class Clock:
    """Whose time runs: that of the notebook, of the cell it is in, of an interrupted cell."""

    notebook: float
    cell_s: float
    began: float
    interrupted: bool = False

    def deadline(self) -> float:
        """Return when the next thing has to be told."""
        grace = GRACE_S if self.interrupted else 0.0
        return min(self.notebook, self.began + self.cell_s + grace)

    def begin(self) -> None:
        """A cell begins."""
        self.began, self.interrupted = time.monotonic(), False


def follow(
    work: Callable[[Answer], None], confine: Callable[[], None], cell_s: float, notebook_s: float
) -> Iterator[Told]:
    """Run a notebook's child; yield what it tells, then {"over": how it ended}.

    `how` is "done", "timeout", "stuck" (a cell that could not be interrupted) or "died".
    """
    now = time.monotonic()
    clock = Clock(now + notebook_s, cell_s, now)
    pid, pipe = start(work, confine)
    incoming = wire.Incoming(pipe, MAX_PIECE)
    try:
        while True:
            try:
                message = incoming.read(clock.deadline())
            except wire.Late:
                if not clock.interrupted and time.monotonic() < clock.notebook:
                    clock.interrupted = True
                    os.kill(pid, signal.SIGINT)
                    continue
                over = "stuck" if time.monotonic() < clock.notebook else "timeout"
                yield {"over": over}, {}
                return
            except WireError:
                yield {"over": "died"}, {}
                return
            if message is None:
                yield {"over": "died", **_ending(end_of(pid))}, {}
                pid = 0
                return
            say, arrays = message
            if say.get("over") is not None:
                yield {"over": "done"}, {}
                return
            if "began" in say:
                clock.begin()
            if "ended" in say:
                took = time.monotonic() - clock.began
                say |= {"wall_s": round(took, 3), "interrupted": clock.interrupted}
            yield say, arrays
    finally:
        os.close(pipe)
        end(pid)


def _ending(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ("signal", "exit")}
