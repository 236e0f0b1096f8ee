"""How one wrong array follows from the right one: the words that hold in a single case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from grader.diagnosis import formulas, inside
from grader.diagnosis.plain_net import same
from grader.judges import Attempt, Finding
from grader.types import Arrays, Case


@dataclass(frozen=True)
class Observed:
    """One output of one case: what came out, what was expected, and what went in.

    `others` holds the right answers of the case's other outputs; `error` is in units of the scale;
    `conventions` holds what else would be right.
    """

    output: str
    case: Case
    got: np.ndarray | None
    want: np.ndarray | None
    inputs: Arrays
    others: Arrays
    error: float
    conventions: tuple[np.ndarray, ...] = ()

    @property
    def has_other_shape(self) -> bool:
        """Whether the shape differs by more than an axis of length 1."""
        return self.got is not None and self.want is not None and self.got.shape != self.want.shape

    @classmethod
    def of(cls, attempt: Attempt, found: Finding) -> Observed:
        """Return what a judge has found about one output."""
        name = found.output
        right = tuple(answers[name] for answers in attempt.expected if name in answers)
        others = {n: a for n, a in attempt.expected[0].items() if n != name}
        given = attempt.arrays.get(name) if found.got is None and found.right else found.got
        got = None if given is None else np.asarray(given, dtype=np.float64)
        if got is not None and found.right and got.size == right[0].size:
            got = got.reshape(right[0].shape)  # an axis of length 1 costs nothing
        error = found.error or 0.0
        return cls(name, attempt.case, got, right[0], attempt.inputs, others, error, right[1:])


def words(one: Observed, tolerance: float, slips: bool = True) -> list[str]:
    """Return all that holds, the most telling first; numbers agree to `tolerance`.

    Unless `slips`, no slip in the formula is looked for.
    """
    if one.got is None or one.want is None:
        return []
    with np.errstate(all="ignore"):
        if one.got.shape != one.want.shape:
            shape = [*_of_scores(one), *_shape(one.got, one.want, sizes(one), tolerance)]
            return [*_copies(one, one.got, tolerance), *shape]
        if not np.all(np.isfinite(one.got)):
            found = dict.fromkeys(_not_finite(one.got, one))
            found |= dict.fromkeys(_slips(one, tolerance) if slips else ())
            return list(found)
        found = {}
        for want in (one.want, *one.conventions):
            found |= dict.fromkeys(_value(one, one.got, want, tolerance, slips))
        return list(found)


def is_scalar(one: Observed) -> bool:
    """Say whether an output is one number, or one at each step: it has no rows or cells."""
    array = one.got if one.want is None else one.want
    return array is not None and array.ndim <= (one.case.probe in STEPPED)


def holds(word: str, one: Observed, tolerance: float) -> bool:
    """Say whether a word that holds where an output is wrong can hold where it is right as well.

    It can where what it says makes no difference: a factor of 1, an input that is zero.
    """
    if one.got is None or one.want is None:
        return False
    if word.startswith(formulas.SLIP):
        return formulas.holds(word, one.case, one.output, one.inputs, one.got)
    kind, _, name = word.rpartition(" ")
    arrays = {"is input": one.inputs, "is output": one.others}.get(kind)
    if arrays is not None:
        return name in arrays and same(one.got, arrays[name], tolerance)
    if kind in ("extra", "missing", "taken off", "off by a multiple of"):
        return name in one.inputs and not np.any(one.inputs[name])
    if kind == "factor" and name.lstrip("-").removeprefix("1/") not in sizes(one):
        return not name.startswith("-") and "=" not in name
    return not np.any(one.want)


def sizes(one: Observed) -> dict[str, float]:
    """Return the numbers of a case that a factor may be named by."""
    found: dict[str, float] = {}
    x = one.inputs.get("x")
    if x is not None and x.ndim >= 2:
        batch = x[0] if one.case.probe in BATCHES else x
        n, d = float(batch.shape[0]), float(batch[0].size)
        found |= {"N": n, "D": d, "N squared": n * n, "D squared": d * d}
    if dims := one.case.options.get("dims"):
        found |= {"C": float(dims[-1]), "L": float(len(dims) - 1)}
    settings = {**inside.settings(one.case), **one.case.options}
    for name in ("reg", "learning_rate", "momentum", "eps", "keep"):
        if isinstance(settings.get(name), (int, float)):
            found[name] = float(settings[name])
    named = {name: value for name, value in found.items() if value not in (0.0, 1.0)}
    return named | {"2": 2.0, "3": 3.0}


RATIOS = (("N", "N-1"), ("N-1", "N"), ("D", "D-1"), ("D-1", "D"), ("D", "N"), ("N", "D"))
LIKE = 1e-2  # two right answers so near to each other cannot be taken for one another
CLOSER = 10  # a relation must be nearer than the right answer by at least this factor
NORMS_ONLY = ("line", "mean left")  # words that mean something for a normalization only
BATCHES = (  # x is a sequence of batches
    "norms.batchnorm_train", "nets.net_test_mode", "nets.two_layer_second", "nets.net_second",
)  # fmt: skip
STEPPED = ("optim.update", "norms.batchnorm_train")  # the first axis of an answer is the step


def _shape(
    got: np.ndarray, want: np.ndarray, known: Mapping[str, float], tolerance: float
) -> Iterator[str]:
    if got.ndim == want.ndim == 2 and same(got.T, want, tolerance):
        yield "transposed"
    if got.size == want.size and same(got.reshape(want.shape), want, tolerance):
        yield "another shape"
    for axis in range(got.ndim):
        for keep in (False, True):
            if same(got.sum(axis=axis, keepdims=keep), want, tolerance):
                yield "not summed"
            if got.size and same(got.mean(axis=axis, keepdims=keep), want, tolerance):
                yield "not averaged"
    if got.size == 1:
        yield "one number"
    if got.ndim == want.ndim == 2 and got.T.shape == want.shape:
        yield "shape turned round"
    if want.ndim == 1 and got.size == known.get("N", 0) != want.size:
        yield "summed over features"
    if got.ndim < want.ndim:
        yield "an axis is missing"
    elif got.size == want.size:
        yield "right count, other shape"
    elif want.ndim == 1 and got.ndim == 2 and want.size in got.shape:
        yield "one axis too many"


def _of_scores(one: Observed) -> Iterator[str]:
    """Yield what is wrong about the shape of scores, and whether they are no scores at all."""
    got, dims = one.got, one.case.options.get("dims", ())
    if one.output != "scores" or got is None or got.ndim != 2:
        return
    if got.shape[1] != dims[-1] and got.shape[1] == dims[-2]:
        yield "the last layer is missing"
    elif np.all(got > 0) and np.allclose(got.sum(axis=1), 1):
        yield "sums of rows are 1"


def _not_finite(got: np.ndarray, one: Observed) -> Iterator[str]:
    bad = ~np.isfinite(got)
    what = "nan" if np.isnan(got).any() else "inf"
    if bad.all():
        yield f"{what} everywhere"
    x = one.inputs.get("x")
    if x is not None and x.shape == got.shape:
        for name, where in (("negative", x < 0), ("zero", x == 0)):
            if np.array_equal(bad, where):
                yield f"{what} where x is {name}"
    if bad.ndim > 1 and np.array_equal(bad, np.broadcast_to(bad.all(axis=0), bad.shape)):
        yield f"{what} in whole columns"
    yield f"{what} somewhere"


def _slips(one: Observed, tolerance: float) -> Iterator[str]:
    assert one.got is not None
    yield from formulas.words(one.case, one.output, one.inputs, one.got, tolerance)


def _value(
    one: Observed, got: np.ndarray, want: np.ndarray, tolerance: float, slips: bool
) -> Iterator[str]:
    if same(got, want, tolerance):  # then every relation holds, and says nothing
        rounded = [np.array_equal(array.astype(np.float32), array) for array in (got, want)]
        if got.size > 1 and rounded == [True, False]:
            yield "in single precision"
        return
    if same(got, want, CLOSER * tolerance):  # as near to right as to anything else
        return
    if not np.any(got) and np.any(want):
        yield "zero"
    if same(-got, want, tolerance):
        yield "sign"
    yield from _of_scores(one)
    yield from _copies(one, got, tolerance)
    yield from _factor(got, want, sizes(one), tolerance)
    yield from _added(one, got, want, tolerance)
    if not np.any(want):
        yield "not zero"
        return
    if slips:
        yield from _slips(one, tolerance)
    if one.case.probe in STEPPED and len(want) > 1:
        yield from inside.over_steps(one.case, one.output, one.inputs, got, want, tolerance)
    yield from formulas.ways(one.case, one.output, one.inputs, got, tolerance)
    yield from inside.words(one.case, one.output, one.inputs, got, want, tolerance)
    if got.ndim == 2 and got.shape[0] == got.shape[1] and same(got.T, want, tolerance):
        yield "transposed"
    if got.ndim >= 2 and one.case.probe != "optim.update":
        steps_down = one.case.probe == "norms.batchnorm_train" and got.ndim == 2
        found = _by_axis(got, want, tolerance, "step" if steps_down else "row")
        is_norm = one.case.probe.startswith("norms.")  # only there a mean is taken off, or a scale
        yield from (word for word in found if is_norm or not word.rstrip("?").endswith(NORMS_ONLY))
    if same(np.abs(got), np.abs(want), tolerance):
        yield "sign of some"
    elif got.size > 2 and same(np.sort(got, axis=None), np.sort(want, axis=None), tolerance):
        yield "misplaced"
    if got.size > 1 and np.ptp(got) <= tolerance * np.max(np.abs(got), initial=0.0):
        yield "one number everywhere"


def _copies(one: Observed, got: np.ndarray, tolerance: float) -> Iterator[str]:
    for name, array in one.inputs.items():
        if got.size > 1 and same(got, array, tolerance):
            yield f"is input {name}"
    for name, array in one.others.items():
        if (got.size > 1 or one.has_other_shape) and np.any(array) and same(got, array, tolerance):
            if one.want is None or not same(one.want, array, LIKE):
                yield f"is output {name}"
        if one.case.probe == "optim.update" and _starts_as(one, got, array, tolerance):
            yield f"starts as {name}"


def _starts_as(one: Observed, got: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Say whether the first step gives what belongs to another output."""
    if one.want is None or not got.ndim or not len(got):
        return False
    if got[0].shape != other[0].shape or got[0].size < 2:
        return False
    return same(got[0], other[0], tolerance) and not same(one.want[0], other[0], LIKE)


