"""A formula with one slip in it, for every slip that there may be.

A slip is one edit of the text: a term or a factor left out, an operator or a sign turned round, a
root or a square forgotten, a sum for a mean, or one quantity in the place of another. Of some
quantities several are often wrong at once.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from grader.diagnosis.sentences import listed

SHORT = 40  # characters of a term that is named; a longer one is "what stands before it"
# What may stand in the place of what, by the name that a student gives it too.
CONFUSED: Mapping[str, tuple[str, ...]] = {
    "m_hat": ("m", "dw"), "v_hat": ("v",), "m": ("dw",), "cache": ("cache_old",),
    "t": ("t_old", "t_first"), "velocity": ("velocity_old", "dw"),
    "dw": ("dw ** 2", "abs(dw)", "m"), "beta1": ("beta2", "0.9"), "beta2": ("beta1", "0.999"),
    "eps": ("0", "1e-5"), "w": ("w.T",),
    "epsilon": ("0", "1e-8", "1e-7"),
    "x_hat": ("x", "centred"), "std": ("var", "(var + eps)"), "dx_hat": ("dout",),
    "centred": ("x",), "gamma": ("beta",), "beta": ("gamma",),
    "x_mean": ("mean_all(x)", "mean_other(x)"), "var": ("sqrt(var)", "sqrt(var + eps)", "var_all"),
    "running_mean_old": ("mean(x)",), "running_var": ("1", "running_var ** 2"),
    "momentum": ("(1 - momentum)", "0.9", "0.99", "0.999"),
    "decay_rate": ("(1 - decay_rate)", "0.9", "0.99"), "dscores": ("scores",),
    **{f"a{i}": (f"dh{i}",) for i in range(1, 6)}, **{f"h{i}": (f"a{i}",) for i in range(1, 6)},
}  # fmt: skip
BENT = {"w": ("tanh", "abs", "sign"), "x": ("abs", "tanh")}  # what a factor may go through
TOGETHER: Mapping[str, tuple[str, ...]] = {  # several of these are often wrong at once
    "m_hat": ("m",), "v_hat": ("v",), "t": ("t_old", "t_first"), "epsilon": ("0", "1e-8", "1e-7"),
    "mean": ("mean_other", "mean_all"), "eps": ("0", "1e-5"),
    "squares": ("sums", "norms", "squared_sum"),
}  # fmt: skip
EVERYWHERE = ("mean", "squares")  # stand in a formula more than once
GROUPS: Mapping[str, Mapping[str, str]] = {  # what is wrong together or not at all
    "without any bias": {f"b{i}": "0" for i in range(1, 8)},
    **{
        f"with {value} in the place of {name}": {name: value}
        for name, values in {
            "momentum": ("0.9", "0.99", "0.999", "0.1"), "decay_rate": ("0.9", "0.99", "0.999"),
            "beta1": ("0.9",), "beta2": ("0.999", "0.99"),
        }.items()
        for value in values
    },
    "without the last example": {"rows": "rows[:-1]", "dout": "dout[:-1]"},
    "without the first example": {"rows": "rows[1:]", "dout": "dout[1:]"},
    "with the running averages in the place of those of the batch": {
        "x_mean": "running_mean", "var": "running_var"},
}  # fmt: skip
OTHER = {
    "mean": ("total", "mean_other", "mean_all"), "total": ("mean", "total_other"),
    "maximum": ("minimum",), "log": ("log2", "log10"), "squares": ("sums", "norms", "squared_sum"),
    "total_other": ("total", "mean_other"),
}  # fmt: skip
INNER = ("log", "exp", "abs")  # functions that may be forgotten
CONSTANTS: Mapping[object, tuple[float, ...]] = {0: (1,), 0.5: (1, 0.25), 2: (3,)}
DOUBLE = re.compile(r"\(\(([^()]*)\)\)")
WORD = re.compile(r"[A-Za-z_]\w*(?:\(p\))?")
SPELT: Mapping[str, str] = {
    "x_mean": "mean(x)", "centred": "(x - mean(x))", "dx_hat": "(dout * gamma)",
    "pick(p)": "the probability of the right class", "sum_all": "sum", "total": "sum",
    "rows": "x",
    **{f"dh{i}": f"the gradient of hidden layer {i}" for i in range(1, 6)},
    **{f"a{i}": f"hidden layer {i} before its ReLU" for i in range(1, 6)},
    **{f"h{i}": f"hidden layer {i}" for i in range(1, 6)},
}  # fmt: skip
WHOLE: Mapping[str, str] = {  # what a result may go through that should come out as it is
    "if the result goes through a ReLU": "maximum({}, 0)",
    "if the result goes through tanh": "tanh({})",
    "if the result is cut off at 1": "minimum({}, 1)",
    "if the result is squared": "({}) ** 2",
    "if the result is stored in an array of whole numbers": "trunc({})",
    "if the absolute value of the result is taken": "abs({})",
}
AXES = {"other": "the other axis", "all": "both axes"}
KNOWN = {
    "total_other": "the sum over the other axis", "mean_other": "the mean over the other axis",
    "t_first": "t of the first step", "t_old": "t from before it was counted up",
    "total": "the sum", "mean": "the mean", "mean_all": "the mean over both axes",
    "mean_all(x)": "the mean of all numbers", "mean_other(x)": "the mean over the other axis",
    "var_all": "the variance of all numbers", "sums": "the plain sum", "squares": "the sum of "
    "squares", "norms": "the norm, a root of the sum of squares,", "squared_sum": "the square of "
    "the sum", "x_mean": "mean(x)", "maximum": "the maximum", "minimum": "the minimum",
    "log": "the natural logarithm",
}  # fmt: skip


@dataclass(frozen=True)
class Slip:
    """One edit of a formula, in words, and the code that gives what comes out."""

    message: str
    code: CodeType


@functools.lru_cache(maxsize=256)
def slips(text: str) -> tuple[Slip, ...]:
    """Return every single edit of a formula, each once."""
    tree = assigned(text)
    found: dict[tuple[str, str], Slip] = {}
    for statement in reversed(tree.body):  # what stands last is nearest to the output
        assert isinstance(statement, ast.Assign)
        around = WHOLE.items() if statement is tree.body[-1] else ()
        right = _text(statement.value)
        whole = [(message, _parsed(form.format(right))) for message, form in around]
        for message, edited in (*_edits(statement.value), *whole):
            kept, statement.value = statement.value, edited
            key = message, ast.dump(statement)  # the same words may stand for several places
            if key not in found:
                words = WORD.sub(lambda word: SPELT.get(word[0], word[0]), message)
                found[key] = Slip(DOUBLE.sub(r"(\1)", words), compiled(tree))
            statement.value = kept
    return (*found.values(), *_several(tree))


def _several(tree: ast.Module) -> Iterator[Slip]:
    """Yield slips that are several names in the place of others, the fewest first."""
    there = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = [name for name in TOGETHER if name in there]
    choices = itertools.product(*(("", *TOGETHER[name]) for name in names))
    swaps = [{n: other for n, other in zip(names, each) if other} for each in choices]
    for words, group in GROUPS.items():
        if there & group.keys():
            yield Slip(words, compiled(_Swap(group).visit(copy.deepcopy(tree))))
    for swap in sorted(swaps, key=len):
        if len(swap) > 1 or swap.keys() & set(EVERYWHERE):
            swapped = [f"{_the(other)} in the place of {_the(n)}" for n, other in swap.items()]
            yield Slip(f"with {listed(swapped)}", compiled(_Swap(swap).visit(copy.deepcopy(tree))))


class _Swap(ast.NodeTransformer):
    """Puts names in the place of others, wherever they are used."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the other name."""
        used = isinstance(node.ctx, ast.Load) and node.id in self._names
        return _parsed(self._names[node.id]) if used else node


