"""The bands of the reference: fresh in form, and chosen for the part that a run plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import resources
from grader.authoring.fixtures import curves
from grader.errors import GoldenError
from grader.golden.bands import FILE, FORM, Bands, shown
from grader.grading.assignment import Assignment
from grader.rubric.records import ImageProfile
from grader.types import Band, Trained
from tests.support.training_runs import net, run

GOLDEN = resources.golden_folder()
REFERENCE = resources.home() / "reference"
PROFILE = ImageProfile()
DEEP = net(100, 100, 100, 100, 100)


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    return dict(json.loads((GOLDEN / FILE).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def bands() -> Bands:
    return Bands.read(GOLDEN, PROFILE, real=False)


# ------------------------------------------------------------------------- the file


def test_the_bands_are_those_of_the_notebooks_as_they_are(
    stored: dict[str, Any], assignments: dict[str, Assignment]
) -> None:
    """`grade fixtures curves` makes them anew."""
    made = stored["synthetic"]
    assert stored["form"] == FORM
    assert made["cells"] == curves.code_of(REFERENCE)
    assert made["profile"] == shown(assignments["cs231n-a2"].rubric.table.data.synthetic)
    assert made["seeds"] == list(curves.SEEDS) and set(made["built_with"]) == {"python", "numpy"}


def test_every_notebook_item_has_bands_with_edges_in_order(
    bands: Bands, assignments: dict[str, Assignment]
) -> None:
    asked = {i.id for i in assignments["cs231n-a2"].rubric.table.items if i.kind == "notebook"}
    assert {item for entry in bands.entries for item in entry.items} == asked
    for entry in bands.entries:
        band = entry.band
        assert band.seeds == len(curves.SEEDS) and band.epochs >= 5
        assert 1 < band.loss.shape[1] <= curves.STEPS
        for edges in (band.train, band.val):
            low, high = edges
            assert edges.shape == (2, band.epochs + 1)
            assert (low >= 0).all() and (low <= high).all() and (high <= 1).all()
        low, high = band.loss
        assert ((low <= high) | np.isnan(low)).all() and not (np.isnan(low) ^ np.isnan(high)).any()


def test_the_best_model_lies_where_the_notebook_says(bands: Bands) -> None:
    (band,) = (e.band for e in bands.entries if "best_model" in e.items)
    assert band.val[0].max() >= 0.5 and band.epochs == 10


def test_for_other_images_or_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert Bands.read(tmp_path, PROFILE, False).entries == ()
    assert Bands.read(GOLDEN, replace(PROFILE, training=99), False).entries == ()
    assert Bands.read(GOLDEN, replace(PROFILE, hidden=9), False).entries


BROKEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no JSON": lambda whole: "{",
    "a list": lambda whole: [],
    "another form": lambda whole: {**whole, "form": 99},
    "no bands": lambda whole: {**whole, "synthetic": {"profile": shown(PROFILE)}},
    "one edge": lambda whole: whole["synthetic"]["bands"][0].update(loss=[[1.0]]) or whole,
    "text": lambda whole: whole["synthetic"]["bands"][0].update(val=[["a"], ["b"]]) or whole,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_named_with_what_to_do(
    what: str, stored: dict[str, Any], tmp_path: Path
) -> None:
    made = BROKEN[what](json.loads(json.dumps(stored)))
    (tmp_path / FILE).write_text(made if isinstance(made, str) else json.dumps(made))
    with pytest.raises(GoldenError, match=r"curves\.json: .*grade fixtures curves"):
        Bands.read(tmp_path, PROFILE, False)


# ----------------------------------------------------------------------- the choice

CHOSEN: dict[str, tuple[Trained, dict[str, Any] | None]] = {
    "the same rule": (
        replace(run(update_rule="rmsprop", layer_sizes=DEEP), items=("update_rules",)),
        {"update_rule": "rmsprop"},
    ),
    "a rule that the reference does not race": (
        replace(run(update_rule="adagrad", layer_sizes=DEEP), items=("update_rules",)), None,
    ),
    "any rule where rules are not compared": (
        replace(run(update_rule="rmsprop"), items=("best_model",)), {"update_rule": "adam"},
    ),
    "the nearest batch size": (
        replace(run(normalization="batchnorm", batch_size=12), items=("batchnorm_batch_size",)),
        {"batch_size": 10, "normalization": "batchnorm"},
    ),
    "the nearest scale": (
        replace(run(initial_weight_std=(0.0009,) * 8), items=("batchnorm_init_scale",)),
        {"scale": pytest.approx(1e-3, rel=0.1), "normalization": None},
    ),
    "with dropout": (
        replace(run(dropout_keep_ratio=0.5), items=("dropout_training",)), {"drops": True},
    ),
    "a ratio of 1 drops nothing": (
        replace(run(dropout_keep_ratio=1.0), items=("dropout_training",)), {"drops": False},
    ),
    "no item": (run(), None),
}  # fmt: skip


@pytest.mark.parametrize("what", CHOSEN)
def test_a_run_stands_beside_the_one_that_plays_its_part(what: str, bands: Bands) -> None:
    trained, kind = CHOSEN[what]
    (marked,) = bands.beside([trained])
    assert (marked.band is None) == (kind is None)
    if kind is not None:
        (entry,) = (e for e in bands.entries if e.band is marked.band)
        assert {name: getattr(entry.kind, name) for name in kind} == kind
    assert replace(marked, band=None).items == trained.items


# ----------------------------------------------------------------------- the making


def test_a_band_is_where_the_curves_of_all_seeds_lie() -> None:
    runs = [
        replace(
            run(num_epochs=2, loss_history=np.array([3.0, 2.0, 1.0]) + seed,
                train_acc_history=np.array([0.1, 0.5, 0.9]) - seed / 10,
                val_acc_history=np.array([0.1, 0.2, 0.3])),
        )
        for seed in range(3)
    ]  # fmt: skip
    row = curves._band(runs, ["best_model"])
    assert row["items"] == ["best_model"]
    assert row["train"] == [[-0.1, 0.3, 0.7], [0.1, 0.5, 0.9]]
    assert row["val"] == [[0.1, 0.2, 0.3]] * 2
    assert row["loss"] == [[3.1, 2.1, 1.1], [4.9, 3.9, 2.9]]
    away = [replace(r, training=replace(r.training, loss_history=np.array([1.0, np.inf, np.nan])))
            for r in runs]  # fmt: skip
    assert curves._band(away, ())["loss"] == [[1.0, None, None]] * 2


def test_an_item_has_the_runs_that_it_rests_on_most_often() -> None:
    def run_of(*items: str) -> list[Trained]:
        return [replace(run(), items=tuple(one.split())) for one in items]

    assert curves._items([
        run_of("always pair", "always", "always"),
        run_of("pair", "pair", ""),
        run_of("", "", "pair"),
        run_of("lone", "", ""),
    ]) == [["always"], ["pair"], [], ["lone"]]  # fmt: skip


def test_what_is_written_is_read_and_leaves_the_other_images_alone(tmp_path: Path) -> None:
    row = curves._band([run()], ["best_model"])
    made = {"profile": shown(PROFILE), "cells": "", "seeds": [1], "built_with": {}, "bands": [row]}
    curves.write(tmp_path, "synthetic", made)
    curves.write(tmp_path, "cifar10", {**made, "seeds": [2]})
    again = {**made, "bands": [row, row]}
    path = curves.write(tmp_path, "synthetic", again)
    assert json.loads(path.read_text()) == {
        "form": FORM, "synthetic": again, "cifar10": {**made, "seeds": [2]},
    }  # fmt: skip
    entries = Bands.read(tmp_path, PROFILE, False).entries
    assert len(entries) == 2 and isinstance(entries[0].band, Band)
    assert len(Bands.read(tmp_path, PROFILE, True).entries) == 1


def test_the_solved_notebooks_take_another_seed_everywhere() -> None:
    submission = curves.solved(REFERENCE, 777)
    books = [data.decode() for name, data in submission.files.items() if name.endswith(".ipynb")]
    assert len(books) == 3
    for text in books:
        assert "np.random.seed(777)" in text and "np.random.seed(231)" not in text
