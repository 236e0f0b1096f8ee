"""The box: student code runs in processes of its own, and only frames go in and come out.

`Worker` is the supervisor's end. It starts one worker process (grader.guest.serve) in the layers
that `plan` chooses, on a path that holds nothing but the worker's own files and NumPy, hands it one
submission after another, and bounds every wait. Whatever happens in there ends as Evidence or as
one BoxError, never as a hang.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from grader.box import cgroup, proved
from grader.box.job import Child, Gone, Job, Loaded, Observed, Script
from grader.box.plan import Plan, choose, command, environment, verdict
from grader.errors import BoxError, GraderFault, WireError
from grader.guest import children, limits, prepare, wire
from grader.guest.incoming import Incoming
from grader.guest.wire import Late
from grader.types import BoxState

WRITTEN = 64 * 1024**2  # bytes of a file that a notebook writes
ENDS_S = 0.2  # until bubblewrap must have ended behind its worker
START_S = 60.0  # seconds until a worker must have imported NumPy, on the slowest machine


class Worker:
    """One worker process in one box, reused for many submissions; a context manager.

    Start it from a thread that lives as long as it does: it ends with that thread. Once a
    submission was opened, `missing` says why a wanted layer is not on. `cpu_s` are the CPU seconds
    of its start, and of all submissions that were closed.
    """

    def __init__(self, plan: Plan | None = None) -> None:
        self._plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._group: Path | None = None
        self._incoming: Incoming | None = None
        self._state: BoxState | None = None
        self.versions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.cpu_s = 0.0
        self._told_s = 0.0  # the part of it that the present process has told

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def state(self) -> BoxState:
        """How student code is confined in this worker; known once a submission was opened."""
        assert self._state is not None, "no submission was opened yet"
        return self._state

    def start(self) -> None:
        """Start the process; it imports NumPy while the caller goes on. May raise BoxError."""
        if self._process is None:
            self._plan = self._plan or choose()
            self._group = cgroup.make()
            self._process = subprocess.Popen(
                cgroup.inside(self._group, command(self._plan)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment(self._plan),
                start_new_session=True,
                bufsize=0,
            )
            assert self._process.stdin and self._process.stdout
            self._incoming = Incoming(self._process.stdout.fileno())
            os.set_blocking(self._process.stdin.fileno(), False)
            limits.widen(self._process.stdin.fileno())
            if self._plan.workspace:  # else answers are small, and a user has so many pages alone
                limits.widen(self._process.stdout.fileno())

    def stop(self) -> None:
        """Kill the process and all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        below = _descendants(process.pid)
        untold_s = sum(map(_cpu_s, (process.pid, *below))) - self._told_s
        self.cpu_s, self._told_s = self.cpu_s + max(0.0, untold_s), 0.0
        if self._plan and self._plan.outer.start:
            # bubblewrap ends with the worker, and hands up what CPU it used; killed first, it
            # does not, and whoever measures the grader from outside misses most of it.
            for worker in below[1:2]:
                _kill(worker)
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_S)
        killed = [child for child in below if _kill(child)]
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        assert process.stdin and process.stdout
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # bytes that a dead worker will never read
                pipe.close()
        process.wait()
        cgroup.end(self._group)
        for child in killed:  # as process 1 of a container we inherit them, parents first
            with suppress(ChildProcessError):  # it is another's to reap
                os.waitpid(child, 0)

    def open(self, job: Job, deadline: float) -> Loaded:
        """Hand over a submission; return what could be loaded. Raises Late, Gone or BoxError."""
        self.start()
        if not self.versions:
            self._greet()
        arrays = {f"files:{path}": _numbers(data) for path, data in job.files.items()}
        for group, ours in (("given", job.given), ("graft", job.graft)):
            arrays |= {f"{group}:{name}": _numbers(_compiled(name, data))
                       for name, data in ours.items()}  # fmt: skip
        request: dict[str, Any] = {
            "do": "open", "package": job.package, "conventions": dict(job.conventions),
            "load_s": job.load_s, "case_s": job.case_s, "also": list(job.also), "room": job.room,
        }  # fmt: skip
        if job.known is not None:
            arrays |= {f"codes:{path}": _numbers(code) for path, code in job.known.codes.items()}
            good = [n for n, how in job.known.modules.items() if how.get("outcome") == "loaded"]
            request["known"] = {
                "broken": dict(job.known.broken), "is_old": job.known.is_old, "loadable": good,
            }  # fmt: skip
        self._send(wire.pack(request, arrays), deadline)
        answer, codes = self._receive(deadline)
        if job.known is not None and answer.get("opened"):
            return job.known
        if not isinstance(answer.get("loaded"), dict):
            raise Gone
        return Loaded(
            answer["loaded"],
            tuple(answer["repaired"]),
            tuple(map(str, answer["changed"])),
            {path: code.tobytes() for path, code in codes.items()},
            answer["broken"],
            answer["is_old"],
        )

    def _greet(self) -> None:
        """Wait until the worker is ready, and hold what it found against the plan."""
        assert self._plan is not None
        try:
            hello, _ = self._receive(time.monotonic() + START_S)
        except (Gone, Late):
            proved.forget()
            raise BoxError(
                f"box: the worker did not start (outer layer: {self._plan.outer.name}); "
                "run `grade doctor` to see what this machine lacks"
            ) from None
        self._state = verdict(self._plan, hello)
        self.missing = {str(name): str(why) for name, why in hello["why"].items()}
        self.versions = {"numpy": str(hello["numpy"]), "python": str(hello["python"])}
        self._count(hello)

    def run(
        self,
        cases: Sequence[Mapping[str, Any]],
        inputs: Sequence[wire.Piece],
        deadline: float,
        child: Child = "alone",
    ) -> Iterator[Observed]:
        """Run one group of cases in the open submission; yield (case id, reply, arrays) in order.

        `cases` are as guest.driver takes them, `inputs` are named "key:argument". They run in the
        `child` that is there, or in a new one, which runs others later unless they are alone; those
        that are asked again may have one that has imported everything. Raises Late or Gone; what
        was yielded stands. What was sent is not kept.
        """
        items = {case["key"]: case["item"] for case in cases}
        if len(items) != len(cases):
            raise GraderFault("a case was asked twice in one group")
        request = wire.pack({
            "do": "run", "child": child, "items": items,
            "stuck_with": {case["item"]: [case["item"], *case["stuck_with"]] for case in cases},
        })  # fmt: skip
        first, *large = wire.parts({"cases": list(cases)}, inputs)
        self._send(b"".join((request, first)), deadline)
        for part in large:
            self._send(part, deadline)
        del inputs, first, large  # the answers may be as large
        coming = 0  # answers, before the driver says another word
        for number, case in enumerate(cases):
            frame = self._take(deadline)
            if not coming and (note := wire.noted(frame)) is not None:
                if note[0] != number or not 0 < note[1] <= len(cases) - number:
                    raise Gone
                coming, frame = note[1], self._take(deadline)
            if coming:
                coming -= 1
                yield case["id"], *children.opened(frame)
                continue
            how, _ = self._opened(frame)
            if how.get("case") != case["key"]:
                raise Gone
            yield case["id"], how, {}

    def begin(self, script: Script, deadline: float) -> Incoming:
        """Start the process of a notebook in the open submission; return where its frames come.

        It runs nothing yet: guest.relay says what `request` may ask. Raises Late or Gone.
        """
        assert self._plan is not None and self._incoming is not None
        room = {"memory": script.memory, "file": WRITTEN, "files": 256, "processes": None}
        request = {
            "do": "notebook", "name": script.name, "folder": self._plan.folder, "room": room,
            "cell_s": script.cell_s, "notebook_s": script.notebook_s,
        }  # fmt: skip
        cgroup.allow(self._group, script.memory)
        self.request(request, {}, deadline)
        return self._incoming

    def request(self, message: Mapping[str, Any], arrays: wire.Arrays, deadline: float) -> None:
        """Send a request to the driver of the open submission. Raises Late or Gone."""
        self._send(wire.pack(message, arrays), deadline)

    def close(self) -> None:
        """End the open submission; a worker that does not answer at once is replaced.

        So is one whose submissions could write into its /tmp, where the next would find it.
        """
        if self._plan and self._plan.outer.start and "landlock" not in self.state.inner:
            self.restart()
            return
        try:
            deadline = time.monotonic() + 2.0
            self._send(wire.pack({"do": "close"}), deadline)
            self._count(self._receive(deadline)[0])
        except (Late, Gone):
            self.restart()

    def restart(self) -> None:
        """Replace the process by a fresh one."""
        self.stop()
        self.versions = {}
        self.start()

    def _count(self, said: Mapping[str, Any]) -> None:
        """Add the CPU seconds that the worker itself reports; no process of a student's can."""
        used = said.get("cpu_s")
        if isinstance(used, float) and used > 0:
            self.cpu_s += used
            self._told_s += used

    def _send(self, data: bytes | memoryview, deadline: float) -> None:
        """Write a frame, or a part of one; a worker that was stopped must not stop us."""
        assert self._process and self._process.stdin
        try:
            wire.send(self._process.stdin.fileno(), data, deadline)
        except BrokenPipeError:
            raise Gone from None

    def _receive(self, deadline: float) -> wire.Message:
        return self._opened(self._take(deadline))

    @staticmethod
    def _opened(frame: bytes | bytearray) -> wire.Message:
        try:
            return wire.opened(frame)
        except WireError:
            raise Gone from None

    def _take(self, deadline: float) -> bytes | bytearray:
        assert self._incoming is not None
        try:
            frame = self._incoming.take(deadline)
        except WireError:
            raise Gone from None
        if frame is None:
            raise Gone
        return frame


def _numbers(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


@functools.lru_cache(maxsize=32)
def _compiled(name: str, source: bytes) -> bytes:
    """Compile a file of ours; it is the same for every submission."""
    return prepare.compiled({name: source})[name]


def _descendants(pid: int) -> list[int]:
    """Return the process ids below `pid`, as far as /proc lists them."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    children = [int(word) for word in words]
    return children + [below for child in children for below in _descendants(child)]


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and of the children it has reaped; 0 if it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False  # it ended by itself, or is not ours
    return True
