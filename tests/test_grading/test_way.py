"""The way of a run: which stretches one request takes, what is asked again, and what is equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from grader.box.job import Job
from grader.grading.training.repeat import Reached, Repeat, Run, Stretch
from grader.grading.training.stretches import Known
from grader.grading.training.way import Way
from grader.types import TrainingLog
from tests.support.training_runs import TRAINING

LOG = TrainingLog(1, {}, ())
RUN = Run(TRAINING, LOG, "keep")
FIRST, SECOND = (Job("cs231n", {}, {"dropout_p": name}) for name in ("keep", "drop"))


def known(step: int, whole: bool = True, number: float = 1.0, hash: str = "") -> Known:
    state = {"params/W1": np.full(2, number), "step": np.array(step)}
    return Known(step, lambda: state, hash or f"state {step}", whole)


@dataclass
class Reference:
    """Stands in for the worker: meets the next so many stretches of each request."""

    meets: list[int]
    asked: list[tuple[Job, int, list[tuple[int, str]]]] = field(default_factory=list)

    def follow(
        self, job: Job, run: Run, read: Any, step: int, stretches: Sequence[Stretch]
    ) -> Reached:
        assert read()["step"] == step
        for one in stretches:
            step_of_end = one.read()["step"]
            assert one.whole or step_of_end == 4
        self.asked.append((job, step, [(one.steps, one.hash) for one in stretches]))
        met = min(self.meets.pop(0), len(stretches))
        tried = stretches[: met + 1]
        state = None if met == len(stretches) else {"params/W1": np.array([float(step)])}
        return Reached(
            met, state, tuple(np.full(one.steps, step + n) for n, one in enumerate(tried))
        )


Pair = tuple[Known, Known]
CHAIN: list[Pair] = [(known(0), known(1)), (known(1), known(5)), (known(5), known(9))]
GAP: list[Pair] = [(known(0), known(1)), (known(4), known(5))]
LEARNED: list[Pair] = [(known(0), known(4, whole=False)), (known(4), known(8))]
UNEQUAL: list[Pair] = [(known(0), known(4)), (known(4, whole=False), known(8))]
SPLIT: list[Pair] = [(known(0), known(4)), (known(4, hash="another"), known(8))]
WAYS: dict[str, tuple[list[Pair], list[int], list[tuple[int, list[int]]], list[str]]] = {
    # pairs, what each request meets -> requests (after a step, steps), what each stretch came to
    "all at once": (CHAIN, [3], [(0, [1, 4, 4])], ["equal", "equal", "equal"]),
    "one that is off, and from its told end on": (
        CHAIN, [1, 0, 1], [(0, [1, 4, 4]), (1, [4, 4]), (5, [4])], ["equal", "off", "equal"],
    ),
    "none": (CHAIN, [0, 0, 0], [(0, [1, 4, 4]), (1, [4, 4]), (5, [4])], ["off", "off", "off"]),
    "a gap": (GAP, [1, 1], [(0, [1]), (4, [1])], ["equal", "equal"]),
    "behind what was only learned": (LEARNED, [1, 1], [(0, [4]), (4, [4])], ["equal", "equal"]),
    "from what was only learned": (UNEQUAL, [1, 1], [(0, [4]), (4, [4])], ["equal", "equal"]),
    "two states after one step": (SPLIT, [1, 1], [(0, [4]), (4, [4])], ["equal", "equal"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_stretches_that_follow_each_other_are_one_request(name: str) -> None:
    pairs, meets, requests, ends = WAYS[name]
    reference = Reference(list(meets))
    way = Way(cast(Repeat, reference), RUN, [FIRST], pairs)
    for place, (start, end) in enumerate(pairs):
        found, losses = way.after(FIRST, place)
        assert ("equal" if found is None else "off") == ends[place]
        assert len(losses) == end.step - start.step
    assert [(step, [steps for steps, _ in asked]) for _, step, asked in reference.asked] == requests
    hashes = {start.step: end.hash for start, end in pairs}
    assert all(job is FIRST and asked[0][1] == hashes[step] for job, step, asked in reference.asked)


def test_the_losses_of_each_stretch_are_its_own() -> None:
    way = Way(cast(Repeat, Reference([3])), RUN, [FIRST], CHAIN)
    assert [set(way.after(FIRST, place)[1]) for place in range(3)] == [{0}, {1}, {2}]


def test_the_job_that_the_run_followed_last_is_tried_first() -> None:
    way = Way(cast(Repeat, Reference([])), RUN, [FIRST, SECOND], CHAIN)
    assert way.order() == [FIRST, SECOND]
    way.follows(SECOND)
    assert way.order() == [SECOND, FIRST]
    way.follows(FIRST)
    assert way.order() == [FIRST, SECOND]


@pytest.mark.parametrize("whole", (True, False))
@pytest.mark.parametrize("number", (np.nan, np.inf, 1.0))
def test_what_was_learned_is_not_equal_if_it_is_not_finite(number: float, whole: bool) -> None:
    # A whole state is looked at for that before (form.check_state).
    end = known(4, whole=whole, number=number)
    way = Way(cast(Repeat, Reference([1])), RUN, [FIRST], [(known(0), end)])
    found, _ = way.after(FIRST, 0)
    assert (found is None) == (whole or np.isfinite(number))
