"""The three notebooks, graded as a submission's are: the solved ones earn every item, on the data
they ship with; the unsolved ones earn none and say what is missing; and their checks notice
mistakes."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.authoring.fixtures.curves import solved
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.engine import grade_one, job_of
from grader.grading.assignment import Assignment
from grader.grading.training.images import Images
from grader.notebooks import execute, percent
from grader.notebooks.run_cache import RunCache
from grader.notebooks.spool import Spool
from grader.report import result
from grader.types import ItemResult, Notebook, Report, Submission, Trained
from tests.support import handed_in, short_run
from tests.support.assignments import asking
from tests.support.short_run import Part

pytestmark = pytest.mark.together  # the solved notebooks are executed for all tests here
ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ("FullyConnectedNets", "BatchNormalization", "Dropout")
SHORT = ("Dropout",)  # is solved in the short run; the others train for two minutes
FEWER = (b"num_epochs=25", b"num_epochs=8")  # of Dropout, which learns as much as it is to
UNSOLVED = ("FullyConnectedNets",)  # is executed as handed out in the short run
LONG = pytest.mark.long_trial(0)
CHECKED = re.compile(r"(?:error|entry) (\S+) \(should be below (\S+)\)")

# Runs code cells one after the other, each whatever became of those before it. Prints what they
# said as one line of JSON.
RUNNER = """
import contextlib, io, json, sys
asked = json.load(sys.stdin)
sys.path.insert(0, asked["folder"])
cells, names = [], {"__name__": "__main__"}
for number, source in enumerate(asked["cells"]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, f"cell {number}", "exec"), names)
    cells.append(said.getvalue())
print(json.dumps(cells))
"""
# Behind the setup cell: says which plots were shown, and which of them lack something.
WATCH = """
def show():
    for axes in (axes for number in plt.get_fignums() for axes in plt.figure(number).axes):
        named = axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
        whole = named and (axes.get_legend() or not axes.lines)
        print("shown" if whole else "bare axes:", repr(axes.get_title()))
    right_show()

right_show, plt.show = plt.show, show
"""


def executed(cells: list[str], cache: Path) -> list[str]:
    """Run code cells beside the reference; see RUNNER."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cache),
        "XDG_CACHE_HOME": str(cache),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", RUNNER],
        input=json.dumps({"folder": str(ROOT / "reference"), "cells": cells}),
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def solved_cells(name: str) -> list[str]:
    script = (ROOT / "reference" / f"{name}.py").read_text(encoding="utf-8")
    return [cell.source for cell in percent.parse(script, name) if cell.kind == "code"]


def misses(said: Iterable[str]) -> list[str]:
    """Return the checks that printed an error which is not as small as it should be."""
    lines = "".join(said).splitlines()
    found = [(line, CHECKED.search(line)) for line in lines]
    return [line for line, m in found if m and not float(m.group(1)) < float(m.group(2))]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for the made-up images, apart from the user's."""
    return tmp_path_factory.getbasetemp() / "cache"


@dataclass(frozen=True)
class Graded:
    """A submission that was graded, notebooks and all; its items and notebooks by name."""

    report: Report
    items: dict[str, ItemResult]
    books: dict[str, Notebook]

    def runs(self, name: str) -> list[Trained]:
        """Return what the runs of one notebook came to."""
        return [run for run in self.report.trained if run.notebook == f"{name}.ipynb"]


def graded(
    submission: Submission,
    assignment: Assignment,
    spool: Spool,
    runs: RunCache | None = None,
    only: Sequence[str] = NOTEBOOKS,
) -> Graded:
    """Grade as the command line does, in the box that this machine gives."""
    plan = choose()
    names = [f"{name}.ipynb" for name in only]
    assert assignment.images is not None
    job, limits = job_of(submission, assignment), assignment.rubric.table.notebooks
    with (
        execute.workspace(plan, *assignment.images.for_the_box()) as at_desk,
        Worker(at_desk) as one,
        Worker(plan) as other,
    ):
        books = execute.execute(submission, names, job, one, limits, spool, cache=runs)
        report = grade_one(submission, assignment, other, books)
    return Graded(
        report, {item.id: item for item in report.items}, {book.name: book for book in books}
    )


