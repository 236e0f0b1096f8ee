"""The outer layer: a real bubblewrap, seen from inside and from outside, and the box without it."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.box import outer

ROOT = Path(__file__).resolve().parents[3]
OURS = [str(ROOT / "grader" / name) for name in ("errors.py", "guest")]
NUMPY = str(Path(outer.python_files().again[0]).parent)
FIND = """
import dataclasses
from grader.box import outer
said = dataclasses.asdict(outer.find())
tell()
"""
INSIDE = """
import socket, time
sys.path.append(given["numpy"])
attempts = given["attempts"]
exec(attempts)
tell()
"""
ALLOWED = """
import threading
import numpy as np

one = threading.Thread(target=time.sleep, args=(0.001,))
attempt("a product", lambda: np.random.rand(99, 99) @ np.random.rand(99, 99))
attempt("a lazy part of NumPy", lambda: __import__("numpy.fft"))
attempt("the standard library", lambda: [__import__(n) for n in ("statistics", "ssl", "sqlite3")])
attempt("a thread", lambda: (one.start(), one.join()))
attempt("the time", time.localtime)
attempt("/dev/null", lambda: open("/dev/null", "w").write("text"))
attempt("the worker's files", lambda: open(given["ours"][0]).read())
attempt("the worker's folder", lambda: os.listdir(given["ours"][1]))
"""
READ = """
attempt("golden", lambda: open(given["golden"]).read())
attempt("reference", lambda: open(given["reference"]).read())
attempt("the grader", lambda: open(given["grader"]).read())
attempt("an installed package", lambda: open(given["package"]).read())
attempt("/etc", lambda: open("/etc/hostname").read())
attempt("a shell", lambda: open("/bin/sh", "rb").read())
attempt("another process", lambda: open(f"/proc/{given['outside']}/status").read())
attempt("its signal", lambda: os.kill(given["outside"], 0))
attempt("network", lambda: socket.create_connection(("127.0.0.1", given["port"])))
"""
WRITE = """
for folder in ("/", "/dev", "/usr/lib", "/etc", given["ours"][1], given["numpy"] + "/numpy"):
    attempt(folder, lambda: os.mkdir(folder + "/folder"))
"""
FILL = """
def fill(path):
    with open(path, "wb", buffering=0) as file:
        for said["MB"] in range(given["most"]):
            file.write(bytes(1 << 20))

attempt("fill", lambda: fill(given["folder"] + "/fill"))
try:
    os.remove(given["folder"] + "/fill")
except OSError:
    pass
"""
# Everything at once, in the order in which the worker and its children do it.
ALL = """
import numpy as np
sys.path.append(given["repository"])
from grader.guest import landlock, seccomp

attempt("numpy", lambda: __import__("numpy.linalg"))
landlock.restrict(given["readable"], (), given["listable"])
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
seccomp.install(seccomp.driver_filter())
below()
os.setsid()
landlock.nest()
seccomp.install(seccomp.student_filter())
attempt("a product", lambda: np.ones((9, 9)) @ np.ones((9, 9)))
attempt("a lazy import", lambda: __import__("fractions"))
attempt("fork", os.fork)
attempt("parent", lambda: os.kill(os.getppid(), 0))
attempt("its memory", lambda: open(f"/proc/{os.getppid()}/mem"))
attempt("/tmp", lambda: open("/tmp/file", "w"))
tell()
"""


@pytest.fixture
def found(run: Any) -> outer.Outer:
    """What this user finds here."""
    said = run(FIND)
    said.pop("ended")
    if not said["start"]:
        pytest.skip(f"NOT TESTED: {said['why']}")
    return outer.Outer(**said | {"start": tuple(said["start"])})


@pytest.fixture
def outside(place: Path) -> Iterator[dict[str, Any]]:
    """A process, a server, a golden file: all that is to be out of reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sleeper = subprocess.Popen(["sleep", "60"], user=os.geteuid())
        yield {
            "golden": str(place / "golden.npz"),
            "reference": str(ROOT / "reference/cs231n/layers.py"),
            "grader": outer.__file__, "package": pytest.__file__, "outside": sleeper.pid,
            "port": server.getsockname()[1], "ours": OURS, "numpy": NUMPY,
        }  # fmt: skip
        sleeper.kill()
        sleeper.wait()


