"""Tell on stderr how far long work is: a line that changes on a terminal, plain lines elsewhere.

A plain line says what has begun, and each minute one says how far it is. Nothing is said of work
that is over in a few seconds.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.status import Status  # which a run without a terminal does not need

QUIET_S, EACH_S = 5.0, 60.0  # of work before its first plain line; between two lines about the same
PATIENCE_S = 5.0  # for a line that nobody takes


@dataclass(frozen=True)
class Place:
    """Where the work is: at `done` of `total` units of `what`, since `at_s`; it began at `began_s`.

    `unit` is the word for one of them. Seconds are those of time.monotonic.
    """

    what: str
    unit: str
    done: int
    total: int
    began_s: float
    at_s: float

    def line(self, now_s: float) -> str:
        """Return "WHAT: cell 3 of 25, about 40 s left", without a guess where there is none."""
        said = f"{self.what}: {self.unit} {min(self.done + 1, self.total)} of {self.total}"
        each_s = (self.at_s - self.began_s) / self.done if self.done else 0.0
        left_s = each_s * (self.total - self.done) - (now_s - self.at_s)
        if left_s < 1:
            return said
        return (
            f"{said}, about "
            + (f"{left_s:.0f} s" if left_s < 100 else f"{left_s / 60:.0f} min")
            + " left"
        )


class Progress:
    """Tells how far work is, from entering to leaving; `at` says where it is now.

    Plain lines come from a thread of its own, as one unit may take many minutes.
    """

    def __init__(self, console: Console, quiet_s: float = QUIET_S, each_s: float = EACH_S) -> None:
        self._console, self._quiet_s, self._each_s = console, quiet_s, each_s
        self._lock, self._over = threading.Lock(), threading.Event()
        self._place: Place | None = None
        self._waiting: list[str] | None = []  # what has begun, until it is said at once
        self._status: Status | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._status = self._stack.enter_context(self._console.status("grading"))
        else:
            thread = threading.Thread(target=self._speak, name="progress", daemon=True)
            thread.start()
            self._stack.callback(thread.join, PATIENCE_S)
            self._stack.callback(self._over.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def at(self, what: str, unit: str, done: int, total: int) -> None:
        """Say that `done` of `total` units of `what` are done, and that the next one begins."""
        now_s = time.monotonic()
        with self._lock:
            last = self._place
            is_new = last is None or last.what != what
            began_s = now_s if last is None or is_new else last.began_s
            self._place = Place(what, unit, done, total, began_s, now_s)
            if self._status is not None:
                self._status.update(self._place.line(now_s))
            elif is_new and self._waiting is not None:
                self._waiting.append(what)
            elif is_new:
                self._say(what)

    def _speak(self) -> None:
        """Say what waits once the work has lasted, then each minute how far it is."""
        if self._over.wait(self._quiet_s):
            return
        with self._lock:
            for what in self._waiting or ():
                self._say(what)
            self._waiting = None
        while not self._over.wait(self._each_s):
            with self._lock:
                if self._place is not None:
                    self._say(self._place.line(time.monotonic()))

    def _say(self, line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it, or it is closed
            print(line, file=self._console.file, flush=True)