@pytest.fixture(scope="module")
def spool() -> Iterator[Spool]:
    with Spool() as one:
        yield one


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> RunCache:
    return RunCache(tmp_path_factory.mktemp("kept") / "notebooks", ())


def solved_submission(every: bool) -> Submission:
    """Return the solved notebooks, watched; unless all are run with fewer epochs: FEWER."""
    submission = solved(ROOT / "reference")
    assert submission.files["Dropout.ipynb"].count(FEWER[0]) == 1
    watched = {
        name: json.dumps(_watched(json.loads(data if every else data.replace(*FEWER)))).encode()
        for name, data in submission.files.items()
        if name.endswith(".ipynb")
    }
    return replace(submission, files={**submission.files, **watched})


def _watched(notebook: dict[str, Any]) -> dict[str, Any]:
    setup = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    setup["source"] = [*setup["source"], WATCH]
    return notebook


@pytest.fixture(scope="module")
def whole(
    assignments: dict[str, Assignment], spool: Spool, runs: RunCache,
    pytestconfig: pytest.Config,
) -> Graded:  # fmt: skip
    """The solved notebooks, graded once for all tests; in the short run only one is executed."""
    every = short_run.takes_all(pytestconfig)
    only = NOTEBOOKS if every else SHORT
    return graded(solved_submission(every), assignments["cs231n-a2"], spool, runs, only)


# ------------------------------------------------------------------------------------- solved


def test_the_solved_notebooks_earn_every_item(whole: Graded) -> None:
    items = [i for i in whole.report.items if i.section == "training" and i.where in whole.books]
    earned = {i.id: (i.status, i.earned) for i in items}
    assert earned == {i.id: ("passed", i.possible + (i.id == "best_model")) for i in items}
    assert earned


@LONG
def test_the_solved_submission_earns_every_point_and_raises_no_flag(whole: Graded) -> None:
    assert len([i for i in whole.report.items if i.section == "training"]) == 10
    assert whole.report.flags == ()
    assert whole.report.score.earned == whole.report.score.possible == 84
    assert whole.report.score.bonus == 1


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        pytest.param(name, checks, marks=[] if name in SHORT else [LONG])
        for name, checks in zip(NOTEBOOKS, (36, 55, 23), strict=True)
    ],
)
def test_a_solved_notebook_runs_without_an_error_and_its_checks_are_good(
    name: str, checks: int, whole: Graded
) -> None:
    book = whole.books[f"{name}.ipynb"]
    assert (book.status, book.message, book.repaired) == ("executed", "", ())
    assert {cell.outcome for cell in book.cells} == {"ran"}
    said = [cell.text for cell in book.cells]
    assert len(CHECKED.findall("".join(said))) == checks
    assert misses(said) == []
    assert "shown '" in "".join(said) and "bare axes" not in "".join(said)
    assert sum(len(cell.images) for cell in book.cells) >= 1
    fine = {
        "", "its parameters are not all finite: the training ran away",  # the largest scales
        # The net without normalization stands beside both series of batch sizes.
        "it has the very parameters of the run in BatchNormalization.ipynb, code cell 16, In [16], "
        "which counts once",
    }  # fmt: skip
    assert {run.message for run in whole.runs(name)} <= fine
    assert all(run.training.rows is not None for run in whole.runs(name))


def test_the_solved_notebooks_are_quick(whole: Graded) -> None:
    """Half a minute on a machine of 2020; the limit is there for a change that makes it hours."""
    assert sum(cell.wall_s for book in whole.books.values() for cell in book.cells) < 300


def best(run: Trained) -> float:
    return float(max(run.training.train_acc_history))


