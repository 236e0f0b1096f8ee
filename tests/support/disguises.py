"""Disguises of a copy, each on top of the one before, and submissions of authors of their own.

1  all names changed, comments and docstrings gone
2  and operands of + and * swapped at random
3  and a statement without effect after every third
4  and expressions split into temporaries
"""

from __future__ import annotations

import ast
import builtins
import random
from collections.abc import Mapping

KEPT = {*dir(builtins), "np", "numpy", "self"}
LEVELS = (1, 2, 3, 4)


def disguised(files: Mapping[str, bytes], level: int, seed: str) -> dict[str, bytes]:
    """Return files with every function disguised."""
    rng = random.Random(f"{seed} {level}")
    return {path: _text(data, level, rng).encode() for path, data in files.items()}


def _text(data: bytes, level: int, rng: random.Random) -> str:
    tree = ast.parse(data.decode("utf-8", "replace"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            _without_docstring(node)
            _Renamed(node, rng).visit(node)
            if level >= 2:
                _Swapped(rng).visit(node)
            if level >= 4:
                node.body = _split(node.body, rng)
            if level >= 3:
                node.body = _padded(node.body, rng)
    return ast.unparse(ast.fix_missing_locations(tree))


def _without_docstring(node: ast.FunctionDef) -> None:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and node.body[1:]:
        del node.body[0]


class _Renamed(ast.NodeTransformer):
    """Gives every local name another one."""

    def __init__(self, function: ast.FunctionDef, rng: random.Random) -> None:
        set_here = {
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self._new: dict[str, str] = {
            name: f"v{rng.randrange(10**6)}" for name in sorted(set_here - KEPT)
        }

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new.get(node.id, node.id)
        return node


class _Swapped(ast.NodeTransformer):
    """Swaps operands where the result is the same."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and self._rng.random() < 0.5:
            node.left, node.right = node.right, node.left
        return node


def _blocks(body: list[ast.stmt]) -> list[list[ast.stmt]]:
    return [
        getattr(one, name)
        for one in body
        for name in ("body", "orelse", "finalbody")
        if getattr(one, name, None)
    ]


def _padded(body: list[ast.stmt], rng: random.Random) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for place, one in enumerate(body):
        for inner in _blocks([one]):
            inner[:] = _padded(inner, rng)
        made.append(one)
        if place % 3 == 2 and place < len(body) - 1:
            dead = rng.choice(("u{0} = {0}", "_ = {0} * 2", "if False:\n    u{0} = None"))
            made += ast.parse(dead.format(rng.randrange(1000))).body
    return made


def _split(body: list[ast.stmt], rng: random.Random) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for one in body:
        for inner in _blocks([one]):
            inner[:] = _split(inner, rng)
        if isinstance(one, ast.Assign | ast.AugAssign | ast.Return) and one.value is not None:
            target = one.value
            if isinstance(target, ast.BinOp | ast.Call):
                split = _Split(rng)
                split.generic_visit(target)
                made += split.made
        made.append(one)
    return made


class _Split(ast.NodeTransformer):
    """Puts operands that are computed into names of their own."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.made: list[ast.stmt] = []

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._named(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node

    visit_ListComp = visit_GeneratorExp = visit_DictComp = visit_IfExp = visit_Lambda  # type: ignore[assignment]

    def _named(self, node: ast.expr) -> ast.expr:
        name = f"t{self._rng.randrange(10**6)}"
        self.made.append(ast.Assign([ast.Name(name, ast.Store())], node))
        return ast.Name(name, ast.Load())
