"""Nothing hidden is in anything that a student reads of a grading, whatever was handed in.

Every submission of the tests is graded; its report, result.json, terminal lines and exports are
looked through by the scan that student.zip has to pass. That the page for staff does not pass it
shows that the scan would find something.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader import resources, staff
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.golden.misconceptions import Misconceptions
from grader.grading.assignment import Assignment
from grader.release import secret_scan
from grader.report import by_people, html, page, result
from grader.submission.intake import read_submission
from grader.types import Report, Submission
from tests.support import handed_in, hostile, snapshot

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = sorted(path.stem for path in hostile.HOSTILE.glob("*.py"))
# A submission that says all that it is given, wherever words of it are shown.
TELLS = {
    "prints": "print(x.tolist())\n    return np.maximum(0, x) + 1, x",
    "raises": "raise ValueError(f'{x.ravel()!r} {x.sum()!r}')",
    "asserts": "assert False, x.tolist()",
    "warns": "import warnings\n    warnings.warn(repr(x.tolist()))\n    return x, x",
    "names an attribute": "return getattr(x, 'v' + '_'.join(map(repr, x.ravel())))",
    "names a key": "return {}[tuple(x.ravel())]",
    "raises a type": "raise type('E' + x.tobytes().hex(), (Exception,), {})()",
    "returns it as a shape": "return np.zeros(abs(int(x.ravel()[0] * 2048)) + 1), x",
    "returns a hint of it": "return np.maximum(0, x) + x.ravel()[-1], x",
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@functools.cache
def secrets_of(rubric: str) -> secret_scan.Secrets:
    """Return what is hidden of a rubric, but the solution: lines of it are the student's own.

    What mistakes give in hidden cases is no part of it here, for it is what a student's code gave.
    """
    every = resources.assignment(rubric)
    return secret_scan.secrets([every.rubric], every.golden, Misconceptions.none(), {})


def everything(report: Report, folder: Path) -> dict[str, str]:
    """Return all texts that a student gets to read of a report, by name."""
    since = ("Fixed since last time: Adam (0 → 4).",)
    report = replace(report, changes=since, why_rubric="Graded as course years 2018-2020.")
    found = dict(snapshot.texts(report, folder))
    first = report.items[0]
    given = [by_people.Given(first.id, first.title, 0.5, first.possible, "Well.", (("a", 0.5),))]
    told = dict(result.as_dict(report))
    by_people.in_result(told, given)
    shown = by_people.in_page(page.make(report, ""), given, told)
    found["by people.html"] = html.finished(shown)
    found["by people.json"] = json.dumps(told)
    return found | html.render_notebooks(report, report.notebooks)


def leaks(texts: Mapping[str, str], assignment: Assignment) -> list[str]:
    known = secrets_of(assignment.rubric.table.id)
    return [
        f"{leak.place} gives away {leak.what}"
        for name, text in texts.items()
        for leak in known.leaks(name, text.encode("utf-8", "replace"))
    ]


def made(name: str) -> tuple[Submission, str]:
    """Return a submission of the tests by its name, and its rubric."""
    if name == "demo":
        demo = read_submission(ROOT / "demo" / "submission", given=resources.given_files())
        return demo, resources.DEFAULT_RUBRIC
    if name in ("template", "unwritten"):
        return getattr(handed_in, name)(), resources.DEFAULT_RUBRIC
    if " " in name:
        style, _, rubric = name.partition(" ")
        return handed_in.accepted_submission(style), rubric
    planted = handed_in.mistake(handed_in.mistakes()[name])
    return planted.submission, planted.rubric


EVERY = [
    "demo", "template", "unwritten", *(" ".join(one) for one in handed_in.accepted()),
    *handed_in.mistakes(),
]  # fmt: skip


@pytest.mark.long_trial(0.015)
@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_about_a_submission_gives_nothing_hidden_away(
    name: str, assignments: dict[str, Assignment], worker: Worker, tmp_path: Path
) -> None:
    submission, rubric = made(name)
    assignment = assignments.get(rubric) or resources.assignment(rubric)
    report = grade_one(submission, assignment, worker)
    assert leaks(everything(report, tmp_path), assignment) == []


@pytest.mark.long_trial(0.012)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_written_about_a_hostile_one_gives_nothing_hidden_away(
    name: str, assignments: dict[str, Assignment], worker: Worker, tmp_path: Path
) -> None:
    one = hostile.attack(hostile.HOSTILE / f"{name}.py")
    assignment = hostile.hurried(assignments["cs231n-a2"])
    report = grade_one(one.submission, assignment, worker)
    assert leaks(everything(report, tmp_path), assignment) == []


@pytest.mark.parametrize("how", TELLS)
def test_a_submission_that_says_all_that_it_is_given_says_nothing_of_a_hidden_case(
    how: str, assignments: dict[str, Assignment], worker: Worker, tmp_path: Path
) -> None:
    assignment = assignments["cs231n-a2"].only("relu_forward")
    report = grade_one(
        hostile.of_code("tells", f"def relu_forward(x):\n    {TELLS[how]}\n"), assignment, worker
    )
    assert [fault for item in report.items for fault in item.faults if not fault.public]
    texts = everything(report, tmp_path)
    assert leaks(texts, assignment) == []
    page = {"staff.html": staff.render(report, assignment)}
    assert leaks(page, assignment), "the page for staff shows hidden inputs"
    assert "FOR STAFF" in page["staff.html"]
    assert not [name for name, text in texts.items() if "for staff" in text.casefold()]
