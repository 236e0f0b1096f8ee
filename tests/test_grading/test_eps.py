"""An answer with an eps of its own is right where one without any is, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.types import Arrays, Case, Evidence

Divisor = Callable[[np.ndarray], np.ndarray]


def normalized(inputs: Arrays, divisor: Divisor) -> np.ndarray:
    x, axis = inputs["x"], -1 if "running_var" not in inputs and inputs["x"].ndim == 2 else -2
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    if "running_var" in inputs:
        mean, var = inputs["running_mean"], inputs["running_var"]
    return np.asarray(inputs["gamma"] * (x - mean) / divisor(var) + inputs["beta"])


def stepped(inputs: Arrays, right: Arrays, divisor: Divisor) -> np.ndarray:
    """Return the weights of RMSProp with the default learning rate."""
    steps = [1e-2 * dw / divisor(cache) for dw, cache in zip(inputs["dw"], right["cache"])]
    return np.asarray(inputs["w"] - np.cumsum(steps, axis=0))


def is_right(case: Case, divisor: Divisor, assignment: Assignment) -> bool:
    evaluator, inputs = Evaluator(assignment.rubric, assignment.golden), None
    inputs = assignment.rubric.case_inputs(case)
    right = assignment.golden.expected(case)[0]
    if case.item == "rmsprop":
        got = {**right, "next_w": stepped(inputs, right, divisor)}
    else:
        got = {**right, "out": normalized(inputs, divisor)}
    evidence = Evidence(case.id, "answered", arrays=got)
    return evaluator.is_right(case, evidence)


def asked(name: str, assignment: Assignment) -> Case:
    return next(case for case in assignment.rubric.cases if case.id == name)


PLAIN = (
    "batchnorm_forward/train", "batchnorm_forward/scaled", "batchnorm_forward/small_variance",
    "batchnorm_forward/test", "batchnorm_forward/test_small", "layernorm_forward/batch",
    "layernorm_forward/small_variance", "rmsprop/default", "rmsprop/vector",
)  # fmt: skip
DIVISORS: dict[str, Divisor] = {
    "1e-8 under the root": lambda var: np.sqrt(var + 1e-8),
    "1e-7 beside the root": lambda var: np.sqrt(var) + 1e-7,
    "1e-3 under the root": lambda var: np.sqrt(var + 1e-3),
    "none": np.sqrt,
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("divisor", DIVISORS.values(), ids=list(DIVISORS))
def test_a_fixed_eps_costs_nothing_where_none_is_asked_for(
    name: str, divisor: Divisor, assignments: dict[str, Assignment]
) -> None:
    assignment = assignments["cs231n-a2"]
    assert is_right(asked(name, assignment), divisor, assignment)


@pytest.mark.parametrize(
    "name",
    ["batchnorm_forward/eps", "batchnorm_forward/eps_test", "layernorm_forward/eps",
     "layernorm_forward/eps_default"],
)  # fmt: skip
@pytest.mark.parametrize("divisor", DIVISORS.values(), ids=list(DIVISORS))
def test_it_is_wrong_where_eps_is_asked_for(
    name: str, divisor: Divisor, assignments: dict[str, Assignment]
) -> None:
    assignment = assignments["cs231n-a2"]
    assert not is_right(asked(name, assignment), divisor, assignment)


def uneven(var: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(var + 1e-4 * (1 + np.arange(var.shape[-1]))))


WRONG: dict[str, Divisor] = {
    "an eps for each feature": uneven,
    "N - 1": lambda var: np.sqrt(var * 6 / 5),
    "no root": lambda var: var + 1e-5,
    "eps taken off": lambda var: np.sqrt(var - 1e-5),
    "an eps that is seen": lambda var: np.sqrt(var + 0.05),
    "nothing": lambda var: np.zeros_like(var),
}


@pytest.mark.parametrize("divisor", WRONG.values(), ids=list(WRONG))
@pytest.mark.parametrize("name", ["batchnorm_forward/train", "batchnorm_forward/test"])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_no_single_small_number_explains_is_wrong(
    name: str, divisor: Divisor, assignments: dict[str, Assignment]
) -> None:
    assignment = assignments["cs231n-a2"]
    assert not is_right(asked(name, assignment), divisor, assignment)


def test_a_step_of_another_direction_is_wrong(assignments: dict[str, Assignment]) -> None:
    assignment = assignments["cs231n-a2"]
    case = asked("rmsprop/default", assignment)
    assert not is_right(case, lambda cache: -np.sqrt(cache), assignment)
