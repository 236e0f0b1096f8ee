"""Try what confinement this machine gives: each layer by itself, and all of them together.

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
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import grader
from grader.box import doctor_trials
from grader.box import outer as bubblewrap
from grader.box.folders import Folder
from grader.box.job import ANSWER, Job
from grader.box.plan import INNER, Plan, must_be_linux
from grader.box.worker import Worker
from grader.errors import BoxError
from grader.guest import landlock, wire
from grader.types import BoxState

ATTEMPTS = tuple(doctor_trials.ATTEMPTS)
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
        bare = _tried(given, none, ())
        layers = [_outer_layer(outer, bare, given)]
        layers += [_inner_layer(name, bare, _tried(given, none, (name,))) for name in INNER]
        whole = _tried(given, outer, INNER)
    through = ATTEMPTS if whole.through is None else whole.through
    box, problem = whole.box or BoxState("none", (), False), whole.why.get("box", "")
    return Examination(_machine(), tuple(layers), bare.through or (), through, box, problem)


@dataclass(frozen=True)
class Trial:
    """What got `through` (None if nothing was tried), the box's state, `why` a layer is not on."""

    through: tuple[str, ...] | None = None
    box: BoxState | None = None
    why: Mapping[str, str] = field(default_factory=dict)


def _tried(given: Mapping[str, Any], outer: bubblewrap.Outer, inner: tuple[str, ...]) -> Trial:
    """Run the attempts in a box of these layers."""
    places = f"GIVEN = {json.dumps(dict(given))}\n".encode()
    files = {"trial/layers.py": places + Path(doctor_trials.__file__).read_bytes()}
    job = Job("trial", files, {"dropout_p": "keep"})
    row = {"id": "trial", "key": "trial", "item": "trial", "probe": "layers.relu_forward",
           "strided": [], "options": {}, "room": ANSWER, "modules": ["layers"],
           "stuck_with": []}  # fmt: skip
    with Worker(Plan("trial", outer, inner)) as worker:
        try:
            limit = time.monotonic() + TRIAL_S
            worker.open(job, limit)
            ((_, reply, arrays),) = worker.run([row], [wire.piece({"trial:x": np.zeros(1)})], limit)
        except BoxError as error:
            return Trial(why={"box": str(error)})
        out = arrays.get("out", np.ones(0))
        is_answer = reply.get("outcome") == "answered" and out.shape == (len(ATTEMPTS),)
        through = tuple(name for name, code in zip(ATTEMPTS, out) if code) if is_answer else None
        return Trial(through, worker.state, worker.missing)


@contextmanager
def _places(golden: Path) -> Iterator[dict[str, Any]]:
    """Make what the attempts reach for: a server, a folder that everyone may write in."""
    # A read-only container has but /dev/shm.
    writable = next((path for path in ("/tmp", "/dev/shm") if os.access(path, os.W_OK)), None)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Folder(Path(writable) if writable else None) as folder,
    ):
        os.chmod(folder, 0o777)
        own = Path(folder, "own")
        own.touch()
        if os.geteuid() == 0:
            with suppress(PermissionError):  # root without capabilities stays who it is
                os.chown(own, 60_000, 60_000)  # the first slot's user: a file that it may change
        yield {
            "port": server.getsockname()[1], "golden": str(golden.resolve()),
            "own": str(own), "folder": str(folder),
        }  # fmt: skip


def _outer_layer(outer: bubblewrap.Outer, bare: Trial, given: Mapping[str, Any]) -> Layer:
    if not outer.start:
        return Layer("bubblewrap", "", (), outer.why)
    trial = _tried(given, outer, ())
    if trial.through is None:
        return Layer("bubblewrap", "", (), trial.why.get("box", "the worker did not answer in it"))
    proc = "a /proc of its own" if outer.proc == "fresh" else "the system's /proc, read-only"
    return Layer("bubblewrap", f"{_version(outer.start)}, {proc}", _stopped(bare, trial))


def _inner_layer(name: str, bare: Trial, trial: Trial) -> Layer:
    if name in trial.why or trial.through is None:
        reason = trial.why.get(name) or trial.why.get("box") or "the worker did not answer with it"
        return Layer(name, "", (), f"{reason}: {MEND.get(name, 'see docs/security.md')}")
    root = os.geteuid() == 0
    here = {
        "uid": "root becomes a user without rights" if root else "no root, nothing to give up",
        "rlimits": "CPU time, 2 GB of memory, files, processes",
        "landlock": f"ABI {landlock.abi()}",
        "seccomp": f"system calls of {platform.machine()}",
    }
    return Layer(name, here[name], _stopped(bare, trial), needless=name == "uid" and not root)


def _stopped(bare: Trial, trial: Trial) -> tuple[str, ...]:
    return tuple(name for name in bare.through or () if name not in (trial.through or ()))


def _machine() -> str:
    user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    return (
        f"Backgrade {grader.__version__}, {platform.system()} {platform.release()} "
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, {user}"
    )


def _version(start: tuple[str, ...]) -> str:
    program = next((word for word in start if word.endswith("bwrap")), shutil.which("bwrap") or "")
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return "of an unknown version"
    return done.stdout.strip().removeprefix("bubblewrap ") or "of an unknown version"
