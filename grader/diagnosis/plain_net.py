"""A plain net of affine layers and ReLUs, as a right one computes it; and when arrays agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def forward(
    values: Mapping[str, np.ndarray], x: np.ndarray, factor: float = 1.0
) -> dict[str, np.ndarray]:
    """Return h0 (N, D), the affine outputs a1, ..., the hidden units h1, ... and scores (N, C).

    `values` has W1, b1, ... and may have more; x is (N, ...). Hidden units are times `factor`.
    """
    last = sum(name.startswith("W") for name in values)
    out = x.reshape(len(x), -1)
    found = {"h0": out}
    for layer in range(1, last):
        found[f"a{layer}"] = out @ values[f"W{layer}"] + values[f"b{layer}"]
        out = found[f"h{layer}"] = factor * np.maximum(found[f"a{layer}"], 0)
    return {**found, "scores": out @ values[f"W{last}"] + values[f"b{last}"]}


def softmax(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy of scores (N, C) for labels (N,), and its gradient (N, C)."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -float(np.mean(np.log(p[rows, y])))
    p[rows, y] -= 1
    return loss, p / len(y)


def same(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Say whether arrays of one shape agree, relative to the largest number of `other`."""
    if one.shape != other.shape:
        return False
    size = float(np.max(np.abs(other), initial=0.0))
    return bool(np.all(np.abs(one - other) <= tolerance * size))
