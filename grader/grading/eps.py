"""Answers with an eps of their own: right formulas with another small number in them.

Where an answer without any eps is accepted, one with a fixed eps is no worse: it costs the part
that asks for an eps of its own, and no other. The answer shows what the number is: it is taken from
the cell that eps moves most, and has to give all the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grader.guest.operations import OPERATIONS, operation_of
from grader.judges import Answer
from grader.types import Arrays, Case

OMITTED = "eps_omitted"  # how alternatives without eps end
LARGEST = 1e-2  # more than that would be seen in training


@dataclass(frozen=True)
class Formula:
    """An output as base + numerator / divisor, where the divisor is √(var + eps) or √var + eps.

    With `steps` that is how far a parameter goes in each step, and the output adds them up.
    """

    output: str
    base: np.ndarray
    numerator: np.ndarray
    var: np.ndarray
    steps: bool = False

    def quotient(self, got: np.ndarray) -> np.ndarray:
        """Return numerator / divisor as an output shows it."""
        if self.steps:
            return np.diff(got, axis=0, prepend=self.base[None])
        return np.asarray(got - self.base)

    def output_of(self, divisor: np.ndarray) -> np.ndarray:
        """Return the output for a divisor."""
        parts = self.numerator / divisor
        return np.asarray(self.base + (np.cumsum(parts, axis=0) if self.steps else parts))


def accepted(
    case: Case, inputs: Arrays, arrays: Arrays, expected: tuple[Arrays, ...]
) -> tuple[Arrays, ...]:
    """Return all right answers of a case: the golden ones, `expected`, and those for the one eps
    that `arrays` show, if they show one.
    """
    row = operation_of(case.probe, case.options)
    if not any(name.endswith(OMITTED) for name in case.alternatives) or not row.settings:
        return expected
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        return *expected, *_answers(case, inputs, arrays, expected)


def _answers(
    case: Case, inputs: Arrays, arrays: Arrays, expected: tuple[Arrays, ...]
) -> Iterator[Answer]:
    for right in _counted(expected):
        formula = _formula(case, inputs, right)
        got = arrays.get(formula.output, np.zeros(0))
        if got.shape != right[formula.output].shape:
            continue
        quotient, root = formula.quotient(got.astype(np.float64)), np.sqrt(formula.var)
        moved = np.abs(formula.numerator) / root**3
        at = np.unravel_index(np.argmax(np.where(np.isfinite(moved), moved, 0)), moved.shape)
        divisor = formula.numerator[at] / quotient[at]
        inside, outside = divisor**2 - root[at] ** 2, divisor - root[at]
        for eps, divisors in ((inside, np.sqrt(formula.var + inside)), (outside, root + outside)):
            if 0 < eps <= LARGEST:
                yield Answer({formula.output: formula.output_of(divisors)})


def _counted(expected: tuple[Arrays, ...]) -> Iterator[Arrays]:
    """Yield the reference's answer, and with it those of conventions that count steps otherwise.

    An alternative holds only what it gives otherwise.
    """
    yield expected[0]
    yield from ({**expected[0], **one} for one in expected[1:] if "t" in one)


def _formula(case: Case, inputs: Arrays, right: Arrays) -> Formula:
    row = operation_of(case.probe, case.options)
    if row.axis is None:
        return _update_rule(case, inputs, right)
    x, gamma, beta = inputs["x"], inputs["gamma"], inputs["beta"]
    if "running_var" in inputs:
        mean, var = inputs["running_mean"], inputs["running_var"]
    else:
        axis = row.axis - 2  # of the last two: x may hold several batches
        mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    numerator = gamma * (x - mean)
    return Formula("out", beta, numerator, np.broadcast_to(var, numerator.shape))


def _update_rule(case: Case, inputs: Arrays, right: Arrays) -> Formula:
    """Return the formula of RMSProp or Adam, of whose memory eps is no part."""
    config = {**OPERATIONS[case.options["rule"]].defaults, **case.options.get("config", {})}
    if "cache" in right:
        moment, var = inputs["dw"], right["cache"]
    else:
        t = right["t"].reshape(-1, *[1] * inputs["w"].ndim)
        moment = right["m"] / (1 - config["beta1"] ** t)
        var = right["v"] / (1 - config["beta2"] ** t)
    return Formula("next_w", inputs["w"], -config["learning_rate"] * moment, var, steps=True)
