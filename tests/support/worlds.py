"""One function of a made-up submission, run in a child as the box runs it, without the box."""

from __future__ import annotations

import copy  # noqa: F401 - the child may not be able to read the standard library any more
import inspect  # noqa: F401
import pickle  # noqa: F401
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import grader.guest.probes.layers  # noqa: F401
from grader.guest import modules, prepare, sources
from grader.guest.children import Answer, Leaf
from grader.guest.legacy import python2
from grader.guest.legacy.world import Compiled, World
from grader.guest.probes.nn import Conventions

PACKAGE = "hw"
X = np.arange(6.0).reshape(2, 3) - 2
LINE = 5  # of the first line of a body
prepare.give_old_names()


def layers(body: str) -> str:
    """Return a layers.py whose relu_forward has this body, which gives `return out, cache`."""
    return f"import numpy as np\n\n\ndef relu_forward(x):\n    {body}\n"


def compiled(texts: Mapping[str, str]) -> Compiled:
    """Compile files by path as the driver does."""
    files = {path: text.encode() for path, text in texts.items()}
    read = [sources.Source(path, data) for path, data in files.items()]
    is_old = python2.is_written_for(texts.values(), any(one.modernised for one in read))
    if is_old:
        read = [sources.Source(path, data, is_old=True) for path, data in files.items()]
    aliases = modules.called(texts.values()) - {PACKAGE}
    codes = {one.path: one.marshalled for one in read if one.marshalled}
    broken = {one.path: one.error for one in read if one.error}
    return Compiled(PACKAGE, files, texts, is_old, codes, {}, {}, aliases, broken)


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
        case = {"id": "relu/it", "probe": "layers.relu_forward", "options": {}, "strided": []}
        answer(*world.observe(case, ["layers"], Conventions(), {"x": X}))

    leaf = Leaf(work, 6)
    ((_, say, arrays),) = leaf.ask({}, {}, ["it"], 10.0)
    leaf.end()
    return {**say, "out": arrays["out"].tolist() if "out" in arrays else None}


def lines(say: Mapping[str, Any]) -> Sequence[int]:
    """Return the lines of the student's frames of an exception."""
    return [line for _, line, _, _ in say["frames"]]
