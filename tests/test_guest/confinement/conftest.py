"""Programs that confine themselves and then misbehave, run as root and as an ordinary user.

A program ends by printing `said`, a dict of what came of each attempt: "through", or the name of
the error. Nothing it attempts does harm where it gets through: signals are signal 0, calls get
arguments that the kernel refuses, files lie in a folder of the test.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import users
from tests.support.users import ORDINARY

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = f"""
import ctypes, errno, json, os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.path.insert(0, {str(ROOT)!r})
libc = ctypes.CDLL(None, use_errno=True)
given = json.loads(sys.argv[1])
said = {{}}

def attempt(name, action):
    try:
        result = action()
        if type(result) is int and result == -1 and ctypes.get_errno():
            raise OSError(ctypes.get_errno(), "")
    except OSError as error:
        said[name] = errno.errorcode.get(error.errno, str(error.errno))
    except Exception as error:
        said[name] = type(error).__name__
    else:
        said[name] = "through"
    ctypes.set_errno(0)

def below():
    "Go on in a child: its parent is a process of the same user, which ends as the child does."
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:
            os.kill(os.getpid(), -code)
        os._exit(code)

def tell():
    print(json.dumps(said), flush=True)
"""
Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=["root", "ordinary"])
def become(request: pytest.FixtureRequest) -> list[str]:
    """Words in front of a command that make it run as this user."""
    root = os.geteuid() == 0
    if request.param == "root":
        return [] if root else pytest.skip("NOT TESTED as root: the tests run as an ordinary user")
    try:
        return users.ordinary()
    except users.NotTested as why:
        pytest.skip(str(why))


@pytest.fixture
def run(become: list[str]) -> Run:
    """Run a program as this user with `given`; return what it said, and how it `ended`."""

    def run(program: str, *, wrap: Callable[[list[str]], list[str]] = list, **given: Any) -> Any:
        argv = [sys.executable, "-s", "-P", "-c", PRELUDE + program, json.dumps(given)]
        done = subprocess.run(
            [*become, *wrap(argv)],
            capture_output=True, text=True, timeout=60, cwd="/",
            env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1", "SECRET": "s3cret"},
        )  # fmt: skip
        lines = done.stdout.splitlines()
        assert lines or done.returncode < 0, f"it said nothing: {done.stderr[-2000:]}"
        return json.loads(lines[-1] if lines else "{}") | {"ended": done.returncode}

    return run


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everyone may use, with a golden file in it: only a box keeps it safe."""
    folder = Path(tempfile.mkdtemp(prefix="box-", dir="/var/tmp"))
    folder.chmod(0o777)
    golden = folder / "golden.npz"
    golden.write_text("the answers")
    if os.geteuid() == 0:
        os.chown(golden, ORDINARY, ORDINARY)
        os.chown(folder, ORDINARY, ORDINARY)
    yield folder
    shutil.rmtree(folder)
