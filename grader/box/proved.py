"""Keep which way into bubblewrap a trial has proved, until anything changes that it hangs on.

A trial starts Python in a box and takes a tenth of a grading. What is kept names one of our own
ways and nothing else, so that no file can make the box another one; what a worker finds out about
itself is asked each time (plan.verdict).
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.box import outer
from grader.box.cache import cache_folder

NAME = "bubblewrap.json"
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
PROCESS = ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")  # lines of /proc/self/status
SETTINGS = (
    "kernel/random/boot_id", "kernel/unprivileged_userns_clone", "user/max_user_namespaces",
    "kernel/apparmor_restrict_unprivileged_userns",
)  # fmt: skip


def find() -> outer.Outer:
    """Return how to start bubblewrap, as a trial proves it or has proved it here since the start of
    this machine.
    """
    program = outer.program()
    if program is None:
        return outer.find()
    ways = [(start, proc) for start in outer.starts(program) for proc in outer.PROCS]
    state = _state(program, ways)
    with suppress(OSError, ValueError, TypeError, KeyError, IndexError):
        said = json.loads(_read())
        if said["state"] == state and type(said["sized"]) is bool and said["way"] >= 0:
            start, proc = ways[said["way"]]
            return outer.Outer(start, proc, said["sized"])
    found = outer.find()
    if found.start:
        _keep({"state": state, "way": ways.index((found.start, found.proc)), "sized": found.sized})
    return found


def forget() -> None:
    """Let the next one try anew."""
    with suppress(OSError):
        (cache_folder() / NAME).unlink()


def _state(program: str, ways: list[tuple[tuple[str, ...], str]]) -> str:
    """Return the hash of all that decides how a trial ends."""
    seen = os.stat(program)
    status = Path("/proc/self/status").read_text().splitlines()
    (start, proc), *_ = ways
    known: list[Any] = [
        [seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns],
        [os.geteuid(), os.getegid(), os.uname().release],
        [os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES],
        [line for line in status if line.partition(":")[0] in PROCESS],
        [_setting(Path("/proc/sys", name)) for name in SETTINGS],
        [ways, outer.command(outer.Outer(start, proc, True), [outer.TRIAL])],
    ]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _setting(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""


def _read() -> str:
    """Return what is kept. Raises OSError where it may be another's."""
    with open(os.open(cache_folder() / NAME, os.O_RDONLY | os.O_NOFOLLOW)) as file:
        seen = os.fstat(file.fileno())
        if seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
            raise PermissionError
        return file.read(10_000)


def _keep(said: dict[str, Any]) -> None:
    """Write it, whole or not at all, unless that is not allowed."""
    place = cache_folder() / NAME
    new = place.with_name(f"{NAME}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            try:
                file.write(json.dumps(said))
                file.flush()
                new.replace(place)
            finally:
                new.unlink(missing_ok=True)
