"""Answers that were right before, and what is not the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader import judges, resources
from grader.grading import agreed
from grader.grading.agreed import Agreed
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.judges import Attempt, Finding, Judge
from grader.types import Evidence

X = np.arange(6.0).reshape(2, 3)
RIGHT = Evidence("relu_forward/it", "answered", arrays={"out": X})
OTHERS = {
    "another last bit": {"arrays": {"out": np.nextafter(X, 9)}},
    "the other zero": {"arrays": {"out": X * [[-1, 1, 1], [1, 1, 1]]}},
    "another shape": {"arrays": {"out": X.reshape(3, 2)}},
    "another dtype of the same bytes": {"arrays": {"out": X.view(np.int64)}},
    "another name": {"arrays": {"dx": X}},
    "one more": {"arrays": {"out": X, "dx": X}},
    "one refused": {"refused": {"dx": "None"}},
    "another case": {"case": "relu_forward/other"},
    "float32 was asked for": {"single": True},
}


def test_the_same_answer_is_known_whatever_it_took() -> None:
    known = Agreed()
    assert not known.has(RIGHT)
    known.keep(RIGHT)
    assert known.has(replace(RIGHT, arrays={"out": X.copy()}, cpu_s=1.0, text="printed"))


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_answer_is(name: str) -> None:
    other: dict[str, Any] = OTHERS[name]
    known = Agreed()
    known.keep(RIGHT)
    assert not known.has(replace(RIGHT, **other))


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreed, "MANY", 2)
    known = Agreed()
    answers = [replace(RIGHT, arrays={"out": X + number}) for number in range(4)]
    for answer in answers:
        known.keep(answer)
    assert [known.has(answer) for answer in answers] == [True, True, False, False]


@pytest.mark.parametrize(
    ("reason", "warning", "right", "judged"),
    [("", False, True, 1), ("float32", True, True, 2), ("float32", False, False, 2)],
    ids=["right", "a warning", "wrong"],
)
def test_a_judge_is_asked_again_unless_nothing_was_found(
    reason: str,
    warning: bool,
    right: bool,
    judged: int,
    assignments: Mapping[str, Assignment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, known, asked = assignments[resources.DEFAULT_RUBRIC], Agreed(), list[Attempt]()
    case = given.rubric.cases_of("relu_forward")[0]

    def decide(attempt: Attempt) -> Any:
        asked.append(attempt)
        yield Finding("out", reason, warning=warning)

    monkeypatch.setattr(judges, "find", lambda name: Judge(decide, lambda case: ("out",)))
    for _ in range(2):  # two submissions
        evaluator = Evaluator(given.rubric, given.golden, before=known)
        assert evaluator.is_right(case, replace(RIGHT, case=case.id)) is right
    assert len(asked) == judged


@pytest.mark.parametrize(("agrees", "asked"), [(True, 1), (False, 2)])
def test_golden_answers_are_compared_once_with_what_agrees(
    agrees: bool,
    asked: int,
    assignments: Mapping[str, Assignment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, known, compared = assignments[resources.DEFAULT_RUBRIC], Agreed(), list[Attempt]()
    case = given.rubric.cases_of("relu_forward")[0]

    def agree(attempt: Attempt, single: bool) -> bool:
        compared.append(attempt)
        return agrees

    def decide(attempt: Attempt) -> Any:
        yield Finding("out", "float32", warning=True)

    monkeypatch.setattr(judges, "find", lambda name: Judge(decide, golden=True, agrees=agree))
    for _ in range(2):  # two submissions
        Evaluator(given.rubric, given.golden, before=known).is_right(
            case, replace(RIGHT, case=case.id)
        )
    assert len(compared) == asked
