"""What is graded, away from any store: a task goes to whoever grades, a Done comes back.

The key of a result is the hash of all that it depends on. So work is done once, wherever: a task
that comes twice gives the same result under the same name.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

import grader
from grader import resources, whole
from grader.box.plan import Plan, choose
from grader.box.worker import Worker
from grader.course import archive, cutoff, plain
from grader.course.assembled import Known, kept, put_together
from grader.errors import BoxError, UnusableSubmission, log_fault
from grader.files import RESULT
from grader.grading.assignment import Assignment
from grader.notebooks.spool import Spool
from grader.report import page, refused
from grader.rubric import generation
from grader.submission.intake import read_submission
from grader.types import Report, Submission

STUDENT = "the student of this page"  # where a page has its student's name
UPLOAD = "the upload"  # what messages call the zip: two students may have handed in the same

PATIENCE = 2.0  # many are graded at once
Status = Literal["graded", "refused", "fault"]
Item = tuple[str, str, float, float, str, str]  # id, status, earned, possible, cause, because of


@dataclass(frozen=True)
class Task:
    """One upload to grade: its key, its hash, the bytes of its zip, and what is known of it."""

    key: str
    upload: str
    data: bytes
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the table keeps of a result.

    `items` are (id, status, earned, possible, cause, followed through); `cases` are for staff: (id,
    outcome, hash of the wrong numbers) of each case that was not right. `why` is the reason of what
    was refused or is our fault. Seconds are what this grading took.
    """

    upload: str
    policy: str
    status: Status
    why: str = ""
    earned: float = 0.0
    possible: float = 0.0
    pending: float = 0.0
    bonus: float = 0.0
    items: tuple[Item, ...] = ()
    cases: tuple[tuple[str, str, str], ...] = ()
    flags: tuple[tuple[str, str], ...] = ()
    other_rubric: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Done:
    """A task, graded: what the table keeps, and the zip of its files."""

    key: str
    outcome: Outcome
    data: bytes = b""


@dataclass(frozen=True)
class Policy:
    """What decides about verdicts besides upload, rubric and golden answers: as options have it.

    `only` are the items of a part of the rubric that is graded; none of them for the whole.
    """

    rubric: str
    data: str = "synthetic"
    notebooks: Literal["run", "skip"] = "run"
    box: str = "auto"
    cached: bool = True
    only: tuple[str, ...] = ()

    @cached_property
    def assignment(self) -> Assignment:
        """What is graded against. Raises RubricError, UsageError or GoldenError."""
        data = None if self.data == "synthetic" else Path(self.data)
        found = resources.assignment(self.rubric, data)
        return found.only(*self.only) if self.only else found

    @cached_property
    def sha256(self) -> str:
        """The hash of all that a result depends on, but for the upload."""
        found = self.assignment
        facts = [found.rubric.sha256, found.golden.sha256, *self.only]
        return hashlib.sha256(json.dumps([*facts, self._grader]).encode()).hexdigest()

    @cached_property
    def common(self) -> str:
        """The hash of what all items share: the grader, and the rubric but for its items."""
        table = self.assignment.rubric.table
        facts = repr((
            table.seed, table.follow_through, table.conventions, table.limits, table.notebooks,
            table.judging, table.data, table.believing, table.hint_level,
        ))  # fmt: skip
        return hashlib.sha256(json.dumps([facts, self._grader]).encode()).hexdigest()

    @cached_property
    def _grader(self) -> str:
        """The hash of our code, its libraries, images, and the files that go beside a student's."""
        found = self.assignment
        images = found.images.name if found.images and self.notebooks == "run" else ""
        facts = [
            grader.__version__, _code(), images, self.notebooks, np.__version__,
            sys.version_info[:2],
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(facts).encode())
        for files in (found.given, found.grafts, found.solved):
            for name, data in sorted(files.items()):
                digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        return digest.hexdigest()

    def key(self, upload: str) -> str:
        """Return the key of the result of an upload, given its hash."""
        return hashlib.sha256(f"{upload} {self.sha256}".encode()).hexdigest()


