"""Which layers a box is made of on this machine, and the command that starts a worker in them.

    auto        bubblewrap outside if a trial run shows that it works, and all inner layers
    bubblewrap  the same, and nothing less
    landlock    the inner layers alone: what a plain container allows
    none        separate processes with limits; every report says that nothing was isolated

Anything but `none` is refused if it does not confine: `verdict` raises before student code
runs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.box import outer, proved
from grader.errors import BoxError
from grader.types import BoxState

STRICT = ("auto", "bubblewrap", "landlock")
INNER = ("uid", "rlimits", "landlock", "seccomp")
UNCONFINED = ("uid", "rlimits")
FIRST_UID = 60_000  # a slot's children run as this plus its number: no account, no file has it
NOTEBOOK_PACKAGES = ("ipython", "matplotlib")
HERE = Path(__file__).resolve().parent.parent
VISIBLE = ("errors.py", "guest")
DOCKER_RUN = (  # as it is in the shells of Linux, macOS and Windows
    'docker run --rm --init --network none --read-only -v "${PWD}:/work" backgrade submission.zip'
)
DOCKER = "grade in a container (docs/security.md says how)"
UNBOXED = "or use --box none, which runs the code unconfined and says so in every report"
INLINE = "module://matplotlib_inline.backend_inline"  # plots become pictures below their cell
BOOT = """
import sys, json, importlib.util as u, importlib.machinery as m
given = json.loads(sys.argv[1])
files, home = given["files"], given["home"]
class Ours:
    def find_spec(self, name, path=None, target=None):
        if name in files:
            f = files[name]
            if not f:
                return m.ModuleSpec(name, None, is_package=True)
            inner = [f[:-12]] if f.endswith('/__init__.py') else None
            return u.spec_from_file_location(name, f, submodule_search_locations=inner)
sys.meta_path.insert(0, Ours())
sys.path.append(home)
import numpy
if not given["notebooks"]:
    sys.path.remove(home)
