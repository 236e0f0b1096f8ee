"""How far a class is: what is said where one submission takes minutes, and where many take one."""

from __future__ import annotations

import time

import pytest

from grader.cli.class_progress import facts
from grader.course.drive import Standing

TOLD = {  # done of 4, seconds since it began -> what is said
    (0, 5): "the first at work for 5 s",
    (0, 150): "the first at work for 2 min (notebooks take minutes each)",
    (2, 240): "one every 2 min, about 4 min left",
    (3, 1): "3.0 a second, about 0 s left",
}


@pytest.mark.parametrize(("done", "took"), TOLD)
def test_the_pace_is_told_in_the_unit_that_says_something(
    done: int, took: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + took)
    assert facts(Standing(4, done, began=1000.0)) == TOLD[done, took]
