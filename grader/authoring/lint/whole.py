"""Whole submissions of a known score, graded as a student's is: in the box, with all that follows.

the reference            full marks on every code item, nothing said against it
the template             no point, every item not written
accepted/                full marks, no cause named
a usual mistake, planted exactly the parts that it names, and it is named as the cause
wrong/                   exactly the parts that FAILS names
lazy/                    the same, whatever they follow from; and the flags that FLAGS names
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.authoring.fixtures import misconceptions
from grader.authoring.fixtures.reference import of_package
from grader.authoring.lint import deserved, known_submissions, side_by_side
from grader.authoring.lint.checks import Defect, of_error
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.errors import BackgradeError, GoldenError, UsageError
from grader.grading.assignment import Assignment
from grader.release import shape, template
from grader.rubric.cases import Rubric
from grader.rubric.records import CourseConventions
from grader.types import Progress, Report, Submission

Expected = Callable[[Report], str]  # what is wrong about a report; nothing where all is right


@dataclass(frozen=True)
class KnownSubmission:
    """One submission: what kind it is, where it stands, against what, and what must come out."""

    kind: str
    place: str
    submission: Submission
    assignment: Assignment
    judge: Expected
    do: str


def submissions(
    home: Path, assignments: Sequence[Assignment]
) -> tuple[list[KnownSubmission], list[Defect]]:
    """Return all submissions to grade, and what cannot be laid out at all."""
    found: list[KnownSubmission] = []
    problems: list[Defect] = []
    for one in assignments:
        try:
            found += _own(home, one)
        except BackgradeError as error:
            problems.append(of_error(error))
    found += [*_usual(home, assignments, problems), *_handed_in(home, assignments, problems)]
    return found, problems


def run(
    tried: Sequence[KnownSubmission], progress: Progress = lambda what, i, n: None
) -> list[Defect]:
    """Grade every submission; return those that got something else than they should."""
    plan = choose()

    def work(numbers: Sequence[int], tell: side_by_side.Tell) -> None:
        with Worker(plan.at(numbers[0])) as worker:
            for number in numbers:
                trial = tried[number]
                report = grade_one(trial.submission, trial.assignment, worker)
                tell({"number": number, "says": trial.judge(report)})

    said: dict[int, str] = {}
    for step, one in enumerate(side_by_side.run(len(tried), work, "submissions"), start=1):
        progress("submissions", step, len(tried))
        said[one["number"]] = one["says"]
    wrong = [(tried[number], says) for number, says in sorted(said.items()) if says]
    return [Defect(one.place, says, one.do) for one, says in wrong]


def _own(home: Path, assignment: Assignment) -> Iterator[KnownSubmission]:
    """Yield the reference and the template as the rubric's course years have them."""
    table = assignment.rubric.table
    solved = shape.solved(home / "reference", table)
    blank = template.template_files(home / "reference", table)
    for kind, files, judge, do in (
        ("reference", solved, deserved.is_flawless, "mend the reference, or the case it fails"),
        ("template", blank, deserved.is_unwritten, "mend the reference, or the probe"),
    ):
        package = {path: text.encode() for path, text in files.items() if path.endswith(".py")}
        submission = known_submissions.of_files(kind, package)
        yield KnownSubmission(kind, f"{kind} for {table.id}", submission, assignment, judge, do)


def in_own_words(assignment: Assignment) -> Assignment:
    """Return an assignment whose words mean what they mean in the reference: p keeps a unit."""
    rubric = assignment.rubric
    table = replace(rubric.table, conventions=CourseConventions())
    return replace(assignment, rubric=Rubric(table, rubric.sha256, rubric.place))


def _usual(
    home: Path, assignments: Sequence[Assignment], problems: list[Defect]
) -> Iterator[KnownSubmission]:
    """Yield each usual mistake, planted in the reference.

    It is graded by the rubric that asks for most, of those that ask for its item.
    """
    right = of_package(home / "reference" / "cs231n")
    asks: dict[str, Assignment] = {}
    for assignment in sorted(assignments, key=lambda one: -len(one.rubric.table.items)):
        own = in_own_words(assignment)
        asks = {**dict.fromkeys((item.id for item in own.rubric.table.items), own), **asks}
    for one in misconceptions.read(home / "reference"):
        if one.item not in asks:
            continue
        most = asks[one.item]
        items = {item.id for item in most.rubric.table.items}
        try:
            files = misconceptions.applied(right, one.change)
        except GoldenError as error:
            problems.append(of_error(error))
            continue
        fails = {item: list(parts) for item, parts in one.fails.items() if item in items}
        submission = known_submissions.of_files(f"reference with {one.id.replace('/', ' ')}", files)
        yield KnownSubmission(
            "usual mistake", f"reference/misconceptions/{one.item}.toml: {one.id}", submission,
            most, functools.partial(deserved.costs, fails, one.id),
            "correct its `fails`, or add a case to the rubric",
        )  # fmt: skip


def _handed_in(
    home: Path, assignments: Sequence[Assignment], problems: list[Defect]
) -> Iterator[KnownSubmission]:
    """Yield what tests/submissions holds for these rubrics."""
    by_name = {one.rubric.table.id: one for one in assignments}
    for right in known_submissions.accepted(home):
        for name in set(right.rubrics) & set(by_name):
            yield KnownSubmission(
                "accepted", f"{right.path.parent.relative_to(home)} with {name}",
                right.submission, by_name[name],
                functools.partial(deserved.costs, right.costs, "") if right.costs
                else functools.partial(deserved.is_right, right.missing),
                "mend the case or judge that is too strict, or the submission",
            )  # fmt: skip
    for kind, paths in (
        ("wrong", list(known_submissions.wrong(home).values())),
        ("lazy", known_submissions.lazy(home)),
    ):
        for path in paths:
            try:
                one = known_submissions.wrong_submission(home, path)
            except UsageError as error:
                problems.append(of_error(error))
                continue
            if one.rubric in by_name:
                judge = functools.partial(deserved.costs, one.fails, "")
                if kind == "lazy":
                    judge = functools.partial(deserved.earns_what_it_did, one.fails, one.flags)
                yield KnownSubmission(
                    kind, str(path.relative_to(home)), one.submission, by_name[one.rubric], judge,
                    "correct its FAILS, or add a case to the rubric",
                )  # fmt: skip
