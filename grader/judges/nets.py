"""Nets by their properties: how they start, and where dropout acts inside them.

Which units were dropped is seen in the gradients (grader.judges.masked). The cases keep every unit
active, so that nothing else makes a row of zeros.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grader.judges import Attempt, Fact, Finding, Judge, masked
from grader.judges.dropout import SIGMAS, band
from grader.judges.own import DIFFERENCE, derivatives
from grader.judges.values import missing, same_but_for_unit_axes, usable
from grader.types import Case

PENALTY = 1e-5  # of the largest loss: more than rounding in single precision
SHARE, SHARE_TURNED = "share of the net", "share of the net turned"
DROPOUT = ("used", "share", "only_hidden", *masked.OUTPUTS)


def shapes(case: Case) -> dict[str, tuple[int, ...]]:
    """Return every parameter that the net of a case must have, with its shape."""
    return masked.shapes(case.options["dims"], case.options.get("normalization"))


def decide_init(attempt: Attempt) -> Iterator[Finding]:
    """Judge every parameter as the constructor leaves it: name, shape, and how it is drawn."""
    last = len(attempt.case.options["dims"]) - 1
    batchnorm = attempt.case.options.get("normalization") == "batchnorm"
    for name, shape in shapes(attempt.case).items():
        no_effect = batchnorm and name[0] == "b" and name[1:].isdecimal() and name != f"b{last}"
        if name in attempt.arrays:
            yield _parameter(name, shape, attempt)
        elif name in attempt.refused:
            yield missing(name, attempt)
        else:
            yield Finding(name, "" if no_effect else "no parameter")


def decide_fresh(attempt: Attempt) -> Iterator[Finding]:
    """Judge the weights of two nets that were built one after the other: none are the same."""
    for name, shape in shapes(attempt.case).items():
        if name.startswith("W"):
            both = usable(name, (2, *shape), attempt, by_size=True)
            if isinstance(both, Finding):
                yield both.under("fresh")
                return
            if np.any(both[0] == both[1]):
                yield Finding("fresh", "same weights", subject=name)
                return
    yield Finding("fresh")


def _parameter(name: str, shape: tuple[int, ...], attempt: Attempt) -> Finding:
    got = attempt.arrays[name].astype(np.float64)
    facts: dict[str, Fact] = {"got": got.shape, "want": shape}
    if not same_but_for_unit_axes(got.shape, shape):
        return Finding(name, "parameter shape", facts)
    if name.startswith("W"):
        found = _gaussian(name, got, float(attempt.case.options["weight_scale"]))
    else:
        start, reason = (1, "not ones") if name.startswith("gamma") else (0, "not zeros")
        found = Finding(name, "" if np.all(got == start) else reason)
    if found.right and got.shape != shape:
        free = attempt.rules.unit_axes == "warn"
        return Finding(name, "parameter unit axis", facts, warning=free)
    return found


def _gaussian(name: str, got: np.ndarray, scale: float) -> Finding:
    """Mean, standard deviation and tails of `got` inside six-sigma bands of N(0, scale)."""
    count = got.size
    mean, std = float(got.mean()), float(got.std())
    if not abs(std / scale - 1) <= SIGMAS / math.sqrt(2 * count):
        return Finding(name, "standard deviation", {"std": std, "scale": scale})
    if not abs(mean) <= SIGMAS * scale / math.sqrt(count):
        return Finding(name, "mean", {"mean": mean})
    share, two_sigma = float(np.mean(np.abs(got) > 2 * scale)), 0.0455
    is_normal = abs(share - two_sigma) <= band(two_sigma, count)
    return Finding(name, "" if is_normal else "not normal")


def decide_dropout(attempt: Attempt) -> Iterator[Finding]:
    """Judge training steps of single images: which units the gradients show as dropped, and
    whether loss and gradients are those of a net without them.
    """
    layers = len(attempt.case.options["dims"]) - 1
    arrays, share = masked.run(attempt), usable("layer_share", (), attempt, by_size=True)
    if isinstance(arrays, Finding) or isinstance(share, Finding):
        found = arrays if isinstance(arrays, Finding) else share
        yield from (found.under(aspect) for aspect in DROPOUT if isinstance(found, Finding))
        return
    masks = masked.dropped(arrays, layers)
    never = [layer for layer, mask in enumerate(masks, start=1) if not mask.any()]
    yield Finding("used", "no dropout", {"layer": never[0]}) if never else Finding("used")
    held = list(masked.held(arrays, attempt))
    found = _share(masks, float(share), float(attempt.case.options["keep"]))
    is_turned = found.reason != SHARE_TURNED or all(one.right for one in held)
    yield found if is_turned else replace(found, reason=SHARE)
    yield _only_hidden(arrays["dW1"], arrays[f"db{layers}"])
    yield from held


def decide_repeated(attempt: Attempt) -> Iterator[Finding]:
    """Judge training steps on one batch, again and again: with dropout no two losses are equal."""
    loss = usable("loss", (attempt.case.options["times"],), attempt, by_size=True)
    if isinstance(loss, Finding):
        yield loss.under("used")
        return
    alike = np.ptp(loss) <= 1e-12 * float(np.max(np.abs(loss)))
    yield Finding("used", "no dropout beside normalization" if alike else "")


def decide_penalty(attempt: Attempt) -> Iterator[Finding]:
    """Judge what reg adds to the loss: with the same weights the same, whatever gamma and beta."""
    losses = usable("loss", (2, 2), attempt, by_size=True)
    if isinstance(losses, Finding):
        yield losses.under("penalty")
        return
    added = losses[0] - losses[1]
    # Rounding in single precision stays far below, a penalty on gamma or beta far above.
    alike = abs(added[0] - added[1]) <= PENALTY * float(np.max(np.abs(losses)))
    yield Finding("penalty", "" if alike else "penalty")


def _share(dropped: list[np.ndarray], layers: float, keep: float) -> Finding:
    """The net must keep the share that its own layer keeps: a fault there is not the net's."""
    kept = 1 - float(np.mean(np.concatenate([mask.ravel() for mask in dropped])))
    count = sum(mask.size for mask in dropped)
    error = abs(kept - layers)
    allowed = band(min(max(layers, 0.05), 0.95), count) + band(0.5, 10_000)
    is_turned = abs(layers - keep) <= allowed and masked.is_turned(kept, keep, count)
    wrong = SHARE_TURNED if is_turned else SHARE
    reason = "" if error <= allowed else wrong if kept else "no gradient"
    return Finding("share", reason, {"kept": kept, "layers": layers}, error, allowed)


