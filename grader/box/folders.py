"""Temporary folders that outlive nobody: what a killed process leaves, the next one takes away.

A folder's name tells which process made it, and when that began; as long as that lives, it holds a
lock on it. The lock is what counts where numbers of processes say nothing: another container may
have its folders in the same place.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from grader.errors import GraderFault

NAME = re.compile(r"backgrade-(\d+)-(\d+)-\w+")  # process, its start, a random part
_OPEN = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Folder:
    """A new folder in `parent`, by default where temporary files go; a context manager.

    Raises GraderFault where there is no room for one.
    """

    def __init__(self, parent: Path | None = None) -> None:
        prefix = f"backgrade-{os.getpid()}-{start_of(os.getpid())}-"
        with _told(parent):
            place = str(parent) if parent else tempfile.gettempdir()
            sweep(Path(place))
            self._made = tempfile.TemporaryDirectory(
                prefix=prefix, dir=place, ignore_cleanup_errors=True
            )
        self.path = Path(self._made.name)
        self._lock = _locked(self.path)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Take the folder away with all that is in it."""
        self._made.cleanup()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def nameless_file() -> IO[bytes]:
    """Return a new file without a name, which ends with this process. Raises GraderFault."""
    with _told(None):
        return tempfile.TemporaryFile(prefix="backgrade-")


@contextmanager
def _told(parent: Path | None) -> Iterator[None]:
    """Raise what a place for temporary files lacks as one line."""
    try:
        yield
    except OSError as error:
        raise GraderFault(
            f"{parent or 'TMPDIR'}: nothing can be written there ({error.strerror}); "
            "set TMPDIR to a folder with room and run again"
        ) from None


def sweep(place: Path) -> None:
    """Take away the folders in `place` that this user's processes left which no longer live."""
    with suppress(OSError):
        for entry in sorted(place.iterdir()):
            known = NAME.fullmatch(entry.name)
            if known and start_of(int(known[1])) != known[2] and _is_ours(entry):
                lock = _locked(entry)
                if lock is not None:
                    shutil.rmtree(entry, ignore_errors=True)
                    os.close(lock)


def start_of(pid: int) -> str:
    """Return when a process began, in ticks since boot: numbers of processes come again.

    "" stands for one that does not live, "0" for a system that does not tell.
    """
    if not os.path.isdir("/proc/self"):
        return "0"
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_ours(folder: Path) -> bool:
    seen = os.lstat(folder)
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid()


def _locked(folder: Path) -> int | None:
    """Return a descriptor that holds the lock on a folder; None if another process has it."""
    try:
        import fcntl  # absent on Windows, where nothing is swept
    except ImportError:
        return None
    try:
        descriptor = os.open(folder, _OPEN)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
