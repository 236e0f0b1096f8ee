"""The quantities of which formulas are made, in one case: by the names that formulas use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.diagnosis import plain_net
from grader.diagnosis.inside import settings
from grader.guest.probes.models import parameters
from grader.types import Arrays, Case

ADDED = "_regularization"  # probes that ask what reg adds
Space = Mapping[str, Any]


def of_update(
    texts: Mapping[str, str], case: Case, output: str, inputs: Arrays, got: np.ndarray
) -> Space:
    """Return the quantities of an update rule, each (T, ...), whose formulas are `texts`.

    What is carried on in the output itself is the student's.

    Averages that go into next_w are the right ones: next_w is looked at where they are.
    """
    space: dict[str, Any] = {"epsilon": 1e-8, **settings(case)}
    space.update(sqrt=np.sqrt, abs=np.abs, dw=inputs["dw"])
    steps = len(inputs["dw"])
    start = float(space.get("t", 0))
    ones = (steps,) + (1,) * (inputs["dw"].ndim - 1)
    space["t_old"] = start + np.arange(steps, dtype=np.float64).reshape(ones)
    space["t"], space["t_first"] = space["t_old"] + 1, start + 1
    for name, text in texts.items():
        first = np.asarray(inputs[name] if name in inputs else np.zeros_like(inputs["w"]))
        if name == output:
            space[f"{name}_old"] = np.concatenate([first[None], got[:-1]])
        elif name not in ("next_w", "t"):
            space[f"{name}_old"], space[name] = _carried(text, space, first, steps)
    space["w"] = np.concatenate([inputs["w"][None], got[:-1]]) if output == "next_w" else None
    return space


def _carried(text: str, space: Space, first: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """Return what is carried on, (T, ...): before each step, and after it."""
    code = compile(text, "formula", "eval")  # one of formulas.py, never a student's text
    name = next(word for word in ("velocity", "cache", "m", "v") if f" {word}_old" in f" {text}")
    values = [first]
    for step in range(steps):
        scope = {**space, "dw": space["dw"][step], f"{name}_old": values[-1]}
        values.append(eval(code, {"__builtins__": {}}, scope))
    return np.stack(values[:-1]), np.stack(values[1:])


def of_layer(case: Case, inputs: Arrays, got: np.ndarray, output: str) -> Space:
    """Return the quantities of a layer; mean and total run over the batch, or the features."""
    space: dict[str, Any] = {"eps": 1e-5, "momentum": 0.9, **case.options, **inputs}
    space.update(FUNCTIONS)
    x, axis = inputs["x"], -1 if "layernorm" in case.probe else -2
    if case.probe.startswith("layers."):
        space["rows"] = x.reshape(len(x), -1)
    other = -1 if axis == -2 else -2
    space |= {
        "mean": _over(np.mean, axis), "total": _over(np.sum, axis),
        "mean_other": _over(np.mean, other), "total_other": _over(np.sum, other),
        "mean_all": _over(np.mean, (-2, -1)), "across": _over(np.sum, other),
        "total_all": _over(np.sum, (-2, -1)),
    }  # fmt: skip
    space["count"] = float(x.shape[axis]) if x.ndim > 1 else 1.0
    if x.ndim > 1:
        space["var_all"] = np.var(x, axis=(-2, -1), keepdims=True)
    if "y" in inputs:
        space.update(_labels(inputs["y"], x.shape), top=x.max(axis=1, keepdims=True))
    if case.probe.endswith(("_backward", "_backward_alt")):
        space.update(total=_over(np.sum, 0, False), total_other=_over(np.sum, -1, False))
    if case.probe == "norms.batchnorm_train":
        space.update(_running(x, float(space["momentum"])))
        if output != "out":
            old = np.concatenate([np.zeros((1, x.shape[-1])), got.reshape(len(x), -1)[:-1]])
            space[f"{output}_old"] = old[:, None, :]
    return space


def _running(x: np.ndarray, momentum: float) -> Space:
    """Return the running averages after each batch, (T, 1, D)."""
    found = {}
    for name, of_batch in (("running_mean", x.mean(axis=1)), ("running_var", x.var(axis=1))):
        rows = [np.zeros(x.shape[-1])]
        for now in of_batch:
            rows.append(momentum * rows[-1] + (1 - momentum) * now)
        found[name] = np.stack(rows[1:])[:, None, :]
    return found


def _labels(y: np.ndarray, shape: tuple[int, ...]) -> Space:
    """Return how a loss picks the numbers of the right classes, and N."""
    right = np.zeros(shape)
    right[np.arange(len(y)), y] = 1

    def pick(array: np.ndarray) -> np.ndarray:
        return np.asarray(np.sum(array * right, axis=1))

    return {"one_hot": right, "pick": pick, "sum_all": np.sum, "N": float(len(y))}


def _over(how: Any, axis: int | tuple[int, ...], keep: bool = True) -> Callable[[Any], Any]:
    return functools.partial(how, axis=axis, keepdims=keep)


def of_net(case: Case, inputs: Arrays) -> Space:
    """Return the quantities of a plain net: a1, h1, a2, ... up to the gradient of the scores."""
    dims = list(case.options["dims"])
    last = len(dims) - 1
    values = parameters(inputs["theta"], dims)
    space: dict[str, Any] = {**values, "reg": float(case.options.get("reg", 0.0))}
    space |= {ADDED: True} if case.probe.endswith(ADDED) else {}
    space |= {**FUNCTIONS, **SIZES, **plain_net.forward(values, inputs["x"])}
    space.update(total=_over(np.sum, 0, False), mean=_over(np.mean, 0, False))
    space.update(total_other=_over(np.sum, -1, False))
    if "y" in inputs:
        space["data_loss"], dout = plain_net.softmax(space["scores"], inputs["y"])
        space["dscores"] = dout
        for i in range(last - 1, 0, -1):
            space[f"dh{i}"] = dout @ values[f"W{i + 1}"].T
            dout = space[f"dh{i}"] * (space[f"a{i}"] > 0)
    return space


SIZES: Space = {  # of the weights
    "squares": lambda array: float(np.sum(array**2)),
    "sums": lambda array: float(np.sum(array)),
    "norms": lambda array: float(np.sqrt(np.sum(array**2))),
    "squared_sum": lambda array: float(np.sum(array) ** 2),
}
NAMES = "trunc sqrt maximum minimum abs exp tanh sign log log2 log10"
FUNCTIONS: Space = {name: getattr(np, name) for name in NAMES.split()}
