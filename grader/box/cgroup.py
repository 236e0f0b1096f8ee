"""A control group for each worker, where cgroup v2 lets us make one: the box as a whole is bounded.

What a process may take is bounded by its own limits everywhere (guest.limits). A group counts what
they do not: memory of the kernel, files in memory, threads of all processes of the box together;
and it ends all of them at one word. A system without it, or without a right to it, loses nothing
else.

Sources: Documentation/admin-guide/cgroup-v2.rst in the kernel's tree.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

ROOT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
BOUNDS = {"memory.max": str(4 * 1024**3), "memory.swap.max": "0", "pids.max": "512"}
NEEDED = {"memory", "pids"}
ENDS_S = 0.5
# The process moves itself before it becomes the worker, so that no child is left outside.
ENTER = 'echo 0 > "$0" 2>/dev/null; exec "$@"'


def make(root: Path = ROOT, own: Path = OWN) -> Path | None:
    """Make a bounded group, beside or below that of this process; None where we may not.

    What graders that are gone have left is taken away.
    """
    for parent in _parents(root, own):
        for left in parent.glob("backgrade-*-*"):
            if not os.path.exists(f"/proc/{left.name.split('-')[1]}"):
                end(left)
        for number in itertools.count():
            group = parent / f"backgrade-{os.getpid()}-{number}"
            try:
                group.mkdir()
            except FileExistsError:
                continue
            except OSError:
                break
            with suppress(OSError):
                for name, most in BOUNDS.items():
                    if name != "memory.swap.max" or (group / name).exists():
                        (group / name).write_text(most, newline="\n")
                return group
            end(group)
            break
    return None


def allow(group: Path | None, memory: int) -> None:
    """Let a group take this much memory, in bytes, on top of what the worker itself may."""
    if group is not None:
        with suppress(OSError):
            (group / "memory.max").write_text(str(int(BOUNDS["memory.max"]) + memory), newline="\n")


def inside(group: Path | None, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one in a group."""
    if group is None:
        return list(command)
    return ["/bin/sh", "-c", ENTER, str(group / "cgroup.procs"), *command]


def end(group: Path | None) -> None:
    """Kill what is left in a group, and take it away."""
    if group is None:
        return
    if (kill := group / "cgroup.kill").exists():  # else the worker was killed already
        with suppress(OSError):
            kill.write_text("1", newline="\n")
    until = time.monotonic() + ENDS_S
    while time.monotonic() < until:
        try:
            return group.rmdir()
        except FileNotFoundError:
            return None
        except OSError:  # a process of it is still ending
            time.sleep(0.005)


def _parents(root: Path, own: Path) -> Iterator[Path]:
    """Yield the groups in which one may be made: that of this process, and the one above it."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    path = next((line[3:].strip("/") for line in lines if line.startswith("0::/")), None)
    if path is None:
        return
    here = root / path
    for group in [here, here.parent] if path else [here]:
        with suppress(OSError):
            given = set((group / "cgroup.subtree_control").read_text().split())
            if given >= NEEDED and os.access(group, os.W_OK):
                yield group
