"""What a box must leave as it was, looked at from outside: files, golden answers."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.box.plan import FIRST_UID
from tests.support import handed_in

# Where hostile submissions try to write. Other programs write here too, so what appeared is told by
# its owner, or by the name that an attack gives its files.
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/dev")
OURS = ("backgrade-hostile", "backgrade-left")
TEMPORARY = "backgrade-"  # folders that the grader itself makes for a box, and takes away
BOX_UIDS = range(FIRST_UID, FIRST_UID + 1_000)
# Nobody else writes here while tests run.
KEPT = ("grader", "reference", "rubrics", "student_template", "tests/submissions")


Known = set[tuple[str, int]]  # paths and inodes of others: they are not looked at again


def strays(others: Known | None = None) -> set[str]:
    """Return the files in PLACES, the home folder and the checkout that an attack has written.

    What belongs to others is added to `others`, and taken from there: no box can take it over.
    """
    folders = {*PLACES, os.path.expanduser("~"), str(handed_in.ROOT), os.getcwd()}
    others = set() if others is None else others
    return {path for folder in folders for path in _strays_in(folder, others)}


def _strays_in(folder: str, others: Known) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        known = entry.path, entry.inode()
        if known in others:
            continue
        try:
            owner = entry.stat(follow_symlinks=False).st_uid
        except OSError:
            continue  # it is gone again
        of_a_box = owner in BOX_UIDS and not entry.name.startswith(TEMPORARY)
        if of_a_box or entry.name.startswith(OURS):
            yield entry.path
        else:
            others.add(known)


Kept = tuple[int, int, int, str]


def kept(known: Mapping[str, Kept] | None = None) -> dict[str, Kept]:
    """Return mode, size, time of the last change and hash of what the grader lives by.

    The time is that of the inode: chmod and utime move it too, and nobody can set it back. So a
    file that has it as in `known` is not read again.
    """
    found: dict[str, Kept] = {}
    for path, seen in _files():
        told = (seen.st_mode, seen.st_size, seen.st_ctime_ns)
        before = (known or {}).get(path)
        if before is None or before[:3] != told:
            before = (*told, hashlib.sha256(Path(path).read_bytes()).hexdigest())
        found[path] = before
    golden = os.path.join(handed_in.ROOT, "reference", "golden", "")
    assert any(path.startswith(golden) and path.endswith(".npy") for path in found)
    return found


def _files() -> Iterator[tuple[str, os.stat_result]]:
    """Yield all files with what the system says of them, which is asked once."""
    folders = [os.path.join(handed_in.ROOT, name) for name in KEPT]
    while folders:
        for entry in os.scandir(folders.pop()):
            seen = entry.stat()
            if stat.S_ISREG(seen.st_mode):
                yield entry.path, seen
            elif entry.name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
