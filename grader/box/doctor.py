"""What confinement this machine gives: each layer by itself, and all of them together.

Nothing is believed because it is installed. A hostile submission of our own (attempts) runs in a
box with no layer on, with each layer alone, and with all of them; what it could do there is what a
student's code could do.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import grader
from grader.box import doctor_trials
from grader.box import outer as bubblewrap
from grader.box.job import Job
from grader.box.plan import INNER, Plan, must_be_linux
from grader.box.worker import Worker
from grader.errors import BoxError
from grader.guest import landlock
from grader.types import BoxState

# What doctor_trials.relu_forward tries, in its order, in words that follow "to" in 20 columns.
ATTEMPTS = (
    "connect to a server",
    "read a golden file",
    "write a file outside",
    "change a file's mode",
    "signal its parent",
    "start a process",
    "take 3 GB of memory",
    "fill 200 MB of shm",
)
TRIAL_S = 20.0
MEND = {
    "uid": "run as root only where root can become another user, or run as an ordinary user",
    "landlock": "use Linux 5.13 or newer with 'landlock' in the kernel's lsm= list",
    "seccomp": "use a 64-bit x86 or ARM kernel with seccomp filters",
}


@dataclass(frozen=True)
class Layer:
    """One layer: what it is `here` and which attempts it `stops` alone; or `why` it is not there.

    `needless` says that this user has no use for it.
    """

    name: str
    here: str
    stops: tuple[str, ...]
    why: str = ""
    needless: bool = False


@dataclass(frozen=True)
class Examination:
    """The machine, its layers, what gets `through` with no layer on, and with all of them."""

    machine: str
    layers: tuple[Layer, ...]
    open: tuple[str, ...]
    through: tuple[str, ...]
    box: BoxState
    problem: str = ""

    @property
    def isolated(self) -> bool:
        """Whether student code is confined: in all that was tried, and by the box's own word."""
        return self.box.isolated and not self.through and not self.problem


def examine(golden: Path) -> Examination:
    """Try every layer; `golden` is a file of answers that nothing in the box may read.

    Raises BoxError on a system that has none of them.
    """
    must_be_linux()
    outer = bubblewrap.find()
    none = bubblewrap.Outer(why=outer.why)
    with _places(golden) as given:
        bare, _, _ = _tried(Plan("trial", none, ()), given)
        layers = [_outer_layer(outer, bare, given)]
        for name in INNER:
            through, _, why = _tried(Plan("trial", none, (name,)), given)
            layers.append(_inner_layer(name, bare, through, why))
        through, box, why = _tried(Plan("trial", outer, INNER), given)
    return Examination(
        machine=_machine(),
        layers=tuple(layers),
        open=bare or (),
        through=ATTEMPTS if through is None else through,
        box=box or BoxState("none", (), False),
        problem=why.get("box", ""),
    )


Tried = tuple[tuple[str, ...] | None, BoxState | None, Mapping[str, str]]


def _tried(plan: Plan, given: Mapping[str, Any]) -> Tried:
    """Run the attempts in a box; return (what got through, its state, why a layer is not on)."""
    source = Path(doctor_trials.__file__).read_bytes()
    job = Job("trial", {"trial/layers.py": _with(source, given)}, {"dropout_p": "keep"})
    row = {"id": "trial", "item": "trial", "probe": "layers.relu_forward", "strided": [],
           "options": {}, "modules": ["layers"], "stuck_with": []}  # fmt: skip
    with Worker(plan) as worker:
        try:
            limit = time.monotonic() + TRIAL_S
            loaded = worker.open(job, limit)
            if loaded.modules["layers"]["outcome"] != "loaded":
                return None, worker.state, worker.missing
            ((_, say, arrays),) = worker.run([row], {"trial:x": np.zeros(1)}, limit)
        except BoxError as error:
            return None, None, {"box": str(error)}
        out = arrays.get("out", np.ones(0))
        if say.get("outcome") != "answered" or out.shape != (len(ATTEMPTS),):
            return None, worker.state, worker.missing
        through = tuple(name for name, code in zip(ATTEMPTS, out, strict=True) if code)
        return through, worker.state, worker.missing


def _with(source: bytes, given: Mapping[str, Any]) -> bytes:
    return f"GIVEN = {json.dumps(dict(given))}\n".encode() + source


@contextmanager
def _places(golden: Path) -> Iterator[dict[str, Any]]:
    """Make what the attempts reach for: a server, a folder that everyone may write in."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tempfile.TemporaryDirectory(prefix="backgrade-doctor-", dir=_writable()) as folder,
    ):
        os.chmod(folder, 0o777)
        own = Path(folder, "own")
        own.touch()
        if os.geteuid() == 0:
            with suppress(PermissionError):  # root without capabilities stays who it is
                os.chown(own, 60_000, 60_000)  # the first slot's user: a file that it may change
        yield {
            "port": server.getsockname()[1], "golden": str(golden.resolve()),
            "own": str(own), "folder": folder,
        }  # fmt: skip


def _writable() -> str | None:
    """Return a folder for a moment's files; a read-only container has but /dev/shm."""
    return next((path for path in ("/tmp", "/dev/shm") if os.access(path, os.W_OK)), None)


def _outer_layer(
    outer: bubblewrap.Outer, bare: tuple[str, ...] | None, given: Mapping[str, Any]
) -> Layer:
    if not outer.start:
        return Layer("bubblewrap", "", (), outer.why)
    through, _, why = _tried(Plan("trial", outer, ()), given)
    if through is None:
        return Layer("bubblewrap", "", (), why.get("box", "the worker did not answer in it"))
    proc = "a /proc of its own" if outer.proc == "fresh" else "the system's /proc, read-only"
    return Layer("bubblewrap", f"{_version(outer.start)}, {proc}", _stopped(bare, through))


def _inner_layer(
    name: str,
    bare: tuple[str, ...] | None,
    through: tuple[str, ...] | None,
    why: Mapping[str, str],
) -> Layer:
    if name in why or through is None:
        reason = why.get(name) or why.get("box") or "the worker did not answer with it"
        return Layer(name, "", (), f"{reason}: {MEND.get(name, 'see docs/security.md')}")
    root = os.geteuid() == 0
    here = {
        "uid": "root becomes a user without rights" if root else "no root, nothing to give up",
        "rlimits": "CPU time, 2 GB of memory, files, processes",
        "landlock": f"ABI {landlock.abi()}",
        "seccomp": f"system calls of {platform.machine()}",
    }
    needless = name == "uid" and not root
    return Layer(name, here[name], _stopped(bare, through), needless=needless)


def _stopped(bare: tuple[str, ...] | None, through: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in bare or () if name not in through)


def _machine() -> str:
    user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    return (
        f"Backgrade {grader.__version__}, {platform.system()} {platform.release()} "
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, {user}"
    )


def _version(start: tuple[str, ...]) -> str:
    program = next((word for word in start if word.endswith("bwrap")), shutil.which("bwrap") or "")
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return "of an unknown version"
    return told.stdout.strip().removeprefix("bubblewrap ") or "of an unknown version"