@LONG
def test_the_solved_fully_connected_notebook_reaches_every_goal(whole: Graded) -> None:
    two, three, five, *rules, winner = whole.runs("FullyConnectedNets")
    assert (two.training.layer_sizes, two.training.num_train) == ((3072, 100, 10), 5000)
    assert (two.val_accuracy or 0) >= 0.5
    for run, layers in ((three, 3), (five, 5)):
        assert (len(run.training.layer_sizes), run.training.num_train) == (layers + 1, 50)
        assert run.training.num_epochs <= 20 and run.train_accuracy == 1
    assert three.training.train_sha256 == five.training.train_sha256 != two.training.train_sha256
    ends = {run.training.update_rule: run.training.train_acc_history[-1] for run in rules}
    assert list(ends) == ["sgd", "sgd_momentum", "rmsprop", "adam"]
    assert min(list(ends.values())[1:]) > ends["sgd"] + 0.1
    assert winner.training.num_train == 5000 and (winner.val_accuracy or 0) >= 0.55


@LONG
def test_the_solved_batch_normalization_notebook_shows_what_it_says(whole: Graded) -> None:
    with_norm, without, *runs = whole.runs("BatchNormalization")
    normal = [run.training.normalization for run in (with_norm, without)]
    assert normal == ["batchnorm", None]
    after_5 = [run.training.train_acc_history[5] for run in (with_norm, without)]
    assert after_5[0] > after_5[1] + 0.1
    scales, sizes = runs[:18], runs[18:]
    assert [run.training.normalization for run in scales] == 9 * ["batchnorm", None]
    firsts = [run.training.initial_weight_std[0] for run in scales[::2]]
    assert firsts == pytest.approx([10 ** (k / 2 - 4) for k in range(9)], rel=0.05)
    learnt = {what: [best(run) > 0.25 for run in scales[i::2]]
              for i, what in enumerate(("batchnorm", "none"))}  # fmt: skip
    assert sum(learnt["batchnorm"]) == 9 and sum(learnt["none"]) <= 5
    assert [(run.training.normalization, run.training.batch_size) for run in sizes] == [
        (None, 50), ("batchnorm", 5), ("batchnorm", 10), ("batchnorm", 50),
        (None, 50), ("layernorm", 5), ("layernorm", 10), ("layernorm", 50),
    ]  # fmt: skip
    _, small, _, large, _, layer_small, _, _ = map(best, sizes)
    assert large > small + 0.2 and layer_small > small + 0.1


def test_the_solved_dropout_notebook_shows_what_it_says(whole: Graded) -> None:
    without, dropped = whole.runs("Dropout")
    ratios = [run.training.dropout_keep_ratio for run in (without, dropped)]
    assert ratios == [None, 0.25]
    assert without.training.num_train == dropped.training.num_train == 500
    assert (dropped.val_accuracy or 0) > (without.val_accuracy or 1)
    assert dropped.training.train_acc_history[5] < without.training.train_acc_history[5]


def test_graded_again_without_running_again_the_result_is_the_same(
    whole: Graded, assignments: dict[str, Assignment], runs: RunCache, pytestconfig: pytest.Config
) -> None:
    """The short run repeats no training again: it compares what its judges are given."""
    every = short_run.takes_all(pytestconfig)
    assignment = assignments["cs231n-a2"]
    asked = assignment if every else asking(assignment, "dropout_backward", "Dropout/1")
    with Spool() as spool:
        only = [name.removesuffix(".ipynb") for name in whole.books]
        again = graded(solved_submission(every), asked, spool, runs, only)
        for name, book in again.books.items():
            assert_same_run(book, whole.books[name])
    assert all(book.reused for book in again.books.values())
    assert set(again.report.measured["reused"]) == set(whole.books)
    assert "reused" not in whole.report.measured
    first, second = (dict(result.as_dict(g.report)) for g in (whole, again))
    if every:
        assert {**first, "measured": 0} == {**second, "measured": 0}
    else:
        assert of_books(second) == of_books(first)
        assert len(second["items"]) > 1
        assert [item for item in first["items"] if item in second["items"]] == second["items"]


