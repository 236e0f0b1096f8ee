"""What parameters really do: the same scores as the reference, and never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import resources
from grader.authoring.fixtures import reference
from grader.grading.training import recompute
from grader.grading.training.images import Images
from grader.grading.training.recompute import Recompute, net_of, scores
from grader.notebooks.spool import Spool
from grader.rubric.records import ImageProfile
from grader.types import Cell, Notebook
from tests.conftest import ROOT
from tests.support.training_runs import TRAINING

BOOK = Notebook("N.ipynb", "executed", cells=(Cell(7, "", "ran", count=3, place=4),))
PROFILE = ImageProfile(training=400, validation=250, test=10, hidden=250)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Images(PROFILE, "a seed", resources.home() / "student_template" / "cs231n")
        made.count("training")
        yield made


def look(images: Images, **told: Any) -> Any:
    told = {"layer_sizes": (), "rows": np.arange(50), **told}
    return Recompute(images, 100, 0.0).run(BOOK, replace(TRAINING, **told))


def params(*hidden: int, normal: bool = False, seed: int = 0) -> dict[str, np.ndarray]:
    """Random parameters of a net; gammas and betas are no ones and zeros."""
    random = np.random.default_rng(seed)
    sizes, made = (3072, *hidden, 10), {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]), start=1):
        made[f"W{i}"] = random.normal(0, 0.05, (fan_in, fan_out))
        made[f"b{i}"] = random.normal(0, 0.1, fan_out)
        if normal and i <= len(hidden):
            made[f"gamma{i}"] = random.uniform(0.5, 2, fan_out)
            made[f"beta{i}"] = random.normal(0, 0.5, fan_out)
    return made


def averages(*hidden: int) -> tuple[dict[str, np.ndarray], ...]:
    random = np.random.default_rng(9)
    return tuple({"running_mean": random.normal(0, 1, h), "running_var": random.uniform(0.2, 4, h)}
                 for h in hidden)  # fmt: skip


NETS = {
    "two layers": ((50,), None, 1),
    "one layer": ((), None, 1),
    "deep": ((30, 20, 30, 20), None, 1),
    "batchnorm": ((30, 20, 10), "batchnorm", 1),
    "layernorm": ((30, 20, 10), "layernorm", 1),
    "dropout": ((40, 30), None, 0.25),
    "all of it": ((40, 30), "batchnorm", 0.5),
}


@pytest.mark.parametrize(("hidden", "normal", "keep"), NETS.values(), ids=NETS.keys())
def test_scores_are_those_of_the_reference(
    hidden: tuple[int, ...], normal: str | None, keep: float, images: Images
) -> None:
    held = params(*hidden, normal=normal is not None)
    statistics = averages(*hidden) if normal == "batchnorm" else ()
    with reference.implementation(ROOT / "reference") as nn:
        net = nn._modules["fc_net"].FullyConnectedNet(
            hidden, normalization=normal, dropout=keep, dtype=np.float64
        )
        net.params = held
        for bn_param, values in zip(net.bn_params, statistics):
            bn_param.update(values)
        batch = next(images.batches("validation", np.arange(100)))[0]
        expected = net.loss(batch.astype(np.float64))
    found = scores(net_of(held, statistics), batch)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert np.array_equal(found.argmax(axis=1), expected.argmax(axis=1))


def nearest(images: Images, rows: np.ndarray) -> dict[str, np.ndarray]:
    """A linear net that is the mean of each class over these training images: it knows a little."""
    batches = list(images.batches("training", rows))
    x, y = np.concatenate([b for b, _ in batches]), np.concatenate([y for _, y in batches])
    means = np.stack([x[y == label].mean(axis=0) for label in range(10)])
    return {"W1": means.T / 1e4, "b1": -0.5 * (means**2).sum(axis=1) / 1e4}


def test_accuracies_are_shares_of_right_images_on_each_split(images: Images) -> None:
    held = nearest(images, np.arange(400))
    found = look(images, params=held, rows=np.arange(40), layer_sizes=(3072, 10))
    for split, rows, got in (
        ("training", np.arange(40), found.train_accuracy),
        ("validation", np.arange(250), found.val_accuracy),
        ("hidden", np.arange(250), found.hidden_accuracy),
    ):
        pairs = list(images.batches(split, rows))
        right = [(np.argmax(x @ held["W1"] + held["b1"], axis=1) == y).sum() for x, y in pairs]
        assert got == sum(right) / len(rows)
    assert 0.2 < found.val_accuracy < found.train_accuracy < 1
    assert found.message == "" and not found.training.params and found.training.rows.size == 40


def test_training_accuracy_is_that_of_the_moment_that_fitted_best(images: Images) -> None:
    best, fitted = params(seed=1), nearest(images, np.arange(50))
    found = look(images, params=best, fitted_params=fitted, rows=np.arange(50))
    assert found.train_accuracy == look(images, params=fitted, rows=np.arange(50)).train_accuracy
    assert found.val_accuracy == look(images, params=best).val_accuracy != found.train_accuracy


def test_training_accuracy_is_taken_on_a_sample_spread_over_the_rows(images: Images) -> None:
    held = nearest(images, np.arange(400))
    found = look(images, params=held, rows=np.arange(400))
    spread = np.linspace(0, 399, 100).astype(int)
    assert found.train_accuracy == look(images, params=held, rows=spread).train_accuracy
    assert found.training.rows.size == 400


@pytest.mark.parametrize(("floor", "looked"), [(0.0, True), (1.0, False)])
def test_hidden_images_are_for_runs_that_may_earn(
    floor: float, looked: bool, images: Images
) -> None:
    run = replace(TRAINING, params=params(), layer_sizes=(), rows=np.arange(9))
    found = Recompute(images, 100, floor).run(BOOK, run)
    assert (found.hidden_accuracy is not None) == looked


def test_too_few_hidden_images_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = ImageProfile(training=20, validation=10, test=0, hidden=199)
    images = Images(few, "a seed", resources.home() / "student_template" / "cs231n")
    assert look(images, params=params(), rows=np.arange(9)).hidden_accuracy is None


def test_the_shape_of_the_net_is_read_from_its_parameters(images: Images) -> None:
    told = look(images, params=params(30, 20, normal=True), bn_statistics=averages(30, 20)).training
    assert (told.layer_sizes, told.normalization) == ((3072, 30, 20, 10), "batchnorm")
    told = look(images, params=params(30, normal=True)).training
    assert (told.layer_sizes, told.normalization) == ((3072, 30, 10), "layernorm")


GOOD = params(20)
NORMAL = params(20, normal=True)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no parameters": ({"params": {}}, "no weights"),
    "no mapping": ({"params": [1]}, "could not be read"),
    "odd names": ({"params": {**GOOD, "V1": GOOD["b1"]}}, "V1"),
    "names that are none": ({"params": {**GOOD, 3: GOOD["b1"]}}, "3"),
    "a bias is missing": ({"params": {k: v for k, v in GOOD.items() if k != "b2"}}, "b2"),
    "a hole in the layers": ({"params": {**GOOD, "W9": GOOD["W2"], "b9": GOOD["b2"]}}, "W3"),
    "too many layers": (
        {"params": {f"{k}{i}": np.ones(1) for i in range(1, 99) for k in "Wb"}}, "1 to 40",
    ),
    "other images": ({"params": {**GOOD, "W1": np.ones((100, 20))}}, r"\(3072, any\)"),
    "other classes": (
        {"params": {**GOOD, "W2": np.ones((20, 7)), "b2": np.ones(7)}}, r"\(20, 10\)",
    ),
    "layers that do not meet": ({"params": {**GOOD, "W2": np.ones((21, 10))}}, r"\(20, 10\)"),
    "a vector too long": ({"params": {**GOOD, "b1": np.ones(21)}}, "b1"),
    "no axes": ({"params": {**GOOD, "W1": np.array(3.0)}}, "W1"),
    "no units": ({"params": {**GOOD, "W1": np.ones((3072, 0))}}, "W1"),
    "text": ({"params": {**GOOD, "b1": np.array(["x"] * 20)}}, "no array of numbers"),
    "objects": ({"params": {**GOOD, "b1": np.array([None] * 20)}}, "no array of numbers"),
    "lists": ({"params": {**GOOD, "b1": [0.0] * 20}}, "no array of numbers"),
    "huge": ({"params": {**GOOD, "W1": np.broadcast_to(0.0, (3072, 9000))}}, "more than"),
    "some gammas only": ({"params": {**params(20, 20), "gamma1": np.ones(20)}}, "beta1"),
    "a gamma at the end": ({"params": {**NORMAL, "gamma2": np.ones(10)}}, "gamma2"),
    "averages that are missing": (
        {"params": params(20, 20, normal=True), "bn_statistics": averages(20)}, "1 of 2",
    ),
    "averages of another size": ({"params": NORMAL, "bn_statistics": averages(9)}, "running_mean"),
    "averages that are none": ({"params": NORMAL, "bn_statistics": (3,)}, "running_mean"),
    "another net than told": ({"params": GOOD, "layer_sizes": (3072, 500, 10)}, "another net"),
    "a normalization that is not there": (
        {"params": GOOD, "normalization": "batchnorm"}, "batchnorm",
    ),
    "two different nets": ({"params": GOOD, "fitted_params": params(30)}, "two different nets"),
}  # fmt: skip


@pytest.mark.parametrize(("told", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_net_of_the_course_gets_a_sentence(
    told: dict[str, Any], says: str, images: Images
) -> None:
    found = look(images, **told)
    assert re.search(says, found.message), found.message
    assert (found.train_accuracy, found.val_accuracy, found.hidden_accuracy) == (None, None, None)


RUNAWAY = {
    "nan": np.nan,
    "inf": np.inf,
    "too large for a float32": 1e300,
}


@pytest.mark.parametrize("number", RUNAWAY.values(), ids=RUNAWAY.keys())
def test_parameters_that_ran_away_classify_nothing(number: float, images: Images) -> None:
    found = look(images, params={**GOOD, "b2": np.full(10, number)})
    assert (found.train_accuracy, found.val_accuracy) == (0, 0)
    assert "not all finite" in found.message


def test_scores_that_overflow_are_wrong_even_where_they_name_the_label(images: Images) -> None:
    right = np.where(np.arange(10) == 0, 3e38, 0.0)
    assert look(images, params={"W1": np.zeros((3072, 10)), "b1": right}).val_accuracy == 0.1
    over = {"W1": np.full((3072, 10), 3e38), "b1": right}
    assert look(images, params=over).val_accuracy == 0
    spoilt = ({"running_mean": np.zeros(20), "running_var": -np.ones(20)},)
    assert look(images, params=NORMAL, bn_statistics=spoilt).val_accuracy == 0


ROWS = {
    "none": (None, None, None),
    "twice the same": (np.array([3, 3, 5]), [3, 5], 0.0),
    "outside": (np.array([3, 400]), [], 0.0),
    "negative": (np.array([-1]), [], 0.0),
    "no numbers": (np.array([0.5]), [], 0.0),
    "a matrix": (np.ones((2, 2), int), [], 0.0),
    "too many": (np.zeros(recompute.MOST_POINTS + 1, int), [], 0.0),
    "no list": ("rows", [], 0.0),
}


@pytest.mark.parametrize(("rows", "kept", "floor"), ROWS.values(), ids=ROWS.keys())
def test_rows_are_different_images_of_ours_or_none(
    rows: Any, kept: list[int] | None, floor: float | None, images: Images
) -> None:
    found = look(images, params=GOOD, rows=rows)
    assert (None if kept is None else found.training.rows.tolist()) == kept
    assert (found.train_accuracy is None) == (floor is None)
    if kept == []:
        assert found.train_accuracy == 0 and "do not exist" in found.message
    assert found.val_accuracy is not None


@pytest.mark.parametrize(
    ("rows", "num_train", "whole"),
    [
        (np.arange(400), 400, True),
        (np.arange(399), 400, False),
        (np.repeat(np.arange(200), 2), 400, False),
        (None, 800, True),
        (None, 399, False),
    ],
)
def test_a_run_knows_whether_it_had_all_training_images(
    rows: np.ndarray | None, num_train: int, whole: bool, images: Images
) -> None:
    for given in (params(), {}):  # an odd net too
        told = look(images, params=given, rows=rows, num_train=num_train)
        assert told.all_images == whole


def test_the_same_parameters_count_once(images: Images) -> None:
    judge = Recompute(images, 100, 0.0)
    run = replace(TRAINING, params=GOOD, layer_sizes=(), cell=7)
    assert judge.run(BOOK, run).val_accuracy is not None
    again = judge.run(BOOK, replace(run, batch_size=5))
    assert again.val_accuracy is None and "N.ipynb, code cell 4, In [3]" in again.message
    assert judge.run(BOOK, replace(run, params=params(20, seed=2))).val_accuracy is not None


def test_the_work_for_all_runs_of_a_submission_is_bounded(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = 3072 * 10 * (250 + 250 + 100)
    monkeypatch.setattr(recompute, "MOST_WORK", 2 * cost)
    judge = Recompute(images, 100, 0.0)
    runs = [replace(TRAINING, params=params(seed=n), layer_sizes=()) for n in range(3)]
    found = [judge.run(BOOK, run) for run in runs]
    assert [run.val_accuracy is not None for run in found] == [True, True, False]
    assert "so many" in found[2].message
    assert found[2].training.rows is None  # so that it is a claim, and does not count as wrong


def test_a_net_that_is_too_large_is_a_claim_and_not_wrong(images: Images) -> None:
    huge = {**GOOD, "W1": np.broadcast_to(0.0, (3072, 9000))}
    assert look(images, params=huge).training.rows is None
    assert look(images, params={**GOOD, "V1": GOOD["b1"]}).training.rows is not None


def test_what_a_run_tells_is_kept_in_bounds(images: Images) -> None:
    told = look(
        images,
        params=GOOD,
        update_rule="x" * 1000,
        loss_history=np.ones(recompute.MOST_POINTS + 5, np.float32),
        train_acc_history="abc",
        val_acc_history=np.ones((3, 3)),
        initial_weight_std=(0.1,) * 1000,
    ).training
    assert len(told.update_rule) == 40 and len(told.loss_history) == recompute.MOST_POINTS
    assert told.loss_history.dtype == np.float64
    assert told.train_acc_history.size == told.val_acc_history.size == 0
    assert len(told.initial_weight_std) <= recompute.MOST_LAYERS + 1


def test_arrays_that_lie_in_a_file_do_not_stay_in_memory(images: Images) -> None:
    with Spool() as spool:
        assert spool.add_all({n: value.astype(np.float32) for n, value in params(400).items()})
        kept = spool.take()
        assert kept is not None
        before, first = _in_memory(), kept["W1"]
        assert first.sum() and _in_memory() > before + 4000
        assert kept["b1"].base is first.base  # one mapping, which is one descriptor
        del first
        assert _in_memory() < before + 1000
        assert look(images, params=kept).val_accuracy is not None
        assert _in_memory() < before + 1000


def _in_memory() -> int:
    """Kilobytes of files that this process has mapped and touched."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssFile"))
