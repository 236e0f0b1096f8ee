"""Which single slip in the formula gives the wrong numbers?

Each output has its formula, as the statements of a textbook. A slip is one edit of it: a term or a
factor left out, an operator or a sign turned round, a root or a square forgotten, a sum for a mean,
or one quantity in the place of another. What the edited formula gives is compared with what came
out, and the edit is the sentence.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from grader.diagnose.steps import settings
from grader.probes.nets import parameters
from grader.types import Arrays, Case

SLIP = "slip "
SHORT = 40  # characters of a term that is named; a longer one is "what stands before it"
ADDED = "_regularization"
NETS = ("nets.two_layer_loss", "nets.net_loss", f"nets.two_layer{ADDED}", f"nets.net{ADDED}")
Space = Mapping[str, Any]
UPDATES: Mapping[str, Mapping[str, str]] = {
    "sgd_momentum": {
        "velocity": "momentum * velocity_old - learning_rate * dw",
        "next_w": "w + velocity",
    },
    "rmsprop": {
        "cache": "decay_rate * cache_old + (1 - decay_rate) * dw ** 2",
        "next_w": "w - learning_rate * dw / (sqrt(cache) + epsilon)",
    },
    "adam": {
        "m": "beta1 * m_old + (1 - beta1) * dw",
        "v": "beta2 * v_old + (1 - beta2) * dw ** 2",
        "next_w": "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)\n"
        "w - learning_rate * m_hat / (sqrt(v_hat) + epsilon)",
    },
}
NORM = (
    "centred = x - mean(x)\nvar = mean(centred ** 2)\nstd = sqrt(var + eps)\n"
    "x_hat = centred / std\n"
)
BACK = NORM + "dx_hat = dout * gamma\n"
LAYERS: Mapping[str, Mapping[str, str]] = {
    "layers.affine_forward": {"out": "rows @ w + b"},
    "layers.affine_backward": {"dw": "rows.T @ dout", "db": "total(dout)"},
    "layers.relu_forward": {"out": "maximum(x, 0)"},
    "layers.relu_backward": {"dx": "dout * (x > 0)"},
    "norms.batchnorm_train": {
        "out": NORM + "gamma * x_hat + beta",
        "running_mean": "momentum * running_mean_old + (1 - momentum) * mean(x)",
        "running_var": "var = mean((x - mean(x)) ** 2)\n"
        "momentum * running_var_old + (1 - momentum) * var",
    },
    "norms.batchnorm_test": {
        "out": "gamma * (x - running_mean) / sqrt(running_var + eps) + beta",
    },
    "norms.layernorm_forward": {"out": NORM + "gamma * x_hat + beta"},
    **{
        f"norms.{name}": {
            "dx": BACK + "(dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std",
            "dgamma": NORM + "total(dout * x_hat)",
            "dbeta": "total(dout)",
        }
        for name in ("batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward")
    },
}
# What may stand in the place of what, by the name that a student gives it too.
CONFUSED: Mapping[str, tuple[str, ...]] = {
    "m_hat": ("m", "dw"), "v_hat": ("v",), "m": ("dw",), "cache": ("cache_old",),
    "t": ("t_old", "t_first"), "velocity": ("velocity_old", "dw"), "dw": ("dw ** 2",),
    "beta1": ("beta2",), "beta2": ("beta1",), "eps": ("0",), "epsilon": ("0", "1e-8", "1e-7"),
    "x_hat": ("x", "centred"), "std": ("var", "(var + eps)"), "dx_hat": ("dout",),
    "centred": ("x",), "gamma": ("beta",), "beta": ("gamma",), "var": ("std",),
    "running_mean_old": ("mean(x)",), "momentum": ("(1 - momentum)",), "running_var": ("1",),
    "decay_rate": ("(1 - decay_rate)",),
}  # fmt: skip
TOGETHER = ("m_hat", "v_hat", "t", "epsilon")  # of these, several are often wrong at once
OTHER = {"mean": ("total", "mean_other"), "total": ("mean", "total_other"), "maximum": ("minimum",)}
KNOWN = {
    "total_other": "the sum over the other axis", "mean_other": "the mean over the other axis",
    "t_first": "t of the first step", "t_old": "t from before it was counted up",
    "total": "the sum", "mean": "the mean",
}  # fmt: skip


@dataclass(frozen=True)
class Slip:
    """One edit of a formula, in words, and the code that gives what comes out."""

    says: str
    code: CodeType


def words(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield "slip <in words>" for each edit of the output's formula that gives `got`."""
    found = _formula(case, output, inputs, got)
    if found is None or not np.all(np.isfinite(got)):
        return
    text, space = found
    for slip in slips(text):
        if _gives(slip.code, space, got, tolerance):
            yield f"{SLIP}{slip.says}"


