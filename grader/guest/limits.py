"""Bound what a process that runs student code may use: once, before its first line."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows: nothing is bounded, and this module is only imported
    pass


SET_PARENT_DEATH_SIGNAL = 1
PIPE = 512 * 1024  # bytes on their way at once: each time it is full, two processes take turns


@dataclass(frozen=True)
class Room:
    """What one child may take: bytes of memory and of a file, open files, processes and threads.

    `processes` None leaves it to seccomp, which lets a student process start threads only.
    """

    memory: int
    file: int
    files: int
    processes: int | None


# NumPy itself needs about 150 MB; student modules have nothing to write and no thread to start.
FOR_CODE = Room(memory=2 * 1024**3, file=1024**2, files=64, processes=0)


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library; it is found once, before a process forks."""
    return ctypes.CDLL(None, use_errno=True)


def become(uid: int) -> None:
    """Go on as another user and group, for good. Raises OSError if that is not allowed."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def end_with(parent: int) -> None:
    """Let the kernel kill this process as soon as its `parent` ends, however that ends.

    More exactly: as soon as the thread ends that started it. A change of user takes it back. If
    the parent is gone already, this process ends here.
    """
    libc().prctl(SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def bound(cpu_s: int, room: Room) -> None:
    """Bound CPU seconds, memory, files and processes of this process.

    The kernel does not honour RLIMIT_NPROC for root, so the uid has to be dropped first; it counts
    all processes and threads of the user. What the caller of the grader bounds closer stays so.
    """
    if room.processes is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (room.processes, room.processes))
    for kind, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, room.memory),
        (resource.RLIMIT_FSIZE, room.file),
        (resource.RLIMIT_NOFILE, room.files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (least, least))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def only_standard_files(keep: Collection[int]) -> None:
    """Point 0, 1 and 2 at /dev/null and close every other descriptor but those to `keep`."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    edges = sorted({2, *keep, 4096})
    for low, high in zip(edges, edges[1:]):
        os.closerange(low + 1, high)


def widen(pipe: int) -> None:
    """Let more bytes wait in a pipe, if this system allows it."""
    import fcntl  # absent on Windows, where no worker starts

    with suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
