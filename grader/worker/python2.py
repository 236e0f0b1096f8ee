"""Repairs for sources written for Python 2 (course years 2015 and 2016).

Line numbers never change, so that an error still names the student's own line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

RENAMED = (
    (re.compile(r"\.iteritems\(\)"), ".items()"),
    (re.compile(r"\.itervalues\(\)"), ".values()"),
    (re.compile(r"\.iterkeys\(\)"), ".keys()"),
    (re.compile(r"\bxrange\("), "range("),
)
STATEMENTS = (
    (re.compile(r"^(\s*)print\s*$"), r"\1print()"),
    (re.compile(r"^(\s*)print[ \t]+(?!\()(.*?),?\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print[ \t]+(\(.*\)\s*%.*|\(.*\)\s*,.*)$"), r"\1print(\2)"),
    (re.compile(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+)$"), r"\1(\2)"),
)


def rename(source: str) -> str:
    """Return `source` with dictionary and range methods that Python 3 dropped replaced."""
    for pattern, replacement in RENAMED:
        source = pattern.sub(replacement, source)
    return source


def modernise(source: str) -> str:
    """Return `source` with tabs expanded and Python 2 statements in their Python 3 form."""
    lines = source.expandtabs(8).split("\n")
    for pattern, replacement in STATEMENTS:
        lines = [pattern.sub(replacement, line) for line in lines]
    return "\n".join(lines)


def is_written_for(texts: Iterable[str], was_modernised: bool) -> bool:
    """Say whether files that run together can only have run under Python 2.

    `was_modernised` says that one of them is no Python 3 at all. Where nothing but a method of
    dictionaries tells, an import that only Python 3 has is the stronger sign.
    """
    whole = "\n".join(texts)
    old = re.search(r"^[^#\n]*\.iter(?:items|values|keys)\(\)", whole, re.MULTILINE)
    new = re.search(r"^[ \t]*from builtins import\b", whole, re.MULTILINE)
    return was_modernised or (old is not None and new is None)


class OldDivision(ast.NodeTransformer):
    """Rewrites a / b as divide(a, b), under the name that the worker gives it."""

    NAME = "divide_as_python_2"

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Replace a division, and those inside of it."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        call = ast.Call(ast.Name(self.NAME, ast.Load()), [node.left, node.right], [])
        return ast.copy_location(call, node)


def with_old_division(text: str) -> ast.Module | str:
    """Return the parsed text with the division of Python 2, unless it asks for the new one."""
    if re.search(r"^from __future__ import\b.*\bdivision\b", text, re.MULTILINE):
        return text
    tree: ast.Module = OldDivision().visit(ast.parse(text))
    return ast.fix_missing_locations(tree)


def divide(one: Any, other: Any) -> Any:
    """Return one / other as Python 2 had it: whole numbers give a whole number, rounded down."""
    return one // other if _is_whole(one) and _is_whole(other) else one / other


def _is_whole(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, int) or (isinstance(dtype, np.dtype) and dtype.kind in "iub")