def right(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> bool | None:
    """Say whether the formula itself gives `got`; None where an output has none."""
    found = _formula(case, output, inputs, got)
    return None if found is None else _gives(_compiled(_assigned(found[0])), found[1], got, 1e-9)


def holds(word: str, case: Case, output: str, inputs: Arrays, got: np.ndarray) -> bool:
    """Say whether a slip makes no difference in a case whose answer `got` is right."""
    found = _formula(case, output, inputs, got)
    if found is None:
        return False
    text, space = found
    says = word.removeprefix(SLIP)
    return any(slip.says == says and _gives(slip.code, space, got, 1e-5) for slip in slips(text))


def _formula(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> tuple[str, Space] | None:
    """Return the formula of an output, and the quantities in it; None where there is none."""
    if case.probe == "optim.update":
        text = UPDATES.get(str(case.options.get("rule")), {}).get(output)
        return (text, _update_space(case, output, inputs, got)) if text else None
    if case.probe in LAYERS:
        text = LAYERS[case.probe].get(output)
        return (text, _layer_space(case, inputs, got, output)) if text else None
    if case.probe in NETS:
        return _net(case, output, inputs)
    return None


def _gives(code: CodeType, space: Space, got: np.ndarray, tolerance: float) -> bool:
    try:
        found = np.asarray(_run(code, space), dtype=np.float64)
        if ADDED in space:  # what reg adds: the same without it is taken off
            found = found - _run(code, {**space, "reg": 0.0})
    except (ArithmeticError, NameError, TypeError, ValueError):  # an edit may make no sense
        return False
    if found.size != got.size:
        if found.ndim > got.ndim or not np.all(np.isfinite(found)):
            return False
        try:
            found = np.broadcast_to(found, got.shape)
        except ValueError:
            return False
    size = float(np.max(np.abs(got), initial=0.0))
    return bool(np.all(np.abs(found.reshape(got.shape) - got) <= tolerance * size))


def _run(code: CodeType, space: Space) -> Any:
    scope = dict(space)
    exec(code, {"__builtins__": {}}, scope)
    return scope["answer"]


# ------------------------------------------------------------------------------------- the edits


@functools.lru_cache(maxsize=256)
def slips(text: str) -> tuple[Slip, ...]:
    """Return every single edit of a formula, each once; the first of equal words counts."""
    tree = _assigned(text)
    found: dict[str, Slip] = {}
    for statement in reversed(tree.body):  # what stands last is nearest to the output
        assert isinstance(statement, ast.Assign)
        for says, edited in _edits(statement.value):
            if says not in found:
                kept, statement.value = statement.value, edited
                found[says] = Slip(says, _compiled(tree))
                statement.value = kept
    return (*found.values(), *_several(tree))


def _several(tree: ast.Module) -> Iterator[Slip]:
    """Yield slips that are several names in the place of others, the fewest first."""
    there = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = [name for name in TOGETHER if name in there]
    choices = itertools.product(*(("", *CONFUSED[name]) for name in names))
    swaps = [{n: other for n, other in zip(names, each) if other} for each in choices]
    for swap in sorted(swaps, key=len):
        if len(swap) > 1:
            says = [f"{KNOWN.get(other, other)} in the place of {n}" for n, other in swap.items()]
            edited = _Swap(swap).visit(copy.deepcopy(tree))
            yield Slip(f"with {', '.join(says[:-1])} and {says[-1]}", _compiled(edited))


class _Swap(ast.NodeTransformer):
    """Puts names in the place of others, wherever they are used."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the other name."""
        used = isinstance(node.ctx, ast.Load) and node.id in self._names
        return _parsed(self._names[node.id]) if used else node


def _assigned(text: str) -> ast.Module:
    """Return the statements of a formula, the last of which sets `answer`."""
    tree = ast.parse(text)
    last = tree.body[-1]
    assert isinstance(last, ast.Expr)
    tree.body[-1] = ast.Assign([ast.Name("answer", ast.Store())], last.value)
    return tree


def _compiled(tree: ast.Module) -> CodeType:
    return compile(ast.fix_missing_locations(copy.deepcopy(tree)), "formula", "exec")


def _edits(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield (in words, edited) for each edit of an expression, and of those inside of it."""
    yield from _here(node)
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            for says, edited in _edits(value):
                yield says, _with(node, field, edited)
        elif isinstance(value, list):
            for place, each in enumerate(value):
                for says, edited in _edits(each) if isinstance(each, ast.expr) else ():
                    yield says, _with(node, field, [*value[:place], edited, *value[place + 1 :]])


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
        for other in CONFUSED.get(node.id, ()):
            yield f"if {KNOWN.get(other, other)} stands in the place of {node.id}", _parsed(other)
    elif isinstance(node, ast.Compare):
        turned = _with(node, "ops", [ast.Lt()])
        yield f"if the comparison {_text(node)} is turned round", turned


def _of_operator(node: ast.BinOp, left: str, right: str) -> Iterator[tuple[str, ast.expr]]:
    it = left if len(left) <= SHORT else "what stands before it"
    if isinstance(node.op, ast.Mult):
        yield f"if {it} is not multiplied by {right}", node.left
        yield f"if {left} is not multiplied in", node.right
        yield f"if {it} is divided by {right} instead of multiplied", _with(node, "op", ast.Div())
    elif isinstance(node.op, ast.Div):
        yield f"if {it} is not divided by {right}", node.left
        yield f"if {it} is multiplied by {right} instead of divided", _with(node, "op", ast.Mult())
        yield f"if only {right} is left of {_text(node)}", node.right
        yield f"if only {right} is left of {_text(node)}", node.right
        yield (
            f"if only 1 / ({right}) is left of {_text(node)}",
            _with(node, "left", ast.Constant(1)),
        )
    elif isinstance(node.op, ast.Add):
        yield f"if {right} is not added", node.left
        yield f"if {left} is left out", node.right
        yield f"if {right} is taken off instead of added", _with(node, "op", ast.Sub())
    elif isinstance(node.op, ast.Sub):
        yield f"if {right} is not taken off", node.left
        yield f"if {right} is added instead of taken off", _with(node, "op", ast.Add())
        yield f"if {left} is left out", ast.UnaryOp(ast.USub(), node.right)
        if not isinstance(node.left, ast.Constant):
            yield f"if only {right} is left of {_text(node)}", node.right
    elif isinstance(node.op, ast.Pow):
        said = "is not squared" if right == "2" else f"is not raised to the power {right}"
        yield f"if {left} {said}", node.left
        yield (
            f"if {left} is multiplied by {right} instead of raised to its power",
            _with(node, "op", ast.Mult()),
        )


def _of_call(node: ast.Call, name: str, inside: str) -> Iterator[tuple[str, ast.expr]]:
    if name == "sqrt":
        yield f"if the root of {inside} is not taken", node.args[0]
        yield (
            f"if {inside} is squared instead of its root taken",
            ast.BinOp(node.args[0], ast.Pow(), ast.Constant(2)),
        )
        if isinstance(node.args[0], ast.BinOp) and isinstance(node.args[0].op, ast.Add):
            inner = node.args[0]
            moved = ast.BinOp(_with(node, "args", [inner.left]), ast.Add(), inner.right)
            yield f"if {_text(inner.right)} is added behind the root", moved
    for other in OTHER.get(name, ()):
        called = _with(node, "func", ast.Name(other, ast.Load()))
        yield f"if {KNOWN.get(other, other)} of {inside} stands where {_the(name)} belongs", called


def _the(name: str) -> str:
    return KNOWN.get(name, name)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _text(node: ast.expr) -> str:
    return ast.unparse(node)


# -------------------------------------------------------------------------------- the quantities


def _update_space(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> Space:
    """Return the quantities of an update rule, each (T, ...): what is carried on is the student's.

    Averages that go into next_w are the right ones: next_w is looked at where they are.
    """
    space: dict[str, Any] = {"epsilon": 1e-8, **settings(case)}
    space.update(sqrt=np.sqrt, dw=inputs["dw"])
    steps = len(inputs["dw"])
    start = float(space.get("t", 0))
    ones = (steps,) + (1,) * (inputs["dw"].ndim - 1)
    space["t_old"] = start + np.arange(steps, dtype=np.float64).reshape(ones)
    space["t"], space["t_first"] = space["t_old"] + 1, start + 1
    for name, text in UPDATES[str(case.options["rule"])].items():
        first = np.asarray(inputs[name] if name in inputs else np.zeros_like(inputs["w"]))
        if name == output:
            space[f"{name}_old"] = np.concatenate([first[None], got[:-1]])
        elif name not in ("next_w", "t"):
            space[f"{name}_old"], space[name] = _carried(text, space, first, steps)
    space["w"] = np.concatenate([inputs["w"][None], got[:-1]]) if output == "next_w" else None
    return space


def _carried(text: str, space: Space, first: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """Return what is carried on, (T, ...): before each step, and after it."""
    code = compile(text, "formula", "eval")
    name = next(word for word in ("velocity", "cache", "m", "v") if f" {word}_old" in f" {text}")
    values = [first]
    for step in range(steps):
        scope = {**space, "dw": space["dw"][step], f"{name}_old": values[-1]}
        values.append(eval(code, {"__builtins__": {}}, scope))
    return np.stack(values[:-1]), np.stack(values[1:])


def _layer_space(case: Case, inputs: Arrays, got: np.ndarray, output: str) -> Space:
    """Return the quantities of a layer; mean and total run over the batch, or the features."""
    space: dict[str, Any] = {"eps": 1e-5, "momentum": 0.9, **case.options, **inputs}
    space.update(sqrt=np.sqrt, maximum=np.maximum, minimum=np.minimum)
    x = inputs["x"]
    is_layer = "layernorm" in case.probe
    axis = -1 if is_layer else -2
    if case.probe.startswith("layers."):
        space["rows"] = x.reshape(len(x), -1)
    space.update(_sums(axis, keep=True))
    if case.probe.endswith(("_backward", "_backward_alt")):
        space.update(total=_over(np.sum, 0), total_other=_over(np.sum, -1))
    if case.probe == "norms.batchnorm_train":
        if output != "out":
            old = np.concatenate([np.zeros((1, x.shape[-1])), got.reshape(len(x), -1)[:-1]])
            space[f"{output}_old"] = old[:, None, :]
    return space


def _sums(axis: int, keep: bool) -> Space:
    other = -1 if axis == -2 else -2
    return {
        "mean": _over(np.mean, axis, keep), "total": _over(np.sum, axis, keep),
        "mean_other": _over(np.mean, other, keep), "total_other": _over(np.sum, other, keep),
    }  # fmt: skip


def _over(how: Any, axis: int, keep: bool = False) -> Callable[[Any], Any]:
    def run(array: Any) -> Any:
        return how(array, axis=axis, keepdims=keep)

    return run


# ------------------------------------------------------------------------------------------ nets


def _net(case: Case, output: str, inputs: Arrays) -> tuple[str, Space] | None:
    """Return the formula of a plain net's loss or gradient, written out for its layers."""
    if case.options.get("normalization"):
        return None
    dims = list(case.options["dims"])
    last = len(dims) - 1
    values = parameters(inputs["theta"], dims)
    x = inputs["x"].reshape(len(inputs["x"]), -1)
    space: dict[str, Any] = {**values, "h0": x, "reg": float(case.options.get("reg", 0.0))}
    space |= {ADDED: True} if case.probe.endswith(ADDED) else {}
    space.update(maximum=np.maximum, minimum=np.minimum, total=_over(np.sum, 0))
    space.update(mean=_over(np.mean, 0), total_other=_over(np.sum, -1), squares=_squares)
    forward = "".join(
        f"a{i} = h{i - 1} @ W{i} + b{i}\nh{i} = maximum(a{i}, 0)\n" for i in range(1, last)
    )
    exec(compile(forward, "net", "exec"), {"__builtins__": {}}, space)
    scores = space[f"h{last - 1}"] @ values[f"W{last}"] + values[f"b{last}"]
    space["data_loss"], space["dscores"] = _softmax(scores, inputs["y"])
    if output == "loss":
        penalty = " + ".join(f"squares(W{i})" for i in range(1, last + 1))
        return f"data_loss + 0.5 * reg * ({penalty})", space
    name, layer = output[1:2], output[2:]
    if name not in ("W", "b") or not layer.isdigit() or not 1 <= int(layer) <= last:
        return None
    number = int(layer)
    lines, d = [], "dscores"
    for i in range(last - 1, number - 1, -1):
        lines.append(f"d{i} = ({d} @ W{i + 1}.T) * (a{i} > 0)\n")
        d = f"d{i}"
    end = f"h{number - 1}.T @ {d} + reg * W{number}" if name == "W" else f"total({d})"
    return "".join(lines) + end, space


def _squares(array: np.ndarray) -> float:
    return float(np.sum(array**2))


def _softmax(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -float(np.mean(np.log(p[rows, y])))
    p[rows, y] -= 1
    return loss, p / len(y)
