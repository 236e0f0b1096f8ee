"""Arrays in pieces: whole ones come back as they were, anything else is no array."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from grader.notebooks import spool
from grader.notebooks.spool import Spool

ONES = np.ones(4, np.float32)


def say(name: Any = "W1", shape: Any = (2, 4)) -> dict[str, Any]:
    return {"array": name, "shape": list(shape) if isinstance(shape, tuple) else shape}


def test_whole_arrays_come_back_run_by_run() -> None:
    with Spool() as one:
        for value in (1.0, 2.0):
            assert one.add(say(), value * ONES) and one.add(say(), -value * ONES)
            assert one.add(say("b1", (4,)), ONES) and one.add(say("c", ()), ONES[:1])
            arrays = one.take()
            assert arrays is not None and list(arrays) == ["W1", "b1", "c"]
            assert np.array_equal(arrays["W1"], value * np.array([[1] * 4, [-1] * 4]))
            assert arrays["c"].shape == () and isinstance(arrays["W1"], np.memmap)
        assert one.take() == {}


def test_a_run_takes_one_descriptor_however_many_arrays_it_has() -> None:
    """A search over many nets would use up those of the process, and `select` takes 1,024."""
    with Spool() as one:
        before, kept = len(os.listdir("/proc/self/fd")), []
        for _ in range(3):
            for number in range(50):
                assert one.add(say(f"W{number}", (4,)), number * ONES)
            kept.append(one.take())
        assert len(os.listdir("/proc/self/fd")) <= before + 3
        assert all(arrays and arrays["W49"].tolist() == [49] * 4 for arrays in kept)


REFUSED: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "no piece": [(say(), None)],
    "another dtype": [(say(), np.ones(4, dtype=np.int32))],
    "another dtype than before": [(say(), ONES[:4]), (say(), np.ones(4))],
    "a name that is none": [(say(7), ONES)],
    "a shape that is none": [(say(shape="8"), ONES)],
    "a negative size": [(say(shape=(-1,)), ONES)],
    "true as a size": [(say(shape=(True, 8)), ONES)],
    "more than it has": [(say(shape=(3,)), ONES)],
    "an absurd size": [(say(shape=(2**20, 2**20)), ONES)],
    "too many axes": [(say(shape=(1, 1, 1, 1, 4)), ONES)],
    "another shape half way": [(say(), ONES), (say(shape=(4, 2)), ONES)],
    "another array before it is whole": [(say(), ONES), (say("b", (4,)), ONES)],
    "one that was whole": [(say("b", (4,)), ONES), (say("b", (8,)), ONES)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    with Spool() as one:
        taken = [one.add(*step) for step in REFUSED[name]]
        assert taken == [True] * (len(taken) - 1) + [False]


def test_a_run_that_is_not_whole_is_none_and_the_next_is_whole() -> None:
    with Spool() as one:
        assert one.add(say(), ONES)
        assert one.take() is None
        assert one.add(say("b", (4,)), ONES)
        assert list(one.take() or {}) == ["b"]


def test_the_disk_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_BYTES", 40)
    with Spool() as one:
        assert one.add(say("a", (4,)), ONES) and one.add(say("b", (4,)), ONES)
        assert not one.add(say("c", (4,)), ONES)
