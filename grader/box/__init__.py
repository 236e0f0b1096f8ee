"""The box: student code runs in processes of its own, and only frames go in and come out.

`Worker` is the supervisor's end. It starts one worker process (grader.worker.serve) on a path that
holds nothing but the worker's own files and NumPy, hands it one submission after another, and
bounds every wait. Whatever happens in there ends as Evidence or as one BoxError, never as a hang.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from grader import wire
from grader.errors import BoxError, WireError
from grader.types import BoxState

HERE = Path(__file__).resolve().parent.parent
VISIBLE = ("errors.py", "wire.py", "probes/*.py", "worker/*.py")
GRADED = ("layers", "layer_utils", "optim", "fc_net")
START_S = 60.0  # seconds until a worker must have imported NumPy, on the slowest machine
BOOT = """
import sys, json, importlib.util as u, importlib.machinery as m
files, home = json.loads(sys.argv[1])
class Ours:
    def find_spec(self, name, path=None, target=None):
        if name in files:
            f = files[name]
            if not f:
                return m.ModuleSpec(name, None, is_package=True)
            inner = [] if f.endswith('__init__.py') else None
            return u.spec_from_file_location(name, f, submodule_search_locations=inner)
sys.meta_path.insert(0, Ours())
sys.path.append(home)
import numpy
sys.path.remove(home)
import grader.worker.serve as serve
serve.main()
"""


@dataclass(frozen=True)
class Job:
    """What goes into the box for one submission: sources, never an answer.

    `given` and `graft` map the short names of modules to sources of ours (see worker.modules).
    """

    package: str
    files: Mapping[str, bytes]
    conventions: Mapping[str, str]
    given: Mapping[str, bytes] = field(default_factory=dict)
    graft: Mapping[str, bytes] = field(default_factory=dict)
    load_s: float = 10.0
    case_s: float = 5.0


@dataclass(frozen=True)
class Loaded:
    """What opening a submission told.

    `modules` maps each graded module to what importing it came to; `repaired` are sentences;
    `changed` are handed-out functions that give other values than ours.
    """

    modules: Mapping[str, Mapping[str, Any]]
    repaired: tuple[str, ...]
    changed: tuple[str, ...] = ()


Observed = tuple[str, dict[str, Any], dict[str, np.ndarray]]


class Late(Exception):
    """The worker has not answered before the submission's time was up."""


class Gone(Exception):
    """The worker ended, or sent what is no frame: student code reached it."""


class Worker:
    """One worker process, reused for many submissions; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def state(self) -> BoxState:
        """How student code is confined in this worker."""
        return BoxState(outer="none", inner=("process", "rlimits"), isolated=False)

    def start(self) -> None:
        """Start the process; it imports NumPy while the caller goes on."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-S", "-c", BOOT, json.dumps([_visible(), _home()])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                close_fds=True,
                bufsize=0,
            )
            assert self._process.stdin
            os.set_blocking(self._process.stdin.fileno(), False)

    def stop(self) -> None:
        """Kill the process and all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for child in _descendants(process.pid):
            _kill(child)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass  # bytes that a dead worker will never read
        process.wait()

    def open(self, job: Job, deadline: float) -> Loaded:
        """Hand over a submission; return what could be loaded. Raises Late, Gone or BoxError."""
        self.start()
        if not self.versions:
            hello, _ = self._receive(time.monotonic() + START_S)
            if not hello.get("ready"):
                raise BoxError("box: the worker did not start; run `grade doctor`")
            self.versions = {"numpy": str(hello["numpy"]), "python": str(hello["python"])}
        arrays = {
            f"{group}:{path}": np.frombuffer(data, dtype=np.uint8)
            for group in ("files", "given", "graft")
            for path, data in getattr(job, group).items()
        }
        say = {
            "do": "open", "package": job.package, "conventions": dict(job.conventions),
            "load_s": job.load_s, "case_s": job.case_s,
        }  # fmt: skip
        self._send(wire.pack(say, arrays), deadline)
        answer, _ = self._receive(deadline)
        if not isinstance(answer.get("loaded"), dict):
            raise Gone
        return Loaded(
            answer["loaded"], tuple(answer["repaired"]), tuple(map(str, answer["changed"]))
        )

    def run(
        self,
        cases: Sequence[Mapping[str, Any]],
        inputs: Mapping[str, np.ndarray],
        modules: Sequence[str],
        deadline: float,
    ) -> Iterator[Observed]:
        """Run one group of cases in the open submission; yield (case id, say, arrays) in order.

        `inputs` are named "case id:argument". Raises Late or Gone; what was yielded stands.
        """
        say = {"do": "run", "cases": list(cases), "modules": list(modules)}
        self._send(wire.pack(say, inputs), deadline)
        for case in cases:
            observed, arrays = self._receive(deadline)
            if observed.get("case") != case["id"]:
                raise Gone
            yield case["id"], observed, arrays

    def close(self) -> None:
        """End the open submission; a worker that does not answer at once is replaced."""
        try:
            deadline = time.monotonic() + 2.0
            self._send(wire.pack({"do": "close"}), deadline)
            self._receive(deadline)
        except (Late, Gone):
            self.restart()

    def restart(self) -> None:
        """Replace the process by a fresh one."""
        self.stop()
        self.versions = {}
        self.start()

    def _send(self, data: bytes, deadline: float) -> None:
        """Write a frame; a worker that was stopped must not stop us."""
        assert self._process and self._process.stdin
        descriptor = self._process.stdin.fileno()
        view = memoryview(data)
        while view:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([], [descriptor], [], left)[1]:
                raise Late
            try:
                view = view[os.write(descriptor, view[:65536]) :]
            except BlockingIOError:
                continue  # there is room for less than one write; wait again
            except BrokenPipeError:
                raise Gone from None

    def _receive(self, deadline: float) -> wire.Message:
        assert self._process and self._process.stdout
        descriptor = self._process.stdout.fileno()

        def receive(count: int) -> bytes:
            parts = bytearray()
            while len(parts) < count:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                    raise Late
                part = os.read(descriptor, min(count - len(parts), 1 << 20))
                if not part:
                    break
                parts += part
            return bytes(parts)

        try:
            message = wire.read(receive)
        except WireError:
            raise Gone from None
        if message is None:
            raise Gone
        return message


def _visible() -> dict[str, str]:
    """Return the worker's modules by dotted name with their files; packages with an empty path."""
    files = {"grader": ""}
    for pattern in VISIBLE:
        for path in sorted(HERE.glob(pattern)):
            parts = ["grader", *path.relative_to(HERE).with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
            files[".".join(parts)] = str(path)
    return files


def _home() -> str:
    """Return the folder that NumPy is installed in."""
    return str(Path(np.__file__).resolve().parent.parent)


def _environment() -> dict[str, str]:
    """Return the whole environment of the worker: nothing of ours leaks, one BLAS thread."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", "PYTHONHASHSEED": "0"} | {
        name: "1" for name in threads
    }


def _descendants(pid: int) -> list[int]:
    """Return the process ids below `pid`, as far as /proc tells."""
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop()
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        children = [int(word) for word in text.split()]
        found += children
        queue += children
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it ended by itself, or is not ours
