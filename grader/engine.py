"""Grade one submission: hand it to the box, judge what comes out, say what it means.

    submission -> session (evidence) -> bench (verdicts) -> follow-through -> report

`grade_one` is a plain function of its arguments, so that one machine or many can call it.
"""

from __future__ import annotations

import fnmatch
import functools
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import grader
from grader import (
    answers,
    box,
    consistent,
    diagnose,
    follow,
    grafted,
    measure,
    needs,
    reading,
    score,
    smallest,
    training,
)
from grader.bands import Bands
from grader.errors import RubricError
from grader.golden.store import Golden
from grader.golden.wrong import Wrong
from grader.images import Images
from grader.judges import find
from grader.observing import observe
from grader.rubric import ItemTable, Rubric
from grader.session import Session
from grader.types import Case, Evidence, Flag, ItemResult, Notebook, Report, Status, Submission
from grader.verdicts import Bench, Verdict


@dataclass(frozen=True)
class Assignment:
    """What every submission is graded against.

    `given` holds the handed-out layers.py and layer_utils.py (short name -> source). `grafts` holds
    the reference's layers.py under "layers" where this machine has it: without it an item that
    fails because of another cannot be tried over right layers. `mistakes` is the folder of golden
    wrong answers, read once something has failed. `images` are those on which training is
    recomputed; only executed notebooks need them. `bands` are drawn beside a student's curves.
    """

    rubric: Rubric
    golden: Golden
    given: Mapping[str, bytes] = field(default_factory=dict)
    grafts: Mapping[str, bytes] = field(default_factory=dict)
    images: Images | None = None
    mistakes: Path | None = None
    bands: Bands = field(default_factory=Bands)

    @functools.cached_property
    def wrong(self) -> Wrong:
        """What the usual mistakes give. Raises GoldenError where it cannot be read."""
        if self.mistakes is None:
            return Wrong.none()
        return Wrong.read(self.mistakes, self.golden.reference)

    def check(self) -> None:
        """Raise GoldenError or RubricError where the parts do not belong together."""
        cases = (*self.rubric.cases, *self.rubric.ladder)
        with_golden = tuple(case for case in cases if find(case.judge).golden)
        self.golden.check(with_golden, self.rubric.table.seed)
        self._check_parts()

    def _check_parts(self) -> None:
        """Raise RubricError where a part could never be earned, for no case decides it."""
        bench = Bench(self.rubric, self.golden)
        self._check_outputs(bench)
        decided = {
            (case.item, self.rubric.item(case.item).part_of(name, case))
            for case in self.rubric.cases
            for name in bench.names(case)
        }
        for item in self.rubric.table.items:
            for part in item.parts:
                if part.goal is None and (item.id, part.id) not in decided:
                    raise RubricError(
                        f"{self.rubric.place}: item '{item.id}', part '{part.id}': no case "
                        "decides it; add a case, or name its outputs"
                    )

    def _check_outputs(self, bench: Bench) -> None:
        """Raise RubricError where `only` or `outputs` names what no case of the item gives."""
        for item in self.rubric.table.items:
            given: dict[str, None] = {}
            for case in (one for one in self.rubric.cases if one.item == item.id):
                names = bench.outputs(case)
                given |= dict.fromkeys(names)
                self._check_names(f"item '{item.id}', case '{case.id}', only", case.only, names)
            for part in item.parts:
                place = f"item '{item.id}', part '{part.id}', outputs"
                self._check_names(place, part.outputs, given)

    def _check_names(self, field: str, patterns: Iterable[str], names: Iterable[str]) -> None:
        for pattern in patterns:
            if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
                known = ", ".join(names)
                raise RubricError(
                    f"{self.rubric.place}: {field}: no output is called '{pattern}'; "
                    f"there are {known}"
                )


