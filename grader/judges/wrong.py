"""What is wrong about the answers of an item, in a form in which two implementations compare.

If answers are determined by the inputs, a wrong answer is its array. Random layers have no such
arrays: there it is their properties as a set of words ("turned", "1/keep"). A student's wrong
answers and those of a misconception are made by this one function, so that they are equal if the
mistake is the same.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

from grader.judges import Attempt, Finding, find
from grader.judges.dropout import SAME, SIGMAS, TRAIN, band, distinct
from grader.judges.wording import hidden
from grader.types import Case

OTHER = "other"  # nothing that we have a word for
ABSENT = frozenset({"absent"})
NO_ARRAY = frozenset({"no array"})  # it came back, and as something else
DIVIDED = "x is divided by the mask, and comes out infinite where a unit should be dropped"
Answer = Union[np.ndarray, frozenset[str]]  # noqa: UP007 - the self-check runs on Python 3.9
Key = tuple[str, str]  # case, or the item for what several cases show together; output


@dataclass(frozen=True)
class Seen:
    """One case of one implementation: the outputs that count, and a look or how it ended."""

    case: Case
    names: tuple[str, ...]
    attempt: Attempt | None
    ended: str = ""

    @functools.cached_property
    def found(self) -> tuple[Finding, ...]:
        """What its judge sees in all outputs; nothing where it did not answer."""
        return tuple(find(self.case.judge).decide(self.attempt)) if self.attempt else ()


def wrong_answers(seen: Sequence[Seen]) -> dict[Key, Answer]:
    """Return what is wrong about an item's cases; right outputs are left out."""
    found: dict[Key, Answer] = {}
    train: list[tuple[Attempt, dict[str, Finding]]] = []
    for one in seen:
        if one.attempt is None:
            found |= {(one.case.id, name): frozenset({one.ended}) for name in one.names}
            continue
        by_output = {f.output: f for f in one.found if f.output in one.names}
        if one.case.judge == "dropout.train":
            train.append((one.attempt, by_output))
            continue
        for name in _asked(one, by_output):
            finding = by_output.get(name)
            if finding is None or not finding.right:
                found[one.case.id, name] = _answer(one.attempt, name, finding)
    return found | _masks(train)


def _asked(one: Seen, by_output: Mapping[str, Finding]) -> tuple[str, ...]:
    """Return the outputs that count: if units are dropped in the wrong place, how many are dropped
    behind the right layers is left to chance.
    """
    places = [by_output[name] for name in ("used", "only_hidden") if name in by_output]
    misplaced = one.case.judge == "nets.dropout" and any(f.kind is not None for f in places)
    return tuple(name for name in one.names if name != "share" or not misplaced)


def _answer(attempt: Attempt, name: str, finding: Finding | None) -> Answer:
    case = attempt.case
    if case.probe == "dropout.dropout_test":
        return _passed_on(attempt)
    scores = [attempt.arrays[n] for n in ("scores", "scores_again") if n in attempt.arrays]
    differ = len(scores) == 2 and not np.array_equal(scores[0], scores[1])
    if case.probe == "nets.net_scores" and differ:
        return frozenset({"other scores every time"})
    # Seeded all through, equal code gives equal arrays.
    if find(case.judge).golden or case.judge == "nets.seeded":
        is_other = attempt.refused.get(name, "None") != "None"
        return attempt.arrays.get(name, NO_ARRAY if is_other else ABSENT)
    if case.judge == "dropout.backward":
        return _backward(attempt)
    if case.judge == "dropout.seeded":
        return _repeats(attempt)
    sentence = hidden(finding, attempt) if finding else OTHER
    words = re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?\b", "#", sentence)
    if case.judge == "nets.init" and name in attempt.arrays:
        words += f"; {_started(name, attempt.arrays[name], float(case.options['weight_scale']))}"
    return frozenset({words})