from grader.guest import confine, serve
serve.main(confine.Wanted(**given["wanted"]), given["notebooks"], given["plots"])
"""


@dataclass(frozen=True)
class NotebookWorkspace:
    """What a box for notebooks has on top: IPython and matplotlib, data to read, a folder to write.

    `folder` is made by the caller, and the user of the slot may write in it; if bubblewrap gives
    a /tmp of its own, that takes its place. `data` are files and folders of images; `environment`
    says where they are. `plots` says that matplotlib will be needed: it is imported at the start.
    """

    folder: str
    data: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    plots: bool = True


@dataclass(frozen=True)
class Plan:
    """What a box is to be made of; `slot` numbers the boxes that run at the same time.

    `mode` is one of those above, or "trial": any layers, and none is missed. With a `workspace` it
    is a box for notebooks.
    """

    mode: str
    outer: outer.Outer
    inner: tuple[str, ...]
    slot: int = 0
    workspace: NotebookWorkspace | None = None

    def at(self, slot: int) -> Plan:
        """Return the same box for another slot."""
        return replace(self, slot=slot)

    @property
    def uid(self) -> int:
        """Who student code runs as, if the grader is root."""
        return FIRST_UID + self.slot

    @property
    def folder(self) -> str:
        """Where notebooks run and may write."""
        assert self.workspace is not None
        return "/tmp" if self.outer.start and self.outer.sized else self.workspace.folder

    @property
    def scratch(self) -> str:
        """Where the worker may mount a file system of its own; "" in a box for code."""
        return self.folder if self.workspace else ""


def choose(mode: str = "auto") -> Plan:
    """Return the box for a mode. Raises BoxError if this machine cannot have it."""
    must_be_linux()
    if mode in ("none", "landlock"):
        layers = UNCONFINED if mode == "none" else INNER
        return Plan(mode, outer.Outer(why=f"switched off by --box {mode}"), layers)
    found = proved.find()
    if mode == "bubblewrap" and not found.start:
        raise BoxError(f"box: --box bubblewrap: {found.why}; mend that, or use --box auto")
    return Plan(mode, found, INNER)


def must_be_linux() -> None:
    """Raise BoxError, with what to do instead, on a system that no layer was made for."""
    if sys.platform != "linux":
        raise BoxError(
            f"box: student code can be confined on Linux only, not on {sys.platform}. Grade in a "
            f"container, after `make docker`: {DOCKER_RUN} (docs/docker.md)"
        )


def command(plan: Plan) -> list[str]:
    """Return the command that starts a worker in this box.

    Once it is confined, it has devices alone to read; for notebooks their packages and data, too.
    """
    ours = [str(HERE / name) for name in VISIBLE]
    writable = ["/dev/null"]
    notebooks, kept, more = plan.workspace is not None, list[str](), list[str]()
    if plan.workspace:
        from grader.box import packages  # importlib.metadata, for notebooks alone

        numpy = os.path.dirname(os.path.realpath(np.__file__))
        found = packages.folders(NOTEBOOK_PACKAGES)
        more = [path for path in found if not path.startswith(numpy)] + [*plan.workspace.data]
        writable.append(plan.folder)
        kept = [plan.folder] if plan.folder == plan.workspace.folder else []
    wanted = {
        "layers": plan.inner,
        "uid": plan.uid,
        "readable": [*outer.devices(), *more],
        "listable": [_home()] if notebooks else [],
        "writable": writable,
        "outside": str(HERE / "engine.py"),
        "scratch": plan.scratch,
    }
    given = {
        "files": _modules(), "home": _home(), "wanted": wanted, "notebooks": notebooks,
        "plots": plan.workspace is not None and plan.workspace.plots,
    }  # fmt: skip
    start = [sys.executable, "-s", "-P", "-S", "-c", BOOT, json.dumps(given)]
    return outer.command(plan.outer, start, [*ours, *more], kept)


def environment(plan: Plan) -> dict[str, str]:
    """Return the whole environment of a worker: nothing of ours leaks, one BLAS thread."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    found = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", "PYTHONHASHSEED": "0"}
    found |= dict.fromkeys(threads, "1")
    # Large arrays are taken and given back all the time: glibc asks the kernel less often so.
    found |= {
        "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
        "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2),
    }
    if plan.workspace:
        places = ("HOME", "MPLCONFIGDIR", "IPYTHONDIR")
        found |= dict.fromkeys(places, plan.folder) | {"MPLBACKEND": INLINE}
        found |= plan.workspace.environment
    return found


def verdict(plan: Plan, hello: Mapping[str, Any]) -> BoxState:
    """Return how a worker that said `hello` is confined.

    Raises BoxError if that is less than the plan promises: no student code has run then.
    """
    layers, through = tuple(hello["layers"]), list(hello["through"])
    files = "landlock" in layers or plan.outer.proc == "fresh"
    isolated = files and {"rlimits", "seccomp"} <= set(layers) and not through
    if plan.mode in STRICT and not isolated:
        raise BoxError(_refusal(plan, dict(hello["why"]), through))
    return BoxState(plan.outer.name, layers, isolated)


def _refusal(plan: Plan, why: Mapping[str, str], through: Sequence[str]) -> str:
    lacking = [f"{name}: {reason}" for name, reason in why.items()]
    if not plan.outer.start:
        lacking.insert(0, f"bubblewrap: {plan.outer.why}")
    if through:
        lacking.append(f"a trial reached {', '.join(through)}")
    return (
        f"box: this machine does not confine student code ({'; '.join(lacking)}). "
        f"`grade doctor` shows each layer and what to do; {DOCKER}, {UNBOXED}"
    )


def _modules() -> dict[str, str]:
    """Return the worker's modules by dotted name with their files; packages with an empty path."""
    files = {"grader": ""}
    for place in VISIBLE:
        paths = [HERE / place] if place.endswith(".py") else sorted((HERE / place).rglob("*.py"))
        for path in paths:
            parts = ["grader", *path.relative_to(HERE).with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
            files[".".join(parts)] = str(path)
    return files


def _home() -> str:
    """Return the folder that NumPy is installed in."""
    return os.path.dirname(os.path.dirname(os.path.realpath(np.__file__)))
