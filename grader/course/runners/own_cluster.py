"""A scheduler of Dask and its workers on this machine, as processes of their own: `--dask local`.

They are the programs that a cluster runs, so what works here works there. They end with us, however
we end, and hear no Ctrl-C of our terminal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from grader.box.folders import Folder
from grader.course.runners import fresh
from grader.errors import GraderFault

START_S = 60.0
STOP_S = 5.0
HERE = ("--host", "127.0.0.1", "--no-dashboard")
# docs/scale.md tells what a scheduler of your own needs.
SETTINGS: Mapping[str, str] = {
    "distributed.scheduler.allowed-failures": "0",  # nothing of ours ends a worker
    "distributed.scheduler.worker-saturation": "1.0",  # what waits is not lost with a worker
    "distributed.worker.profile.enabled": "False",
    "distributed.worker.memory.terminate": "False",  # it does not count the box
    "distributed.worker.memory.pause": "False",
    "distributed.worker.memory.spill": "False",
}
START = """
import sys
from grader.guest.limits import end_with
end_with(int(sys.argv.pop(1)))
from distributed.cli.dask_{part} import main
main()
"""


class OwnCluster:
    """A scheduler and `workers` workers with a thread each; `address` is where it listens."""

    def __init__(self, workers: int) -> None:
        """Start them. Raises GraderFault if no scheduler comes up."""
        self._folder = Folder()
        found = self._folder.path / "scheduler.json"
        here = ("--port", "0", "--scheduler-file", str(found))
        self._processes = [self._start("scheduler", *HERE, *here)]
        try:
            self.address = self._address(found)
        except BaseException:
            self.stop()
            raise
        many = ("--nworkers", str(workers), "--nthreads", "1", "--memory-limit", "0")
        room = ("--local-directory", str(self._folder.path), "--death-timeout", "60")
        self._processes.append(self._start("worker", self.address, *HERE, *many, *room))

    @property
    def lives(self) -> bool:
        """Whether the scheduler and the parent of the workers run."""
        return all(process.poll() is None for process in self._processes)

    def stop(self) -> None:
        """End all of them at once, for they keep nothing; workers end with their parent."""
        for process in reversed(self._processes):
            process.kill()
        for process in self._processes:
            process.wait(STOP_S)
        self._folder.end()

    def _start(self, part: str, *arguments: str) -> subprocess.Popen[bytes]:
        settings = {
            f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": text
            for name, text in SETTINGS.items()
        }
        return subprocess.Popen(
            [sys.executable, "-c", START.format(part=part), str(os.getpid()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | fresh.environment() | settings,
            start_new_session=True,
        )

    def _address(self, found: Path) -> str:
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._processes[0].poll() is None:
            try:
                return str(json.loads(found.read_text())["address"])
            except (OSError, ValueError):  # not there yet, or not whole
                time.sleep(0.05)
        raise GraderFault("--dask local: the scheduler does not start; grade without --dask")
