"""Nets by their properties: how they start, and where dropout acts inside them.

With one image at a time the gradient of a weight matrix is an outer product, so a unit that was
dropped shows as a row of zeros in the gradient of the weights behind it. The cases keep every unit
active, so that nothing else makes such a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grader.judges import Finding, Judge, Look
from grader.judges.dropout import SIGMAS, band
from grader.judges.tolerances import TOLERANCES
from grader.judges.values import missing, same_but_for_unit_axes
from grader.types import Arrays, Case

DIFFERENCE = TOLERANCES["difference"].float64
PENALTY = 1e-5  # of the largest loss: more than rounding in single precision
DROPOUT = ("used", "share", "only_hidden")


def shapes(case: Case) -> dict[str, tuple[int, ...]]:
    """Return every parameter that the net of a case must have, with its shape."""
    dims, normalization = case.options["dims"], case.options.get("normalization")
    wanted: dict[str, tuple[int, ...]] = {}
    for layer, (rows, columns) in enumerate(zip(dims[:-1], dims[1:], strict=True), start=1):
        wanted[f"W{layer}"] = (rows, columns)
        wanted[f"b{layer}"] = (columns,)
        if normalization and layer < len(dims) - 1:
            wanted[f"gamma{layer}"] = (columns,)
            wanted[f"beta{layer}"] = (columns,)
    return wanted


def decide_init(look: Look) -> Iterator[Finding]:
    """Judge every parameter as the constructor leaves it: name, shape, and how it is drawn."""
    scale = float(look.case.options["weight_scale"])
    last = len(look.case.options["dims"]) - 1
    for name, shape in shapes(look.case).items():
        kind, layer = name.rstrip("0123456789"), int(name.lstrip("Wbgamet"))
        no_effect = kind == "b" and layer < last
        if name not in look.arrays:
            free = no_effect and look.case.options.get("normalization") == "batchnorm"
            yield Finding(name) if free and name not in look.refused else _unnamed(name, look)
            continue
        got = look.arrays[name].astype(np.float64)
        if not same_but_for_unit_axes(got.shape, shape):
            says = f"params['{name}'] has shape {got.shape}, expected {shape}"
            yield Finding(name, "shape", says, f"params['{name}'] has the wrong shape")
            continue
        if kind == "W":
            finding = _gaussian(name, got, scale)
        else:
            finding = _constant(name, got, 1.0 if kind == "gamma" else 0.0)
        if finding.kind is None and got.shape != shape:
            says = f"params['{name}'] has shape {got.shape}, expected {shape}"
            hidden = f"params['{name}'] has an extra axis of length 1"
            free = look.rules.unit_axes == "warn"
            finding = Finding(name, "shape", says, hidden, warning=free)
        yield finding


def _unnamed(name: str, look: Look) -> Finding:
    if name in look.refused:
        return missing(name, look)
    has = ", ".join(sorted(look.arrays)[:12])
    says = f"params has no '{name}'; it has {has or 'nothing that is an array'}"
    return Finding(name, "missing", says, says)


def _gaussian(name: str, got: np.ndarray, scale: float) -> Finding:
    """Mean, standard deviation and tails of `got` inside six-sigma bands of N(0, scale)."""
    count = got.size
    mean, std = float(got.mean()), float(got.std())
    if not abs(std / scale - 1) <= SIGMAS / math.sqrt(2 * count):
        says = f"params['{name}'] has standard deviation {std:.3g}, weight_scale asks for {scale:g}"
        hidden = f"params['{name}'] has another standard deviation than weight_scale asks for"
        return Finding(name, "value", says, hidden)
    if not abs(mean) <= SIGMAS * scale / math.sqrt(count):
        says = f"params['{name}'] has mean {mean:.3g}, it should be drawn around 0"
        hidden = f"params['{name}'] is not drawn around 0"
        return Finding(name, "value", says, hidden)
    share, two_sigma = float(np.mean(np.abs(got) > 2 * scale)), 0.0455
    if abs(share - two_sigma) > band(two_sigma, count):
        says = f"params['{name}'] is not drawn from a normal distribution"
        return Finding(name, "value", says, says)
    return Finding(name)


def _constant(name: str, got: np.ndarray, value: float) -> Finding:
    if np.array_equal(got, np.full(got.shape, value)):
        return Finding(name)
    says = f"params['{name}'] should start as {'ones' if value else 'zeros'}"
    return Finding(name, "value", says, says)


def decide_dropout(look: Look) -> Iterator[Finding]:
    """Judge training steps of single images: which units the gradients show as dropped."""
    dims, steps = look.case.options["dims"], len(look.inputs["x"])
    layers = len(dims) - 1
    wanted: dict[str, tuple[int, ...]] = {
        f"dW{n}": (steps, dims[n - 1], dims[n]) for n in range(1, layers + 1)
    }
    wanted |= {f"db{layers}": (steps, dims[-1]), "loss": (steps,), "layer_share": ()}
    for name, shape in wanted.items():
        problem = _unusable(name, shape, look)
        if problem is not None:
            for aspect in DROPOUT:
                yield replace(problem, output=aspect)
            return
    arrays = {name: look.arrays[name].astype(np.float64).reshape(s) for name, s in wanted.items()}
    dropped = [_zero_rows(arrays[f"dW{layer}"]) for layer in range(2, layers + 1)]
    yield _used(dropped)
    yield _share(dropped, float(arrays["layer_share"]))
    yield _only_hidden(arrays["dW1"], arrays[f"db{layers}"])


def _unusable(name: str, shape: tuple[int, ...], look: Look) -> Finding | None:
    """Return what makes an output impossible to judge, if anything does."""
    if name not in look.arrays:
        return missing(name, look)
    got = look.arrays[name]
    if got.size != math.prod(shape):
        return Finding(name, "shape", f"{name} has the wrong shape", f"{name} has the wrong shape")
    if not np.all(np.isfinite(got)):
        says = f"{name} has nan or inf in it"
        return Finding(name, "not_finite", says, says)
    return None


def decide_repeated(look: Look) -> Iterator[Finding]:
    """Judge training steps on one batch, again and again: with dropout no two losses are equal."""
    loss = look.arrays.get("loss")
    problem = _unusable("loss", (look.case.options["times"],), look)
    if problem is not None or loss is None:
        yield replace(problem or missing("loss", look), output="used")
    elif np.ptp(loss) <= 1e-12 * float(np.max(np.abs(loss))):
        says = "equal batches give equal losses: no unit is dropped when a normalization is on"
        yield Finding("used", "value", says, says)
    else:
        yield Finding("used")


def decide_penalty(look: Look) -> Iterator[Finding]:
    """Judge what reg adds to the loss: with the same weights the same, whatever gamma and beta."""
    loss = look.arrays.get("loss")
    problem = _unusable("loss", (2, 2), look)
    if problem is not None or loss is None:
        yield replace(problem or missing("loss", look), output="penalty")
        return
    losses = loss.astype(np.float64).reshape(2, 2)
    added = losses[0] - losses[1]
    # Rounding in single precision stays far below, a penalty on gamma or beta far above.
    if abs(added[0] - added[1]) <= PENALTY * float(np.max(np.abs(losses))):
        yield Finding("penalty")
        return
    says = "the penalty in the loss grows with gamma and beta; only the weights are penalized"
    yield Finding("penalty", "value", says, says)


def _zero_rows(gradient: np.ndarray) -> np.ndarray:
    """Return for each step and unit whether its row of the gradient (T, units, next) is zero."""
    largest = np.max(np.abs(gradient), axis=(1, 2), keepdims=True, initial=0.0)
    return np.asarray(np.all(np.abs(gradient) <= 1e-12 * largest, axis=2))


def _used(dropped: list[np.ndarray]) -> Finding:
    for layer, mask in enumerate(dropped, start=1):
        if not mask.any():
            says = f"no unit is ever dropped behind hidden layer {layer} in training"
            return Finding("used", "value", says, says)
    return Finding("used")


def _share(dropped: list[np.ndarray], layer: float) -> Finding:
    """The net must keep the share that its own layer keeps: a fault there is not the net's."""
    kept = 1 - float(np.mean(np.concatenate([mask.ravel() for mask in dropped])))
    count = sum(mask.size for mask in dropped)
    allowed = band(min(max(layer, 0.05), 0.95), count) + band(0.5, 10_000)
    if abs(kept - layer) <= allowed:
        return Finding("share", error=abs(kept - layer), allowed=allowed)
    says = f"the net keeps {kept:.2f} of its hidden units, your dropout layer keeps {layer:.2f}"
    hidden = "the net keeps another share of its hidden units than your dropout layer does"
    return Finding("share", "value", says, hidden, abs(kept - layer), allowed)


