"""Notebooks whose trainings are repeated, from the box to the points: honest, and forged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader import resources
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.engine import grade_one, job_of
from grader.grading.assignment import Assignment
from grader.grading.training.images import Images
from grader.notebooks import execute
from grader.notebooks.spool import Spool
from grader.rubric.records import ImageProfile, NotebookLimits
from grader.types import Report
from tests.support import handed_in
from tests.support.assignments import asking

PROFILE = ImageProfile(training=300, validation=200, test=10, hidden=250)
LIMITS = NotebookLimits(cell_s=120.0, notebook_s=240.0, memory_mb=2048)
NAME, ITEM = "FullyConnectedNets.ipynb", "overfit_three_layer"
BEGIN = """
import numpy as np
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.data_utils import get_CIFAR10_data
from cs231n.solver import Solver
data = get_CIFAR10_data(num_training=300, num_validation=200, num_test=10)
few = {**data, "X_train": data["X_train"][:50], "y_train": data["y_train"][:50]}
def train(rate=1e-3, epochs=20):
    np.random.seed(1)
    net = FullyConnectedNet([50, 50], weight_scale=2e-2, dtype=np.float64)
    solver = Solver(net, few, update_rule="sgd_momentum", optim_config={"learning_rate": rate},
                    batch_size=25, num_epochs=epochs, verbose=False)
    solver.train()
    return solver
"""
# Whatever a child can find in its process: the log by which runs are told, and what hashes states.
FIND = """
import gc, sys
state = sys.modules["grader.guest.training_state"]
kernel = next(o for o in gc.get_objects() if type(o).__name__ == "Kernel" and hasattr(o, "ask"))
log = sys.modules["grader.guest.training_log"]
def ridge(net):
    x, y = few["X_train"].reshape(50, -1), few["y_train"]
    for i in (1, 2):
        x = np.maximum(0, x @ net.params[f"W{i}"] + net.params[f"b{i}"])
    net.params["W3"] = np.linalg.lstsq(x, np.eye(10)[y] - 0.1, rcond=None)[0]
"""
FORGED = {
    "the learned parameters are replaced in the last epoch": (
        "look = Solver._look\n"
        "def jumps(solver):\n"
        "    if solver.epoch == 20: ridge(solver.model)\n"
        "    look(solver)\n"
        "Solver._look = jumps\n"
        "train(1e-5)"
    ),
    "the first net is the solution": (
        "init = FullyConnectedNet.__init__\n"
        "def solved(net, *args, **options):\n"
        "    init(net, *args, **options); ridge(net)\n"
        "FullyConnectedNet.__init__ = solved\n"
        "train(1e-9)"
    ),
    "a log without a training": (
        "solver = train(1e-5)\nridge(solver.model)\n"
        "record = solver._record()\n"
        "from dataclasses import replace\n"
        "record = replace(record, params=dict(solver.model.params),\n"
        "                 fitted_params=dict(solver.model.params))\n"
        "log._report_run(record, few['X_train'], {k: n for n, k in enumerate(log._keys(\n"
        "    data['X_train']))}, 7, kernel.answer)"
    ),
    "what is shown is chosen after it was asked for": (
        "kernel_ask = kernel.ask\n"
        "def asked(message, arrays):\n"
        "    reply = kernel_ask(message, arrays)\n"
        "    return {'asked': False} if message['commit']['step'] > 1 else reply\n"
        "for one in gc.get_objects():\n"
        "    if type(one).__name__ == 'cell' and one.cell_contents == kernel_ask:\n"
        "        one.cell_contents = asked\n"
        "train()"
    ),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Images(PROFILE, "a seed", resources.home() / "student_template" / "cs231n")
        made.count("training")
        yield made


def graded(assignment: Assignment, images: Images, box: str, *cells: str) -> Report:
    """Return the report on a notebook of these cells, beside the reference's code."""
    rows = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": [],
             "execution_count": None} for text in cells]  # fmt: skip
    book = json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    files = {**handed_in.reference().files, NAME: book.encode()}
    given = {f"cs231n/{name}": data for name, data in resources.given_files().items()}
    submission = handed_in.of_files("hw", {**files, **given})
    assignment = replace(asking(assignment, ITEM), images=images)
    plan, place = choose(box), images.for_the_box()  # type: ignore[arg-type]
    with Spool() as spool, execute.workspace(plan, *place) as roomy, Worker(plan) as worker:
        with Worker(roomy) as runner:
            job = job_of(submission, assignment)
            books = execute.execute(submission, [NAME], job, runner, LIMITS, spool)
        return grade_one(submission, assignment, worker, books)


HONEST = {
    "one call": "train()",
    "calls that go on": "solver = train(epochs=6)\nfor _ in range(2):\n    solver.train()",
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", HONEST)
@pytest.mark.parametrize("box", ["bubblewrap", "landlock"])
def test_an_honest_notebook_keeps_its_points(
    box: str, what: str, assignments: dict[str, Assignment], images: Images
) -> None:
    report = graded(assignments["cs231n-a2"], images, box, BEGIN, HONEST[what])
    (item,) = [item for item in report.items if item.id == ITEM]
    assert (item.earned, report.notebooks[0].status) == (2, "executed")
    assert [flag for flag in report.flags if flag.kind.startswith("training")] == []
    replay = report.measured["replay"]
    assert replay["verified"] == replay["runs"] - replay["doubted"] >= 1


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", FORGED)
def test_a_forged_notebook_earns_nothing(
    what: str, assignments: dict[str, Assignment], images: Images
) -> None:
    cells = (BEGIN, FIND, FORGED[what])
    report = graded(assignments["cs231n-a2"], images, "landlock", *cells)
    print([(c.outcome, c.text, c.raised) for c in report.notebooks[0].cells])
    (item,) = [item for item in report.items if item.id == ITEM]
    assert (item.earned, item.status) == (0, "pending"), item.faults
    assert any(flag.kind.startswith("training") for flag in report.flags)
