"""A function as tokens that usual disguises leave as they are.

Operands of + and * stand in one order, what is set and never read is gone, and an expression that
has a name for one use only stands where it is used. Names are one token, numbers another. Nothing
is run. What does not parse is left to grader.course.similarity.tokens.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from grader.course.similarity.tokens import NAME, NUMBER, NUMPY, PLAIN, TEXT, Function, Token

LONGEST, ROUNDS = 60_000, 4
_NO_NODES = ("ctx", "op", "ops", "id", "attr", "arg", "name", "asname", "module", "type_comment")
_PRINT = re.compile(r"^([ \t]*)print\b(?![ \t]*\().*$", re.MULTILINE)  # Python 2's
_ANY_ORDER = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)
_PLAIN = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)


def functions(block: str) -> list[Function] | None:
    """Return the functions of a definition; None unless it parses, and is as small as homework."""
    if len(block) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(_PRINT.sub(r"\1pass", block))
        return [_function(name, node) for name, node in _definitions(tree)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _function(name: str, node: ast.FunctionDef) -> Function:
    given = {one.arg for one in _nodes([node.args]) if isinstance(one, ast.arg)}
    body = _plain_assignments(node.body)
    _apart(body, Counter(one.id for one in _nodes(body) if isinstance(one, ast.Name)), given)
    for _ in range(ROUNDS):
        nodes = _nodes(body)
        names = [one for one in nodes if isinstance(one, ast.Name)]
        read = {one.id for one in names if isinstance(one.ctx, ast.Load)} | given
        once = _used_once(nodes, names) - given
        kept = _put(_kept(body, read), once, {})
        if len(kept) == len(body) and not once:
            break
        body = kept
    told: list[Token] = []
    for one in (node.args, *body):
        _tell(one, node.lineno, told)
    return Function(name, tuple(told))


def _nodes(roots: Sequence[ast.AST]) -> list[ast.AST]:
    """Return nodes and all below them, but for contexts and signs."""
    stack, found = list(roots), []
    while stack:
        node = stack.pop()
        found.append(node)
        for name in _below(type(node).__name__, node._fields):
            value = getattr(node, name, None)
            if type(value) is list:
                stack.extend(one for one in value if isinstance(one, ast.AST))
            elif isinstance(value, ast.AST):
                stack.append(value)
    return found


@cache
def _below(kind: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields of a kind of node that hold other nodes."""
    return tuple(name for name in fields if name not in _NO_NODES and kind != "Constant")


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(node, ast.ClassDef) and isinstance(inner, ast.FunctionDef):
                yield f"{node.name}.{inner.name}", inner


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [one for one in body if not (isinstance(one, ast.Expr) and _is_constant(one.value))]


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant)


