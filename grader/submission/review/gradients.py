"""Numeric gradients: a backward pass that asks the forward pass instead of deriving it.

Element loops, and one forward pass to get a value back, are honest. What is not: a forward pass in
a loop, two forward passes that are subtracted, a small step added to one element, a complex step,
or the course's own gradient checker.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from grader.submission.review import calls
from grader.submission.review.calls import CallSite, OwnFunction, Program, is_forward, last_name
from grader.submission.review.source import Remark, SourceFile

NODES = 40_000  # of code below all backward passes; homework has a few thousand
VALUES = 40  # expressions that a value is traced back through
_TOO_MANY = "holds more functions below its backward passes than can be looked at here"
STEP = 1e-2  # a number up to this may be the step of a difference
LOOKS = ": this looks like a numeric gradient"
_CHECKER = re.compile(r"num(?:eric(?:al)?)?_?grad|grad_check|approx_fprime|complex_step", re.I)
# Layers of the same file that this homework does not grade: their backward may go by windows.
_UNGRADED = re.compile(r"^(?:conv|max_?pool|spatial|rnn|lstm|word|temporal|_?im2col)", re.I)


def remarks(sources: Sequence[SourceFile]) -> Iterator[Remark]:
    """Yield where a backward pass, or a net's loss, looks like differences of forward passes."""
    program = Program(sources)
    roots = [one for one in program.functions if _is_root(one)]
    stop, room = frozenset(roots), NODES
    for root in roots:
        for function in program.below(root, stop):
            room -= len(function.nodes) + 1
            if room < 0:
                yield root.source.remark("unread", _TOO_MANY, 0)
                return
            yield from _in_one(program, root, function)


def _is_root(function: OwnFunction) -> bool:
    name = function.name.lower()
    is_backward = "backward" in name and not is_forward(name) and not _UNGRADED.match(name)
    return is_backward or name == "loss" and bool(function.owner)


def _in_one(program: Program, root: OwnFunction, function: OwnFunction) -> Iterator[Remark]:
    """Yield the first thing of each line."""
    who = f"{root.owner}.{root.name}" if root.owner else root.name
    who = who if function is root else f"{who} (through {function.name})"
    is_layer = "backward" in root.name.lower()
    done: set[int] = set()
    asked = _calls(program, root, function, is_layer)
    for node, message in (*asked, *_differences(program, function, is_layer)):
        if node.lineno not in done:
            done.add(node.lineno)
            yield function.source.remark("numeric_gradient", f"{who} {message}{LOOKS}", node)


def _calls(
    program: Program, root: OwnFunction, function: OwnFunction, is_layer: bool
) -> Iterator[tuple[ast.expr, str]]:
    for call in function.calls:
        name, runs_forward = call.name, program.reaches_forward(call.name, function)
        # Layers are called in a loop by every net, but no net calls its own loss in one.
        is_asked = runs_forward if is_layer else name == root.name and _is_of_one(call, function)
        if _CHECKER.search(name):
            yield call.node, f"uses {name}"
        elif call.in_loop and is_asked:
            through = (
                ", which calls a forward pass," if runs_forward and not is_forward(name) else ""
            )
            yield call.node, f"calls {name}{through} in a loop"
        elif is_layer and (given := _handed_over(program, function, call)):
            yield call.node, f"hands {given} to {name}, which calls it in a loop"


def _is_of_one(call: CallSite, function: OwnFunction) -> bool:
    """Return whether a call is of self.loss or net.loss, and not of what a loop goes through."""
    target = call.node.func
    if not _is_of_object(target):
        return False
    owner = target.value.id  # type: ignore[attr-defined]
    for outer in takewhile(lambda one: one is not function.node, function.source.above(call.node)):
        gone_through = [outer] if isinstance(outer, ast.For) else getattr(outer, "generators", [])
        names = (n for loop in gone_through for n in ast.walk(loop.target))
        if any(isinstance(name, ast.Name) and name.id == owner for name in names):
            return False
    return True


def _is_of_object(target: ast.expr) -> bool:
    """Return whether an expression is a plain attribute: self.loss, net.loss."""
    return isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)


def _handed_over(program: Program, function: OwnFunction, call: CallSite) -> str:
    """Return the function that is handed to one that calls its argument in a loop."""
    if not calls.is_mapper(call.node) and not program.takes_functions(call.name, function):
        return ""
    names: list[str] = []
    for argument in (*call.node.args, *(keyword.value for keyword in call.node.keywords)):
        if isinstance(argument, ast.Lambda):
            names += [last_name(n.func) for n in ast.walk(argument) if isinstance(n, ast.Call)]
        else:
            name = last_name(argument)
            names.append(function.source.names.get(name, name).rpartition(".")[2])
    return next((name for name in names if program.reaches_forward(name, function)), "")


