"""Grade tasks in processes on this machine, each with a warm box of its own.

A process is the unit of loss: one that ends or does not answer in time is replaced, and its chunk
comes back lost. There are more of them than cores, for code that hangs costs time and no work. They
are forked from a server that has imported everything and run nothing, and end with it.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from grader.course.runners import Chunk, Maker, fresh
from grader.course.tasks import Done, Grader, Policy

PAUSE_S = 0.5  # until whoever waits is asked again whether to go on
STOP_S = 5.0


def slots() -> int:
    """Return how many processes are worth while here."""
    cores = len(os.sched_getaffinity(0))
    return cores + max(2, cores // 2)


@dataclass
class _Slot:
    """One process, and the chunk that it has."""

    process: BaseProcess
    pipe: Connection
    chunk: Chunk = ()
    until: float = 0.0
    done: list[Done] = field(default_factory=list)


class Local:
    """Grades with `jobs` processes; `limit_s` is the longest that one task may take.

    `maker` makes what grades in each of them.
    """

    chunk = 1  # handing one over costs a thousandth of grading it

    def __init__(self, policy: Policy, jobs: int, limit_s: float, maker: Maker = Grader) -> None:
        self._policy, self._limit_s, self._maker = policy, limit_s, maker
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._slots = [self._start() for _ in range(jobs)]

    @property
    def has_room(self) -> bool:
        """Whether a process has nothing to do."""
        return any(not slot.chunk for slot in self._slots)

    def submit(self, chunk: Chunk) -> None:
        """Hand a chunk to a process that has none."""
        slot = next(slot for slot in self._slots if not slot.chunk)
        slot.chunk, slot.done = chunk, []
        slot.until = time.monotonic() + self._limit_s * len(chunk)
        with suppress(OSError):  # it has ended: that is seen when its answer is waited for
            slot.pipe.send(chunk)

    def completed(self) -> Iterator[tuple[Chunk, Sequence[Done] | None]]:
        """Wait for an answer, but not for long; yield the chunks that are done or lost."""
        busy = {slot.pipe: slot for slot in self._slots if slot.chunk}
        for pipe in wait(list(busy), PAUSE_S):
            slot = busy[pipe]  # type: ignore[index]
            try:
                slot.done.append(slot.pipe.recv())
            except (OSError, EOFError):
                yield self._lost(slot), None
            else:
                if len(slot.done) == len(slot.chunk):
                    chunk, slot.chunk = slot.chunk, ()
                    yield chunk, slot.done
        now = time.monotonic()
        for slot in self._slots:
            if slot.chunk and now > slot.until:
                yield self._lost(slot), None

    def stop(self) -> None:
        """End all processes; those that have nothing to do end by themselves."""
        idle = [slot for slot in self._slots if not slot.chunk]
        for slot in idle:
            with suppress(OSError):
                slot.pipe.send(())
        until = time.monotonic() + STOP_S
        for slot in idle:
            slot.process.join(max(0.0, until - time.monotonic()))
        for slot in self._slots:
            slot.pipe.close()
            _end(slot.process)
        self._slots = []

    def _start(self) -> _Slot:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(theirs, self._policy, self._maker), daemon=True
        )
        with fresh.starting():  # the server starts with the first of them
            process.start()
        theirs.close()
        return _Slot(process, ours)

    def _lost(self, slot: _Slot) -> Chunk:
        """Replace the process of a slot; return the chunk that it had."""
        chunk = slot.chunk
        slot.pipe.close()
        _end(slot.process)
        self._slots[self._slots.index(slot)] = self._start()
        return chunk


def _end(process: BaseProcess) -> None:
    if process.is_alive():
        process.kill()
    process.join()


def serve(pipe: Connection, policy: Policy, maker: Maker) -> None:
    """Grade chunks that come through the pipe until an empty one comes: the life of a process.

    Ctrl-C goes to all processes of a terminal: here it is not heard, so that what runs may end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(pipe.fileno(),), daemon=True).start()
    grader = maker(policy)
    with suppress(EOFError, OSError):
        while chunk := pipe.recv():
            for done in grader.chunk(chunk):
                pipe.send(done)
    grader.stop()


def _end_with(pipe: int) -> None:
    """End this process as soon as the other end of the pipe is closed, whatever it is doing.

    No death signal can do it: its parent is the server, which lives until its children have ended.
    """
    hangup = select.poll()
    hangup.register(pipe, select.POLLRDHUP)
    hangup.poll()
    os._exit(0)
