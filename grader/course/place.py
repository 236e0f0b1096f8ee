"""The folder of a class: only its owner may look into it, and one driver writes in it at a time."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.errors import UsageError

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ceph|lustre|gpfs|beegfs|glusterfs|9p|virtiofs|fuse\..*|davfs"
)
LOCK = ".driver"


def make(folder: Path) -> None:
    """Make the folder of a class, for its owner's eyes only. Raises UsageError."""
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if new:
            folder.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another -o"
        ) from None


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Be the one driver of the folder. Raises UsageError with the number of the one there is."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another -o"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise UsageError(
                f"{folder}: process {other} grades this class; wait for its end, or end it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_local(folder: Path) -> None:
    """Raise UsageError for a folder on a network disk, where SQLite's locks do not hold."""
    kind = kind_of_disk(folder, _mounts())
    if NETWORK.fullmatch(kind):
        raise UsageError(
            f"{folder}: lies on a network disk ({kind}), where a database can be damaged; choose a "
            "local -o, or grade there with --shard I/N, which writes files only"
        )


def kind_of_disk(folder: Path, mounts: str) -> str:
    """Return the file system of a folder, given the text of /proc/self/mountinfo; "" if unknown."""
    real, found = Path(os.path.realpath(folder)), ("", "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split()
        if len(words) < 5 or not after:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[4])
        if real.is_relative_to(point) and len(point) >= len(found[0]):
            found = point, after.split()[0]
    return found[1]


def _mounts() -> str:
    with suppress(OSError):
        return Path("/proc/self/mountinfo").read_text(errors="replace")
    return ""
