"""Where the student's own Python stops, and the grader's does not, in a file that both can read.

The grader gives NumPy the names back that it dropped, and puts something in the place of a package
that is not there. A notebook stops at it: that is said, and costs nothing.
"""

from __future__ import annotations

import ast
import importlib.util
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from grader.guest.legacy.old_names import NAMES
from grader.guest.modules import GRADED
from grader.release.selfcheck.sources import Note
from grader.submission import imports
from grader.submission.written import tree_of


def remarks(package: str, files: Mapping[str, bytes], root: Path) -> Iterator[Note]:
    """Yield one note for each graded file at which Python stops though it can read it.

    `root` is the folder from which notebooks import.
    """
    for path, data in files.items():
        tree = tree_of(data) if path.removeprefix(f"{package}/") in GRADED.values() else None
        first = next(_stops(tree, files, root), "") if tree is not None else ""
        if first:
            yield Note(f"{path}, {first}: your Python stops there, the grader goes on", False)


def _stops(tree: ast.Module, files: Mapping[str, bytes], root: Path) -> Iterator[str]:
    for line, name in imports.foreign(tree, files):
        if not _is_there(name, root):
            yield f"line {line} imports {name}, which is not installed here"
    yield from _gone(tree)


def _is_there(name: str, root: Path) -> bool:
    if (root / f"{name}.py").exists() or (root / name).is_dir():
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _gone(tree: ast.AST) -> Iterator[str]:
    """Yield names of NumPy that the installed one does not have."""
    for node in ast.walk(tree):
        base = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and isinstance(base, ast.Name):
            if base.id in ("np", "numpy") and node.attr in NAMES and not _has(node.attr):
                old = NAMES[node.attr]
                word = f"np.{old}" if isinstance(old, str) else getattr(old, "__name__", "")
                todo = f" (write {word})" if isinstance(old, (str, type)) else ""
                yield f"line {node.lineno} uses np.{node.attr}, which NumPy no longer has{todo}"


def _has(name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(np, name)
