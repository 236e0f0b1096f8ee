"""When a child is too late: seconds count as they pass, unless others keep it from running."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.guest import wire
from grader.guest.children import Answer, StudentProcess, more_s

LIMIT_S = 0.5


def work_s(seconds: float) -> None:
    """Use a core for so long."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


DOINGS: dict[str, Callable[[], None]] = {
    "works within its limit": lambda: work_s(0.6 * LIMIT_S),
    "works for ever": lambda: work_s(1e6),
    "waits for ever": lambda: time.sleep(1e6),
}


@pytest.fixture
def one_busy_core() -> Iterator[None]:
    """Share one core with three others that have enough to do."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    others = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            work_s(30.0)
            os._exit(0)
        others.append(pid)
    yield
    os.sched_setaffinity(0, before)
    for pid in others:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def outcome(doing: Callable[[], None]) -> str:
    def work(request: dict[str, Any], arrays: wire.Arrays, answer: Answer) -> None:
        doing()
        answer({"outcome": "answered"}, {})

    process = StudentProcess(work, 60, lambda cpu_s: os.setpgid(0, 0))
    try:
        ((_, reply, _),) = process.ask({}, {}, ["case"], LIMIT_S)
    finally:
        process.end()
    return str(reply["outcome"])


@pytest.mark.usefixtures("one_busy_core")
@pytest.mark.parametrize(
    ("doing", "comes_to"), [("works within its limit", "answered"), ("works for ever", "timeout"),
                            ("waits for ever", "timeout")]
)  # fmt: skip
def test_a_busy_machine_turns_no_answer_into_a_verdict(doing: str, comes_to: str) -> None:
    assert outcome(DOINGS[doing]) == comes_to


@pytest.mark.parametrize(
    ("worked", "waited", "more"),
    [
        (5.0, 5.0, 0.0),  # it has had what it may have
        (2.0, 5.0, 3.0),  # others had the rest
        (4.99, 5.0, 0.1),  # the clocks differ a little
        (0.05, 5.0, 0.0),  # it waits for something that is no core
        (0.0, 5.0, 0.0),  # it is gone, or sleeps
        (3.9, 39.0, 1.0),  # never longer than that
        (3.9, 40.0, 0.0),
    ],
)
def test_how_much_more_time_there_is(worked: float, waited: float, more: float) -> None:
    assert more_s(worked, waited, 5.0) == pytest.approx(more)
