"""What an item took says hardly more than whether it was slow: code that waits tells nothing."""

from __future__ import annotations

import pytest

from grader.grading.assignment import Assignment
from grader.grading.facts import Facts
from grader.grading.verdicts import Evaluator
from grader.types import Evidence

TOLD = {0.0: 0.1, 0.0001: 0.1, 0.07: 0.1, 0.1: 0.1, 0.11: 1.0, 3.2: 10.0, 9.99: 10.0, 4000.0: 100.0}


@pytest.mark.parametrize("took", TOLD)
def test_seconds_are_told_by_their_order_alone(
    took: float, assignments: dict[str, Assignment]
) -> None:
    assignment = assignments["cs231n-a2"]
    evaluator = Evaluator(assignment.rubric, assignment.golden)
    case = next(case for case in assignment.rubric.cases if case.item == "adam")
    evidence = {case.id: Evidence(case.id, "answered", cpu_s=took)}
    verdicts = {"adam": evaluator.verdict(assignment.rubric.item("adam"), evidence, [])}
    facts = Facts(assignment.rubric, assignment, evaluator, evidence, verdicts)
    assert facts.seconds() == {"adam": TOLD[took]}
