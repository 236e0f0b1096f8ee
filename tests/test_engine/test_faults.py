"""A fault of ours while a failure is looked into is logged, ends nothing, and costs no one a point.

Each case breaks one function of follow-through or diagnosis: what only explains is left out of the
report, and an item whose points hang on it is a grader_fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from grader.authoring.fixtures import misconceptions
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.errors import BoxError
from grader.grading.assignment import Assignment
from grader.types import Report, Submission
from tests.support import handed_in
from tests.support.assignments import asking

KNOWN = handed_in.usual_mistakes()
NETS = (
    "FullyConnectedNet", "FullyConnectedNet.batchnorm", "FullyConnectedNet.layernorm",
    "FullyConnectedNet.dropout",
)  # fmt: skip
NORMS = ("batchnorm_backward", "batchnorm_backward_alt")
OVER_LAYERS = ("TwoLayerNet", *NETS)
FAILED = (
    "affine_forward", "affine_backward", *OVER_LAYERS[:2], "batchnorm_forward", *NORMS,
    *OVER_LAYERS[2:],
)  # fmt: skip
PLANNED = (
    "affine_forward/bias-forgotten",
    "affine_backward/db-mean",
    "batchnorm_forward/over-features",
)
LOSS = "FullyConnectedNet.loss"
GRADIENT = "relu_backward(dout, caches"


class Broken(NamedTuple):
    """The function that breaks, what the log says was being done, and the items it decides."""

    function: str
    doing: str
    undecided: tuple[str, ...] = ()


BROKEN = (
    Broken("diagnosis.own_gradient.gradients", "comparing gradients"),
    Broken("diagnosis.own_gradient._agrees", "comparing gradients"),
    Broken("diagnosis.diagnose._by_answers", "explaining the item affine_forward"),
    Broken("diagnosis.trace.evidence", "running nets over the reference's layers"),
    Broken("diagnosis.diagnose.certain_causes", "running nets over the reference's layers"),
    Broken("diagnosis.trace.difference", "finding the line"),
    Broken("diagnosis.minimal_example.find", "finding minimal examples"),
    Broken("diagnosis.minimal_example._smallest", "showing the minimal example"),
    Broken(
        "grading.rerun.Session",
        "following up the item TwoLayerNet",
        ("affine_backward", *OVER_LAYERS[:2], *NORMS, *OVER_LAYERS[2:]),
    ),
    Broken(
        "grading.follow._own_cases",
        "following up the item affine_forward",
        (
            "affine_forward",
            "affine_backward",
            *OVER_LAYERS[:2],
            "batchnorm_forward",
            *NORMS,
            *OVER_LAYERS[2:],
        ),
    ),
    Broken("grading.follow._of_halves", "following up the item batchnorm_backward", NORMS),
    Broken("grading.follow._called", "following up the item TwoLayerNet", OVER_LAYERS),
    Broken("grading.follow._is_gradient", "following up the item batchnorm_backward", NORMS),
    Broken(
        "diagnosis.consequence._stopped_in",
        "following up the item affine_forward",
        ("affine_forward", "affine_backward", NETS[0], "batchnorm_forward", *NETS[1:]),
    ),
    Broken("diagnosis.folding._same", "following up the item FullyConnectedNet", NETS),
)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture(scope="module")
def submission() -> Submission:
    """Return one with a mistake in a layer, one in a normalization, and one that no list knows."""
    change: misconceptions.Change = {LOSS: ((GRADIENT, f"1.3 * {GRADIENT}"),)}
    for name in PLANNED:
        change = misconceptions.together(change, KNOWN[name].change)
    files = misconceptions.applied(dict(handed_in.reference().files), change)
    return handed_in.of_files("faulty", files)


@pytest.fixture(scope="module")
def unbroken(submission: Submission, assignments: dict[str, Assignment], worker: Worker) -> Report:
    return grade_one(submission, assignments["cs231n-a2"], worker)


def breaks(error: Exception) -> Callable[..., NoReturn]:
    def raises(*_: object, **__: object) -> NoReturn:
        raise error

    return raises


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("broken", BROKEN, ids=[one.function for one in BROKEN])
def test_a_fault_of_ours_is_logged_and_costs_nothing(
    broken: Broken,
    submission: Submission,
    unbroken: Report,
    assignments: dict[str, Assignment],
    worker: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BACKGRADE_DEBUG", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(f"grader.{broken.function}", breaks(IndexError("of ours")))
    report = grade_one(submission, assignments["cs231n-a2"], worker)
    logs = [file.read_text() for file in tmp_path.rglob("faults/*.txt")]
    assert any(broken.doing in log and "IndexError: of ours" in log for log in logs)
    faults = [item for item in report.items if item.status == "grader_fault"]
    assert [item.id for item in faults] == list(broken.undecided)
    for item in faults:
        assert "IndexError" in item.faults[0].message and "costs nothing" in item.faults[0].message
        assert item.smallest is None and item.cause is None and item.because_of is None
    for was, now in zip(unbroken.items, report.items, strict=True):
        assert now in faults or (was.status, was.earned) == (now.status, now.earned)


def test_a_fault_that_stops_the_command_is_no_explanation_left_out(
    submission: Submission,
    assignments: dict[str, Assignment],
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = asking(assignments["cs231n-a2"], "affine_backward", *NETS[:2])
    for function in ("diagnosis.trace.causes", "diagnosis.folding._same", "grading.rerun.Session"):
        with monkeypatch.context() as patch, pytest.raises(BoxError):
            patch.setattr(f"grader.{function}", breaks(BoxError("the box is gone")))
            grade_one(submission, some, worker)
