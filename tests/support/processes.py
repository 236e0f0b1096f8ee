"""Which processes there are below this one: what a box leaves behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_servers() -> None:
    """End what multiprocessing keeps of this process for the next one that it starts."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def below(pid: int) -> set[int]:
    """Return the living processes below `pid`."""
    found: set[int] = set()
    queue = [pid]
    while queue:
        for child in children(queue.pop()) - found:
            if not _is_dead(child):
                found.add(child)
            queue.append(child)
    return found


def resident(pid: int) -> list[int]:
    """Return `pid`, and where it is bubblewrap, its first process and the worker in it, last.

    Whatever else is below came from a submission: a driver, a child, an orphan.
    """
    found = [pid]
    if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]:
        for _ in range(2):
            found += sorted(children(found[-1]))[:1]
    return found


def gone(pids: set[int], within_s: float = 3.0) -> bool:
    """Wait until none of `pids` lives; say whether that came true."""
    deadline = time.monotonic() + within_s
    while any(not _is_dead(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def children(pid: int) -> set[int]:
    """Return the processes that `pid` started, as far as /proc lists them."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found |= {int(word) for word in task.read_text().split()}
        except OSError:
            continue
    return found


def _is_dead(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def parent(pid: int) -> int:
    """Return the process that started `pid`; 0 where that has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def command(pid: int) -> str:
    """Return the command line of a process, shortened; empty where it has ended."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
    return text.replace("\0", " ")[:200]


def mine() -> set[int]:
    """Return the living processes below this one."""
    return below(os.getpid())


@contextlib.contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """A hang of ours is a failed test, not a stuck run."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"the grader hung for {seconds} s")

    kept = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)
