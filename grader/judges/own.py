"""Is a backward pass the gradient of the implementation's own, perhaps wrong, forward pass?

It counts only if that forward pass normalizes something: an identity has an easy gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.judges import Attempt, Finding, Judge
from grader.judges.tolerances import TOLERANCES
from grader.judges.values import missing

STEP = 2.0**-20  # of a difference: half of the digits of float64, and a shorter one is exact
DIFFERENCE = TOLERANCES["difference"].float64
GRADIENTS = {"dx": "x_along", "dgamma": "gamma_along", "dbeta": "beta_along"}


def decide(attempt: Attempt) -> Iterator[Finding]:
    """Yield a finding for each gradient: does it agree with the difference of the own outputs?"""
    for name, direction in GRADIENTS.items():
        needed = (name, f"{name}_ends", "plain", "plain_of_double")
        absent = [one for one in needed if one not in attempt.arrays]
        if absent or not all(np.all(np.isfinite(attempt.arrays[one])) for one in needed):
            yield missing(name, attempt)
        elif not normalizes(attempt):
            yield Finding(name, "not normalized")
        else:
            yield _agrees(name, attempt.inputs[direction], attempt)


def is_gradient(attempt: Attempt) -> bool:
    """Return whether all gradients are those of the own forward pass, whatever that one does."""
    known = all(n in attempt.arrays and f"{n}_ends" in attempt.arrays for n in GRADIENTS)
    return known and all(
        _agrees(name, attempt.inputs[along], attempt).kind is None
        for name, along in GRADIENTS.items()
    )


def normalizes(attempt: Attempt) -> bool:
    """Return whether the own output (N, D) has rows or columns of mean 0, whatever x's scale.

    `plain_of_double` is what the forward pass gives for twice the input.
    """
    plain = attempt.arrays["plain"]
    if plain.shape != attempt.inputs["dout"].shape:
        return False
    size = float(np.max(np.abs(plain)))
    grows = float(np.max(np.abs(attempt.arrays["plain_of_double"]))) > 1.5 * size
    centred = any(np.all(np.abs(plain.mean(axis=axis)) <= 1e-6 * size) for axis in (0, 1))
    return size > 0 and centred and not grows


def _agrees(name: str, along: np.ndarray, attempt: Attempt) -> Finding:
    got, ends, dout = attempt.arrays[name], attempt.arrays[f"{name}_ends"], attempt.inputs["dout"]
    if got.size != along.size or ends.shape != (2, *dout.shape):
        return Finding(name, "wrong shape")
    products = got.reshape(along.shape) * along
    numeric = float(np.sum(dout * (ends[0] - ends[1]))) / (2 * STEP)
    scale = float(np.sum(np.abs(products)))
    error = abs(float(np.sum(products)) - numeric) / scale if scale else float("inf")
    return Finding(name, "" if error <= DIFFERENCE else "other gradient", {}, error, DIFFERENCE)


def derivatives(attempt: Attempt) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the derivatives by backward pass and by difference, (n,) each; None if unusable."""
    both = [attempt.arrays.get(name, np.zeros(0)) for name in ("analytic", "numeric")]
    if any(one.ndim != 1 or not one.size or one.shape != both[0].shape for one in both):
        return None
    return both[0].astype(np.float64), both[1].astype(np.float64)


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