def _masks(train: Sequence[tuple[Attempt, dict[str, Finding]]]) -> dict[Key, Answer]:
    """Return what all training passes of a dropout layer show together, aspect by aspect."""
    found: dict[Key, Answer] = {}
    for aspect in TRAIN:
        decided = [(attempt, found_in[aspect]) for attempt, found_in in train if aspect in found_in]
        if any(finding.kind is not None for _, finding in decided):
            common = frozenset.intersection(*(_aspect(aspect, *one) for one in decided))
            found[train[0][0].case.item, aspect] = common or frozenset({OTHER})
    return found


def _aspect(aspect: str, attempt: Attempt, finding: Finding) -> frozenset[str]:
    keep, sentence = float(attempt.case.options["keep"]), hidden(finding, attempt)
    out = _like_x("out", attempt)
    if aspect == "draws" or out is None:
        return frozenset({sentence})
    ratio = out / attempt.inputs["x"]
    if finding.kind == "not_finite":
        return frozenset({DIVIDED if _is_divided(ratio, keep) else sentence})
    kept = ratio != 0
    factors = _factors(ratio[kept], np.ones(int(kept.sum())), keep)
    if aspect == "mask":
        spread = _spread(ratio[kept], keep)
        words = {f"{sentence}; {name}" for name in spread} or {sentence}
        return frozenset(words | ({OTHER} & spread))
    if aspect == "keep_fraction":
        share, draws = float(kept.mean()), distinct(kept).size
        normal = 0.5 * (1 + math.erf(keep / math.sqrt(2)))
        turned = 0.5 * (1 + math.erf((1 - keep) / math.sqrt(2)))
        guesses = {
            "keep": keep, "turned": 1 - keep, "normal": normal, "normal turned": turned,
            "normal above": 1 - turned, "normal above turned": 1 - normal, "half": 0.5,
            "all": 1.0, "none": 0.0,
        }  # fmt: skip
        shares = [n for n, p in guesses.items() if abs(share - p) <= band(p, draws)]
        # Whoever reads p the wrong way may scale by it or by the rest: that is not one mistake.
        return frozenset(f"{n}, times {f}" for n in shares for f in factors or {OTHER})
    # "Not scaled" is a mistake only of whoever drops something.
    return frozenset({"none dropped"}) if kept.all() and "1" in factors else factors


def _is_divided(ratio: np.ndarray, keep: float) -> bool:
    """Say whether it is infinite where a mask would be 0, and one factor elsewhere."""
    kept = np.isfinite(ratio)
    off = min(abs(float(kept.mean()) - share) for share in (keep, 1 - keep))
    even = bool(kept.any()) and np.ptp(ratio[kept]) <= SAME * np.max(np.abs(ratio[kept]))
    return bool(even and not np.any(np.isnan(ratio)) and off <= band(keep, ratio.size))


def _like_x(name: str, attempt: Attempt) -> np.ndarray | None:
    """Return an output as float64 in the shape of x; None if it has another size."""
    shape, array = attempt.inputs["x"].shape, attempt.arrays.get(name)
    fits = array is not None and array.size == math.prod(shape)
    return np.asarray(array).astype(np.float64).reshape(shape) if fits else None


def _spread(factors: np.ndarray, keep: float) -> frozenset[str]:
    """Return whether a mask of many numbers is that of uniform ones; OTHER if it is not."""
    if factors.size == 0 or np.ptp(factors) <= SAME * np.max(np.abs(factors)):
        return frozenset()
    for name, most in (("uniform", 1.0), ("uniform / keep", 1 / keep)):
        inside = bool(np.all((factors >= 0) & (factors <= most)))
        far = abs(float(factors.mean()) / most - 0.5) * math.sqrt(12 * factors.size)
        below = abs(float(np.mean(factors < most / 4)) - 0.25)
        if inside and far <= SIGMAS and below <= band(0.25, factors.size):
            return frozenset({name})
    return frozenset({OTHER})


