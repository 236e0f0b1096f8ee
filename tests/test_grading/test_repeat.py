"""What is said where a stretch of a training gets no answer: our limits are told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast
from unittest.mock import Mock

import numpy as np
import pytest

from grader.box.job import Job
from grader.box.worker import Worker
from grader.grading.training.form import OutOfTime, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.repeat import Repeat, Run
from grader.guest.training_state import packed
from grader.types import TrainingLog
from tests.support.training_runs import TRAINING

UNLOADED = {"outcome": "missing", "message": "fc_net.py could not be loaded", "cpu_s": 0.1}
ANSWERED = {"outcome": "answered", "cpu_s": 0.1}
ENDS: dict[str, tuple[list[dict[str, Any]], type[Exception] | None, str]] = {
    # replies -> what is raised, and its words
    "a file that was not loaded the first time": ([UNLOADED, ANSWERED], None, ""),
    "nor the second time": ([UNLOADED, UNLOADED], OutOfTime, "^the grader ran out of time"),
    "time": ([{"outcome": "timeout"}], OutOfTime, "^the grader ran out of time"),
    "its process": ([{"outcome": "died"}], OutOfTime, "^the grader ran out of time"),
    "an exception": (
        [{"outcome": "raised", "message": "bad"}], Unrepeatable, "^a stretch of it stopped: bad$",
    ),
    "a class that is not there": (
        [{"outcome": "missing", "message": "fc_net.py has no Net"}], Unrepeatable, "no Net$",
    ),
}  # fmt: skip


@dataclass
class Line:
    """Stands in for a worker: gives one reply after the other."""

    replies: list[dict[str, Any]]
    opened: int = 0
    state: dict[str, np.ndarray] = field(default_factory=lambda: {"losses": np.zeros(1)})

    def open(self, job: Job, deadline: float) -> None:
        self.opened += 1

    def close(self) -> None:
        pass

    def run(self, *given: Any) -> Iterator[tuple[str, dict[str, Any], dict[str, np.ndarray]]]:
        yield "stretch", self.replies.pop(0), self.state


@pytest.mark.parametrize("name", ENDS)
def test_a_stretch_without_an_answer_is_told_as_what_it_is(name: str) -> None:
    replies, raises, says = ENDS[name]
    line = Line(list(replies))
    images = Mock(pixels=lambda split, rows: np.zeros((len(rows), 3)), mean=np.zeros(3),
                  labels=lambda split: np.zeros(1000, dtype=np.int64))  # fmt: skip
    repeat = Repeat(cast(Worker, line), cast(Images, images), 100.0)
    log = TrainingLog(1, {}, ())
    run = Run(replace(TRAINING, log=log), log, "keep")
    rng = {"rng": packed(np.random.RandomState(0))}
    job = Job("cs231n", {}, {})
    if raises is None:
        repeat.advance(job, run, lambda: rng, 0, 1)
        assert line.opened == 2
    else:
        with pytest.raises(raises, match=says) as caught:
            repeat.advance(job, run, lambda: rng, 0, 1)
        assert isinstance(caught.value, OutOfTime) == (raises is OutOfTime)
        assert "could not be" not in str(caught.value)
    assert not line.replies
