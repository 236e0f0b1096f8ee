"""What is done to Python and to a submission before the first line of a student's runs.

Any platform can do this: the box does it in children, the self-check in the process of an item.
"""

from __future__ import annotations

import builtins
import itertools
import re
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from grader.worker import modules, python2

# What NumPy 1.x offered under another name: a submission of its time is not wrong for using it.
OLD_NUMPY = {
    "int": int, "float": float, "complex": complex, "object": object, "str": str,
    "product": "prod", "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any",
    "row_stack": "vstack", "in1d": "isin", "float_": "float64", "NaN": "nan", "Inf": "inf",
}  # fmt: skip


def old_names() -> None:
    """Give Python and NumPy the names back that older submissions use; seed what is unseeded."""
    builtins.xrange = range  # type: ignore[attr-defined]
    setattr(builtins, python2.OldDivision.NAME, python2.divide)
    if not hasattr(typing, "override"):
        typing.override = lambda method: method  # type: ignore[attr-defined]
    for old, new in OLD_NUMPY.items():
        if old not in np.__dict__:
            setattr(np, old, getattr(np, new) if isinstance(new, str) else new)
    real, unseeded = np.random.default_rng, itertools.count(231)

    def default_rng(seed: Any = None) -> np.random.Generator:
        # A generator without a seed would make two runs of the same submission differ.
        return real(next(unseeded) if seed is None else seed)

    np.random.default_rng = default_rng


def reachable(
    files: Mapping[str, bytes], package: str, also: Collection[str] = ()
) -> dict[str, str]:
    """Return the text of the graded files, of those called `also`, and of what these import."""
    texts = {path: modules.decode(data) for path, data in files.items() if path.endswith(".py")}
    wanted = [f"{package}/{path}" for path in modules.GRADED.values()]
    wanted += [path for path in texts if path.rpartition("/")[2].removesuffix(".py") in also]
    reached = {path: texts[path] for path in wanted if path in texts}
    queue = list(reached)
    while queue:
        imports = " ".join(re.findall(r"^[ \t]*(?:from|import)\b.*", texts[queue.pop()], re.M))
        words = set(re.findall(r"\w+", imports))
        for path in texts:
            if path not in reached and path.rpartition("/")[2].removesuffix(".py") in words:
                reached[path] = texts[path]
                queue.append(path)
    return reached


def compiled(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compile files of ours: {"layers": source} -> {"layers": marshalled code}."""
    return {name: modules.Source(name, data).marshalled or b"" for name, data in files.items()}


def failure(path: str, error: Sequence[Any]) -> dict[str, Any]:
    """Return what is said of a file that cannot be compiled; `error` is that of modules.Source."""
    kind, message, line, text = error
    frames = [[path, line, "", text]] if line else []
    return {"outcome": "raised", "type": kind, "message": message, "frames": frames}