def _factors(got: np.ndarray, want: np.ndarray, keep: float) -> frozenset[str]:
    """Return which named factors make `got` of `want`."""
    factors = {
        "0": 0.0, "1": 1.0, "keep": keep, "1/keep": 1 / keep, "1-keep": 1 - keep,
        "1/(1-keep)": 1 / (1 - keep), "1/keep^2": keep**-2,
    }  # fmt: skip
    size = float(np.max(np.abs(want), initial=0.0)) or 1.0
    return frozenset(
        name
        for name, factor in factors.items()
        if np.all(np.abs(got - factor * want) <= SAME * size * max(1.0, factor))
    )


def _passed_on(attempt: Attempt) -> Answer:
    """Return what test mode of dropout makes of its input."""
    if (out := _like_x("out", attempt)) is None:
        return frozenset({OTHER})
    ratio = out / attempt.inputs["x"]
    factors = _factors(ratio, np.ones_like(ratio), float(attempt.case.options["keep"]))
    return factors or frozenset({"drops" if np.any(ratio == 0) else OTHER})


def _backward(attempt: Attempt) -> Answer:
    """Return how dx follows from dout and the mask of the forward pass, in words."""
    x, dout, keep = attempt.inputs["x"], attempt.inputs["dout"], float(attempt.case.options["keep"])
    out, dx = _like_x("out", attempt), _like_x("dx", attempt)
    if out is None or dx is None:
        return frozenset({OTHER})
    words = {f"dout * {name}" for name in _factors(dx, dout, keep)}
    words |= {f"mask * {name}" for name in _factors(dx, dout * (out / x), keep)}
    words |= {f"zeros * {name}" for name in _factors(dx, dout * (out != 0), keep)}
    if not words and np.any(dx == 0) and _factors(dx[dx != 0], dout[dx != 0], keep):
        words.add(_other_mask(out != 0, dx != 0))
    return frozenset(words or {OTHER})


def _other_mask(kept: np.ndarray, passed: np.ndarray) -> str:
    """Return what a mask is that is not the one of the forward pass: turned, or drawn anew."""
    if not np.any(kept & passed):
        return "turned mask" if np.all(kept | passed) else OTHER
    both = float(kept.mean() * passed.mean())
    drawn = abs(float(np.mean(kept & passed)) - both) <= band(both, kept.size)
    return "another mask" if drawn else OTHER


def _repeats(attempt: Attempt) -> Answer:
    """Return which passes under seeds are equal: "0 0 2" if the first two are."""
    outs, seeds = attempt.arrays.get("outs"), attempt.case.options["seeds"]
    if outs is None or outs.ndim == 0 or len(outs) != len(seeds):
        return frozenset({OTHER})
    equal = [[np.array_equal(one, other, equal_nan=True) for other in outs] for one in outs]
    return frozenset({" ".join(str(row.index(True)) for row in equal)})


def _started(name: str, got: np.ndarray, scale: float) -> str:
    """Return in words how a parameter starts."""
    if name.startswith("W"):
        return f"{got.ndim} axes, {_drawn(got, scale)}"
    constant = got.size > 0 and np.all(got == got.flat[0])
    return f"{got.ndim} axes, {f'all {got.flat[0]:g}' if constant else 'many numbers'}"


def _drawn(got: np.ndarray, scale: float) -> str:
    """Return in words how weights were drawn that are not N(0, scale)."""
    if not got.size:
        return OTHER
    std = float(got.std())
    inside = np.all((got >= 0) & (got <= scale))
    guesses = {
        "uniform": inside and abs(std * math.sqrt(12) / scale - 1) < 0.1,
        "unscaled": abs(std - 1) < 6 / math.sqrt(2 * got.size),
        "one number": bool(np.ptp(got) == 0),
    }
    return next((name for name, holds in guesses.items() if holds), OTHER)
