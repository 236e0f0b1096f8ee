"""What a file imports that is neither Python's, NumPy's, nor the assignment's."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

# What the course itself installs, and names that its older files go by.
COURSE = frozenset({
    "numpy", "scipy", "matplotlib", "IPython", "ipykernel", "PIL", "imageio", "h5py", "Cython",
    "future", "past", "builtins", "six", "cs231n",
})  # fmt: skip
STANDARD = frozenset(getattr(sys, "stdlib_module_names", ())) | {*sys.builtin_module_names}


def foreign(tree: ast.Module, paths: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, package) of what a file imports as soon as it is imported itself.

    `paths` are those of its submission, whose names are its own. An import inside of a `try` is
    guarded, one inside of a function may never happen.
    """
    own = {part.removesuffix(".py") for path in paths for part in path.split("/")}
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in (one.partition(".")[0] for one in names):
            if name not in COURSE and name not in STANDARD and name not in own:
                yield node.lineno, name
