"""The line of a mistake is found by its numbers, however the function is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from grader import resources
from grader.authoring.lint.known_submissions import of_files
from grader.box.worker import Worker
from grader.diagnosis import changed_line
from grader.diagnosis.changed_line import ANY_ORDER, CHANGED, EXACT, MULTIPLE, NAMED, SIGNED
from grader.engine import grade_one
from grader.guest.steps import fingerprint
from tests.support.assignments import asking
from tests.support.planted_lines import ELSEWHERE, PLANTED, Planted

FOUND = [one for one in PLANTED if not str(one).startswith(ELSEWHERE)]
SOFTMAX = "cs231n-a2-2021"  # it asks for the losses


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


@pytest.mark.long_trial(0.04)
@pytest.mark.parametrize("planted", FOUND, ids=str)
def test_the_line_of_a_planted_mistake_is_marked_first(planted: Planted, worker: Worker) -> None:
    name = planted.item
    assignment = resources.assignment(SOFTMAX if name == "softmax_loss" else "cs231n-a2")
    report = grade_one(of_files("one", planted.files()), asking(assignment, name), worker)
    item = next(one for one in report.items if one.id == name)
    assert item.cause and item.cause.certain and item.suspects
    assert item.suspects[0].file == planted.path
    assert item.suspects[0].line in planted.lines()


def test_most_planted_mistakes_are_found() -> None:
    assert len(FOUND) >= 68 and len(PLANTED) - len(FOUND) == len(ELSEWHERE)


X = np.array([[1.5, -2.25, 0.5], [3.0, 1.25, -0.75]])
OTHER = np.array([[0.5, 2.0, -1.25], [1.0, -0.5, 4.0]])
RELATED = {  # what is like X -> as what it may be taken for it
    "itself": (X.copy(), {EXACT, SIGNED, ANY_ORDER, MULTIPLE}),
    "another shape": (X.ravel(), {EXACT, SIGNED, ANY_ORDER, MULTIPLE}),
    "the other sign": (-X, {SIGNED, ANY_ORDER, MULTIPLE}),
    "turned": (X.T, {ANY_ORDER}),
    "a multiple": (6 * X, {MULTIPLE}),
    "rounded otherwise": (X * (1 + 1e-12), {EXACT, SIGNED, ANY_ORDER, MULTIPLE}),
    "nearly": (X + 1e-6, set[int]()),
    "something else": (OTHER, set[int]()),
}


def prints(*values: np.ndarray | float) -> np.ndarray:
    return np.array([fingerprint(value) for value in values], dtype=float).reshape(-1, 5)


@pytest.mark.parametrize("name", RELATED)
def test_values_are_alike_up_to_what_is_asked(name: str) -> None:
    value, kinds = RELATED[name]
    every = (EXACT, SIGNED, ANY_ORDER, MULTIPLE)
    like = {kind for kind in every if changed_line.alike(prints(value), prints(X), kind).all()}
    assert like == kinds


def test_a_mistake_is_told_by_what_only_it_computes() -> None:
    right, wrong = prints(X, 2.0 * OTHER), prints(X, -2.0 * OTHER, OTHER + 0.125, 0.5, 3 * X)
    known = changed_line.table(right, wrong, np.array([0, 0, 0, 0, CHANGED]))
    assert known[:, 0].tolist() == [
        EXACT, EXACT + SIGNED + ANY_ORDER + MULTIPLE, CHANGED + EXACT + SIGNED + ANY_ORDER,
    ]  # fmt: skip
    np.testing.assert_array_equal(known[:, 1:], prints(-2.0 * OTHER, OTHER + 0.125, 3 * X))


def steps(*rows: tuple[int, bool, np.ndarray | float]) -> np.ndarray:
    return np.array([(0, line, again, *prints(value)[0]) for line, again, value in rows])


Y = OTHER + 0.125
WRONG, PART = (EXACT | SIGNED, Y), (CHANGED, X)
BEGINS = {  # what is known; steps -> the line
    "the first wrong value": ((WRONG,), ((1, False, X), (2, False, Y), (3, True, Y)), 2),
    "nothing known": ((WRONG,), ((1, False, X),), None),
    "nothing done": ((WRONG,), (), None),
    "where the changed expression stands last, before": (
        (WRONG, PART), ((1, False, X), (2, True, X), (3, False, Y), (4, True, X)), 2,
    ),
    "the changed expression alone": ((PART,), ((1, False, X), (2, False, OTHER)), 1),
    "where a variable gets another name": (
        (WRONG, (NAMED, X)), ((1, False, X), (2, True, X), (3, False, Y)), 2,
    ),
    "not where the variable is made": ((WRONG, (NAMED, X)), ((1, False, X), (3, False, Y)), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", BEGINS)
def test_a_mistake_begins(name: str) -> None:
    known, seen, line = BEGINS[name]
    table = np.array([(kind, *prints(value)[0]) for kind, value in known])
    at = changed_line.first(steps(*seen) if seen else np.zeros((0, 8)), table)
    assert at == (None if line is None else (0, line))


def test_a_rubric_without_the_case_or_golden_files_without_steps_mark_nothing() -> None:
    assignment = resources.assignment("cs231n-a2")
    assert assignment.wrong.steps("no/such-mistake")[0] == ""
    case, table = assignment.wrong.steps("affine_backward/db-mean")
    assert case.startswith("affine_backward/") and table.shape[1] == 6
    assert replace(assignment, mistakes=None).wrong.steps("affine_backward/db-mean")[0] == ""
