"""Which calls of right layers are noted, and with which numbers."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.box.evidence import asked
from grader.guest.calls import Calls
from tests.support.assignments import shipped_as

ONE, OTHER = np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[1.0, 3.0], [-2.0, 4.0]])


def layer(x: Any, w: Any = 2.0) -> Any:
    return x


def noted(numbered: bool, *args: Any, **kwargs: Any) -> list[list[Any]]:
    """Return [name, numbers] of what a layer that is called once leaves."""
    calls = Calls()
    watched = calls.watched("affine_forward", layer)
    calls.begin(numbered)
    watched(*args, **kwargs)
    return [[name, numbers] for name, _, _, numbers in calls.taken()]


def test_numbers_are_size_sum_size_of_all_and_a_sum_that_tells_the_order() -> None:
    ((name, numbers),) = noted(True, ONE, w=3)
    ordered = 1 - 2 * math.cos(1) + 3 * math.cos(2) + 4 * math.cos(3)
    assert name == "affine_forward"
    assert numbers == {"x": pytest.approx([4, 6, 10, ordered]), "w": [1, 3, 3, 3]}
    assert noted(True, OTHER)[0][1]["x"][:3] == numbers["x"][:3]
    assert noted(True, OTHER)[0][1]["x"][3] != numbers["x"][3]


def test_numbers_that_are_not_finite_raise_nothing_in_the_callers_own_setting() -> None:
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        ((_, numbers),) = noted(True, np.array([np.inf, -np.inf]))
    assert numbers == {"x": [2, 0, 0, 0]}


def test_a_call_is_noted_without_numbers_where_nobody_compares_them() -> None:
    assert noted(False, ONE) == [["affine_forward", {}]]


@pytest.mark.parametrize(
    ("public", "probe", "numbered"),
    [(True, "nets.net_loss", True), (False, "nets.net_loss", False), (False, "folds.folded", True)],
)
def test_numbers_are_asked_for_where_a_right_net_is_compared(
    public: bool, probe: str, numbered: bool
) -> None:
    case = next(c for c in shipped_as("cs231n-a2").cases if c.probe == "nets.net_loss")
    assert asked(replace(case, public=public, probe=probe))["numbered"] is numbered
