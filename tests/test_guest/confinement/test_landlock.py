"""Landlock: what was granted goes on working, everything else is closed, and not without it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader.box import outer
from grader.guest import landlock

ABI = landlock.abi()
pytestmark = pytest.mark.skipif(not ABI, reason="NOT TESTED: this kernel has no Landlock")

FILES = """
import socket
from grader.guest import landlock
if "np." in given["attempts"]:  # the others need not wait for it
    import numpy as np

place = given["place"]
os.mkdir(place + "/mine")
os.mkdir(place + "/old")
if given["abi"]:
    landlock.abi = lambda: given["abi"]
if given["on"]:
    landlock.restrict(given["readable"], [place + "/mine", "/dev/null"], given["listable"])
exec(given["attempts"])
tell()
"""
ALLOWED = """
import threading, time

def thread():
    one = threading.Thread(target=time.sleep, args=(0.001,))
    one.start()
    one.join()

attempt("a lazy import", lambda: __import__("statistics"))
attempt("a lazy extension module", lambda: __import__("sqlite3"))
attempt("a lazy part of NumPy", lambda: __import__("numpy.fft"))
attempt("a product", lambda: np.ones((9, 9)) @ np.ones((9, 9)))
attempt("a thread", thread)
attempt("the time", time.localtime)
attempt("/dev/urandom", lambda: open("/dev/urandom", "rb").read(1))
attempt("/dev/null", lambda: os.close(os.open("/dev/null", os.O_RDWR)))
attempt("a file of one's own", lambda: open(place + "/mine/file", "w").write("text"))
attempt("renaming it", lambda: os.rename(place + "/mine/file", place + "/mine/other"))
"""
FORBIDDEN = """
attempt("read a golden file", lambda: open(place + "/golden.npz").read())
attempt("list its folder", lambda: os.listdir(place))
attempt("read /etc", lambda: open("/etc/passwd").read())
attempt("read an installed package", lambda: open(given["package"]).read())
attempt("list /", lambda: os.listdir("/"))
attempt("read /proc", lambda: open("/proc/self/environ").read())
attempt("create a file", lambda: open(place + "/new", "w"))
attempt("change a file", lambda: open(place + "/golden.npz", "a"))
attempt("make a folder", lambda: os.mkdir(place + "/folder"))
attempt("make a link", lambda: os.symlink("/", place + "/link"))
attempt("remove a folder", lambda: os.rmdir(place + "/old"))
attempt("write to /dev/shm", lambda: os.close(os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR)))
attempt("truncate", lambda: os.truncate(place + "/golden.npz", 1))
attempt("remove a file", lambda: os.remove(place + "/golden.npz"))
"""
TCP = """
attempt("bind", lambda: socket.socket().bind(("127.0.0.1", 0)))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", given["port"])))
"""
NESTED = """
import signal, socket
from grader.guest import landlock

server = socket.socket(socket.AF_UNIX)
server.bind("\\0" + given["name"])
server.listen()
outside, inside = os.pipe()
child = os.fork()
if child:
    os.close(inside)
    print(os.read(outside, 9999).decode())
    os.waitpid(child, 0)
    sys.exit()
parent = os.getppid()
if given["on"]:
    landlock.nest()
for name in ("mem", "environ", "maps"):
    attempt(name, lambda: open(f"/proc/{parent}/{name}", "rb").close())
attempt("fd", lambda: os.open(f"/proc/{parent}/fd/{outside}", os.O_RDONLY))
SEIZE, DETACH = 0x4206, 17
attempt("ptrace", lambda: libc.ptrace(SEIZE, parent, None, None))
attempt("signal", lambda: os.kill(parent, 0))
attempt("abstract socket", lambda: socket.socket(socket.AF_UNIX).connect("\\0" + given["name"]))
attempt("own files", lambda: open("/proc/self/maps").read())
attempt("own signal", lambda: os.kill(os.getpid(), 0))
os.write(inside, json.dumps(said).encode())
os._exit(0)
"""


@pytest.fixture
def grants(place: Path) -> dict[str, Any]:
    """What a worker is granted here, and one installed package that it is not."""
    files = outer.python_files()
    ours = str(Path(landlock.__file__).parent.parent)
    readable = [*map(os.path.realpath, files.shown), *files.again, *outer.devices(), ours]
    return {
        "readable": readable, "listable": [], "place": str(place), "abi": 0,
        "package": pytest.__file__,
    }  # fmt: skip


def test_what_was_granted_goes_on_working(run: Any, grants: dict[str, Any]) -> None:
    said = run(FILES, on=True, attempts=ALLOWED, **grants)
    assert set(said.values()) == {"through", 0}, said


def test_other_files_are_closed(run: Any, grants: dict[str, Any]) -> None:
    said = run(FILES, on=True, attempts=FORBIDDEN, **grants)
    if ABI < 3:
        said.pop("truncate")  # seccomp refuses it
    assert set(said.values()) == {"EACCES", 0}, said


def test_without_it_they_are_open(run: Any, grants: dict[str, Any]) -> None:
    said = run(FILES, on=False, attempts=FORBIDDEN, **grants)
    assert set(said.values()) == {"through", 0}, said


@pytest.mark.skipif(ABI < 4, reason=f"NOT TESTED: TCP needs Landlock ABI 4, this is {ABI}")
def test_tcp_is_closed(run: Any, grants: dict[str, Any]) -> None:
    said = run(FILES, on=True, attempts=TCP, port=9, **grants)
    assert said == {"bind": "EACCES", "connect": "EACCES", "ended": 0}


def test_without_it_tcp_is_open(run: Any, grants: dict[str, Any]) -> None:
    said = run(FILES, on=False, attempts=TCP, port=9, **grants)
    assert said == {"bind": "through", "connect": "ECONNREFUSED", "ended": 0}


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 99])
def test_older_and_unknown_newer_kernels(run: Any, grants: dict[str, Any], version: int) -> None:
    """A kernel takes the rights of every older ABI; to one we do not know we say what we know."""
    if ABI < version < 99:
        pytest.skip(f"NOT TESTED: ABI {version} on a kernel with {ABI}")
    attempts = ALLOWED + FORBIDDEN.replace("/golden.npz", "/old/none")
    said = run(FILES, on=True, attempts=attempts, **grants | {"abi": version})
    assert said["read /etc"] == said["create a file"] == said["list /"] == "EACCES"
    assert said["a lazy import"] == said["a product"] == "through"


INSPECT = ("mem", "environ", "maps", "fd")


@pytest.mark.parametrize("become", ["ordinary"], indirect=True)  # root reads by CAP_PERFMON
def test_a_nested_process_cannot_inspect_its_parent(run: Any, place: Path) -> None:
    said = run(NESTED, on=True, name=place.name)
    assert {said[name] for name in INSPECT} == {"EACCES"}, said
    assert said["ptrace"] == "EPERM"
    assert said["own files"] == said["own signal"] == "through"
    if ABI >= 6:
        assert said["signal"] == said["abstract socket"] == "EPERM"


@pytest.mark.parametrize("become", ["ordinary"], indirect=True)
def test_without_nesting_it_can(run: Any, place: Path) -> None:
    said = run(NESTED, on=False, name=place.name)
    assert said.pop("ended") == 0
    assert set(said.values()) == {"through"}, said


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="landlock: cannot grant.*'/no/such/place'"):
        landlock.restrict(["/no/such/place"])


def test_a_kernel_without_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(OSError, match="landlock: this kernel has none"):
        landlock.nest()
