"""Which small case an item that is wrong is shown by, and what is shown of it.

The golden answers are simple numbers of the right shapes; what the box gives is written beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.diagnosis import snippets
from grader.rubric.cases import Rubric
from grader.types import Case, Smallest
from tests.support import engine_end as end

Arrays = Mapping[str, Any]
COUNT = "parameters_without_gradient"


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return end.rubric(
        end.item("affine_forward"),
        end.item("affine_backward", needs=["affine_forward"]),
        end.item("relu_forward"),
        end.item("batchnorm_forward"),
        end.item("batchnorm_backward", needs=["batchnorm_forward"]),
        end.item("adam"),
        end.item("TwoLayerNet", needs=["affine_backward", "relu_forward"]),
        end.item("FullyConnectedNet", needs=["TwoLayerNet"]),
        judging={"mutated_input": "fail", "float32": "fail"},
    )


def right(case: Case, inputs: Arrays) -> dict[str, np.ndarray]:
    """Return what counts as right: numbers of the shapes that the outputs have."""
    x = inputs.get("x", np.zeros(1))
    if case.probe == "optim.update":
        w, dw = inputs["w"], inputs["dw"]
        return {"next_w": w - np.cumsum(dw, axis=0), "m": dw + 2, "v": dw**2 + 1}
    if case.probe == "norms.batchnorm_train":
        return {"out": x, "running_mean": x.mean(axis=1) + 1, "running_var": x.var(axis=1) + 1}
    if case.probe.startswith("nets."):
        loss = {"loss": np.array(2.0), "dW1": np.ones((2, 2)), COUNT: np.array(0.0)}
        return {"scores": np.ones((len(x), 2)), **(loss if "y" in inputs else {})}
    if "dout" in inputs:
        others = ("w", "b") if "w" in inputs else ("gamma", "beta")
        return {"dx": x, **{f"d{name}": inputs[name] for name in others}}
    return {"out": x if "w" not in inputs else x.reshape(len(x), -1) @ inputs["w"] + inputs["b"]}


def shown(
    rubric: Rubric,
    wrong: Mapping[str, Any],
    replies: Mapping[str, Any] | None = None,
    others: Mapping[str, list[Arrays]] | None = None,
    followed: Mapping[str, Mapping[str, bool]] | None = None,
    modules: Mapping[str, str] | None = None,
    **fields: Any,
) -> tuple[dict[str, Smallest], end.Worker]:
    """Return the example of each item, and the worker.

    `replies` is what small cases come to, else all is right; `others` are further conventions, in
    which None leaves an output out; `followed` is what was right over right needs.
    """
    known = {case.id: right(case, rubric.case_inputs(case)) for case in rubric.ladder}
    given: dict[str, Any] = {**known}
    for name, reply in (replies or {}).items():
        runs = reply if isinstance(reply, list) else [reply]
        given[name] = [{**known[name], **one} if isinstance(one, dict) else one for one in runs]
    worker = end.Worker(given, modules=modules)
    answers = {
        name: [one, *(_but(one, other) for other in (others or {}).get(name, []))]
        for name, one in known.items()
    }
    graded = end.Graded(
        rubric, end.verdicts(rubric, **wrong), worker, end.Answers(answers), **fields
    )
    again = {name: end.Again(parts, {}, None, False) for name, parts in (followed or {}).items()}
    return graded.minimal_example(again), worker


def _but(answers: Arrays, changed: Arrays) -> dict[str, Any]:
    return {name: one for name, one in {**answers, **changed}.items() if one is not None}


# ---------------------------------------------------------------- who is asked

RELU = [f"relu_forward/small_{size}" for size in ("1x1", "1x2", "2x1", "2x3", "2x2x2")]
MAY: dict[str, tuple[dict[str, Any], Any, set[str]]] = {
    # wrong, right over right needs -> items whose small cases run
    "nothing is wrong": ({}, None, set()),
    "a layer": ({"relu_forward": False}, None, {"relu_forward"}),
    "a part of an item": (
        {"affine_backward": {"dx": True, "dw": True, "db": False}}, None, {"affine_backward"},
    ),
    "right over right needs": (
        {"affine_backward": False},
        {"affine_backward": {"dx": True, "dw": True, "db": True}}, set(),
    ),
    "partly right over right needs": (
        {"affine_backward": False}, {"affine_backward": {"dx": True, "dw": True}},
        {"affine_backward"},
    ),
    "a net": ({"TwoLayerNet": False}, None, {"TwoLayerNet"}),
    "a net over a wrong layer": (
        {"TwoLayerNet": False, "relu_forward": False}, None, {"relu_forward"},
    ),
    "a net over a wrong net": (
        {"TwoLayerNet": False, "FullyConnectedNet": False}, None,
        {"TwoLayerNet", "FullyConnectedNet"},
    ),
    "a net over a net over a wrong layer": (
        {"FullyConnectedNet": False, "relu_forward": False}, None, {"relu_forward"},
    ),
    "a backward pass behind a wrong forward pass": (
        {"affine_backward": False, "affine_forward": False}, None,
        {"affine_backward", "affine_forward"},
    ),
    "a normalization behind a wrong forward pass": (
        {"batchnorm_backward": False, "batchnorm_forward": False}, None, {"batchnorm_forward"},
    ),
    "a normalization behind a right forward pass": (
        {"batchnorm_backward": False}, None, {"batchnorm_backward"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "followed", "items"), MAY.values(), ids=MAY)
def test_an_item_is_asked_for_a_mistake_of_its_own(
    wrong: dict[str, Any], followed: Any, items: set[str], rubric: Rubric
) -> None:
    found, worker = shown(rubric, wrong, followed=followed)
    ran = {name for group in worker.ran for name in group}
    assert ran == {case.id for case in rubric.ladder if case.item in items}
    assert found == {}, "nothing fails on a small case"
    assert worker.calls == (["open", "run", "close"] if items else [])
    assert all(not job.graft for job in worker.jobs)


def test_a_part_without_points_is_not_asked_about() -> None:
    free = end.rubric(end.item("affine_backward", parts={"dx": 1, "dw": 0}))
    assert shown(free, {"affine_backward": {"dx": True, "dw": False}})[1].calls == []


SPENT = ["timeout", "memory", "died"]


@pytest.mark.parametrize("kind", [*SPENT, "error", "value"])
def test_an_item_that_took_all_it_could_get_is_not_asked(kind: Any, rubric: Rubric) -> None:
    verdict = end.verdict(rubric, "relu_forward", False, end.fault("value"), end.fault(kind))
    assert (shown(rubric, {"relu_forward": verdict})[1].calls == []) is (kind in SPENT)


@pytest.mark.parametrize("what", [{"written": False}, {"broken": True}])
def test_what_was_not_written_or_not_judged_is_not_asked(what: Any, rubric: Rubric) -> None:
    verdict = end.verdict(rubric, "relu_forward", False, **what)
    assert shown(rubric, {"relu_forward": verdict})[1].calls == []


UNABLE = {
    "no time": {"seconds": -1.0},
    "a folder that cannot be imported": {"job": replace(end.JOB, package="my-homework")},
}


@pytest.mark.parametrize("fields", UNABLE.values(), ids=UNABLE)
def test_where_nothing_can_be_shown_nothing_is_opened(fields: Any, rubric: Rubric) -> None:
    assert shown(rubric, {"relu_forward": False}, **fields)[1].calls == []


def test_a_fault_of_ours_leaves_no_session_open(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=ZeroDivisionError)
    known = end.verdicts(rubric, relu_forward=False)
    with pytest.raises(ZeroDivisionError):
        end.Graded(rubric, known, worker).minimal_example()
    assert worker.calls == ["open", "run", "close"]


LOADED: dict[str, tuple[dict[str, str], set[str]]] = {
    "all": ({}, {"batchnorm_forward", "adam", "TwoLayerNet"}),
    "no nets": ({"fc_net": "raised"}, {"batchnorm_forward", "adam"}),
    "no update rules": ({"optim": "raised"}, {"batchnorm_forward", "TwoLayerNet"}),
    "no layers": ({"layers": "raised"}, {"adam"}),
    "nothing but nets and layers": (
        {"optim": "raised", "layer_utils": "absent"},
        {"batchnorm_forward", "TwoLayerNet"},
    ),
    "no helpers of layers": (
        {"layer_utils": "absent"},
        {"batchnorm_forward", "adam", "TwoLayerNet"},
    ),
}


@pytest.mark.parametrize(("modules", "items"), LOADED.values(), ids=LOADED)
def test_only_what_could_be_imported_runs(
    modules: dict[str, str], items: set[str], rubric: Rubric
) -> None:
    wrong = dict.fromkeys(("batchnorm_forward", "adam", "TwoLayerNet"), False)
    found, worker = shown(rubric, wrong, modules=modules)
    assert {row["item"] for row in worker.rows} == items


OWN: dict[str, tuple[bool, Any]] = {"wrong": (False, False), "right": (True, None)}


@pytest.mark.parametrize(("forward", "option"), OWN.values(), ids=OWN)
def test_a_backward_pass_does_without_a_forward_pass_that_is_wrong(
    forward: bool, option: Any, rubric: Rubric
) -> None:
    wrong = {"affine_backward": False, "affine_forward": forward}
    _, worker = shown(rubric, wrong)
    mine = [row["options"] for row in worker.rows if row["item"] == "affine_backward"]
    assert mine and all(options.get("own_forward") is option for options in mine)
    theirs = [row["options"] for row in worker.rows if row["item"] == "affine_forward"]
    assert all(options == {} for options in theirs) and bool(theirs) is not forward


def test_a_backward_pass_whose_forward_pass_was_not_judged_uses_it(rubric: Rubric) -> None:
    worker = end.Worker()
    known = end.verdicts(rubric, affine_backward=False, batchnorm_backward=False)
    del known["affine_forward"], known["batchnorm_forward"]
    end.Graded(rubric, known, worker).minimal_example()
    assert {row["item"] for row in worker.rows} == {"affine_backward", "batchnorm_backward"}
    assert all(row["options"] == {} for row in worker.rows)


# ---------------------------------------------------------------- which case is shown

ONE, TWO, MORE, GRID, IMAGES = RELU
NINE = {"out": [[9.0]]}
PAIR = {"out": [[9.0, 9.0]]}
FIRST: dict[str, tuple[dict[str, Any], str | None, list[str]]] = {
    # what small cases come to -> the case that is shown, and what ran a second time
    "all right": ({}, None, []),
    "the first": ({ONE: NINE}, ONE, [ONE]),
    "a later one": ({TWO: PAIR}, TWO, [TWO]),
    "the smaller of two": ({TWO: PAIR, GRID: {"out": np.zeros((2, 3))}}, TWO, [TWO]),
    "an exception": ({ONE: "raised"}, ONE, [ONE]),
    "one that did not end is passed by": ({ONE: "timeout", TWO: PAIR}, TWO, [TWO]),
    "one that ended the process is passed by": ({ONE: "died", TWO: PAIR}, TWO, [TWO]),
    "one that is not written is passed by": ({ONE: "not_written"}, None, []),
    "one that misses a name is passed by": ({ONE: "missing", TWO: PAIR}, TWO, [TWO]),
    "right the second time": ({ONE: [NINE, {"out": [[0.5]]}]}, None, [ONE]),
    "other numbers the second time": ({ONE: [NINE, {"out": [[8.0]]}]}, None, [ONE]),
    "an exception the second time": ({ONE: [NINE, "raised"]}, None, [ONE]),
    "numbers the second time": ({ONE: ["raised", NINE]}, None, [ONE]),
    "nan both times": ({ONE: {"out": [[np.nan]]}}, ONE, [ONE]),
    "nan once": ({ONE: [{"out": [[np.nan]]}, {"out": [[np.inf]]}]}, None, [ONE]),
    "another exception": (
        {ONE: [({"outcome": "raised", "type": name}, {}) for name in ("KeyError", "NameError")]},
        None, [ONE],
    ),
    "of another shape the second time": (
        {ONE: [{"out": [9.0, 9.0]}, {"out": [9.0, 9.0, 9.0]}]}, None, [ONE],
    ),
    "an argument was changed": (
        {ONE: ({"outcome": "answered", "mutated": ["x"]}, NINE)}, ONE, [ONE],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "case", "again"), FIRST.values(), ids=FIRST)
def test_the_first_case_that_fails_twice_is_shown(
    replies: dict[str, Any], case: str | None, again: list[str], rubric: Rubric
) -> None:
    found, worker = shown(rubric, {"relu_forward": False}, replies)
    assert worker.ran == [RELU, *([again] if again else [])]
    assert {name: small.case for name, small in found.items()} == (
        {"relu_forward": case} if case else {}
    )


def test_right_numbers_with_an_extra_axis_are_not_shown(rubric: Rubric) -> None:
    reply = {"out": inputs(rubric, TWO)["x"][None]}
    found, worker = shown(rubric, {"relu_forward": False}, {TWO: reply})
    assert found == {} and worker.ran == [RELU]


def test_a_change_of_an_argument_alone_is_not_shown(rubric: Rubric) -> None:
    case = next(case for case in rubric.ladder if case.id == ONE)
    answer = right(case, rubric.case_inputs(case))
    reply = {"outcome": "answered", "mutated": ["x"]}, answer
    found, worker = shown(rubric, {"relu_forward": False}, {ONE: reply})
    assert found == {} and worker.ran == [RELU]


def test_what_fails_runs_again_by_itself_and_in_the_other_order(rubric: Rubric) -> None:
    wrong = {"affine_forward": False, "relu_forward": False, "adam": False}
    replies = {ONE: NINE, "affine_forward/small_1x1": NINE, "adam/small_1": {"m": [[9.0]]}}
    found, worker = shown(rubric, wrong, replies)
    assert worker.ran[1] == ["adam/small_1", ONE, "affine_forward/small_1x1"]
    assert list(found) == ["affine_forward", "relu_forward", "adam"]
    assert worker.children == ["alone", "there"]  # and where one was alone, nothing is there


BACK = "affine_backward/small_1x1"
PARTS: dict[str, tuple[dict[str, bool], Any, str | None]] = {
    # right parts, what the small case comes to -> the part that is shown
    "a lost part": ({"dx": True, "dw": True}, {"db": [9.0]}, "db"),
    "a part that was not lost": ({"dx": True, "dw": True}, {"dx": [[9.0]]}, None),
    "a part that was not lost, and one that was": (
        {"dx": True, "dw": True}, {"dx": [[9.0]], "db": [9.0]}, "db",
    ),
    "an exception is about every part": ({"dx": True, "dw": True}, "raised", "all"),
    "the first of two": ({}, {"dw": [[9.0]], "db": [9.0]}, "dw"),
}  # fmt: skip


@pytest.mark.parametrize(("good", "reply", "part"), PARTS.values(), ids=PARTS)
def test_a_part_is_shown_only_if_it_was_lost(
    good: dict[str, bool], reply: Any, part: str | None, rubric: Rubric
) -> None:
    found, _ = shown(rubric, {"affine_backward": good}, {BACK: reply})
    assert {small.part for small in found.values()} == ({part} if part else set())
    assert {small.output for small in found.values()} <= {part, "dx"}


def test_another_fault_that_comes_first_the_second_time_is_not_the_same(rubric: Rubric) -> None:
    replies = {BACK: [{"dw": [[9.0]]}, {"dx": [[9.0]], "dw": [[9.0]]}]}
    assert shown(rubric, {"affine_backward": False}, replies)[0] == {}
    replies = {BACK: [{"dw": [[9.0]]}, {"dw": [[9.0]], "db": [9.0]}]}
    assert shown(rubric, {"affine_backward": False}, replies)[0]["affine_backward"].output == "dw"


A_OR_B = {TWO: [{"out": np.array([[3.0, 4.0]])}]}  # beside -0.5, 0.5
MIXED: dict[str, tuple[Any, list[bool] | None]] = {
    # what came out -> cells that are shown as wrong
    "the other convention": ([[3.0, 4.0]], None),
    "a cell of each": ([[3.0, 0.5]], None),
    "no convention": ([[9.0, 8.0]], [True, True]),
    "one cell of the reference": ([[-0.5, 9.0]], [False, True]),
    "one cell of the other": ([[9.0, 4.0]], [True, False]),
}


@pytest.mark.parametrize(("out", "wrong"), MIXED.values(), ids=MIXED)
def test_a_cell_is_wrong_only_if_no_convention_gives_it(
    out: Any, wrong: list[bool] | None, rubric: Rubric
) -> None:
    x = rubric.case_inputs(next(case for case in rubric.ladder if case.id == TWO))["x"]
    out = np.where(np.asarray(out) == -0.5, x[0, 0], np.where(np.asarray(out) == 0.5, x[0, 1], out))
    found, worker = shown(rubric, {"relu_forward": False}, {TWO: {"out": out}}, A_OR_B)
    assert [small.wrong.tolist() for small in found.values() if small.wrong is not None] == (
        [[wrong]] if wrong else []
    )
    assert len(worker.ran) == (2 if wrong else 1)


# ---------------------------------------------------------------- what is shown


def example(
    rubric: Rubric, case: str, reply: Any, others: Mapping[str, list[Arrays]] | None = None
) -> Smallest | None:
    """Return the example of the item of one small case."""
    item = case.partition("/")[0]
    return shown(rubric, {item.replace(".", "_"): False}, {case: reply}, others)[0].get(item)


def inputs(rubric: Rubric, case: str) -> Arrays:
    return rubric.case_inputs(next(one for one in rubric.ladder if one.id == case))


def test_numbers_that_differ_are_shown_beside_the_right_ones(rubric: Rubric) -> None:
    small = example(rubric, GRID, {"out": [[9.0, 8.0, 7.0], *inputs(rubric, GRID)["x"][1:]]})
    x = inputs(rubric, GRID)["x"]
    assert small is not None
    assert (small.case, small.part, small.output) == (GRID, "out", "out")
    assert small.message == "out has wrong numbers in 3 of 6 cells"
    assert np.array_equal(small.expected, x) and set(small.inputs) == {"x"}
    assert small.got is not None and small.got.tolist() == [[9.0, 8.0, 7.0], x[1].tolist()]
    assert small.wrong is not None and small.wrong.tolist() == [[True] * 3, [False] * 3]
    assert small.raised is None
    lines = small.snippet.splitlines()
    assert lines[0] == "import numpy as np; from cs231n.layers import relu_forward"
    assert lines[1] == f"out, cache = relu_forward(np.array({x.tolist()}))"
    assert lines[2] == f'print("yours:", out, "expected:", np.array({x.tolist()}), sep="\\n")'


def test_settings_are_shown_as_they_are_handed_over(rubric: Rubric) -> None:
    small = example(rubric, "batchnorm_forward/small_2x1", {"out": [[[9.0], [9.0]]]})
    assert small is not None and small.settings == "bn_param = {'mode': 'train'}"
    small = example(rubric, ONE, NINE)
    assert small is not None and small.settings == ""


SAYS: dict[str, tuple[str, Any, str]] = {
    "one number": (ONE, NINE, "out should be another number"),
    "a number without axes": (
        "TwoLayerNet/small_loss_1x1x2", {"loss": 9.0}, "loss should be another number",
    ),
    "a shape": (TWO, {"out": [9.0, 9.0, 9.0]}, "out has shape (3,), expected (1, 2)"),
    "nan": (TWO, {"out": [[np.nan, np.inf]]}, "out has nan in it"),
    "inf": (TWO, {"out": [[1.0, np.inf]]}, "out has inf in it"),
    "nothing": (ONE, ({"outcome": "answered"}, {}), "out is missing"),
    "an object": (
        ONE, ({"outcome": "answered", "refused": {"out": "a list"}}, {}),
        "out is a list; an array of float64 is expected",
    ),
    "None": (
        ONE, ({"outcome": "answered", "refused": {"out": "None"}}, {}), "out is still None",
    ),
    "an exception": (
        ONE, ({"outcome": "raised", "type": "KeyError", "message": "'x'"}, {}),
        "relu_forward stopped with KeyError: 'x'",
    ),
    "a stub": (BACK, ({"outcome": "answered", "refused": {"dw": "None"}}, {}), "dx is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("case", "reply", "says"), SAYS.values(), ids=SAYS)
def test_what_is_wrong_is_said_in_a_few_words(
    case: str, reply: Any, says: str, rubric: Rubric
) -> None:
    small = example(rubric, case, reply)
    assert small is not None and small.message == says


def test_right_numbers_in_another_shape_are_shown_as_that_shape(rubric: Rubric) -> None:
    small = example(rubric, TWO, {"out": inputs(rubric, TWO)["x"].reshape(2, 1)})
    assert small is not None and small.message == "out has shape (2, 1), expected (1, 2)"


def test_single_precision_where_it_counts_is_shown(rubric: Rubric) -> None:
    x = inputs(rubric, TWO)["x"].astype(np.float32)
    small = example(rubric, TWO, ({"outcome": "answered"}, {"out": x}))
    assert small is not None
    assert small.message == "out is in single precision: float32 where float64 came in"
    assert small.got is None and small.wrong is None


def test_an_exception_is_shown_with_what_was_asked_for(rubric: Rubric) -> None:
    reply = {"outcome": "raised", "type": "KeyError", "message": "'x'"}, {}
    small = example(rubric, BACK, reply)
    assert small is not None and small.raised is not None and small.raised.type == "KeyError"
    assert (small.got, small.wrong, small.output, small.part) == (None, None, "dx", "all")
    assert np.array_equal(small.expected, inputs(rubric, BACK)["x"])


LACKING: dict[str, tuple[list[Arrays], Any]] = {
    "a convention with other numbers": ([{"dx": np.array([[7.0]])}], "raised"),
    "a convention without the output": ([{"dx": None}], "raised"),
    "a convention without it, and wrong numbers": ([{"dx": None}], {"dx": [[9.0]]}),
}


@pytest.mark.parametrize(("others", "reply"), LACKING.values(), ids=LACKING)
def test_what_is_expected_is_the_answer_of_the_first_convention_that_has_one(
    others: list[Arrays], reply: Any, rubric: Rubric
) -> None:
    small = example(rubric, BACK, reply, {BACK: others})
    assert small is not None and small.output == "dx"
    assert np.array_equal(small.expected, inputs(rubric, BACK)["x"])


NET = "TwoLayerNet/small_loss_1x1x2"
WRONG_COUNT = {COUNT: 1.0}
COUNTS: dict[str, tuple[dict[str, float], Any, str | None]] = {
    # parts, what the small case comes to -> the output that is shown
    "the count is wrong": ({"gradients": 1, "complete": 1}, WRONG_COUNT, None),
    "a gradient is, too": (
        {"gradients": 1, "complete": 1}, {**WRONG_COUNT, "dW1": np.full((2, 2), 9.0)}, "dW1",
    ),
    "an exception, where nothing but the count is asked for": ({"complete": 1}, "raised", None),
    "an exception": ({"complete": 1, "gradients": 1}, "raised", "dW1"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "reply", "output"), COUNTS.values(), ids=COUNTS)
def test_a_count_of_ours_is_never_shown(
    parts: dict[str, float],
    reply: Any,
    output: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    counted = end.rubric(end.item("TwoLayerNet", parts=parts))
    found, worker = shown(counted, {"TwoLayerNet": False}, {NET: reply})
    assert [small.output for small in found.values()] == ([output] if output else [])
    assert len(worker.ran) == 2 and not list(tmp_path.iterdir()), "nothing broke"


def test_a_net_is_made_as_the_submission_itself_makes_it(rubric: Rubric) -> None:
    source = b"class TwoLayerNet:\n    def __init__(self, num_classes): ..."
    job = replace(end.JOB, package="hw", files={"hw/classifiers/fc_net.py": source})
    found, _ = shown(rubric, {"TwoLayerNet": False}, {NET: {"loss": 9.0}}, job=job)
    lines = found["TwoLayerNet"].snippet.splitlines()
    assert lines[0].endswith("from hw.classifiers.fc_net import TwoLayerNet")
    assert lines[1].startswith("net = TwoLayerNet(num_classes=2); ")


def test_a_fault_of_ours_in_one_example_costs_no_other(
    rubric: Rubric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    text = snippets.text

    def broken(shown: Any, *others: Any) -> str:
        if "affine" in shown.call:
            raise ZeroDivisionError
        return text(shown, *others)

    monkeypatch.setattr(snippets, "text", broken)
    replies = {"affine_forward/small_1x1": NINE, ONE: NINE}
    found, _ = shown(rubric, {"affine_forward": False, "relu_forward": False}, replies)
    assert set(found) == {"relu_forward"}


def test_a_case_that_cannot_be_judged_shows_nothing(
    rubric: Rubric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    known = end.verdicts(rubric, relu_forward=False)
    graded = end.Graded(rubric, known, end.Worker(otherwise=NINE), end.Answers({}))
    assert graded.minimal_example() == {} and graded.worker.ran == [RELU]
    assert list(tmp_path.rglob("*.txt"))


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_end_of_the_range_bring_no_warning(rubric: Rubric) -> None:
    other = {"out": np.array([[-1e308, 1e308]])}
    small = example(rubric, TWO, {"out": [[1e308, -1e308]]}, {TWO: [other]})
    assert small is not None and small.message == "out has wrong numbers in 2 of 2 cells"


# ---------------------------------------------------------------- steps

STEPS = "adam/small_2_3_steps"


def test_the_first_step_that_is_wrong_is_shown(rubric: Rubric) -> None:
    want = right(next(c for c in rubric.ladder if c.id == STEPS), inputs(rubric, STEPS))["next_w"]
    got = want.copy()
    got[1, 0] += 1
    got[2] += 1
    small = example(rubric, STEPS, {"next_w": got})
    assert (
        small is not None
        and small.message == "next_w after step 2 has wrong numbers in 1 of 2 cells"
    )
    assert np.array_equal(small.expected, want[1]) and np.array_equal(small.got, got[1])
    assert small.wrong is not None and small.wrong.tolist() == [True, False]
    assert set(small.inputs) == {"w", "dw, step 1", "dw, step 2"}
    got[0, 1] += 1
    small = example(rubric, STEPS, {"next_w": got})
    assert small is not None and small.message == "next_w has wrong numbers in 1 of 2 cells"
    assert np.array_equal(small.expected, want[0]) and set(small.inputs) == {"w", "dw"}


def test_the_nearest_convention_of_that_step_is_expected(rubric: Rubric) -> None:
    want = right(next(c for c in rubric.ladder if c.id == STEPS), inputs(rubric, STEPS))["next_w"]
    near = want + np.array([[20.0], [8.0], [9.0]])
    got = want.copy()
    got[1] += 7
    got[2] += 1
    small = example(rubric, STEPS, {"next_w": got}, {STEPS: [{"next_w": near}]})
    assert small is not None and small.message.startswith("next_w after step 2")
    assert np.array_equal(small.expected, near[1]) and np.array_equal(small.got, got[1])


def test_a_convention_of_another_shape_is_no_nearer(rubric: Rubric) -> None:
    other = {STEPS: [{"next_w": np.ones((3, 3))}]}
    small = example(rubric, STEPS, {"next_w": np.full((3, 2), 9.0)}, other)
    want = right(next(c for c in rubric.ladder if c.id == STEPS), inputs(rubric, STEPS))["next_w"]
    assert small is not None and np.array_equal(small.expected, want[0])


WHOLE: dict[str, tuple[Any, str, int, Any]] = {
    # what came out of three steps of two numbers -> what is said, the step, what is shown of it
    "an exception": ("raised", "adam stopped with ", 2, None),
    "another shape in each step": (
        {"next_w": np.arange(9.0).reshape(3, 3)},
        "next_w after step 3 has shape (3,), expected (2,)", 2, [6.0, 7.0, 8.0],
    ),
    "fewer steps": ({"next_w": np.ones((2, 2))}, "next_w has shape (2,), expected (2,)", 0, [1, 1]),
    "one number for all": (
        {"next_w": np.array(5.0)}, "next_w has shape (), expected (2,)", 0, 5.0,
    ),
    "nan from a step on": (
        {"next_w": np.array([[-1.0, -1.0], [np.nan, 1.0], [np.inf, 1.0]])},
        "next_w after step 2 has nan in it", 1, [np.nan, 1.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "says", "step", "got"), WHOLE.values(), ids=WHOLE)
def test_steps_of_another_kind_are_shown_as_far_as_they_can_be(
    reply: Any, says: str, step: int, got: Any, rubric: Rubric
) -> None:
    small = example(rubric, STEPS, reply)
    assert small is not None and small.message.startswith(says)
    want = right(next(c for c in rubric.ladder if c.id == STEPS), inputs(rubric, STEPS))["next_w"]
    assert np.array_equal(small.expected, want[step])
    if got is None:
        assert small.got is None
    else:
        assert np.array_equal(small.got, got, equal_nan=True)
    assert len(small.inputs) == 2 + step
