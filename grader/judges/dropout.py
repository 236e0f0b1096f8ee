"""Random masks by their properties: no golden mask exists, and none is needed.

The mask is read off as out / x (no input is zero). Shares are judged inside a six-sigma binomial
band: a right layer leaves it once in 500 million runs, and never twice on the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from grader.judges import Finding, Judge, Look
from grader.judges.values import missing, same_but_for_unit_axes
from grader.types import Arrays, Case

SIGMAS = 6.0
DOUBLE = 1e-12  # relative: rounding of a factor in double precision
SAME = 1e-5  # relative: wide enough for float32, far below any wrong factor

TRAIN = ("mask", "keep_fraction", "scale", "draws")


def band(share: float, count: int) -> float:
    """Return how far a share of `count` independent draws may lie from `share`."""
    return SIGMAS * math.sqrt(share * (1 - share) / count)


def decide_train(look: Look) -> Iterator[Finding]:
    """Judge one training pass: mask values, share kept, scale, fresh and independent draws."""
    x, keep = look.inputs["x"], float(look.case.options["keep"])
    if (problem := _unusable("out", x, look)) is not None:
        for name in TRAIN:
            yield Finding(name, problem.kind, problem.says, problem.hidden)
        return
    ratio = look.arrays["out"].astype(np.float64).reshape(x.shape) / x
    kept = ratio != 0
    share = float(kept.mean())
    factor = float(np.median(ratio[kept])) if kept.any() else 0.0
    yield _mask(ratio, kept, factor)
    draws = distinct(kept).size
    yield _keep_fraction(share, keep, draws)
    yield _scale(factor, share, keep, draws)
    yield _draws(look, x, kept)


def _mask(ratio: np.ndarray, kept: np.ndarray, factor: float) -> Finding:
    if not kept.any():
        return _wrong("mask", "every unit was dropped")
    spread = float(np.max(np.abs(ratio[kept] - factor)))
    if not spread <= SAME * abs(factor):
        return _wrong(
            "mask", "units are multiplied by many different numbers, not by 0 or one factor"
        )
    if kept.all():
        return _wrong("mask", "no unit was dropped")
    if kept.ndim < 2:
        return Finding("mask")
    for axis, what in ((0, "every row of the batch"), (1, "every unit of an example")):
        if np.all(kept == np.take(kept, [0], axis=axis)):
            return _wrong("mask", f"{what} got the same mask: draw one number for each unit")
    return Finding("mask")


def distinct(kept: np.ndarray) -> np.ndarray:
    """Return the draws behind a mask: one row, or one column, where all are the same."""
    for axis in range(min(kept.ndim, 2)):
        first = np.take(kept, [0], axis=axis)
        if np.all(kept == first) and kept.any() and not kept.all():
            return first
    return kept


def _keep_fraction(share: float, keep: float, count: int) -> Finding:
    allowed = band(keep, count)
    error = abs(share - keep)
    if error <= allowed:
        return Finding("keep_fraction", error=error, allowed=allowed)
    turned = ": p is read the other way round" if abs(share - (1 - keep)) <= allowed else ""
    says = (
        f"{share:.3f} of the units are kept, it should be {keep:g} (within {allowed:.3f}){turned}"
    )
    hidden = f"the share of units that are kept is wrong{turned}"
    return Finding("keep_fraction", "value", says, hidden, error, allowed)


def _scale(factor: float, share: float, keep: float, count: int) -> Finding:
    """Right is 1/keep, or, where the share itself is off, what keeps the mean for that share."""
    if factor == 0:
        return _wrong("scale", "no unit is left to see the scale of")
    if abs(factor * keep - 1) <= DOUBLE:
        return Finding("scale")
    if abs(factor * keep - 1) <= SAME:
        says = "kept units are scaled right to single precision: the mask is float32"
        return Finding("scale", "dtype", says, says, warning=True)
    is_off = band(keep, count) < abs(share - keep) and 0 < share < 1
    if is_off and abs(factor * share - 1) <= factor * band(share, count):
        return Finding("scale")
    if abs(factor - 1) <= SAME:
        return _wrong("scale", "kept units are not scaled: divide by the share that is kept")
    hidden = "kept units are multiplied by a number that does not keep the mean"
    says = f"kept units are multiplied by {factor:.4g}, which does not keep the mean"
    return Finding("scale", "value", says, hidden)


def _draws(look: Look, x: np.ndarray, kept: np.ndarray) -> Finding:
    again = look.arrays.get("out_again")
    if again is None or again.shape != look.arrays["out"].shape:
        return missing("draws", look)
    same = np.array_equal(again.reshape(x.shape) != 0, kept)
    if same and not kept.all():
        return _wrong("draws", "two calls without a seed drop the same units")
    return Finding("draws")


def decide_seeded(look: Look) -> Iterator[Finding]:
    """Judge passes under seeds: equal seeds give equal outputs."""
    outs, seeds = look.arrays.get("outs"), look.case.options["seeds"]
    if outs is None:
        yield missing("outs", look)
        return
    if outs.ndim == 0 or len(outs) != len(seeds):
        yield Finding("outs", "shape", "out has the wrong shape", "out has the wrong shape")
        return
    for i in range(1, len(seeds)):
        if seeds[i] == seeds[0] and not np.array_equal(outs[i], outs[0]):
            yield _wrong("outs", "the same seed in dropout_param gives different masks")
            return
    yield Finding("outs")


def decide_backward(look: Look) -> Iterator[Finding]:
    """Judge a backward pass against the mask that its own forward pass shows.

    Where that pass shows none, or is not asked, against a mask of our own.
    """
    x, dout = look.inputs["x"], look.inputs["dout"]
    if look.case.options.get("own_forward") is False:
        yield _without_forward(look)
        return
    for name in ("out", "dx"):
        if (problem := _unusable(name, x, look)) is not None:
            yield Finding("dx", problem.kind, problem.says, problem.hidden)
            return
    out, dx = (look.arrays[name].astype(np.float64).reshape(x.shape) for name in ("out", "dx"))
    want = dout * (out / x)
    if look.case.options["mode"] == "train" and np.all((out == 0) == (out[(0,) * out.ndim] == 0)):
        yield _with_our_mask(look, _is_another_scale(dx, want, dout))
        return
    errors = np.abs(dx - want) / np.max(np.abs(dout))
    worst = float(errors.max())
    # In test mode the layer is the identity; what its forward pass does instead is not dx's matter.
    identity = look.case.options["mode"] == "test" and np.array_equal(dx, dout)
    if worst <= SAME or identity:
        yield Finding("dx", error=min(worst, SAME), allowed=SAME)
        return
    says = "dx is not dout times the mask of the forward pass"
    if np.max(np.abs(np.where(out != 0, dout, 0) - dx)) <= SAME * np.max(np.abs(dout)):
        says += ": the scale of the forward pass is missing"
    yield Finding(
        "dx", "value", says, says, worst, SAME, wrong=errors > SAME, expected=want, got=dx
    )


def _without_forward(look: Look) -> Finding:
    if look.case.options["mode"] == "train":
        return _with_our_mask(look, another_scale=False)
    x = look.inputs["x"]
    if (problem := _unusable("dx", x, look)) is not None:
        return problem
    if np.array_equal(look.arrays["dx"].reshape(x.shape), look.inputs["dout"]):
        return Finding("dx", error=0.0, allowed=SAME)
    return _wrong("dx", "dx is not dout in test mode")


def _with_our_mask(look: Look, another_scale: bool) -> Finding:
    """Judge what backward makes of our mask, which its cache may hold scaled or not.

    With `another_scale` it has been seen to disagree with its own forward pass by a factor.
    """
    x, dout, keep = look.inputs["x"], look.inputs["dout"], float(look.case.options["keep"])
    want = np.where(x > 0, dout / keep, 0.0)  # our mask: see the probe
    for name in () if another_scale else ("dx_of_scaled", "dx_of_plain"):
        if name in look.arrays and _unusable(name, x, look) is None:
            got = look.arrays[name].astype(np.float64).reshape(x.shape)
            worst = float(np.max(np.abs(got - want)) / np.max(np.abs(dout)))
            if worst <= SAME:
                return Finding("dx", error=worst, allowed=SAME)
    says = "the forward pass keeps or drops all units: there is no mask to hand back"
    return Finding("dx", "missing", says, says)


def _is_another_scale(dx: np.ndarray, want: np.ndarray, dout: np.ndarray) -> bool:
    """Say whether dx is dout times one number, and not the number of the own forward pass."""
    factor = float(np.median(dx / dout))
    size = float(np.max(np.abs(dout)))
    is_one = bool(np.max(np.abs(dx - factor * dout)) <= SAME * size * max(1.0, abs(factor)))
    return is_one and bool(np.max(np.abs(dx - want)) > SAME * size)


def _unusable(name: str, x: np.ndarray, look: Look) -> Finding | None:
    """Return what makes an output impossible to judge, if anything does."""
    if name not in look.arrays:
        return missing(name, look)
    got = look.arrays[name]
    if got.shape != x.shape and not same_but_for_unit_axes(got.shape, x.shape):
        says = f"{name} has shape {got.shape}, expected {x.shape}"
        return Finding(name, "shape", says, f"{name} has the wrong shape")
    if not np.all(np.isfinite(got)):
        return Finding(
            name, "not_finite", f"{name} has nan or inf in it", f"{name} has nan or inf in it"
        )
    return None


def _wrong(name: str, says: str) -> Finding:
    return Finding(name, "value", says, says)


def _train_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return TRAIN


def _seeded_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("outs",)


def _backward_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("dx",)


train = Judge(decide_train, _train_names, golden=False)
seeded = Judge(decide_seeded, _seeded_names, golden=False)
backward = Judge(decide_backward, _backward_names, golden=False)
