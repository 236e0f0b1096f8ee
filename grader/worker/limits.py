"""What a child that runs student code may use: set once, before the first student line."""

from __future__ import annotations

import os
import resource
import signal

NOBODY = 65534
ADDRESS_SPACE = 2 * 1024**3  # bytes; NumPy itself needs about 150 MB of it
FILE_SIZE = 1024**2  # bytes; student modules have nothing to write
OPEN_FILES = 64


def confine(cpu_s: int) -> None:
    """Give up root, and bound this process; the box adds more layers (see worker.confine)."""
    os.setsid()
    os.umask(0o077)
    if os.geteuid() == 0:
        become(NOBODY)
    bound(cpu_s)


def become(uid: int) -> None:
    """Go on as another user and group, for good. Raises OSError where that is not allowed."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def bound(cpu_s: int) -> None:
    """Bound CPU seconds, memory, files and processes of this process.

    After it no new process or thread can start. The kernel does not honour RLIMIT_NPROC for root,
    so the uid has to be dropped first.
    """
    for kind, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def only_standard_files(keep: int) -> None:
    """Point 0, 1 and 2 at /dev/null and close every other descriptor but `keep`."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    highest = max(keep, null) + 1
    for descriptor in range(3, highest):
        if descriptor != keep:
            _close(descriptor)
    os.closerange(highest, 4096)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # it was not open
