"""Random masks by their properties: no golden mask exists, and none is needed.

The mask is read off as out / x (no input is zero). Shares are judged inside a six-sigma binomial
band: a right layer leaves it once in 500 million runs, and never twice on the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from grader.judges import Attempt, Finding, Judge
from grader.judges.values import missing, usable

SIGMAS = 6.0
DOUBLE = 1e-12  # relative: rounding of a factor in double precision
SAME = 1e-5  # relative: wide enough for float32, far below any wrong factor

TRAIN = ("mask", "keep_fraction", "scale", "draws")


def band(share: float, count: int) -> float:
    """Return how far a share of `count` independent draws may lie from `share`."""
    return SIGMAS * math.sqrt(share * (1 - share) / count)


def decide_train(attempt: Attempt) -> Iterator[Finding]:
    """Judge one training pass: mask values, share kept, scale, fresh and independent draws."""
    x, keep = attempt.inputs["x"], float(attempt.case.options["keep"])
    out = usable("out", x.shape, attempt)
    if isinstance(out, Finding):
        yield from (out.under(aspect) for aspect in TRAIN)
        return
    ratio = out / x
    kept = ratio != 0
    share, draws = float(kept.mean()), distinct(kept).size
    factor = middle(ratio[kept]) if kept.any() else 0.0
    yield Finding("mask", _mask(ratio, kept, factor))
    yield _keep_fraction(share, keep, draws)
    yield _scale(factor, share, keep, draws)
    yield _draws(attempt, kept)


def middle(values: np.ndarray) -> float:
    """Return the median as np.median has it, which looks for masks and imports numpy.ma for it."""
    flat, half = values.ravel(), values.size // 2
    part = np.partition(flat, sorted({max(half - 1, 0), half, flat.size - 1}))
    if np.isnan(part[-1]):  # NaN is sorted behind all others
        return math.nan
    return float(part[half - 1 + flat.size % 2 : half + 1].mean())


def _mask(ratio: np.ndarray, kept: np.ndarray, factor: float) -> str:
    """Return what is wrong about a mask, "" if nothing is."""
    if not kept.any():
        return "all dropped"
    if not float(np.max(np.abs(ratio[kept] - factor))) <= SAME * abs(factor):
        return "many factors"
    if kept.all():
        return "none dropped"
    for axis, reason in enumerate(("rows alike", "units alike") if kept.ndim > 1 else ()):
        if np.all(kept == np.take(kept, [0], axis=axis)):
            return reason
    return ""


def distinct(kept: np.ndarray) -> np.ndarray:
    """Return the draws behind a mask: one row, or one column, if all are the same."""
    for axis in range(min(kept.ndim, 2)):
        first = np.take(kept, [0], axis=axis)
        if np.all(kept == first) and kept.any() and not kept.all():
            return first
    return kept


def _keep_fraction(share: float, keep: float, count: int) -> Finding:
    allowed = band(keep, count)
    error = abs(share - keep)
    is_turned = abs(share - (1 - keep)) <= allowed
    reason = "" if error <= allowed else "share turned" if is_turned else "share"
    return Finding("keep_fraction", reason, {"share": share, "keep": keep}, error, allowed)


def _scale(factor: float, share: float, keep: float, count: int) -> Finding:
    """Right is 1/keep, or, if the share itself is off, what keeps the mean for that share."""
    if factor == 0:
        return Finding("scale", "no scale")
    if abs(factor * keep - 1) <= DOUBLE:
        return Finding("scale")
    if abs(factor * keep - 1) <= SAME:
        return Finding("scale", "float32 scale", warning=True)
    is_off = band(keep, count) < abs(share - keep) and 0 < share < 1
    if is_off and abs(factor * share - 1) <= factor * band(share, count):
        return Finding("scale")
    if abs(factor - 1) <= SAME:  # where all are kept, there is nothing to make up for
        return Finding("scale", "none dropped" if share == 1 else "not scaled")
    return Finding("scale", "scale", {"factor": factor})


def _draws(attempt: Attempt, kept: np.ndarray) -> Finding:
    again = attempt.arrays.get("out_again")
    if again is None or again.shape != attempt.arrays["out"].shape:
        return missing("draws", attempt)
    is_same = np.array_equal(again.reshape(kept.shape) != 0, kept) and not kept.all()
    return Finding("draws", "same draws" if is_same else "")


def decide_seeded(attempt: Attempt) -> Iterator[Finding]:
    """Judge passes under seeds: equal seeds give equal outputs, and others do not."""
    outs, seeds = attempt.arrays.get("outs"), attempt.case.options["seeds"]
    if outs is None:
        yield missing("outs", attempt)
    elif outs.ndim == 0 or len(outs) != len(seeds):
        yield Finding("outs", "wrong shape", subject="out")
    else:
        repeats = [out for out, seed in zip(outs[1:], seeds[1:]) if seed == seeds[0]]
        is_same = all(np.array_equal(out, outs[0]) for out in repeats)
        others = [out for out, seed in zip(outs[1:], seeds[1:]) if seed != seeds[0]]
        # A layer that drops nothing has no draw that a seed could change.
        same = is_same and np.any(outs[0] == 0) and any(np.array_equal(o, outs[0]) for o in others)
        yield Finding("outs", "one seed" if same else "" if is_same else "seed ignored")


def decide_backward(attempt: Attempt) -> Iterator[Finding]:
    """Judge a backward pass against the mask that its own forward pass shows.

    If that pass shows none, or is not asked, it is judged against a mask of our own.
    """
    x, dout = attempt.inputs["x"], attempt.inputs["dout"]
    is_training = attempt.case.options.get("mode") == "train"
    if attempt.case.options.get("own_forward") is False:
        yield _with_our_mask(attempt) if is_training else _without_mask(attempt)
        return
    both = [usable(name, x.shape, attempt) for name in ("out", "dx")]
    if problem := next((one for one in both if isinstance(one, Finding)), None):
        yield problem.under("dx")
        return
    out, dx = (np.asarray(one) for one in both)
    want = dout * (out / x)
    if is_training and np.all((out == 0) == (out[(0,) * out.ndim] == 0)):
        yield _with_our_mask(attempt, _is_another_scale(dx, want, dout))
        return
    size = float(np.max(np.abs(dout)))
    errors = np.abs(dx - want) / size
    worst = float(errors.max())
    # In test mode the layer is the identity; what its forward pass does instead is not dx's matter.
    if worst <= SAME or (not is_training and np.array_equal(dx, dout)):
        yield Finding("dx", error=min(worst, SAME), allowed=SAME)
        return
    no_scale = np.max(np.abs(np.where(out != 0, dout, 0) - dx)) <= SAME * size
    reason = "other mask, no scale" if no_scale else "other mask"
    yield Finding("dx", reason, {}, worst, SAME, wrong=errors > SAME, expected=want, got=dx)


def _without_mask(attempt: Attempt) -> Finding:
    """Judge test mode by itself: dx is dout."""
    dx = usable("dx", attempt.inputs["x"].shape, attempt)
    if isinstance(dx, Finding):
        return dx
    is_same = np.array_equal(dx, attempt.inputs["dout"])
    return Finding("dx", error=0.0, allowed=SAME) if is_same else Finding("dx", "test mode")


def _with_our_mask(attempt: Attempt, another_scale: bool = False) -> Finding:
    """Judge what backward makes of our mask, which its cache may hold scaled or not.

    With `another_scale` it has been seen to disagree with its own forward pass by a factor.
    """
    x, dout, keep = attempt.inputs["x"], attempt.inputs["dout"], float(attempt.case.options["keep"])
    want = np.where(x > 0, dout / keep, 0.0)  # our mask: see the probe
    for name in () if another_scale else ("dx_of_scaled", "dx_of_plain"):
        got = usable(name, x.shape, attempt)
        if not isinstance(got, Finding):
            worst = float(np.max(np.abs(got - want)) / np.max(np.abs(dout)))
            if worst <= SAME:
                return Finding("dx", error=worst, allowed=SAME)
    return Finding("dx", "no mask")


def _is_another_scale(dx: np.ndarray, want: np.ndarray, dout: np.ndarray) -> bool:
    """Return whether dx is dout times one number, and not the number of the own forward pass."""
    factor, size = middle(dx / dout), float(np.max(np.abs(dout)))
    is_one = bool(np.max(np.abs(dx - factor * dout)) <= SAME * size * max(1.0, abs(factor)))
    return is_one and bool(np.max(np.abs(dx - want)) > SAME * size)


train = Judge(decide_train, lambda case: TRAIN)
seeded = Judge(decide_seeded, lambda case: ("outs",))
backward = Judge(decide_backward, lambda case: ("dx",))
