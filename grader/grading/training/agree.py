"""Do two states of a training agree? Measured by how far a stretch has moved the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grader.grading.training.repeat import Run
from grader.guest.training_state import State

TOGETHER, ALONE = 0.02, 0.1  # share of the told way that a stretch may be off: of all, of one array
SMALL = 0.01  # share of all, below which an array has no measure of its own
EARLY, ONE_STEP = 5.0, 2.5  # times what is allowed elsewhere: in the first steps, for one step
FIRST_STEPS = 8
PIECE = 64 * 1024  # numbers
AVERAGES = 0.2  # of a standard deviation, for running averages


def agrees(run: Run, start: State, told: State, found: State, until: int, is_one: bool) -> bool:
    """Return whether a repeated stretch ends where the run says."""
    # A step of Adam's may have but the sign of a gradient, and that of a tiny one is rounding.
    allowed = EARLY if until <= FIRST_STEPS else ONE_STEP if is_one else 1.0
    if deviation(start, told, found, run.training.normalization) > allowed:
        return False
    is_whole = "rng" in told  # and not what was handed to the log
    if is_whole and memory_off(told, found, run.training.normalization) > allowed:
        return False
    return averages_off(told, found) <= AVERAGES


def memory_off(told: State, found: State, normalization: str | None) -> float:
    """Return how far off is what the update rule remembers, in units of what is allowed.

    It moves the next steps: a velocity that leads to known weights is as good as these weights. Of
    each kind, velocities or second moments, the size is the measure.
    """
    inner = _inner_biases([name for name in told if name.startswith("params/")])
    skipped = {name.removeprefix("params/") for name in inner if normalization == "batchnorm"}
    ours, theirs = (
        {name for name, array in state.items() if name.startswith("config/") and array.ndim}
        for state in (found, told)
    )
    if ours != theirs:
        return float("inf")
    names = [name for name in ours if name.split("/")[1] not in skipped]
    worst = 0.0
    for kind in {name.rpartition("/")[2] for name in names}:
        these = [name for name in names if name.rpartition("/")[2] == kind]
        size = {name: distance(found[name]) for name in these}
        off = {name: distance(told[name], found[name]) for name in these}
        worst = max(worst, _units(off, size))
    return worst


def deviation(start: State, told: State, found: State, normalization: str | None) -> float:
    """Return how far a repeated stretch ends from where the run says, in units of what is allowed.

    Told displacement is the measure: of all parameters together, and more loosely of each. A bias
    before batch normalization has no effect and moves with the noise, so it is left out; of the
    averages it is taken away.
    """
    params = [name for name in told if name.startswith("params/")]
    inner = _inner_biases(params) if normalization == "batchnorm" else set()
    names = [name for name in params if name not in inner]
    if any(name not in start or name not in found for name in params):
        return float("inf")
    way = {name: distance(told[name], start[name]) for name in names}
    off = {name: distance(told[name], found[name]) for name in names}
    return _units(off, way)


def _units(off: Mapping[str, float], size: Mapping[str, float]) -> float:
    """Return the larger of what all arrays are off together, and of what one is, in units."""
    together = float(np.hypot.reduce(list(size.values())))
    each = [_share(off[n], size[n]) / ALONE for n in size if size[n] > SMALL * together]
    whole = _share(float(np.hypot.reduce(list(off.values()))), together) / TOGETHER
    return max(whole, *each)


def _share(off: float, way: float) -> float:
    if not np.isfinite(off) or not np.isfinite(way):
        return float("inf")
    return off / way if way else float("inf") if off else 0.0


def averages_off(told: State, found: State) -> float:
    """Return how far running averages are from the told ones, in standard deviations of a unit."""
    worst = 0.0
    for name in [name for name in told if name.endswith("/running_mean")]:
        layer = name.split("/")[1]
        pairs = [(one.get(name), one.get(f"bn/{layer}/running_var"), one.get(f"params/b{layer}"))
                 for one in (told, found)]  # fmt: skip
        if any(part is None for pair in pairs for part in pair[:2]):
            return float("inf")
        means = [mean - (0.0 if b is None else b) for mean, _, b in pairs]  # type: ignore[operator]
        stds = [np.sqrt(np.abs(np.asarray(var, dtype=np.float64)) + 1e-5) for _, var, _ in pairs]
        shift = np.sqrt(np.mean(((means[0] - means[1]) / stds[1]) ** 2))
        ratio = np.sqrt(np.mean((stds[0] / stds[1] - 1) ** 2))
        worst = max(worst, float(shift), float(ratio))
    return worst


def _inner_biases(params: Sequence[str]) -> set[str]:
    last = max((int(n[8:]) for n in params if n[7:8] == "W" and n[8:].isdigit()), default=0)
    return {f"params/b{layer}" for layer in range(1, last)}


def distance(one: np.ndarray, other: np.ndarray | None = None) -> float:
    """Return the norm of what lies between two arrays, of one alone without the other.

    It is infinite for arrays of different shapes.
    """
    if other is not None and one.shape != other.shape:
        return float("inf")
    flat, rest = one.reshape(-1), None if other is None else other.reshape(-1)
    total = 0.0
    for start in range(0, flat.size, PIECE):  # as much as the caches hold
        piece = flat[start : start + PIECE].astype(np.float64)
        if rest is not None:
            piece -= rest[start : start + PIECE]
        total += float(np.vdot(piece, piece))
    return float(np.sqrt(total))


def net_parts(state: State) -> tuple[dict[str, np.ndarray], list[Mapping[str, np.ndarray]]]:
    """Return (parameters, running averages by layer) of a state."""
    params = {n.removeprefix("params/"): a for n, a in state.items() if n.startswith("params/")}
    layers: dict[int, dict[str, np.ndarray]] = {}
    for name, array in state.items():
        kind, _, rest = name.partition("/")
        if kind == "bn":
            layer, _, key = rest.partition("/")
            layers.setdefault(int(layer), {})[key] = array
    return params, [layers[layer] for layer in sorted(layers)]
