"""Arrays that no homework gives: looking into them neither breaks nor lasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.diagnosis import folding, relations
from grader.diagnosis.relations import Observed
from grader.judges import Attempt, Rules, wrong
from grader.types import Case

TRUTH = np.array([True, False])
ROWS = np.zeros((2**20, 0))


def attempt(**options: Any) -> Attempt:
    case = Case(
        id="i/c", item="i", probe="optim.update", inputs={}, options=options, public=False,
        judge="dropout.seeded", part=None, only=(), needs=(), alternatives=(),
    )  # fmt: skip
    return Attempt(case, {}, {"outs": ROWS}, {}, (), Rules(1e-9, 1e-4))


def starts_as(got: np.ndarray) -> bool:
    steps = np.ones((4, 3))
    one = Observed("v", attempt().case, got, steps, {}, {"next_w": steps}, 1.0)
    return relations._starts_as(one, got, steps, 1e-9)


LOOKS: dict[str, tuple[Callable[[], object], object]] = {
    "truth values as biases": (lambda: folding._drawn_alike(TRUTH, TRUTH), True),
    "a million passes under two seeds": (
        lambda: wrong._repeats(attempt(seeds=[1, 1])), frozenset({wrong.OTHER})),
    "weights without a number": (lambda: wrong._drawn(np.zeros((0, 3)), 0.01), wrong.OTHER),
    "no step": (lambda: starts_as(np.zeros((0, 3))), False),
    "a number instead of steps": (lambda: starts_as(np.array(1.0)), False),
}  # fmt: skip


@pytest.mark.parametrize(("look", "says"), LOOKS.values(), ids=LOOKS)
def test_an_odd_array_is_looked_at_and_done_with(look: Callable[[], object], says: object) -> None:
    assert look() == says
