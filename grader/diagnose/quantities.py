"""The quantities of which formulas are made, in one case: by the names that formulas use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.diagnose.steps import settings
from grader.probes.nets import parameters
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
    space.update(sqrt=np.sqrt, dw=inputs["dw"])
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
    code = compile(text, "formula", "eval")
    name = next(word for word in ("velocity", "cache", "m", "v") if f" {word}_old" in f" {text}")
    values = [first]
    for step in range(steps):
        scope = {**space, "dw": space["dw"][step], f"{name}_old": values[-1]}
        values.append(eval(code, {"__builtins__": {}}, scope))
    return np.stack(values[:-1]), np.stack(values[1:])


def of_layer(case: Case, inputs: Arrays, got: np.ndarray, output: str) -> Space:
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


def of_net(case: Case, inputs: Arrays) -> Space:
    """Return the quantities of a plain net: a1, h1, a2, ... up to the gradient of the scores."""
    dims = list(case.options["dims"])
    last = len(dims) - 1
    values = parameters(inputs["theta"], dims)
    x = inputs["x"].reshape(len(inputs["x"]), -1)
    space: dict[str, Any] = {**values, "h0": x, "reg": float(case.options.get("reg", 0.0))}
    space |= {ADDED: True} if case.probe.endswith(ADDED) else {}
    space.update(maximum=np.maximum, minimum=np.minimum, total=_over(np.sum, 0))
    space.update(mean=_over(np.mean, 0), total_other=_over(np.sum, -1), squares=_squares)
    for i in range(1, last):
        space[f"a{i}"] = space[f"h{i - 1}"] @ values[f"W{i}"] + values[f"b{i}"]
        space[f"h{i}"] = np.maximum(space[f"a{i}"], 0)
    scores = space[f"h{last - 1}"] @ values[f"W{last}"] + values[f"b{last}"]
    space["data_loss"], space["dscores"] = _softmax(scores, inputs["y"])
    return space


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
