"""Arrays against golden arrays: shape, then finite, then dtype, then value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grader.judges import FLOOR, Answer, Attempt, Fact, Finding, Judge, Rules
from grader.types import Arrays

ORPHANS = "parameters_without_gradient"  # a count, not an array of the student's


def decide(attempt: Attempt) -> Iterator[Finding]:
    """Yield a finding for every golden output, by the convention that it fits best."""
    options, complete = attempt.case.options, True
    optional = options.get("dims") is not None and options.get("normalization")
    for name in sorted(attempt.expected[0], key=lambda name: name == ORPHANS):
        absent = name not in attempt.arrays and attempt.refused.get(name, "None") == "None"
        if absent and optional == "batchnorm" and _inner_bias(name, attempt):
            yield Finding(name)
        elif name != ORPHANS or complete:
            complete &= not absent
            yield compare(name, attempt)


def compare(name: str, attempt: Attempt) -> Finding:
    """Return the finding about one output; several right conventions: the nearest one counts.

    Only cells that agree with no convention are marked as wrong, unless there is none of them.
    """
    if name not in attempt.arrays:
        return missing(name, attempt)
    got, findings = attempt.arrays[name], []
    for right in _conventions(name, attempt):
        findings.append(_against(name, got, *right, attempt))
        if findings[-1].kind is None:
            return findings[-1]
    best = min(findings, key=_badness)
    if best.kind == "value" and best.wrong is not None and len(attempt.expected) > 1:
        wrong = best.wrong & ~right_cells(name, got, attempt)
        return best if not wrong.any() else _wrong_cells(best, wrong, attempt)
    return best


def agrees(attempt: Attempt, single: bool) -> bool:
    """Say whether all outputs are those of one convention, in its shapes and precision.

    All numbers are compared at once. Float32 is no matter only where it was asked for: `single`.
    """
    if attempt.single_precision and not single:
        return False
    return any(_largest(attempt, one) <= attempt.rules.float64 for one in attempt.expected)


def nearest(attempt: Attempt) -> float:
    """Return the largest error of all outputs by the convention that fits best, as `agrees` has it.

    It is infinite where a shape is another one.
    """
    return min((_largest(attempt, one) for one in attempt.expected), default=math.inf)


def _largest(attempt: Attempt, right: Arrays) -> float:
    arrays = attempt.arrays
    known = right if isinstance(right, Answer) else Answer(right)
    if list(known) != list(attempt.expected[0]):
        return math.inf
    if any(n not in arrays or arrays[n].shape != want.shape for n, want in known.items()):
        return math.inf
    got = np.concatenate([np.zeros(0), *(arrays[name].ravel() for name in known)])
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        largest = float(np.max(np.abs(got - known.whole) / known.scales, initial=0.0))
    return math.inf if math.isnan(largest) else largest


def right_cells(name: str, got: np.ndarray, attempt: Attempt) -> np.ndarray:
    """Return which cells of an output agree with any convention, in the output's right shape."""
    allowed = _allowed(got, attempt)
    right = np.zeros(attempt.expected[0][name].shape, dtype=bool)
    for want, scale in _conventions(name, attempt):
        if want.shape == right.shape and want.size == got.size:
            right |= _errors(got.reshape(want.shape), want, scale) <= allowed
    return right


def _conventions(name: str, attempt: Attempt) -> Iterator[tuple[np.ndarray, float]]:
    """Yield each right answer for an output, and the scale that its errors are measured in."""
    for expected, sizes in zip(attempt.expected, attempt.sizes):
        if name in expected:
            yield expected[name], max(sizes[name], FLOOR * max(sizes.values()))


def _allowed(got: np.ndarray, attempt: Attempt) -> float:
    """Return the tolerance: what is computed from float32 is right to single precision only, in
    whichever dtype it comes.
    """
    rules = attempt.rules
    single = attempt.single_precision and rules.float32_policy == "warn"
    return rules.float32 if got.dtype == np.float32 or single else rules.float64


def _errors(got: np.ndarray, want: np.ndarray, scale: float) -> np.ndarray:
    return np.asarray(np.abs(got.astype(np.float64) - want) / (scale or 1.0))


def _wrong_cells(found: Finding, wrong: np.ndarray, attempt: Attempt) -> Finding:
    """Return a finding about the `wrong` cells alone."""
    assert found.expected is not None and found.got is not None and found.allowed is not None
    scale = next(s for want, s in _conventions(found.output, attempt) if want is found.expected)
    errors = np.where(wrong, _errors(found.got, found.expected, scale), 0.0)
    return _wrong_value(found.output, found.got, found.expected, errors, found.allowed)