def grade_one(
    submission: Submission,
    assignment: Assignment,
    worker: box.Worker,
    notebooks: Sequence[Notebook] = (),
) -> Report:
    """Grade one submission: its code, and its notebooks where they were executed.

    Raises BoxError only where the box itself fails.
    """
    started, clock, cpu = datetime.now(UTC), time.monotonic(), _cpu_s()
    rubric = assignment.rubric
    bench = Bench(rubric, assignment.golden)
    deadline = clock + rubric.table.limits.submission_s

    job = job_of(submission, assignment)
    session = Session(worker, job, rubric, deadline)
    evidence = observe(session, rubric.cases, bench, rubric.large)
    verdicts = bench.verdicts(evidence)
    slow = measure.flags(evidence, rubric, verdicts)
    session.close()
    items = _items(session.later, assignment, worker, bench, evidence, verdicts, deadline)
    reused = {book.name: book.reused for book in notebooks if book.reused}
    items, trained, doubts = training.grade(items, notebooks, rubric, assignment.images)
    return Report(
        submission=replace(submission, repaired=(*submission.repaired, *session.loaded.repaired)),
        rubric=rubric.table.id,
        rubric_title=rubric.table.title,
        rubric_sha256=rubric.sha256,
        golden_sha256=assignment.golden.sha256,
        score=score.total(items, {item.id: item.bonus for item in rubric.table.items}),
        sections=tuple((section.id, section.title) for section in rubric.table.sections),
        items=items,
        flags=(*_flags(submission, assignment, session.loaded), *slow, *doubts),
        box=worker.state,
        measured={
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.monotonic() - clock, 3),
            "cpu_s": round(_cpu_s() - cpu, 3),
            "host": platform.node(),
            **({"reused": reused} if reused else {}),
            "versions": {**worker.versions, "backgrade": grader.__version__},
        },
        notebooks=tuple(replace(notebook, trainings=()) for notebook in notebooks),
        trained=assignment.bands.beside(trained),
        questions=answers.find(notebooks, rubric) if notebooks else (),
    )


def _items(
    job: box.Job,
    assignment: Assignment,
    worker: box.Worker,
    bench: Bench,
    evidence: Mapping[str, Evidence],
    verdicts: Mapping[str, Verdict],
    deadline: float,
) -> tuple[ItemResult, ...]:
    """Look further into what failed, each time in a session of its own; return every item."""
    rubric, grafts = assignment.rubric, assignment.grafts
    followed = (
        follow.through(job, grafts, worker, rubric, bench, verdicts, deadline)
        if rubric.table.follow_through > 0
        else {}
    )
    own = consistent.gradients(job, worker, rubric, bench, verdicts, deadline)
    causes = diagnose.causes(rubric, bench, evidence, verdicts, followed, own, assignment)
    certain = [name for name, why in causes.items() if why.cause.certain and why.hints]
    over = grafted.evidence(job, grafts, worker, rubric, verdicts, followed, certain, deadline)
    causes |= diagnose.sure(rubric, bench, over, verdicts, assignment)
    small = smallest.climb(job, worker, rubric, bench, verdicts, followed, deadline)

    settled = {
        name: replace(verdict, right={**verdict.right, **again.right}) if again else verdict
        for name, verdict in verdicts.items()
        for again in [followed.get(name)]
    }
    items = tuple(
        _result(item, rubric, verdicts, settled, followed.get(item.id), causes.get(item.id))
        for item in rubric.table.items
    )
    return tuple(
        replace(item, smallest=None if item.because_of else small.get(item.id)) for item in items
    )


def job_of(submission: Submission, assignment: Assignment) -> box.Job:
    """Return what goes into the box for a submission."""
    limits = assignment.rubric.table.limits
    return box.Job(
        package=submission.package,
        files={path: data for path, data in submission.files.items() if path.endswith(".py")},
        conventions=assignment.rubric.table.conventions.model_dump(),
        given=assignment.given,
        load_s=limits.load_s,
        case_s=limits.case_s,
    )


