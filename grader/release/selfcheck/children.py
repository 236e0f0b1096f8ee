"""Processes of the self-check: started ahead, asked once, and always ended.

A process is started before it is known what for, so that it imports NumPy while this one does. What
it says is read by a thread, for a pipe cannot be waited for on every platform.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

ENTRY = (
    "import sys; sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; "
    "from grader.guest.alone import main; main()"
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Child:
    """A process that waits for the cases of an item."""

    def __init__(self) -> None:
        home = Path(__file__).resolve().parents[3]
        self._process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            start_new_session=os.name == "posix",
        )
        self._messages: queue.Queue[Any] = queue.Queue()
        self._is_over = False

    def ask(self, frame: bytes) -> None:
        """Hand over the cases; begin to listen."""
        threading.Thread(target=self._listen, args=(frame,), daemon=True).start()

    def _listen(self, frame: bytes) -> None:
        from grader.errors import WireError
        from grader.guest.incoming import Incoming

        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(frame)
            self._process.stdin.close()
            incoming = Incoming(self._process.stdout.fileno())
            while (message := incoming.read()) is not None:
                self._messages.put(message)
        except (OSError, ValueError, WireError):
            pass  # it has ended in the middle of a word
        self._messages.put(None)

    def hear(self, limit_s: float) -> Any:
        """Return the next message; None if it has ended. Raises queue.Empty when it is late."""
        return self._messages.get(timeout=limit_s)

    def ending(self) -> dict[str, Any]:
        """Return how a process that has ended did so."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return {"outcome": "died"}
        if code >= 0:
            return {"outcome": "died", "exit": code}
        names = {one.value: one.name for one in signal.Signals}
        return {"outcome": "died", "signal": names.get(-code, f"signal {-code}")}

    def end(self) -> None:
        """Kill the process, and where that is possible all that it has started; once is enough."""
        if self._is_over:
            return
        self._is_over = True
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):  # it ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()


class Closed(Exception):
    """Nobody waits for an answer any more."""


class Pool:
    """Children that were started ahead, for one use each; a context manager that ends them all."""

    def __init__(self, ahead: int) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        self._ready = [Child() for _ in range(ahead)]
        self._busy: list[Child] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children; there will be no others."""
        with self._lock:
            self._is_open = False
        for child in (*self._ready, *self._busy):
            child.end()

    def take(self) -> Child:
        """Return a child that nobody has used. Raises Closed once the pool is."""
        with self._lock:
            if not self._is_open:
                raise Closed
            child = self._ready.pop() if self._ready else Child()
            self._busy.append(child)
            return child

    def end(self, child: Child) -> None:
        """End a child that was taken."""
        child.end()
        with self._lock:
            self._busy.remove(child)

    def fill(self, ahead: int) -> None:
        """Start children so that as many as `ahead` wait."""
        with self._lock:
            while self._is_open and len(self._ready) < ahead:
                self._ready.append(Child())