def boxed(found: outer.Outer) -> Callable[[list[str]], list[str]]:
    """Return what puts a command into the box."""
    return lambda argv: outer.command(found, argv, OURS)


def test_the_trial_found_it(found: outer.Outer) -> None:
    assert found.name == "bubblewrap" and found.proc in ("fresh", "host") and not found.why


@pytest.mark.parametrize("proc", ["fresh", "host"])
def test_what_the_worker_needs_is_there(
    run: Any, found: outer.Outer, outside: dict[str, Any], proc: str
) -> None:
    if found.proc == "host" and proc == "fresh":
        pytest.skip("NOT TESTED: no fresh /proc can be mounted here")
    found = dataclasses.replace(found, proc=proc)
    said = run(INSIDE, wrap=boxed(found), attempts=ALLOWED, **outside)
    assert set(said.values()) == {"through", 0}, said


def test_what_is_outside_is_out_of_reach(
    run: Any, found: outer.Outer, outside: dict[str, Any]
) -> None:
    said = run(INSIDE, wrap=boxed(found), attempts=READ, **outside)
    process = {said.pop("another process"), said.pop("its signal")}
    assert process <= {"ENOENT", "ESRCH"} or found.proc == "host"
    assert said.pop("network") == "ECONNREFUSED"  # a loopback of its own, with nobody there
    assert set(said.values()) == {"ENOENT", 0}, said


def test_without_it_everything_is_in_reach(run: Any, outside: dict[str, Any]) -> None:
    said = run(INSIDE, wrap=boxed(outer.Outer()), attempts=READ, **outside)
    if said["its signal"] == "EPERM":
        said.pop("its signal")  # a process of root, seen by an ordinary user
    for path in ("reference", "grader", "package"):
        assert os.path.exists(outside[path])
    assert set(said.values()) == {"through", 0}, said


def test_nothing_is_writable(run: Any, found: outer.Outer, outside: dict[str, Any]) -> None:
    said = run(INSIDE, wrap=boxed(found), attempts=WRITE, **outside)
    assert said.pop("/etc") in ("EROFS", "ENOENT", "EACCES")
    assert set(said.values()) <= {"EROFS", "EACCES", 0}, said


@pytest.mark.parametrize("folder, most", [("/dev/shm", 1), ("/tmp", 64)])
def test_temporary_folders_are_small(run: Any, found: outer.Outer, folder: str, most: int) -> None:
    if not found.sized:
        pytest.skip("NOT TESTED: this bwrap has no --size, so there are no such folders")
    given = {"attempts": FILL, "folder": folder, "numpy": NUMPY}
    said = run(INSIDE, wrap=boxed(found), most=200, **given)
    assert said["fill"] == "ENOSPC" and said["MB"] <= most, said
    assert run(INSIDE, most=most + 5, **given)["fill"] == "through"  # without it


def test_a_bwrap_that_cannot_limit_a_folder_gives_none(run: Any, found: outer.Outer) -> None:
    given = {"attempts": FILL, "most": 1, "numpy": NUMPY}
    old = dataclasses.replace(found, sized=False)
    for folder in ("/tmp", "/dev/shm", "/dev", "/"):
        said = run(INSIDE, wrap=boxed(old), folder=folder, **given)
        assert said["fill"] in ("EROFS", "ENOENT", "EACCES"), (folder, said)


