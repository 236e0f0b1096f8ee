"""Supervise one notebook's process: hand it one cell after another, and enforce the time limits.

What the grader asks for comes through this process's standard input, also while a cell runs: the
next cell, an interrupt, the end. A cell that takes too long is interrupted, as a person would do
it, and the next one runs. A process that does not let itself be interrupted, or whose notebook has
used up its time, is killed; what was reported until then stands. If the grader is gone, all ends.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grader.errors import WireError
from grader.guest import limits, wire
from grader.guest.children import Answer, cpu_of, end, end_of, more_s, start
from grader.guest.incoming import Incoming

MAX_PIECE = 16 * 1024**2  # bytes of one frame
LOOK_S = 0.1  # seconds between two looks at what it wrote
GRACE_S = 3.0  # for a cell to end after it was interrupted
# What is sent back at once on a frame of the process, None for most of them.
Reply = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
Work = Callable[[Incoming, Answer], None]


def no_reply(message: Mapping[str, Any]) -> None:
    """Reply to nothing."""


class Relay:
    """One notebook in a child that runs `work(requests, answer)`; see `follow`.

    `confine` is the first thing that the child does. Limits are wall seconds. A frame of the child
    that asks is passed on with the `reply` that it got. `is_full` says that too much was written.
    """

    def __init__(
        self,
        work: Work,
        confine: Callable[[], None],
        cell_s: float,
        notebook_s: float,
        reply: Reply = no_reply,
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        self._cell_s = cell_s
        self._reply, self._is_full = reply, is_full
        self._ends = time.monotonic() + notebook_s
        self._pid, self._asking, answers = _started(work, confine)
        self._answers, self._incoming = answers, Incoming(answers, MAX_PIECE)
        self._to_send = memoryview(b"")  # what the child has not taken yet
        self._cell: int | None = None  # that runs
        self._began = self._until = self._ends
        self._interrupted = False
        self._asked = self._worked_s = 0.0  # when it was interrupted, and CPU time of it by then

    def follow(self, requests: Incoming) -> Iterator[bytes | bytearray]:
        """Do what `requests` say; yield the frames of the child, then {"over": how it ended}.

        They are looked at, and most of them go on as they came. Requests are {"do": "cell",
        "number": n} with the array "text", {"do": "interrupt", "number": n}; another one ends the
        notebook. The last frame of a cell is {"ended": n, …}.
        `how` is "done", "timeout", "stuck" (a cell that could not be interrupted), "full" (it wrote
        too much), "killed" (by SIGKILL) or "died".
        Nothing is yielded to a grader that is gone.
        """
        try:
            while True:
                asked, answered = self._wait(requests)
                over = self._late() if time.monotonic() >= self._deadline else None
                over = "full" if self._cell is not None and self._is_full() else over
                if asked and over is None:
                    over = self._take(requests)
                if over is not None:
                    yield from [wire.pack({"over": over})] if over else []
                    return
                yield from self._answered(answered)
                if not self._pid:
                    return
        except WireError:
            yield wire.pack({"over": "died"})
        finally:
            os.close(self._answers)
            os.close(self._asking)
            end(self._pid)

    @property
    def _deadline(self) -> float:
        return self._ends if self._cell is None else min(self._ends, self._until)

    def _wait(self, requests: Incoming) -> tuple[bool, bool]:
        """Wait until something comes or is late; return (a request has come, an answer has).

        What the child says between cells waits: nobody would know what it belongs to.
        """
        reading = [requests.descriptor, *([] if self._cell is None else [self._answers])]
        writing = [self._asking] if self._to_send else []
        left = max(0.0, min(self._deadline - time.monotonic(), LOOK_S))
        read, write, _ = select.select(reading, writing, [], left)
        if write:
            self._send()
        return requests.descriptor in read, self._answers in read

    def _late(self) -> str | None:
        """Interrupt a cell whose time is up; return how the notebook ended if that did not help.

        One that ends by and by, as others keep it from its core, gets more time for that.
        """
        now = time.monotonic()
        if now >= self._ends:
            return "timeout"
        if not self._interrupted:
            self._interrupt()
            return None
        worked_s, waited_s = cpu_of(self._pid) - self._worked_s, now - self._asked
        more = more_s(worked_s, waited_s, GRACE_S)
        self._until = now + more
        return None if more else "stuck"

    def _interrupt(self) -> None:
        self._asked, self._worked_s = time.monotonic(), cpu_of(self._pid)
        self._interrupted, self._until = True, self._asked + GRACE_S
        os.kill(self._pid, signal.SIGINT)

    def _take(self, requests: Incoming) -> str | None:
        """Take the next request, once it is whole; return how the notebook ended, None if not yet.

        It is "" if the grader is gone.
        """
        if not requests.advance():
            return ""
        if (message := requests.whole()) is None:
            return None
        request, arrays = message
        number = request.get("number")
        if request["do"] == "interrupt":
            if number == self._cell and not self._interrupted:
                self._interrupt()
            return None
        if request["do"] != "cell":
            return "done"
        self._cell, self._interrupted = number, False
        self._began = time.monotonic()
        self._until = self._began + self._cell_s
        self._send(wire.pack({"cell": number}, {"text": arrays["text"]}))
        return None

    def _send(self, frame: bytes = b"") -> None:
        """Send what the child will take now of all that is to be sent; keep the rest."""
        if frame:
            self._to_send = memoryview(bytes(self._to_send) + frame)
        try:
            self._to_send = self._to_send[os.write(self._asking, self._to_send) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._to_send = memoryview(b"")  # it has ended, which its other pipe will tell

    def _answered(self, more: bool) -> Iterator[bytes | bytearray]:
        """Yield what has come from the child, if a cell runs; if that was its end, how it ended.

        `more` says that there is something to read.
        """
        if more and not self._incoming.advance():
            ending, self._pid = end_of(self._pid), 0
            is_killed = ending.get("signal") == signal.Signals.SIGKILL.name
            yield wire.pack({"over": "killed" if is_killed else "died"})
            return
        while self._cell is not None and (frame := self._incoming.ready()) is not None:
            yield self._checked(frame)

    def _checked(self, frame: bytes | bytearray) -> bytes | bytearray:
        """Return a frame with what only this process may say in it, after it was replied to."""
        reply, arrays = wire.opened(frame, copied=False)
        is_ours = bool({"over", "ended"} & reply.keys())
        reply.pop("over", None)
        if (back := self._reply(reply)) is not None:
            self._send(wire.pack({**back, "to": reply.get("ask")}))
            reply, is_ours = {**reply, **back}, True
        if "ended" in reply:
            took = time.monotonic() - self._began
            reply |= {"ended": self._cell, "wall_s": round(took, 3)}
            reply["interrupted"], self._cell = self._interrupted, None
        return wire.pack(reply, arrays) if is_ours else frame


def _started(work: Work, confine: Callable[[], None]) -> tuple[int, int, int]:
    """Fork the child; return its pid, the pipe of requests to it, the pipe of its answers."""
    requests, asking = os.pipe()
    os.set_blocking(asking, False)

    def begin(answer: Answer) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is no cell yet
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        work(Incoming(requests), answer)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    pid, answers = start(begin, confine, requests)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(requests)
    limits.widen(answers)
    return pid, asking, answers
