"""The notebook items: which runs earn them, and what is said where they do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from grader.errors import GraderFault, UsageError
from grader.grading import score, training
from grader.grading.assignment import Assignment
from grader.grading.score import bare
from grader.grading.training import believe, hidden_from, judge
from grader.grading.training.believe import Repeating
from grader.grading.training.recompute import Recompute
from grader.report.order import roots
from grader.rubric.cases import Rubric
from grader.types import Cell, Comparison, Fault, ItemResult, Notebook, Raised, Trained, TrainingLog
from tests.support.training_runs import EXECUTED, foreign, net, run

SWEEP_NET = net(50, 50, 50, 50, 50, 50, 50)
DEEP = net(100, 100, 100, 100, 100)


def sweep(
    normalization: str | None, scales: Sequence[float], train: Sequence[float]
) -> list[Trained]:
    return [
        run(accuracy, 0.2, None, layer_sizes=SWEEP_NET, normalization=normalization,
            initial_weight_std=(scale,) * 8)
        for scale, accuracy in zip(scales, train, strict=True)
    ]  # fmt: skip


def batches(normalization: str, sizes: Sequence[int], train: float = 0.5) -> list[Trained]:
    return [run(train, 0.3, None, layer_sizes=DEEP, normalization=normalization, batch_size=size)
            for size in sizes]  # fmt: skip


def rules(val: float = 0.3, **accuracies: float) -> list[Trained]:
    """Runs of the race by training accuracy; plain SGD gets 0.3 of validation images right."""
    return [run(accuracy, 0.3 if rule == "sgd" else val, None, layer_sizes=DEEP, update_rule=rule,
                images=4000, num_epochs=5)
            for rule, accuracy in accuracies.items()]  # fmt: skip


def changed(one: Trained, **told: Any) -> Trained:
    return replace(one, training=replace(one.training, **told))


def overfit(layers: int, **changes: Any) -> Trained:
    shape = net(*[100] * (layers - 1))
    return run(**{"train": 1.0, "val": 0.15, "hidden": None, "layer_sizes": shape, "images": 50,
                  "num_epochs": 20, **changes})  # fmt: skip


BN = {"layer_sizes": DEEP, "hidden": None, "val": 0.3}
TWO = {"layer_sizes": net(100)}
WIDE = {"layer_sizes": net(500), "hidden": None}
SCALES = [1e-3, 1e-2, 1e-1, 1.0]
GOOD_MODELS = [run(val=0.52, hidden=0.5, **TWO), run(val=0.57, hidden=0.53, layer_sizes=net(200))]
EARNED: dict[str, tuple[str, list[Trained], float]] = {  # what -> item, runs, points
    # ------------------------------------------------ a net of two layers
    "two layers at 50 %": ("two_layer_training", [run(val=0.50, hidden=0.5, **TWO)], 3),
    "within the grace": ("two_layer_training", [run(val=0.49, hidden=0.48, **TWO)], 3),
    "below the grace": ("two_layer_training", [run(val=0.489, hidden=0.48, **TWO)], 0),
    "three layers": ("two_layer_training", [run(val=0.6, hidden=0.6, layer_sizes=net(9, 9))], 0),
    "one layer": ("two_layer_training", [run(val=0.6, hidden=0.6, layer_sizes=net())], 0),
    "normalized": ("two_layer_training", [run(val=0.6, normalization="batchnorm", **TWO)], 0),
    # Three standard errors of the difference of 1,000 and 2,000 images are 0.058 around a half.
    "hidden within chance": ("two_layer_training", [run(val=0.55, hidden=0.493, **TWO)], 3),
    "hidden below chance": ("two_layer_training", [run(val=0.55, hidden=0.491, **TWO)], 0),
    "an honest one beside": (
        "two_layer_training",
        [run(val=0.9, hidden=0.5, **TWO), run(val=0.51, hidden=0.5, **TWO)], 3,
    ),
    "no hidden images": ("two_layer_training", [run(val=0.55, hidden=None, **TWO)], 3),
    "a forged claim": (
        "two_layer_training", [run(val=0.1, hidden=None, best_val_acc=0.99, **TWO)], 0,
    ),
    "our validation images do, whatever it was trained on": (
        "two_layer_training", [run(None, 0.51, 0.5, rows=None, **TWO)], 3,
    ),
    # ------------------------------------------------ overfitting
    "three layers, 50 images": ("overfit_three_layer", [overfit(3)], 2),
    "50 other images": ("overfit_three_layer", [overfit(3, rows=np.arange(900, 950))], 2),
    "49 images": ("overfit_three_layer", [overfit(3, images=49)], 0),
    "100 images": ("overfit_three_layer", [overfit(3, images=100)], 0),
    "49 of 50 right": ("overfit_three_layer", [overfit(3, train=0.98)], 0),
    "21 epochs": ("overfit_three_layer", [overfit(3, num_epochs=21)], 0),
    "4 epochs": ("overfit_three_layer", [overfit(3, num_epochs=4)], 2),
    "four layers": ("overfit_three_layer", [overfit(4)], 0),
    "five layers, 50 images": ("overfit_five_layer", [overfit(5)], 2),
    "three for five": ("overfit_five_layer", [overfit(3)], 0),
    "a forged curve": (
        "overfit_five_layer", [overfit(5, train=0.1, train_acc_history=np.ones(9))], 0,
    ),
    # ------------------------------------------------ update rules
    "all rules ahead": (
        "update_rules", rules(0.4, sgd=0.3, sgd_momentum=0.5, rmsprop=0.5, adam=0.6), 2,
    ),
    "at the band": (
        "update_rules", rules(0.301, sgd=0.3, sgd_momentum=0.3, rmsprop=0.35, adam=0.35), 2,
    ),
    "momentum no better on validation images": (
        "update_rules", rules(0.3, sgd=0.3, sgd_momentum=0.9, rmsprop=0.5, adam=0.6), 1.5,
    ),
    "rmsprop only just": (
        "update_rules", rules(0.4, sgd=0.3, sgd_momentum=0.5, rmsprop=0.34, adam=0.6), 1.25,
    ),
    "adam only just": (
        "update_rules", rules(0.4, sgd=0.3, sgd_momentum=0.5, rmsprop=0.5, adam=0.34), 1.25,
    ),
    "one rule": ("update_rules", rules(sgd=0.3, adam=0.6), 0.75),
    "no sgd": ("update_rules", rules(sgd_momentum=0.5, rmsprop=0.5, adam=0.6), 0),
    "other nets": (
        "update_rules",
        [*rules(sgd=0.3), *[replace(r, training=replace(r.training, layer_sizes=net(9)))
                            for r in rules(sgd_momentum=0.5, rmsprop=0.5, adam=0.6)]], 0,
    ),
    "other images in the race": (
        "update_rules",
        [*rules(sgd=0.3), *[replace(r, training=replace(r.training, rows=np.arange(4999)))
                            for r in rules(adam=0.6)]], 0,
    ),
    "longer in the race": (
        "update_rules",
        [*rules(sgd=0.3), *[replace(r, training=replace(r.training, num_epochs=50))
                            for r in rules(adam=0.6)]], 0,
    ),
    # ------------------------------------------------ the best model
    "a model of its own at 57 %": ("best_model", GOOD_MODELS, 5),
    "at 56 % but for the grace": ("best_model", [GOOD_MODELS[0], run(val=0.55, hidden=0.5)], 5),
    "below the bonus": ("best_model", [GOOD_MODELS[0], run(val=0.549, hidden=0.5)], 4),
    "at 50 %": ("best_model", [GOOD_MODELS[0], run(val=0.49, hidden=0.5)], 4),
    "below 50 %": ("best_model", [GOOD_MODELS[0], run(val=0.489, hidden=0.48)], 0),
    "the run of another item": ("best_model", [run(val=0.6, hidden=0.6, **TWO)], 0),
    "two nets of two layers": (
        "best_model", [run(val=0.6, hidden=0.6, **TWO), run(val=0.51, hidden=0.5, **TWO)], 5,
    ),
    "the net that compares update rules": (
        "best_model", [run(val=0.6, hidden=0.6, layer_sizes=DEEP, images=4000)], 0,
    ),
    "more images than there are": (
        "best_model", [run(None, 0.6, 0.6, rows=None, layer_sizes=DEEP)], 5,
    ),
    "a deep one alone": ("best_model", [run(val=0.56, hidden=0.53, layer_sizes=DEEP)], 5),
    "trained on validation images": (
        "best_model", [GOOD_MODELS[0], run(val=0.7, hidden=0.64, layer_sizes=DEEP)], 0,
    ),
    # ------------------------------------------------ batch normalization
    "ahead": (
        "batchnorm_training", [run(0.55, normalization="batchnorm", **BN), run(0.5, **BN)], 2,
    ),
    "hardly ahead": (
        "batchnorm_training", [run(0.54, normalization="batchnorm", **BN), run(0.5, **BN)], 0,
    ),
    "with it only": ("batchnorm_training", [run(0.9, normalization="batchnorm", **BN)], 0),
    "ahead by another rule": (
        "batchnorm_training",
        [run(0.9, normalization="batchnorm", update_rule="adam", **BN), run(0.5, **BN)], 0,
    ),
    "ahead by another scale": (
        "batchnorm_training",
        [run(0.9, normalization="batchnorm", **BN),
         run(0.5, initial_weight_std=(0.0001,), **BN)], 0,
    ),
    "layernorm for batchnorm": (
        "batchnorm_training", [run(0.9, normalization="layernorm", **BN), run(0.5, **BN)], 0,
    ),
    "a wider plateau": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES, [0.3, 0.6, 0.7, 0.3]),
         *sweep(None, SCALES, [0.1, 0.2, 0.7, 0.3])], 1,
    ),
    "no wider plateau": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES, [0.2, 0.6, 0.7, 0.3]),
         *sweep(None, SCALES, [0.1, 0.2, 0.7, 0.3])], 0.5,
    ),
    "learned just not": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES, [0.3, 0.6, 0.7, 0.24]),
         *sweep(None, SCALES, [0.1, 0.2, 0.7, 0.3])], 0.5,
    ),
    "three scales": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES[:3], [0.3, 0.6, 0.7]),
         *sweep(None, SCALES[:3], [0.1, 0.2, 0.7])], 0.5,
    ),
    "the same scale again and again": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", [0.02, 0.0201, 0.0202, 0.0203], [0.5] * 4),
         *sweep(None, [0.02, 0.0201, 0.0202, 0.0203], [0.1] * 4)], 0,
    ),
    "one of the two kinds": (
        "batchnorm_init_scale", sweep("batchnorm", SCALES, [0.3, 0.6, 0.7, 0.3]), 0.75,
    ),
    "plain nets that ran away are part of it": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES, [0.3, 0.6, 0.7, 0.3]), *sweep(None, SCALES, [0.0] * 4)], 1,
    ),
    "three batch sizes": ("batchnorm_batch_size", batches("batchnorm", [5, 10, 50]), 1),
    "two batch sizes": ("batchnorm_batch_size", batches("batchnorm", [5, 50, 50]), 0),
    "sizes of another kind": ("batchnorm_batch_size", batches("layernorm", [5, 10, 50]), 0),
    "sizes without learning": ("batchnorm_batch_size", batches("batchnorm", [5, 10, 50], 0.19), 0),
    "sizes of other nets": (
        "batchnorm_batch_size",
        [*batches("batchnorm", [5, 10]), run(normalization="batchnorm", layer_sizes=net(9))], 0,
    ),
    "layernorm sizes": ("layernorm_batch_size", batches("layernorm", [5, 10, 50]), 1),
    "layernorm sizes of two": ("layernorm_batch_size", batches("layernorm", [5, 10]), 0),
    "layernorm sizes without learning": (
        "layernorm_batch_size", batches("layernorm", [5, 10, 50], 0.19), 0,
    ),
    # ------------------------------------------------ dropout
    "with and without": (
        "dropout_training",
        [run(1.0, 0.3, **WIDE), run(0.9, 0.25, dropout_keep_ratio=0.25, **WIDE)], 2,
    ),
    "a ratio of one is none": (
        "dropout_training",
        [run(1.0, 0.3, dropout_keep_ratio=1, **WIDE),
         run(0.9, 0.3, dropout_keep_ratio=0.25, **WIDE)], 2,
    ),
    "2017 drops 0": (
        "dropout_training",
        [run(1.0, 0.3, dropout_keep_ratio=0, **WIDE),
         run(0.9, 0.3, dropout_keep_ratio=0.75, **WIDE)], 2,
    ),
    "dropout does harm": (
        "dropout_training",
        [run(1.0, 0.3, **WIDE), run(0.9, 0.24, dropout_keep_ratio=0.25, **WIDE)], 0,
    ),
    "dropout learns nothing": (
        "dropout_training",
        [run(1.0, 0.3, **WIDE), run(0.49, 0.3, dropout_keep_ratio=0.25, **WIDE)], 0,
    ),
    "the plain net learned just enough": (
        "dropout_training",
        [run(0.5, 0.3, **WIDE), run(0.9, 0.3, dropout_keep_ratio=0.25, **WIDE)], 2,
    ),
    "the plain net learned nothing": (
        "dropout_training",
        [run(0.49, 0.3, **WIDE), run(0.9, 0.3, dropout_keep_ratio=0.25, **WIDE)], 0,
    ),
    "without only": ("dropout_training", [run(1.0, 0.3, **WIDE)], 0),
    "both with": (
        "dropout_training", [run(1.0, 0.3, dropout_keep_ratio=p, **WIDE) for p in (0.5, 0.25)], 0,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def rubric(assignments: dict[str, Assignment]) -> Rubric:
    return assignments["cs231n-a2"].rubric


def judged(
    rubric: Rubric, runs: Sequence[Trained], notebooks: Sequence[Notebook] = EXECUTED, **done: Any
) -> dict[str, ItemResult]:
    return judge(rubric, rubric.table.data.synthetic, notebooks, runs, done)[0]


@pytest.mark.parametrize(("item", "runs", "points"), EARNED.values(), ids=EARNED.keys())
def test_runs_earn_what_their_parameters_do(
    item: str, runs: list[Trained], points: float, rubric: Rubric
) -> None:
    for order in (runs, runs[::-1]):
        result = judged(rubric, order)[item]
        assert result.earned == pytest.approx(points, abs=1e-12), result.faults
        full = points >= result.possible
        assert result.status == ("passed" if full else "partial" if points else "failed")
        assert bool(result.faults) == (not full)
        assert sum(part.possible for part in result.parts) == result.possible
        assert sum(part.earned for part in result.parts) == pytest.approx(result.earned)


def test_every_item_can_be_earned_and_none_is_without_runs(rubric: Rubric) -> None:
    items = {item.id for item in rubric.table.items if item.kind == "notebook"}
    earned = {item for item, _, points in EARNED.values() if points >= rubric.item(item).points}
    assert earned == items == {item for item, _, points in EARNED.values() if not points}
    for result in judged(rubric, ()).values():
        assert (result.status, result.earned) == ("failed", 0)
        said = result.faults[0].message
        assert re.match(r"No training run (of a .*net.* )?was found\. Train one", said)


SAYS: dict[str, tuple[str, list[Trained], str]] = {
    "best of several": (
        "overfit_five_layer", [overfit(5, train=0.84), overfit(5, train=0.5)],
        r"^The best run of a 5-layer net trained on 50 images for at most 20 epochs gets 84 % of "
        r"its training images right \(it tells of 90 % itself, .*\); 100 % is asked",
    ),
    "trained on validation images": (
        "two_layer_training", [run(val=0.92, hidden=0.55, **TWO)],
        r"92 % of the validation images right, but only 55 % of images that it cannot have seen",
    ),
    "one run for two items": (
        "best_model", [run(val=0.6, hidden=0.6, **TWO)], "earned another item already",
    ),
    "a part of the images": (
        "best_model", [run(val=0.6, hidden=0.6, layer_sizes=DEEP, images=4000)],
        r"^No training run of a net trained on all training images was found",
    ),
    "no pair": (
        "batchnorm_training", [run(0.9, normalization="batchnorm", **BN), run(0.2, **WIDE)],
        "no two that can be compared. Train both with the same layers, images, epochs, update rule",
    ),
    "hardly ahead": (
        "update_rules", rules(sgd=0.4, adam=0.41),
        r"No training run of a net trained with sgd_momentum was found.*rmsprop was found.*A net "
        r"trained with adam gets 41 % of its training images right and a net trained with sgd, all "
        r"else equal, 40 %; it has to be ahead by at least 5 percentage points",
    ),
    "far behind": (
        "dropout_training",
        [run(0.9, 0.4, **WIDE), run(0.9, 0.3, dropout_keep_ratio=0.25, **WIDE)],
        r"30 % of the validation images right and a net without dropout, all else equal, 40 %; it "
        r"may be behind by at most 5 percentage points",
    ),
    "learned too little": (
        "dropout_training",
        [run(0.9, 0.4, **WIDE), run(0.12, 0.3, dropout_keep_ratio=0.25, **WIDE)],
        r"^A net with dropout was trained, but it gets only 12 % of its training images right; "
        r"from 50 % on it is looked at\. Train it for longer",
    ),
    "just below": (
        "two_layer_training", [run(val=0.4896, hidden=0.5, **TWO)],
        r"gets 48\.9 % of the validation images right",
    ),
    "no wider": (
        "batchnorm_init_scale",
        [*sweep("batchnorm", SCALES, [0.5] * 4), *sweep(None, SCALES, [0.1, 0.5, 0.5, 0.5])],
        r"^A net with batch normalization learns from 4 different scales of the first weights and "
        r"a net without normalization from 3; 2 more are asked, and to learn is to get 25 % of",
    ),
    "few sizes": (
        "batchnorm_batch_size", batches("batchnorm", [5, 50]),
        r"2 of 3 different batch sizes were found \(5, 50\)\. Train the same net",
    ),
    "runs that could not be used": (
        "two_layer_training", [run(None, None, None, "W1 of its net is odd", **TWO)],
        "could not be recomputed: 1; of the first, W1 of its net is odd",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("item", "runs", "says"), SAYS.values(), ids=SAYS.keys())
def test_a_fault_says_what_was_looked_for_and_what_was_found(
    item: str, runs: list[Trained], says: str, rubric: Rubric
) -> None:
    faults = judged(rubric, runs)[item].faults
    assert re.search(says, " ".join(fault.message for fault in faults)), faults
    assert all(fault.case.startswith(f"{item}/") and fault.public for fault in faults)


FOREIGN = {
    "two_layer_training": [foreign(layer_sizes=net(100), best_val_acc=0.53)],
    "overfit_three_layer": [foreign(layer_sizes=net(9, 9), num_train=50, num_epochs=20)],
    "update_rules": [foreign(update_rule=r) for r in ("sgd", "sgd_momentum", "rmsprop", "adam")],
    "best_model": [foreign()],
    "batchnorm_training": [foreign(normalization=n) for n in ("batchnorm", None)],
    "batchnorm_batch_size": [foreign(normalization="batchnorm")],
    "dropout_training": [foreign(dropout_keep_ratio=p) for p in (0.5, 1)],
}  # fmt: skip


@pytest.mark.parametrize(("item", "runs"), FOREIGN.items(), ids=FOREIGN.keys())
def test_runs_on_other_images_are_a_claim_for_a_person_and_not_failed(
    item: str, runs: list[Trained], rubric: Rubric
) -> None:
    result = judged(rubric, runs)[item]
    assert (result.status, result.earned) == ("pending", 0)
    assert "unverified claim" in result.faults[0].message
    assert "W1 of its net has shape" in result.faults[0].message
    assert re.search(
        r"tells of \d\d % of (the validation|its training) images", result.faults[0].message
    )


def test_runs_on_our_images_count_before_a_claim(rubric: Rubric) -> None:
    good = run(val=0.53, hidden=0.5, **TWO)
    result = judged(rubric, [foreign(best_val_acc=0.99), good])["two_layer_training"]
    assert (result.status, result.earned) == ("passed", 3)


def test_a_goal_that_a_run_without_room_may_have_reached_is_for_a_person(rubric: Rubric) -> None:
    books = (replace(EXECUTED[0], left_out=1), *EXECUTED[1:])
    good = run(val=0.53, hidden=0.5, **TWO)
    found = judged(rubric, [good], books)
    assert found["two_layer_training"].status == "passed"
    for item in ("best_model", "dropout_training"):  # runs of all notebooks count for each item
        assert (found[item].status, found[item].earned) == ("pending", 0)
        assert (
            "One more training has ended for which there was no room"
            in found[item].faults[0].message
        )


STATES: dict[str, tuple[tuple[Notebook, ...], str]] = {
    "of no record": ((), "missing"),
    "missing": ((Notebook("FullyConnectedNets.ipynb", "missing"),), "missing"),
    "skipped": ((Notebook("FullyConnectedNets.ipynb", "skipped"),), "skipped"),
    "unreadable": ((Notebook("FullyConnectedNets.ipynb", "unreadable", "is no JSON"),), "pending"),
    "stopped": ((Notebook("FullyConnectedNets.ipynb", "timeout", "stopped after 9 s"),), "failed"),
}  # fmt: skip


@pytest.mark.parametrize(("notebooks", "status"), STATES.values(), ids=STATES.keys())
def test_a_notebook_that_was_not_read_is_named_for_what_it_is(
    notebooks: tuple[Notebook, ...], status: str, rubric: Rubric
) -> None:
    for name in ("two_layer_training", "update_rules"):
        result = judged(rubric, (), notebooks)[name]
        assert result.status == status
        counts = status in ("failed", "missing")
        assert bool(result.parts) == counts  # without parts it does not count
        assert result.earned == sum(part.earned for part in result.parts) == 0
        assert not counts or sum(part.possible for part in result.parts) == result.possible
        if notebooks and notebooks[0].message:
            assert notebooks[0].message in result.faults[0].message


def test_a_notebook_that_we_broke_costs_its_items_nothing_and_no_other_item(rubric: Rubric) -> None:
    broken = Notebook("FullyConnectedNets.ipynb", "grader_fault", "our own fault")
    results = judged(rubric, GOOD_MODELS, (broken, *EXECUTED[1:]))
    assert results["best_model"].status == "grader_fault"
    assert results["best_model"].faults[0].message == "our own fault"
    assert results["dropout_training"].status == "failed"


def test_where_there_is_no_run_the_first_cell_that_stopped_is_named(rubric: Rubric) -> None:
    cells = (Cell(4, "1/0", "failed", count=2, place=3), Cell(9, "1/0", "failed"))
    stopped = replace(EXECUTED[0], status="error", cells=cells)
    results = judged(rubric, [run(val=0.1, **TWO)], (stopped, *EXECUTED[1:]))
    (fault,) = results["overfit_three_layer"].faults
    assert fault.message.startswith("FullyConnectedNets.ipynb, code cell 3, In [2]: stopped with")
    assert "stopped with" not in results["two_layer_training"].faults[0].message
    assert "stopped with" not in results["dropout_training"].faults[0].message


IN_A_CELL = ("FullyConnectedNets.ipynb, cell 4", 1, "", "x = nowhere")
IN_A_FILE = ("cs231n/layers.py", 9, "affine_forward", "return x @ w")
BEHIND = ("overfit_three_layer", "overfit_five_layer", "update_rules", "best_model")
STOPS: dict[str, tuple[Any, str, str | None, str]] = {
    # the frames of its exception or how it ended, the state of a need -> what explains, a status
    "a name that is not there": ((IN_A_CELL,), "failed", None, "error"),
    "the same, and the function is not written": ((IN_A_CELL,), "not_written", "adam", "error"),
    "an exception of a file": ((IN_A_CELL, IN_A_FILE), "failed", "adam", "error"),
    "an exception of a file that is right": ((IN_A_CELL, IN_A_FILE), "passed", None, "error"),
    "time": ("timeout", "passed", None, "timeout"),
    "the whole kernel": ("died", "passed", None, "error"),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_cell_that_stopped_is_one_root_of_all_that_needs_it(name: str, rubric: Rubric) -> None:
    how, need, explains, status = STOPS[name]
    cell = Cell(4, "x = nowhere", "failed", count=2, place=3)
    if isinstance(how, str):
        cell = replace(cell, outcome=how, why="it took all the time")  # type: ignore[arg-type]
    else:
        cell = replace(cell, raised=Raised("NameError", "name 'nowhere' is not defined", how))
    stopped = replace(EXECUTED[0], status="error", cells=(cell,))
    done = {"adam": ItemResult("adam", "", "", "", need, 0, 1, ())}  # type: ignore[arg-type]
    results = judged(rubric, (), (stopped, *EXECUTED[1:]), **done)
    assert results["update_rules"].because_of == explains
    found = [results[item] for item in BEHIND if results[item].because_of is None]
    assert {(item.status, item.earned) for item in found} == {(status, 0)}
    assert all("code cell 3, In [2]" in fault.message for item in found for fault in item.faults)
    (root,) = roots(found)
    assert len(root.consequences) == len(found) - 1 > 1
    assert root.gain == sum(item.possible for item in found)


def stub(number: int, function: str) -> Cell:
    """Return a cell of which a function is not written."""
    name = f"FullyConnectedNets.ipynb, cell {number}"
    frames = ((name, 9, "", f"x = {function}()"), (name, 2, function, "raise NotImplementedError"))
    raised = Raised("NotImplementedError", f"{function}: write this", frames)
    return Cell(number, "", "failed", raised=raised, count=number, place=number)


IN_TRAINING = (("cs231n/solver.py", 208, "_step", "next_w"), ("cs231n/optim.py", 9, "sgd", "w -="))
CHECK = Cell(6, "", "failed", raised=Raised("ValueError", "shapes differ", (IN_A_CELL,)), place=6)
BROKEN = Raised("ValueError", "operand with shape (100,) doesn't match shape (1,100)", IN_TRAINING)
TRAINS = Cell(30, "", "failed", raised=BROKEN, place=30)
STUBS = (
    stub(19, "two_layer_solver"), stub(22, "three_layer_settings"), stub(23, "five_layer_settings"),
    stub(31, "best_model"),
)  # fmt: skip
MEANT = dict(zip(("two_layer_training", "overfit_three_layer", "overfit_five_layer", "best_model"),
                 STUBS, strict=True))  # fmt: skip


def of_cells(rubric: Rubric, *cells: Cell, **done: ItemResult) -> dict[str, ItemResult]:
    found = tuple(sorted(cells, key=lambda cell: cell.number))
    book = replace(EXECUTED[0], status="error", cells=found)
    return judged(rubric, (), (book, *EXECUTED[1:]), **done)


def test_a_cell_that_is_not_written_is_named_and_no_other_mistake_has_its_points(
    rubric: Rubric,
) -> None:
    wrong = ItemResult("FullyConnectedNet", "", "", "", "partial", 6.5, 8, ())
    found = of_cells(rubric, CHECK, *STUBS, TRAINS, FullyConnectedNet=wrong)
    for item, cell in MEANT.items():
        function = cell.raised.frames[-1][2] if cell.raised else ""
        says = [f"FullyConnectedNets.ipynb, {cell.name} is not written yet: {function}"]
        assert [fault.message for fault in found[item].faults] == says
        assert (found[item].status, found[item].because_of) == ("not_written", None)
    assert (
        found["update_rules"].faults[0].message.startswith("FullyConnectedNets.ipynb, code cell 30")
    )
    assert {root.item.id: root.gain for root in roots([wrong, *found.values()])}[wrong.id] == 3.5


def test_a_function_that_is_not_written_comes_before_the_cell_that_needs_it(rubric: Rubric) -> None:
    net = ItemResult("FullyConnectedNet", "", "", "", "not_written", 0, 8, ())
    found = of_cells(rubric, *STUBS, FullyConnectedNet=net)["overfit_three_layer"]
    assert (found.status, found.because_of) == ("error", "FullyConnectedNet")


def test_a_stub_of_another_item_is_no_reason(rubric: Rubric) -> None:
    found = of_cells(rubric, stub(23, "five_layer_settings"))
    assert found["overfit_five_layer"].status == "not_written"
    assert found["overfit_three_layer"].status == "failed"
    assert "No training run" in found["overfit_three_layer"].faults[0].message
    named = of_cells(rubric, stub(4, "prepare"))["overfit_three_layer"]
    assert "is not written yet: prepare" in named.faults[0].message


@pytest.mark.parametrize(("shape", "explains"), [((1, 4), True), ((4,), False)])
def test_a_gradient_with_an_axis_too_many_is_named_where_it_stops_a_training(
    shape: tuple[int, ...], explains: bool, rubric: Rubric
) -> None:
    both = Comparison("db", np.zeros(4), np.zeros(shape), None, {})
    odd = Fault("affine_backward/small", "db", "db", "shape", "", True, comparison=both)
    right = ItemResult("affine_backward", "", "", "", "passed", 5, 5, (), warnings=(odd,))
    fault = of_cells(rubric, CHECK, TRAINS, affine_backward=right)["update_rules"].faults[0]
    told = "affine_backward returns db in shape (1, 4) instead of (4,)"
    assert (told in fault.message, fault.raised is None) == (explains, explains)
    other = replace(TRAINS, raised=replace(BROKEN, message="shapes (3,4) and (5,6) not aligned"))
    assert (
        told not in of_cells(rubric, other, affine_backward=right)["update_rules"].faults[0].message
    )


def test_what_is_not_written_explains_a_run_that_is_not_there(rubric: Rubric) -> None:
    unwritten = ItemResult("rmsprop", "", "", "", "not_written", 0, 1, ())
    right = replace(unwritten, id="FullyConnectedNet", status="passed")
    done = {"rmsprop": unwritten, "FullyConnectedNet": right}
    assert judged(rubric, (), **done)["update_rules"].because_of == "rmsprop"
    behind = rules(0.4, sgd=0.3, sgd_momentum=0.5, rmsprop=0.3, adam=0.6)
    assert judged(rubric, behind, **done)["update_rules"].because_of is None
    assert judged(rubric, (), **done)["overfit_three_layer"].because_of is None


SWEPT = [run(t, batch_size=b, update_rule="adam") for b, t in ((5, 0.1), (10, 0.3), (50, 0.5))]
SPOILT: dict[str, tuple[str, list[Trained], dict[str, str], str, str | None]] = {
    # item, runs, what its code is -> status and what it follows from
    **{
        f"{kind} sweep, {rule}": (
            f"{kind}_batch_size",
            [changed(one, normalization=kind, update_rule=rule) for one in SWEPT],
            {"adam": "failed"},
            *end,
        )
        for kind in ("batchnorm", "layernorm")
        for rule, end in {"adam": ("pending", "adam"), "sgd": ("failed", None)}.items()
    },
    "a layer below the net": (
        "overfit_five_layer", [overfit(5, train=0.4)],
        {"affine_backward": "partial", "FullyConnectedNet": "skipped"},
        "pending", "affine_backward",
    ),
    "a layer of another net": (
        "overfit_five_layer", [overfit(5, train=0.4)], {"layernorm_backward": "failed"},
        "failed", None,
    ),
    "a net of a normalization": (
        "batchnorm_training", [run(0.3, normalization=n) for n in ("batchnorm", None)],
        {"FullyConnectedNet.batchnorm": "error"}, "pending", "FullyConnectedNet.batchnorm",
    ),
    "the net that the log names": (
        "two_layer_training", [run(val=0.1, log=TrainingLog(1, {"net": "TwoLayerNet"}, ()), **TWO)],
        {"FullyConnectedNet": "failed"}, "failed", None,
    ),
    "no run at all": ("layernorm_batch_size", [], {"adam": "failed"}, "failed", None),
    "all that is asked": (
        "overfit_five_layer", [overfit(5, train=1.0)], {"affine_backward": "partial"},
        "passed", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_what_wrong_code_may_have_spoilt_costs_no_second_time(name: str, rubric: Rubric) -> None:
    item, runs, states, status, root = SPOILT[name]
    done = {
        one: ItemResult(one, f"title of {one}", "", "", state, 0, 1, ())  # type: ignore[arg-type]
        for one, state in states.items()
    }
    if "affine_backward" in done and "FullyConnectedNet" in done:
        net = done["FullyConnectedNet"]
        done["FullyConnectedNet"] = replace(net, because_of="affine_backward")
    found = judged(rubric, runs, **done)[item]
    assert (found.status, found.because_of) == (status, root)
    told = f"used {root}, which is not right yet (see title of {root})"
    assert (told in " ".join(fault.message for fault in found.faults)) == (root is not None)
    kept = score.total([found], {})
    assert (kept.pending, kept.possible) == (found.possible * (root is not None), found.possible)


def test_a_run_knows_which_items_rest_on_it(rubric: Rubric) -> None:
    runs = [*GOOD_MODELS, overfit(3), *rules(sgd=0.3, adam=0.6), run(0.9, 0.1, None)]
    _, marked, _ = judge(rubric, rubric.table.data.synthetic, EXECUTED, runs, {})
    assert [each.items for each in marked] == [
        ("two_layer_training",), ("best_model",), ("overfit_three_layer",),
        ("update_rules",), ("update_rules",), (),
    ]  # fmt: skip


FLAGS: dict[str, tuple[Trained, list[str]]] = {
    "as told": (run(val=0.5, hidden=0.5, best_val_acc=0.5), []),
    "told a little more": (run(val=0.5, hidden=0.5, best_val_acc=0.6), []),
    "told much more": (run(val=0.49, hidden=0.5, best_val_acc=0.6), ["log_differs"]),
    "told less": (run(val=0.5, hidden=0.5, best_val_acc=0.1), []),
    "on other images": (run(None, 0.1, None, rows=None, best_val_acc=0.6), []),
    "not recomputed": (foreign(best_val_acc=0.9), []),
    "seen validation images": (
        run(val=0.7, hidden=0.643, best_val_acc=0.7), ["trained_on_validation"],
    ),
    "seen perhaps": (run(val=0.7, hidden=0.65, best_val_acc=0.7), []),
    "every hidden image wrong": (run(val=0.0, hidden=0.0, best_val_acc=0.0), []),
}  # fmt: skip


@pytest.mark.parametrize(("one", "kinds"), FLAGS.values(), ids=FLAGS.keys())
def test_flags_are_raised_where_a_person_should_look(
    one: Trained, kinds: list[str], rubric: Rubric
) -> None:
    _, _, flags = judge(rubric, rubric.table.data.synthetic, EXECUTED, [one], {})
    assert [flag.kind for flag in flags] == kinds
    assert all(flag.where == "FullyConnectedNets.ipynb, cell 3" for flag in flags)


def test_real_images_are_asked_for_less(rubric: Rubric) -> None:
    real = rubric.table.data.cifar10
    assert real.scale == 0.7
    for val, points in ((0.34, 3), (0.339, 0)):  # 0.7 times 0.5, and the grace
        runs = [run(val=val, hidden=val, **TWO)]
        result = judge(rubric, real, EXECUTED, runs, {})[0]["two_layer_training"]
        assert result.earned == points
    low = judge(rubric, real, EXECUTED, [overfit(3, train=0.8)], {})[0]["overfit_three_layer"]
    assert low.earned == 0  # training accuracy is asked for in full


def test_hidden_images_are_looked_at_from_the_lowest_accuracy_that_is_asked(
    rubric: Rubric,
) -> None:
    data = rubric.table.data
    assert hidden_from(rubric, data.synthetic) == pytest.approx(0.49)
    assert hidden_from(rubric, data.cifar10) == pytest.approx(0.34)


@pytest.mark.parametrize(("hidden", "points"), [(2000, 0), (250, 3)])
def test_few_hidden_images_leave_more_to_chance(
    hidden: int, points: float, rubric: Rubric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recompute, "run", Mock(return_value=run(val=0.55, hidden=0.46, **TWO)))
    items = tuple(bare(item, "skipped") for item in rubric.table.items)
    images: Any = Mock(profile=rubric.table.data.synthetic, count=Mock(return_value=hidden))
    told = run().training
    monkeypatch.setattr(believe.Replay, "verify", Mock(return_value=told))
    monkeypatch.setattr(believe, "moved", Mock(return_value=np.ones(3)))
    books = [replace(EXECUTED[0], trainings=(told,))]
    found = training.grade(items, books, rubric, images, Repeating(Mock(), Mock())).items
    assert {item.id: item.earned for item in found}["two_layer_training"] == points


BREAKS = {
    "a judge of ours": (training, "judge", IndexError("7"), "judge this (IndexError, see "),
    "images that cannot be made": (Recompute, "run", GraderFault("gone"), "images: gone"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_here_is_our_fault_and_leaves_the_code_s_points(
    what: str, rubric: Rubric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKGRADE_DEBUG", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place, name, error, message = BREAKS[what]
    monkeypatch.setattr(Recompute, "run", Mock(return_value=run()))
    monkeypatch.setattr(place, name, Mock(side_effect=error))
    items = tuple(bare(item, "passed") for item in rubric.table.items)
    images: Any = Mock(profile=rubric.table.data.synthetic)
    books = [replace(book, trainings=(run().training,)) for book in EXECUTED]
    graded = training.grade(items, books, rubric, images, Repeating(Mock(), None))
    assert (graded.trained, graded.flags) == ((), ())
    for before, after in zip(items, graded.items, strict=True):
        if rubric.item(before.id).kind == "notebook":
            assert after.status == "grader_fault" and message in after.faults[0].message
        else:
            assert after == before
    (file,) = tmp_path.rglob("faults/*.txt")
    assert type(error).__name__ in file.read_text()


@pytest.mark.parametrize("where", ["recomputing", "repeating"])
def test_a_run_at_which_we_fail_is_for_a_person_and_costs_no_other(
    where: str, rubric: Rubric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKGRADE_DEBUG", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told = [run(val=0.6, **TWO).training, overfit(3).training]
    good, wrong = run(val=0.6, hidden=0.6, **TWO), OverflowError("9")
    first = wrong if where == "recomputing" else good
    monkeypatch.setattr(Recompute, "run", Mock(side_effect=[first, overfit(3)]))
    monkeypatch.setattr(believe.Replay, "verify", Mock(side_effect=OverflowError("9")))
    images: Any = Mock(profile=rubric.table.data.synthetic, count=Mock(return_value=2000))
    books = [replace(EXECUTED[0], trainings=tuple(told)), *EXECUTED[1:]]
    items = tuple(bare(item, "passed") for item in rubric.table.items)
    graded = training.grade(items, books, rubric, images, Repeating(Mock(), Mock()))
    result = {item.id: item for item in graded.items}["two_layer_training"]
    assert result.status == "pending"
    assert "(OverflowError, see " in result.faults[0].message
    assert {item.status for item in graded.items} == {"passed", "failed", "pending"}
    assert all("OverflowError: 9" in file.read_text() for file in tmp_path.rglob("faults/*.txt"))
    assert list(tmp_path.rglob("faults/*.txt"))


def test_images_of_the_command_line_that_cannot_be_used_are_no_fault_of_ours(
    rubric: Rubric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recompute, "run", Mock(side_effect=UsageError("--data: empty")))
    books = [replace(book, trainings=(run().training,)) for book in EXECUTED]
    images: Any = Mock(profile=rubric.table.data.synthetic)
    with pytest.raises(UsageError, match="--data"):
        training.grade((), books, rubric, images, Repeating(Mock(), None))
