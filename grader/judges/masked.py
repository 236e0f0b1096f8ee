"""A net with dropout against the masks that its run shows: loss and gradients, value by value.

With one image at a time the gradient of a weight matrix is an outer product, so a unit that was
dropped shows as a row of zeros in the gradient of the weights behind it. With these masks the loss
is known, and its slope along any direction is the imaginary part of a complex step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grader.judges import Attempt, Finding, Judge
from grader.judges.dropout import SAME, band
from grader.judges.values import usable
from grader.types import Arrays

LOSS, GRADIENTS = "masked_loss", "masked_gradients"
OUTPUTS = (LOSS, GRADIENTS)
STEP = 1e-30j  # of a direction: its square is lost, so that the slope is exact
EPS = 1e-5
NORMALIZED = 1e-3  # relative: wherever a normalization adds its eps, in both passes
Params = Mapping[str, np.ndarray]


def shapes(dims: Sequence[int], normalization: str | None) -> dict[str, tuple[int, ...]]:
    """Return every parameter that a net of these dims must have, with its shape."""
    wanted: dict[str, tuple[int, ...]] = {}
    for layer, (rows, columns) in enumerate(zip(dims[:-1], dims[1:], strict=True), start=1):
        wanted |= {f"W{layer}": (rows, columns), f"b{layer}": (columns,)}
        if normalization and layer < len(dims) - 1:
            wanted |= {f"gamma{layer}": (columns,), f"beta{layer}": (columns,)}
    return wanted


def run(attempt: Attempt) -> dict[str, np.ndarray] | Finding:
    """Return the gradients and losses of T single images, or the finding that there are none."""
    case, steps = attempt.case, len(attempt.inputs["x"])
    named = shapes(case.options["dims"], case.options.get("normalization"))
    wanted = {f"d{name}": (steps, *shape) for name, shape in named.items()}
    arrays: dict[str, np.ndarray] = {}
    for name, shape in (*wanted.items(), ("loss", (steps,)), ("layer", ())):
        got = usable(name, shape, attempt, by_size=True)
        if isinstance(got, Finding):
            return got
        arrays[name] = got
    return arrays


def dropped(arrays: Arrays, layers: int) -> list[np.ndarray]:
    """Return for each hidden layer which units (T, H) were dropped in each step."""
    return [zero_rows(arrays[f"dW{layer}"]) for layer in range(2, layers + 1)]


def zero_rows(gradient: np.ndarray) -> np.ndarray:
    """Return for each step and unit whether its row of the gradient (T, units, next) is zero."""
    largest = np.max(np.abs(gradient), axis=(1, 2), keepdims=True, initial=0.0)
    return np.asarray(np.all(np.abs(gradient) <= 1e-12 * largest, axis=2))


def decide(attempt: Attempt) -> Iterator[Finding]:
    """Judge training steps of single images by the masks that their gradients show."""
    arrays = run(attempt)
    if isinstance(arrays, Finding):
        yield from (arrays.under(output) for output in OUTPUTS)
    else:
        yield from held(arrays, attempt)


def held(arrays: Arrays, attempt: Attempt) -> Iterator[Finding]:
    """Yield whether the loss and the gradients of a `run` are those of its masks, wherever the net
    has them: behind the pixels and the scores, too.
    """
    options, rules = attempt.case.options, attempt.rules
    layers, is_normalized = len(options["dims"]) - 1, options.get("normalization") is not None
    values = parameters(attempt.inputs["theta"], options["dims"])
    params = {name: values[name] for name in shapes(options["dims"], options.get("normalization"))}
    x, y = attempt.inputs["x"], attempt.inputs["y"]
    masks = _masks(arrays, params, x, layers, float(options["keep"]))
    if not all(mask.any() for mask in masks):  # then a bias is all that there is
        yield from (Finding(output, "all dropped") for output in OUTPUTS)
        return
    allowed = rules.float32 if attempt.single_precision else rules.float64
    allowed = max(allowed, NORMALIZED) if is_normalized else allowed
    want = _losses(params, x, y, masks).real
    yield _close(LOSS, arrays["loss"].reshape(-1), want, float(np.max(np.abs(want))), allowed)
    findings = []
    for name, value in params.items():
        along = np.cos(1.0 + np.arange(value.size)).reshape(value.shape)
        products = arrays[f"d{name}"].reshape(len(x), -1) * along.reshape(1, -1)
        slopes = _losses({**params, name: value + STEP * along}, x, y, masks).imag / STEP.imag
        size = float(np.max(np.sum(np.abs(products), axis=1), initial=0.0))
        size = max(size, float(np.max(np.abs(slopes))))
        findings.append(_close(GRADIENTS, products.sum(axis=1), slopes, size, allowed))
    yield max(findings, key=lambda one: (not one.right, one.error or 0.0))


def _masks(
    arrays: Arrays, params: Params, x: np.ndarray, layers: int, keep: float
) -> list[np.ndarray]:
    """Return by what pixels, the units of each hidden layer, and scores are multiplied (T, units).

    Where none is dropped that is 1. Else a kept unit is times what the implementation's own layer
    makes of it: another number there is the layer's mistake.
    """
    scale, masks, hidden = float(arrays["layer"]), list[np.ndarray](), list[np.ndarray]()
    out = x.reshape(len(x), -1)
    for layer in range(1, layers + 1):
        reached = np.any(arrays[f"db{layer}"] != 0, axis=1, keepdims=True)
        gone = zero_rows(arrays[f"dW{layer}"])
        # A unit that is not active shows a row of zeros too, and so do all where none is reached.
        is_seen = (out != 0) & reached
        is_used = np.any(gone & is_seen)
        hidden.append(~gone[is_seen] if layer > 1 else np.zeros(0, dtype=bool))
        gone = gone & (reached | (layer > 1))
        masks.append(np.where(gone, 0.0, scale if is_used else 1.0))
        out = _hidden(out * masks[-1], params, layer).real
    gone = arrays[f"db{layers}"] == 0  # never so behind a softmax
    masks.append(np.where(gone, 0.0, scale if gone.any() else 1.0))
    return _turned(masks, np.concatenate(hidden), scale, keep)


def _turned(
    masks: list[np.ndarray], hidden: np.ndarray, scale: float, keep: float
) -> list[np.ndarray]:
    """Return the masks; where 1 - p reached the layer, with what that makes of a kept unit.

    `hidden` says which units are kept. That p is the wrong one is told by their share, and is paid
    for there.
    """
    is_scaled = abs(scale * keep - 1) <= SAME
    if not hidden.size or not is_scaled or not is_turned(float(hidden.mean()), keep, hidden.size):
        return masks
    return [np.where(mask == scale, 1 / (1 - keep), mask) for mask in masks]


def is_turned(kept: float, keep: float, count: int) -> bool:
    """Return whether so many of `count` units are kept as should be dropped, and not as should
    be kept.
    """
    allowed = band(keep, count)
    return abs(kept - (1 - keep)) <= allowed < abs(kept - keep)


def _close(output: str, got: np.ndarray, want: np.ndarray, size: float, allowed: float) -> Finding:
    error = float(np.max(np.abs(got - want))) / (size or 1.0)
    reason = "" if error <= allowed else "masked loss" if output == LOSS else "masked gradients"
    return Finding(output, reason, {}, error, allowed)


def parameters(theta: np.ndarray, dims: Sequence[int]) -> dict[str, np.ndarray]:
    """Return what the probe makes of theta: numbers in order, and a gamma is one plus its own."""
    found, start = {}, 0
    for name, shape in shapes(dims, "any").items():
        stop = start + math.prod(shape)
        found[name] = theta[start:stop].reshape(shape) + float(name.startswith("gamma"))
        start = stop
    return found


def _losses(
    params: Params, x: np.ndarray, y: np.ndarray, masks: Sequence[np.ndarray]
) -> np.ndarray:
    """Return the loss (T,) of each image, complex as the parameters are."""
    out = x.reshape(len(x), -1) * masks[0]
    for layer, mask in enumerate(masks[1:-1], start=1):
        out = _hidden(out, params, layer) * mask
    scores = _affine(out, params, len(masks) - 1) * masks[-1]
    scores = scores - scores.real.max(axis=1, keepdims=True)
    own = scores[np.arange(len(y)), y]
    return np.asarray(np.log(np.exp(scores).sum(axis=1)) - own)


def _hidden(rows: np.ndarray, params: Params, layer: int) -> np.ndarray:
    """Return the units (T, H) of a hidden layer before dropout."""
    out = _affine(rows, params, layer)
    if f"gamma{layer}" in params:
        out = out - out.mean(axis=1, keepdims=True)
        out = out / np.sqrt((out * out).mean(axis=1, keepdims=True) + EPS)
        out = params[f"gamma{layer}"] * out + params[f"beta{layer}"]
    return np.where(out.real > 0, out, 0)


def _affine(rows: np.ndarray, params: Params, layer: int) -> np.ndarray:
    return np.asarray(rows @ params[f"W{layer}"] + params[f"b{layer}"])


close = Judge(decide, lambda case: OUTPUTS)