def _only_hidden(dw: np.ndarray, db: np.ndarray) -> Finding:
    """`dw` (T, D, H) of the first layer, `db` (T, C) of the last."""
    # Where every hidden unit was dropped no gradient reaches the pixels: such a step says nothing.
    telling = np.any(dw != 0, axis=(1, 2))
    if _zero_rows(dw)[telling].any():
        says = "input pixels are dropped; dropout belongs behind the hidden layers only"
        return Finding("only_hidden", "value", says, says)
    # The gradient of a softmax loss with respect to its scores sums to zero in every row.
    if np.any(np.abs(db.sum(axis=1)) > 1e-4 * np.max(np.abs(db), axis=1)):
        says = "the output scores are changed by dropout; it belongs behind the hidden layers only"
        return Finding("only_hidden", "value", says, says)
    return Finding("only_hidden")


def decide_seeded(look: Look) -> Iterator[Finding]:
    """Judge a net with a fixed seed: equal losses, and gradients that are those of the loss."""
    loss = look.arrays.get("loss")
    problem = _unusable("loss", (2,), look)
    if problem is not None or loss is None:
        yield problem or missing("loss", look)
    elif loss.flat[0] != loss.flat[1]:
        says = "two equal calls with the same seed give different losses"
        yield Finding("loss", "value", says, says)
    else:
        yield Finding("loss")
    yield _derivatives(look)


