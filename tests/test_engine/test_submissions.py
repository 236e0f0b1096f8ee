"""Whole submissions get the score they deserve, part by part.

That every accepted submission, every usual mistake, every wrong/ submission and the template do is
asked by `grade lint`, which tests/test_authoring/test_lint.py runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.authoring.fixtures.misconceptions import Misconception
from grader.authoring.lint import known_submissions
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import ItemResult, Report
from tests.support import handed_in

RUBRICS = ("cs231n-a2", "cs231n-a2-2016", "cs231n-a2-2017")
MISTAKES = handed_in.mistakes()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def code(report: Report) -> dict[str, ItemResult]:
    return {item.id: item for item in report.items if item.parts}


def lost(report: Report) -> dict[str, list[str]]:
    """Return item -> parts whose points were lost, but for what is explained by another item."""
    return {
        item.id: [part.id for part in item.parts if part.earned < part.possible]
        for item in code(report).values()
        if item.earned < item.possible and item.because_of is None
    }


def test_the_reference_gets_full_marks(assignments: dict[str, Assignment], worker: Worker) -> None:
    report = grade_one(handed_in.reference(), assignments["cs231n-a2"], worker)
    assert lost(report) == {}
    assert report.score.earned == report.score.possible == 64.0
    assert [
        fault.message for item in report.items for fault in (*item.faults, *item.warnings)
    ] == []


def test_every_code_item_is_failed_by_at_least_two_mistakes(
    assignments: dict[str, Assignment],
) -> None:
    counts = {case.item: 0 for one in assignments.values() for case in one.rubric.cases}
    for what in MISTAKES.values():
        fails = (
            what
            if isinstance(what, Misconception)
            else known_submissions.wrong_submission(handed_in.ROOT, what)
        )
        for item in fails.fails:
            counts[item] += 1
    assert {item: n for item, n in counts.items() if n < 2} == {}
    assert len(MISTAKES) >= 60


LATER = ("softmax_loss",)  # asked for by later generations only
USUAL = {name: one for name, one in handed_in.usual_mistakes().items() if one.item not in LATER}


@pytest.mark.long_trial(0.03)
@pytest.mark.parametrize("name", USUAL)
def test_no_usual_mistake_costs_a_point_where_it_was_not_made(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    submission = handed_in.mistake(USUAL[name]).submission
    items = code(grade_one(submission, assignments["cs231n-a2"], worker))
    lost = {one.id: one.faults for one in items.values() if one.earned < one.possible}
    assert lost
    assert {item: faults for item, faults in lost.items() if item not in USUAL[name].fails} == {}


def test_the_stubs_of_a_course_year_get_no_point_though_they_raise_nothing(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    report = grade_one(handed_in.unwritten(), assignments["cs231n-a2"], worker)
    assert report.score.earned == 0
    open_items = {item.id: item.status for item in code(report).values() if not item.because_of}
    assert set(open_items.values()) == {"not_written"}


def test_a_net_of_which_only_the_constructor_is_written_says_what_is_not(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = dict(handed_in.reference().files)
    path = "cs231n/classifiers/fc_net.py"
    stub = handed_in.unwritten().files[path].decode().split("class FullyConnectedNet")[1]
    loss = "class FullyConnectedNet:\n    def loss" + stub.split("def loss")[1]
    report = grade_one(
        handed_in.of_files("begun", handed_in.planted(files, loss)),
        assignments["cs231n-a2"],
        worker,
    )
    net = code(report)["FullyConnectedNet"]
    assert [part.id for part in net.parts if part.earned] == ["init"]
    says = {fault.message for fault in net.faults}
    assert says == {"this part of FullyConnectedNet is not written yet"}


def test_whole_numbers_divide_as_in_python_2_where_the_files_are_written_for_it(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    given = handed_in.accepted_submission("year2016")
    path = f"{given.package}/layers.py"
    old = given.files[path].decode()
    text = old.replace("np.reshape(x, (N, -1))", "np.reshape(x, (N, np.prod(x.shape) / N))")
    assert text.count("/ N))") == 2
    files = {**given.files, path: text.encode()}
    report = grade_one(
        handed_in.of_files("old", files, given.package), assignments["cs231n-a2-2016"], worker
    )
    assert lost(report) == {} and report.score.earned == report.score.possible
    assert "whole numbers were divided as in Python 2" in report.submission.repaired


def test_a_judge_that_breaks_costs_the_student_nothing_and_stops_nothing(
    assignments: dict[str, Assignment], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.judges.nets._gaussian", breaks)
    fresh = replace(assignments["cs231n-a2"])  # no answer is known to be right from before
    report = grade_one(handed_in.reference(), fresh, worker)
    broken = {item.id for item in report.items if item.status == "grader_fault"}
    assert broken == {
        "TwoLayerNet", "FullyConnectedNet", "FullyConnectedNet.batchnorm",
        "FullyConnectedNet.layernorm",
    }  # fmt: skip
    assert report.score.earned == report.score.possible == 64.0 - 6.0 - 8.0 - 4.0 - 2.0


def test_a_second_mistake_never_raises_the_share_of_points(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    """What a broken net makes impossible to judge may not leave the total."""
    files = dict(handed_in.reference().files)
    without_norms = "\n".join(
        (
            "class FullyConnectedNet:",
            "    def loss(self, X, y=None):",
            "        self.normalization, self.use_dropout = None, False",
            "        return self.kept_loss(X, y)",
        )
    )
    path = "cs231n/classifiers/fc_net.py"
    text = files[path].decode()
    head, _, tail = text.rpartition("    def loss(self, X, y=None):")
    body = without_norms.split("\n", 1)[1]
    lazy = f"{head}{body}\n\n    def kept_loss(self, X, y=None):{tail}".encode()
    scores = []
    for code in (lazy, lazy.replace(b"0.5 * self.reg", b"0.7 * self.reg")):
        submission = handed_in.of_files("lazy", {**files, path: code})
        score = grade_one(submission, assignments["cs231n-a2"], worker).score
        scores.append(score.earned / score.possible)
    assert scores[1] < scores[0] < 1
