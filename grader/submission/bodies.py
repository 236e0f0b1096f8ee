"""What the body of a function does, by its source: whether it computes, and what comes back."""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Union

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]  # noqa: UP007 - Python 3.9 runs this too
# What stubs of all course years call in the lines around the gap that they leave.
HANDED = frozenset({
    "array", "asarray", "bool_", "empty", "empty_like", "float32", "float64", "ones", "ones_like",
    "seed", "zeros", "zeros_like",
})  # fmt: skip
METHODS = frozenset({  # of arrays: whoever calls one computes
    "argmax", "clip", "cumsum", "dot", "max", "mean", "min", "prod", "std", "sum", "transpose",
    "var",
})  # fmt: skip
BUILTINS = frozenset({
    "dict", "enumerate", "float", "format", "int", "isinstance", "len", "list", "print", "range",
    "repr", "set", "sorted", "str", "super", "tuple", "type", "zip",
})  # fmt: skip


@functools.lru_cache(maxsize=4)  # the files that are graded
def parsed(text: str) -> ast.Module:
    """Return a file as a tree, which nobody changes; of the same text it is the same one.

    Raises what ast.parse raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below one: what ast.iter_child_nodes gives, in a fifth of its time."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def nodes(tree: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, in the order of ast.walk; they are looked for once."""
    known: list[ast.AST] | None = getattr(tree, "nodes_below", None)
    if known is None:
        found = [tree]
        for node in found:  # which grows meanwhile
            found += children(node)
        known = found[1:]  # a node that held itself would stay until somebody looks for cycles
        tree.nodes_below = known  # type: ignore[attr-defined]
    return [tree, *known]


def computed(body: Sequence[ast.stmt]) -> list[int]:
    """Return the lines in which something is computed, as no stub does, in their order."""
    return sorted({getattr(node, "lineno", 0) for node in _inside_of(body) if _computes(node)})


def _computes(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(_base(node.value), ast.Name)
    if isinstance(node, ast.BinOp):
        # A text that is filled in is none.
        is_text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        return not is_text and any(isinstance(_base(n), ast.Name) for n in (node.left, node.right))
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        base = _base(node.func.value)
        if isinstance(base, ast.Name) and base.id in ("np", "numpy"):
            return node.func.attr not in HANDED
        return node.func.attr in METHODS
    own = isinstance(node.func, ast.Name) and node.func.id not in BUILTINS
    return own and not node.func.id.endswith(("Error", "Exception"))  # type: ignore[attr-defined]


def _base(node: ast.expr) -> ast.expr:
    """Return what an expression is an attribute or an element of; self has no arrays of a layer."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        is_size = getattr(node, "attr", "") in ("shape", "size", "ndim")
        if is_size or isinstance(node.value, ast.Name) and node.value.id == "self":
            return node
        node = node.value
    return node


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, functions of its own left out."""
    yield node
    for child in children(node):
        if not isinstance(child, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _inside(child)


def open_ends(body: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Return the ways through a body that come to its end without a return, each as its own."""
    ways: list[list[ast.stmt]] = [[]]
    for statement in body:
        if isinstance(statement, ast.If) and not _is_check(statement):
            branches = [*open_ends(statement.body), *open_ends(statement.orelse)]
            ways = [way + branch for way in ways for branch in branches][:64]
        elif isinstance(statement, (ast.With, ast.Try)):
            ways = [way + branch for way in ways for branch in open_ends(statement.body)][:64]
        elif isinstance(statement, ast.Return):
            return [] if statement.value is not None else ways
        elif isinstance(statement, ast.Raise):
            return []
        else:
            ways = [[*way, statement] for way in ways]
    return ways


def _is_check(statement: ast.If) -> bool:
    """Return whether an `if` only raises: no way through the function leads there."""
    return not statement.orelse and isinstance(statement.body[-1], ast.Raise)


def returned(function: Function) -> list[str]:
    """Return the names that a function returns, alone or in a tuple, in their order."""
    found = [node.value for node in _inside_of(function.body) if isinstance(node, ast.Return)]
    values = (v for one in found for v in (one.elts if isinstance(one, ast.Tuple) else [one]))
    return [value.id for value in values if isinstance(value, ast.Name)]


def never_set(function: Function) -> set[str]:
    """Return the names that are set to None and to nothing else."""
    values: dict[str, list[bool]] = {}
    for node in _inside_of(function.body):
        for name, is_none in _bindings(node):
            values.setdefault(name, []).append(is_none)
    arguments = {one.arg for one in nodes(function.args) if isinstance(one, ast.arg)}
    return {name for name, each in values.items() if all(each)} - arguments


def _bindings(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield (name, whether to None) of what a node sets."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from pairs(target, node.value)
    elif isinstance(node, ast.AnnAssign):
        yield from pairs(node.target, node.value)
    elif isinstance(node, (ast.For, ast.AugAssign, ast.NamedExpr)):
        targets = [node.target]
    elif isinstance(node, ast.With):
        targets = [item.optional_vars for item in node.items if item.optional_vars]
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        targets = [base] if isinstance(base := _base(node), ast.Name) else []
    names = (one for target in targets for one in nodes(target) if isinstance(one, ast.Name))
    yield from ((name.id, False) for name in names)


def pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, bool]]:
    """Yield (name, whether None) of what an assignment sets."""
    if isinstance(target, (ast.Tuple, ast.List)):
        same = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        values = value.elts if same else [None] * len(target.elts)  # type: ignore[union-attr]
        for one, each in zip(target.elts, values):
            yield from pairs(one, each)
    elif isinstance(target, ast.Starred):
        yield from pairs(target.value, None)
    elif isinstance(target, ast.Name):
        yield target.id, isinstance(value, ast.Constant) and value.value is None


def _inside_of(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from _inside(statement)
