"""Calls of a student's functions are counted, in forward and in backward passes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from grader.guest.passes import MOST, Passes

PATH = "cs231n/layers.py"
SOURCE = """
def helper(x, scale=1.0):
    return x * scale

def relu_forward(x):
    return helper(x), x

def relu_backward(dout, cache):
    relu_forward(cache)
    return helper(dout) + helper(cache + 0j).real

def alone(x):
    return x

def raises(dout, cache):
    raise ValueError
"""


@pytest.fixture
def layers() -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(SOURCE, PATH, "exec"), space)
    return space


def test_what_runs_in_both_passes_is_counted_by_function(layers: dict[str, Any]) -> None:
    passes, x = Passes([PATH]), np.ones((2, 3))
    passes.run("relu_forward", layers["relu_forward"], x)
    passes.run("relu_backward", layers["relu_backward"], x, x)
    assert passes.counts() == [
        ["relu_forward", [1, 6, 0], [1, 6, 0]],
        ["helper", [3, 18, 1], [1, 6, 0]],
    ]


def test_what_is_not_the_students_or_runs_in_one_pass_only_is_not_told(
    layers: dict[str, Any],
) -> None:
    passes = Passes(["elsewhere.py"])
    for name in ("relu_forward", "relu_backward"):
        passes.run(name, layers["alone"], np.ones(2))
    assert passes.counts() == []
    passes = Passes([PATH])
    passes.run("relu_backward", layers["alone"], np.ones(2))
    assert passes.counts() == []


def test_what_watched_before_watches_again_even_after_an_exception(layers: dict[str, Any]) -> None:
    before, passes = sys.getprofile(), Passes([PATH])
    with pytest.raises(ValueError):
        passes.run("relu_backward", layers["raises"], np.ones(2), None)
    assert sys.getprofile() is before


def test_functions_without_end_are_counted_up_to_a_number() -> None:
    passes, x = Passes([PATH]), np.ones(2)
    for number in range(2 * MOST):
        space: dict[str, Any] = {}
        exec(compile(f"def f{number}(x):\n    return x\n", PATH, "exec"), space)
        for name in ("relu_forward", "relu_backward"):
            passes.run(name, space[f"f{number}"], x)
    assert len(passes.counts()) == MOST
