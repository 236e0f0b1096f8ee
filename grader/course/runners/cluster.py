"""Grade tasks on workers of Dask: on this machine or on many, each with a warm box of its own.

Tasks go out in chunks, some seconds of work each, and only a few chunks a worker are out at once:
the scheduler holds little, whatever the size of the class. Nothing is kept there: an answer is
fetched, let go, and written by the driver. A chunk whose worker is lost comes back lost.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from grader.course.runners import Chunk, Maker
from grader.course.runners.local import slots
from grader.course.runners.on_worker import Order, Unlike, grade_chunk
from grader.course.runners.own_cluster import OwnCluster
from grader.course.tasks import Done, Grader, Policy
from grader.errors import GraderFault, UsageError

WINDOW = 2  # chunks a worker: one that it works on, and the next
CHUNK_S = 4.0  # seconds of work in a chunk
FIRST, MOST = 2, 128  # tasks in a chunk, until it is known how long they take
CHUNK_BYTES, OUT_BYTES = 8 * 1024**2, 64 * 1024**2  # in a chunk; on their way, which somebody holds
PAUSE_S = 0.5
FETCH_S = 60.0
CONNECT_S = 10
NOBODY_S = 300.0  # until a cluster without workers is given up
INSTALL = "pip install 'backgrade[class]'"
QUIET = ("distributed", "distributed.client", "distributed.core", "distributed.nanny", "tornado")


class Cluster:
    """Grades on the workers of a scheduler; `address` "local" starts one with `jobs` workers.

    `limit_s` is the longest that one task may take; `maker` makes what grades on a worker.
    """

    def __init__(
        self, policy: Policy, address: str, jobs: int, limit_s: float, maker: Maker = Grader
    ) -> None:
        """Connect. Raises UsageError without the extra, or if nobody answers."""
        self._address = address
        self._client: Any = None
        if not importlib.util.find_spec("distributed"):
            raise UsageError(f"--dask {address}: needs the extra `class`: {INSTALL}")
        self._own = OwnCluster(jobs or slots()) if address == "local" else None
        try:
            self._client = _connect(self._own.address if self._own else address)
        except BaseException:
            self.stop()
            raise
        self._order = Order(_anywhere(policy), policy.sha256, limit_s, maker)
        self._out: dict[Any, Chunk] = {}
        self._back: SimpleQueue[Any] = SimpleQueue()
        self._number = itertools.count(1)
        self._threads, self._seen = 0, time.monotonic()
        self._pace = _Pace()
        self._look()

    @property
    def chunk(self) -> int:
        """How many tasks make some seconds of work."""
        return self._pace.tasks

    @property
    def has_room(self) -> bool:
        """Whether fewer chunks are out than the window holds, and not too many bytes."""
        out, workers = len(self._out), max(1, self._threads)
        return out < workers or (out < WINDOW * workers and self._pace.out < OUT_BYTES)

    def submit(self, chunk: Chunk) -> None:
        """Send a chunk out under a name that no chunk of any client ever had."""
        name = f"grade-{self._client.id}-{next(self._number)}"
        future = self._client.submit(
            grade_chunk, self._order, tuple(chunk), key=name, pure=False, retries=0
        )
        self._out[future] = chunk
        self._pace.sent(chunk)
        future.add_done_callback(self._back.put)

    def completed(self) -> Iterator[tuple[Chunk, Sequence[Done] | None]]:
        """Wait for an answer, but not for long; yield the chunks that are done or lost.

        Raises GraderFault if the scheduler or all workers are gone, or if a worker cannot grade.
        """
        self._look()
        with suppress(Empty):
            future = self._back.get(timeout=PAUSE_S)
            while True:
                chunk = self._out.pop(future)
                answer = self._answer(future)
                future.release()
                self._pace.came(chunk, answer or ())
                yield chunk, answer
                future = self._back.get_nowait()

    def stop(self) -> None:
        """Let everything go; workers of our own end."""
        if self._client is not None:
            with suppress(Exception):  # who does not answer cannot be told
                self._client.close(timeout=3)
        if self._own is not None:
            self._own.stop()

    def _answer(self, future: Any) -> Sequence[Done] | None:
        """Return what a chunk came to, None if it was lost with its worker or its scheduler."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            answer: Sequence[Done] = future.result(timeout=FETCH_S)
        except (KilledWorker, CancelledError, CommClosedError, TimeoutError):
            self._check()
            return None
        except Unlike as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - e.g. Backgrade is not installed there
            why = f"cannot grade ({type(error).__name__}: {error})".splitlines()[0][:300]
        else:
            return answer
        raise GraderFault(
            f"--dask {self._address}: a worker {why}; give every worker the same installation and "
            "the same files as here. What was graded is kept"
        )

    def _look(self) -> None:
        """See how many workers there are. Raises GraderFault if there is nobody to grade."""
        self._check()
        with suppress(OSError, TimeoutError):
            self._threads = self._client.scheduler_info(n_workers=0)["total_threads"]
        self._check()
        now = time.monotonic()
        if self._threads:
            self._seen = now
        elif now - self._seen > NOBODY_S:
            raise GraderFault(
                f"--dask {self._address}: no worker came for {NOBODY_S:.0f} s; start some, and run "
                "the same command again: what was graded is kept"
            )

    def _check(self) -> None:
        if self._client.status != "running" or (self._own and not self._own.lives):
            raise GraderFault(
                f"--dask {self._address}: the scheduler is gone; start it, and run the same "
                "command again: what was graded is kept"
            )


class _Pace:
    """How large a chunk should be, by what came back; and how many bytes are out."""

    def __init__(self) -> None:
        self.tasks = FIRST
        self.out = 0

    def sent(self, chunk: Chunk) -> None:
        self.out += _bytes(chunk)

    def came(self, chunk: Chunk, done: Sequence[Done]) -> None:
        self.out -= _bytes(chunk)
        if done:
            each_s = sum(one.outcome.wall_s for one in done) / len(done)
            wanted = CHUNK_S / max(each_s, CHUNK_S / MOST)
            room = CHUNK_BYTES / max(1.0, _bytes(chunk) / len(chunk))
            self.tasks = max(1, min(round(wanted), int(room), 2 * self.tasks))


def _bytes(chunk: Chunk) -> int:
    return sum(len(task.data) for task in chunk)


def _anywhere(policy: Policy) -> Policy:
    """Return a policy as another machine reads it: whole paths, and nothing that was read here."""
    rubric = Path(policy.rubric)
    return replace(
        policy,
        rubric=str(rubric.resolve()) if rubric.suffix == ".toml" else policy.rubric,
        data=policy.data if policy.data == "synthetic" else str(Path(policy.data).resolve()),
    )


def _connect(address: str) -> Any:
    """Return a client. Raises UsageError if nobody answers."""
    import distributed

    class Quiet(distributed.Client):  # type: ignore[misc]
        """Ends when it is closed: one that never connected would wait for nobody."""

        def __del__(self) -> None:
            pass

    for name in QUIET:  # what is wrong is said in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Quiet(address, timeout=CONNECT_S, set_as_default=False)
    except Exception as error:  # noqa: BLE001 - whatever answers there, and however
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise UsageError(
            f"--dask {address}: no scheduler answers ({why}); start one with `dask scheduler`"
        ) from None
