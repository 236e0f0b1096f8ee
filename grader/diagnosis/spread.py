"""In which cases is an output wrong, and in which cells? Where that follows a pattern, it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader.diagnosis import formulas
from grader.diagnosis.relations import Observed

SMALL = 1e-3  # of the scale: what a wrong eps or a lost digit does, and no wrong formula
STATE = ("velocity", "cache", "m", "v")
STEPPED = ("norms.batchnorm_train", "nets.net_test_mode")  # x is a sequence of batches
ANYWHERE = "wrong in some cells"
MODES = ("only in training", "only in test mode")
NAMED = 3  # settings that are named
EXACT, LOOSE = 1e-9, 1e-5  # as in symptoms
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


def defaults(wrong: Sequence[Observed], right: Sequence[Observed]) -> tuple[str | None, bool]:
    """Return that an output is wrong in just the cases that leave settings at their default, and
    whether that is certain.

    Where there is a formula, another default has to give all that came out. Else all is named that
    the right cases are given and the wrong ones are not, if every wrong one is wrong at once.
    """
    if not right or not all(map(_has_numbers, (*wrong, *right))):
        return None, False
    given = [_given(one) for one in right]
    left = set[str]().union(*map(_given, wrong))
    if (known := _of_formula(wrong[0], formulas.settings_in)) is not None:
        for name in known:
            if name not in left and any(name in each for each in given):
                value = _common(wrong, name)
                open_ = [one for one, each in zip(right, given) if name not in each]
                if value is not None and all(_fits(one, name, value, LOOSE) for one in open_):
                    return f"only with the default {name}", True
        return None, False
    names = sorted(set.intersection(*given) - left)
    if not names or any(_starts_right(one) for one in wrong):
        return None, False
    if len(names) <= NAMED:
        return f"only with the default {','.join(names)}", False
    return "only with defaults", False


def own_setting(wrong: Sequence[Observed], right: Sequence[Observed]) -> str | None:
    """Return that one value of a setting gives all that came out, whatever was asked for."""
    if len(wrong) == 1 or not all(map(_has_numbers, (*wrong, *right))):
        return None
    for name in _of_formula(wrong[0], formulas.settings_in) or ():
        value = _common(wrong, name)
        if value is not None and all(_fits(one, name, value, LOOSE) for one in right):
            return f"with one value of {name}"
    return None


def _has_numbers(one: Observed) -> bool:
    return one.got is not None and one.want is not None and not one.has_other_shape


def _common(wrong: Sequence[Observed], name: str) -> float | None:
    """Return the value of a setting by which the formula gives every wrong answer."""
    found = [_of_formula(one, formulas.solved, name) for one in wrong]
    values = [value for value in found if value is not None]
    if len(values) < len(found):
        return None
    # Where it hardly matters, it is not known exactly: one of the others fits there as well.
    return next((v for v in values if all(_fits(one, name, v, EXACT) for one in wrong)), None)


def _of_formula(one: Observed, ask: Callable[..., Any], *more: str) -> Any:
    return ask(one.case, one.output, one.inputs, one.got, *more)


def _fits(one: Observed, name: str, value: float, tolerance: float) -> bool:
    values = {name: value}
    got = one.got
    return got is not None and formulas.fits(
        one.case, one.output, one.inputs, got, values, tolerance
    )


def _given(one: Observed) -> set[str]:
    """Return the settings, and the memory of earlier steps, that a case hands over."""
    config = one.case.options.get("config", {})
    own = {name for name in ("eps", "momentum") if name in one.case.options}
    return {*config, *own, *(name for name in STATE if name in one.inputs)} - {"t"}


def _starts_right(one: Observed) -> bool:
    """Say whether the first of several steps is right."""
    got, want = one.got, one.want
    steps = one.case.probe in ("optim.update", *STEPPED)
    if not steps or got is None or want is None or got.shape != want.shape or not len(got):
        return False
    return bool(np.allclose(got[0], want[0], rtol=SMALL, atol=0))


def _first_step(wrong: Sequence[Observed]) -> str | None:
    """Say where to look if an update rule is wrong from its first step on, and in no other way."""
    fresh = [one for one in wrong if not any(name in one.inputs for name in STATE)]
    if not fresh or any(one.case.probe != "optim.update" for one in wrong):
        return None
    if any(one.got is None or one.want is None or one.has_other_shape for one in fresh):
        return None
    return None if any(map(_starts_right, fresh)) else "wrong from the first step"


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
    "only from a fresh start": lambda one: (
        one.case.probe == "optim.update" and not any(name in one.inputs for name in STATE)
    ),
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
