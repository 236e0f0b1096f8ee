"""One function of a made-up submission, run in a child as the box runs it, without the box."""

from __future__ import annotations

import copy  # noqa: F401 - the child may not be able to read the standard library any more
import inspect  # noqa: F401
import os
import pickle  # noqa: F401
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import grader.guest.probes.layers  # noqa: F401
from grader.guest import prepare
from grader.guest.children import Answer, StudentProcess
from grader.guest.confine import Confinement
from grader.guest.legacy.world import World
from grader.guest.probes.nn import Conventions
from grader.guest.sources import Compiled

PACKAGE = "hw"
X = np.arange(6.0).reshape(2, 3) - 2
LINE = 5  # of the first line of a body
prepare.give_old_names()
UID = 65534  # nobody


def confine(cpu_s: int) -> None:
    """Give up root and bound this process, as a box without a kernel's filters does."""
    layers = ("uid", "rlimits") if os.geteuid() == 0 else ("rlimits",)
    Confinement(layers, UID, b"").child(cpu_s)


def layers(body: str) -> str:
    """Return a layers.py whose relu_forward has this body, which gives `return out, cache`."""
    return f"import numpy as np\n\n\ndef relu_forward(x):\n    {body}\n"


def compiled(texts: Mapping[str, str]) -> Compiled:
    """Compile files by path as the driver does."""
    files = Compiled(PACKAGE, texts)
    files.compile_all()
    return files


def run(text: str, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run relu_forward of a layers.py on X; return what is said of it, with "out" as a list.

    `more` are files beside it, by their name.
    """
    texts = {f"{PACKAGE}/{name}": one for name, one in {"layers.py": text, **(more or {})}.items()}

    def work(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], answer: Answer) -> None:
        world = World(compiled(texts))
        loaded = world.load("layers")
        if loaded["outcome"] != "loaded":
            answer({**loaded, "at_import": True}, {})
            return
        case = {
            "id": "relu/it",
            "probe": "layers.relu_forward",
            "options": {},
            "strided": [],
            "room": 10**6,
        }
        answer(*world.observe(case, ["layers"], Conventions(), {"x": X}))

    child = StudentProcess(work, 6, confine)
    ((_, say, arrays),) = child.ask({}, {}, ["it"], 10.0)
    child.end()
    return {**say, "out": arrays["out"].tolist() if "out" in arrays else None}


def lines(say: Mapping[str, Any]) -> Sequence[int]:
    """Return the lines of the student's frames of an exception."""
    return [line for _, line, _, _ in say["frames"]]
