"""What a backward pass may ask of its forward pass before a person should look."""

from __future__ import annotations

import re

import pytest

from grader.grading import passes
from grader.types import PassCount

COUNTS: dict[str, tuple[PassCount, str]] = {
    # name, calls, numbers, complex ones; the forward pass's calls and numbers -> what is said
    "its forward pass once": (PassCount("relu_forward", 1, 48, 0, 1, 48), ""),
    "its forward pass twice": (PassCount("relu_forward", 2, 96, 0, 1, 48), "more often than"),
    "a window's forward pass": (PassCount("one_forward", 9, 48, 0, 9, 48), ""),
    "a helper three times": (PassCount("rows", 3, 144, 0, 1, 48), ""),
    "a helper for every number": (PassCount("dot", 1_240, 9_000, 0, 168, 6_720), ""),
    "a helper for every number, once in a forward pass": (
        PassCount("norm", 384, 147_456, 0, 1, 384), "20 times as often"),
    "a helper on very much at once": (
        PassCount("norm", 1, 147_456, 0, 1, 384), "20 times the numbers"),
    "a helper on a few times as much": (PassCount("norm", 1, 3_840, 0, 1, 384), ""),
    "a helper that takes no array": (PassCount("eps", 4, 0, 0, 1, 0), ""),
    "complex numbers": (PassCount("norm", 1, 384, 1, 1, 384), "complex"),
}  # fmt: skip


@pytest.mark.parametrize(("count", "says"), COUNTS.values(), ids=COUNTS)
def test_much_is_what_no_honest_backward_pass_needs(count: PassCount, says: str) -> None:
    told = list(passes._messages("layernorm_backward", [count]))
    assert bool(told) is bool(says)
    assert all(says in one for one in told)


@pytest.mark.parametrize("name", ["relu_forward", "rows", "s_445027331342338_forward"])
def test_no_count_and_no_name_of_the_students_own_is_told(name: str) -> None:
    (told,) = passes._messages("relu_backward", [PassCount(name, 445_027_331, 9, 0, 1, 9)])
    assert (name in told) is (name == "relu_forward")
    assert not re.search(r"[0-9]{3}", told.replace(name, ""))


def test_a_forward_pass_is_named_before_its_helpers() -> None:
    counts = [PassCount("norm", 384, 9, 0, 1, 9), PassCount("layernorm_forward", 384, 9, 0, 1, 9)]
    assert "layernorm_forward" in next(passes._messages("layernorm_backward", counts))