def test_root_keeps_no_capability_but_three(run: Any, found: outer.Outer) -> None:
    look = """
said["caps"] = next(w for w in open("/proc/self/status").read().split("\\n") if "CapEff" in w)
said["host"] = os.uname().nodename
said["environment"] = sorted(os.environ)
"""
    said = run(INSIDE, wrap=boxed(found), attempts=look, numpy=NUMPY)
    assert int(said["caps"].split()[1], 16) & ~0xE0 == 0  # CAP_KILL, CAP_SETGID, CAP_SETUID
    assert said["host"] == "box"
    ours = {"PATH", "OPENBLAS_NUM_THREADS", "SECRET"}  # of the fixture; LC_CTYPE is Python's
    assert set(said["environment"]) <= ours | {"PWD", "LC_CTYPE"}


def test_it_ends_with_the_one_who_started_it(
    become: list[str], found: outer.Outer, tmp_path: Path
) -> None:
    """A grader that is killed leaves nothing running."""
    mark = f"box-{os.getpid()}-{time.monotonic_ns()}"
    sleep = [sys.executable, "-c", f"import time; {mark!r}; time.sleep(60)"]
    grader = f"""
        import subprocess, sys
        box = subprocess.Popen({outer.command(found, sleep)!r})
        sys.stdin.read()
    """
    argv = [*become, sys.executable, "-c", textwrap.dedent(grader)]

    def running() -> bool:
        return sleep in (_arguments(process) for process in Path("/proc").glob("[0-9]*"))

    started = subprocess.Popen(argv, stdin=subprocess.PIPE)
    _until(running)
    started.send_signal(signal.SIGKILL)
    started.wait()
    _until(lambda: not running())


def test_all_layers_together(run: Any, found: outer.Outer) -> None:
    files = outer.python_files()
    readable = [*map(os.path.realpath, files.shown), *files.again, *outer.devices(), *OURS]
    given = {"readable": readable, "listable": [], "repository": str(ROOT)}
    for way in (found, outer.Outer()):
        said = run("sys.path.append(given['numpy'])\n" + ALL, wrap=boxed(way), numpy=NUMPY, **given)
        through = {"numpy", "a product"} | ({"a lazy import"} if way.start else set())
        assert {said[name] for name in through} == {"through"}, said
        assert said["fork"] == said["parent"] == "EPERM", said
        assert said["its memory"] == said["/tmp"] == "EACCES", said


@pytest.mark.parametrize("become", ["root"], indirect=True)
def test_where_no_fresh_proc_can_be_mounted(found: outer.Outer) -> None:
    """A container hides parts of /proc, and the kernel then lets no namespace mount its own."""
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc/acpi && exec "$@"', "sh"]
    if os.geteuid() != 0 or subprocess.run([*hide, "true"], capture_output=True).returncode:
        pytest.skip("NOT TESTED: only root can hide parts of /proc")
    program = f"""
        import json, sys
        sys.path.insert(0, {str(ROOT)!r})
        from grader.box import outer
        start = ({found.start[0]!r}, "--unshare-user", *outer.NAMESPACES)
        ways = [outer.Outer(start, proc, sized=True) for proc in ("fresh", "host")]
        print(json.dumps([outer._trial(way) for way in ways]))
    """
    argv = [*hide, sys.executable, "-c", textwrap.dedent(program)]
    said = subprocess.run(argv, capture_output=True, text=True).stdout
    fresh, host = json.loads(said)
    assert "proc" in fresh and host == ""


def test_a_bwrap_that_does_not_work_is_none_with_the_reason(tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)
    none = outer.find(str(fake))
    assert none.name == "none" and "No permissions to create new namespace" in none.why
    assert outer.command(none, ["python"], OURS) == ["python"]


def test_a_box_that_shows_too_much_is_none(tmp_path: Path) -> None:
    """A program that only claims to be bubblewrap runs everything in plain sight."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    fake.chmod(0o755)
    assert "the box shows /" in outer.find(str(fake)).why


def test_no_bwrap_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "apt install bubblewrap" in outer.find().why


def _arguments(process: Path) -> list[str]:
    """Return the command line of a process, as /proc shows it; none where it has just ended."""
    try:
        return (process / "cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)
