"""Which gradients that are wrong are nevertheless those of the own forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from grader.judges.own import STEP
from grader.rubric.cases import Rubric
from tests.support import engine_end as end

AGREE = {"analytic": [1.0, 2.0], "numeric": [1.0, 2.0]}
DIFFER = {"analytic": [1.0, 2.0], "numeric": [1.0, 2.5]}
INPUTS = {"x": "4x2x3 *8", "w": "6x2 +1", "b": "2", "dout": "4x2 *2"}
DEEP = {"inputs": {"x": "2x2", "y": "2 labels=2", "theta": "80"}, "options": {"dims": [2, 3, 5, 2]}}


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    """Forward and backward passes, a net over them and one that has other cases too."""
    scores = {"id": "scores", "probe": "nets.net_scores"}
    return end.rubric(
        end.item("affine_forward"),
        end.item("affine_backward", [{"id": "a", "inputs": INPUTS}, "b", "c"],
                 needs=["affine_forward"]),
        end.item("relu_forward"),
        end.item("relu_backward", needs=["relu_forward"]),
        end.item("batchnorm_forward"),
        end.item("batchnorm_backward", needs=["batchnorm_forward"]),
        end.item("TwoLayerNet", ["a", "b", "c"], needs=["affine_forward", "relu_backward"]),
        end.item("FullyConnectedNet", [scores, {"id": "deep", **DEEP}], needs=["TwoLayerNet"]),
    )  # fmt: skip


def asked(
    rubric: Rubric, worker: end.Worker, wrong: Mapping[str, Any], **others: Any
) -> frozenset[str]:
    return end.Graded(rubric, end.verdicts(rubric, **wrong), worker, **others).own_gradient()


AFFINE = {"affine_forward": False, "affine_backward": False}
RELU = {"relu_forward": False, "relu_backward": False}
LOSS = {"scores": True, "loss": False, "gradients": False}
SCORES = {"scores": False, "loss": True, "gradients": False}
ASKED: dict[str, tuple[dict[str, Any], list[str]]] = {
    # wrong -> items whose gradients are asked for, by cases of their own
    "nothing is wrong": ({}, []),
    "both passes of a layer": (AFFINE, ["affine_backward/a/along", "affine_backward/b/along"]),
    "both passes of another": (RELU, ["relu_backward/one/along"]),
    "the backward pass alone": ({"affine_backward": False}, []),
    "the forward pass alone": ({"affine_forward": False}, []),
    "backward of one, forward of another": (
        {"affine_forward": False, "relu_backward": False}, [],
    ),
    "a part of the backward pass": (
        {**RELU, "relu_backward": {"dx": False}}, ["relu_backward/one/along"],
    ),
    "normalizations are tried elsewhere": (
        {"batchnorm_forward": False, "batchnorm_backward": False}, [],
    ),
    "loss and gradients of a net": (
        {"TwoLayerNet": LOSS}, ["TwoLayerNet/a/along", "TwoLayerNet/b/along"],
    ),
    "scores and gradients of a net": (
        {"TwoLayerNet": SCORES}, ["TwoLayerNet/a/along", "TwoLayerNet/b/along"],
    ),
    "all of a net": ({"FullyConnectedNet": False}, ["FullyConnectedNet/deep/along"]),
    "gradients of a net alone": (
        {"TwoLayerNet": {"scores": True, "loss": True, "gradients": False}}, [],
    ),
    "loss of a net alone": (
        {"TwoLayerNet": {"scores": False, "loss": False, "gradients": True}}, [],
    ),
    "a net over a wrong layer": ({"TwoLayerNet": False, "relu_backward": False}, []),
    "a net over a wrong net": (
        {"FullyConnectedNet": False, "TwoLayerNet": False},
        ["TwoLayerNet/a/along", "TwoLayerNet/b/along"],
    ),
    "a net beside a wrong layer": (
        {"TwoLayerNet": LOSS, "batchnorm_forward": False},
        ["TwoLayerNet/a/along", "TwoLayerNet/b/along"],
    ),
    "a layer and a net": (
        {**RELU, "FullyConnectedNet": LOSS},
        ["relu_backward/one/along", "FullyConnectedNet/deep/along"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "cases"), ASKED.values(), ids=ASKED)
def test_gradients_are_asked_for_where_both_passes_are_wrong_and_nothing_below(
    wrong: dict[str, Any], cases: list[str], rubric: Rubric
) -> None:
    worker = end.Worker(otherwise=AGREE)
    found = asked(rubric, worker, wrong)
    assert worker.ran[:1] == ([cases] if cases else [])
    assert found == {case.partition("/")[0] for case in cases}
    assert worker.calls[:1] + worker.calls[-1:] == (["open", "close"] if cases else [])


ANSWERS: dict[str, tuple[Mapping[str, Any], set[str]]] = {
    "all agree": ({}, {"affine_backward", "relu_backward"}),
    "the first does not": ({"affine_backward/a/along": DIFFER}, {"relu_backward"}),
    "the second does not": ({"affine_backward/b/along": DIFFER}, {"relu_backward"}),
    "no answer": ({"affine_backward/b/along": "raised"}, {"relu_backward"}),
    "another's do not": ({"relu_backward/one/along": DIFFER}, {"affine_backward"}),
    "none does": (
        {"affine_backward/a/along": DIFFER, "relu_backward/one/along": "timeout"}, set(),
    ),
    "arrays without an answer": (
        {"relu_backward/one/along": ({"outcome": "raised"}, AGREE)}, {"affine_backward"},
    ),
    "half an answer": ({"relu_backward/one/along": {"analytic": [1.0]}}, {"affine_backward"}),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "own"), ANSWERS.values(), ids=ANSWERS)
def test_gradients_are_the_own_ones_if_all_of_their_cases_agree(
    replies: Mapping[str, Any], own: set[str], rubric: Rubric
) -> None:
    assert asked(rubric, end.Worker(replies, AGREE), {**AFFINE, **RELU}) == own


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_end_of_the_range_agree_with_nothing_and_warn_of_nothing(
    rubric: Rubric,
) -> None:
    huge = {"analytic": [1e308, 1.0], "numeric": [-1e308, 1.0]}
    assert asked(rubric, end.Worker(otherwise=huge), RELU) == frozenset()


def test_a_layer_is_asked_with_its_own_inputs_and_a_direction_for_each(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=AGREE)
    asked(rubric, worker, AFFINE)
    row = worker.rows[0]
    assert row["probe"] == "own.layer_gradient"
    assert row["options"] == {
        "forward": "affine_forward", "backward": "affine_backward", "step": STEP,
    }  # fmt: skip
    shapes = {
        name.partition(":")[2]: array.shape
        for name, array in worker.inputs[0].items()
        if name.startswith("affine_backward/a/along:")
    }
    taken = {"x": (4, 2, 3), "w": (6, 2), "b": (2,)}
    along = {f"{name}_along": shape for name, shape in taken.items()}
    assert shapes == {**taken, **along, "dout": (4, 2)}
    x = worker.inputs[0]["affine_backward/a/along:x"]
    assert (x == rubric.case_inputs(rubric.cases[1])["x"]).all() and abs(x).max() > 4


def test_relu_has_one_argument(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=AGREE)
    asked(rubric, worker, RELU)
    shapes = {name.partition(":")[2]: array.shape for name, array in worker.inputs[0].items()}
    assert shapes == {"x": (2, 3), "x_along": (2, 3), "dout": (2, 3)}
    assert worker.rows[0]["options"] == {
        "forward": "relu_forward", "backward": "relu_backward", "step": STEP,
    }  # fmt: skip


def test_what_differs_from_call_to_call_has_no_gradient_to_compare() -> None:
    fields: dict[str, Any] = {"probe": "layers.relu_backward", "parts": {"dx": 1}}
    rubric = end.rubric(end.item("dropout_forward"), end.item("dropout_backward", **fields))
    worker = end.Worker(otherwise=AGREE)
    wrong = {"dropout_forward": False, "dropout_backward": False}
    assert asked(rubric, worker, wrong) == frozenset() and worker.calls == []


@pytest.mark.parametrize("parts", [{"gradients": 1}, {"scores": 1, "loss": 1}])
def test_a_net_without_points_for_one_of_the_passes_is_not_asked(parts: dict[str, int]) -> None:
    rubric = end.rubric(end.item("TwoLayerNet", parts=parts))
    assert asked(rubric, end.Worker(otherwise=AGREE), {"TwoLayerNet": False}) == frozenset()


def test_a_net_is_asked_for_its_class_and_along_its_largest_parameter(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=AGREE)
    asked(rubric, worker, {"FullyConnectedNet": LOSS})
    row = worker.rows[0]
    assert row["probe"] == "nets.own_gradient"
    assert row["options"] == {"dims": [2, 3, 5, 2], "net": "FullyConnectedNet"}
    shapes = {name.partition(":")[2]: array.shape for name, array in worker.inputs[0].items()}
    assert shapes == {"x": (2, 2), "y": (2,), "theta": (80,), "along": (15,)}


def test_a_variant_of_a_net_is_asked_for_the_class_that_it_varies() -> None:
    rubric = end.rubric(end.item("FullyConnectedNet.batchnorm"))
    worker = end.Worker(otherwise=AGREE)
    assert asked(rubric, worker, {"FullyConnectedNet_batchnorm": LOSS})
    assert worker.rows[0]["options"]["net"] == "FullyConnectedNet"


@pytest.mark.parametrize("what", [{"written": False}, {"broken": True}])
def test_what_was_not_written_or_not_judged_is_not_asked(what: Any, rubric: Rubric) -> None:
    worker = end.Worker(otherwise=AGREE)
    verdict = end.verdict(rubric, "relu_backward", False, **what)
    assert asked(rubric, worker, {**RELU, "relu_backward": verdict}) == frozenset()
    assert worker.calls == []


def test_a_fault_of_ours_leaves_no_session_open(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        asked(rubric, worker, RELU)
    assert worker.calls == ["open", "run", "close"]


def test_when_time_is_up_nothing_is_opened(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=AGREE)
    assert asked(rubric, worker, RELU, seconds=-1.0) == frozenset()
    assert worker.calls == []


def test_a_forward_pass_or_a_need_that_was_not_judged_counts_as_right(rubric: Rubric) -> None:
    known = end.verdicts(rubric, relu_backward=False, TwoLayerNet=LOSS)
    del known["relu_forward"], known["affine_forward"], known["relu_backward"]
    worker = end.Worker(otherwise=AGREE)
    assert end.Graded(rubric, known, worker).own_gradient() == {"TwoLayerNet"}
    known = end.verdicts(rubric, relu_backward=False)
    del known["relu_forward"]
    assert end.Graded(rubric, known, end.Worker(otherwise=AGREE)).own_gradient() == frozenset()
