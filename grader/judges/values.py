"""Arrays against golden arrays: shape, then finite, then dtype, then value."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from grader.judges import Finding, Judge, Look
from grader.types import Arrays, Case

ORPHANS = "parameters_without_gradient"  # a count, not an array of the student's
FLOOR = 1e-3  # of the largest value in the case: below it an array is judged by that scale


def decide(look: Look) -> Iterator[Finding]:
    """Yield a finding for every golden output, by the convention that it fits best."""
    optional = look.case.options.get("dims") is not None and look.case.options.get("normalization")
    complete = True
    for name in sorted(look.expected[0], key=lambda name: name == ORPHANS):
        absent = name not in look.arrays and look.refused.get(name, "None") == "None"
        if absent and optional == "batchnorm" and _inner_bias(name, look):
            yield Finding(name)
        elif name != ORPHANS or complete:
            complete &= not absent
            yield compare(name, look)


def compare(name: str, look: Look) -> Finding:
    """Return the finding about one output; several right conventions: the nearest one counts.

    Only cells that agree with no convention are marked as wrong, unless there is none of them.
    """
    if name not in look.arrays:
        return missing(name, look)
    got = look.arrays[name]
    best: Finding | None = None
    for want, scale in _conventions(name, look):
        found = _against(name, got, want, scale, look)
        if found.kind is None:
            return found
        best = found if best is None else min(best, found, key=_badness)
    assert best is not None, f"{name} is in no golden answer"
    if best.kind == "value" and best.wrong is not None and len(look.expected) > 1:
        wrong = best.wrong & ~right_cells(name, got, look)
        return best if not wrong.any() else _wrong_cells(best, wrong, look)
    return best


def right_cells(name: str, got: np.ndarray, look: Look) -> np.ndarray:
    """Return which cells of an output agree with any convention, in the output's right shape."""
    allowed = _allowed(got, look)
    right = np.zeros(look.expected[0][name].shape, dtype=bool)
    for want, scale in _conventions(name, look):
        if want.shape == right.shape and want.size == got.size:
            right |= _errors(got.reshape(want.shape), want, scale) <= allowed
    return right


def _conventions(name: str, look: Look) -> Iterator[tuple[np.ndarray, float]]:
    """Yield each right answer for an output, and the scale that its errors are measured in."""
    for expected, sizes in zip(look.expected, look.sizes):
        if name in expected:
            yield expected[name], max(sizes[name], FLOOR * max(sizes.values()))


def _allowed(got: np.ndarray, look: Look) -> float:
    """Return the tolerance: what is computed from float32 is right to single precision only, in
    whichever dtype it comes.
    """
    rules = look.rules
    single = look.single_precision and rules.float32_policy == "warn"
    return rules.float32 if got.dtype == np.float32 or single else rules.float64


def _errors(got: np.ndarray, want: np.ndarray, scale: float) -> np.ndarray:
    errors: np.ndarray = np.abs(got.astype(np.float64) - want) / (scale or 1.0)
    return errors


def _wrong_cells(found: Finding, wrong: np.ndarray, look: Look) -> Finding:
    """Return a finding about the `wrong` cells alone."""
    assert found.expected is not None and found.got is not None and found.allowed is not None
    scale = next(s for want, s in _conventions(found.output, look) if want is found.expected)
    errors = np.where(wrong, _errors(found.got, found.expected, scale), 0.0)
    return _wrong_value(found.output, found.got, found.expected, errors, found.allowed, look.case)


def missing(name: str, look: Look) -> Finding:
    """Return the finding about an output that is no numeric array, or that is not there."""
    what = look.refused.get(name)
    if what is None:
        says = f"{name} is missing{_looked_for(name, look.case)}"
        return Finding(name, "missing", says, says)
    if what == "None":
        return Finding(name, "not_written", f"{name} is still None", f"{name} is still None")
    says = f"{name} is {what}; an array of float64 is expected"
    return Finding(name, "dtype", says, f"{name} is no array of float64")


def _looked_for(name: str, case: Case) -> str:
    """Return where a net or an update rule should have put an output, to say that it did not."""
    if case.probe.startswith("nets.") and name.startswith("d"):
        return f": grads has no '{name[1:]}'"
    if case.probe.startswith("optim.") and name != "next_w":
        return f": config has no '{name}' after the step"
    return ""


