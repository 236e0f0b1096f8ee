"""One process for each item, with a time limit, on every platform.

A process is started before it is known what for, so that it imports NumPy while this one does. What
it says is read by a thread, for a pipe cannot be waited for on every platform. A case that hangs or
ends its process loses itself alone: the ones after it get a fresh process.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from grader.selfcheck.public import Item, Public
    from grader.types import Case, Evidence

START_S = 60.0  # until a process must have imported NumPy, on the slowest machine
ENTRY = "import sys; sys.path[0] = sys.argv[1]; from grader.worker.alone import main; main()"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Child:
    """A process that waits for the cases of an item."""

    def __init__(self) -> None:
        home = Path(__file__).resolve().parent.parent.parent
        self._process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            start_new_session=os.name == "posix",
        )
        self._said: queue.Queue[Any] = queue.Queue()

    def ask(self, frame: bytes) -> None:
        """Hand over the cases; begin to listen."""
        threading.Thread(target=self._listen, args=(frame,), daemon=True).start()

    def _listen(self, frame: bytes) -> None:
        from grader import wire
        from grader.errors import WireError

        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(frame)
            self._process.stdin.close()
            incoming = wire.Incoming(self._process.stdout.fileno())
            while (message := incoming.read()) is not None:
                self._said.put(message)
        except (OSError, ValueError, WireError):
            pass  # it has ended in the middle of a word
        self._said.put(None)

    def hear(self, limit_s: float) -> Any:
        """Return the next message; None where it has ended. Raises queue.Empty when it is late."""
        return self._said.get(timeout=limit_s)

    def ending(self) -> dict[str, Any]:
        """Say how a process that has ended did so."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return {"outcome": "died"}
        if code >= 0:
            return {"outcome": "died", "exit": code}
        names = {one.value: one.name for one in signal.Signals}
        return {"outcome": "died", "signal": names.get(-code, f"signal {-code}")}

    def end(self) -> None:
        """Kill the process, and where that is possible all that it has started."""
        if os.name == "posix":
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # it ended by itself
        self._process.kill()
        self._process.wait()


class Pool:
    """Children that were started ahead, for one use each; a context manager."""

    def __init__(self, ahead: int) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        self._ready = [Child() for _ in range(ahead)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_open = False
            ready, self._ready = self._ready, []
        for child in ready:
            child.end()

    def take(self) -> Child:
        """Return a child that nobody has used."""
        with self._lock:
            return self._ready.pop() if self._ready else Child()

    def fill(self, ahead: int) -> None:
        """Start children so that as many as `ahead` wait."""
        with self._lock:
            while self._is_open and len(self._ready) < ahead:
                self._ready.append(Child())


class Runner:
    """Runs the public cases of one submission's items."""

    def __init__(
        self, public: Public, package: str, files: Mapping[str, bytes], pool: Pool
    ) -> None:
        self._public = public
        self._package = package
        self._files = files
        self._pool = pool
        self._lost: dict[tuple[str, ...], Mapping[str, Any]] = {}  # modules -> how importing ended

    def observe(self, item: Item) -> dict[str, Evidence]:
        """Return the evidence of each case of an item."""
        seen: dict[str, Evidence] = {}
        left = list(item.cases)
        while left:
            modules = _modules(left)
            if modules in self._lost:  # what hangs once hangs again
                return seen | _at_import(left, self._lost[modules])
            child = self._pool.take()
            child.ask(self._frame(left, modules))
            try:
                self._hear_out(child, item, left, seen)
            except _Import as lost:
                self._lost[modules] = lost.say
            finally:
                child.end()
        return seen

    def _hear_out(
        self, child: Child, item: Item, left: list[Case], seen: dict[str, Evidence]
    ) -> None:
        """Take the answers to the cases in `left` until there is no more of them."""
        from grader.evidence import evidence_of, unloaded
        from grader.types import Evidence

        limits = self._public.table.limits
        _hear(child, START_S)
        say, _ = _hear(child, limits.load_s)
        if "loaded" not in say:
            raise _Import(say)
        while left:
            case = left[0]
            answer, arrays = _hear(child, limits.case_s)
            broken = unloaded(case, say["loaded"], self._files)
            seen[case.id] = broken or evidence_of(case, answer, arrays, self._files)
            left.pop(0)
            if answer.get("outcome") == "died":
                return
            if answer.get("outcome") == "timeout":
                why = f"{item.id} runs out of time"
                seen.update({c.id: Evidence(c.id, "not_run", text=why) for c in left})
                left.clear()

    def _frame(self, cases: Sequence[Case], modules: Sequence[str]) -> bytes:
        import numpy as np

        from grader import wire
        from grader.evidence import asked

        files, given = self._files, self._public.given
        arrays = {f"files:{path}": np.frombuffer(data, np.uint8) for path, data in files.items()}
        arrays |= {f"given:{n}": np.frombuffer(data, np.uint8) for n, data in given.items()}
        for case in cases:
            made = self._public.case_inputs(case)
            arrays |= {f"case:{case.id}:{name}": array for name, array in made.items()}
        say = {
            "package": self._package, "cases": [asked(case) for case in cases],
            "modules": list(modules), "conventions": dict(self._public.table.conventions),
        }  # fmt: skip
        return wire.pack(say, arrays)


class _Import(Exception):
    """Importing the student's files has hung, or ended the process."""

    def __init__(self, say: Mapping[str, Any]) -> None:
        super().__init__()
        self.say = say


def _hear(child: Child, limit_s: float) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    started = time.monotonic()
    try:
        message = child.hear(limit_s)
    except queue.Empty:
        return {"outcome": "timeout", "wall_s": limit_s}, {}
    if message is None:
        return child.ending(), {}
    say, arrays = message
    return {**say, "wall_s": time.monotonic() - started}, arrays


def _modules(cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the graded modules that the cases reach, in the order of their imports."""
    from grader.evidence import modules_of

    wanted = {name for case in cases for name in modules_of(case)}
    return tuple(name for name in ("layers", "layer_utils", "optim", "fc_net") if name in wanted)


def _at_import(cases: Sequence[Case], say: Mapping[str, Any]) -> dict[str, Evidence]:
    """Return the evidence where importing has hung or ended the process."""
    from grader.types import Evidence

    text = "while a file was imported"
    return {case.id: Evidence(case.id, say["outcome"], text=text) for case in cases}