def _only_hidden(dw: np.ndarray, db: np.ndarray) -> Finding:
    """`dw` (T, D, H) of the first layer, `db` (T, C) of the last."""
    # If every hidden unit was dropped, no gradient reaches the pixels: such a step shows nothing.
    showing = np.any(dw != 0, axis=(1, 2))
    if masked.zero_rows(dw)[showing].any():
        return Finding("only_hidden", "pixels dropped")
    # The gradient of a softmax loss with respect to its scores sums to zero in every row.
    changed = np.any(np.abs(db.sum(axis=1)) > 1e-4 * np.max(np.abs(db), axis=1))
    return Finding("only_hidden", "scores dropped" if changed else "")


def decide_seeded(attempt: Attempt) -> Iterator[Finding]:
    """Judge a net with a fixed seed: equal losses, and gradients that are those of the loss."""
    loss = usable("loss", (2,), attempt, by_size=True)
    if isinstance(loss, Finding):
        yield loss
        yield _derivatives(attempt)
        return
    repeats = Finding("loss", "" if loss[0] == loss[1] else "seed of the net")
    yield repeats
    # A loss that is another at every call has no slope to hold gradients against.
    yield _derivatives(attempt) if repeats.right else repeats.under("analytic")


def _derivatives(attempt: Attempt) -> Finding:
    if (both := derivatives(attempt)) is None:
        return missing("analytic", attempt)
    scale = float(np.max(np.abs(both[1])))
    if scale == 0:
        return Finding("analytic", "constant loss")
    error = float(np.max(np.abs(both[0] - both[1]))) / scale
    is_normalized = attempt.case.options.get("normalization") is not None
    allowed = masked.NORMALIZED if is_normalized else DIFFERENCE
    right = error <= allowed
    return Finding("analytic", "" if right else "gradients of the net", {}, error, allowed)


init = Judge(decide_init, shapes)
fresh = Judge(decide_fresh, lambda case: ("fresh",))
dropout = Judge(decide_dropout, lambda case: DROPOUT)
repeated = Judge(decide_repeated, lambda case: ("used",))
penalty = Judge(decide_penalty, lambda case: ("penalty",))
seeded = Judge(decide_seeded, lambda case: ("loss", "analytic"), repeats=True)