def _blocks(one: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    for name in ("body", "orelse", "finalbody"):
        if block := getattr(one, name, None):
            yield name, block


# -------------------------------------------------------------------------- what has no effect


def _kept(body: Sequence[ast.stmt], read: set[str]) -> list[ast.stmt]:
    made = []
    for one in _without_docstring(body):
        if isinstance(one, ast.Pass) or _is_dead(one, read):
            continue
        if isinstance(one, ast.If) and _is_constant(one.test):
            made += _kept(one.body if getattr(one.test, "value", 0) else one.orelse, read)
            continue
        blocks = list(_blocks(one))
        for name, block in blocks:
            setattr(one, name, _kept(block, read))
        if not blocks or any(_blocks(one)):
            made.append(one)
    return made


def _is_dead(one: ast.stmt, read: set[str]) -> bool:
    if isinstance(one, ast.Assign):
        targets = one.targets
    elif isinstance(one, ast.AugAssign | ast.AnnAssign):
        targets = [one.target]
    else:
        return isinstance(one, ast.Assert) or (isinstance(one, ast.Expr) and _is_idle(one.value))
    if _is_itself(one):
        return True
    return all(isinstance(target, ast.Name) and target.id not in read for target in targets)


def _is_idle(value: ast.expr) -> bool:
    """Return whether an expression by itself changes nothing: no call, but for print."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "print"
    return isinstance(value, ast.Name | ast.BinOp | ast.Compare | ast.Attribute | ast.Subscript)


def _is_itself(one: ast.stmt) -> bool:
    """Return whether a name is set to itself."""
    value = getattr(one, "value", None)
    targets = getattr(one, "targets", [])
    return isinstance(value, ast.Name) and any(
        isinstance(target, ast.Name) and target.id == value.id for target in targets
    )


# ------------------------------------------------------------ a name that is set more than once


def _plain_assignments(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return a body with x += y as x = x + y."""
    made: list[ast.stmt] = []
    for one in body:
        for name, block in _blocks(one):
            setattr(one, name, _plain_assignments(block))
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            before = ast.Name(one.target.id, ast.Load(), lineno=one.lineno)
            value = ast.BinOp(before, one.op, one.value, lineno=one.lineno)
            made.append(ast.Assign([one.target], value, lineno=one.lineno))
        else:
            made.append(one)
    return made


def _apart(body: list[ast.stmt], total: Counter[str], given: set[str]) -> None:
    """Give each value of a name that only this block sets and reads a name of its own."""
    for one in body:
        for _, block in _blocks(one):
            _apart(block, total, given)
    direct = Counter(name for one in body if (name := _target(one)))
    if max(direct.values(), default=0) < 2:
        return
    here = [one for one in _nodes(body) if isinstance(one, ast.Name)]
    stores = Counter(one.id for one in here if isinstance(one.ctx, ast.Store))
    counts = Counter(one.id for one in here)
    several = {
        name
        for name, many in direct.items()
        if many > 1 and stores[name] == many and counts[name] == total[name]
    } - given
    number = dict.fromkeys(several, 0)
    for one in body if several else ():
        names = [each for each in _nodes([one]) if isinstance(each, ast.Name)]
        for each in names:
            if each.id in number and isinstance(each.ctx, ast.Load):
                each.id = f"{each.id}@{number[each.id]}"
        if (name := _target(one)) in several:
            number[name] += 1
            one.targets[0].id = f"{name}@{number[name]}"  # type: ignore[attr-defined]


def _target(one: ast.stmt) -> str:
    """Return the name that a statement sets, "" if it sets anything else."""
    target = one.targets[0] if isinstance(one, ast.Assign) and len(one.targets) == 1 else None
    return target.id if isinstance(target, ast.Name) else ""


# ----------------------------------------------------------------- names that are used only once


def _used_once(nodes: Sequence[ast.AST], names: Sequence[ast.Name]) -> set[str]:
    """Return the names that are set once and read once, and not in steps."""
    uses = Counter((one.id, isinstance(one.ctx, ast.Load)) for one in names)
    changed = {
        one.target.id
        for one in nodes
        if isinstance(one, ast.AugAssign | ast.For) and isinstance(one.target, ast.Name)
    }
    return {n for n, read in uses if read and uses[n, False] == uses[n, True] == 1} - changed


def _put(body: list[ast.stmt], once: set[str], held: dict[str, ast.expr]) -> list[ast.stmt]:
    made = []
    for one in body:
        for field, value in [*one.__dict__.items()] if held else ():
            if isinstance(value, ast.expr):
                setattr(one, field, _Put(held).visit(value))
        for name, block in _blocks(one):
            setattr(one, name, _put(block, once, held))
        if isinstance(one, ast.Assign) and (name := _target(one)) in once:
            held[name] = one.value
            once.discard(name)
            continue
        made.append(one)
    return made


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of their names."""

    def __init__(self, held: dict[str, ast.expr]) -> None:
        self._held = held

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._held.pop(node.id, node) if isinstance(node.ctx, ast.Load) else node


# ---------------------------------------------------------------------------------- as tokens


def _tell(node: ast.AST, line: int, told: list[Token]) -> None:
    """Add a node and all below it as tokens, in an order that does not hang on names."""
    line = getattr(node, "lineno", line)
    if isinstance(node, ast.Name):
        told.append(_word(node.id, line, PLAIN))
        return
    if isinstance(node, ast.Constant):
        told.append(_constant(node.value, line))
        return
    if isinstance(node, ast.arg):
        told.append(Token(NAME, node.arg, line))
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, _ANY_ORDER):
        _tell_sorted(node, line, told)
        return
    if isinstance(node, ast.AugAssign):  # a += b is a = a + b
        again = ast.Name("again", ast.Load(), lineno=line)
        value = ast.BinOp(again, node.op, node.value, lineno=line)
        node = ast.Assign([node.target], value, lineno=line)
    told.append(Token(type(node).__name__, "", line))
    if isinstance(node, ast.Attribute):
        told.append(_word(node.attr, line, NUMPY))
    if isinstance(node, ast.keyword) and node.arg:
        told.append(_word(node.arg, line, NUMPY))
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _PLAIN):
            _tell(child, line, told)
        elif not isinstance(child, ast.expr_context):
            told.append(Token(type(child).__name__, "", line))


def _tell_sorted(node: ast.BinOp, line: int, told: list[Token]) -> None:
    sign = type(node.op).__name__
    parts = []
    for one in _operands(node, type(node.op)):
        part: list[Token] = []
        _tell(one, line, part)
        parts.append(part)
    told.append(Token(sign, "", line))
    for part in sorted(parts, key=lambda part: [token.kind for token in part]):
        told += part


def _operands(node: ast.expr, sign: type[ast.operator]) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, sign):
        yield from _operands(node.left, sign)
        yield from _operands(node.right, sign)
    else:
        yield node


def _word(text: str, line: int, kept: frozenset[str]) -> Token:
    return Token(text if text in kept else NAME, text, line)


def _constant(value: object, line: int) -> Token:
    kind = TEXT if isinstance(value, str) else NUMBER
    return Token(str(value) if isinstance(value, bool) or value is None else kind, "", line)
