"""What the engine owes its worker, whatever happens on the way."""

from __future__ import annotations

from typing import Any, cast

import pytest

from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Submission
from tests.support import engine_end as end


def test_a_fault_of_ours_leaves_no_session_open() -> None:
    rubric = end.rubric(end.item("relu_forward"))
    worker: Any = end.Worker(otherwise=ZeroDivisionError)
    asked = Assignment(rubric, cast(Any, end.Answers({}, {})))
    with pytest.raises(ZeroDivisionError):
        grade_one(Submission("s", "0", "cs231n", {}), asked, worker)
    assert worker.calls == ["open", "run", "close"]
