"""One submission's stay in the box: what runs again, and which answer is believed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from grader.box import job
from grader.box.job import Job, Loaded
from grader.box.session import Session
from grader.grading.assignment import Assignment
from grader.guest.modules import GRADED
from grader.guest.wire import Piece
from grader.types import Case, Evidence


class Told:
    """A worker that answers from a table: case -> answers of its runs in order, 1.0 is right."""

    def __init__(self, answers: Mapping[str, Sequence[float]]) -> None:
        self.answers = {name: list(row) for name, row in answers.items()}
        self.ran: list[list[str]] = []

    def open(self, job: Job, deadline: float) -> Loaded:
        return Loaded({name: {"outcome": "loaded"} for name in GRADED}, ())

    def run(
        self,
        rows: Sequence[Mapping[str, Any]],
        inputs: Sequence[Piece],
        deadline: float,
        child: str = "alone",
    ) -> Iterator[job.Observed]:
        self.ran.append([row["id"] for row in rows])
        for row in rows:
            answers = self.answers.get(row["id"], [1.0])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            yield row["id"], {"outcome": "answered"}, {"out": np.array(answer)}

    def close(self) -> None: ...


def right(case: Case, evidence: Evidence) -> bool:
    return evidence.outcome == "answered" and float(evidence.arrays["out"]) == 1.0


@pytest.fixture
def cases(assignments: dict[str, Assignment]) -> list[Case]:
    """Two hidden cases each of two items."""
    hidden = [case for case in assignments["cs231n-a2"].rubric.cases if not case.public]
    return [
        case
        for item in ("affine_forward", "relu_forward")
        for case in [case for case in hidden if case.item == item][:2]
    ]


def seen(
    cases: list[Case], answers: Mapping[int, Sequence[float]], assignments: dict[str, Assignment]
) -> tuple[list[tuple[float, bool]], list[list[int]]]:
    """Return (answer, unstable) of each case, and which cases ran together."""
    worker = Told({cases[index].id: row for index, row in answers.items()})
    job = Job("cs231n", {}, {})
    rubric = assignments["cs231n-a2"].rubric
    session = Session(worker, job, rubric, time.monotonic() + 60)  # type: ignore[arg-type]
    found = session.observe(cases, right)
    index = {case.id: number for number, case in enumerate(cases)}
    told = [(float(found[case.id].arrays["out"]), found[case.id].unstable) for case in cases]
    return told, [[index[name] for name in group] for group in worker.ran]


GOOD, BAD, UNSTABLE = (1.0, False), (0.0, False), (0.0, True)


@pytest.mark.parametrize(
    ("answers", "found", "ran"),
    {
        "all right": ({}, [GOOD] * 4, [[0, 1, 2, 3], [1, 3]]),
        "wrong stays wrong": ({2: [0.0]}, [GOOD, GOOD, BAD, GOOD], [[0, 1, 2, 3], [2], [1, 3]]),
        "spoiled by another item": (
            {2: [0.0, 1.0]}, [GOOD] * 4, [[0, 1, 2, 3], [2], [3, 2], [1, 3]],
        ),
        "right by itself, wrong behind its own item": (
            {2: [0.0, 1.0, 0.0]}, [GOOD, GOOD, UNSTABLE, GOOD], [[0, 1, 2, 3], [2], [3, 2], [1, 3]],
        ),
        "right once, wrong the second time": (
            {3: [1.0, 0.0]}, [GOOD, GOOD, GOOD, UNSTABLE], [[0, 1, 2, 3], [1, 3], [3]],
        ),
        "spoiled by another item the second time": (
            {3: [1.0, 0.0, 1.0]}, [GOOD] * 4, [[0, 1, 2, 3], [1, 3], [3]],
        ),
        "an item without a right case has no second look": (
            {2: [0.0], 3: [0.0]}, [GOOD, GOOD, BAD, BAD], [[0, 1, 2, 3], [3, 2], [1]],
        ),
        "wrong ones of an item, the last of which says something else by itself": (
            {2: [0.0], 3: [0.0, 0.5]}, [GOOD, GOOD, BAD, (0.5, False)],
            [[0, 1, 2, 3], [3, 2], [2], [1]],
        ),
        "wrong ones of an item, of which one is right behind another order": (
            {2: [0.0, 1.0, 0.0], 3: [0.0]}, [GOOD, GOOD, BAD, BAD],
            [[0, 1, 2, 3], [3, 2], [2], [1]],
        ),
        "wrong ones of an item, of which one is right by itself": (
            {2: [0.0, 0.0, 1.0], 3: [0.0, 2.0]}, [GOOD, GOOD, GOOD, (2.0, False)],
            [[0, 1, 2, 3], [3, 2], [2], [3, 2], [1, 2]],
        ),
    }.values(),
)  # fmt: skip
def test_an_answer_counts_as_right_only_where_it_is_right_again(
    answers: Mapping[int, Sequence[float]],
    found: list[tuple[float, bool]],
    ran: list[list[int]],
    cases: list[Case],
    assignments: dict[str, Assignment],
) -> None:
    assert seen(cases, answers, assignments) == (found, ran)