def assigned(text: str) -> ast.Module:
    """Return the statements of a formula, the last of which sets `answer`."""
    tree = ast.parse(text)
    last = tree.body[-1]
    assert isinstance(last, ast.Expr)
    tree.body[-1] = ast.Assign([ast.Name("answer", ast.Store())], last.value)
    return tree


def compiled(tree: ast.Module) -> CodeType:
    """Return the code of a formula, or of an edited one."""
    return compile(ast.fix_missing_locations(copy.deepcopy(tree)), "formula", "exec")


def _edits(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield (in words, edited) for each edit of an expression, and of those inside of it."""
    yield from _here(node)
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            for message, edited in _edits(value):
                yield message, _with(node, field, edited)
        elif isinstance(value, list):
            for place, each in enumerate(value):
                if isinstance(each, ast.Constant) and len(_text(node)) <= SHORT:
                    for other in CONSTANTS.get(each.value, ()):
                        args = [*value[:place], ast.Constant(other), *value[place + 1 :]]
                        edited = _with(node, field, args)
                        yield f"if {_text(edited)} stands in the place of {_text(node)}", edited
                    continue
                for message, edited in _edits(each) if isinstance(each, ast.expr) else ():
                    yield message, _with(node, field, [*value[:place], edited, *value[place + 1 :]])


def _with(node: ast.expr, field: str, value: Any) -> ast.expr:
    edited = copy.copy(node)
    setattr(edited, field, value)
    return edited


def _here(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.BinOp):
        yield from _of_operator(node, _text(node.left), _text(node.right))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _of_call(node, node.func.id, _text(node.args[0]))
    elif isinstance(node, ast.Name):
        it = _the(node.id)
        for other in CONFUSED.get(node.id, ()):
            yield f"if {_the(other)} stands in the place of {it}", _parsed(other)
        for name in BENT.get(node.id, ()):
            yield f"if {name}({it}) stands in the place of {it}", _call(name, node)
    elif isinstance(node, ast.Constant):
        for value in CONSTANTS.get(node.value, ()):
            yield f"if {value} stands in the place of {_text(node)}", ast.Constant(value)
    elif isinstance(node, ast.Compare):
        inner, whole = _text(node.left), _text(node)
        yield f"if the comparison {whole} is turned round", _with(node, "ops", [ast.Lt()])
        yield f"if the sign of {inner} is taken and not {whole}", _call("sign", node.left)


def _of_operator(node: ast.BinOp, left: str, right: str) -> Iterator[tuple[str, ast.expr]]:
    it, whole = left if len(left) <= SHORT else "what stands before it", _text(node)
    if isinstance(node.op, ast.Mult):
        yield f"if {it} is not multiplied by {right}", node.left
        yield f"if {left} is not multiplied in", node.right
        yield f"if {it} is divided by {right} instead of multiplied", _with(node, "op", ast.Div())
    elif isinstance(node.op, ast.Div):
        yield f"if {it} is not divided by {right}", node.left
        yield f"if {it} is multiplied by {right} instead of divided", _with(node, "op", ast.Mult())
        yield f"if {it} is divided by {right} with //", _with(node, "op", ast.FloorDiv())
        yield f"if only {right} is left of {whole}", node.right
        yield f"if only 1 / ({right}) is left of {whole}", _with(node, "left", ast.Constant(1))
    elif isinstance(node.op, ast.Add):
        yield f"if {right} is not added", node.left
        yield f"if {left} is left out", node.right
        yield f"if {right} is taken off instead of added", _with(node, "op", ast.Sub())
        yield f"if {right} is multiplied in instead of added", _with(node, "op", ast.Mult())
        for field, term in (("left", left), ("right", right)):
            inner = getattr(node, field)
            if not (isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add)):
                for times, factor in (("twice", 2), ("half", 0.5)):
                    more = _parsed(f"{factor} * ({term})")
                    yield f"if {term} is counted {times}", _with(node, field, more)
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult):
            by, alone = node.left.left, node.left.right
            yield f"if neither {_text(by)} nor {right} is used", alone
            moved = ast.BinOp(by, ast.Mult(), ast.BinOp(alone, ast.Add(), node.right))
            yield f"if {right} is added before the multiplication by {_text(by)}", moved
    elif isinstance(node.op, ast.Sub):
        yield f"if {right} is not taken off", node.left
        yield f"if {right} is added instead of taken off", _with(node, "op", ast.Add())
        gone = f"the {left} of {whole}" if isinstance(node.left, ast.Constant) else left
        yield f"if {gone} is left out", ast.UnaryOp(ast.USub(), node.right)
        turned = ast.BinOp(node.right, ast.Sub(), node.left)
        yield f"if {left} is taken off {right}, and not the other way round", turned
        if not isinstance(node.left, ast.Constant):
            yield f"if only {right} is left of {whole}", node.right
    elif isinstance(node.op, ast.Pow):
        said = "is not squared" if right == "2" else f"is not raised to the power {right}"
        yield f"if {left} {said}", node.left
        product = _with(node, "op", ast.Mult())
        yield f"if {left} is multiplied by {right} instead of raised to its power", product


def _of_call(node: ast.Call, name: str, inside: str) -> Iterator[tuple[str, ast.expr]]:
    if name == "sqrt":
        yield f"if the root of {inside} is not taken", node.args[0]
        squared = ast.BinOp(node.args[0], ast.Pow(), ast.Constant(2))
        yield f"if {inside} is squared instead of its root taken", squared
        if isinstance(node.args[0], ast.BinOp) and isinstance(node.args[0].op, ast.Add):
            inner = node.args[0]
            yield f"if {_text(inner.left)} stands in the place of {_text(node)}", inner.left
            moved = ast.BinOp(_with(node, "args", [inner.left]), ast.Add(), inner.right)
            yield f"if {_text(inner.right)} is added behind the root", moved
    if name == "mean":
        wrong_way = _parsed(f"across({inside}) / count")
        yield f"if the sum in the mean of {inside} runs over the other axis", wrong_way
        whole = _parsed(f"total_all({inside}) / count")
        yield f"if the sum in the mean of {inside} runs over both axes", whole
    if name in INNER:
        yield f"if {name} of {inside} is not taken", node.args[0]
    for other in OTHER.get(name, ()):
        called = _with(node, "func", ast.Name(other, ast.Load()))
        base, _, over = other.partition("_")
        if over in AXES and base == name:
            yield f"if {_the(name)} of {inside} runs over {AXES[over]}", called
        else:
            yield f"if {_the(other)} of {inside} stands where {_the(name)} belongs", called


def _call(name: str, inside: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [inside], [])


def _the(name: str) -> str:
    return KNOWN.get(name, name)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _text(node: ast.expr) -> str:
    return ast.unparse(node)