def _result(
    item: ItemTable,
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    settled: Mapping[str, Verdict],
    again: follow.Again | None,
    why: diagnose.Diagnosis | None,
) -> ItemResult:
    if item.kind != "code":
        status: Status = "pending" if item.kind == "question" else "skipped"
        return ItemResult(
            item.id, item.title, item.section, item.where, status, 0.0, item.points, ()
        )
    verdict = verdicts[item.id]
    if verdict.broken:
        status = "grader_fault"
        return ItemResult(
            item.id, item.title, item.section, item.where, status, 0.0, item.points, (),
            faults=verdict.faults,
        )  # fmt: skip
    followed = again.right if again is not None else None
    parts = score.parts_of(item, verdict.right, verdict.written)
    if followed is not None:
        parts = score.with_follow_through(parts, followed, rubric.table.follow_through)
    # A part that is wrong over right layers too is a mistake of the item's own.
    explained = followed is not None and all(
        part.status in ("passed", "partial") for part in parts if part.possible > 0
    )
    earned = score.tidy(sum(part.earned for part in parts))
    faults = tuple(
        fault
        for fault in verdict.faults
        if followed is None or (fault.part == "all" or not followed.get(fault.part, False))
    )
    faults = () if earned == item.points else faults
    because_of = _because_of(verdict, verdicts, settled, followed is not None, explained)
    status = score.status_of(parts, faults)
    if because_of is not None and verdict.written and rubric.table.follow_through == 0:
        status = "skipped"
    return ItemResult(
        id=item.id,
        title=item.title,
        section=item.section,
        where=item.where,
        status=status,
        earned=earned,
        possible=item.points,
        parts=parts,
        faults=faults,
        warnings=verdict.warnings,
        hints=_hints(item, why)[: rubric.table.hint_level] if earned < item.points else (),
        cause=why.cause if why is not None and because_of is None else None,
        because_of=because_of,
        followed_through=explained,
        checks=verdict.checks,
        public_checks=verdict.public_checks,
    )


def _hints(item: ItemTable, why: diagnose.Diagnosis | None) -> tuple[str, ...]:
    """Return the hints of the mistake, where it is known; else those of the item."""
    return (why.hints if why is not None else ()) or item.hints


def _because_of(
    verdict: Verdict,
    verdicts: Mapping[str, Verdict],
    settled: Mapping[str, Verdict],
    tried: bool,
    explained: bool,
) -> str | None:
    """Return the item that a failed one goes back to: a layer where right layers made it right, or
    a net that is wrong over right layers too.
    """
    if verdict.passed:
        return None
    if explained:
        return needs.root(verdict.item, verdicts, ("layers",))
    if tried:
        return needs.root(verdict.item, settled, ("nets",))
    return needs.root(verdict.item, verdicts, ("layers", "nets"))


def _flags(submission: Submission, assignment: Assignment, loaded: box.Loaded) -> tuple[Flag, ...]:
    """Return what a person should look at; no flag changes a score."""
    changed = tuple(
        Flag(
            "source_differs",
            f"{name} gives other values than the one handed out; graded with the latter",
            f"{submission.package}/layers.py",
        )
        for name in loaded.changed
    )
    # What stops the worker's parser, which is this Python's too, could stop this one.
    if all(one.get("outcome") in ("died", "timeout") for one in loaded.modules.values()):
        return (*changed, Flag("unread", "no file could be loaded, so none was looked at here", ""))

    def answers(case: Case) -> list[np.ndarray]:
        expected = assignment.golden.expected(case) if find(case.judge).golden else ()
        return [array for outputs in expected for array in outputs.values()]

    return (*changed, *reading.flags(submission, assignment.rubric, answers))


def _cpu_s() -> float:
    """CPU seconds of this process and of the children it has reaped."""
    import resource  # grading is for Linux; all else that imports this module is not

    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )
