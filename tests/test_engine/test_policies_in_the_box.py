"""What a rubric lets a mistake cost and a report say, on real submissions in a real box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import ItemResult
from tests.support import engine_end as end
from tests.support import handed_in


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


# relu_forward is wrong for 2 of 2 points, and so is what it makes of the nets.
ROWS: dict[str, tuple[dict[str, Any], str, float, int]] = {
    # of the rubric -> status of a consequence, the share of its points, hints of the mistake
    "as shipped": ({}, "passed", 1.0, 3),
    "half of a consequence": ({"follow_through": 0.5}, "partial", 0.5, 3),
    "nothing of a consequence": ({"follow_through": 0.0}, "skipped", 0.0, 3),
    "one hint": ({"hint_level": 1}, "passed", 1.0, 1),
    "no hint": ({"hint_level": 0}, "passed", 1.0, 0),
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(("fields", "status", "share", "hints"), ROWS.values(), ids=ROWS)
def test_a_rubric_decides_what_a_consequence_costs_and_how_many_hints_there_are(
    fields: dict[str, Any],
    status: str,
    share: float,
    hints: int,
    assignments: dict[str, Assignment],
    worker: Worker,
) -> None:
    asked = end.with_policy(assignments["cs231n-a2"], **fields)
    report = grade_one(handed_in.neighbour(), asked, worker)
    items: dict[str, ItemResult] = {item.id: item for item in report.items}
    net, relu = items["TwoLayerNet"], items["relu_forward"]
    assert net.because_of in ("relu_forward", "affine_backward") and net.followed_through
    assert net.status == status and net.cause is None
    lost = [part for part in net.parts if part.status != "passed"]
    kept = [part for part in net.parts if part.status == "passed"]
    assert sum(part.earned for part in lost) == share * sum(part.possible for part in lost)
    assert net.earned == sum(part.earned for part in (*lost, *kept))
    assert relu.because_of is None and relu.earned == 0 and len(relu.hints) == hints
