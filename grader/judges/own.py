"""Is a backward pass the gradient of the implementation's own, perhaps wrong, forward pass?

It counts only if that forward pass is a normalization: an identity and a fixed pattern have easy
gradients. Or if it is the right formula (grader.judges.own_formula).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.judges import Attempt, Finding, Judge, own_formula
from grader.judges.tolerances import TOLERANCES
from grader.judges.values import missing

NUDGE = 2.0**-8  # of one number of the input
STEP = 2.0**-20  # of a difference: half of the digits of float64, and a shorter one is exact
DIFFERENCE = TOLERANCES["difference"].float64
ROUNDING = 1e-6  # relative: far above that of float64, far below any pattern that is mixed in
FELT = 1e-2  # least change of an output by one number of x, in units of its own: usually near 1
OUTPUTS = ("out", "out_of_moved", "out_of_each", "plain")  # of the own forward pass
GRADIENTS = {"dx": "x_along", "dgamma": "gamma_along", "dbeta": "beta_along"}


def decide(attempt: Attempt) -> Iterator[Finding]:
    """Yield a finding for each gradient: does it agree with the difference of the own outputs?"""
    axis, by_formula = normalized_axis(attempt), own_formula.right(attempt)
    for name, direction in GRADIENTS.items():
        if name in by_formula:
            yield Finding(name)
            continue
        needed = (name, f"{name}_ends", *OUTPUTS)
        absent = [one for one in needed if one not in attempt.arrays]
        if absent or not all(np.all(np.isfinite(attempt.arrays[one])) for one in needed):
            yield missing(name, attempt)
        elif axis is None:
            yield Finding(name, "not normalized")
        elif name == "dx" and not _keeps_still(attempt, axis):
            yield Finding(name, "other gradient")
        else:
            yield _agrees(name, attempt.inputs[direction], attempt)


def is_gradient(attempt: Attempt) -> bool:
    """Return whether all gradients are those of the own forward pass, whatever that one does."""
    known = all(n in attempt.arrays and f"{n}_ends" in attempt.arrays for n in GRADIENTS)
    return known and all(
        _agrees(name, attempt.inputs[along], attempt).kind is None
        for name, along in GRADIENTS.items()
    )


def normalized_axis(attempt: Attempt) -> int | None:
    """Return the axis over which the own forward pass is a normalization; None if it is none.

    What makes it one: with gamma 1 and beta 0 the output has mean 0 and variance 1; no scale and no
    shift of x changes it; gamma and beta scale and shift features; every number of x is felt.
    """
    x, shape = attempt.inputs["x"], attempt.inputs["dout"].shape
    out, moved, each, plain = (_numbers(attempt, name) for name in OUTPUTS)
    if not out.shape == moved.shape == plain.shape == shape or each.shape != (x.size, *shape):
        return None
    axes = [axis for axis in (0, 1) if _is_standard(plain, axis, _slack(attempt, axis))]
    if not axes or not _are_scaled(plain, out):
        return None
    size = float(np.max(np.abs(out)))
    still = np.all(np.abs(moved - out) <= _slack(attempt, axes[0]) * size)
    changes = np.abs(each - out) / np.abs(attempt.inputs["gamma"]) / NUDGE * float(x.std())
    return axes[0] if still and np.all(changes.max(axis=(1, 2)) >= FELT) else None


def _slack(attempt: Attempt, axis: int) -> float:
    """Return what eps may change, relative to 1, wherever it is added."""
    least = float(attempt.inputs["x"].var(axis=axis).min())
    eps = float(attempt.case.options.get("eps", 1e-5))
    return ROUNDING + (4 * eps * max(1 / least, least**-0.5) if least > 0 else 0.0)


def _is_standard(plain: np.ndarray, axis: int, slack: float) -> bool:
    """Return whether the mean is 0 and the variance 1, divided by N or by N - 1."""
    centred = np.all(np.abs(plain.mean(axis=axis)) <= ROUNDING)
    count, variance = plain.shape[axis], plain.var(axis=axis)
    return bool(centred) and any(
        np.all(np.abs(factor * variance - 1) <= slack) for factor in (1, count / max(count - 1, 1))
    )


def _are_scaled(plain: np.ndarray, out: np.ndarray) -> bool:
    """Return whether each column of `out` is that of `plain`, scaled and shifted."""
    one, other = (array - array.mean(axis=0) for array in (plain, out))
    along = np.sum(one * other, axis=0) / np.maximum(np.sum(one * one, axis=0), ROUNDING)
    left = np.max(np.abs(other - along * one))
    return bool(left <= ROUNDING * np.max(np.abs(out)))


def _keeps_still(attempt: Attempt, axis: int) -> bool:
    """Return whether dx is 0 along what changes no output: a shift of x, and a scale."""
    x, dx = attempt.inputs["x"], _numbers(attempt, "dx")
    if dx.size != x.size:
        return False
    dx, slack = dx.reshape(x.shape), 10 * _slack(attempt, axis)
    ways = (dx, dx * (x - x.mean(axis=axis, keepdims=True)))
    return all(
        np.all(np.abs(way.sum(axis=axis)) <= slack * np.max(np.abs(way).sum(axis=axis)))
        for way in ways
    )


def _agrees(name: str, along: np.ndarray, attempt: Attempt) -> Finding:
    got, ends, dout = (
        _numbers(attempt, name),
        _numbers(attempt, f"{name}_ends"),
        attempt.inputs["dout"],
    )
    if got.size != along.size or ends.shape != (2, *dout.shape):
        return Finding(name, "wrong shape")
    products = got.reshape(along.shape) * along
    numeric = float(np.sum(dout * (ends[0] - ends[1]))) / (2 * STEP)
    scale = float(np.sum(np.abs(products)))
    error = abs(float(np.sum(products)) - numeric) / scale if scale else float("inf")
    return Finding(name, "" if error <= DIFFERENCE else "other gradient", {}, error, DIFFERENCE)


def _numbers(attempt: Attempt, name: str) -> np.ndarray:
    """Return an output in float64, whatever it came in: truth values cannot be subtracted."""
    return attempt.arrays.get(name, np.zeros(0)).astype(np.float64)


def derivatives(attempt: Attempt) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the derivatives by backward pass and by difference, (n,) each; None if unusable."""
    analytic, numeric = (_numbers(attempt, name) for name in ("analytic", "numeric"))
    if analytic.ndim != 1 or not analytic.size or analytic.shape != numeric.shape:
        return None
    return analytic, numeric


def decide_along(attempt: Attempt) -> Iterator[Finding]:
    """Yield whether derivatives by backward pass and by difference agree, along every direction."""
    if (both := derivatives(attempt)) is None:
        yield missing("analytic", attempt)
        return
    scale = float(np.max(np.abs(both[1])))
    error = float(np.max(np.abs(both[0] - both[1]))) / scale if scale else float("inf")
    agrees = np.all(np.isfinite(both[0])) and error <= DIFFERENCE
    yield Finding("analytic", "" if agrees else "other gradient", {}, error, DIFFERENCE)


gradient = Judge(decide, lambda case: GRADIENTS)
along = Judge(decide_along, lambda case: ("analytic",))
