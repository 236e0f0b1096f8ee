"""Lines are watched without a call of the student's own, and within bounds."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pytest

from grader.guest import steps
from grader.guest.steps import MOST_STEPS, NUMBERS, Steps, fingerprint

PATH, HELPERS = "cs231n/layers.py", "cs231n/helpers.py"
SOURCE = """
def doubled(x):
    y = 2 * x
    y += 1
    z = y
    return [sum(z),
            {"half": x / 2}]

def calls(x):
    return helper(x - 1)

def endless(x):
    n = 0.5
    while True:
        n = n + x

def raises(x):
    y = 3 * x
    raise ValueError(y)
"""
HELPER = "def helper(x):\n    return x * x\n"


def watched(name: str, argument: Any, paths: tuple[str, ...] = (PATH, HELPERS)) -> Steps:
    space: dict[str, Any] = {}
    exec(compile(HELPER, HELPERS, "exec"), space)
    exec(compile(SOURCE, PATH, "exec"), space)
    made = Steps(paths)
    made.watch(lambda: space[name](argument))
    return made


def rows(made: Steps) -> list[tuple[int, int, int, float]]:
    """Return (file, line, again, sum) of each step."""
    table = made.table()
    at = [NUMBERS.index(name) for name in ("file", "line", "again", "sum")]
    return [(int(f), int(line), int(again), total) for f, line, again, total in table[:, at]]


def test_each_value_has_the_line_that_made_it() -> None:
    assert rows(watched("doubled", np.array([1.0, 2.0]))) == [
        (0, 3, 0, 6.0), (0, 4, 0, 8.0), (0, 5, 1, 8.0), (0, 6, 0, 8.0), (0, 6, 0, 1.5),
    ]  # fmt: skip


def test_what_a_function_is_called_with_is_of_the_line_that_calls_it() -> None:
    assert rows(watched("calls", 3.5)) == [(0, 10, 0, 2.5), (1, 2, 0, 6.25)]
    assert rows(watched("calls", 3.5, (PATH,))) == [(0, 10, 0, 6.25)]


def test_loops_without_end_are_watched_up_to_a_number() -> None:
    class Enough(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Enough

    import signal

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.6)  # of CPU: load takes none of it
    space: dict[str, Any] = {}
    exec(compile(SOURCE, PATH, "exec"), space)
    made, started = Steps([PATH]), time.process_time()
    try:
        with pytest.raises(Enough):
            made.watch(lambda: space["endless"](0.25))
    finally:
        signal.signal(signal.SIGVTALRM, before)
    assert time.process_time() - started < 2
    assert len(made.table()) == MOST_STEPS


def test_what_watched_before_watches_again_even_after_an_exception() -> None:
    before = sys.gettrace()
    with pytest.raises(ValueError):
        watched("raises", 2.0)
    assert sys.gettrace() is before


class Mine(np.ndarray):
    def __array_finalize__(self, _: Any) -> None:
        pass


class Bad:
    """Whoever calls a method of it is told."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)

    def __eq__(self, _: object) -> bool:
        raise AssertionError("eq")

    def __hash__(self) -> int:
        raise AssertionError("hash")

    def __repr__(self) -> str:
        raise AssertionError("repr")


class Keys(dict[Any, Any]):
    def values(self) -> Any:
        raise AssertionError("values")


class Number(float):
    def __float__(self) -> float:
        raise AssertionError("float")


HOSTILE: dict[str, Any] = {
    "an object": Bad(),
    "a list of objects": [Bad(), (Bad(), {1: Bad()})],
    "an array of a class": np.ones(3).view(Mine),
    "an array of objects": np.array([object(), None], dtype=object),
    "a dictionary of a class": Keys(a=1.5),
    "a number of a class": Number(1.5),
    "an integer without end": 10**5000,
    "nan": float("nan"),
    "inf in an array": np.array([1.0, np.inf]),
    "what overflows": np.array([1e308, 1e308]),
    "nothing": np.zeros(0),
    "large": np.ones(steps.LARGEST + 1),
    "text": "1.5",
    "true": True,
    "a record": np.zeros(2, dtype=[("a", float)]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_only_plain_numbers_are_looked_at(name: str) -> None:
    space: dict[str, Any] = {}
    exec(compile("def same(x):\n    y = x\n    return (x, y)\n", PATH, "exec"), space)
    made = Steps([PATH])
    with np.errstate(all="ignore"):
        made.watch(lambda: space["same"](HOSTILE[name]))
    assert len(made.table()) == 0


def test_a_dictionary_that_holds_itself_and_a_long_one_come_to_an_end() -> None:
    itself: dict[Any, Any] = {"a": 0.75}
    itself["me"] = itself
    assert rows(watched("calls", 1.5))
    assert [one for one in steps.values_in([itself]) if fingerprint(one)] == [0.75, 0.75][:2]
    assert len(list(steps.values_in([dict.fromkeys(range(10_000), 0.5)]))) == steps.MOST_VALUES
