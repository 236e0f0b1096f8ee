"""Which single slip in the formula gives the wrong numbers?

Each output has its formula, as the statements of a textbook. A slip is one edit of it: a term or a
factor left out, an operator or a sign turned round, a root or a square forgotten, a sum for a mean,
or one quantity in the place of another. What the edited formula gives is compared with what came
out, and the edit is the sentence.

The gradient of a normalization is taken apart as well: which of its three ways is wrong?
dx = g/std - mean(g)/std - x_hat mean(g x_hat)/std with g = dout gamma: the direct way, the way
through the mean, and the way through the variance. A wrong dx is often a sum of the same three with
other factors, and the factors tell the mistake.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

import numpy as np

from grader.diagnosis import quantities
from grader.diagnosis.plain_net import same
from grader.diagnosis.quantities import ADDED, Space
from grader.diagnosis.slips import assigned, compiled, slips
from grader.guest.operations import operation_of
from grader.types import Arrays, Case

SLIP = "slip "
SETTINGS = ("learning_rate", "momentum", "decay_rate", "beta1", "beta2", "epsilon", "eps")
NEWTON = 20  # steps at most towards the value of a setting
STARTS = (1.0, 1e-3, 1e3, 0.0)  # times the right value: a wrong eps is off by powers of ten
WAYS = ("direct", "mean", "variance")
NETS = (
    "nets.two_layer_scores", "nets.net_scores", "nets.two_layer_loss", "nets.net_loss",
    f"nets.two_layer{ADDED}", f"nets.net{ADDED}",
)  # fmt: skip
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
    "x_mean = mean(x)\ncentred = x - x_mean\nvar = mean((x - x_mean) ** 2)\n"
    "std = sqrt(var + eps)\n"
    "x_hat = centred / std\n"
)
SOFTMAX = "e = exp(x - top)\np = e / total_other(e)\n"
BACK = NORM + "dx_hat = dout * gamma\n"
LAYERS: Mapping[str, Mapping[str, str]] = {
    "layers.affine_forward": {"out": "rows @ w + b"},
    "layers.affine_backward": {
        "dx": "dout @ w.T",
        "dw": "rows.T @ dout",
        "db": "total(dout)",
    },  # fmt: skip
    "layers.relu_forward": {"out": "maximum(x, 0)"},
    "layers.relu_backward": {"dx": "dout * (x > 0)"},
    "layers.softmax_loss": {
        "loss": SOFTMAX + "-sum_all(log(pick(p))) / N",
        "dx": SOFTMAX + "(p - one_hot) / N",
    },
    "norms.batchnorm_train": {
        "out": NORM + "gamma * x_hat + beta",
        "running_mean": "momentum * running_mean_old + (1 - momentum) * mean(x)",
        "running_var": "var = mean((x - mean(x)) ** 2)\n"
        "momentum * running_var_old + (1 - momentum) * var",
    },
    "norms.batchnorm_test": {
        "out": "x_hat = (x - running_mean) / sqrt(running_var + eps)\ngamma * x_hat + beta"
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


def words(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield "slip <in words>" for each edit of the output's formula that gives `got`."""
    text, space = _formula(case, output, inputs, got) or ("", {})
    maybe = "" if np.any(np.isfinite(got)) else "?"  # nan everywhere comes out of many
    for slip in slips(text) if text else ():
        if _gives(slip.code, space, got, tolerance):
            yield f"{SLIP}{slip.message}{maybe}"


