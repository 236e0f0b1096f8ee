"""Work done in child processes, one answer after another, whatever the child does to itself."""

from __future__ import annotations

import functools
import gc
import json
import math
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from grader import wire
from grader.errors import WireError
from grader.worker import limits

MAX_SAID = 64 * 1024  # characters of what a child says about one answer, names of arrays included
Answer = Callable[[dict[str, Any], dict[str, np.ndarray]], None]
Answered = tuple[str, dict[str, Any], dict[str, np.ndarray]]


def in_children(
    names: Sequence[str],
    work: Callable[[Sequence[str], Answer], None],
    limit_s: float,
    of: Callable[[str], str] = str,
    confine: Callable[[int], None] = limits.confine,
) -> Iterator[Answered]:
    """Run `work(names, answer)` in a child; yield (name, say, arrays) for each name in order.

    The child calls `answer` once for each name. Where it dies, hangs for `limit_s` wall seconds or
    sends no frame, the name it was at gets an "outcome" of died or timeout, and the names after
    it a fresh child. Names for which `of` gives the same as for one that hung are "not_run": what
    hangs once hangs again. Every answer carries `wall_s`. `confine(cpu seconds)` is the first thing
    that a child does.
    """
    left = list(names)
    hung: set[str] = set()
    while left:
        if of(left[0]) in hung:
            yield left.pop(0), {"outcome": "not_run", "wall_s": 0.0}, {}
            continue
        pid, pipe = start(
            functools.partial(work, tuple(left)),
            functools.partial(confine, math.ceil(limit_s * len(left)) + 1),
        )
        try:
            while left:
                started = time.monotonic()
                name = left.pop(0)
                try:
                    message = wire.read(_reader_until(pipe, started + limit_s))
                except Late:
                    hung.add(of(name))
                    end(pid)  # before anyone is told, so that nothing of it is left by then
                    pid = 0
                    yield name, {"outcome": "timeout", "wall_s": limit_s}, {}
                    break
                except WireError:
                    message = None
                wall_s = time.monotonic() - started
                if message is None:
                    yield name, end_of(pid) | {"wall_s": wall_s}, {}
                    pid = 0
                    break
                say, arrays = _said(*message)
                yield name, say | {"wall_s": wall_s}, arrays
        finally:
            os.close(pipe)
            end(pid)


def _said(say: dict[str, Any], arrays: dict[str, np.ndarray]) -> wire.Message:
    """Return what a child said, if it is of a size and kind that it may say and we can say on.

    That it hung or died is for the driver to say; an outcome that is no text is forged.
    """
    outcome = say.get("outcome", "")
    forged = not isinstance(outcome, str) or outcome in ("timeout", "died", "not_run")
    long = len(json.dumps([say, list(arrays)])) > MAX_SAID
    return ({"outcome": "died"}, {}) if forged or long else (say, arrays)


class Late(Exception):
    """The child has not answered in time."""


def start(work: Callable[[Answer], None], confine: Callable[[], None]) -> tuple[int, int]:
    """Fork a child that confines itself and works; return its pid and the pipe it answers on."""
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid:
        os.close(sending)
        return pid, receiving
    try:
        gc.disable()
        limits.only_standard_files(keep=sending)
        confine()
        work(lambda say, arrays: _write(sending, wire.pack(say, arrays)))
    finally:
        os._exit(0)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _reader_until(descriptor: int, deadline: float) -> Callable[[int], bytes]:
    """Return a receive function for wire.read that raises Late at the deadline."""

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

    return receive


def end_of(pid: int) -> dict[str, Any]:
    """Reap a child that closed its pipe without an answer; say how it ended."""
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _kill_group(pid)
            return _ending(status)
        time.sleep(0.002)
    end(pid)
    return {"outcome": "died", "signal": None, "exit": None}


def _ending(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return {"outcome": "timeout"}
        known = number in set(signal.Signals)
        name = signal.Signals(number).name if known else f"signal {number}"
        return {"outcome": "died", "signal": name, "exit": None}
    return {"outcome": "died", "signal": None, "exit": os.WEXITSTATUS(status)}


def end(pid: int) -> None:
    """Kill and reap a child and what is left of its process group."""
    if pid:
        _kill_group(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # the group is gone with its leader, or the child had not made one yet
