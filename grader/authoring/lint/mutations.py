"""Small changes to the code of a solution, one at a time: each should cost somebody a point.

A mutant is the reference with one operator, number, axis, argument, term or statement of a solution
changed. Only what stands between the solution marks is changed: the rest is handed out.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from grader.authoring.fixtures.misconceptions import functions
from grader.rubric import solution_markers

REMOVED = "(removed)"
OTHER_OPERATORS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
OTHER_COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OTHER_NAMES = {
    "sum": "mean", "mean": "sum", "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like",
    "ones_like": "zeros_like", "maximum": "minimum", "minimum": "maximum", "max": "min",
    "min": "max", "rand": "randn", "randn": "rand", "var": "std", "std": "var",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: where it stands, the statement before and after, and the changed function."""

    file: str
    function: str  # or Class.method
    line: int
    before: str
    after: str
    code: CodeType

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by when lines move."""
        return self.function, self.before, self.after


def mutants(files: Mapping[str, str]) -> list[Mutant]:
    """Return every mutant of the solutions in `files` (path -> source)."""
    found: dict[tuple[Any, ...], Mutant] = {}
    for file, source in files.items():
        inside = set(solution_markers.split(source)[0])
        for name, function in functions(source):
            for mutant in _of_function(file, name, function, inside):
                found.setdefault((*mutant.key, mutant.line), mutant)
    return list(found.values())


def _of_function(
    file: str, name: str, function: ast.FunctionDef, inside: set[int]
) -> Iterator[Mutant]:
    """Make each change in the tree, compile it, and undo it."""
    for block, index, statement in list(_statements(function)):
        if statement.lineno not in inside:
            continue
        before, line = head(statement), statement.lineno
        for apply, undo in _changes(statement):
            apply()
            try:
                code, after = _compiled(function, file), head(statement)
            finally:
                undo()
            if after != before:
                yield Mutant(file, name, line, before, after, code)
        if not isinstance(statement, (ast.Return, ast.Raise, ast.Pass)):
            block[index] = ast.Pass()
            try:
                code = _compiled(function, file)
            finally:
                block[index] = statement
            yield Mutant(file, name, line, before, REMOVED, code)


def _statements(function: ast.FunctionDef) -> Iterator[tuple[list[ast.stmt], int, ast.stmt]]:
    """Yield the block, the place in it and the statement, for each statement of a function."""
    for node in ast.walk(function):
        for _, value in ast.iter_fields(node):
            for index, one in enumerate(value if isinstance(value, list) else ()):
                if isinstance(one, ast.stmt):
                    yield value, index, one


def head(statement: ast.stmt) -> str:
    """Return a statement as one line, without the block that it may hold."""
    alone = copy.copy(statement)
    for block in ("body", "orelse"):
        if isinstance(getattr(alone, block, None), list):
            setattr(alone, block, [ast.Pass()] if block == "body" else [])
    return ast.unparse(alone).partition("\n")[0]


def _compiled(function: ast.FunctionDef, file: str) -> CodeType:
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = compile(module, file, "exec")
    return next(one for one in code.co_consts if isinstance(one, CodeType))


Edit = Callable[[], None]


def _changes(statement: ast.stmt) -> Iterator[tuple[Edit, Edit]]:
    """Yield (make it, undo it) for each change of a statement's own expressions."""
    for holder, field, index, node in _places(statement):
        for other in _others(node):
            yield _put(holder, field, index, other), _put(holder, field, index, node)
    if isinstance(statement, ast.AugAssign) and type(statement.op) in OTHER_OPERATORS:
        other_op = OTHER_OPERATORS[type(statement.op)]()
        yield _put(statement, "op", None, other_op), _put(statement, "op", None, statement.op)
    if isinstance(statement, (ast.If, ast.While)):
        for value in (True, False):
            yield (_put(statement, "test", None, ast.Constant(value)),
                   _put(statement, "test", None, statement.test))  # fmt: skip


def _put(holder: ast.AST, field: str, index: int | None, node: ast.AST) -> Edit:
    def put() -> None:
        if index is None:
            setattr(holder, field, node)
        else:
            getattr(holder, field)[index] = node

    return put


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield (holder, field, index, node) of every expression below, blocks left out."""
    for field, value in ast.iter_fields(node):
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, (ast.expr, ast.comprehension, ast.keyword)):
                yield node, field, index, child
                is_minus_one = isinstance(child, ast.UnaryOp)  # reshape takes any negative for it
                yield from () if is_minus_one else _places(child)


def _others(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what may stand in the place of an expression."""
    match node:
        case ast.Constant():
            yield from map(ast.Constant, _other_values(node.value))
        case ast.BinOp():
            yield from _other_products(node)
        case ast.UnaryOp():
            yield node.operand
        case ast.Compare(ops=[op]):
            for other in OTHER_COMPARISONS[type(op)]:
                yield ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Attribute(attr="T"):
            yield node.value
        case ast.Tuple() | ast.List():
            for elements in _swapped(node.elts):
                yield type(node)(elements, node.ctx)
        case ast.Dict():
            for i in range(len(node.keys)):
                yield ast.Dict(_but(node.keys, i), _but(node.values, i))


def _other_values(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (1,) if value == 0 else (value + 1, value - 1)
    if isinstance(value, float):
        return (2 * value, 0.0)
    return (f"{value}x",) if isinstance(value, str) else ()


def _other_products(node: ast.BinOp) -> Iterator[ast.expr]:
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)
        return
    yield ast.BinOp(node.left, OTHER_OPERATORS[type(node.op)](), node.right)
    yield ast.UnaryOp(ast.USub(), node)
    yield node.left
    if isinstance(node.op, (ast.Add, ast.Mult)):
        yield node.right


def _other_calls(node: ast.Call) -> Iterator[ast.expr]:
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, _but(node.keywords, i))
    for arguments in _swapped(node.args):
        yield ast.Call(node.func, arguments, node.keywords)
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in OTHER_NAMES:
            other = ast.Attribute(node.func.value, OTHER_NAMES[node.func.attr], node.func.ctx)
            yield ast.Call(other, node.args, node.keywords)
        module = ast.unparse(node.func.value).startswith("np")
        if not module:
            yield node.func.value
        elif node.args and not isinstance(node.args[0], ast.Starred):
            yield node.args[0]


def _swapped(nodes: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    """Yield the nodes with each two neighbours swapped."""
    for i in range(len(nodes) - 1):
        if not any(isinstance(node, ast.Starred) for node in nodes[i : i + 2]):
            yield [*nodes[:i], nodes[i + 1], nodes[i], *nodes[i + 2 :]]


def _but(nodes: Sequence[Any], i: int) -> list[Any]:
    return [*nodes[:i], *nodes[i + 1 :]]
