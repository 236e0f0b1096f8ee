"""Hostile and unlucky submissions: files under submissions/hostile, added to a right submission.

A file has a docstring sentence and constants; all its other statements go verbatim to the end of
FILE, where a function takes the place of its namesake above.

    EXPECT   {"lost": ..., "kinds": {item: [kinds]}, "says": text, "shows": text,
              "warns": {item: text}, "flags": [kinds], "maybe_lost": ..., "earned_below": share,
              "public_right": [items], "wall": seconds}
             `lost` maps items to the parts that lose their points, or names a group of items (see
             `group`) that lose everything. All else keeps every point, but for the items of the
             group `maybe_lost` and what cannot be tried without them. An item's faults are of
             `kinds` only. A flag of each kind in `flags` is raised. `earned_below` is a share of
             the points.
    FILE     where the statements go; default "layers.py"
    APPEND, PREPEND   {file: text} around files of the package
    ADD, ROOT         {file: text} new files in the package, or beside it
    PYC      {file: source} compiled to a .pyc that claims to need no check
    RUNS     "root": only where the grader can give up root
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.box.evidence import modules_of
from grader.grading.assignment import Assignment
from grader.rubric.cases import Rubric
from grader.rubric.records import TimeLimits
from grader.types import Submission
from tests.support import handed_in

HOSTILE = handed_in.ROOT / "tests" / "submissions" / "hostile"
CONSTANTS = ("EXPECT", "FILE", "APPEND", "PREPEND", "ADD", "ROOT", "PYC", "RUNS")
LIMITS = TimeLimits(load_s=1.0, case_s=1.0, submission_s=60.0)


@dataclass(frozen=True)
class Attack:
    """One hostile submission and what must become of it."""

    name: str
    expect: Mapping[str, Any]
    submission: Submission
    runs: str
    functions: frozenset[str]  # that it has in the place of right ones


def attacks() -> list[Path]:
    """Return the files of all hostile submissions."""
    return sorted(HOSTILE.glob("*.py"))


def attack(path: Path) -> Attack:
    """Return the hostile submission that a file describes."""
    constants, added = _taken_apart(path.read_text(encoding="utf-8"))
    files = dict(handed_in.reference().files)
    if added:
        _around(files, constants.get("FILE", "layers.py"), after=f"\n\n{added}\n")
    for file, text in constants.get("APPEND", {}).items():
        _around(files, file, after=text)
    for file, text in constants.get("PREPEND", {}).items():
        _around(files, file, before=text)
    files |= {f"cs231n/{file}": text.encode() for file, text in constants.get("ADD", {}).items()}
    files |= {file: text.encode() for file, text in constants.get("ROOT", {}).items()}
    files |= {f"cs231n/{file}": _pyc(text) for file, text in constants.get("PYC", {}).items()}
    return Attack(
        path.stem,
        constants["EXPECT"],
        handed_in.of_files(f"hostile {path.stem}", files),
        constants.get("RUNS", "anyone"),
        frozenset(node.name for node in ast.parse(added).body if isinstance(node, ast.FunctionDef)),
    )


def of_code(name: str, code: str, file: str = "layers.py") -> Submission:
    """Return a right submission with `code` at the end of one file."""
    files = dict(handed_in.reference().files)
    _around(files, file, after="\n\n" + code)
    return handed_in.of_files(name, files)


def hurried(assignment: Assignment, limits: TimeLimits = LIMITS) -> Assignment:
    """Return the assignment with short limits."""
    table = replace(assignment.rubric.table, limits=limits)
    return replace(assignment, rubric=Rubric(table, assignment.rubric.sha256))


def group(rubric: Rubric, named: str | Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return item -> parts: of a mapping, of all items, of those that reach a module, of one."""
    if not isinstance(named, str):
        return dict(named)
    found: dict[str, list[str]] = {}
    for case in rubric.cases:
        if named == "all" or named in modules_of(case) or case.item.split(".")[0] == named:
            parts = rubric.item(case.item).parts
            found[case.item] = [part.id for part in parts if part.points > 0]
    return found


def _taken_apart(text: str) -> tuple[dict[str, Any], str]:
    constants: dict[str, Any] = {}
    lines = text.splitlines()
    keep = []
    for node in ast.parse(text).body[1:]:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in CONSTANTS:
            space: dict[str, Any] = {}
            exec(ast.unparse(node), space)  # a line of a test of ours, not of a submission
            constants[ast.unparse(node.targets[0])] = space[ast.unparse(node.targets[0])]
        else:
            assert node.end_lineno is not None
            keep.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    return constants, "\n\n\n".join(keep)


def _around(files: dict[str, bytes], file: str, before: str = "", after: str = "") -> None:
    path = f"cs231n/{file}"
    files[path] = before.encode() + files[path] + after.encode()


def _pyc(source: str) -> bytes:
    """Return a .pyc whose header says that its source need not be looked at."""
    code = marshal.dumps(compile(source, "layers.py", "exec"))
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + code
