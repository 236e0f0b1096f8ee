"""Which session what runs again is in: the open one, another one, a new one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from grader.grading.rerun import Sessions
from tests.support import engine_end as end

PLAIN = replace(end.JOB, files={"cs231n/layers.py": b"x = 1\n"})
OVER = replace(PLAIN, graft=end.GRAFTS)
OTHER = replace(PLAIN, files={"cs231n/layers.py": b"x = 2\n"})
OPEN, SWITCH = ["open"], ["open", "close", "open"]
ROWS: dict[str, tuple[Sequence[tuple[str, bool]], list[str]]] = {
    # jobs and whether a new driver is wanted -> calls
    "one": ([("plain", False)], OPEN),
    "the same again": ([("plain", False)] * 3, OPEN),
    "the same in a new driver": ([("plain", False), ("plain", True)], SWITCH),
    "over other layers": ([("plain", False), ("over", False), ("over", False)], SWITCH),
    "back from other layers": (
        [("plain", False), ("over", False), ("plain", False)], [*SWITCH, "close", "open"],
    ),
    "other files": ([("plain", False), ("other", False)], SWITCH),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "calls"), ROWS.values(), ids=ROWS)
def test_one_session_is_open_and_taken_over_only_by_the_same_job(
    asked: Sequence[tuple[str, bool]], calls: list[str]
) -> None:
    worker = end.Worker(otherwise={"out": 1.0})
    rubric = end.rubric(end.item("relu_forward"))
    sessions = Sessions(worker, rubric, time.monotonic() + 60)  # type: ignore[arg-type]
    jobs = {"plain": PLAIN, "over": OVER, "other": OTHER}
    for name, new in asked:
        session = sessions.of(jobs[name], new)
    assert worker.calls == calls
    sessions.close()
    sessions.close()
    assert worker.calls == [*calls, "close"]
    assert session.loaded.repaired == ("as read",)


def test_what_takes_a_session_over_starts_with_a_child_that_ran_nothing() -> None:
    worker = end.Worker(otherwise={"out": 1.0})
    rubric = end.rubric(end.item("relu_forward"))
    sessions = Sessions(worker, rubric, time.monotonic() + 60)  # type: ignore[arg-type]
    for _ in range(2):
        session = sessions.of(PLAIN)
        for _ in range(2):
            session.once(rubric.cases, alone=False)
    assert worker.children == ["new", "there", "new", "there"]
