"""Prepare Python and a submission before the first line of a student's runs.

Any platform can do this: the box does it in children, the self-check in the process of an item.
"""

from __future__ import annotations

import builtins
import collections
import collections.abc
import inspect
import itertools
import re
import time
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from grader.guest import modules, sources
from grader.guest.legacy import old_names
from grader.guest.wire import Arrays

# Compiled before a driver is forked, as each would compile them again.
IMPORTS, WORDS = re.compile(r"^[ \t]*(?:from|import)\b.*", re.MULTILINE), re.compile(r"\w+")
# What older or newer Pythons have in their library; names are only ever added.
LIBRARY: Mapping[Any, Mapping[str, Any]] = {
    builtins: {"xrange": range},
    collections: {name: getattr(collections.abc, name) for name in collections.abc.__all__},
    inspect: {"getargspec": "getfullargspec"},
    time: {"clock": "perf_counter"},
    typing: {"override": lambda method: method},  # which came with Python 3.12
}


def give_old_names() -> frozenset[str]:
    """Give Python and NumPy the names back that older submissions use; seed what is unseeded.

    Return the names that NumPy lacked.
    """
    for module, names in LIBRARY.items():
        old_names.give(module, names)
    real, unseeded = np.random.default_rng, itertools.count(231)

    def default_rng(seed: Any = None) -> np.random.Generator:
        # A generator without a seed would make two runs of the same submission differ.
        return real(next(unseeded) if seed is None else seed)

    np.random.default_rng = default_rng
    return old_names.give_names()


def reachable(
    files: Mapping[str, bytes], package: str, also: Collection[str] = ()
) -> dict[str, str]:
    """Return the text of the graded files, of those called `also`, and of what these import."""
    texts = {path: sources.decode(data) for path, data in files.items() if path.endswith(".py")}
    wanted = [f"{package}/{path}" for path in modules.GRADED.values()]
    wanted += [path for path in texts if path.rpartition("/")[2].removesuffix(".py") in also]
    reached = {path: texts[path] for path in wanted if path in texts}
    queue = list(reached)
    while queue:
        imports = " ".join(IMPORTS.findall(texts[queue.pop()]))
        words = set(WORDS.findall(imports))
        for path in texts:
            if path not in reached and path.rpartition("/")[2].removesuffix(".py") in words:
                reached[path] = texts[path]
                queue.append(path)
    return reached


def files_in(arrays: Arrays) -> dict[str, dict[str, bytes]]:
    """Return the files of a frame, group by group: arrays are named "files:cs231n/layers.py"."""
    groups: dict[str, dict[str, bytes]] = {"files": {}, "given": {}, "graft": {}, "codes": {}}
    for name, array in arrays.items():
        group, _, path = name.partition(":")
        if group in groups:
            groups[group][path] = array.tobytes()
    return groups


def compiled(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compile files of ours: {"layers": source} -> {"layers": marshalled code}."""
    texts = {name: sources.decode(data) for name, data in files.items()}
    return {name: sources.Source(name, text).marshalled or b"" for name, text in texts.items()}


def failure(path: str, error: Sequence[Any]) -> dict[str, Any]:
    """Return the report on a file that cannot be compiled; `error` is that of sources.Source."""
    kind, message, line, text = error
    frames = [[path, line, "", text]] if line else []
    return {"outcome": "raised", "type": kind, "message": message, "frames": frames}