def of_books(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what result.json holds of notebooks, apart from how their runs were judged."""
    return [{**book, "runs": len(book.get("runs", ()))} for book in found["notebooks"]]


def assert_same_run(book: Notebook, other: Notebook) -> None:
    assert (book.cells, book.markdown) == (other.cells, other.markdown)
    assert len(book.trainings) == len(other.trainings) > 0
    for one, two in zip(book.trainings, other.trainings):
        for field in fields(one):
            found, wanted = getattr(one, field.name), getattr(two, field.name)
            if isinstance(found, (np.ndarray, int, float, str, bool)):
                assert np.array_equal(found, wanted), field.name


def test_every_run_that_counts_stands_beside_its_own_band(whole: Graded) -> None:
    """The bands were made from these very notebooks, with this seed among others."""
    for run in whole.report.trained:
        assert (run.band is not None) == bool(run.items)
        if run.band is not None:
            epochs = run.training.num_epochs
            assert run.band.epochs == epochs or run.band.epochs == 25 and epochs == 8
            for edges, history in (
                (run.band.train, run.training.train_acc_history),
                (run.band.val, run.training.val_acc_history),
            ):
                low, high = np.asarray(edges)[:, : epochs + 1]
                inside = (low - 0.02 <= history) & (history <= high + 0.02)
                assert inside.mean() > 0.7, (run.items, low, history, high)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_imports_numpy_matplotlib_and_what_is_handed_out_only(name: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse("\n".join(solved_cells(name)))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= {"numpy", "matplotlib", "cs231n", "time", "selfcheck"}


@pytest.fixture(scope="module")
def real(assignments: dict[str, Assignment], spool: Spool) -> Graded:
    """The longest of the solved notebooks, on real CIFAR-10; skipped where there is none."""
    place = Path(os.environ.get("BACKGRADE_CIFAR10", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"NO REAL CIFAR-10 at {place}: set BACKGRADE_CIFAR10 to run this test")
    images = Images(
        assignments["cs231n-a2"].rubric.table.data.cifar10,
        "a seed", ROOT / "student_template" / "cs231n", place,
    )  # fmt: skip
    assignment = replace(assignments["cs231n-a2"], images=images)
    return graded(solved_submission(every=True), assignment, spool, only=NOTEBOOKS[:1])


@LONG
def test_on_real_images_the_same_code_earns_the_same_items(real: Graded) -> None:
    book = real.books["FullyConnectedNets.ipynb"]
    assert (book.status, book.repaired) == ("executed", ())
    mine = [i for i in real.report.items if i.section == "training" and i.where == book.name]
    assert {item.id: (item.status, item.earned >= item.possible) for item in mine} == {
        item.id: ("passed", True) for item in mine
    }
    assert len(mine) == 5
    assert all(run.training.rows is not None for run in real.report.trained)
    # Real images are harder: this would not be enough without the profile's scale.
    assert max(run.val_accuracy or 0 for run in real.report.trained) < 0.5


# ----------------------------------------------------------------------------------- unsolved


@pytest.fixture(scope="module")
def untouched(
    assignments: dict[str, Assignment], spool: Spool, pytestconfig: pytest.Config
) -> Graded:
    """The notebooks as they are handed out; in the short run one of them."""
    files = dict(handed_in.template().files)
    for path in sorted((ROOT / "student_template").glob("*.ipynb")):
        files[path.name] = path.read_bytes()
    submission = handed_in.of_files("untouched", files)
    only = NOTEBOOKS if short_run.takes_all(pytestconfig) else UNSOLVED
    return graded(submission, assignments["cs231n-a2"], spool, only=only)


def test_the_unsolved_notebooks_earn_nothing_and_name_what_is_not_written(
    untouched: Graded,
) -> None:
    every = (item for item in untouched.report.items if item.section == "training")
    items = [item for item in every if item.where in untouched.books]
    assert items
    assert {(item.status, item.earned) for item in items} == {("error", 0.0)}
    for item in items:
        assert untouched.items[item.because_of or ""].status == "not_written"
        for fault in item.faults:  # the function is what to mend, not the cell that called it
            assert fault.raised and fault.raised.type == "NotImplementedError"
            assert fault.message.startswith(f"{item.where}, code cell ")
            assert fault.message.endswith("No run that counts came after it")
    assert untouched.report.trained == () and untouched.report.score.earned == 0


@pytest.mark.parametrize(
    ("name", "least"),
    [
        pytest.param(name, least, id=name, marks=[] if name in UNSOLVED else [LONG])
        for name, least in zip(NOTEBOOKS, (14, 12, 4), strict=True)
    ],
)
def test_an_unsolved_notebook_says_in_every_cell_what_is_not_written(
    name: str, least: int, untouched: Graded
) -> None:
    book = untouched.books[f"{name}.ipynb"]
    assert book.status == "error"
    stopped = [cell for cell in book.cells if cell.outcome != "ran"]
    assert len(stopped) >= least
    for cell in stopped:
        assert cell.raised is not None and cell.raised.type == "NotImplementedError"
        assert re.fullmatch(r"\w+: write this", cell.raised.message), cell
    assert all(question.status == "blank" for question in untouched.report.questions)


# ------------------------------------------------------------------------------------- checks

# Ways to be wrong by one percent, to be used after the setup cell.
OFF = """
def off(function, place):
    def wrong(*args, **more):
        result = list(function(*args, **more))
        result[place] = result[place] * 1.01
        return tuple(result)
    return wrong

def off_net(net, name):
    class Wrong(net):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            if y is None:
                return result * (1.01 if name == "scores" else 1)
            result[1].update({k: v * 1.01 for k, v in result[1].items() if k == name})
            return result
    return Wrong
"""
WRONG = {
    "FullyConnectedNets": (
        "affine_forward = off(affine_forward, 0)",
        "affine_backward = off(affine_backward, 0)",
        "affine_backward = off(affine_backward, 1)",
        "affine_backward = off(affine_backward, 2)",
        "relu_forward = off(relu_forward, 0)",
        "right = relu_backward; relu_backward = lambda dout, cache: 1.01 * right(dout, cache)",
        "TwoLayerNet = off_net(TwoLayerNet, 'scores')",
        "TwoLayerNet = off_net(TwoLayerNet, 'W1')",
        "TwoLayerNet = off_net(TwoLayerNet, 'b2')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'W2')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'b3')",
        "sgd_momentum = off(sgd_momentum, 0)",
        "rmsprop = off(rmsprop, 0)",
        "adam = off(adam, 0)",
    ),
    "BatchNormalization": (
        "batchnorm_forward = off(batchnorm_forward, 0)",
        "batchnorm_backward = off(batchnorm_backward, 0)",
        "batchnorm_backward = off(batchnorm_backward, 1)",
        "batchnorm_backward_alt = off(batchnorm_backward_alt, 0)",
        "batchnorm_backward_alt = off(batchnorm_backward_alt, 2)",
        "layernorm_forward = off(layernorm_forward, 0)",
        "layernorm_backward = off(layernorm_backward, 0)",
        "layernorm_backward = off(layernorm_backward, 1)",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'gamma1')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'beta2')",
    ),
    "Dropout": (
        "dropout_forward = off(dropout_forward, 0)",
        "right = dropout_backward; dropout_backward = lambda dout, c: 1.01 * right(dout, c)",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'W1')",
    ),
}


LONG_WORK = re.compile(r"get_CIFAR10_data\(|data\[|\btrain\(|solver|plot|settings\(")


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_result_that_is_wrong_by_a_percent_misses_a_check(
    name: str, cache: Path, part: Part[str]
) -> None:
    setup, *cells = solved_cells(name)
    checks = [cell for cell in cells if not LONG_WORK.search(cell)]
    wrong_ones = part(f"wrong by a percent, {name}", WRONG[name], 0.1)
    tries = ["", *wrong_ones]
    rounds = [source for wrong in tries for source in (f"{setup}\n{OFF}\n{wrong}", *checks)]
    done, size = executed(rounds, cache), 1 + len(checks)
    noticed = {
        wrong: bool(misses(done[i * size : (i + 1) * size])) for i, wrong in enumerate(tries)
    }
    assert noticed == {"": False, **dict.fromkeys(wrong_ones, True)}
