"""Ask child processes for one answer after another, whatever they do to themselves."""

from __future__ import annotations

import functools
import gc
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from grader.errors import WireError
from grader.guest import limits, wire
from grader.guest.wire import Arrays

MAX_REPLY = 64 * 1024  # bytes of one reply, names of arrays included
PATIENCE = 8  # times its limit that a child is waited for at most, where others keep it from work
IDLE = 0.02  # of the time that has passed: who works less than that does not wait for a core
NOT_RUN = {"outcome": "not_run", "wall_s": 0.0}
Answer = Callable[[dict[str, Any], Arrays], None]
Work = Callable[[dict[str, Any], Arrays, Answer], None]
Answered = tuple[str, dict[str, Any], Arrays]
Relayed = tuple[str, dict[str, Any], bytes | bytearray]


class StudentProcess:
    """A confined child that answers one request after another; replaced if it dies or hangs.

    `work(request, arrays, answer)` runs in the child: it calls `answer(reply, arrays)` once for
    each of request["names"]. `confine(cpu seconds)` is the first thing that a child does. An answer
    of more than `room` bytes loses its child: what can be refused by name is refused there.
    If the pipe `asker` is hung up, the child ends and `ask` raises wire.Orphaned.
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
        self._answers = -1

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
        for name, how, answer in self.relay(request, frame, names, limit_s, needs):
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
    ) -> Iterator[Relayed]:
        """Hand over a request with the `frame` of its arrays; yield (name, how it went, answer).

        An answer is a frame that nobody has opened yet (see `opened`), b"" where there is none.
        If the child dies, hangs for `limit_s` seconds or sends no frame, the name it was at
        gets an "outcome" of died or timeout, and the names after it a fresh child.
        `needs` maps a name to what it is about, then what it needs: if one of these hung, it is
        "not_run", for what hangs once hangs again. Of every name its `wall_s` is told.
        """
        left, hung = list(names), set[str]()
        while left:
            able = [name for name in left if hung.isdisjoint(needs.get(name, [name]))]
            if left[0] not in able:
                yield left.pop(0), dict(NOT_RUN), b""
                continue
            incoming = self._hand_over({**request, "names": able}, frame, limit_s)
            try:
                for name, how, answer in self._answered(left, able, incoming, limit_s):
                    if how.get("outcome") == "timeout":
                        hung.add(needs.get(name, [name])[0])
                    yield name, how, answer
            except (GeneratorExit, wire.Orphaned):
                self.end()
                raise

    def end(self) -> None:
        """Kill the child, if there is one, and all that is left of it."""
        if self._pid:
            end(self._pid)
            self._gone()

    def _answered(
        self, left: list[str], able: Sequence[str], incoming: wire.Incoming, limit_s: float
    ) -> Iterator[Relayed]:
        """Yield what the child answers, and take it off `left`, until it ends or is late."""
        while left and self._pid:
            started = time.monotonic()
            name, patience = left.pop(0), 0.2
            if name not in able:
                yield name, dict(NOT_RUN), b""
                continue
            try:
                answer = self._take(incoming, started, limit_s)
            except wire.Late:
                self.end()  # before anyone hears of it, so that nothing of it is left by then
                yield name, {"outcome": "timeout", "wall_s": limit_s}, b""
                return
            except WireError:
                answer, patience = None, 0.02  # it may be about to die in the middle of a frame
            wall_s = time.monotonic() - started
            if answer is None:
                ending = end_of(self._pid, patience)
                self._gone()
                yield name, ending | {"wall_s": wall_s}, b""
                return
            yield name, {"wall_s": wall_s}, answer

    def _take(
        self, incoming: wire.Incoming, started: float, limit_s: float
    ) -> bytes | bytearray | None:
        """Return the next answer, None at the end. Raises Late.

        Seconds count as they pass, unless others keep the child from running: then its own do.
        """
        before, until = cpu_of(self._pid), started + limit_s
        while True:
            try:
                return incoming.take(until)
            except wire.Late:
                now = time.monotonic()
                until = now + more_s(cpu_of(self._pid) - before, now - started, limit_s)
                if until == now:
                    raise

    def _hand_over(
        self, request: dict[str, Any], frame: bytes | bytearray, limit_s: float
    ) -> wire.Incoming:
        """Send a request to the child there is, or to a new one; return where it answers.

        One that ended meanwhile, or sent what nobody asked for, is replaced: no name is to blame.
        """
        ended = self._pid and os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if self._pid and (ended or not wire.Incoming(self._answers).is_quiet):
            self.end()
        if self._pid:
            try:
                wire.send(self._asking, wire.pack(request) + frame, time.monotonic() + limit_s)
            except (wire.Late, BrokenPipeError):
                self.end()
        if not self._pid:
            self._start(request, frame)
        return wire.Incoming(self._answers, self._room, asker=self._asker)

    def _start(self, request: dict[str, Any], frame: bytes | bytearray) -> None:
        """Start a child, which has its first request from this process's memory."""
        requests, self._asking = os.pipe()
        os.set_blocking(self._asking, False)

        def serve(answer: Answer) -> None:
            self._work(request, wire.opened(frame)[1], answer)
            incoming = wire.Incoming(requests)
            while (message := incoming.read()) is not None:
                inputs = incoming.read()
                assert inputs is not None
                self._work(message[0], inputs[1], answer)

        self._pid, self._answers = start(serve, self._confine, requests)
        os.close(requests)

    def _gone(self) -> None:
        self._pid = 0
        os.close(self._asking)
        os.close(self._answers)


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
