"""Verdicts: what evidence is worth, and what may be said about a hidden case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import judges
from grader.grading import faults
from grader.grading.verdicts import Evaluator, Verdict
from grader.judges import Finding, Judge, wording
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.types import Arrays, Case, Evidence, Fault, Outcome, Raised

HEAD = """format = 1
id = "r"
title = "R"
seed = "s"
{judging}
[[sections]]
id = "s"
title = "S"
[[items]]
id = "affine_backward"
section = "s"
title = "Affine"
where = "layers.py: affine_backward"
points = 5
probe = "{probe}"
tolerance = "{tolerance}"
parts = [
  {{ id = "dx", points = 2, about = "dx" }},
  {{ id = "grads", points = 3, about = "dw and db", outputs = ["dw", "d?"] }},
  {{ id = "free", points = 0, about = "for nothing" }},
]
cases = [
{cases}
]
"""
INPUTS = 'inputs = { x = "2x3", w = "3x2", b = "2", dout = "2x2" }'
OPEN = f'{{ id = "open", public = true, {INPUTS} }},'
CLOSED = f'{{ id = "closed", {INPUTS} }},'
BOTH = OPEN + "\n" + CLOSED

RIGHT: dict[str, np.ndarray] = {
    "dx": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "dw": np.array([[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]]),
    "db": np.array([7.0, 8.0]),
}


class Answers:
    """Golden answers that are the same for every case."""

    def __init__(self, *expected: Arrays) -> None:
        self._expected = expected

    def expected(self, case: Case) -> tuple[Arrays, ...]:
        return self._expected


@pytest.fixture
def rubric(tmp_path: Path) -> Any:
    def make(
        cases: str = BOTH, judging: str = "", probe: str = "layers.affine_backward",
        tolerance: str = "layer",
    ) -> Rubric:  # fmt: skip
        path = tmp_path / "r.toml"
        text = HEAD.format(cases=cases, judging=judging, probe=probe, tolerance=tolerance)
        path.write_text(text, encoding="utf-8")
        return read_rubric(path)

    return make


def answered(case_id: str, arrays: Arrays = RIGHT, **others: Any) -> Evidence:
    return Evidence(f"affine_backward/{case_id}", "answered", arrays=arrays, **others)


def ended(case_id: str, outcome: Outcome, **others: Any) -> Evidence:
    return Evidence(f"affine_backward/{case_id}", outcome, **others)


def judged(rubric: Rubric, *evidence: Evidence, golden: Any = None) -> Verdict:
    evaluator = Evaluator(rubric, golden or Answers(RIGHT))
    return evaluator.verdict(rubric.item("affine_backward"), {one.case: one for one in evidence})


def but(**changed: Any) -> dict[str, np.ndarray]:
    """The right arrays, but for these; None leaves one out."""
    arrays = {**RIGHT, **changed}
    return {name: np.asarray(a) for name, a in arrays.items() if a is not None}


WRONG_DX = but(dx=RIGHT["dx"] + 0.5)

# ---------------------------------------------------------------- which parts are right


def test_right_in_every_case_is_right(rubric: Any) -> None:
    verdict = judged(rubric(), answered("open"), answered("closed"))
    assert verdict.right == {"dx": True, "grads": True}
    assert (verdict.faults, verdict.warnings) == ((), ())
    assert (verdict.checks, verdict.public_checks) == ((2, 2), (1, 1))
    assert verdict.written and verdict.passed


PARTS: dict[str, tuple[Arrays, Arrays, dict[str, bool], tuple[int, int]]] = {
    "wrong in the public case": (WRONG_DX, RIGHT, {"dx": False, "grads": True}, (1, 0)),
    "wrong in the hidden case": (RIGHT, WRONG_DX, {"dx": False, "grads": True}, (1, 1)),
    "wrong in both": (WRONG_DX, WRONG_DX, {"dx": False, "grads": True}, (0, 0)),
    "one of two outputs of a part": (
        but(db=[7, 9]), RIGHT, {"dx": True, "grads": False}, (1, 0),
    ),
    "the other of two outputs": (
        RIGHT, but(dw=RIGHT["dw"].T), {"dx": True, "grads": False}, (1, 1),
    ),
    "an output is missing": (but(dw=None), RIGHT, {"dx": True, "grads": False}, (1, 0)),
    "an output is nan": (RIGHT, but(dx=RIGHT["dx"] * np.nan), {"dx": False, "grads": True}, (1, 1)),
    "nothing came out": ({}, RIGHT, {"dx": False, "grads": False}, (1, 0)),
    "something else came out": ({"y": RIGHT["dx"]}, RIGHT, {"dx": False, "grads": False}, (1, 0)),
    "more came out": (but(extra=np.nan), RIGHT, {"dx": True, "grads": True}, (2, 1)),
    "an extra axis": (but(db=[[7, 8]]), RIGHT, {"dx": True, "grads": True}, (2, 1)),
    "right but for rounding": (
        but(dx=RIGHT["dx"] * (1 + 1e-14)), RIGHT, {"dx": True, "grads": True}, (2, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "right", "good"), PARTS.values(), ids=PARTS.keys())
def test_a_part_is_right_only_when_every_output_of_it_is_in_every_case(
    first: Arrays, second: Arrays, right: dict[str, bool], good: tuple[int, int], rubric: Any
) -> None:
    verdict = judged(rubric(), answered("open", first), answered("closed", second))
    assert verdict.right == right
    assert verdict.passed is all(right.values())
    assert (verdict.checks, verdict.public_checks) == ((good[0], 2), (good[1], 1))
    assert bool(verdict.faults) is not all(right.values())


ENDINGS: list[Outcome] = [
    "raised",
    "timeout",
    "memory",
    "died",
    "missing",
    "not_written",
    "not_run",
]


@pytest.mark.parametrize("outcome", ENDINGS)
@pytest.mark.parametrize("which", ["open", "closed"])
def test_a_case_without_an_answer_earns_no_part(outcome: Outcome, which: str, rubric: Any) -> None:
    """Even with right arrays beside it: only an answer counts."""
    end = ended(which, outcome, arrays=RIGHT, raised=Raised("ValueError", "no"))
    other = answered("closed" if which == "open" else "open")
    verdict = judged(rubric(), end, other)
    assert verdict.right == {"dx": False, "grads": False} and verdict.checks == (1, 2)
    assert [fault.part for fault in verdict.faults] == ["all"]


def test_a_case_without_evidence_is_our_fault_and_earns_nothing(
    rubric: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    verdict = judged(rubric(), answered("open"))
    assert verdict.broken and verdict.right == {} and "KeyError" in verdict.faults[0].message


def test_an_output_that_no_judge_decides_is_not_right(
    rubric: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(attempt: Any) -> Any:
        yield Finding("dx")

    made = rubric()
    monkeypatch.setattr(judges, "find", lambda name: Judge(silent, golden=True))
    verdict = judged(made, answered("open"), answered("closed"))
    assert verdict.right == {"dx": True, "grads": False} and verdict.checks == (0, 2)


def test_a_judge_that_says_nothing_finds_nothing_right(
    rubric: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rubric()
    quiet = Judge(lambda attempt: iter(()), lambda case: ("dx", "dw", "db"))
    monkeypatch.setattr(judges, "find", lambda name: quiet)
    verdict = judged(made, answered("open"), answered("closed"))
    assert verdict.right == {"dx": False, "grads": False} and not verdict.passed


def test_a_part_that_no_case_decides_is_not_in_the_verdict(rubric: Any) -> None:
    verdict = judged(rubric(), answered("open"), answered("closed"))
    assert "free" not in verdict.right


def test_is_right_asks_for_an_answer_and_every_finding(rubric: Any) -> None:
    made = rubric()
    evaluator, case = Evaluator(made, Answers(RIGHT)), made.cases[0]
    assert evaluator.is_right(case, answered("open"))
    assert evaluator.is_right(case, answered("open", but(db=[[7, 8]])))  # a warning
    assert not evaluator.is_right(case, answered("open", WRONG_DX))
    assert not evaluator.is_right(case, answered("open", but(dw=None)))
    assert not evaluator.is_right(case, ended("open", "timeout", arrays=RIGHT))


def test_is_right_is_false_where_the_judge_says_nothing(
    rubric: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rubric()
    quiet = Judge(lambda attempt: iter(()), lambda case: ("dx", "dw", "db"))
    monkeypatch.setattr(judges, "find", lambda name: quiet)
    assert not Evaluator(made, Answers(RIGHT)).is_right(made.cases[0], answered("open"))


def test_new_evidence_for_a_case_is_judged_anew(rubric: Any) -> None:
    made = rubric()
    evaluator, case = Evaluator(made, Answers(RIGHT)), made.cases[0]
    assert [evaluator.is_right(case, answered("open", a)) for a in (WRONG_DX, RIGHT, WRONG_DX)] == [
        False, True, False,
    ]  # fmt: skip


# ---------------------------------------------------------------- part, only, needs


def test_with_part_all_outputs_count_to_that_part(rubric: Any) -> None:
    made = rubric(BOTH + CLOSED.replace('id = "closed"', 'id = "to_dx", part = "dx"'))
    evidence = [answered("open"), answered("closed"), answered("to_dx", but(db=[0, 0]))]
    verdict = judged(made, *evidence)
    assert verdict.right == {"dx": False, "grads": True}
    assert [(f.part, f.output) for f in verdict.faults] == [("dx", "db")]
    verdict = judged(made, *evidence[:2], ended("to_dx", "timeout"))
    assert verdict.right == {"dx": False, "grads": True}
    assert [fault.part for fault in verdict.faults] == ["dx"]


def test_with_only_nothing_else_is_judged(rubric: Any) -> None:
    made = rubric(BOTH + CLOSED.replace('id = "closed"', 'id = "few", only = ["d[wb]"]'))
    nonsense = but(dx=[np.nan])
    verdict = judged(made, answered("open"), answered("closed"), answered("few", nonsense))
    assert verdict.right == {"dx": True, "grads": True} and verdict.checks == (3, 3)
    verdict = judged(made, answered("open"), answered("closed"), answered("few", but(db=[7, 9])))
    assert verdict.right == {"dx": True, "grads": False}


def test_a_part_without_points_only_warns(rubric: Any) -> None:
    made = rubric(BOTH + OPEN.replace('id = "open"', 'id = "free", part = "free"'))
    fine = [answered("open"), answered("closed")]
    verdict = judged(made, *fine, answered("free", WRONG_DX))
    assert verdict.right == {"dx": True, "grads": True, "free": False}
    assert verdict.passed and verdict.faults == ()
    assert [(w.part, w.kind, w.warning) for w in verdict.warnings] == [("free", "value", True)]
    verdict = judged(made, *fine, ended("free", "raised", raised=Raised("ValueError", "no")))
    assert verdict.passed and verdict.faults == () and len(verdict.warnings) == 1
    assert verdict.checks == (2, 3) and verdict.public_checks == (1, 2)


def test_a_case_that_needs_what_is_wrong_is_left_out(rubric: Any, tmp_path: Path) -> None:
    made = rubric()
    item, case = made.item("affine_backward"), made.cases[1]
    needing = Case(**{**case.__dict__, "needs": ("affine_forward",)})
    evaluator = Evaluator(made, Answers(RIGHT))
    evidence = {e.case: e for e in (answered("open"), answered("closed", WRONG_DX))}
    cases = [made.cases[0], needing]
    without = evaluator.verdict(item, evidence, cases, wrong={"affine_forward", "other"})
    assert without.right == {"dx": True, "grads": True} and without.checks == (1, 1)
    assert not evaluator.verdict(item, evidence, cases, wrong={"other"}).passed
    assert not evaluator.verdict(item, evidence, cases).passed


def test_an_item_is_judged_knowing_which_items_above_are_wrong(tmp_path: Path) -> None:
    text = HEAD.format(cases=BOTH, judging="", probe="layers.affine_backward", tolerance="layer")
    first = text[text.index("[[items]]") :]
    second = first.replace('"affine_backward"', '"later"')
    second = second.replace('id = "closed"', 'id = "closed", needs = ["affine_backward"]')
    path = tmp_path / "two.toml"
    path.write_text(text + second, encoding="utf-8")
    made = read_rubric(path)
    for arrays, checks in ((RIGHT, (1, 2)), (WRONG_DX, (1, 1))):
        evidence = {case.id: Evidence(case.id, "answered", arrays=RIGHT) for case in made.cases}
        for name, what in (("affine_backward/open", arrays), ("later/closed", WRONG_DX)):
            evidence[name] = Evidence(name, "answered", arrays=what)
        verdicts = Evaluator(made, Answers(RIGHT)).verdicts(evidence)
        assert list(verdicts) == ["affine_backward", "later"]
        assert verdicts["later"].checks == checks


# ---------------------------------------------------------------- the rubric's rules

RULES: list[tuple[str, str, Arrays, bool]] = [
    ("unit_axes", "warn", but(db=[[7, 8]]), True),
    ("unit_axes", "fail", but(db=[[7, 8]]), False),
    ("float32", "warn", but(db=np.array([7, 8], np.float32)), True),
    ("float32", "fail", but(db=np.array([7, 8], np.float32)), False),
]


@pytest.mark.parametrize(("rule", "policy", "arrays", "right"), RULES)
def test_what_is_right_in_value_but_not_in_form_follows_the_rubric(
    rule: str, policy: str, arrays: Arrays, right: bool, rubric: Any
) -> None:
    made = rubric(judging=f'[judging]\n{rule} = "{policy}"')
    verdict = judged(made, answered("open", arrays), answered("closed"))
    assert verdict.right == {"dx": True, "grads": right}
    assert (len(verdict.warnings), len(verdict.faults)) == ((1, 0) if right else (0, 1))
    assert {f.warning for f in verdict.warnings} <= {True}
    assert verdict.single_precision is (rule == "float32" and right)


@pytest.mark.parametrize(
    ("tolerance", "error", "right"),
    [
        ("exact", 1e-15, False),
        ("layer", 5e-13, True),
        ("layer", 2e-12, False),
        ("norm", 5e-11, True),
        ("norm", 2e-10, False),
        ("optimizer", 5e-12, True),
        ("optimizer", 2e-11, False),
        ("net", 5e-11, True),
        ("net", 2e-10, False),
        ("difference", 5e-7, True),
        ("difference", 2e-6, False),
    ],
)
def test_an_item_is_judged_by_its_own_row_of_the_tolerances(
    tolerance: str, error: float, right: bool, rubric: Any
) -> None:
    # the scale of dx is 6
    arrays = but(dx=RIGHT["dx"] + np.array([[0, 0, 0], [0, 0, 6 * error]]))
    verdict = judged(rubric(tolerance=tolerance), answered("open", arrays), answered("closed"))
    assert verdict.right["dx"] is right


MUTATED = {"mutated": ("x", "dout")}


@pytest.mark.parametrize(
    ("policy", "right", "faults", "warnings"),
    [("allow", True, 0, 0), ("warn", True, 0, 1), ("fail", False, 1, 0)],
)
def test_changing_an_argument_in_place_follows_the_rubric(
    policy: str, right: bool, faults: int, warnings: int, rubric: Any
) -> None:
    made = rubric(judging=f'[judging]\nmutated_input = "{policy}"')
    verdict = judged(made, answered("open", **MUTATED), answered("closed"))
    assert verdict.right == {"dx": right, "grads": right}
    assert (len(verdict.faults), len(verdict.warnings)) == (faults, warnings)
    for fault in (*verdict.faults, *verdict.warnings):
        assert (fault.kind, fault.output) == ("mutated_input", "x, dout")
        assert "x, dout was changed in place" in fault.message


def test_an_update_rule_may_work_in_place(rubric: Any) -> None:
    options = 'options = { rule = "sgd_momentum", watch = [] }'
    cases = '{ id = "open", public = true, inputs = { w = "2", dw = "3x2" }, ' + options + " },"
    made = rubric(cases, '[judging]\nmutated_input = "fail"', probe="optim.update")
    verdict = judged(made, answered("open", **MUTATED))
    assert verdict.passed and verdict.faults == ()


def test_a_wrong_answer_stays_wrong_where_mutation_is_allowed(rubric: Any) -> None:
    made = rubric(judging='[judging]\nmutated_input = "allow"')
    verdict = judged(made, answered("open", WRONG_DX, **MUTATED), answered("closed"))
    assert verdict.right == {"dx": False, "grads": True}


# ---------------------------------------------------------------- what is said


def test_a_public_fault_shows_everything(rubric: Any) -> None:
    made = rubric()
    got = RIGHT["dx"] + np.array([[0, 0, 0], [0, 0, 3.0]])
    verdict = judged(made, answered("open", but(dx=got)), answered("closed"))
    (fault,) = verdict.faults
    assert (fault.case, fault.part, fault.output) == ("affine_backward/open", "dx", "dx")
    assert (fault.kind, fault.public, fault.warning) == ("value", True, False)
    assert (fault.error, fault.allowed, fault.at) == (0.5, 1e-12, (1, 2))
    assert "1 of 6 cells" in fault.message
    shown = fault.comparison
    assert shown is not None and shown.output == "dx" and shown.wrong is not None
    assert np.array_equal(shown.expected, RIGHT["dx"]) and np.array_equal(shown.got, got)
    assert shown.wrong.sum() == 1 and set(shown.inputs) == {"x", "w", "b", "dout"}
    assert np.array_equal(shown.inputs["x"], made.case_inputs(made.cases[0])["x"])


def test_a_comparison_too_large_to_read_is_left_out(rubric: Any) -> None:
    large = {"dx": np.zeros((41, 50)), "dw": RIGHT["dw"], "db": RIGHT["db"]}
    wrong = answered("open", {**large, "dx": large["dx"] + 1})
    verdict = judged(rubric(), wrong, answered("closed", large), golden=Answers(large))
    assert verdict.faults[0].comparison is None and verdict.faults[0].at == (0, 0)


HIDDEN: dict[str, Arrays] = {
    "value": WRONG_DX,
    "shape": but(dx=np.zeros((17, 19))),
    "transposed": but(dx=RIGHT["dx"].T),
    "nan": but(dx=np.full((2, 3), np.nan)),
    "one inf": but(dx=np.where(RIGHT["dx"] == 5, np.inf, RIGHT["dx"])),
    "missing": but(dx=None),
    "single precision": but(dx=RIGHT["dx"].astype(np.float32)),
    "extra axis": but(dx=RIGHT["dx"][None]),
}
SIZE = re.compile(r"(?:off by up to|would be) \S+ %")  # how wrong it is may be said


@pytest.mark.parametrize("arrays", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_hidden_fault_carries_no_number_of_its_case(arrays: Arrays, rubric: Any) -> None:
    verdict = judged(rubric(), answered("open"), answered("closed", arrays))
    (fault,) = (*verdict.faults, *verdict.warnings)
    assert not fault.public and fault.comparison is None and fault.at is None
    assert fault.raised is None and fault.message
    rest = SIZE.sub("", fault.message).replace("float32", "").replace("float64", "")
    assert not re.search(r"\d", rest.replace("length 1", "")), fault.message


def test_what_an_output_is_instead_of_an_array_is_not_told_of_a_hidden_case(rubric: Any) -> None:
    refused = {"dx": "a str that is no array (x was [[1.25, 2.5]])"}
    arrays = but(dx=None)
    for which, told in (("open", True), ("closed", False)):
        other = answered("closed" if which == "open" else "open")
        verdict = judged(rubric(), answered(which, arrays, refused=refused), other)
        (fault,) = verdict.faults
        assert fault.kind == "dtype" and ("1.25" in fault.message) is told


SECRET = "operands (17,) and 3.14159"
FRAMES = (
    ("cs231n/layers.py", 40, "affine_backward", "dx = helper(dout)"),
    ("cs231n/layers.py", 12, "helper", "raise ValueError(x)"),
)


def test_a_public_exception_is_told_in_full(rubric: Any) -> None:
    raised = Raised("MyError", SECRET, FRAMES)
    verdict = judged(rubric(), ended("open", "raised", raised=raised), answered("closed"))
    (fault,) = verdict.faults
    assert (fault.kind, fault.raised) == ("error", raised)
    assert fault.message == (
        f"affine_backward stopped with MyError at cs231n/layers.py:12: {SECRET}"
    )


UNSTABLE = {
    "an exception": ended(
        "open", "raised", raised=Raised("X_is_3_14159", SECRET, FRAMES), unstable=True
    ),
    "an answer": answered("open", but(dx=RIGHT["dx"] + 0.31415926), unstable=True),
}


@pytest.mark.parametrize("what", UNSTABLE)
def test_another_run_of_a_public_case_tells_nothing_that_it_could_have_seen(
    what: str, rubric: Any
) -> None:
    """Hidden inputs may have been in the box by then; that answers differ is said all the same."""
    verdict = judged(rubric(), UNSTABLE[what], answered("closed"))
    assert not verdict.right["dx"]
    assert verdict.faults[0].kind == "not_deterministic" and verdict.faults[0].public
    assert all(fault.comparison is None for fault in verdict.faults)
    assert SECRET not in repr(verdict) and "3_14159" not in repr(verdict)
    assert "1.31415926" not in repr(verdict)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("ValueError", "ValueError"), ("ZeroDivisionError", "ZeroDivisionError"),
     ("X_is_3_14159", "an exception"), ("print", "an exception"), ("__doc__", "an exception"),
     ("", "an exception"), ("LinAlgError", "an exception"), ("BlockingIOError", "an exception")],
)  # fmt: skip
def test_a_hidden_exception_loses_its_message_and_any_name_of_its_own(
    name: str, shown: str, rubric: Any
) -> None:
    raised = Raised(name, SECRET, FRAMES)
    verdict = judged(rubric(), answered("open"), ended("closed", "raised", raised=raised))
    (fault,) = verdict.faults
    assert fault.raised == Raised(shown, "", (("cs231n/layers.py", 0, "affine_backward", ""),))
    place = "affine_backward (cs231n/layers.py)"
    assert fault.message == f"affine_backward stopped with {shown} in {place}"


# A line, a name or a file of one's own carries as many bits as one likes to write of them.
PLACES = {
    "a line": (("cs231n/layers.py", 417, "loss", "raise"), ("cs231n/layers.py", "loss")),
    "a name": (("cs231n/layers.py", 12, "number_417", "raise"), ("cs231n/layers.py", "")),
    "a file": (("cs231n/number_417.py", 12, "loss", "raise"), ("", "loss")),
    "a folder": (("cs231n/417/layers.py", 12, "loss", "raise"), ("", "loss")),
}  # fmt: skip


@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("kind", ["ValueError", "NotImplementedError"])
def test_where_a_hidden_case_stops_is_told_by_names_of_the_assignment_alone(
    what: str, kind: str, rubric: Any
) -> None:
    frame, (file, function) = PLACES[what]
    raised = Raised(kind, "", (frame,))
    outcome: Outcome = "raised" if kind == "ValueError" else "not_written"
    verdict = judged(rubric(), answered("open"), ended("closed", outcome, raised=raised))
    (fault,) = verdict.faults
    assert fault.raised == Raised(kind, "", ((file, 0, function, ""),))
    assert "417" not in repr(verdict) and "12" not in fault.message
    assert "417" in repr(
        judged(rubric(), ended("open", outcome, raised=raised), answered("closed"))
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (0.0314159, 0.1),
        (3.9e-5, 1e-4),
        (7.0, 10.0),
        (1e-30, 1e-9),
        (5e99, 1e3),
        (float("inf"), 1e3),
    ],
)
def test_the_error_of_a_hidden_case_is_told_by_its_power_of_ten(error: float, told: float) -> None:
    """Two digits and any exponent were ten bits, for code that knows the answer and misses it."""
    assert faults._size(error) == told


@pytest.mark.parametrize("off", [0.011, 0.023, 0.0987])
def test_the_sentence_of_a_hidden_case_tells_its_error_no_closer(off: float, rubric: Any) -> None:
    largest = float(np.max(np.abs(RIGHT["dx"])))
    arrays = but(dx=RIGHT["dx"] + off * largest)
    (fault,) = judged(rubric(), answered("open"), answered("closed", arrays)).faults
    assert fault.error == 0.1 and "off by up to 10 % of its largest value" in fault.message


def test_a_return_value_that_cannot_be_taken_apart_says_so(rubric: Any) -> None:
    raised = Raised(
        "ReturnValue", "affine_backward must return (dx, dw, db), it returned one value"
    )
    verdict = judged(
        rubric(), ended("open", "raised", raised=raised), ended("closed", "raised", raised=raised)
    )
    first, second = verdict.faults
    assert first.message == raised.message
    assert second.message == "affine_backward returned something else than its docstring says"


WORDS: dict[str, tuple[Outcome, dict[str, Any], str, str]] = {
    "timeout": ("timeout", {}, "timeout", "affine_backward did not finish within 5 s"),
    "memory": ("memory", {}, "memory", "affine_backward ran out of memory (2 GB)"),
    "died": ("died", {}, "died", "affine_backward ended its Python process"),
    "died of a signal": (
        "died", {"text": "SIGSEGV"}, "died", "affine_backward ended its Python process (SIGSEGV)",
    ),
    "braces": (
        "died", {"text": "{limit}"}, "died", "affine_backward ended its Python process ({limit})",
    ),
    "not run": (
        "not_run", {"text": "the time was up"}, "timeout",
        "affine_backward was not run: the time was up",
    ),
    "not written": (
        "not_written", {}, "not_written", "this part of affine_backward is not written yet",
    ),
    "no file": (
        "missing", {"raised": Raised("", "layers.py is not in the submission")}, "missing",
        "layers.py is not in the upload",
    ),
    "a file that does not finish importing": (
        "timeout", {"unloaded": "cs231n/layers.py"}, "timeout",
        "layers.py does not finish importing: code outside of all functions runs too long",
    ),
    "a file that ends the process": (
        "died", {"unloaded": "cs231n/layers.py", "text": "while layers.py was imported"}, "died",
        "layers.py ends its Python process while it is imported",
    ),
    "a file that is no Python": (
        "raised",
        {"unloaded": "cs231n/layers.py", "raised": Raised(
            "SyntaxError", "'(' was never closed", (("cs231n/layers.py", 12, "", "x = ("),))},
        "error", "layers.py is no valid Python: line 12: '(' was never closed",
    ),
    "a file that stops": (
        "raised",
        {"unloaded": "cs231n/layers.py", "raised": Raised(
            "NameError", "name 'z' is not defined", (("cs231n/layers.py", 3, "", "z"),))},
        "error",
        "layers.py stops while it is imported: line 3: NameError: name 'z' is not defined",
    ),
    "missing": ("missing", {}, "missing", "affine_backward is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("outcome", "more", "kind", "says"), WORDS.values(), ids=WORDS.keys())
def test_how_a_case_ended_is_said(
    outcome: Outcome, more: dict[str, Any], kind: str, says: str, rubric: Any
) -> None:
    verdict = judged(rubric(), ended("open", outcome, **more), answered("closed"))
    (fault,) = verdict.faults
    assert (fault.kind, fault.message, fault.part) == (kind, says, "all")


def test_the_limit_that_was_hit_is_the_rubric_s(rubric: Any) -> None:
    made = rubric(judging="[limits]\ncase_s = 2.5")
    verdict = judged(made, ended("open", "timeout"), answered("closed"))
    assert verdict.faults[0].message.endswith("within 2.5 s")


def test_a_hidden_case_whose_function_is_missing_says_something(rubric: Any) -> None:
    raised = Raised("Missing", "layers.py has no affine_backward")
    verdict = judged(rubric(), answered("open"), ended("closed", "missing", raised=raised))
    assert "missing" in verdict.faults[0].message or "has no" in verdict.faults[0].message


# ---------------------------------------------------------------- written or not

OWN = Raised("NotImplementedError", "", (("cs231n/layers.py", 9, "affine_backward", "raise"),))
OTHER = Raised("NotImplementedError", "", (("cs231n/layers.py", 9, "affine_forward", "raise"),))
WRITTEN: dict[str, tuple[Evidence, Evidence, bool]] = {
    "both stubs": (ended("open", "not_written"), ended("closed", "not_written"), False),
    "its own stub": (
        ended("open", "not_written", raised=OWN), ended("closed", "not_written", raised=OWN), False,
    ),
    "another's stub": (
        ended("open", "not_written", raised=OTHER), ended("closed", "not_written", raised=OTHER),
        True,
    ),
    "missing": (ended("open", "missing"), ended("closed", "not_written"), False),
    "one answered": (ended("open", "not_written"), answered("closed", WRONG_DX), True),
    "one stopped": (
        ended("open", "not_written"), ended("closed", "raised", raised=Raised("E", "")), True,
    ),
    "one too slow": (ended("open", "not_written"), ended("closed", "timeout"), True),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "written"), WRITTEN.values(), ids=WRITTEN.keys())
def test_an_item_is_unwritten_only_where_every_case_says_so(
    first: Evidence, second: Evidence, written: bool, rubric: Any
) -> None:
    assert judged(rubric(), first, second).written is written


def test_a_stub_of_another_function_is_named(rubric: Any) -> None:
    verdict = judged(
        rubric(),
        ended("open", "not_written", raised=OTHER),
        ended("closed", "not_written", raised=OWN),
    )
    assert [fault.kind for fault in verdict.faults] == ["error", "not_written"]
    assert (
        verdict.faults[0].message
        == "affine_backward needs affine_forward, which is not written yet"
    )


# ---------------------------------------------------------------- our own fault


def test_a_judge_that_breaks_is_our_fault_and_earns_nothing(
    rubric: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKGRADE_DEBUG", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def breaks(attempt: Any) -> Any:
        yield Finding("dx")
        raise IndexError("secret 3.14159")

    made = rubric()
    broken = Judge(breaks, lambda case: ("dx", "dw", "db"))
    monkeypatch.setattr(judges, "find", lambda name: broken)
    evaluator = Evaluator(made, Answers(RIGHT))
    evidence = {one.case: one for one in (answered("open"), answered("closed"))}
    assert not evaluator.is_right(made.cases[0], evidence["affine_backward/open"])
    (of_case,) = tmp_path.rglob("faults/*.txt")
    assert "judging the case affine_backward/open" in of_case.read_text()
    (verdict,) = evaluator.verdicts(evidence).values()
    assert verdict.broken and not verdict.passed and verdict.right == {}
    message = verdict.faults[0].message
    assert "IndexError" in message and "3.14159" not in message
    (file,) = (one for one in tmp_path.rglob("faults/*.txt") if str(one) in message)
    text = file.read_text()
    assert text.startswith("judging the item affine_backward\n") and "in breaks" in text


def test_a_right_verdict_is_not_broken(rubric: Any) -> None:
    assert not judged(rubric(), answered("open"), answered("closed", WRONG_DX)).broken


# ---------------------------------------------------------------- once is enough


def test_faults_that_say_the_same_are_told_once(rubric: Any) -> None:
    more = CLOSED + CLOSED.replace("closed", "closed2") + CLOSED.replace("closed", "closed3")
    made = rubric(OPEN + more)
    shape = but(dx=RIGHT["dx"].T)
    evidence = [answered(name, shape) for name in ("open", "closed", "closed2", "closed3")]
    verdict = judged(made, *evidence)
    told: list[tuple[str, bool]] = [(f.case, f.public) for f in verdict.faults]
    assert told == [("affine_backward/open", True), ("affine_backward/closed", False)]
    assert verdict.checks == (0, 4)


def test_the_same_words_about_another_part_or_kind_of_case_are_told_again(rubric: Any) -> None:
    made = rubric(BOTH + CLOSED.replace('id = "closed"', 'id = "to_dx", part = "dx"'))
    verdict = judged(made, *(ended(name, "timeout") for name in ("open", "closed", "to_dx")))
    assert [(f.part, f.public) for f in verdict.faults] == [
        ("all", True), ("all", False), ("dx", False),
    ]  # fmt: skip
    assert len({fault.message for fault in verdict.faults}) == 1


def test_faults_of_two_parts_are_both_told(rubric: Any) -> None:
    both = but(dx=RIGHT["dx"].T, dw=RIGHT["dw"].T)
    verdict = judged(rubric(), answered("open", both), answered("closed"))
    assert [(f.part, f.output) for f in verdict.faults] == [("dx", "dx"), ("grads", "dw")]


# ---------------------------------------------------------------- every judge keeps the secret

# Hidden cases of dropout and nets: nothing that is said may hold an option of the case.
RANDOM = np.random.default_rng(0)
X = 2 * RANDOM.integers(1, 2048, (40, 50)) / 2048.0
KEEP = {"keep": 0.375}
NET = {"dims": [37, 41, 43], "weight_scale": 0.375}
DRAWN = RANDOM.random(X.shape)
SAID: dict[str, tuple[str, Mapping[str, Any], Arrays]] = {
    "not scaled": ("dropout.train", KEEP, {"out": X * (DRAWN < 0.375)}),
    "another share": ("dropout.train", KEEP, {"out": X * (DRAWN < 0.9)}),
    "scaled twice": ("dropout.train", KEEP, {"out": X * (DRAWN < 0.375) / 0.140625}),
    "weights unscaled": ("nets.init", NET, {"W1": RANDOM.standard_normal((37, 41))}),
    "weights turned": ("nets.init", NET, {"W1": RANDOM.standard_normal((41, 37))}),
}


@pytest.mark.parametrize(
    ("judge", "options", "arrays"),
    [pytest.param(*row, id=name) for name, row in SAID.items()],
)
def test_no_judge_tells_an_option_or_a_size_of_a_hidden_case(
    judge: str, options: Mapping[str, Any], arrays: Arrays
) -> None:
    case = Case(
        id="i/c", item="i", probe="p.q", inputs={}, options=options, public=False, judge=judge,
        part=None, only=(), needs=(), alternatives=(),
    )  # fmt: skip
    arrays = {**arrays, "out_again": arrays["out"][::-1]} if "out" in arrays else arrays
    attempt = judges.Attempt(case, {"x": X}, arrays, {}, (), judges.Rules(1e-9, 1e-4))
    found = judges.find(judge).decide(attempt)
    told = " ".join(wording.hidden(one, attempt) for one in found if one.kind is not None)
    assert told
    for secret in ("0.375", "0.38", "37", "41", "43"):
        assert not re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", told), told


def test_a_warning_of_a_hidden_case_is_as_silent_as_a_fault(rubric: Any) -> None:
    verdict = judged(rubric(), answered("open"), answered("closed", but(db=[[7, 8]])))
    (warning,) = verdict.warnings
    assert isinstance(warning, Fault) and warning.warning and not warning.public
    assert warning.comparison is None and warning.at is None and "(1, 2)" not in warning.message
