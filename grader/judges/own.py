"""Is a backward pass the gradient of the implementation's own, perhaps wrong, forward pass?

It counts only where that forward pass does normalize something: an identity has an easy gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.judges import Finding, Judge, Look
from grader.judges.tolerances import TOLERANCES
from grader.judges.values import missing
from grader.types import Arrays, Case

STEP = 2.0**-20  # of a difference: half of the digits of float64, and a shorter one is exact
DIFFERENCE = TOLERANCES["difference"].float64
GRADIENTS = {"dx": "x_along", "dgamma": "gamma_along", "dbeta": "beta_along"}


def decide(look: Look) -> Iterator[Finding]:
    """Yield a finding for each gradient: does it agree with the difference of the own outputs?"""
    for name, direction in GRADIENTS.items():
        needed = (name, f"{name}_ends", "plain", "plain_of_double")
        absent = [one for one in needed if one not in look.arrays]
        if absent or not all(np.all(np.isfinite(look.arrays[one])) for one in needed):
            yield missing(name, look)
        elif look.arrays["plain"].shape != look.inputs["dout"].shape:
            yield Finding(name, "missing", "the forward pass has the wrong shape", "it is wrong")
        elif not normalizes(look.arrays["plain"], look.arrays["plain_of_double"]):
            yield Finding(name, "missing", "the forward pass does not normalize", "it is wrong")
        else:
            yield _agrees(name, look.inputs[direction], look)


def is_gradient(look: Look) -> bool:
    """Say whether all gradients are those of the own forward pass, whatever that one does."""
    known = all(n in look.arrays and f"{n}_ends" in look.arrays for n in GRADIENTS)
    return known and all(
        _agrees(name, look.inputs[along], look).kind is None for name, along in GRADIENTS.items()
    )


def normalizes(plain: np.ndarray, of_double: np.ndarray) -> bool:
    """Say whether an output (N, D) has rows or columns of mean 0, and no trace of its scale."""
    size = float(np.max(np.abs(plain)))
    grows = float(np.max(np.abs(of_double))) > 1.5 * size
    centred = any(np.all(np.abs(plain.mean(axis=axis)) <= 1e-6 * size) for axis in (0, 1))
    return size > 0 and centred and not grows


def _agrees(name: str, along: np.ndarray, look: Look) -> Finding:
    got, ends = look.arrays[name], look.arrays[f"{name}_ends"]
    dout = look.inputs["dout"]
    if got.size != along.size or ends.shape != (2, *dout.shape):
        return Finding(name, "shape", f"{name} has the wrong shape", f"{name} has the wrong shape")
    analytic = float(np.sum(got.reshape(along.shape) * along))
    numeric = float(np.sum(dout * (ends[0] - ends[1]))) / (2 * STEP)
    scale = float(np.sum(np.abs(got.reshape(along.shape) * along)))
    error = abs(analytic - numeric) / scale if scale else float("inf")
    if error <= DIFFERENCE:
        return Finding(name, error=error, allowed=DIFFERENCE)
    says = f"{name} is not the gradient of the forward pass"
    return Finding(name, "value", says, says, error, DIFFERENCE)


def decide_along(look: Look) -> Iterator[Finding]:
    """Yield whether derivatives by backward pass and by difference agree, along every direction."""
    arrays = [look.arrays.get(name) for name in ("analytic", "numeric")]
    if any(a is None or a.ndim != 1 or not a.size for a in arrays):
        yield missing("analytic", look)
        return
    analytic, numeric = (np.asarray(a, dtype=np.float64) for a in arrays)
    scale = float(np.max(np.abs(numeric), initial=0.0))
    if analytic.shape == numeric.shape and np.all(np.isfinite(analytic)) and scale > 0:
        error = float(np.max(np.abs(analytic - numeric))) / scale
        if error <= DIFFERENCE:
            yield Finding("analytic", error=error, allowed=DIFFERENCE)
            return
    says = "it is not the gradient of the own forward pass"
    yield Finding("analytic", "value", says, says)


def _along_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("analytic",)


def _names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return tuple(GRADIENTS)


gradient = Judge(decide, _names, golden=False)
along = Judge(decide_along, _along_names, golden=False)
