"""The gradient of a normalization, taken apart: which of its three ways is wrong?

dx = g/std - mean(g)/std - x_hat mean(g x_hat)/std with g = dout gamma: the direct way, the way
through the mean, and the way through the variance. A wrong dx is often a sum of the same three with
other factors, and the factors tell the mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.guest.operations import operation_of
from grader.types import Arrays, Case

WAYS = ("direct", "mean", "variance")


def words(
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
