"""Supervise one notebook's process: hand on what it reports, and enforce its time limits.

A cell that takes too long is interrupted, as a person would do it, and the next one runs. A process
that does not let itself be interrupted, or whose notebook has used up its time, is killed; what was
reported until then stands.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

from grader.errors import WireError
from grader.guest import wire
from grader.guest.children import Answer, end, end_of, start

MAX_PIECE = 16 * 1024**2  # bytes of one frame
GRACE_S = 3.0  # for a cell to end after it was interrupted


def follow(
    work: Callable[[Answer], None], confine: Callable[[], None], cell_s: float, notebook_s: float
) -> Iterator[wire.Message]:
    """Run a notebook in a child; yield what it reports, then {"over": how it ended}.

    `how` is "done", "timeout", "stuck" (a cell that could not be interrupted) or "died".
    """
    began, interrupted = time.monotonic(), False
    ends = began + notebook_s
    pid, pipe = start(work, confine)
    incoming = wire.Incoming(pipe, MAX_PIECE)
    try:
        while True:
            try:
                message = incoming.read(min(ends, began + cell_s + GRACE_S * interrupted))
            except wire.Late:
                is_over = time.monotonic() >= ends
                if is_over or interrupted:
                    yield {"over": "timeout" if is_over else "stuck"}, {}
                    return
                interrupted = True
                os.kill(pid, signal.SIGINT)
                continue
            except WireError:
                yield {"over": "died"}, {}
                return
            if message is None:
                ending, pid = end_of(pid), 0
                yield {"over": "died", **{n: ending.get(n) for n in ("signal", "exit")}}, {}
                return
            reply, arrays = message
            if reply.get("over") is not None:
                yield {"over": "done"}, {}
                return
            if "began" in reply:
                began, interrupted = time.monotonic(), False
            if "ended" in reply:
                took = time.monotonic() - began
                reply |= {"wall_s": round(took, 3), "interrupted": interrupted}
            yield reply, arrays
    finally:
        os.close(pipe)
        end(pid)
