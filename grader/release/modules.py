"""The modules of the grader that the self-check is made of, made fit for a student's Python.

There is no list to forget: what the first modules import is followed to its end. A few things are
changed on the way, for an older Python or because they would give an answer away; each says why.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.errors import GraderFault
from grader.types import Case

STARTS = ("grader.release.selfcheck.main", "grader.guest.alone")
# Beside the standard library; the last two may be missing.
ALLOWED = {"numpy", "msvcrt", "pygments", "rich"}
# What Python 3.9 does not know, and what means the same there.
OLDER = (
    # zip counts for us since 3.10; where lengths differ the grader's own tests have said so
    (re.compile(r",\s*strict=(?:True|False)(?=,?\s*\))"), ""),
    # possessive repeats are of 3.11: they only save time on lines that are made to take long
    (re.compile(r"(?<=[\])])\*\+"), "*"),
)
# The formulas, written out to take wrong numbers apart, are answers.
WITHHELD = {
    "grader/diagnosis/formulas.py": '"""No formula stands here."""\n\nSLIP = "slip "\n\n\n'
    'def words(*_):\n    """Return no words."""\n    return ()\n\n\n'
    "ways = words\n\n\n"
    'def settings_in(*_):\n    """Return None: there is no formula."""\n\n\n'
    "solved = settings_in\n\n\n"
    'def holds(*_):\n    """Return False: no words were found."""\n    return False\n\n\n'
    "fits = holds\n",
    "grader/judges/own_formula.py": '"""No formula stands here."""\n\n\n'
    'def right(*_):\n    """Return nothing: there is no formula."""\n    return frozenset()\n',
}


def files(package: Path, cases: Iterable[Case]) -> dict[str, str]:
    """Return path -> text of all modules that checking these cases needs.

    `package` is the folder of the grader. Raises GraderFault if one of them imports what a
    student may not have.
    """
    wanted = [*STARTS]
    for case in cases:
        wanted.append(f"grader.guest.probes.{case.probe.partition('.')[0]}")
        wanted.append(f"grader.judges.{case.judge.partition('.')[0]}")
    found: dict[str, str] = {}
    while wanted:
        path = _path(wanted.pop(), package)
        if path is None or path in found:
            continue
        text = WITHHELD.get(path) or (package.parent / path).read_text(encoding="utf-8")
        wanted += _imports(path, text)
        for pattern, replacement in OLDER:
            text = pattern.sub(replacement, text)
        found[path] = text
    return dict(sorted(found.items()))


def _path(dotted: str, package: Path) -> str | None:
    """Return the file of a module; None for what is a name inside of one."""
    place = dotted.replace(".", "/")
    paths = (f"{place}.py", f"{place}/__init__.py")
    return next((path for path in paths if (package.parent / path).is_file()), None)


@functools.lru_cache(maxsize=256)  # every rubric's self-check is made of the same modules
def _imports(path: str, text: str) -> tuple[str, ...]:
    """Return the modules of the grader that a module may import, its own packages included."""
    parents = path.split("/")[:-1]
    found = [".".join(parents[:depth]) for depth in range(1, len(parents) + 1)]
    for node in _at_run_time(ast.parse(text).body):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            root = name.partition(".")[0]
            if root == "grader":
                found.append(name)
            elif root not in ALLOWED and root not in sys.stdlib_module_names:
                raise GraderFault(
                    f"{path}: imports {root}, which a student may not have; "
                    "the self-check is NumPy and the standard library"
                )
    return tuple(found)


def _at_run_time(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield all statements but those that only a type checker sees."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            yield from _at_run_time(getattr(node, field, ()))