def missing(name: str, attempt: Attempt) -> Finding:
    """Return the finding about an output that is no numeric array, or that is not there."""
    reasons = {None: "missing", "None": "none"}
    return Finding(name, reasons.get(attempt.refused.get(name), "no array"))


def usable(
    name: str, shape: tuple[int, ...], attempt: Attempt, by_size: bool = False
) -> np.ndarray | Finding:
    """Return an output as float64 in its right shape, or the finding that it cannot be judged.

    Axes of length 1 may be added or left out; with `by_size` any shape of that size will do.
    """
    if name not in attempt.arrays:
        return missing(name, attempt)
    got = attempt.arrays[name]
    if by_size and got.size != math.prod(shape):
        return Finding(name, "wrong shape")
    if not by_size and not same_but_for_unit_axes(got.shape, shape):
        return Finding(name, "shape", {"got": got.shape, "want": shape})
    if not np.all(np.isfinite(got)):
        return Finding(name, "not finite")
    return got.astype(np.float64).reshape(shape)


def _against(
    name: str, got: np.ndarray, want: np.ndarray, scale: float, attempt: Attempt
) -> Finding:
    """Return the finding about one output beside one right answer."""
    if not same_but_for_unit_axes(got.shape, want.shape):
        shapes: dict[str, Fact] = {"got": got.shape, "want": want.shape}
        return Finding(name, "shape", shapes, expected=want, got=got)
    original, got = got, got.reshape(want.shape)
    allowed = _allowed(original, attempt)
    # The largest error as _errors has it: to divide changes no order. It is none for NaN.
    worst = float(np.abs(got.astype(np.float64, copy=False) - want).max(initial=0.0))
    worst /= scale or 1.0
    if not worst <= allowed:
        if not np.isfinite(got).all():
            return _not_finite(name, got, want)
        if name == ORPHANS:
            return Finding(name, "incomplete grads")
        return _wrong_value(name, got, want, _errors(got, want, scale), allowed)
    return _in_another_form(Finding(name, "", {}, worst, allowed), original, want, attempt.rules)


def _in_another_form(right: Finding, got: np.ndarray, want: np.ndarray, rules: Rules) -> Finding:
    """Return the finding about right values: in another dtype or shape, or right altogether."""
    is_single = got.dtype == np.float32
    if is_single and rules.float32_policy == "fail":
        return replace(right, reason="float32")
    if got.shape != want.shape:
        shapes: dict[str, Fact] = {"got": got.shape, "want": want.shape}
        free = rules.unit_axes == "warn"
        return Finding(right.output, "unit axis", shapes, warning=free, expected=want, got=got)
    if is_single:
        return replace(right, reason="float32 rounding", warning=True)
    if right.error is not None and right.error > rules.float64:
        return replace(right, reason="float32 inside", warning=True)
    return right


def same_but_for_unit_axes(got: tuple[int, ...], want: tuple[int, ...]) -> bool:
    """Return whether shapes agree but for axes of length 1 that are not the last one.

    (1, D) for (D,) still lines up with what it belongs to; (D, 1) would make a matrix of it.
    """
    if got == want or math.prod(got) == math.prod(want) == 1:
        return True
    kept = [tuple(n for n in shape[:-1] if n != 1) + shape[-1:] for shape in (got, want)]
    return kept[0] == kept[1]


def _not_finite(name: str, got: np.ndarray, want: np.ndarray) -> Finding:
    bad = ~np.isfinite(got)
    reason = "nan" if np.isnan(got).any() else "inf"
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    count = {"bad": int(bad.sum()), "size": bad.size}
    return Finding(name, reason, count, None, None, at, bad, want, got)


def _wrong_value(
    name: str, got: np.ndarray, want: np.ndarray, errors: np.ndarray, allowed: float
) -> Finding:
    wrong = errors > allowed
    reason = "cells" if wrong.ndim else "number"
    at = tuple(int(i) for i in np.unravel_index(int(errors.argmax()), errors.shape))
    count = {"bad": int(wrong.sum()), "size": wrong.size}
    return Finding(name, reason, count, float(errors.max()), allowed, at, wrong, want, got)


def _badness(finding: Finding) -> tuple[bool, bool, float]:
    """Order findings: right first, then warnings, then by the size of the error."""
    error = float("inf") if finding.error is None else finding.error
    return not finding.right, finding.kind is not None, error


def _inner_bias(name: str, attempt: Attempt) -> bool:
    """Return whether this is a bias in front of batch normalization: it has no effect."""
    layers = len(attempt.case.options["dims"]) - 1
    return name in {f"{d}b{layer}" for d in ("", "d") for layer in range(1, layers)}


close = Judge(decide, golden=True, agrees=agrees)