def _factor(
    got: np.ndarray, want: np.ndarray, known: Mapping[str, float], tolerance: float
) -> Iterator[str]:
    if not np.any(want):
        return
    factor = float(np.sum(got * want) / np.sum(want * want))
    if factor == 0 or not same(got, factor * want, tolerance):
        return
    sign, value = ("-" if factor < 0 else ""), abs(factor)
    for name, number in known.items():
        for label, power in ((name, number), (f"1/{name}", 1 / number)):
            if abs(value / power - 1) <= tolerance:
                yield f"factor {sign}{label}"
    counts = {n: known[n] for n in ("N", "D") if n in known}
    counts |= {f"{n}-1": count - 1 for n, count in counts.items()}
    for top, bottom in RATIOS:
        if top in counts and bottom in counts:
            if abs(value * counts[bottom] / counts[top] - 1) <= tolerance:
                yield f"factor {sign}{top}/{bottom}"
    # For a single number any factor fits: it says something only if it is the same in all cases.
    yield "factor" if got.size > 1 else f"factor ={factor:.9g}"


def _added(one: Observed, got: np.ndarray, want: np.ndarray, tolerance: float) -> Iterator[str]:
    """What is missing or too much: an input, or a multiple of one."""
    rest = got - want
    size = float(np.max(np.abs(want), initial=0.0)) + float(np.max(np.abs(got), initial=0.0))
    for name, array in one.inputs.items():
        ends = 0 < array.ndim <= got.ndim and array.shape == got.shape[got.ndim - array.ndim :]
        if array.dtype.kind != "f" or not ends:
            continue
        for sign, word in ((-1, "missing"), (1, "extra"), (-2, "taken off")):
            if np.all(np.abs(rest - sign * array) <= tolerance * size):
                yield f"{word} {name}"
        if np.all(np.abs(got - want * array) <= tolerance * size):
            yield f"times {name}"
        if np.all(np.abs(got * array - want) <= tolerance * size):
            yield f"without factor {name}"
        if array.shape == got.shape:
            scale = float(np.sum(rest * array) / np.sum(array * array))
            if scale and np.all(np.abs(rest - scale * array) <= tolerance * size):
                yield f"off by a multiple of {name}"


