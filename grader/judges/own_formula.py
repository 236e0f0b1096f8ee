"""Is a backward pass the right formula, filled in with what its own forward pass normalizes by?

Whoever takes a mean over the wrong axis, or divides a variance by N - 1, hands a wrong x_hat and a
wrong std to a backward pass that is right, and will be right once the forward pass is. What the
forward pass takes off and divides by is read off its output: with gamma 1 and beta 0, x = x_hat s +
m. Only a whole formula counts: without a right dx the sums for gamma and beta are nobody's work.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.judges import Attempt

AXES = {"batchnorm_forward": 0, "layernorm_forward": 1}  # over which a right one takes its means
ROUNDING = 1e-9  # of the largest number: what solving for m and s leaves
SAME = 1e-8  # of a gradient's largest number
USUAL = (1e-2, 1e2)  # sizes of x_hat at which no term of the formula is lost in rounding


def right(attempt: Attempt) -> frozenset[str]:
    """Return the gradients that are right by the formula; none unless dx is.

    The case holds x, dout (N, D) and gamma (D,), and names the forward pass.
    """
    axis = AXES.get(str(attempt.case.options.get("forward")))
    x_hat = attempt.arrays.get("plain", np.zeros(0)).astype(np.float64)
    x = attempt.inputs["x"]
    if axis is None or x_hat.shape != x.shape or not np.all(np.isfinite(x_hat)):
        return frozenset()
    size = np.sqrt(np.mean(x_hat**2, axis=axis))
    parts = taken_apart(x, x_hat, axis) if np.all((USUAL[0] < size) & (size < USUAL[1])) else None
    if parts is None or not any(_is(attempt, "dx", dx) for dx in _gradients(attempt, axis, *parts)):
        return frozenset()
    dout = attempt.inputs["dout"]
    others = {"dgamma": (dout * x_hat).sum(axis=0), "dbeta": dout.sum(axis=0)}
    return frozenset({"dx", *(name for name, want in others.items() if _is(attempt, name, want))})


def taken_apart(
    x: np.ndarray, x_hat: np.ndarray, axis: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return m and s, both (N, D), with x = x_hat s + m; None if there are none.

    Each is one number for a column, or one for a row: as over `axis`, or over the other one.
    """
    n, d = x.shape
    ways = np.repeat(np.eye(n), d, axis=0), np.tile(np.eye(d), (n, 1))  # by row, by column
    own = 1 - axis
    for m_way, s_way in ((own, own), (1 - own, 1 - own), (1 - own, own), (own, 1 - own)):
        columns = np.hstack([ways[m_way], ways[s_way] * x_hat.reshape(-1, 1)])
        found, *_ = np.linalg.lstsq(columns, x.ravel(), rcond=None)
        if np.max(np.abs(columns @ found - x.ravel())) <= ROUNDING * np.max(np.abs(x)):
            count = x.shape[m_way]
            m, s = ways[m_way] @ found[:count], ways[s_way] @ found[count:]
            return (m.reshape(x.shape), s.reshape(x.shape)) if np.all(s) else None
    return None


def _gradients(attempt: Attempt, axis: int, m: np.ndarray, s: np.ndarray) -> Iterator[np.ndarray]:
    """Yield dx by the short formula, and node by node: they differ if x - m has another mean than
    0, or s is not one number along the axis.
    """
    x, x_hat = attempt.inputs["x"], attempt.arrays["plain"]
    g, c = attempt.inputs["dout"] * attempt.inputs["gamma"], x - m

    def mean(array: np.ndarray) -> np.ndarray:
        return np.asarray(array.mean(axis=axis, keepdims=True))

    yield (g - mean(g) - x_hat * mean(g * x_hat)) / s
    for along in (mean(g * c) / s**3, mean(g * c / s**3)):
        dc = g / s - c * along
        yield dc - mean(dc)


def _is(attempt: Attempt, name: str, want: np.ndarray) -> bool:
    got = attempt.arrays.get(name)
    if got is None or got.size != want.size:
        return False
    gap = np.abs(got.reshape(want.shape) - want)
    return bool(np.max(gap, initial=0.0) <= SAME * np.max(np.abs(want), initial=0.0))
