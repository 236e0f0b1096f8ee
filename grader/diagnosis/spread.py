"""In which cases is an output wrong, and in which cells? Where that follows a pattern, it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from grader.diagnosis.inside import AVERAGES
from grader.diagnosis.relations import Observed

SMALL = 1e-3  # of the scale: what a wrong eps or a lost digit does, and no wrong formula
STATE = ("velocity", "cache", "m", "v")
STEPPED = ("norms.batchnorm_train", "nets.net_test_mode")  # x is a sequence of batches
ANYWHERE = "wrong in some cells"
MODES = ("only in training", "only in test mode")
NAMED = 2  # settings that are named
TELLING = 3  # times that very small inputs are further off than usual ones where eps is wrong


def words(
    output: str, wrong: Sequence[Observed], right: Sequence[Observed], right_outputs: Sequence[str]
) -> str:
    """Return what the wrong cases share and the right ones lack, or what their cells share."""
    usual = [one for one in wrong if not _tiny(one)]
    tiny = [one.error for one in wrong if _tiny(one)]
    most = max((one.error for one in usual), default=0.0)
    if tiny and 0 < most <= SMALL and max(tiny) > TELLING * most:
        return "like another eps"
    if (where := _case(wrong, right)) is not None:
        return where
    cells = [list(_cells(one)) for one in wrong]
    common = [name for name in cells[0] if all(name in each for each in cells)]
    if common and common[0] != ANYWHERE:
        return common[0]
    if where := condition(wrong, right) or next(iter(common), None):
        return where
    if right_outputs:  # the mistake is in what these do not use
        return f"alone beside {' and '.join(right_outputs[:3])}"
    return _first_step(wrong) or "wrong everywhere"


def condition(wrong: Sequence[Observed], right: Sequence[Observed]) -> str | None:
    """Return what all wrong cases share and no right one has: a setting, or how many axes."""
    axes = [{_number_of_axes(one) for one in each} for each in (wrong, right)]
    by_axes = "only with some axes" if right and not axes[0] & axes[1] else None
    return _case(wrong, right) or by_axes


def _case(wrong: Sequence[Observed], right: Sequence[Observed]) -> str | None:
    for name, holds in CASES.items():
        if name in MODES and wrong[0].output.startswith("running_"):
            continue  # test mode leaves the averages as they are: right there says nothing
        if all(holds(one) for one in wrong) and right and not any(holds(one) for one in right):
            return name
    return None


def _number_of_axes(one: Observed) -> int:
    stepped = one.case.probe in STEPPED
    return one.inputs["x"].ndim - stepped if "x" in one.inputs else 0


def defaults(
    output: str, wrong: Sequence[Observed], right: Sequence[Observed], right_outputs: Sequence[str]
) -> str | None:
    """Return that an output is wrong in just the cases that leave settings at their default.

    Named are those that this output hangs on: what only the right ones hang on is right.
    """
    given = [set(one.case.options.get("config", {})) for one in right]
    left = set[str]().union(*(one.case.options.get("config", {}) for one in wrong))
    names = sorted(set.intersection(*given) - left - {"t"}) if given else []
    own = AVERAGES.get(output, ("", 0))[0]
    others = {AVERAGES[name][0] for name in right_outputs if name in AVERAGES}
    names = [own] if own in names else [name for name in names if name not in others]
    if 0 < len(names) <= NAMED:
        return f"only with the default {','.join(names)}"
    plain = bool(right) and not any(map(_options, wrong)) and all(map(_options, right))
    return "only with defaults" if plain else None


def _first_step(wrong: Sequence[Observed]) -> str | None:
    """Say where to look if an update rule is wrong from its first step on, and in no other way."""
    fresh = [one for one in wrong if not any(name in one.inputs for name in STATE)]
    if not fresh or any(one.case.probe != "optim.update" for one in wrong):
        return None
    for one in fresh:
        if one.got is None or one.want is None or one.got.shape != one.want.shape:
            return None
        if np.allclose(one.got[0], one.want[0], rtol=SMALL, atol=0):
            return None
    return "wrong from the first step"


def _options(one: Observed) -> bool:
    own = {"rule", "watch", "dims", "normalization", "reg", "own_forward", "config"}
    config = one.case.options.get("config", {})
    return bool(one.case.options.keys() - own or config.keys() - {"t"})


def _shift(one: Observed) -> bool:
    shifted = any("+" in text for text in one.case.inputs.values())
    return shifted and one.case.probe.startswith("norms.")


def _tiny(one: Observed) -> bool:
    scales = (text.partition("*1/")[2].split() for text in one.case.inputs.values())
    return any(int(scale[0]) >= 64 for scale in scales if scale)


def _square(one: Observed) -> bool:
    shape = () if one.want is None else one.want.shape
    return len(shape) > 1 and len(set(shape)) == 1


CASES: Mapping[str, Callable[[Observed], bool]] = {
    "only with options": _options,
    "only with state": lambda one: any(name in one.inputs for name in STATE),
    "only with more axes": lambda one: _number_of_axes(one) > 2,
    "only with reg": lambda one: "reg" in one.case.options,
    "only small numbers": _tiny,
    "only shifted": _shift,
    "only square": _square,
    "only deep": lambda one: len(one.case.options.get("dims", ())) > 3,
    "only in test mode": lambda one: one.case.probe.endswith(("_test", "test_mode")),
    "only in training": lambda one: one.case.probe == "norms.batchnorm_train",
}


def _cells(one: Observed) -> Iterator[str]:
    got, want = one.got, one.want
    if got is None or want is None or got.shape != want.shape or not np.all(np.isfinite(got)):
        return
    size = float(np.max(np.abs(want), initial=0.0)) or 1.0
    gap = np.abs(got - want)
    if np.max(gap, initial=0.0) <= SMALL * size:
        yield "nearly right"
    bad = gap > 1e-9 * size
    if bad.all():
        yield from _shared(got, want)
        return
    for name in ("x", "dout"):
        array = one.inputs.get(name)
        if array is not None and array.shape == got.shape:
            if np.all(array[bad] < 0):
                yield f"wrong where {name} is negative"
            if np.all(array[bad] > 0):
                yield f"wrong where {name} is positive"
    for axis, name in enumerate(("row", "column")) if bad.ndim == 2 else ():
        which, last = np.flatnonzero(bad.any(axis=1 - axis)).tolist(), bad.shape[axis] - 1
        if 0 < len(which) <= last:
            place = f"the last {name}" if which == [last] else f"some {name}s"
            yield f"wrong in the first {name}" if which == [0] else f"wrong in {place}"
    yield ANYWHERE


def _shared(got: np.ndarray, want: np.ndarray) -> Iterator[str]:
    """What all cells share where every one is wrong."""
    if got.size < 4:
        return
    if np.all(np.abs(got) > np.abs(want)) and np.all(got * want >= 0):
        yield "too large"
    if np.all(np.abs(got) < np.abs(want)) and np.all(got * want >= 0):
        yield "too small"
    if np.all(got > want):
        yield "all above"
    if np.all(got < want):
        yield "all below"