def _by_axis(got: np.ndarray, want: np.ndarray, tolerance: float, row: str) -> Iterator[str]:
    """A factor or an offset for each column, or for each `row`."""
    size = float(np.max(np.abs(want)))
    for axis, name in ((-2, "column"), (-1, row)):
        if got.shape[axis] < 2:
            yield from (f"{name} offset?", f"{name} factor?", f"{name} line?")
            continue
        rest = got - want
        if np.all(np.ptp(rest, axis=axis) <= tolerance * size):
            centred = np.all(np.abs(want.mean(axis=axis)) <= tolerance * size)
            yield f"{name} mean left" if centred else f"{name} offset"
        weight = np.sum(got * want, axis=axis, keepdims=True)
        factor = weight / np.sum(want * want, axis=axis, keepdims=True)
        if np.all(np.abs(got - factor * want) <= tolerance * size) and np.all(factor != 0):
            yield f"{name} factor"
        elif got.shape[axis] == 2:
            yield f"{name} line?"
        elif _on_lines(got, want, axis, tolerance * size):
            yield f"{name} line"


def _on_lines(got: np.ndarray, want: np.ndarray, axis: int, allowed: float) -> bool:
    """Say whether each column or row of `got` is a multiple of that of `want` plus a constant."""
    left = got - got.mean(axis=axis, keepdims=True)
    right = want - want.mean(axis=axis, keepdims=True)
    squares = np.sum(right**2, axis=axis, keepdims=True)
    factor = np.sum(left * right, axis=axis, keepdims=True) / squares
    return bool(np.all(np.abs(left - factor * right) <= allowed) and np.all(factor != 0))
