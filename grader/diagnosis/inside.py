"""An output taken apart: by its steps, its hidden units, or what it is without gamma and beta."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grader.diagnosis import plain_net
from grader.diagnosis.plain_net import same
from grader.guest.operations import operation_of
from grader.guest.probes.models import parameters
from grader.types import Arrays, Case

SAME = 1e-6  # of a ratio of two steps, which are small differences of larger numbers
ALIKE = 1e-2  # of such a ratio, where eps has a hand in it
# What is kept -> the setting that is the weight of the old, and the power of the gradient.
AVERAGES = {
    "velocity": ("momentum", 1),
    "cache": ("decay_rate", 2),
    "m": ("beta1", 1),
    "v": ("beta2", 2),
}


def settings(case: Case) -> dict[str, float]:
    """Return the settings of an update rule in a case, defaults included."""
    return {**operation_of(case.probe, case.options).defaults, **case.options.get("config", {})}


def over_steps(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, want: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield what an answer (T, ...) shows over its T steps, the most telling first."""
    if output == "t" and got.ndim == 1:
        yield from _count(got, want)
        return
    if same(got[1:], want[:-1], tolerance):
        yield "one step late"
    if got.size > len(got) and all(same(g, got[0], tolerance) for g in got[1:]):
        yield "same at every step"
    if output == "next_w":
        yield from _moves(inputs["w"], got, want, tolerance)
    elif "dw" in inputs and got.shape == inputs["dw"].shape:
        yield from _average(case, output, inputs, got, tolerance)
    if same(got[0], want[0], tolerance):
        yield "right at the first step"


def _count(got: np.ndarray, want: np.ndarray) -> Iterator[str]:
    if np.all(got == got[0]):
        yield "not counted"
    elif len(got) > 1 and np.all(np.diff(got) == 2 * np.diff(want)):
        yield "counted twice"
    elif np.array_equal(got, want - 1):
        yield "one behind"
    elif np.array_equal(got, want + 1):
        yield "one ahead"


def _moves(w: np.ndarray, got: np.ndarray, want: np.ndarray, tolerance: float) -> Iterator[str]:
    mine, right = (np.diff(a, axis=0, prepend=w[None]) for a in (got, want))
    if not np.any(mine):
        yield "no step"
        return
    if np.all(np.abs(mine + right) <= 10 * tolerance * np.max(np.abs(want))):
        yield "steps uphill"
    before, more = np.concatenate([w[None], got[:-1]]), mine - right
    share = float(np.sum(more * before) / np.sum(before * before))
    if share and np.max(np.abs(more - share * before)) <= 10 * tolerance * np.max(np.abs(want)):
        yield "moves by a share of w"
    ratio = (mine / right).reshape(len(mine), -1)
    if not np.all(np.isfinite(ratio)):
        return
    allowed = (SAME if tolerance < SAME else ALIKE) * np.abs(ratio)
    if np.ptp(ratio) <= np.min(allowed):
        yield "steps of another size"
    elif ratio.shape[1] > 1 and np.all(np.ptp(ratio, axis=1) <= allowed.min(axis=1)):
        yield "steps off over time"
    elif np.all(np.ptp(ratio, axis=0) <= allowed.min(axis=0)):
        yield "steps off by cell"


def _average(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Which weight is wrong in s_t = a s_(t-1) + b g_t, where g is the gradient or its square?"""
    name, squared = AVERAGES.get(output, ("", 0))
    if not name:
        return
    values = settings(case)
    weight = values.get(name, 0)
    right = weight, -values.get("learning_rate", 0) if output == "velocity" else 1 - weight
    old = got[:-1].ravel()
    for power in (squared, 3 - squared):
        new = inputs["dw"][1:].ravel() ** power
        columns = np.stack([old, new], axis=1)
        found, *_ = np.linalg.lstsq(columns, got[1:].ravel(), rcond=None)
        if np.max(np.abs(columns @ found - got[1:].ravel())) > 1e3 * tolerance * np.abs(got).max():
            continue
        if power != squared:
            yield "gradient of the wrong power"
            return
        bad = [abs(f - r) > SAME * max(abs(r), SAME) for f, r in zip(found, right)]
        yield from _factors(found, right, bad)
        return


def _factors(found: Sequence[float], right: Sequence[float], bad: Sequence[bool]) -> Iterator[str]:
    """Yield which of the two factors are wrong, and how where that has a name."""
    turned = [abs(f + r) <= SAME * abs(r) for f, r in zip(found, right)]
    crossed = [abs(f - r) <= SAME * abs(r) for f, r in zip(found, reversed(right))]
    if all(bad):
        yield (
            "both signs"
            if all(turned)
            else ("factors exchanged" if all(crossed) else "both factors")
        )
    elif bad[0]:
        yield "sign of what was kept" if turned[0] else "factor of the old"
    elif bad[1]:
        yield "sign of the gradient" if turned[1] else "factor of the new"


def words(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, want: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield what shows only inside of an output, where just that is wrong."""
    yield from _hidden_units(case, inputs, got, tolerance)
    if case.probe == "layers.affine_forward" and got.ndim == 2:
        mine, right = got - inputs["b"], want - inputs["b"]
        factor = float(np.sum(mine * right) / np.sum(right * right))
        size = float(np.max(np.abs(got)) + np.max(np.abs(want)))
        if factor and np.all(np.abs(mine - factor * right) <= tolerance * size):
            yield "product factor"
    if case.probe == "norms.layernorm_forward" and got.ndim == 2:
        yield from _rows(inputs, got, want, tolerance)


def _rows(inputs: Arrays, got: np.ndarray, want: np.ndarray, tolerance: float) -> Iterator[str]:
    """Yield how the rows are off before gamma and beta, each of them in the same way."""
    gamma, beta = inputs["gamma"], inputs["beta"]
    if got.shape[1] < 3 or not np.all(gamma):
        return
    mine, right = ((array - beta) / gamma for array in (got, want))
    allowed = tolerance * (np.abs(want).max() + np.abs(beta).max()) / np.abs(gamma).min()
    left, wanted = (a - a.mean(axis=1, keepdims=True) for a in (mine, right))
    size = np.sum(wanted**2, axis=1, keepdims=True)
    factor = np.sum(left * wanted, axis=1, keepdims=True) / size
    if not np.all(factor) or np.any(np.abs(left - factor * wanted) > allowed):
        return
    if np.all(np.abs(mine - right - (mine - right).mean(axis=1, keepdims=True)) <= allowed):
        yield "normalized row offset"
    elif np.all(np.abs(mine + right) <= allowed):
        yield "normalized sign"
    elif np.all(np.abs(mine - factor * right) <= allowed):
        yield "normalized row factor"
    else:
        yield "normalized row line"


def _hidden_units(case: Case, inputs: Arrays, got: np.ndarray, tolerance: float) -> Iterator[str]:
    """Yield "hidden units times <factor>" where the scores of a plain net show just that."""
    if case.probe != "nets.net_scores" or case.options.get("normalization"):
        return
    keep = float(case.options.get("keep", 1.0))
    values = parameters(inputs["theta"], list(case.options["dims"]))
    for name, factor in (("keep", keep), ("1/keep", 1 / keep)) if keep != 1 else ():
        scores = plain_net.forward(values, inputs["x"], factor)["scores"]
        if same(got, scores, tolerance):
            yield f"hidden units times {name}"
