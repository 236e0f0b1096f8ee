"""Ask child processes for one answer after another, whatever they do to themselves."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from grader.errors import WireError
from grader.guest import limits, wire
from grader.guest.incoming import Incoming, Orphaned
from grader.guest.wire import Arrays

MAX_REPLY = 64 * 1024  # bytes of one reply, names of arrays included
MANY = 1_000  # answers that are handed on together
PATIENCE = 8  # times its limit that a child is waited for at most, where others keep it from work
IDLE = 0.02  # of the time that has passed: who works less than that does not wait for a core
NOT_RUN = {"outcome": "not_run"}
Answer = Callable[[dict[str, Any], Arrays], None]
Work = Callable[[dict[str, Any], Arrays, Answer], None]
Answered = tuple[str, dict[str, Any], Arrays]
Relayed = tuple[list[str], dict[str, Any], bytes | bytearray]


class StudentProcess:
    """A confined child that answers one request after another; replaced if it dies or hangs.

    `work(request, arrays, answer)` runs in the child: it calls `answer(reply, arrays)` once for
    each of request["names"]; what the frame of the arrays says is in the request, too.
    `confine(cpu seconds)` is the first thing that a child does. An answer of more than `room` bytes
    loses its child: what can be refused by name is refused there.
    If the pipe `asker` is hung up, the child ends and `ask` raises Orphaned.
    """

    def __init__(
        self,
        work: Work,
        cpu_s: int,
        confine: Callable[[int], None],
        room: int = wire.MAX_BODY,
        asker: int | None = None,
    ) -> None:
        self._work, self._asker = work, asker
        self._room = room
        self._confine = functools.partial(confine, cpu_s)
        self._pid = 0
        self._asking = -1
        self._incoming = Incoming(-1)

    def ask(
        self,
        request: Mapping[str, Any],
        arrays: Arrays,
        names: Sequence[str],
        limit_s: float,
        needs: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Iterator[Answered]:
        """Hand over a request; yield (name, reply, arrays) for each name in order; see `relay`.

        A child whose answer is no frame is lost, too.
        """
        frame = wire.pack({}, arrays)
        for (name,), how, answer in self.relay(request, frame, names, limit_s, needs, most=1):
            reply, outputs = opened(answer) if answer else ({}, {})
            if reply.get("outcome") == "died":
                self.end()
            yield name, reply | how, outputs

    def relay(
        self,
        request: Mapping[str, Any],
        frame: bytes | bytearray,
        names: Sequence[str],
        limit_s: float,
        needs: Mapping[str, Sequence[str]] = MappingProxyType({}),
        most: int = MANY,
    ) -> Iterator[Relayed]:
        """Hand over a request with the `frame` of its arrays; yield (names, how it went, answers).

        Answers are frames that nobody has opened yet (see `opened`), one for each of at `most` so
        many names; b"" where there is none.
        If the child dies, hangs for `limit_s` seconds or sends no frame, the name it was at
        gets an "outcome" of died or timeout, and the names after it a fresh child.
        `needs` maps a name to what it is about, then what it needs: if one of these hung, it is
        "not_run", for what hangs once hangs again.
        """
        left, hung = list(names), set[str]()
        while left:
            able = [name for name in left if hung.isdisjoint(needs.get(name, [name]))]
            if left[0] not in able:
                yield [left.pop(0)], dict(NOT_RUN), b""
                continue
            self._hand_over({**request, "names": able}, frame, limit_s)
            try:
                for told, how, answers in self._answered(left, set(able), limit_s, most):
                    if how.get("outcome") == "timeout":
                        hung |= {needs.get(name, [name])[0] for name in told}
                    yield told, how, answers
            except (GeneratorExit, Orphaned):
                self.end()
                raise

    def end(self) -> None:
        """Kill the child, if there is one, and all that is left of it."""
        if self._pid:
            end(self._pid)
            self._gone()

    def _answered(
        self, left: list[str], able: Collection[str], limit_s: float, most: int
    ) -> Iterator[Relayed]:
        """Yield what the child answers, and take it off `left`, until it ends or is late."""
        while left and self._pid:
            if left[0] not in able:
                yield [left.pop(0)], dict(NOT_RUN), b""
                continue
            patience, room = 0.2, len(list(itertools.takewhile(able.__contains__, left[:most])))
            try:
                count, answers = self._take(room, limit_s)
            except wire.Late:
                self.end()  # before anyone hears of it, so that nothing of it is left by then
                yield [left.pop(0)], {"outcome": "timeout"}, b""
                return
            except WireError:
                count, patience = 0, 0.02  # it may be about to die in the middle of a frame
            if not count:
                ending = end_of(self._pid, patience)
                self._gone()
                yield [left.pop(0)], ending, b""
                return
            told, left[:count] = left[:count], []
            yield told, {}, answers

    def _take(self, most: int, limit_s: float) -> tuple[int, bytes | bytearray]:
        """Return the next answers, how many and their frames; none at the end. Raises Late.

        Seconds count as they pass, unless others keep the child from running: then its own do.
        """
        before, started = cpu_of(self._pid), time.monotonic()
        until = started + limit_s
        while True:
            try:
                return self._incoming.several(most, until)
            except wire.Late:
                now = time.monotonic()
                until = now + more_s(cpu_of(self._pid) - before, now - started, limit_s)
                if until == now:
                    raise

    def _hand_over(self, request: dict[str, Any], frame: bytes | bytearray, limit_s: float) -> None:
        """Send a request to the child there is, or to a new one.

        One that ended meanwhile, or sent what nobody asked for, is replaced: no name is to blame.
        """
        ended = self._pid and os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if self._pid and (ended or not self._incoming.is_quiet):
            self.end()
        if self._pid:
            try:
                for part in (wire.pack(request), frame):  # which may be large
                    wire.send(self._asking, part, time.monotonic() + limit_s)
            except (wire.Late, BrokenPipeError):
                self.end()
        if not self._pid:
            self._start(request, frame)

    def _start(self, request: dict[str, Any], frame: bytes | bytearray) -> None:
        """Start a child, which has its first request from this process's memory."""
        requests, self._asking = os.pipe()
        os.set_blocking(self._asking, False)

        def serve(answer: Answer) -> None:
            inputs = frame
            incoming = Incoming(requests, ahead=False)
            message: wire.Message | None = request, {}
            while message is not None:
                said, arrays = wire.opened(inputs, copied=False)
                self._work({**said, **message[0]}, arrays, answer)
                message, inputs = incoming.read(), incoming.take() or b""

        self._pid, answers = start(serve, self._confine, requests)
        self._incoming = Incoming(answers, self._room, asker=self._asker)
        os.close(requests)

    def _gone(self) -> None:
        self._pid = 0
        os.close(self._asking)
        os.close(self._incoming.descriptor)


