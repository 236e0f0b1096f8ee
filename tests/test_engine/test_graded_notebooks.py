"""A submission with executed notebooks: from what they tell to the report and result.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import resources
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.grading.training import believe
from grader.grading.training.images import Images
from grader.grading.training.replay import Replay
from grader.report import html, result
from grader.rubric.records import ImageProfile
from grader.types import Cell, Notebook, Raised, Report, Training
from tests.support import handed_in
from tests.support.training_runs import NAMES, TRAINING
from tests.test_report import samples

PROFILE = ImageProfile(training=200, validation=200, test=10, hidden=200)
FAILED = Raised("NotImplementedError", "adam: write this", ((f"{NAMES[0]}, cell 9", 1, "", "f()"),))
CELLS = (
    Cell(3, "train()", "ran", count=2, place=2),
    Cell(9, "f()", "failed", raised=FAILED, count=7, place=8),
)
WRITTEN = samples.written(*CELLS)
QUESTION = "## Inline Question 1\nWhy?\n## Answer:\nBecause of **it**."


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Images(PROFILE, "a seed", resources.home() / "student_template" / "cs231n")
        made.count("training")
        yield made


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def by_heart(images: Images, layers: int, rows: np.ndarray) -> dict[str, np.ndarray]:
    """A net that gets all of these images right: the pseudo-inverse, carried through the layers."""
    ((x, y),) = images.batches("training", rows)
    W = np.linalg.pinv(x) @ np.eye(10)[y]
    params = {"W1": np.hstack([W, -W]), "b1": np.zeros(20)}
    for i in range(2, layers):
        params |= {f"W{i}": np.eye(20), f"b{i}": np.zeros(20)}
    end = np.vstack([np.eye(10), -np.eye(10)])
    return params | {f"W{layers}": end, f"b{layers}": np.zeros(10)}


def training(images: Images, layers: int, **told: Any) -> Training:
    rows = np.arange(50)
    shape = (3072, *[20] * (layers - 1), 10)
    return replace(TRAINING, params=by_heart(images, layers, rows), rows=rows, num_train=50,
                   layer_sizes=shape, num_epochs=20, **told)  # fmt: skip


@pytest.fixture(scope="module")
def graded(
    assignments: dict[str, Assignment], worker: Worker, images: Images
) -> tuple[Report, tuple[Notebook, ...]]:
    forged = training(images, 5, train_acc_history=np.ones(5))
    forged = replace(forged, params={k: 0 * v for k, v in forged.params.items()})
    first = Notebook(
        NAMES[0], "error", cells=CELLS, written=WRITTEN,
        trainings=(training(images, 3), forged),
    )  # fmt: skip
    last = Notebook(NAMES[2], "executed", markdown={1: QUESTION}, tags={1: ("pdf-inline",)})
    books = (first, Notebook(NAMES[1], "missing"), last)
    assignment = replace(assignments["cs231n-a2"], images=images)
    # As if all runs could be repeated, which is tested elsewhere.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replay, "verify", lambda self, training, extent: training)
        patch.setattr(believe, "moved", lambda training: training.params["W2"])
        return grade_one(handed_in.reference(), assignment, worker, books), books


def test_what_was_learned_earns_and_what_was_only_told_does_not(
    graded: tuple[Report, tuple[Notebook, ...]],
) -> None:
    report, _ = graded
    items = {item.id: item for item in report.items}
    assert (items["overfit_three_layer"].status, items["overfit_three_layer"].earned) == (
        "passed",
        2,
    )
    assert items["overfit_five_layer"].status == "failed"
    assert "gets 14 % of its training images right" in items["overfit_five_layer"].faults[0].message
    assert items["batchnorm_training"].status == "missing"
    assert items["dropout_training"].status == "failed"
    # With all parameters 0 the net says class 0, which 7 of the 50 images have.
    # Code 64, training 20, questions 16: what was not handed in, or waits, is in the total too.
    assert (report.score.earned, report.score.possible) == (66, 100)
    assert report.score.pending == pytest.approx(6 * 1.6)
    questions = {name: item.status for name, item in items.items() if item.section == "questions"}
    assert {questions.pop(f"BatchNormalization/{n}") for n in (1, 2, 3, 4)} == {"missing"}
    assert set(questions.values()) == {"pending"}
    assert "overfit_three_layer" in report.trained[0].items


def test_a_report_keeps_no_parameters(graded: tuple[Report, tuple[Notebook, ...]]) -> None:
    report, _ = graded
    assert all(not notebook.trainings for notebook in report.notebooks)
    assert all(not run.training.params and not run.training.fitted_params for run in report.trained)


def test_result_json_tells_runs_and_answers(
    graded: tuple[Report, tuple[Notebook, ...]],
) -> None:
    told = json.loads(result.write(graded[0]))
    first, missing, last = told["notebooks"]
    assert (first["status"], first["failed_cell"], first["cells"]) == ("error", 9, 2)
    assert (first["page"], last["page"]) == ("FullyConnectedNets.html", "")
    assert (missing["status"], missing["runs"]) == ("missing", [])
    assert (last["status"], last["cells"]) == ("executed", 1)
    good, forged = first["runs"]
    assert good == {
        "cell": 3, "cell_name": "code cell 2, In [2]", "net": [3072, 20, 20, 10],
        "normalization": None, "dropout_keep_ratio": None,
        "update_rule": "sgd", "batch_size": 100, "epochs": 20, "train": 50,
        "best_train_accuracy": 0.9, "best_val_accuracy": 0.52, "recomputed_train_accuracy": 1.0,
        "recomputed_val_accuracy": graded[0].trained[0].val_accuracy,
        "recomputed_hidden_accuracy": None, "says": "",
        "items": ["overfit_three_layer"],
    }  # fmt: skip
    assert (forged["best_train_accuracy"], forged["recomputed_train_accuracy"]) == (1.0, 0.14)
    questions = {one["id"]: one for one in told["questions"]}
    assert len(questions) == 10
    assert questions["Dropout/1"] == {
        "id": "Dropout/1", "answer": "Because of **it**.", "status": "pending", "possible": 1.6,
        "earned": None,
    }  # fmt: skip
    assert questions["Dropout/2"]["status"] == "blank"


def test_the_page_shows_runs_failed_cells_and_answers(
    graded: tuple[Report, tuple[Notebook, ...]],
) -> None:
    page = html.render(graded[0], version="")
    link = '<a href="FullyConnectedNets.html#cell-9">code cell 8, In [7]</a>: stopped with an error'
    for text in ("BatchNormalization.ipynb not handed in, 11.4 points to earn", link,
                 "adam: write this", "<strong>it</strong>", "3072-20-20-10",
                 '<figure class="chart"', "f()"):  # fmt: skip
        assert text in page


def test_the_page_of_a_notebook_leads_to_its_runs_and_back(
    graded: tuple[Report, tuple[Notebook, ...]],
) -> None:
    report, books = graded
    ((name, page),) = html.render_notebooks(report, books).items()
    assert name == "FullyConnectedNets.html"
    run = html.render(report, version="")
    for anchor in re.findall(r'href="report.html#(runs-\d+)"', page):
        assert f'id="{anchor}"' in run
    assert 'href="report.html#runs-1"' in page and "Three layers overfit 50 images" in page


def test_a_report_knows_what_the_items_ask_of_runs(
    graded: tuple[Report, tuple[Notebook, ...]],
) -> None:
    asked = {(goal.item, goal.judge, goal.over) for goal in graded[0].goals}
    assert ("batchnorm_init_scale", "sweeps", "initial_scale") in asked
    assert ("update_rules", "beats", "") in asked and ("best_model", "reaches", "") in asked


def test_without_notebooks_nothing_is_asked_of_them(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    report = grade_one(handed_in.reference(), assignments["cs231n-a2"], worker)
    assert (report.notebooks, report.trained, report.questions) == ((), (), ())
    assert {item.status for item in report.items if item.section == "training"} == {"skipped"}
    assert result.as_dict(report)["questions"] == []
    assert (report.score.earned, report.score.possible, report.score.pending) == (64, 64, 0)


def test_images_that_cannot_be_read_are_our_fault_and_cost_nothing(
    assignments: dict[str, Assignment], worker: Worker, images: Images, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    broken = replace(assignments["cs231n-a2"], images=Images(PROFILE, "a seed", tmp_path))
    books = (Notebook(NAMES[0], "executed", trainings=(training(images, 3),)),)
    report = grade_one(handed_in.reference(), broken, worker, books)
    items = [item for item in report.items if item.section == "training"]
    assert {item.status for item in items} == {"grader_fault"}
    assert "images: could not be made" in items[0].faults[0].message
    assert (report.score.earned, report.score.possible) == (64, 80)
