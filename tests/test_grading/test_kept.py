"""A forward pass that is right but for its cache pays, and its backward passes follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.box.worker import Worker
from grader.course.regrade import dependents
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.guest.operations import OPERATIONS
from grader.guest.probes import norms
from grader.guest.probes.nn import BadReturn, Conventions, Implementation
from grader.rubric.cases import Rubric
from grader.types import ItemResult
from tests.support import handed_in
from tests.support.assignments import asking, shipped_as


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


CACHE = "affine_forward/cache_in_another_order"
# wrong submission -> the forward pass that pays, its cause, what follows from it
SPOILED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "batchnorm_forward/x_hat_scaled_in_place": (
        "batchnorm_forward", "out is changed in place (layers.py line",
        ("batchnorm_backward", "batchnorm_backward_alt"),
    ),
    "layernorm_forward/output_kept": (
        "layernorm_forward", "keeps for the backward pass has gamma or beta in it",
        ("layernorm_backward",),
    ),
    CACHE: (
        "affine_forward", "keeps another cache than its docstring says", ("affine_backward",),
    ),
}  # fmt: skip


def graded(
    name: str, items: tuple[str, ...], assignments: dict[str, Assignment], worker: Worker
) -> dict[str, ItemResult]:
    submission = handed_in.mistake(handed_in.mistakes()[name]).submission
    report = grade_one(submission, asking(assignments["cs231n-a2"], *items), worker)
    return {item.id: item for item in report.items}


@pytest.mark.parametrize("name", SPOILED)
def test_the_forward_pass_pays_and_the_backward_passes_keep_their_points(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    forward, says, behind = SPOILED[name]
    items = graded(name, (forward, *behind), assignments, worker)
    root = items[forward]
    assert [part.id for part in root.parts if part.earned < part.possible] in (["train"], ["out"])
    assert root.cause is not None and root.cause.certain and says in root.cause.message
    assert [fault.output for fault in root.faults] == ["cache"]
    for one in (items[each] for each in behind):
        assert (one.earned, one.because_of, one.followed_through) == (one.possible, forward, True)


# wrong submission -> its backward pass; how often that is asked with a right cache
ASKED: dict[str, tuple[str, int]] = {
    "affine_backward/w-not-transposed": ("affine_backward", 1),
    "batchnorm_backward/not-summed": ("batchnorm_backward", 1),
    "layernorm_backward/batch-size-for-features": ("layernorm_backward", 1),
    "layernorm_forward/output_kept": ("layernorm_backward", 9),  # and all 7, one of them twice
}


@pytest.mark.parametrize(("name", "item", "times"), [(n, *row) for n, row in ASKED.items()])
def test_a_backward_pass_that_is_wrong_with_a_right_cache_is_asked_once(
    name: str, item: str, times: int, assignments: dict[str, Assignment], worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked, run = list[str](), Worker.run

    def watched(self: Worker, rows: Any, *rest: Any) -> Any:
        asked.extend(r["id"] for r in rows if {"plain_cache", "own_forward"} & {*r["options"]})
        return run(self, rows, *rest)

    monkeypatch.setattr(Worker, "run", watched)
    forward = OPERATIONS[item].forward
    found = graded(name, (forward, item), assignments, worker)
    assert len(asked) == times
    assert found[item].because_of == (forward if times > 1 else None)


def test_it_pays_where_all_its_cases_are_hidden_too(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    asked = asking(assignments["cs231n-a2"], "affine_forward", "affine_backward")
    items = tuple(
        replace(item, cases=tuple(row for row in item.cases if not row.public))
        for item in asked.rubric.table.items
    )
    hidden = Rubric(replace(asked.rubric.table, items=items), asked.rubric.sha256)
    submission = handed_in.mistake(handed_in.mistakes()[CACHE]).submission
    report = grade_one(submission, replace(asked, rubric=hidden), worker)
    found = {item.id: item for item in report.items}
    assert found["affine_forward"].status == "failed" and found["affine_forward"].earned == 0
    assert found["affine_backward"].because_of == "affine_forward"


def test_a_backward_pass_that_takes_the_wrong_one_of_two_pays_itself(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    items = graded(
        "layernorm_backward/output_for_x_hat",
        ("layernorm_forward", "layernorm_backward"), assignments, worker,
    )  # fmt: skip
    assert items["layernorm_forward"].status == "passed"
    assert items["layernorm_backward"].because_of is None
    assert items["layernorm_backward"].earned < items["layernorm_backward"].possible


def test_what_hangs_on_a_forward_pass_runs_again_with_it_and_the_other_way_round() -> None:
    rubric = shipped_as("cs231n-a2")
    assert "affine_forward" in dependents(rubric, ["affine_backward"])
    assert "batchnorm_backward_alt" in dependents(rubric, ["batchnorm_backward"])
    assert "relu_forward" not in dependents(rubric, ["affine_backward"])


class Layers:
    """A normalization whose cache is what the test says."""

    def __init__(self, keeps: str) -> None:
        self.keeps = keeps

    def layernorm_forward(self, x, gamma, beta, ln_param):  # type: ignore[no-untyped-def]
        centred = x - x.mean(axis=1, keepdims=True)
        std = x.std(axis=1, keepdims=True)
        x_hat = centred / std
        out = gamma * x_hat + beta
        known = {"x_hat": x_hat, "out": out, "std": std, "gamma": gamma, "rest": [gamma, std]}
        return out, {name: known[name] for name in self.keeps.split()}

    def layernorm_backward(self, dout, cache):  # type: ignore[no-untyped-def]
        self.given = cache
        return dout, dout.sum(axis=0), dout.sum(axis=0)


def handed_over(keeps: str) -> Any:
    layers = Layers(keeps)
    nn = Implementation({"layers": layers}, Conventions())
    x = np.arange(12.0).reshape(3, 4) ** 2
    gamma, beta = np.array([2.0, 3.0, 5.0, 7.0]), np.ones(4)
    norms.layernorm_backward(nn, x, gamma, beta, np.ones((3, 4)), plain_cache=True)
    return layers.given


def test_the_cache_for_gamma_1_has_gamma_put_back_wherever_it_was_kept() -> None:
    kept = handed_over("out gamma rest")
    assert list(kept["gamma"]) == list(kept["rest"][0]) == [2, 3, 5, 7]
    assert abs(kept["out"].mean()) < 1e-12


def test_there_is_none_where_the_normalized_x_is_kept_anyway() -> None:
    with pytest.raises(BadReturn, match="normalized x"):
        handed_over("x_hat out gamma std")
