"""Judges: which answers are right, which are wrong, and what is said about them.

Layers and nets, right and wrong, are simulated here in a few lines of NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from grader import judges
from grader.errors import RubricError
from grader.judges import Attempt, Finding, Judge, Rules, wording
from grader.judges.own import NUDGE
from grader.judges.tolerances import TOLERANCES
from grader.types import Arrays, Case

RULES = Rules(float64=1e-9, float32=1e-4)
TINY = 2.0**-20  # about 1e-6; a power of two, so that sums with it are exact


def attempt(
    arrays: Arrays,
    *expected: Arrays,
    inputs: Arrays | None = None,
    options: Mapping[str, Any] | None = None,
    refused: Mapping[str, str] | None = None,
    rules: Rules = RULES,
) -> Attempt:
    case = Case(
        id="item/case", item="item", probe="p.q", inputs={}, options=options or {}, public=True,
        judge="", part=None, only=(), needs=(), alternatives=(),
    )  # fmt: skip
    return Attempt(case, inputs or {}, arrays, refused or {}, expected, rules)


@dataclass(frozen=True)
class Worded:
    """A finding, and the sentences about it for a public and for a hidden case."""

    finding: Finding
    public: str
    hidden: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finding, name)


def worded(finding: Finding, seen: Attempt) -> Worded:
    if finding.kind is None:
        return Worded(finding, "", "")
    return Worded(finding, wording.public(finding, seen), wording.hidden(finding, seen))


def found(judge: str, seen: Attempt) -> dict[str, Worded]:
    with np.errstate(all="ignore"):  # as the evaluator does
        findings = list(judges.find(judge).decide(seen))
    assert len({one.output for one in findings}) == len(findings), "one finding for each output"
    return {one.output: worded(one, seen) for one in findings}


def wrong(findings: Mapping[str, Worded]) -> set[str]:
    """What costs a point."""
    return {name for name, one in findings.items() if one.kind is not None and not one.warning}


def close(got: Any, want: Any, rules: Rules = RULES, **others: Any) -> Worded:
    """The finding about one array x beside one golden answer."""
    outputs = {"x": np.asarray(got), **{n: np.asarray(a) for n, a in others.items()}}
    answers = {"x": np.asarray(want, dtype=float), **{n: np.asarray(others[n]) for n in others}}
    return found("values.close", attempt(outputs, answers, rules=rules))["x"]


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name", ["values.close", "dropout.train", "dropout.seeded", "dropout.backward", "nets.init",
             "nets.dropout", "nets.repeated", "nets.fresh", "masked.close", "nets.penalty",
             "nets.seeded", "own.gradient"],
)  # fmt: skip
def test_a_judge_is_found_by_its_dotted_name(name: str) -> None:
    assert isinstance(judges.find(name), Judge)
    assert judges.find(name).golden is (name == "values.close")


@pytest.mark.parametrize(
    "name", ["", "values", "values.", ".close", "values.nothing", "nothing.close", "values.decide",
             "values.np", "..os.system", "tolerances.TOLERANCES"],
)  # fmt: skip
def test_a_name_that_is_no_judge_is_refused(name: str) -> None:
    with pytest.raises(RubricError, match="grader/judges has none of that name"):
        judges.find(name)


def test_tolerances_are_those_that_were_measured() -> None:
    """The table is the one place where they are set; this is the second opinion."""
    assert {name: (row.float64, row.float32) for name, row in TOLERANCES.items()} == {
        "exact": (0, 0), "layer": (1e-12, 1e-5), "norm": (1e-10, 1e-4), "optimizer": (1e-11, 1e-5),
        "net": (1e-10, 1e-4), "difference": (1e-6, 1e-6),
    }  # fmt: skip
    assert all(row.why for row in TOLERANCES.values())


# ---------------------------------------------------------------- values: shape

A = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
V = np.array([1.0, -2.0, 3.0])


def test_the_right_array_is_right() -> None:
    one = close(A.copy(), A)
    assert (one.kind, one.warning, one.error, one.allowed) == (None, False, 0.0, 1e-9)


SHAPES: dict[str, tuple[Any, Any, str]] = {
    "(3, 2) for (2, 3)": (A.T, A, "x has shape (3, 2), expected (2, 3)"),
    "(6,) for (2, 3)": (A.ravel(), A, "x has shape (6,), expected (2, 3)"),
    "(2, 3) for (3,)": (np.stack([V, V]), V, "x has shape (2, 3), expected (3,)"),
    "() for (3,)": (1.0, V, "x has shape (), expected (3,)"),
    "(1,) for (3,)": ([1.0], V, "x has shape (1,), expected (3,)"),
    "(0,) for (3,)": ([], V, "x has shape (0,), expected (3,)"),
    "(3,) for ()": (V, 1.0, "x has shape (3,), expected ()"),
    "(3,) for (0,)": (V, [], "x has shape (3,), expected (0,)"),
    "(2, 1, 3) for (3, 2)": (A[:, None], A.T, "x has shape (2, 1, 3), expected (3, 2)"),
    # beside (N, D) these would make a matrix of a vector
    "(3, 1) for (3,)": (V[:, None], V, "x has shape (3, 1), expected (3,)"),
    "(3, 1) for (1, 3)": (V[:, None], V[None], "x has shape (3, 1), expected (1, 3)"),
    "(3,) for (3, 1)": (V, V[:, None], "x has shape (3,), expected (3, 1)"),
    "(2, 3, 1) for (2, 3)": (A[:, :, None], A, "x has shape (2, 3, 1), expected (2, 3)"),
}


@pytest.mark.parametrize(("got", "want", "says"), SHAPES.values(), ids=SHAPES.keys())
def test_another_shape_is_wrong_and_nothing_broadcasts(got: Any, want: Any, says: str) -> None:
    for policy in ("warn", "fail"):
        one = close(got, want, Rules(1e-9, 1e-4, unit_axes=policy))
        assert (one.kind, one.warning, one.public) == ("shape", False, says)
        assert one.hidden == "x has the wrong shape"


UNIT_AXES = {
    "(1, 3) for (3,)": (V[None], V),
    "(1, 1, 3) for (3,)": (V[None, None], V),
    "(3,) for (1, 3)": (V, V[None]),
    "(1, 1) for ()": ([[7.0]], 7.0),
    "(1,) for ()": ([7.0], 7.0),
    "() for (1,)": (7.0, [7.0]),
    "(2, 1, 3) for (2, 3)": (A[:, None], A),
    "(1, 0) for (0,)": (np.zeros((1, 0)), np.zeros(0)),
}


@pytest.mark.parametrize(("got", "want"), UNIT_AXES.values(), ids=UNIT_AXES.keys())
def test_a_gradient_with_an_extra_axis_of_length_one_is_a_warning(got: Any, want: Any) -> None:
    one = close(got, want)
    assert (one.kind, one.warning) == ("shape", True)
    assert one.public == (f"x has right values in shape {np.shape(got)}, expected {np.shape(want)}")
    assert one.hidden == "x has right values, with an extra axis of length 1"


@pytest.mark.parametrize(("got", "want"), UNIT_AXES.values(), ids=UNIT_AXES.keys())
def test_where_the_rubric_says_fail_it_is_a_fault(got: Any, want: Any) -> None:
    one = close(got, want, Rules(1e-9, 1e-4, unit_axes="fail"))
    assert (one.kind, one.warning) == ("shape", False)


def test_wrong_values_in_an_extra_axis_are_wrong_values() -> None:
    one = close([[1.0, -2.0, 3.5]], V)
    assert (one.kind, one.warning, one.at) == ("value", False, (2,))


# ---------------------------------------------------------------- values: finite, before value

NOT_FINITE: dict[str, tuple[Any, str]] = {
    "nan": ([[1, np.nan, 3], [4, 5, -6]], "x has nan in 1 of 6 cells, the first at (0, 1)"),
    "inf": ([[1, -2, 3], [4, 5, np.inf]], "x has inf in 1 of 6 cells, the first at (1, 2)"),
    "-inf": ([[1, -2, 3], [-np.inf, 5, -6]], "x has inf in 1 of 6 cells, the first at (1, 0)"),
    "both": ([[1, np.inf, 3], [np.nan, 5, -6]], "x has nan in 2 of 6 cells, the first at (0, 1)"),
    "nan and else": ([[9, 9, 9], [np.nan, 9, 9]], "x has nan in 1 of 6 cells, the first at (1, 0)"),
    "all": (np.full((2, 3), np.nan), "x has nan in 6 of 6 cells, the first at (0, 0)"),
}  # fmt: skip


@pytest.mark.parametrize(("got", "says"), NOT_FINITE.values(), ids=NOT_FINITE.keys())
def test_nan_and_inf_are_told_before_values(got: Any, says: str) -> None:
    one = close(got, A)
    assert (one.kind, one.warning, one.public) == ("not_finite", False, says)
    assert one.hidden in ("x has nan in it", "x has inf in it") and one.error is None
    assert one.wrong is not None and np.array_equal(one.wrong, ~np.isfinite(np.array(got)))


def test_a_wrong_shape_is_told_before_nan() -> None:
    assert close(np.full((3, 2), np.nan), A).kind == "shape"


def test_nan_in_single_precision_and_in_an_extra_axis_is_not_finite() -> None:
    assert close(np.array([1, np.nan, 3], dtype=np.float32), V).kind == "not_finite"
    assert close([[1, np.inf, 3]], V).kind == "not_finite"
    assert close(np.nan, 1.0).kind == "not_finite"


# ---------------------------------------------------------------- values: the edge of the tolerance

# Expected 1024 at most, and errors that are exact in float64: allowed is 2**-20 of the scale 1024.
EDGE = Rules(float64=TINY, float32=TINY)
BIG = np.array([1024.0, 1.0, -512.0])
UNIT = 1024 * TINY  # the largest error that is allowed, exactly
JUST = 1 + 2.0**-20

EDGES: dict[str, tuple[np.ndarray, bool]] = {
    "just under": (np.array([0, UNIT / JUST, 0]), True),
    "at": (np.array([0, UNIT, 0]), True),
    "just over": (np.array([0, UNIT * JUST, 0]), False),
    "at, below": (np.array([0, -UNIT, 0]), True),
    "just over, below": (np.array([0, -UNIT * JUST, 0]), False),
    "over in the largest": (np.array([UNIT * 1.5, 0, 0]), False),
    "over in two": (np.array([0, UNIT * 2, -UNIT * 3]), False),
}


@pytest.mark.parametrize(("error", "right"), EDGES.values(), ids=EDGES.keys())
def test_the_tolerance_holds_at_its_very_edge(error: np.ndarray, right: bool) -> None:
    one = close(BIG + error, BIG, EDGE)
    assert (one.kind is None) is right
    assert one.allowed == TINY
    assert one.error == pytest.approx(np.abs(error).max() / 1024, rel=1e-9)


def test_a_wrong_value_says_how_many_where_and_by_how_much() -> None:
    got = A + np.array([[0, 0, 0.5], [0, -3.0, 0]])
    one = close(got, A)
    # the scale is 6, the worst error 3 in cell (1, 1): half of the scale; 2 of 6 are wrong
    assert (one.kind, one.at, one.error, one.allowed) == ("value", (1, 1), 0.5, 1e-9)
    assert one.wrong is not None
    assert one.wrong.tolist() == [[False, False, True], [False, True, False]]
    assert one.public.startswith("x has wrong values: 2 of 6 cells differ, ")
    assert one.public.endswith(" 50 % of its largest value")  # nobody takes that for rounding
    assert one.hidden.startswith("x is wrong: ") and "cells" not in one.hidden
    assert "50 % of its largest value" in one.hidden
    assert one.expected is not None and one.got is not None
    assert np.array_equal(one.expected, A) and np.array_equal(one.got, got)


@pytest.mark.parametrize(("error", "says"), [(0.00999, True), (0.01, False), (2.0, False)])
def test_what_rounding_would_be_is_said_of_an_error_that_could_be_taken_for_it(
    error: float, says: bool
) -> None:
    one = close(np.array([1.0, 1.0 + error]) / (1.0 + error), np.array([1.0, 1.0]) / (1.0 + error))
    assert ("; rounding would be 0.0000001 %" in one.public) is says, one.public
    assert "it has to be exact" not in one.public


def test_a_wrong_number_has_no_cells_to_count() -> None:
    one = close(3.0, 4.0)
    assert (one.kind, one.error, one.at) == ("value", 0.25, ())
    assert one.public.startswith("x is wrong: ") and "25 % of its" in one.public
    assert "cells" not in one.public
    assert close(3.0, 4.0, Rules(0.0, 0.0)).public.endswith("it has to be exact")


@pytest.mark.parametrize("huge", [1e308, -1e308])
def test_an_error_that_overflows_is_wrong(huge: float) -> None:
    one = close([huge, 0.0], [-huge, 1e-300])
    assert one.kind == "value" and one.error == math.inf and one.at == (0,)


# ---------------------------------------------------------------- values: dtype


def test_single_precision_is_a_warning_within_its_own_tolerance() -> None:
    got = (A * (1 + 3e-6)).astype(np.float32)
    one = close(got, A)
    assert (one.kind, one.warning, one.allowed) == ("dtype", True, 1e-4)
    assert one.error is not None and 2e-6 < one.error < 4e-6
    fail = close(got, A, Rules(1e-9, 1e-4, float32_policy="fail"))
    assert (fail.kind, fail.warning) == ("dtype", False)


def test_single_precision_beyond_its_tolerance_is_a_wrong_value() -> None:
    one = close((A * 1.001).astype(np.float32), A)
    assert (one.kind, one.warning, one.allowed) == ("value", False, 1e-4)


def test_double_precision_is_judged_as_such() -> None:
    one = close(A * (1 + 3e-6), A)
    assert (one.kind, one.allowed) == ("value", 1e-9)


def test_single_precision_in_an_extra_axis_obeys_both_rules() -> None:
    got = V[None].astype(np.float32)
    assert close(got, V).warning
    assert not close(got, V, Rules(1e-9, 1e-4, unit_axes="fail")).warning
    assert not close(got, V, Rules(1e-9, 1e-4, float32_policy="fail")).warning


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float64])
def test_integers_that_are_right_are_right(dtype: type) -> None:
    assert close(A.astype(dtype), A).kind is None


@pytest.mark.parametrize(
    ("got", "right"),
    [
        (np.array([True, False]), True),
        (np.array([1, 0], dtype=np.uint8), True),
        (np.array([False, False]), False),
        (np.array([255, 0], dtype=np.uint8), False),
    ],
)
def test_bools_and_bytes_count_as_numbers(got: np.ndarray, right: bool) -> None:
    assert (close(got, [1.0, 0.0]).kind is None) is right


def test_integers_are_not_cut_off_and_do_not_wrap_around() -> None:
    assert close(np.array([1, 2, 3]), [1.5, 2.0, 3.0]).kind == "value"
    assert close(np.array([-(2**63), 0]), [2.0**63, 0.0]).error == 2.0
    assert close(np.array([0], dtype=np.uint8), [-1.0]).error == 1.0
    assert close(np.array([2**62, 0]), [2.0**62, 0.0]).kind is None


# ---------------------------------------------------------------- values: scale


def test_an_error_is_measured_by_the_largest_expected_value_of_the_array() -> None:
    # an error of 1e-6 beside 1e4 is 1e-10 of it, and beside 1 it is 1e-6
    assert close([1e4, 1 + 1e-6], [1e4, 1.0]).kind is None
    assert close([1.0, 1 + 1e-6], [1.0, 1.0]).kind == "value"


def test_a_small_array_is_measured_by_a_thousandth_of_the_largest_in_the_case() -> None:
    # beside 4.0 the scale is 4e-3: noise of 1e-15 is 2.5e-13 of it, and right
    noise = close([1e-15, -1e-15], [0.0, 0.0], big=[4.0])
    assert noise.kind is None and noise.error == pytest.approx(2.5e-13)
    assert close([1e-9, 0.0], [0.0, 0.0], big=[4.0]).error == pytest.approx(2.5e-7)
    assert close([1e-9, 0.0], [0.0, 0.0], big=[4.0]).kind == "value"
    # an array above that floor keeps its own scale
    own = close([0.5 + 1e-6], [0.5], big=[4.0])
    assert own.error == pytest.approx(2e-6)
    # and one below it takes the floor's
    low = close([1e-3 + 1e-9], [1e-3], big=[4.0])
    assert low.error == pytest.approx(2.5e-7, rel=1e-6)


def test_where_everything_is_zero_an_error_is_measured_as_it_is() -> None:
    assert close([0.0, 0.0], [0.0, 0.0]).kind is None
    assert close([0.0, -0.0], [0.0, 0.0]).kind is None
    one = close([0.0, 0.25], [0.0, 0.0])
    assert (one.kind, one.error, one.at) == ("value", 0.25, (1,))


def test_an_array_without_cells_is_right() -> None:
    assert close(np.zeros((0, 3)), np.zeros((0, 3))).kind is None
    assert close(np.zeros((0,)), np.zeros((0,)), other=np.zeros((0,))).kind is None


def test_exact_means_every_bit() -> None:
    exact = Rules(0.0, 0.0)
    assert close(A.copy(), A, exact).kind is None
    assert close(np.nextafter(A, 9), A, exact).kind == "value"
    assert close(A.astype(np.float32), A, exact).warning  # small integers are exact there too
    assert close((A / 3).astype(np.float32), A / 3, exact).kind == "value"


SINGLE: dict[str, tuple[float, bool, str, str | None]] = {
    # error of a float64 answer, whether something else in the case is float32, policy -> its kind
    "rounded inside": (1e-7, True, "warn", "dtype"),
    "rounded inside, more than that": (1e-3, True, "warn", "value"),
    "rounded inside, where that is not allowed": (1e-7, True, "fail", "value"),
    "nothing is float32": (1e-7, False, "warn", "value"),
    "right all the same": (1e-12, True, "warn", None),
}


@pytest.mark.parametrize(("error", "other", "policy", "kind"), SINGLE.values(), ids=SINGLE.keys())
def test_what_is_computed_from_float32_is_judged_as_float32(
    error: float, other: bool, policy: str, kind: str | None
) -> None:
    got = {"x": A * (1 + error)} | ({"kept": np.float32(0)} if other else {})
    rules = Rules(1e-9, 1e-5, float32_policy=policy)
    one = found("values.close", attempt(got, {"x": A}, rules=rules))["x"]
    assert one.kind == kind
    assert one.warning is (kind == "dtype")


# ---------------------------------------------------------------- values: missing, alternatives


def test_an_output_that_is_not_there_is_missing() -> None:
    one = found("values.close", attempt({"y": V}, {"x": V}))["x"]
    assert (one.kind, one.public, one.warning) == ("missing", "x is missing", False)


@pytest.mark.parametrize(
    ("probe", "name", "wanted"),
    [
        ("nets.net_loss", "db1", "db1 is missing: grads has no 'b1'"),
        ("nets.net_loss", "loss", "loss is missing"),
        ("optim.update", "m", "m is missing: config has no 'm' after the step"),
        ("optim.update", "next_w", "next_w is missing"),
        ("layers.affine_backward", "dx", "dx is missing"),
    ],
)
def test_what_is_missing_is_said_with_the_place_where_it_was_looked_for(
    probe: str, name: str, wanted: str
) -> None:
    seen = attempt({"y": V}, {name: V})
    seen = replace(seen, case=replace(seen.case, probe=probe))
    one = found("values.close", seen)[name]
    assert (one.kind, one.public, one.hidden) == ("missing", wanted, wanted)


def test_parameters_without_a_gradient_are_told_in_words() -> None:
    orphans = {"parameters_without_gradient": np.array(1.0)}
    want = {"parameters_without_gradient": np.array(0.0)}
    one = found("values.close", attempt(orphans, want))["parameters_without_gradient"]
    assert one.kind == "missing" and one.public == one.hidden
    assert one.public.startswith("grads is not complete") and one.error is None


def test_where_a_gradient_is_named_as_missing_its_number_is_not_told_too() -> None:
    want = {"parameters_without_gradient": np.array(0.0), "dW1": A}
    findings = found("values.close", attempt({"parameters_without_gradient": np.array(1.0)}, want))
    assert set(findings) == {"dW1"}


def test_what_a_difference_of_two_runs_is_about_is_said() -> None:
    seen = attempt({"loss": np.array(3.0)}, {"loss": np.array(2.0)})
    seen = replace(seen, case=replace(seen.case, probe="nets.net_regularization"))
    one = found("values.close", seen)["loss"]
    assert one.public.startswith("what reg adds to loss is wrong: off by 50 % of its value")
    assert one.hidden == one.public.replace("off by", "off by up to")


REFUSED = {
    "None": ("not_written", "x is still None", "x is still None"),
    "an array of dtype object": (
        "dtype", "x is an array of dtype object; an array of float64 is expected",
        "x is no array of float64",
    ),
    "a list of secrets": (
        "dtype", "x is a list of secrets; an array of float64 is expected",
        "x is no array of float64",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("what", "wanted"), REFUSED.items(), ids=REFUSED.keys())
def test_an_output_that_is_no_array_says_what_it_is(
    what: str, wanted: tuple[str, str, str]
) -> None:
    one = found("values.close", attempt({}, {"x": V}, refused={"x": what}))["x"]
    assert (one.kind, one.public, one.hidden) == wanted and not one.warning


def test_extra_outputs_are_no_fault() -> None:
    assert set(found("values.close", attempt({"x": V, "z": A}, {"x": V}))) == {"x"}


def test_every_golden_output_is_named_and_decided() -> None:
    case = attempt({}).case
    assert judges.find("values.close").names(case, ({"x": V, "y": A}, {"z": V})) == ("x", "y")
    assert set(found("values.close", attempt({}, {"x": V, "y": A}))) == {"x", "y"}


OTHER = {"x": V + 1, "y": A * 2}
MAIN = {"x": V, "y": A}
ALTERNATIVES: dict[str, tuple[Arrays, set[str]]] = {
    "the main one": ({"x": V, "y": A}, set()),
    "the other one": ({"x": V + 1, "y": A * 2}, set()),
    "each output by its own": ({"x": V + 1, "y": A}, set()),
    "between the two": ({"x": V + 0.5, "y": A}, {"x"}),
    "neither": ({"x": V, "y": A * 3}, {"y"}),
    "in one shape, not the other": ({"x": V + 1, "y": A.T * 2}, {"y"}),
}


@pytest.mark.parametrize(("got", "faults"), ALTERNATIVES.values(), ids=ALTERNATIVES.keys())
def test_each_output_may_follow_any_right_convention(got: Arrays, faults: set[str]) -> None:
    assert wrong(found("values.close", attempt(got, MAIN, OTHER))) == faults
    assert wrong(found("values.close", attempt(got, MAIN, {"y": A * 2}, {"x": V + 1}))) == faults


def test_the_nearest_convention_tells_the_fault() -> None:
    one = found("values.close", attempt({"x": V + 1.25}, {"x": V}, {"x": V + 1}))["x"]
    # 0.25 from the alternative, whose largest value is 4; 1.25 from the main one, whose is 3
    assert one.error == 0.0625
    assert one.expected is not None and np.array_equal(one.expected, V + 1)


def test_right_by_one_convention_beats_a_warning_by_another() -> None:
    one = found("values.close", attempt({"x": V[None]}, {"x": V}, {"x": V[None]}))["x"]
    assert one.kind is None
    one = found("values.close", attempt({"x": V[None]}, {"x": A}, {"x": V}))["x"]
    assert (one.kind, one.warning) == ("shape", True)


def test_a_convention_that_says_nothing_of_an_output_leaves_it_to_the_main_one() -> None:
    assert wrong(found("values.close", attempt({"x": V + 1, "y": A * 2}, MAIN, {"x": V + 1}))) == {
        "y"
    }


BATCHNORM = {"dims": [4, 6, 5, 3], "normalization": "batchnorm"}


@pytest.mark.parametrize(
    ("options", "name", "needed"),
    [
        (BATCHNORM, "db1", False),
        (BATCHNORM, "db2", False),
        (BATCHNORM, "b1", False),
        (BATCHNORM, "db3", True),  # the last layer's bias has an effect
        (BATCHNORM, "dW1", True),
        (BATCHNORM, "dbeta1", True),
        ({**BATCHNORM, "normalization": "layernorm"}, "db1", True),
        ({"dims": [4, 6, 5, 3]}, "db1", True),
        ({}, "db1", True),
    ],
)
def test_only_a_bias_in_front_of_batchnorm_may_be_left_out(
    options: dict[str, Any], name: str, needed: bool
) -> None:
    one = found("values.close", attempt({}, {name: V}, options=options))[name]
    assert one.kind == ("missing" if needed else None)


def test_a_bias_in_front_of_batchnorm_that_is_there_must_be_right() -> None:
    # the true gradient is zero; beside dW of 2 the scale is 2e-3
    answers = {"db1": np.zeros(6), "dW1": np.full((4, 6), 2.0)}
    for value, right in ((1e-17, True), (0.5, False)):
        got = {**answers, "db1": np.full(6, value)}
        one = found("values.close", attempt(got, answers, options=BATCHNORM))["db1"]
        assert (one.kind is None) is right


def test_a_bias_in_front_of_batchnorm_that_is_no_array_is_not_left_out() -> None:
    refused = {"db1": "an array of dtype object"}
    one = found("values.close", attempt({}, {"db1": V}, options=BATCHNORM, refused=refused))["db1"]
    assert one.kind == "dtype"
    none = attempt({}, {"db1": V}, options=BATCHNORM, refused={"db1": "None"})
    assert found("values.close", none)["db1"].kind is None


# ---------------------------------------------------------------- dropout: training

RNG = np.random.default_rng
SHAPE = (200, 30)  # 6000 units


def odd(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Inputs like those of a case: never zero."""
    return (2 * rng.integers(0, 4096, shape) - 4095) / 2048.0