# ------------------------------------------------------------------------------ differences


def _differences(
    program: Program, function: OwnFunction, is_layer: bool
) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield differences of two calls of one function, small steps in a loop, complex steps."""
    names: dict[ast.AST, str] = {call.node: call.name for call in function.calls}
    operations = [n for n in function.nodes if isinstance(n, ast.BinOp)]
    divides = any(isinstance(n.op, ast.Div) and _is_step(n.right, function) for n in operations)
    constants = (n.value for n in function.nodes if isinstance(n, ast.Constant))
    has_complex = any(isinstance(value, complex) for value in constants)
    for node in function.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and names:
            name = _same_call(node, function, names)
            if name and (divides or is_layer and program.reaches_forward(name, function)):
                yield node, f"subtracts two results of {name}"
        elif divides and isinstance(node, (ast.Assign, ast.AugAssign)):
            if _moves_an_element(node, function):
                yield node, "moves one element by a small step, in a loop"
        elif is_layer and has_complex and isinstance(node, ast.Attribute) and node.attr == "imag":
            yield node, "takes the imaginary part of a complex step"


def _holds_step(name: str, function: OwnFunction) -> bool:
    """Return whether a name holds a small number: h = 1e-5, also as a default."""
    arguments = function.node.args
    defaults = [*arguments.defaults, *arguments.kw_defaults]
    pairs = zip(reversed(function.parameters), reversed(defaults))
    given = (value for argument, value in pairs if argument.arg == name)
    return any(map(_is_small, (*function.values(name), *given)))


def _is_small(node: ast.AST | None) -> bool:
    """Return whether an expression is a number such as 1e-5 or 10 ** -5."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return isinstance(node.right, ast.UnaryOp) and isinstance(node.left, ast.Constant)
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, float) and 0 < value <= STEP


def _is_step(node: ast.AST, function: OwnFunction) -> bool:
    """Return whether an expression is a step, or a plain multiple of one: h, 2 * h, 2e-5."""
    found = False
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult):
            stack += [part.left, part.right]
        elif isinstance(part, ast.UnaryOp):
            stack.append(part.operand)
        elif _is_small(part) or isinstance(part, ast.Name) and _holds_step(part.id, function):
            found = True
        elif not (isinstance(part, ast.Constant) and isinstance(part.value, (int, float))):
            return False
    return found


def _moves_an_element(node: ast.Assign | ast.AugAssign, function: OwnFunction) -> bool:
    """Return whether a statement is x[i] += h, or x[i] = old + h, in a loop."""
    match node:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=step):
            targets, terms = [target], [step]
        case ast.Assign(targets=targets, value=ast.BinOp(left, ast.Add() | ast.Sub(), right)):
            terms = [right, left]
        case _:
            return False
    if not any(isinstance(target, ast.Subscript) for target in targets):
        return False
    around = takewhile(lambda outer: outer is not function.node, function.source.above(node))
    is_in_loop = any(isinstance(outer, (ast.For, ast.While)) for outer in around)
    return is_in_loop and any(_is_step(term, function) for term in terms)


def _same_call(node: ast.BinOp, function: OwnFunction, names: Mapping[ast.AST, str]) -> str:
    """Return the function whose two calls are subtracted from each other, or nothing."""
    left = _origins(node.left, function, names)
    right = _origins(node.right, function, names)
    return next((name for name in left if len(left[name] | right.get(name, left[name])) > 1), "")


def _origins(
    node: ast.AST, function: OwnFunction, names: Mapping[ast.AST, str]
) -> dict[str, set[ast.AST]]:
    """Return the calls of own functions that a value comes from, through names and NumPy."""
    found: dict[str, set[ast.AST]] = {}
    stack = [node]
    met: set[ast.AST] = set()
    while stack and len(met) < VALUES:
        part = stack.pop()
        if part in met:
            continue
        met.add(part)
        if isinstance(part, ast.Call) and part in names and _is_own_function(part, function):
            found.setdefault(names[part], set()).add(part)
        elif isinstance(part, ast.Name):
            stack += function.values(part.id)[-VALUES:]
        else:
            stack += ast.iter_child_nodes(part)
    return found


def _is_own_function(node: ast.Call, function: OwnFunction) -> bool:
    """Return whether a call is of f, self.f or layers.f, and not np.sum, x.sum or float."""
    target, source = node.func, function.source
    if isinstance(target, ast.Name):
        imported = source.names.get(target.id, target.id)
        return source.is_local(target) or is_forward(imported) or imported != target.id and (
            not imported.startswith("numpy"))  # fmt: skip
    is_self = _is_of_object(target) and target.value.id == "self"  # type: ignore[attr-defined]
    return is_self or is_forward(getattr(target, "attr", ""))