def _derivatives(look: Look) -> Finding:
    arrays = [look.arrays.get(name) for name in ("analytic", "numeric")]
    if any(a is None or a.ndim != 1 or not a.size for a in arrays):
        return missing("analytic", look)
    analytic, numeric = (np.asarray(a, dtype=np.float64) for a in arrays)
    if analytic.shape != numeric.shape:
        return missing("analytic", look)
    scale = float(np.max(np.abs(numeric)))
    worst = float(np.max(np.abs(analytic - numeric))) / (scale or 1.0)
    if worst <= DIFFERENCE and scale > 0:
        return Finding("analytic", error=worst, allowed=DIFFERENCE)
    if scale == 0:
        says = "the loss does not change when the parameters do"
        return Finding("analytic", "value", says, says)
    says = (
        f"the gradients are not those of the net's own loss: they are {worst:.2g} of their size off"
    )
    return Finding("analytic", "value", says, says, worst, DIFFERENCE)


def _init_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return tuple(shapes(case))


def _dropout_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return DROPOUT


def _repeated_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("used",)


def _penalty_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("penalty",)


def _seeded_names(case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
    return ("loss", "analytic")


init = Judge(decide_init, _init_names, golden=False)
dropout = Judge(decide_dropout, _dropout_names, golden=False)
repeated = Judge(decide_repeated, _repeated_names, golden=False)
penalty = Judge(decide_penalty, _penalty_names, golden=False)
seeded = Judge(decide_seeded, _seeded_names, golden=False)
