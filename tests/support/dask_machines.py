"""A scheduler of Dask and workers, each a process of its own, as on machines of a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
PARTS = "distributed.cli.dask_{}"


@dataclass
class Machines:
    """A scheduler and its workers; `address` is where the scheduler listens."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self) -> None:
        """Start a worker with one thread and no nanny: when it ends, it is gone."""
        limits = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--no-dashboard")
        here = ("--host", "127.0.0.1", "--local-directory", str(self.folder))
        # A scheduler that is gone ends them: nothing is to be left of a trial.
        ends = ("--death-timeout", "10")
        self.workers.append(_start("worker", self.folder, self.address, *limits, *here, *ends))

    def stop(self) -> None:
        """End all of them."""
        for one in (*self.workers, self.scheduler):
            if one.poll() is None:
                one.send_signal(signal.SIGKILL)
            one.wait()


@contextmanager
def machines(folder: Path, workers: int) -> Iterator[Machines]:
    """Start a scheduler and workers; they end with the block."""
    found = folder / "scheduler.json"
    here = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(found))
    scheduler = _start("scheduler", folder, *here)
    one = Machines(folder, scheduler, "")
    try:
        one.address = _address(found, scheduler)
        for _ in range(workers):
            one.add_worker()
        yield one
    finally:
        one.stop()


def _start(part: str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    settings = {
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
    }
    with (folder / f"{part}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", PARTS.format(part), *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=os.environ | settings,
        )  # fmt: skip


def _address(found: Path, scheduler: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and scheduler.poll() is None:
        try:
            return str(json.loads(found.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    raise RuntimeError(f"no scheduler came up: {found.parent / 'scheduler.log'}")