def more_s(worked_s: float, waited_s: float, limit_s: float) -> float:
    """Return how many more seconds a child has that worked and was waited for so long; 0 if none.

    What hangs without work gets none, and nothing gets PATIENCE times its limit.
    """
    if worked_s >= limit_s or worked_s < IDLE * waited_s or waited_s >= PATIENCE * limit_s:
        return 0.0
    return min(max(limit_s - worked_s, 0.02 * limit_s), PATIENCE * limit_s - waited_s)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used; 0 if it is gone."""
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of a whole process, by its id
    return 0.0


def opened(answer: bytes | bytearray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what a child replied, if it is of a form and size that it may send.

    That it hung or died only the driver may report; an outcome that is no text is forged.
    """
    try:
        reply, arrays = wire.opened(answer, MAX_REPLY)
    except WireError:
        return {"outcome": "died"}, {}
    outcome = reply.get("outcome", "")
    forged = not isinstance(outcome, str) or outcome in ("timeout", "died", "not_run")
    return ({"outcome": "died"}, {}) if forged else (reply, arrays)


def start(
    work: Callable[[Answer], None], confine: Callable[[], None], *keep: int
) -> tuple[int, int]:
    """Fork a child that confines itself and works; return its pid and the pipe it answers on.

    It keeps the descriptors `keep`.
    """
    receiving, sending = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid:
        os.close(sending)
        return pid, receiving
    try:
        gc.disable()
        limits.end_with(parent)
        limits.only_standard_files(keep=(sending, *keep))
        confine()
        work(functools.partial(wire.write, sending))
    finally:
        os._exit(0)


def end_of(pid: int, patience: float = 0.2) -> dict[str, Any]:
    """Reap a child that closed its pipe without an answer; return how it ended.

    One that does not end within `patience` seconds is killed.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _kill_group(pid)
            return _ending(os.waitstatus_to_exitcode(status))
        time.sleep(0.002)
    end(pid)
    return {"outcome": "died", "signal": None, "exit": None}


def _ending(code: int) -> dict[str, Any]:
    if -code == signal.SIGXCPU:
        return {"outcome": "timeout"}
    known = {int(one): one.name for one in signal.Signals}
    name = known.get(-code, f"signal {-code}") if code < 0 else None
    return {"outcome": "died", "signal": name, "exit": code if code >= 0 else None}


def end(pid: int) -> None:
    """Kill and reap a child and what is left of its process group."""
    if pid:
        _kill_group(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _kill_group(pid: int) -> None:
    # The group is gone with its leader, or the child had not made one yet.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