def _against(name: str, got: np.ndarray, want: np.ndarray, scale: float, look: Look) -> Finding:
    rules = look.rules
    squeezed = False
    if got.shape != want.shape:
        if not same_but_for_unit_axes(got.shape, want.shape):
            says = f"{name} has shape {got.shape}, expected {want.shape}"
            return Finding(
                name, "shape", says, f"{name} has the wrong shape", expected=want, got=got
            )
        squeezed = True
    original, got = got, got.reshape(want.shape)
    if not np.isfinite(got).all():
        return _not_finite(name, got, want)
    is_single = original.dtype == np.float32
    allowed = _allowed(original, look)
    errors = _errors(got, want, scale)
    worst = float(errors.max(initial=0.0))
    if not worst <= allowed:
        if name == ORPHANS:
            says = "grads is not complete: the Solver needs a gradient for every key of params"
            return Finding(name, "missing", says, says)
        return _wrong_value(name, got, want, errors, allowed, look.case)
    if is_single and rules.float32_policy == "fail":
        says = f"{name} is in single precision: float32 where float64 came in"
        return Finding(name, "dtype", says, says, worst, allowed)
    if squeezed:
        says = f"{name} has right values in shape {original.shape}, expected {want.shape}"
        hidden = f"{name} has right values, with an extra axis of length 1"
        free = rules.unit_axes == "warn"
        return Finding(name, "shape", says, hidden, warning=free, expected=want, got=original)
    if is_single:
        says = f"{name} is right to single precision: float32 where float64 came in"
        return Finding(name, "dtype", says, says, worst, allowed, warning=True)
    if worst > rules.float64:
        says = f"{name} is right to single precision: it is computed from float32 arrays"
        return Finding(name, "dtype", says, says, worst, allowed, warning=True)
    return Finding(name, error=worst, allowed=allowed)


def same_but_for_unit_axes(got: tuple[int, ...], want: tuple[int, ...]) -> bool:
    """Say whether shapes agree but for axes of length 1 that are not the last one.

    (1, D) for (D,) still lines up with what it belongs to; (D, 1) would make a matrix of it.
    """
    if math.prod(got) == math.prod(want) == 1:
        return True
    kept = [tuple(n for n in shape[:-1] if n != 1) + shape[-1:] for shape in (got, want)]
    return kept[0] == kept[1]


def _not_finite(name: str, got: np.ndarray, want: np.ndarray) -> Finding:
    bad = ~np.isfinite(got)
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    what = "nan" if np.isnan(got).any() else "inf"
    says = f"{name} has {what} in {int(bad.sum())} of {bad.size} cells, the first at {at}"
    hidden = f"{name} has {what} in it"
    return Finding(name, "not_finite", says, hidden, at=at, wrong=bad, expected=want, got=got)


def _wrong_value(
    name: str, got: np.ndarray, want: np.ndarray, errors: np.ndarray, allowed: float, case: Case
) -> Finding:
    worst = float(errors.max())
    wrong = errors > allowed
    at = tuple(int(i) for i in np.unravel_index(int(errors.argmax()), errors.shape))
    share = f"{int(wrong.sum())} of {wrong.size} cells"
    scale = "up to {:.2g} of its largest value" if wrong.ndim else "{:.2g} of its value"
    size = f"off by {scale.format(worst)}, allowed is {_short(allowed)}"
    # Where two runs are subtracted, the output is not what the student's code returns.
    what = f"what reg adds to {name}" if case.probe.endswith("_regularization") else name
    hidden = f"{what} is wrong: {size}"
    says = f"{what} has wrong values: {share} differ, {size}" if wrong.ndim else hidden
    return Finding(name, "value", says, hidden, worst, allowed, at, wrong, want, got)


def _short(number: float) -> str:
    """Return a limit as people write it: 1e-9, or 0."""
    return f"{number:.0e}".replace("e-0", "e-") if number else "0"


def _badness(finding: Finding) -> tuple[bool, bool, float]:
    """Order findings: right first, then warnings, then by the size of the error."""
    error = float("inf") if finding.error is None else finding.error
    return finding.kind is not None and not finding.warning, finding.kind is not None, error


def _inner_bias(name: str, look: Look) -> bool:
    """A bias in front of batch normalization has no effect: leaving it out is right."""
    layers = len(look.case.options["dims"]) - 1
    return name in {f"{d}b{layer}" for d in ("", "d") for layer in range(1, layers)}


def _names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return tuple(expected[0])


close = Judge(decide, _names)
