"""Is a function still the stub that was handed out? Asked beside the student, of None in use."""

from __future__ import annotations

import ast

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
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                    _note(inner, assigned)
            return any(all(values) for values in assigned.values())
    return False


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:  # perhaps it is of Python 2
        return ast.parse(statements.modernise(text))


def _note(
    node: ast.Assign | ast.AugAssign | ast.AnnAssign, assigned: dict[str, list[bool]]
) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    for target in targets:
        value = node.value
        if isinstance(target, (ast.Tuple, ast.List)):
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [None] * 99
            pairs += list(zip(target.elts, parts))
        else:
            pairs.append((target, value))
    for target, value in pairs:
        if isinstance(target, ast.Name):
            is_none = isinstance(value, ast.Constant) and value.value is None
            assigned.setdefault(target.id, []).append(is_none)
