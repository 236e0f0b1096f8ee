"""Give up in layers what student code must not have: in the worker once, in each child again.

    worker   private memory, Landlock (files), seccomp (sockets, programs, foreign processes)
    child    no way back to root, limits, a Landlock domain of its own, the filter for student code

`enter` takes what is wanted and what this kernel has, and tries it in a child: what gets through
there would get through for a student too, and is reported. Nothing here is switched on by a
student, and nothing of it can be taken back.
"""

from __future__ import annotations

import _socket
import _thread
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.guest import children, landlock, limits, seccomp
from grader.guest.incoming import Incoming

LAYERS = ("uid", "rlimits", "landlock", "seccomp")
SET_DUMPABLE = 4
TRIAL_CPU_S = 2


@dataclass(frozen=True)
class Wanted:
    """Which layers to take, and their parts.

    `uid` is who a child becomes if the worker is root. `readable`, `listable` and `writable` are
    paths as in `landlock.restrict`. `outside` is a file that must be out of reach, `scratch` the
    folder that notebooks write in.
    """

    layers: Sequence[str]
    uid: int
    readable: Sequence[str]
    listable: Sequence[str]
    writable: Sequence[str]
    outside: str
    scratch: str = ""


@dataclass(frozen=True)
class Confinement:
    """What is in force: `layers`, `why` for each one that is not, what got `through` a trial."""

    layers: tuple[str, ...]
    uid: int
    filter: bytes
    why: Mapping[str, str] = field(default_factory=dict)
    through: tuple[str, ...] = ()

    def child(self, cpu_s: int, room: limits.Room = limits.FOR_CODE) -> None:
        """Confine this process, which is about to run student code, to `cpu_s` CPU seconds."""
        os.setsid()
        os.umask(0o077)
        if "uid" in self.layers:
            parent = os.getppid()
            limits.become(self.uid)
            limits.end_with(parent)
        _hide_memory()
        if "rlimits" in self.layers:
            limits.bound(cpu_s, room)
        if "landlock" in self.layers:
            landlock.nest()
        if "seccomp" in self.layers:
            # The kernel counts no threads of root: if the uid could not be dropped, refuse them.
            seccomp.install(seccomp.student_filter(self.filter, threads=os.geteuid() != 0))


def enter(wanted: Wanted) -> Confinement:
    """Take the worker's layers in this process; return what is in force, as a child found it."""
    why: dict[str, str] = {}
    layers = [name for name in LAYERS if name in wanted.layers]
    _hide_memory()
    if "uid" in layers and os.geteuid() != 0:
        layers.remove("uid")  # there is nothing to give up
    program = b""
    for name in layers:
        try:
            if name == "landlock":
                landlock.restrict(wanted.readable, wanted.writable, wanted.listable)
            elif name == "seccomp":
                program = seccomp.driver_filter()
                seccomp.install(program)
                seccomp.student_filter(program, threads=True)  # once, for all children
        except OSError as error:
            why[name] = f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    if "uid" in layers and (failed := _in_child(lambda: limits.become(wanted.uid))):
        why["uid"] = failed[0]
    here = Confinement(tuple(n for n in layers if n not in why), wanted.uid, program, why)
    return replace(here, through=tuple(_in_child(lambda: _trial(here, wanted.outside))))


def _hide_memory() -> None:
    """Close the memory of this process to others of its user, and write no core file of it.

    A new uid takes the system's setting, and may leave a dump outside of the box.
    """
    limits.libc().prctl(SET_DUMPABLE, 0, 0, 0, 0)


def _trial(here: Confinement, outside: str) -> list[str]:
    """Confine this child; return what it can do all the same."""
    parent = os.getppid()
    here.child(TRIAL_CPU_S)
    attempts: dict[str, Callable[[], object]] = {
        "a socket": lambda: _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM),
        "a new process": os.fork,
        "a new thread": lambda: _thread.start_new_thread(int, ()),
        "its parent": lambda: os.kill(parent, 0),
        outside: lambda: os.open(outside, os.O_RDONLY),
    }
    me, through = os.getpid(), []
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, RuntimeError):  # the second is a thread's
            continue
        if os.getpid() != me:
            os._exit(0)
        through.append(name)
    return through


def _in_child(work: Callable[[], Sequence[str] | None]) -> list[str]:
    """Do `work` in a child; return the list it gives, or what went wrong as the only entry."""

    def report(answer: children.Answer) -> None:
        try:
            answer({"through": list(work() or [])}, {})
        except OSError as error:
            answer({"through": [str(error.strerror)]}, {})

    pid, pipe = children.start(report, lambda: None)
    frame = Incoming(pipe).read()
    os.close(pipe)
    through = frame[0]["through"] if frame else ["the trial gave no answer"]
    try:
        os.kill(pid, 0)
    except PermissionError:  # root without CAP_KILL
        through = ["the worker could not end it afterwards"]
    os.waitpid(pid, 0)
    return list(through)
