"""What runs on a worker of Dask: it grades a chunk in the warm box that its thread keeps.

A result must not depend on who made it: a worker with another version, rubric or NumPy than the
client's refuses.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grader.course.runners import Chunk, Grades, Maker
from grader.course.tasks import Done, Policy
from grader.errors import BackgradeError

KEPT = "backgrade"  # the attribute of a worker that holds its graders, by thread


class Unlike(Exception):
    """This worker would not grade as the client does; the message says why."""


@dataclass(frozen=True)
class Order:
    """How chunks are to be graded: `sha256` is the client's own of the policy.

    `limit_s` is the longest that one task may take, `maker` makes what grades.
    """

    policy: Policy
    sha256: str
    limit_s: float
    maker: Maker


def grade_chunk(order: Order, chunk: Chunk) -> list[Done]:
    """Grade a chunk. Raises Unlike where this worker cannot, and never for a submission."""
    import distributed

    grader = _grader(order, distributed.get_worker())
    with _no_longer_than(order.limit_s * len(chunk)):
        return list(grader.chunk(chunk))


def _grader(order: Order, worker: Any) -> Grades:
    """Return what this thread grades with: its box ends with the thread that started it."""
    held: dict[int, tuple[Order, Grades]] = worker.__dict__.setdefault(KEPT, {})
    thread = threading.get_ident()
    if thread in held:
        former, grader = held[thread]
        if former == order:
            return grader
        del held[thread]
        grader.stop()
    try:
        ours = order.policy.sha256
        if ours != order.sha256:
            raise Unlike(
                "has another version of Backgrade, NumPy or Python, or other files of the rubric"
            )
        grader = order.maker(order.policy)
    except BackgradeError as error:
        raise Unlike(f"cannot grade: {error}") from None
    held[thread] = order, grader
    return grader


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """End this process if a chunk takes longer: each limit inside is far below, so it hangs.

    The chunk is lost then, and comes again elsewhere; a nanny starts the next process.
    """
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
