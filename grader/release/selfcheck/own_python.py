"""What Python makes of the student's files, before any of them is run.

The grader reads what is of another Python, in another encoding or made for older NumPy. A student's
own Python does not, so the notebook stops where the checks are right: that is said, and costs
nothing. A file that is no Python in any reading holds up all that is in it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.box.evidence import modules_of
from grader.guest.legacy.old_names import NAMES
from grader.guest.modules import GRADED
from grader.guest.prepare import reachable
from grader.guest.sources import Source
from grader.report.text import one_line
from grader.submission import encodings, imports
from grader.submission.written import tree_of
from grader.types import Case


@dataclass(frozen=True)
class Unread:
    """A file that is no valid Python; `line` is 0 where that is not known."""

    path: str
    line: int
    message: str

    @property
    def place(self) -> str:
        """The place, as editors know it."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def __str__(self) -> str:
        at = f"line {self.line}: " if self.line else ""
        return (
            f"{self.path} cannot be read: {at}{one_line(self.message)}. "
            "Nothing in it can be checked until that is mended."
        )


def unread(package: str, files: Mapping[str, bytes], cases: Iterable[Case]) -> list[Unread]:
    """Return the files that are no valid Python and that these cases may reach."""
    reached = {f"{package}/{GRADED[name]}" for case in cases for name in modules_of(case)}
    graded = {f"{package}/{path}" for path in GRADED.values()}
    found = []
    for path, text in reachable(files, package).items():
        error = Source(path, text).error if path in reached or path not in graded else None
        if error is not None:
            found.append(Unread(path, error[2], error[1] or error[0]))
    return found


def remarks(package: str, files: Mapping[str, bytes], root: Path) -> list[str]:
    """Return one sentence for each graded file at which the student's own Python stops.

    `files` are as they are saved; `root` is the folder from which notebooks import.
    """
    own = {path: data for path, data in files.items() if path.startswith(f"{package}/")}
    found = (next(_stops(path, data, own, root), "") for path, data in own.items()
             if path.partition("/")[2] in GRADED.values())  # fmt: skip
    return [f"{one} (the checks read it all the same)" for one in found if one]


def _stops(path: str, data: bytes, files: Mapping[str, bytes], root: Path) -> Iterator[str]:
    if saved := encodings.as_utf8(data)[1]:
        yield f"{path} is {saved}, which Python itself does not read: save it as UTF-8"
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        if Source(path, encodings.text(data)).error is None:
            yield (
                f"{path} line {error.lineno or 0} is Python 2, at which your own Python stops: "
                "write it as Python 3"
            )
        return
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return  # what cannot be compiled is told as unread
    tree = tree_of(data)
    if tree is None:
        return
    for line, name in imports.foreign(tree, files):
        if not _is_there(name, root):
            yield f"{path} line {line} imports {name}, which your own Python does not have"
    yield from _gone(path, tree)


def _is_there(name: str, root: Path) -> bool:
    if (root / f"{name}.py").exists() or (root / name).is_dir():
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _gone(path: str, tree: ast.AST) -> Iterator[str]:
    """Yield names of NumPy that the installed one does not have."""
    for node in ast.walk(tree):
        is_numpy = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if not is_numpy or node.value.id not in ("np", "numpy"):  # type: ignore[attr-defined]
            continue
        name = node.attr  # type: ignore[attr-defined]
        if name in NAMES and not _has(name):
            old = NAMES[name]
            instead = f"np.{old}" if isinstance(old, str) else getattr(old, "__name__", "")
            todo = f": write {instead}" if re.fullmatch(r"[\w.]+", instead) else ""
            version = f"NumPy {np.__version__} no longer has np.{name}"
            yield f"{path} line {node.lineno}: {version}{todo}"  # type: ignore[attr-defined]


def _has(name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(np, name)
