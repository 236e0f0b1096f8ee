"""Tell a function that is still the handed-out stub from one that fails over a None."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.guest.legacy import statements


def still_none(text: str, function: str) -> bool:
    """Say whether `function` in `text` has a name that is only ever set to None: a stub.

    The handed-out stubs of some course years assign None and then use it, which raises before
    they can return.
    """
    try:
        tree = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            assigned: dict[str, list[bool]] = {}
            for name, is_none in _assigned(node):
                assigned.setdefault(name, []).append(is_none)
            return any(all(values) for values in assigned.values())
    return False


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:  # perhaps it is of Python 2
        return ast.parse(statements.modernise(text))


def _assigned(function: ast.FunctionDef) -> Iterator[tuple[str, bool]]:
    """Yield each name that is assigned to, and whether it is set to None."""
    for node in ast.walk(function):
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            targets: list[ast.expr] = [target]
            values: list[ast.expr | None] = [node.value]
            if isinstance(target, (ast.Tuple, ast.List)):
                row = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else ()
                targets, values = target.elts, [*row, *[None] * len(target.elts)]
            for one, value in zip(targets, values):
                if isinstance(one, ast.Name):
                    yield one.id, isinstance(value, ast.Constant) and value.value is None
