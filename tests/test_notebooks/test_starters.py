"""The notebooks of every course year run through in the box, with the reference laid over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader import resources
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.engine import job_of
from grader.grading.assignment import Assignment
from grader.notebooks import execute
from grader.notebooks.spool import Spool
from grader.release import shape
from grader.rubric import generation
from tests.support import handed_in, starter_notebooks, starters

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
# Images of the right shape, few of them: data_utils makes 7,000 in a second or two.
DATA = b"""
import numpy as np


def get_CIFAR10_data(num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True):
    rng, data = np.random.RandomState(0), {}
    for name, many in (("train", 50), ("val", 20), ("test", 20)):
        data["X_" + name] = rng.randn(many, 3, 32, 32)
        data["y_" + name] = np.arange(many) % 10
    return data
"""
LAID_OVER = ("as it is", "as its year has it")


def reference(how: str, assignment: Assignment) -> Mapping[str, bytes]:
    """Return the solved files of the package that are laid over those of a starter."""
    if how == "as it is":
        files = dict(handed_in.reference().files)
    else:
        solved = shape.solved(REFERENCE, assignment.rubric.table)
        files = {path: text.encode() for path, text in solved.items()}
    own = ("layers.py", "layer_utils.py", "optim.py", "classifiers/fc_net.py")
    return {path: files[path] for path in (f"cs231n/{name}" for name in own)}


@pytest.mark.long_trial(0.05)
@pytest.mark.parametrize("how", LAID_OVER)
@pytest.mark.parametrize("year", starter_notebooks.YEARS)
def test_a_year_s_notebooks_run_to_their_end(
    year: int, how: str, assignments: dict[str, Assignment]
) -> None:
    rubric = starters.YEARS.get(year, "cs231n-a2-2021")
    assignment = assignments[rubric]
    given = {f"cs231n/{name}": data for name, data in resources.given_files().items()}
    files = starter_notebooks.handed_in(year, reference(how, assignment)) | given
    files["cs231n/data_utils.py"] = DATA
    names = [name for name in files if name.endswith(".ipynb")]
    submission = handed_in.of_files("hw", files)
    assert assignment.images is not None
    with (
        execute.workspace(choose(), *assignment.images.for_the_box()) as plan,
        Worker(plan) as worker,
        Spool() as spool,
    ):
        limits, job = assignment.rubric.table.notebooks, job_of(submission, assignment)
        books = execute.execute(submission, names, job, worker, limits, spool)
    for book in books:
        wrong = [(c.number, c.outcome, c.why, c.raised) for c in book.cells if c.outcome != "ran"]
        mounts = [one for one in wrong if one[1] == "skipped" and "another machine" in one[2]]
        assert wrong == mounts and len(mounts) == (year >= 2020), (book.name, wrong)
        assert (book.status, book.message) == ("executed", "")
        said = "".join(cell.text for cell in book.cells)
        assert "error: " in said and "nan" not in said
        assert book.trainings and all(run.rows is not None for run in book.trainings)
        assert any(cell.images for cell in book.cells)


@pytest.mark.parametrize("year", starters.YEARS)
def test_a_year_s_notebooks_have_its_cells_and_its_marks(year: int) -> None:
    files = {**starters.files(year), **starter_notebooks.notebooks(year)}
    assert generation.recognise(files, "cs231n").rubric == starters.YEARS[year]
    books = {n: json.loads(d) for n, d in files.items() if n.endswith(".ipynb")}
    assert len(books) == (3 if year < 2025 else 2)
    code = "\n".join(
        "".join(cell["source"])
        for book in books.values() for cell in book["cells"] if cell["cell_type"] == "code"
    )  # fmt: skip
    has = {
        "xrange(": year == 2016, "print 'x": False, "use_batchnorm=": year < 2018,
        "normalization='layernorm'": False, "layernorm_forward(": year >= 2018,
        "dropout_keep_ratio=": year >= 2021, "google.colab": year >= 2020,
        "TwoLayerNet(": year < 2021, "time.clock()": year == 2016, "'imp'": year >= 2026,
        "from cs231n.classifiers.fc_net import *": True, "%load_ext autoreload": True,
    }  # fmt: skip
    assert {text: text in code for text in has} == has