def right(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> bool | None:
    """Say whether the formula itself gives `got`; None where an output has none."""
    found = _formula(case, output, inputs, got)
    return None if found is None else _gives(compiled(assigned(found[0])), found[1], got, 1e-9)


def holds(word: str, case: Case, output: str, inputs: Arrays, got: np.ndarray) -> bool:
    """Say whether a slip makes no difference in a case whose answer `got` is right."""
    text, space = _formula(case, output, inputs, got) or ("", {})
    named = [slip for slip in slips(text) if f"{SLIP}{slip.message}" == word] if text else []
    return any(_gives(slip.code, space, got, 1e-5) for slip in named)


def settings_in(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> tuple[str, ...] | None:
    """Return the settings that an output's formula names; None where an output has none."""
    found = _formula(case, output, inputs, got)
    if found is None:
        return None
    names = {node.id for node in ast.walk(assigned(found[0])) if isinstance(node, ast.Name)}
    return tuple(name for name in SETTINGS if name in names and np.ndim(found[1].get(name, 0)) == 0)


def solved(case: Case, output: str, inputs: Arrays, got: np.ndarray, name: str) -> float | None:
    """Return the value of a setting by which the formula gives `got`; None if there is none."""
    found = _formula(case, output, inputs, got)
    if found is None or not np.all(np.isfinite(got)):
        return None
    code, right = compiled(assigned(found[0])), float(found[1][name])

    def rest(value: float) -> np.ndarray:
        return np.ravel(np.asarray(_run(code, {**found[1], name: value})).reshape(got.shape) - got)

    if np.size(_run(code, found[1])) != got.size:
        return None
    for start in STARTS:
        value = start * right
        for _ in range(NEWTON):
            left = rest(value)
            step = 1e-6 * abs(value) or 1e-12
            slope = (rest(value + step) - left) / step
            moved = value - float(slope @ left) / (float(slope @ slope) or np.inf)
            if not np.isfinite(moved) or moved == value:
                break
            value = moved
        if fits(case, output, inputs, got, {name: value}, 1e-9):
            return value
    return None


def fits(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, values: Space, tolerance: float
) -> bool:
    """Say whether the formula gives `got` with other `values` of settings."""
    found = _formula(case, output, inputs, got)
    if found is None:
        return False
    return _gives(compiled(assigned(found[0])), {**found[1], **values}, got, tolerance)


def _formula(case: Case, output: str, inputs: Arrays, got: np.ndarray) -> tuple[str, Space] | None:
    """Return the formula of an output, and the quantities in it; None where there is none."""
    if case.probe == "optim.update":
        texts = UPDATES.get(str(case.options.get("rule")), {})
        text = texts.get(output)
        return (text, quantities.of_update(texts, case, output, inputs, got)) if text else None
    if case.probe in LAYERS:
        text = LAYERS[case.probe].get(output)
        return (text, quantities.of_layer(case, inputs, got, output)) if text else None
    if case.probe in NETS and not case.options.get("normalization"):
        text = _of_net(output, len(case.options["dims"]) - 1)
        return (text, quantities.of_net(case, inputs)) if text else None
    return None


def _of_net(output: str, last: int) -> str | None:
    """Return the formula of the loss or a gradient of a plain net with `last` affine layers."""
    if output == "scores":
        lines = "".join(
            f"a{i} = h{i - 1} @ W{i} + b{i}\nh{i} = maximum(a{i}, 0)\n" for i in range(1, last)
        )
        return f"{lines}h{last - 1} @ W{last} + b{last}"
    if output == "loss":
        penalty = " + ".join(f"squares(W{i})" for i in range(1, last + 1))
        return f"data_loss + 0.5 * reg * ({penalty})"
    name, layer = output[1:2], output[2:]
    if name not in ("W", "b") or not layer.isdigit() or not 1 <= int(layer) <= last:
        return None
    lines, d = "", "dscores"
    for i in range(last - 1, int(layer) - 1, -1):
        lines += f"dh{i} = {d} @ W{i + 1}.T\nd{i} = dh{i} * (a{i} > 0)\n"
        d = f"d{i}"
    weights = f"h{int(layer) - 1}.T @ {d} + reg * W{layer}"
    return lines + (weights if name == "W" else f"total({d})")


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
    found, there = found.reshape(got.shape), np.isfinite(got)
    if there.all() or not np.array_equal(there, np.isfinite(found)):
        return same(found, got, tolerance)
    return same(found[there], got[there], tolerance)


def _run(code: CodeType, space: Space) -> Any:
    scope = dict(space)
    exec(code, {"__builtins__": {}}, scope)
    return scope["answer"]


def ways(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield "<way> missing", "<way> sign", "<way> factor" where only that way is wrong."""
    axis = operation_of(case.probe, case.options).axis
    if axis is None or "dout" not in inputs or output != "dx" or got.shape != inputs["x"].shape:
        return
    basis = _basis(inputs, float(case.options.get("eps", 1e-5)), axis)
    columns = np.stack([term.ravel() for term in basis], axis=1)
    if np.linalg.matrix_rank(columns) < len(WAYS):
        return
    factors, *_ = np.linalg.lstsq(columns, got.ravel(), rcond=None)
    size = float(np.max(np.abs(got)))
    if np.max(np.abs(columns @ factors - got.ravel())) > tolerance * size:
        return
    wrong = [i for i, factor in enumerate(factors) if abs(factor - 1) > 1e-6]
    wrong_ways = [WAYS[i] for i in wrong]
    missing = [WAYS[i] for i in wrong if abs(factors[i]) <= 1e-6]
    if missing == wrong_ways and (len(missing) == 1 or missing == ["mean", "variance"]):
        yield f"{' and '.join(missing)} missing"
    elif len(wrong) == 1:
        kind = "sign" if abs(factors[wrong[0]] + 1) <= 1e-6 else "factor"
        yield f"{WAYS[wrong[0]]} {kind}"


def _basis(inputs: Arrays, eps: float, axis: int) -> tuple[np.ndarray, ...]:
    x, g = inputs["x"], inputs["dout"] * inputs["gamma"]
    centred = x - x.mean(axis=axis, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=axis, keepdims=True) + eps)
    x_hat = centred / std
    along = (g * x_hat).mean(axis=axis, keepdims=True)
    mean = np.broadcast_to(g.mean(axis=axis, keepdims=True), g.shape)
    return g / std, -mean / std, -x_hat * along / std