def _code() -> str:
    """Return the hash of our own code: a version that is worked on has one number for many."""
    digest, home = hashlib.sha256(), Path(grader.__file__).resolve().parent
    for path in sorted([*home.rglob("*.py"), *home.rglob("*.html"), *home.rglob("*.css")]):
        if not path.is_relative_to(home / "data"):
            digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Grader:
    """Grades tasks one after another in one warm box; the thread that made it has to live."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        plan: Plan = choose(policy.box)
        self._worker = Worker(plan)
        if not policy.only:  # of a part often nothing runs
            self._worker.start()
        self._setting = whole.Setting(
            policy.assignment,
            plan,
            policy.notebooks,
            policy.cached,
            PATIENCE,
            not policy.only,  # of a part, what the source shows is known
        )
        self._given = resources.given_files()
        whole.settle()

    def chunk(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Grade tasks; yield what each came to. Never raises: a fault of ours is an outcome."""
        for task in tasks:
            started = time.monotonic()
            try:
                done = self._one(task)
            except UnusableSubmission as error:
                result = {RESULT: refused.write(STUDENT, str(error))}
                done = _done(task.key, self._outcome(task, "refused", str(error)), result)
            except Exception as error:  # noqa: BLE001 - it must cost nobody else anything
                log = log_fault("grading an upload of a class")
                done = Done(task.key, self._outcome(task, "fault", f"{_said(error)} (see {log})"))
                self._worker.restart()
            yield replace(
                done, outcome=replace(done.outcome, wall_s=round(time.monotonic() - started, 3))
            )

    def stop(self) -> None:
        """End the box."""
        self._worker.stop()

    def _one(self, task: Task) -> Done:
        given = read_submission(Path(UPLOAD), data=task.data, partial=True, given=self._given)
        seen = generation.recognise(given.files, given.package)
        named, policy = replace(given, name=STUDENT), self._policy
        report = self._known(task.known, named) if task.known else None
        with Spool() as spool:
            graded = (
                whole.Graded(report, report.notebooks)
                if report
                else whole.grade(named, self._setting, self._worker, spool)
            )
            against = seen.against(graded.report.rubric)
            report = replace(graded.report, why_rubric=against)
            # a part has no page of its own: who moves by it gets a whole one
            files = {} if policy.only else _files(replace(graded, report=report))
        files = {**files, archive.RECORD: kept(report, policy.assignment.rubric)}
        graded_so = self._outcome(task, "graded")
        return _done(task.key, _filled(graded_so, report, seen.rubric if against else ""), files)

    def _known(self, known: Known, named: Submission) -> Report | None:
        """Return the report that needs no grading, or no more than what changed."""
        if known.again:
            return put_together(known, named, self._policy.assignment)
        return cutoff.graded(known, named, self._setting, self._worker)

    def _outcome(self, task: Task, status: Status, why: str = "") -> Outcome:
        return Outcome(task.upload, self._policy.sha256, status, why)


def _files(graded: whole.Graded) -> dict[str, str]:
    """Return the files of a result, its page as data: whose it is, and what people give, is added
    where it is published.
    """
    made = page.make(graded.report, grader.__version__)
    return {**whole.besides(graded), archive.PAGE: plain.dumps(made)}


def _said(error: Exception) -> str:
    kind = "" if isinstance(error, BoxError) else f"{type(error).__name__}: "
    return f"{kind}{error}".splitlines()[0][:200]


def _done(key: str, outcome: Outcome, files: Mapping[str, str]) -> Done:
    kept = {**files, archive.OUTCOME: json.dumps(asdict(outcome), ensure_ascii=True)}
    return Done(key, outcome, archive.pack(kept))


def _filled(outcome: Outcome, report: Report, other: str) -> Outcome:
    score = report.score
    return replace(
        outcome,
        earned=score.earned,
        possible=score.possible,
        pending=score.pending,
        bonus=score.bonus,
        items=tuple(
            (
                i.id,
                i.status,
                i.earned,
                i.possible,
                i.cause.id if i.cause else "",
                i.because_of or "",
            )
            for i in report.items
        ),
        cases=tuple((c.case, c.outcome, c.wrong) for c in report.cases if not c.right),
        flags=tuple((flag.kind, flag.message) for flag in report.flags),
        other_rubric=other,
        cpu_s=report.measured.get("cpu_s", 0.0),
    )


def outcome_of(text: str) -> Outcome:
    """Return the outcome that an archive holds. Raises ValueError unless it is one of ours."""
    try:
        found: dict[str, Any] = json.loads(text)
        for name in ("items", "cases", "flags"):
            found[name] = tuple(tuple(row) for row in found[name])
        outcome = Outcome(**found)
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return outcome
