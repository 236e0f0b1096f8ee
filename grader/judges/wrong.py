"""What is wrong about the answers of an item, in a form in which two implementations compare.

Where answers are determined by the inputs, a wrong answer is its array. Random layers have no such
arrays: there it is what their properties say, as a set of words ("turned", "1/keep"). A student's
wrong answers and those of a known mistake are made by this one function, so that they are equal
where the mistake is the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

from grader.judges import Finding, Look, find
from grader.judges.dropout import SAME, SIGMAS, TRAIN, band, distinct
from grader.judges.wording import hidden
from grader.types import Case

OTHER = "other"  # nothing that we have a word for
ABSENT = frozenset({"absent"})
Answer = Union[np.ndarray, frozenset[str]]  # noqa: UP007 - the self-check runs on Python 3.9
Key = tuple[str, str]  # case, or the item for what several cases say together; output
# Judges by property whose cases are seeded all through: equal code gives equal arrays.
SEEDED = ("nets.seeded",)


@dataclass(frozen=True)
class Seen:
    """One case of one implementation: the outputs that count, and a look or how it ended."""

    case: Case
    names: tuple[str, ...]
    look: Look | None
    ended: str = ""


def wrong_answers(seen: Sequence[Seen]) -> dict[Key, Answer]:
    """Return what is wrong about an item's cases; right outputs are left out."""
    found: dict[Key, Answer] = {}
    train: list[tuple[Look, dict[str, Finding]]] = []
    for one in seen:
        if one.look is None:
            found |= {(one.case.id, name): frozenset({one.ended}) for name in one.names}
            continue
        told = {f.output: f for f in _findings(one.look) if f.output in one.names}
        if one.case.judge == "dropout.train":
            train.append((one.look, told))
            continue
        for name in _asked(one, told):
            finding = told.get(name)
            if finding is None or not finding.right:
                found[one.case.id, name] = _answer(one.look, name, finding)
    return found | _masks(train)


def _asked(one: Seen, told: Mapping[str, Finding]) -> tuple[str, ...]:
    """Return the outputs that say something: where units are dropped in the wrong place, how many
    are dropped behind the right layers is left to chance.
    """
    if one.case.judge == "nets.dropout" and any(
        told[name].kind is not None for name in ("used", "only_hidden") if name in told
    ):
        return tuple(name for name in one.names if name != "share")
    return one.names


def _findings(look: Look) -> Iterator[Finding]:
    return find(look.case.judge).decide(look)


def _answer(look: Look, name: str, finding: Finding | None) -> Answer:
    case = look.case
    if case.probe == "dropout.dropout_test":
        return _passed_on(look)
    if case.probe == "nets.net_scores" and _differ(look, "scores", "scores_again"):
        return frozenset({"other scores every time"})
    if find(case.judge).golden or case.judge in SEEDED:
        return look.arrays.get(name, ABSENT)
    if case.judge == "dropout.backward":
        return _backward(look)
    if case.judge == "dropout.seeded":
        return _repeats(look)
    words = (
        re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?\b", "#", hidden(finding, look)) if finding else OTHER
    )
    if case.judge == "nets.init" and name in look.arrays:
        words += f"; {_started(name, look.arrays[name], float(case.options['weight_scale']))}"
    return frozenset({words})


def _masks(train: Sequence[tuple[Look, dict[str, Finding]]]) -> dict[Key, Answer]:
    """Return what all training passes of a dropout layer say together, aspect by aspect."""
    found: dict[Key, Answer] = {}
    for aspect in TRAIN:
        wrong = [f for _, told in train if (f := told.get(aspect)) and f.kind is not None]
        if wrong:
            words = [_aspect(aspect, look, told[aspect]) for look, told in train if aspect in told]
            common = frozenset.intersection(*words)
            found[train[0][0].case.item, aspect] = common or frozenset({OTHER})
    return found


def _aspect(aspect: str, look: Look, finding: Finding) -> frozenset[str]:
    x, keep = look.inputs["x"], float(look.case.options["keep"])
    out = look.arrays.get("out")
    if aspect == "draws" or out is None or out.size != x.size:
        return frozenset({hidden(finding, look)})
    ratio = out.astype(np.float64).reshape(x.shape) / x
    kept = ratio != 0
    if aspect == "mask":
        spread = _spread(ratio[kept], keep)
        if not spread:
            return frozenset({hidden(finding, look)})
        other = frozenset({OTHER}) & spread
        return frozenset(f"{hidden(finding, look)}; {name}" for name in spread) | other
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
        scaled = _factors(ratio[kept], np.ones(int(kept.sum())), keep)
        return frozenset(f"{n}, times {f}" for n in shares for f in scaled or {OTHER})
    return _factors(ratio[kept], np.ones(int(kept.sum())), keep)


def _spread(factors: np.ndarray, keep: float) -> frozenset[str]:
    """Return whether a mask of many numbers is that of uniform ones; OTHER where it is not."""
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


def _passed_on(look: Look) -> Answer:
    """Return what test mode of dropout makes of its input."""
    x, out = look.inputs["x"], look.arrays.get("out")
    if out is None or out.size != x.size:
        return frozenset({OTHER})
    keep = float(look.case.options["keep"])
    ratio = out.astype(np.float64).reshape(x.shape) / x
    factors = _factors(ratio, np.ones_like(ratio), keep)
    if not factors and np.any(ratio == 0):
        factors = frozenset({"drops"})
    return factors or frozenset({OTHER})


def _backward(look: Look) -> Answer:
    """Return how dx follows from dout and the mask of the forward pass, in words."""
    x, dout = look.inputs["x"], look.inputs["dout"]
    arrays = [look.arrays.get(name) for name in ("out", "dx")]
    if any(array is None or array.size != x.size for array in arrays):
        return frozenset({OTHER})
    out, dx = (np.asarray(a).astype(np.float64).reshape(x.shape) for a in arrays)
    keep = float(look.case.options["keep"])
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


def _differ(look: Look, one: str, other: str) -> bool:
    """Say whether two answers that should be one are there and differ."""
    first, second = look.arrays.get(one), look.arrays.get(other)
    return first is not None and second is not None and not np.array_equal(first, second)


def _repeats(look: Look) -> Answer:
    """Return which passes under seeds are equal: "0 0 2" where the first two are."""
    outs = look.arrays.get("outs")
    if outs is None or outs.ndim == 0:
        return frozenset({OTHER})
    first = [
        next(j for j in range(i + 1) if np.array_equal(outs[j], outs[i])) for i in range(len(outs))
    ]
    return frozenset({" ".join(map(str, first))})


def _started(name: str, got: np.ndarray, scale: float) -> str:
    """Return in words how a parameter starts."""
    if name.startswith("W"):
        return f"{got.ndim} axes, {_drawn(got, scale)}"
    constant = got.size == 0 or bool(np.all(got == got.flat[0]))
    return f"{got.ndim} axes, {f'all {got.flat[0]:g}' if constant else 'many numbers'}"


def _drawn(got: np.ndarray, scale: float) -> str:
    """Return in words how weights were drawn that are not N(0, scale)."""
    std = float(got.std())
    guesses: Mapping[str, Callable[[], bool]] = {
        "uniform": lambda: bool(
            np.all((got >= 0) & (got <= scale)) and abs(std * math.sqrt(12) / scale - 1) < 0.1
        ),
        "unscaled": lambda: abs(std - 1) < 6 / math.sqrt(2 * got.size),
        "one number": lambda: std == 0,
    }
    return next((name for name, holds in guesses.items() if holds()), OTHER)
