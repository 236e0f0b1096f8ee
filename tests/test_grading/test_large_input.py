"""A right item that takes too long for its large input is a flag, and nothing else is."""

from __future__ import annotations

import pytest

from grader.types import Evidence, Flag, Outcome
from tests.support import engine_end as end

CASE = "relu_forward/its large input"
ADVICE = "on a large input, where 0.25 s is generous: see whether it works out its answer number "
ADVICE += "by number"
TIMES: dict[str, tuple[Outcome, float, bool, str | None]] = {
    # outcome, cpu seconds, is the item right -> what is said of it
    "fast": ("answered", 0.1, True, None),
    "at the limit": ("answered", 0.25, True, None),
    "slow": ("answered", 0.3, True, f"relu_forward took 0.3 s of CPU time {ADVICE}"),
    "slow and wrong": ("answered", 9.0, False, None),
    "never done": ("timeout", 0.0, True, f"relu_forward did not finish {ADVICE}"),
    "never done and wrong": ("timeout", 9.0, False, None),
    "an exception, late": ("raised", 1.26, True, f"relu_forward took 1.3 s of CPU time {ADVICE}"),
    "not run": ("not_run", 0.0, True, None),
}  # fmt: skip


@pytest.mark.parametrize(("outcome", "cpu_s", "right", "says"), TIMES.values(), ids=TIMES)
def test_a_right_item_that_is_slow_is_flagged(
    outcome: Outcome, cpu_s: float, right: bool, says: str | None
) -> None:
    rubric = end.rubric(
        end.item("affine_forward"),
        end.item("relu_forward", large={"x": "9x9"}),
        limits={"large_s": 0.25},
    )
    seen = {
        CASE: Evidence(CASE, outcome, cpu_s=cpu_s),
        "affine_forward/one": Evidence("affine_forward/one", "answered", cpu_s=99.0),
    }
    flags = end.slow(seen, rubric, end.verdicts(rubric, relu_forward=right))
    wanted = Flag("slow", says or "", "layers.py: relu_forward")
    assert flags == (() if says is None else (wanted,))


def test_every_slow_item_is_flagged_and_what_was_not_measured_is_not() -> None:
    names = ("relu_forward", "relu_backward", "affine_forward")
    large = {"relu_forward": {"x": "9"}, "relu_backward": {"x": "9", "dout": "9"},
             "affine_forward": {"x": "1x9", "w": "9x1", "b": "1"}}  # fmt: skip
    rubric = end.rubric(*(end.item(name, large=large[name]) for name in names))
    cases = [f"{name}/its large input" for name in ("relu_forward", "affine_forward")]
    seen = {name: Evidence(name, "answered", cpu_s=1.0) for name in cases}
    flags = end.slow(seen, rubric, end.verdicts(rubric))
    assert [flag.where for flag in flags] == [
        "layers.py: relu_forward",
        "layers.py: affine_forward",
    ]
