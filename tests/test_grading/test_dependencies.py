"""What an item rests on: which failed item another one's failure goes back to."""

from __future__ import annotations

from typing import Any

import pytest

from grader.rubric.cases import Rubric
from tests.support import engine_end as end

LAYERS = ["affine_forward", "affine_backward"]


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    """Layers, a backward pass behind its forward pass, a net over both, and a net over that net."""
    return end.rubric(
        end.item("relu_forward"),
        end.item("affine_forward"),
        end.item("affine_backward", needs=["affine_forward"]),
        end.item("TwoLayerNet", needs=["relu_forward", "affine_backward"]),
        end.item("FullyConnectedNet", needs=["TwoLayerNet"]),
        end.item("FullyConnectedNet.batchnorm", needs=["FullyConnectedNet", "relu_forward"]),
    )


ROOTS: dict[str, tuple[str, list[str], list[str] | None, str | None]] = {
    # asked, wrong besides it, kinds that count -> root
    "needs nothing": ("affine_forward", [], None, None),
    "all needs are right": ("TwoLayerNet", [], None, None),
    "a need is wrong": ("affine_backward", ["affine_forward"], None, "affine_forward"),
    "the deepest wrong one counts": ("TwoLayerNet", LAYERS, None, "affine_forward"),
    "a wrong one behind a right one": ("TwoLayerNet", ["affine_forward"], None, "affine_forward"),
    "the first need comes first": (
        "TwoLayerNet", ["relu_forward", "affine_backward"], None, "relu_forward",
    ),
    "what it is not built on": ("TwoLayerNet", ["FullyConnectedNet"], None, None),
    "a net": ("FullyConnectedNet", ["TwoLayerNet"], None, "TwoLayerNet"),
    "a layer below a net": ("FullyConnectedNet", ["TwoLayerNet", *LAYERS], None, "affine_forward"),
    "a net, where layers count": ("FullyConnectedNet", ["TwoLayerNet"], ["layers"], None),
    "a layer below a net, where layers count": (
        "FullyConnectedNet", ["TwoLayerNet", "affine_backward"], ["layers"], "affine_backward",
    ),
    "a layer, where nets count": ("TwoLayerNet", ["relu_forward"], ["nets"], None),
    "a layer behind right ones, where nets count": (
        "TwoLayerNet", ["affine_forward"], ["nets"], None,
    ),
    "kinds hold behind a right need": (
        "FullyConnectedNet.batchnorm", ["TwoLayerNet"], ["layers"], None,
    ),
    "kinds hold below a wrong need": (
        "FullyConnectedNet.batchnorm", ["FullyConnectedNet", "TwoLayerNet"], ["layers"], None,
    ),
    "behind a wrong need that does not count comes the next": (
        "FullyConnectedNet.batchnorm", ["FullyConnectedNet", "relu_forward"], ["layers"],
        "relu_forward",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "wrong", "kinds", "root"), ROOTS.values(), ids=ROOTS)
def test_a_failure_goes_back_to_the_deepest_wrong_need(
    name: str, wrong: list[str], kinds: list[str] | None, root: str | None, rubric: Rubric
) -> None:
    right: dict[str, Any] = {one.replace(".", "_"): False for one in [*wrong, name]}
    assert end.root(rubric, name, end.verdicts(rubric, **right), kinds) == root


def test_a_need_without_a_verdict_explains_nothing(rubric: Rubric) -> None:
    known = end.verdicts(rubric, affine_backward=False)
    del known["relu_forward"]
    assert end.root(rubric, "TwoLayerNet", known) == "affine_backward"
    del known["affine_backward"]
    assert end.root(rubric, "TwoLayerNet", known) is None


@pytest.mark.parametrize(
    ("name", "fails"),
    [("", False), ("nothing of ours", False), ("relu_forward", False), ("affine_forward", True)],
)
def test_only_an_item_that_was_judged_can_fail(name: str, fails: bool, rubric: Rubric) -> None:
    assert end.fails(name, end.verdicts(rubric, affine_forward=False)) is fails


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "a layer": (end.item("affine_forward"), "layers"),
    "a net": (end.item("TwoLayerNet"), "nets"),
    "one case of a net": (
        end.item("softmax_loss", ["one", {"id": "two", "probe": "nets.net_scores"}]), "nets",
    ),
    "a net's item with one case of a layer": (
        end.item("FullyConnectedNet", [{"id": "one", "probe": "layers.relu_forward"}]), "layers",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("item", "kind"), KINDS.values(), ids=KINDS)
def test_an_item_is_a_net_if_any_of_its_cases_runs_one(item: dict[str, Any], kind: str) -> None:
    assert end.kind(end.rubric(item), item["id"]) == kind


def test_a_question_is_of_no_net() -> None:
    question = {"id": "q", "section": "s", "title": "Q", "kind": "question", "points": 1}
    assert end.kind(end.rubric(question), "q") == "layers"
