"""Grade tasks on workers of Dask: on this machine or on many, each with a warm box of its own.

Tasks go out in chunks, some seconds of work each, and only a few chunks a worker are out at once:
the scheduler holds little, whatever the size of the class. Nothing is kept there: an answer is
fetched, let go, and written by the driver. A chunk whose worker is lost comes back lost.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from grader.course.runners import Chunk
from grader.course.tasks import Done, Grader, Policy
from grader.errors import UsageError

WINDOW = 3  # chunks a worker
CODE_ONLY, WITH_NOTEBOOKS = 40, 1  # tasks in a chunk: some seconds of work
PAUSE_S = 0.5
NOBODY_S = 300.0  # until a cluster without workers is given up
SETTINGS: Mapping[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # nothing of ours ends a worker
    "distributed.scheduler.no-workers-timeout": "5 minutes",
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.terminate": False,  # it does not count the box
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
}


class Cluster:
    """Grades on the workers of a scheduler; `address` "local" starts one with `jobs` workers."""

    def __init__(self, policy: Policy, address: str, jobs: int, limit_s: float) -> None:
        """Connect. Raises UsageError without the extra, or if nobody answers."""
        try:
            import dask
            import distributed
        except ImportError:
            raise UsageError(
                "--dask: needs the extra `class`: pip install 'backgrade[class]'"
            ) from None
        logging.getLogger("distributed").setLevel(logging.ERROR)
        dask.config.set(SETTINGS)
        self._policy, self._limit_s = policy, limit_s
        self._cluster: Any = None
        try:
            if address == "local":
                self._cluster = distributed.LocalCluster(
                    n_workers=jobs or None, threads_per_worker=1, memory_limit=0,
                    dashboard_address=None, processes=True,
                )  # fmt: skip
            self._client = distributed.Client(
                self._cluster or address, timeout=30, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise UsageError(
                f"--dask {address}: no scheduler answers ({error}); start one"
            ) from None
        self._wait = distributed.wait
        self._out: dict[Any, Chunk] = {}
        self._number = itertools.count(1)
        self.chunk = WITH_NOTEBOOKS if policy.notebooks == "run" else CODE_ONLY

    @property
    def has_room(self) -> bool:
        """Whether fewer chunks are out than the window holds."""
        workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        return len(self._out) < WINDOW * max(1, workers)

    def submit(self, chunk: Chunk) -> None:
        """Send a chunk out under a name of its own: a name that was lost is never taken again."""
        name = f"chunk-{chunk[0].key[:16]}-{next(self._number)}"
        future = self._client.submit(
            grade_chunk, self._policy, tuple(chunk), key=name, pure=False, retries=0
        )
        self._out[future] = chunk

    def completed(self) -> Iterator[tuple[Chunk, Sequence[Done] | None]]:
        """Wait for an answer, but not for long; yield the chunks that are done or lost."""
        with suppress(TimeoutError):
            self._wait(list(self._out), timeout=PAUSE_S, return_when="FIRST_COMPLETED")
        for future in [one for one in self._out if one.done()]:
            chunk = self._out.pop(future)
            answer: Sequence[Done] | None = None
            with suppress(Exception):  # whatever was raised there, the chunk comes again
                answer = future.result()
            future.release()
            yield chunk, answer

    def stop(self) -> None:
        """Let everything go."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def grade_chunk(policy: Policy, chunk: Chunk) -> list[Done]:
    """Grade a chunk on a worker, in the warm box that the worker keeps."""
    import distributed

    worker = distributed.get_worker()
    graders = worker.__dict__.setdefault("backgrade", {})
    if policy not in graders:
        for other in graders.values():
            other.stop()
        graders.clear()
        graders[policy] = Grader(policy)
    return list(graders[policy].chunk(chunk))