Layer = Callable[[np.random.Generator, np.ndarray, float], np.ndarray]


def right(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random(x.shape) < keep) / keep


def vanilla(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random(x.shape) < keep)


def other_way(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return right(rng, x, 1 - keep)


def always_half(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random(x.shape) < 0.5) * 2


def other_way_one_scale(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random(x.shape) >= keep) / keep


def normal_numbers(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.standard_normal(x.shape) < keep) / keep


def by_column(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random((1, *x.shape[1:])) < keep) / keep


def by_row(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random((len(x), *(1,) * (x.ndim - 1))) < keep) / keep


def uniform(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * rng.random(x.shape)


def uniform_or_zero(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    draw = rng.random(x.shape)
    return x * np.where(draw < keep, draw, 0) / keep


def nothing_dropped(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x.copy()


def all_dropped(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return np.zeros_like(x)


def scaled_twice(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return right(rng, x, keep) / keep


def scaled_down(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return vanilla(rng, x, keep) * keep


def constant_draws(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return right(RNG(0), x, keep)


def a_little_off(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
    return x * (rng.random(x.shape) < keep - 0.1) / keep


TRAIN: dict[str, tuple[Layer, set[str]]] = {
    "right": (right, set()),
    "not scaled": (vanilla, {"scale"}),
    # consistent in itself: one mistake, paid for once
    "p the other way": (other_way, {"keep_fraction"}),
    "mask the other way": (other_way_one_scale, {"keep_fraction"}),
    "randn for rand": (normal_numbers, {"keep_fraction"}),
    "one mask for all rows": (by_column, {"mask"}),
    "one draw for each row": (by_row, {"mask"}),
    "uniform mask": (uniform, {"mask", "keep_fraction", "scale"}),
    "mask not made 0 and 1": (uniform_or_zero, {"mask", "scale"}),
    "everything dropped": (all_dropped, {"mask", "keep_fraction", "scale", "draws"}),
    "scaled twice": (scaled_twice, {"scale"}),
    "scaled the wrong way": (scaled_down, {"scale"}),
    "the same draw every time": (constant_draws, {"draws"}),
    "keeps a tenth less": (a_little_off, {"keep_fraction"}),
    "always half": (always_half, {"keep_fraction"}),
}


def train(
    layer: Layer, seed: int = 0, keep: float = 0.75, shape: tuple[int, ...] = SHAPE
) -> dict[str, Worded]:
    rng = RNG(seed)
    x = odd(rng, shape)
    arrays = {"out": layer(rng, x, keep), "out_again": layer(rng, x, keep)}
    return found("dropout.train", attempt(arrays, inputs={"x": x}, options={"keep": keep}))


@pytest.mark.parametrize(("layer", "faults"), TRAIN.values(), ids=TRAIN.keys())
@pytest.mark.parametrize("keep", [0.25, 0.625])
def test_a_dropout_layer_fails_in_the_aspect_that_is_wrong(
    layer: Layer, faults: set[str], keep: float
) -> None:
    for seed in range(5):
        findings = train(layer, seed, keep)
        assert set(findings) == {"mask", "keep_fraction", "scale", "draws"}
        # see test_a_layer_that_drops_everything_keeps_the_wrong_share
        bug = {"keep_fraction"} if layer is all_dropped else set()
        assert wrong(findings) - bug == faults - bug, {n: f.public for n, f in findings.items()}


def test_a_mask_in_single_precision_is_right_and_said_to_be_so() -> None:
    def single(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
        return x * ((rng.random(x.shape) < keep).astype(np.float32) / np.float32(keep))

    scale = train(single, keep=0.75)["scale"]
    assert (scale.kind, scale.warning) == ("dtype", True)
    assert train(right, keep=0.75)["scale"].kind is None


def test_a_layer_that_does_nothing_earns_neither_mask_nor_share_nor_scale() -> None:
    assert wrong(train(nothing_dropped)) == {"mask", "keep_fraction", "scale"}


def test_a_layer_that_drops_everything_keeps_the_wrong_share() -> None:
    assert "keep_fraction" in wrong(train(all_dropped, keep=0.25))


def test_no_right_layer_is_ever_blamed() -> None:
    for seed in range(300):
        keep = (0.25, 0.75, 0.625)[seed % 3]
        assert wrong(train(right, seed, keep, (150, 40))) == set(), seed


@pytest.mark.parametrize("shape", [(20, 3, 8, 8), (6000,), (1, 6000), (6000, 1), (60, 100)])
def test_a_right_layer_is_right_on_any_shape(shape: tuple[int, ...]) -> None:
    for seed in range(10):
        findings = train(right, seed, 0.75, shape)
        if 1 in shape:  # one row is its own mask: that cannot be told from a shared one
            assert wrong(findings) <= {"mask"}
        else:
            assert wrong(findings) == set()


@pytest.mark.parametrize("shape", [(200, 30), (20, 3, 8, 8)])
def test_a_shared_mask_is_found_on_any_shape(shape: tuple[int, ...]) -> None:
    assert "mask" in wrong(train(by_column, 1, 0.5, shape))
    assert "mask" in wrong(train(by_row, 1, 0.5, shape))


def test_single_precision_is_right_for_a_random_layer() -> None:
    assert wrong(train(lambda *a: right(*a).astype(np.float32))) == set()


def test_the_band_is_six_standard_deviations_of_a_binomial_share() -> None:
    # 6 * sqrt(0.75 * 0.25 / 6000) = 0.033541: of 6000 units 4500 +- 201
    x = odd(RNG(0), SHAPE)
    for kept, right_share in (
        (4500, True),
        (4701, True),
        (4702, False),
        (4299, True),
        (4298, False),
    ):
        mask = RNG(1).permutation(np.arange(6000) < kept).reshape(SHAPE)
        again = RNG(2).permutation(np.arange(6000) < kept).reshape(SHAPE)
        arrays = {"out": x * mask / 0.75, "out_again": x * again / 0.75}
        findings = found("dropout.train", attempt(arrays, inputs={"x": x}, options={"keep": 0.75}))
        one = findings["keep_fraction"]
        assert (one.kind is None) is right_share, kept
        assert one.allowed == pytest.approx(0.0335410, abs=1e-6)
        assert one.error == pytest.approx(abs(kept - 4500) / 6000)
        assert wrong(findings) == (set() if right_share else {"keep_fraction"})


def test_what_is_said_about_a_wrong_layer_names_the_mistake() -> None:
    table = [
        (other_way, "keep_fraction", "p is read the other way round"),
        (vanilla, "scale", "not scaled"),
        (scaled_twice, "scale", "multiplied by 1.778"),  # 1 / 0.75**2
        (by_column, "mask", "every row of the batch"),
        (by_row, "mask", "every unit of an example"),
        (constant_draws, "draws", "two calls without a seed"),
        (all_dropped, "mask", "every unit was dropped"),
        (nothing_dropped, "mask", "no unit was dropped"),
        (uniform_or_zero, "mask", "many different numbers"),
    ]
    for layer, aspect, says in table:
        one = train(layer)[aspect]
        assert one.kind == "value" and says in one.public, (aspect, one.public)
    assert "other way" not in train(a_little_off)["keep_fraction"].public


UNUSABLE: dict[str, tuple[Arrays, dict[str, str], str]] = {
    "missing": ({}, {}, "missing"),
    "None": ({}, {"out": "None"}, "not_written"),
    "object": ({}, {"out": "an array of dtype object"}, "dtype"),
    "shape": ({"out": np.ones((30, 200)), "out_again": np.ones((30, 200))}, {}, "shape"),
    "nan": ({"out": np.full(SHAPE, np.nan), "out_again": np.ones(SHAPE)}, {}, "not_finite"),
}


@pytest.mark.parametrize(("arrays", "refused", "kind"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_judged_is_wrong_in_every_aspect(
    arrays: Arrays, refused: dict[str, str], kind: str
) -> None:
    x = odd(RNG(0), SHAPE)
    seen = attempt(arrays, inputs={"x": x}, options={"keep": 0.75}, refused=refused)
    findings = found("dropout.train", seen)
    assert wrong(findings) == {"mask", "keep_fraction", "scale", "draws"}
    assert {one.kind for one in findings.values()} == {kind}


def test_without_a_second_draw_the_draws_are_not_right() -> None:
    x = odd(RNG(0), SHAPE)
    out = right(RNG(1), x, 0.75)
    for arrays in ({"out": out}, {"out": out, "out_again": out[:10]}):
        seen = attempt(arrays, inputs={"x": x}, options={"keep": 0.75})
        assert wrong(found("dropout.train", seen)) == {"draws"}


def test_factors_whose_median_is_zero_are_a_wrong_mask() -> None:
    findings = train(lambda rng, x, keep: x * np.resize([1.0, -1.0], x.shape))
    assert "mask" in wrong(findings)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_factors_that_overflow_are_a_wrong_mask() -> None:
    def overflows(rng: np.random.Generator, x: np.ndarray, keep: float) -> np.ndarray:
        return np.where(np.abs(x) < 0.9, 1.7e308 * np.sign(x), 0)

    assert "mask" in wrong(train(overflows, keep=0.45))


# ---------------------------------------------------------------- dropout: seeds, backward


@pytest.mark.parametrize(
    ("draws", "right"),
    [((123, 123, 7), True), ((1, 2, 3), False), ((5, 5, 5), False), ((1, 2, 1), False)],
)
def test_equal_seeds_must_give_equal_masks(draws: tuple[int, ...], right: bool) -> None:
    outs = np.stack([(RNG(n).random((10, 12)) < 0.5) * 2.0 for n in draws])
    findings = found("dropout.seeded", attempt({"outs": outs}, options={"seeds": [123, 123, 7]}))
    assert set(findings) == {"outs"} and (findings["outs"].kind is None) is right


def test_a_layer_that_drops_nothing_has_no_draw_for_a_seed_to_change() -> None:
    alike = attempt({"outs": np.ones((3, 10, 12))}, options={"seeds": [123, 123, 7]})
    assert wrong(found("dropout.seeded", alike)) == set()


@pytest.mark.parametrize(("refused", "kind"), [({}, "missing"), ({"outs": "None"}, "not_written")])
def test_no_seeded_output_is_no_right_one(refused: dict[str, str], kind: str) -> None:
    seen = attempt({}, options={"seeds": [1, 1]}, refused=refused)
    assert found("dropout.seeded", seen)["outs"].kind == kind


X, DOUT = odd(RNG(3), (6, 8)), odd(RNG(4), (6, 8))
MASK = RNG(5).random((6, 8)) < 0.75

BACKWARD: dict[str, tuple[np.ndarray, np.ndarray, bool]] = {
    "right": (X * MASK / 0.75, DOUT * MASK / 0.75, True),
    "right by its own wrong scale": (X * MASK, DOUT * MASK, True),
    "nothing dropped": (X, DOUT, False),
    "everything dropped": (X * 0, DOUT * 0, False),
    "float32": ((X * MASK / 0.75).astype(np.float32), DOUT * MASK / 0.75, True),
    "scale missing": (X * MASK / 0.75, DOUT * MASK, False),
    "scaled in test mode": (X, DOUT / 0.75, False),
    "mask missing": (X * MASK / 0.75, DOUT / 0.75, False),
    "dout as it came": (X * MASK / 0.75, DOUT, False),
    "another mask": (X * MASK / 0.75, DOUT * ~MASK / 0.75, False),
    "mask turned": (X * MASK / 0.75, DOUT * MASK[::-1] / 0.75, False),
    "sign": (X * MASK / 0.75, -DOUT * MASK / 0.75, False),
    "zeros": (X * MASK / 0.75, DOUT * 0, False),
    "shape": (X * MASK / 0.75, (DOUT * MASK / 0.75).T, False),
    "nan": (X * MASK / 0.75, DOUT * np.nan, False),
    "nan forward": (X * np.nan, DOUT, False),
    "a little off": (X * MASK / 0.75, DOUT * MASK / 0.7501, False),
}


@pytest.mark.parametrize(("out", "dx", "right"), BACKWARD.values(), ids=BACKWARD.keys())
def test_a_backward_pass_uses_the_mask_that_its_forward_pass_showed(
    out: np.ndarray, dx: np.ndarray, right: bool
) -> None:
    options = {"keep": 0.75, "mode": "train"}
    seen = attempt({"out": out, "dx": dx}, inputs={"x": X, "dout": DOUT}, options=options)
    findings = found("dropout.backward", seen)
    assert set(findings) == {"dx"} and (findings["dx"].kind is None) is right


def test_in_test_mode_dout_is_handed_on_whatever_the_forward_pass_does() -> None:
    for out, dx, right in (
        (X, DOUT, True),
        (X * MASK, DOUT, True),
        (X * MASK, DOUT * MASK, True),  # the gradient of its own forward pass
        (X, DOUT * MASK, False),
        (X, DOUT / 0.75, False),
        (X * MASK, DOUT + 1e-4, False),
    ):
        inputs, options = {"x": X, "dout": DOUT}, {"keep": 0.75, "mode": "test"}
        seen = attempt({"out": out, "dx": dx}, inputs=inputs, options=options)
        assert (found("dropout.backward", seen)["dx"].kind is None) is right


OURS = np.where(X > 0, DOUT, 0.0)  # dout through a mask of our own
WITHOUT_MASK: dict[str, tuple[Arrays, bool]] = {
    # how backward reads the promised cache, where its own forward pass keeps every unit
    "the mask is scaled": ({"dx": DOUT, "dx_of_scaled": OURS / 0.75, "dx_of_plain": OURS}, True),
    "it scales itself": (
        {"dx": DOUT, "dx_of_scaled": OURS / 0.75**2, "dx_of_plain": OURS / 0.75}, True),
    "scaled once and for all": (
        {"out": X / 0.75, "dx": DOUT / 0.75, "dx_of_scaled": OURS / 0.75, "dx_of_plain": OURS},
        True),
    "scaled twice": (
        {"out": X / 0.75, "dx": DOUT / 0.75**2, "dx_of_scaled": OURS / 0.75**2,
         "dx_of_plain": OURS / 0.75}, False),
    "a mask that forward did not use": (
        {"dx": DOUT * MASK / 0.75, "dx_of_scaled": OURS / 0.75, "dx_of_plain": OURS}, True),
    "a cache of its own form": ({"dx": DOUT}, False),
    "dout as it came": ({"dx": DOUT, "dx_of_scaled": DOUT, "dx_of_plain": DOUT}, False),
    "scale missing": ({"dx": DOUT, "dx_of_scaled": OURS, "dx_of_plain": OURS}, False),
    "mask turned": ({"dx": DOUT, "dx_of_scaled": (DOUT - OURS) / 0.75,
                     "dx_of_plain": DOUT - OURS}, False),
    "another shape": ({"dx": DOUT, "dx_of_scaled": OURS.ravel(), "dx_of_plain": OURS[:1]}, False),
    "every unit dropped": (
        {"out": X * 0, "dx": DOUT * 0, "dx_of_scaled": OURS / 0.75, "dx_of_plain": OURS}, True),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "right"), WITHOUT_MASK.values(), ids=WITHOUT_MASK.keys())
def test_a_backward_pass_without_a_mask_of_its_own_is_tried_with_ours(
    arrays: Arrays, right: bool
) -> None:
    inputs, options = {"x": X, "dout": DOUT}, {"keep": 0.75, "mode": "train"}
    seen = attempt({"out": X, **arrays}, inputs=inputs, options=options)
    one = found("dropout.backward", seen)["dx"]
    assert one.kind == (None if right else "missing")


@pytest.mark.parametrize(
    ("mode", "arrays", "right"),
    [("train", {"dx_of_scaled": OURS / 0.75, "dx_of_plain": OURS}, True),
     ("train", {"dx_of_scaled": DOUT, "dx_of_plain": DOUT}, False), ("train", {}, False),
     ("test", {"dx": DOUT}, True), ("test", {"dx": OURS}, False), ("test", {}, False)],
)  # fmt: skip
def test_a_backward_pass_may_be_judged_without_its_forward_pass(
    mode: str, arrays: Arrays, right: bool
) -> None:
    options = {"keep": 0.75, "mode": mode, "own_forward": False}
    seen = attempt(arrays, inputs={"x": X, "dout": DOUT}, options=options)
    assert (found("dropout.backward", seen)["dx"].kind is None) is right


TRAINING = {"mode": "train"}


def test_a_missing_scale_is_told_as_such() -> None:
    seen = attempt(
        {"out": X * MASK / 0.75, "dx": DOUT * MASK}, inputs={"x": X, "dout": DOUT}, options=TRAINING
    )
    one = found("dropout.backward", seen)["dx"]
    assert one.public.endswith("the scale of the forward pass is missing")
    # off by a third in the largest kept gradient
    assert one.error == pytest.approx(np.abs(DOUT * MASK).max() / np.abs(DOUT).max() / 3)
    other = attempt(
        {"out": X * MASK / 0.75, "dx": DOUT}, inputs={"x": X, "dout": DOUT}, options=TRAINING
    )
    assert "scale" not in found("dropout.backward", other)["dx"].public


@pytest.mark.parametrize("arrays", [{}, {"out": X}, {"dx": DOUT}])
def test_without_forward_or_backward_there_is_no_right_gradient(arrays: Arrays) -> None:
    seen = attempt(arrays, inputs={"x": X, "dout": DOUT})
    assert found("dropout.backward", seen)["dx"].kind == "missing"


# ---------------------------------------------------------------- nets: initial values

DIMS = [50, 40, 40, 30]
SCALE = 0.02


def initial(seed: int = 0, normalization: str | None = None) -> dict[str, np.ndarray]:
    rng = RNG(seed)
    params = {}
    for i in (1, 2, 3):
        params[f"W{i}"] = SCALE * rng.standard_normal((DIMS[i - 1], DIMS[i]))
        params[f"b{i}"] = np.zeros(DIMS[i])
        if normalization and i < 3:
            params[f"gamma{i}"], params[f"beta{i}"] = np.ones(DIMS[i]), np.zeros(DIMS[i])
    return params


def init(
    params: Arrays, normalization: str | None = None, refused: dict[str, str] | None = None
) -> dict[str, Worded]:
    options = {"dims": DIMS, "weight_scale": SCALE, "normalization": normalization}
    return found("nets.init", attempt(params, options=options, refused=refused))


def changed(name: str, value: Any, seed: int = 0) -> dict[str, np.ndarray]:
    params = initial(seed, "layernorm")
    if value is None:
        del params[name]
    else:
        params[name] = np.asarray(value(params[name]) if callable(value) else value)
    return params


def redrawn(draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]) -> Any:
    return lambda old: draw(RNG(9), old.shape)


FIRST: dict[str, tuple[str, Any, str | None]] = {
    "unscaled": ("W1", lambda w: w / SCALE, "value"),
    "half the scale": ("W2", lambda w: w / 2, "value"),
    "a fifth too large": ("W2", lambda w: w * 1.2, "value"),
    "He": ("W1", lambda w: w / SCALE * math.sqrt(2 / 50), "value"),
    "zeros": ("W3", lambda w: w * 0, "value"),
    "constant": ("W3", lambda w: np.full(w.shape, SCALE), "value"),
    "shifted": ("W2", lambda w: w + 0.2 * SCALE, "value"),
    "nan": ("W2", lambda w: w * np.nan, "value"),
    "absolute values": ("W2", np.abs, "value"),
    "uniform 0 to 1": ("W1", redrawn(lambda r, s: SCALE * r.random(s)), "value"),
    # variance 1/3 of (2 * sqrt 3)**2 / 4: the right spread, and no tails beyond 1.73 sigma
    "uniform of the right spread": (
        "W1", redrawn(lambda r, s: SCALE * math.sqrt(3) * (2 * r.random(s) - 1)), "value",
    ),
    "signs": ("W1", redrawn(lambda r, s: SCALE * r.choice([-1.0, 1.0], s)), "value"),
    "transposed": ("W1", np.transpose, "shape"),
    "flat": ("W1", np.ravel, "shape"),
    "missing": ("W3", None, "missing"),
    "float32": ("W1", lambda w: w.astype(np.float32), None),
    "bias drawn": ("b1", redrawn(lambda r, s: SCALE * r.standard_normal(s)), "value"),
    "bias of ones": ("b2", lambda b: b + 1, "value"),
    "bias a scalar": ("b1", 0.0, "shape"),
    "bias of another layer": ("b3", np.zeros(40), "shape"),
    "bias (H, 1)": ("b1", lambda b: b[:, None], "shape"),
    "bias (1, H) of ones": ("b1", lambda b: b[None] + 1, "value"),
    "integer zeros": ("b1", lambda b: b.astype(int), None),
    "bias missing": ("b1", None, "missing"),
    "gamma of zeros": ("gamma1", lambda g: g * 0, "value"),
    "gamma drawn": ("gamma2", redrawn(lambda r, s: r.standard_normal(s)), "value"),
    "gamma missing": ("gamma1", None, "missing"),
    "gamma of the wrong length": ("gamma1", np.ones(50), "shape"),
    "beta of ones": ("beta2", lambda b: b + 1, "value"),
    "beta nearly zero": ("beta2", lambda b: b + 1e-12, "value"),
    "beta missing": ("beta1", None, "missing"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "kind"), FIRST.values(), ids=FIRST.keys())
def test_a_wrong_initial_value_is_found_and_no_other_is_blamed(
    name: str, value: Any, kind: str | None
) -> None:
    findings = init(changed(name, value), "layernorm")
    assert set(findings) == set(initial(0, "layernorm"))
    assert wrong(findings) == ({name} if kind else set())
    assert findings[name].kind == kind


def test_weights_have_the_spread_of_the_scale_within_six_sigma() -> None:
    # 2000 weights: their standard deviation has a relative spread of 1/sqrt(4000); six are 9.49 %
    exact = RNG(0).standard_normal((50, 40))
    exact = (exact - exact.mean()) / exact.std()
    for factor, right_spread in (
        (1, True),
        (1.094, True),
        (1.096, False),
        (0.906, True),
        (0.904, False),
    ):
        one = init(initial() | {"W1": SCALE * factor * exact})["W1"]
        assert (one.kind is None) is right_spread, factor
    # and their mean a spread of 1/sqrt(2000); six are 13.4 % of the scale
    for shift, right_mean in ((0.134, True), (0.135, False), (-0.134, True), (-0.135, False)):
        one = init(initial() | {"W1": SCALE * (exact + shift)})["W1"]
        assert (one.kind is None) is right_mean, shift


def test_no_right_constructor_is_ever_blamed() -> None:
    for seed in range(300):
        assert wrong(init(initial(seed, "batchnorm"), "batchnorm")) == set(), seed


def test_misspelt_names_are_told_beside_the_ones_that_are_there() -> None:
    params = {name.lower(): value for name, value in initial().items()}
    findings = init(params)
    assert wrong(findings) == {"W1", "W2", "W3"}
    assert findings["W1"].public == "params has no 'W1'; it has b1, b2, b3, w1, w2, w3"
    assert init({})["W1"].public.endswith("it has nothing that is an array")


def test_names_counted_from_zero_lack_the_last_one() -> None:
    params = {f"{n[:-1]}{int(n[-1]) - 1}": value for n, value in initial().items()}
    assert {"W3", "b3"} <= wrong(init(params))


def test_a_bias_in_front_of_batchnorm_may_be_left_out_of_the_parameters() -> None:
    params = initial(0, "batchnorm")
    del params["b1"], params["b2"]
    assert wrong(init(params, "batchnorm")) == set()
    assert wrong(init(params, "layernorm")) == {"b1", "b2"}
    assert wrong(init(params, "batchnorm", {"b1": "an array of dtype object"})) == {"b1"}
    del params["b3"]
    assert wrong(init(params, "batchnorm")) == {"b3"}


def test_normalization_parameters_are_asked_for_hidden_layers_of_normalized_nets_only() -> None:
    judge = judges.find("nets.init")
    for normalization, count in ((None, 6), ("batchnorm", 10), ("layernorm", 10)):
        case = attempt({}, options={"dims": DIMS, "normalization": normalization}).case
        names = judge.names(case, ())
        assert len(names) == count and "gamma3" not in names and "beta3" not in names
        assert names == tuple(initial(0, normalization))


def test_two_new_nets_have_no_weight_in_common() -> None:
    rng, options = RNG(0), {"dims": [5, 4, 3]}
    two = {"W1": rng.normal(size=(2, 5, 4)), "W2": rng.normal(size=(2, 4, 3))}
    assert wrong(found("nets.fresh", attempt(two, options=options))) == set()
    alike = {**two, "W2": np.stack([two["W2"][0]] * 2)}
    seen = found("nets.fresh", attempt(alike, options=options))["fresh"]
    assert "W2" in seen.public and seen.kind == "value"
    constant = {**two, "W1": np.zeros((2, 5, 4))}
    assert wrong(found("nets.fresh", attempt(constant, options=options))) == {"fresh"}
    assert wrong(found("nets.fresh", attempt({"W1": two["W1"]}, options=options))) == {"fresh"}


def test_a_bias_with_an_extra_axis_obeys_the_rubric() -> None:
    params = initial() | {"b1": np.zeros((1, 40))}
    options = {"dims": DIMS, "weight_scale": SCALE}
    assert found("nets.init", attempt(params, options=options))["b1"].warning
    strict = Rules(1e-9, 1e-4, unit_axes="fail")
    assert wrong(found("nets.init", attempt(params, options=options, rules=strict))) == {"b1"}


# ---------------------------------------------------------------- nets: dropout inside

NET = [8, 20, 15, 4]
BIAS = 1 / 16
MASKED = {"masked_loss", "masked_gradients"}


def net_steps(
    seed: int,
    keep: float = 0.75,
    dims: list[int] = NET,
    steps: int = 20,
    hidden: tuple[bool, ...] = (True, True),
    at_input: bool = False,
    at_scores: bool = False,
    layer_keep: float | None = None,
    silent_step: bool = False,
) -> dict[str, np.ndarray]:
    """A net on one image a step, all units active, with dropout where it is told to be.

    Its own layer keeps `layer_keep` (default: as the net). In a `silent_step` every unit of the
    first hidden layer is dropped by chance.
    """
    rng = RNG(seed)
    last = len(dims) - 1
    places = [at_input, *hidden[: last - 1], at_scores]
    masks = [
        (rng.random((steps, width)) < keep) / keep if there else np.ones((steps, width))
        for width, there in zip(dims, places, strict=True)
    ]
    if silent_step:
        masks[1][0] = 0
    x = odd(rng, (steps, dims[0])) + 2
    y = rng.integers(0, dims[-1], steps)
    weights = [rng.random((a, b)) / 8 + 1 / 32 for a, b in zip(dims, dims[1:])]
    layers = [x * masks[0]]
    for w, mask in zip(weights, masks[1:], strict=True):
        layers.append((layers[-1] @ w + BIAS) * mask)
    scores = np.exp(layers[-1] - layers[-1].max(axis=1, keepdims=True))
    probs = scores / scores.sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(steps), y])
    probs[np.arange(steps), y] -= 1
    theta = [
        np.concatenate([w.ravel(), np.full(w.shape[1] * (1 if number == last else 3), BIAS)])
        for number, w in enumerate(weights, start=1)
    ]
    out: dict[str, np.ndarray] = {"loss": loss, "x": x, "y": y, "theta": np.concatenate(theta)}
    gradient = probs * masks[-1]
    for i in range(last, 0, -1):
        out[f"dW{i}"] = np.einsum("ti,tj->tij", layers[i - 1], gradient)
        out[f"db{i}"] = gradient
        gradient = gradient @ weights[i - 1].T * masks[i - 1]
    share = keep if layer_keep is None else layer_keep
    layer_share = np.asarray(np.mean(rng.random((100, 100)) < share))
    return out | {"layer_share": layer_share, "layer": np.asarray(1 / keep)}


def net(arrays: Arrays, keep: float = 0.75, **options: Any) -> dict[str, Worded]:
    given = {name: arrays[name] for name in ("x", "y", "theta")}
    outputs = {name: array for name, array in arrays.items() if name not in given}
    options = {"dims": NET, "keep": keep, **options}
    return found("nets.dropout", attempt(outputs, inputs=given, options=options))


# how the net is built -> the aspects it fails in ("share?": 15 or 20 of 35 units, it depends)
NETS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "right": ({}, set()),
    "never called": ({"hidden": (False, False)}, {"used", "share"}),
    "in the first layer only": ({"hidden": (True, False)}, {"used", "share?"}),
    "in the last hidden layer only": ({"hidden": (False, True)}, {"used", "share?"}),
    "at the input too": ({"at_input": True}, {"only_hidden"}),
    "at the scores too": ({"at_scores": True}, {"only_hidden"}),
    "at the input instead": (
        {"at_input": True, "hidden": (False, False)}, {"used", "share", "only_hidden"},
    ),
    # the layer itself keeps as little as the net: a fault of the layer, not of the net
    "another p in layer and net": ({"keep": 0.5}, set()),
    "another p in the net": ({"keep": 0.5, "layer_keep": 0.75}, {"share"}),
    "the right p in the net, not in the layer": ({"layer_keep": 0.25}, {"share"}),
}  # fmt: skip


@pytest.mark.parametrize(("how", "faults"), NETS.values(), ids=NETS.keys())
def test_dropout_in_a_net_is_found_where_it_is(how: dict[str, Any], faults: set[str]) -> None:
    for seed in range(6):
        findings = net(net_steps(seed, **how))
        assert set(findings) == {"used", "share", "only_hidden", *MASKED}
        told = wrong(findings) - ({"share"} if "share?" in faults else set())
        assert told == faults - {"share?"}, {n: f.public for n, f in findings.items() if f.public}


TWICE: dict[str, tuple[tuple[str, ...], set[str]]] = {
    # what is twice as large as it should be
    "loss": (("loss",), {"masked_loss"}),
    "all gradients": (("dW1", "db1", "dW2", "db2", "dW3", "db3"), {"masked_gradients"}),
    "one gradient": (("db2",), {"masked_gradients"}),
    "the layer's scale": (("layer",), MASKED),
}


@pytest.mark.parametrize(("names", "faults"), TWICE.values(), ids=TWICE)
def test_the_loss_and_the_gradients_of_a_net_are_those_of_its_masks(
    names: tuple[str, ...], faults: set[str]
) -> None:
    steps = net_steps(0)
    steps |= {name: 2 * steps[name] for name in names}
    assert wrong(net(steps)) == faults


def test_a_net_of_its_last_bias_alone_has_no_masks_to_be_held_against() -> None:
    steps = net_steps(0)
    steps |= {name: 0 * steps[name] for name in ("dW1", "db1", "dW2", "db2", "dW3")}
    scores = np.full(4, BIAS)
    probs = np.exp(scores) / np.exp(scores).sum()
    steps["loss"] = -np.log(probs[steps["y"]])
    steps["db3"] = probs - np.eye(4)[steps["y"]]
    assert wrong(net(steps)) == {"share", *MASKED}


# As in the rubric: (dims, steps, keep)
@pytest.mark.parametrize(("dims", "steps", "keep"), [(NET, 20, 0.75), ([6, 40, 3], 30, 0.25)])
def test_no_right_net_is_ever_blamed(dims: list[int], steps: int, keep: float) -> None:
    for seed in range(150):
        findings = net(net_steps(seed, keep, dims, steps), keep, dims=dims)
        assert wrong(findings) == set(), seed


def test_a_step_in_which_every_hidden_unit_is_dropped_is_no_fault() -> None:
    # [6, 40, 3] with keep 0.25: once in 100 000 steps, so for 1 of 3 300 right submissions
    assert wrong(net(net_steps(0, silent_step=True))) == set()


def test_the_share_of_a_net_is_that_of_its_layer_within_a_six_sigma_band() -> None:
    # 20 steps of 35 units: 6 * sqrt(0.75 * 0.25 / 700) of the net and 6 * sqrt(0.25 / 10 000) of
    # the layer add up to 0.0982 + 0.03
    steps = net_steps(0)
    kept = 1 - np.mean(
        np.concatenate([np.all(steps[f"dW{i}"] == 0, axis=2).ravel() for i in (2, 3)])
    )
    for difference, right_share in ((0.0, True), (0.1, True), (-0.1, True), (-0.16, False)):
        one = net(steps | {"layer_share": np.asarray(kept + difference)})["share"]
        assert (one.kind is None) is right_share, difference
        assert one.error == pytest.approx(abs(difference), abs=1e-12)
    one = net(steps | {"layer_share": np.asarray(0.75)})["share"]
    assert one.allowed == pytest.approx(0.0982 + 0.03, abs=1e-4)


LOSSES: dict[str, tuple[Arrays, str | None]] = {
    "all different": ({"loss": np.array([1.0, 1.25, 1.5, 0.5])}, None),
    "one different": ({"loss": np.array([1.0, 1.0, 1.0, 1.01])}, None),
    "all equal": ({"loss": np.full(4, 1.5)}, "value"),
    "equal but for rounding": ({"loss": np.array([1.5, 1.5, 1.5, 1.5 + 4e-16])}, "value"),
    "zeros": ({"loss": np.zeros(4)}, "value"),
    "nan": ({"loss": np.array([1.0, 2.0, 3.0, np.nan])}, "not_finite"),
    "too few": ({"loss": np.array([1.0, 1.25])}, "shape"),
    "one": ({"loss": np.array(1.0)}, "shape"),
    "none": ({}, "missing"),
}


@pytest.mark.parametrize(("arrays", "kind"), LOSSES.values(), ids=LOSSES.keys())
def test_a_normalized_net_uses_dropout_where_equal_batches_give_other_losses(
    arrays: Arrays, kind: str | None
) -> None:
    findings = found("nets.repeated", attempt(arrays, options={"times": 4}))
    assert set(findings) == {"used"} and findings["used"].kind == kind


PENALTIES: dict[str, tuple[Arrays, str | None]] = {
    # loss with reg and without it, for one gamma and beta and for others
    "the same": ({"loss": np.array([[3.0, 4.0], [1.0, 2.0]])}, None),
    "of a mistake that is not about gamma": ({"loss": np.array([[-9.0, -8.0], [1.0, 2.0]])}, None),
    "in single precision": ({"loss": np.array([[3.0, 4.000001], [1.0, 2.0]], np.float32)}, None),
    "one axis more": ({"loss": np.array([[[3.0], [4.0]], [[1.0], [2.0]]])}, None),
    "larger with gamma": ({"loss": np.array([[3.0, 4.5], [1.0, 2.0]])}, "value"),
    "a little larger": ({"loss": np.array([[3.0, 4.001], [1.0, 2.0]])}, "value"),
    "nan": ({"loss": np.array([[3.0, np.nan], [1.0, 2.0]])}, "not_finite"),
    "too few": ({"loss": np.array([1.0, 1.25])}, "shape"),
    "none": ({}, "missing"),
}


@pytest.mark.parametrize(("arrays", "kind"), PENALTIES.values(), ids=PENALTIES.keys())
def test_the_penalty_is_on_weights_alone(arrays: Arrays, kind: str | None) -> None:
    findings = found("nets.penalty", attempt(arrays))
    assert set(findings) == {"penalty"} and findings["penalty"].kind == kind


@pytest.mark.parametrize("name", ["loss", "dW1", "dW2", "db2", "db3", "layer", "layer_share"])
@pytest.mark.parametrize("how", ["absent", "nan"])
def test_a_net_that_lacks_something_earns_no_aspect(name: str, how: str) -> None:
    steps = net_steps(0)
    if how == "absent":
        del steps[name]
    else:
        steps[name] = steps[name] * np.nan
    assert wrong(net(steps)) == {"used", "share", "only_hidden", *MASKED}


def test_what_is_said_names_the_place() -> None:
    table = [
        ({"hidden": (True, False)}, "used", "behind hidden layer 2"),
        ({"hidden": (False, True)}, "used", "behind hidden layer 1"),
        ({"at_input": True}, "only_hidden", "input pixels"),
        ({"at_scores": True}, "only_hidden", "output scores"),
    ]
    for how, aspect, says in table:
        assert says in net(net_steps(0, **how))[aspect].public


# ---------------------------------------------------------------- nets: seeds and derivatives

GOOD = {"loss": np.array([1.5, 1.5]), "numeric": np.array([4.0, -1.0, 0.0])}
DERIVATIVES: dict[str, tuple[Arrays, set[str]]] = {
    "right": ({"analytic": np.array([4.0, -1.0, 0.0])}, set()),
    "just under": ({"analytic": np.array([4.0, -1.0, 3.9e-6])}, set()),
    "just over": ({"analytic": np.array([4.0, -1.0, 4.1e-6])}, {"analytic"}),
    "one wrong": ({"analytic": np.array([4.0, 1.0, 0.0])}, {"analytic"}),
    "nan": ({"analytic": np.array([4.0, np.nan, 0.0])}, {"analytic"}),
    "numeric nan": ({"analytic": np.ones(3), "numeric": np.full(3, np.nan)}, {"analytic"}),
    "numeric inf": ({"analytic": np.ones(3), "numeric": np.full(3, np.inf)}, {"analytic"}),
    "all zero": ({"analytic": np.zeros(3), "numeric": np.zeros(3)}, {"analytic"}),
    "none": ({"analytic": np.zeros(0), "numeric": np.zeros(0)}, {"analytic"}),
    "fewer": ({"analytic": np.array([4.0, -1.0])}, {"analytic"}),
    "no analytic": ({}, {"analytic"}),
    "losses differ": (
        {"analytic": GOOD["numeric"], "loss": np.array([1.5, 1.25])},
        {"loss", "analytic"},
    ),
    "losses nan": ({"analytic": GOOD["numeric"], "loss": np.array([np.nan, np.nan])}, {"loss"}),
    "one loss": ({"analytic": GOOD["numeric"], "loss": np.array([1.5])}, {"loss"}),
    "losses are arrays": ({"analytic": GOOD["numeric"], "loss": np.ones((2, 3))}, {"loss"}),
    "losses with an axis": ({"analytic": GOOD["numeric"], "loss": np.ones((2, 1))}, set()),
}


@pytest.mark.parametrize(("arrays", "faults"), DERIVATIVES.values(), ids=DERIVATIVES.keys())
def test_a_seeded_net_repeats_its_loss_and_has_the_gradient_of_it(
    arrays: Arrays, faults: set[str]
) -> None:
    with np.errstate(invalid="ignore"):
        findings = found("nets.seeded", attempt({**GOOD, **arrays}))
    assert set(findings) == {"loss", "analytic"} and wrong(findings) == faults


def test_an_error_of_a_derivative_is_measured_by_the_largest_one() -> None:
    one = found("nets.seeded", attempt({**GOOD, "analytic": np.array([4.0, -0.5, 0.0])}))[
        "analytic"
    ]
    assert (one.error, one.allowed) == (0.125, 1e-6)


def test_a_loss_that_is_nan_is_told_as_such() -> None:
    seen = attempt({**GOOD, "analytic": GOOD["numeric"], "loss": np.full(2, np.nan)})
    assert found("nets.seeded", seen)["loss"].kind == "not_finite"


# ---------------------------------------------------------------- a gradient of its own forward

Forward = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
N, D = 6, 4


def sample_variance(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Batch normalization with N - 1 for N: wrong, but it normalizes."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + 1e-5) + beta


def gradients(x: np.ndarray, gamma: np.ndarray, dout: np.ndarray) -> dict[str, np.ndarray]:
    """The right gradients of `sample_variance`."""
    std = np.sqrt(x.var(axis=0, ddof=1) + 1e-5)
    xn, g = (x - x.mean(axis=0)) / std, dout * gamma
    dx = (g - g.mean(axis=0) - xn * np.sum(g * xn, axis=0) / (N - 1)) / std
    return {"dx": dx, "dgamma": np.sum(dout * xn, axis=0), "dbeta": dout.sum(axis=0)}


def question() -> dict[str, np.ndarray]:
    rng = RNG(0)
    given = {name: odd(rng, (N, D)) for name in ("x", "dout", "x_along")}
    return given | {n: odd(rng, (D,)) for n in ("gamma", "beta", "gamma_along", "beta_along")}


def own(forward: Forward, **changed: Any) -> dict[str, Worded]:
    given, step = question(), 2.0**-20
    point = {name: given[name] for name in ("x", "gamma", "beta")}
    arrays: dict[str, np.ndarray] = gradients(given["x"], given["gamma"], given["dout"])
    for name in point:
        ends = [
            forward(**{**point, name: point[name] + s * given[f"{name}_along"]})
            for s in (step, -step)
        ]
        arrays[f"d{name}_ends"] = np.stack(ends)
    nudges = NUDGE * np.eye(N * D).reshape(N * D, N, D)
    arrays["plain"] = forward(given["x"], np.ones(D), np.zeros(D))
    arrays["out"] = forward(**point)
    arrays["out_of_moved"] = forward(**{**point, "x": 1.5 * given["x"] + 3})
    arrays["out_of_each"] = np.stack([forward(**{**point, "x": point["x"] + n}) for n in nudges])
    arrays |= {name: change(arrays[name]) for name, change in changed.items()}
    return found("own.gradient", attempt(arrays, inputs=given))


ALL = {"dx", "dgamma", "dbeta"}


def standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / x.std(axis=0)


PATTERN = standard(np.arange(N * D).reshape(D, N).T % 5 * 1.0)


def in_steps(std: np.ndarray) -> np.ndarray:
    """Round to 5 digits, which has no slope."""
    return np.exp(np.round(np.log(std), 5))


def without_slope_of_std() -> np.ndarray:
    """The gradient of a normalization whose std has no slope."""
    given = question()
    g = given["dout"] * given["gamma"] / in_steps(given["x"].std(axis=0))
    return np.asarray(g - g.mean(axis=0))


OWN: dict[str, tuple[Forward, dict[str, Any], set[str]]] = {
    "right for its forward pass": (sample_variance, {}, set()),
    "sign": (sample_variance, {"dx": np.negative}, {"dx"}),
    "off by 1e-5": (sample_variance, {"dgamma": lambda a: a * 1.00001}, {"dgamma"}),
    "one row negated": (sample_variance, {"dx": lambda a: np.vstack([-a[:1], a[1:]])}, {"dx"}),
    "zeros": (sample_variance, {"dbeta": lambda a: a * 0}, {"dbeta"}),
    "extra axis": (sample_variance, {"dbeta": lambda a: a[None]}, set()),
    "nan": (sample_variance, {"dx": lambda a: a * np.nan}, {"dx"}),
    "too long": (sample_variance, {"dgamma": lambda a: np.append(a, 0)}, {"dgamma"}),
    "of another forward pass": (
        lambda x, gamma, beta: gamma * (x - x.mean(axis=0)) / (x.var(axis=0) + 1e-5) ** 0.5 + beta,
        {}, {"dx", "dgamma"},
    ),
    "identity": (lambda x, gamma, beta: x, {}, {"dx", "dgamma", "dbeta"}),
    "zero": (lambda x, gamma, beta: x * 0, {}, {"dx", "dgamma", "dbeta"}),
    "scaled only": (
        lambda x, gamma, beta: gamma * x / x.std(axis=0) + beta, {}, {"dx", "dgamma", "dbeta"},
    ),
    "centred only": (
        lambda x, gamma, beta: gamma * (x - x.mean(axis=0)) + beta, {}, {"dx", "dgamma", "dbeta"},
    ),
    "a pattern, and a little of x": (
        lambda x, gamma, beta: gamma * (PATTERN + 0.01 * (x - x.mean(axis=0))) + beta, {}, ALL,
    ),
    "a pattern, and less of x": (
        lambda x, gamma, beta: gamma * (PATTERN + 1e-7 * (x - x.mean(axis=0))) + beta, {}, ALL,
    ),
    "the order alone": (
        lambda x, gamma, beta: gamma * standard(x.argsort(axis=0).argsort(axis=0)) + beta, {}, ALL,
    ),
    "another layer unless gamma is 1": (
        lambda x, gamma, beta: standard(x) if np.all(gamma == 1) else gamma * x + beta, {}, ALL,
    ),
    "another normalization unless gamma is 1": (
        lambda x, gamma, beta: gamma * standard((standard(x) + PATTERN) * (gamma != 1)
                                                + x * (gamma == 1)) + beta, {}, ALL,
    ),
    "a number that is not felt": (
        lambda x, gamma, beta: sample_variance(np.vstack([x[1:2], x[1:]]), gamma, beta), {}, ALL,
    ),
    "a scale in steps": (
        lambda x, gamma, beta: gamma * (x - x.mean(axis=0)) / in_steps(x.std(axis=0)) + beta,
        {"dx": lambda dx: without_slope_of_std()}, {"dx", "dgamma"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("forward", "changed", "faults"), OWN.values(), ids=OWN.keys())
def test_a_backward_pass_is_held_against_its_own_normalizing_forward_pass(
    forward: Forward, changed: dict[str, Any], faults: set[str]
) -> None:
    findings = own(forward, **changed)
    assert set(findings) == {"dx", "dgamma", "dbeta"}
    assert wrong(findings) == faults, {n: (f.public, f.error) for n, f in findings.items()}


# ---------------------------------------------------------------- whatever comes out of the box

WHATEVER: dict[str, np.ndarray] = {
    "a number": np.array(1.0),
    "nothing": np.zeros(0),
    "one axis": np.ones(20),
    "two axes": np.ones((20, 4)),
    "three axes": np.ones((2, 3, 4)),
    "nan": np.full((20, 8), np.nan),
    "bools": np.ones((20, 8), dtype=bool),
    "zeros": np.zeros((20, 8, 20)),
    "huge": np.full((20, 8), 1e308),
}
LOOKS: dict[str, tuple[dict[str, Any], Arrays, tuple[str, ...]]] = {
    "values.close": ({}, {}, ("x",)),
    "dropout.train": ({"keep": 0.75}, {"x": odd(RNG(0), (20, 8))}, ("out", "out_again")),
    "dropout.seeded": ({"seeds": [1, 1, 2]}, {}, ("outs",)),
    "dropout.backward": (
        {"mode": "train", "keep": 0.75}, {"x": odd(RNG(0), (20, 8)), "dout": odd(RNG(1), (20, 8))},
        ("out", "dx", "dx_of_scaled", "dx_of_plain"),
    ),
    "nets.init": ({"dims": [8, 4, 3], "weight_scale": 1.0}, {}, ("W1", "b1", "W2", "b2")),
    "nets.dropout": (
        {"dims": [8, 20, 4], "keep": 0.75},
        {"x": odd(RNG(0), (20, 8)), "y": np.zeros(20, dtype=int), "theta": odd(RNG(1), (304,))},
        ("dW1", "db1", "dW2", "db2", "loss", "layer", "layer_share"),
    ),
    "masked.close": (
        {"dims": [8, 20, 4], "keep": 0.75, "normalization": "layernorm"},
        {"x": odd(RNG(0), (20, 8)), "y": np.zeros(20, dtype=int), "theta": odd(RNG(1), (304,))},
        ("dW1", "db1", "dgamma1", "dbeta1", "dW2", "db2", "loss", "layer"),
    ),
    "nets.fresh": ({"dims": [8, 4, 3]}, {}, ("W1", "W2")),
    "nets.seeded": ({}, {}, ("loss", "analytic", "numeric")),
    "nets.repeated": ({"times": 20}, {}, ("loss",)),
    "nets.penalty": ({}, {}, ("loss",)),
    "own.gradient": (
        {}, {n: odd(RNG(0), (20, 8)) for n in ("x", "gamma", "x_along", "gamma_along", "beta_along",
                                               "dout")},
        ("dx", "dgamma", "dbeta", "dx_ends", "dgamma_ends", "dbeta_ends", "plain", "out",
         "out_of_moved", "out_of_each"),
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("judge", "what"),
    [(judge, what) for judge in LOOKS for what in WHATEVER],
)
def test_a_judge_decides_whatever_the_arrays_are(judge: str, what: str) -> None:
    """A student's arrays may have any shape: that is a fault of theirs, and never one of ours."""
    options, inputs, names = LOOKS[judge]
    array = WHATEVER[what]
    expected = {"x": np.ones((20, 8))}
    seen = attempt(dict.fromkeys(names, array), expected, inputs=inputs, options=options)
    findings = found(judge, seen)
    assert set(findings) == set(judges.find(judge).names(seen.case, (expected,)))


# ---------------------------------------------------------------- at once

OUT, DB = np.array([[1.0, -2.0], [3.0, 0.5]]), np.array([0.25, 1e-9])
OUTS: dict[str, tuple[Mapping[str, np.ndarray], bool]] = {
    # answers -> whether they are seen to be right at once
    "the very numbers": ({"out": OUT, "db": DB}, True),
    "rounding": ({"out": OUT * (1 + 1e-12), "db": DB}, True),
    "more than is asked": ({"out": OUT, "db": DB, "more": np.zeros(3)}, True),
    "another convention": ({"out": -OUT, "db": 2 * DB}, True),
    "whole numbers": ({"out": np.array([[1, -2], [3, 0]]), "db": DB}, False),
    "one of each convention": ({"out": OUT, "db": 2 * DB}, False),
    "one is off": ({"out": OUT + np.eye(2) * 1e-6, "db": DB}, False),
    "a small one is off": ({"out": OUT, "db": DB + 1e-6}, False),
    "one is missing": ({"out": OUT}, False),
    "another shape": ({"out": OUT.ravel(), "db": DB}, False),
    "an axis of one": ({"out": OUT, "db": DB[None]}, False),
    "single precision": ({"out": OUT.astype(np.float32), "db": DB}, False),
    "single precision beside": ({"out": OUT, "db": DB, "x": OUT.astype(np.float32)}, False),
    "no number": ({"out": OUT, "db": np.array([np.nan, 1e-9])}, False),
    "no end": ({"out": np.array([[np.inf, -2.0], [3.0, 0.5]]), "db": DB}, False),
    "the end of the range": ({"out": OUT * 5e307, "db": DB}, False),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("arrays", "at_once"), OUTS.values(), ids=OUTS)
def test_what_is_seen_to_be_right_at_once_is_found_right_one_by_one(
    arrays: Mapping[str, np.ndarray], at_once: bool
) -> None:
    both = judges.Answer(out=OUT, db=DB), judges.Answer(out=-OUT, db=2 * DB)
    seen = attempt(arrays, *both)
    close = judges.find("values.close")
    assert close.agrees(seen, False) is at_once
    assert not at_once or all(one.kind is None for one in close.decide(seen))


def test_single_precision_is_right_at_once_only_where_it_was_asked_for() -> None:
    rules = Rules(float64=1e-4, float32=1e-4)
    for tolerance in (rules, RULES):
        seen = attempt({"out": OUT.astype(np.float32)}, judges.Answer(out=OUT), rules=tolerance)
        assert not judges.find("values.close").agrees(seen, False)
    seen = attempt({"out": OUT.astype(np.float32)}, judges.Answer(out=OUT), rules=rules)
    assert judges.find("values.close").agrees(seen, True)
