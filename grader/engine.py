"""Grade one submission: hand it to the box, judge what comes out, say what it means.

    submission -> session (evidence) -> evaluator (verdicts) -> follow-through -> report

`grade_one` is a plain function of its arguments, so that one machine or many can call it.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import grader
from grader import judges
from grader.box.job import Job, Loaded
from grader.box.session import Session
from grader.box.worker import Worker
from grader.diagnosis import (
    changed_line,
    consequence,
    diagnose,
    folding,
    minimal_example,
    own_gradient,
    suspects,
    trace,
)
from grader.errors import BackgradeError, explained, explaining
from grader.grading import (
    casebook,
    follow,
    handed_in,
    kept,
    large_input,
    margins,
    passes,
    score,
    training,
)
from grader.grading.assignment import Assignment
from grader.grading.dependencies import kind
from grader.grading.facts import Again, Facts
from grader.grading.outcome import result_of
from grader.grading.rerun import Rerun, Sessions
from grader.grading.verdicts import Evaluator, broken
from grader.notebooks import inline_answers
from grader.rubric import generation
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.submission import review
from grader.submission.written import Sources
from grader.types import (
    Case,
    Diagnosis,
    Evidence,
    Flag,
    ItemResult,
    Notebook,
    Question,
    Report,
    Smallest,
    Submission,
    Suspect,
    TrainingGoal,
)

if TYPE_CHECKING:
    from grader.grading.training.verdict_cache import Store


def grade_one(
    submission: Submission,
    assignment: Assignment,
    worker: Worker,
    notebooks: Sequence[Notebook] = (),
    store: Store | None = None,
    patience: float = 1.0,
    reading: bool = True,
) -> Report:
    """Grade one submission: its code, and its notebooks where they were executed.

    What became of trainings is kept in `store`, and found there. All of the code may take
    `patience` times its limit; its source is looked at if `reading`. Raises BoxError.
    """
    started, clock, cpu = datetime.now(UTC), time.monotonic(), _cpu_s(worker)
    rubric = assignment.rubric
    evaluator = Evaluator(rubric, assignment.golden, Sources(submission.files), assignment.agreed)
    deadline = clock + patience * rubric.table.limits.submission_s
    session = Session(worker, job_of(submission, assignment), rubric, deadline)
    with closing(Sessions(worker, rubric, deadline, session)) as sessions:
        known = [case.id for case in rubric.cases if judges.find(case.judge).golden]
        nets = [item.id for item in rubric.table.items if kind(item) == "nets"]
        over = nets if assignment.grafts else []
        evidence = session.observe(
            rubric.cases, evaluator.is_right, rubric.large, known, over, kept.with_right_cache
        )
        facts = Facts(rubric, assignment, evaluator, evidence, evaluator.verdicts(evidence))
        rerun = Rerun(session.later, sessions, assignment, facts, deadline, {}, session.otherwise)
        items = _items(rerun)
    graded = _with_notebooks(items, rerun, worker, notebooks, store)
    return Report(
        submission=replace(submission, repaired=(*submission.repaired, *session.repaired)),
        rubric=rubric.table.id,
        rubric_title=rubric.table.title,
        rubric_sha256=rubric.sha256,
        golden_sha256=assignment.golden.sha256,
        score=score.total(graded.items, {item.id: item.bonus for item in rubric.table.items}),
        sections=tuple((section.id, section.title) for section in rubric.table.sections),
        items=graded.items,
        flags=(
            *(_flags(submission, assignment, session.loaded) if reading else ()),
            *_costly(session, facts),
            *graded.flags,
        ),
        box=worker.state,
        measured={
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.monotonic() - clock, 3),
            "cpu_s": round(_cpu_s(worker) - cpu, 3),
            **_circumstances(worker, notebooks, graded, facts),
        },
        notebooks=tuple(replace(notebook, trainings=()) for notebook in notebooks),
        trained=graded.trained,
        questions=_questions(notebooks, rubric),
        only=rubric.only,
        visibility=rubric.table.visibility,
        goals=goals(rubric.table.items),
        cases=explained("keeping what cases came to", lambda: casebook.outcomes(facts), ()),
    )


def _questions(notebooks: Sequence[Notebook], rubric: Rubric) -> tuple[Question, ...]:
    return explained(
        "finding answers to inline questions",
        lambda: inline_answers.find(notebooks, rubric) if notebooks else (),
        (),
    )


def _circumstances(
    worker: Worker, notebooks: Sequence[Notebook], graded: training.Graded, facts: Facts
) -> dict[str, object]:
    """Return where it was graded, what was not run again, and what items and trainings took."""
    reused = {book.name: book.reused for book in notebooks if book.reused}
    return {
        "host": platform.node(),
        "cpu": processor(),
        "items": facts.seconds(),
        "digits": explained("counting digits that agree", lambda: margins.digits(facts), {}),
        **({"reused": reused} if reused else {}),
        **({"replay": dict(graded.replay)} if graded.replay else {}),
        "versions": {**worker.versions, "backgrade": grader.__version__},
    }


@cache
def processor() -> str:
    """Return the name of the CPU, on which the last bits of a product depend."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _with_notebooks(
    items: tuple[ItemResult, ...],
    rerun: Rerun,
    worker: Worker,
    books: Sequence[Notebook],
    store: Store | None,
) -> training.Graded:
    """Return all items, with what notebooks add, and the runs beside the reference's bands."""
    assignment, table = rerun.assignment, rerun.facts.rubric.table
    repeating = None
    if books:  # what they trained is repeated
        from grader.grading.training import believe

        repeating = believe.repeating(rerun, worker, store)
    graded = training.grade(items, books, assignment.rubric, assignment.images, repeating)
    return replace(
        graded,
        items=explained(
            "finding which questions were handed in",
            lambda: handed_in.with_questions(graded.items, table.items, books),
            graded.items,
        ),
        trained=explained(
            "drawing bands beside the runs",
            lambda: assignment.bands.beside(graded.trained),
            graded.trained,
        ),
    )


def goals(items: Sequence[Item]) -> tuple[TrainingGoal, ...]:
    """Return what trainings have to reach."""
    parts = [(item.id, part.goal) for item in items for part in item.parts if part.goal]
    return tuple(TrainingGoal(item, goal.judge, goal.over or "") for item, goal in parts)


def _items(rerun: Rerun) -> tuple[ItemResult, ...]:
    """Return every item; where looking into what failed breaks, what failed is undecided."""
    try:
        return _looked_into(rerun)
    except BackgradeError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours costs the student nothing
        rubric, verdicts = rerun.facts.rubric, dict(rerun.facts.verdicts)
        for name, verdict in verdicts.items():
            if not verdict.passed:
                verdicts[name] = broken(verdict.item, error, "looking into")
        every = rubric.table.items
        return tuple(result_of(item, rubric, verdicts, None, None, None) for item in every)


def _looked_into(rerun: Rerun) -> tuple[ItemResult, ...]:
    """Look further into what failed; return every item.

    If a search breaks by a fault of ours, its explanation is left out; an item whose points hang on
    it is a grader_fault.
    """
    followed, own = dict[str, Again](), frozenset[str]()
    spoiled = dict[str, kept.Spoiled]()
    with explaining("comparing gradients with their own forward pass"):
        own = own_gradient.gradients(rerun)
    with rerun.deciding(verdict.item for verdict in rerun.facts.failed().values()):
        spoiled = kept.spoiled(rerun)
        rerun = replace(rerun, facts=kept.with_spoiled(rerun.facts, spoiled))
        followed = follow.through(rerun)
    rerun = replace(
        rerun, facts=replace(rerun.facts, followed={**rerun.facts.followed, **followed})
    )
    facts = rerun.facts
    over, minimal = dict[str, Evidence](), dict[str, Smallest]()
    changed: dict[str, tuple[Suspect, ...]] = {}
    causes: dict[str, Diagnosis] = {}
    with explaining("naming causes"):
        causes = diagnose.causes(facts, own)
    with explaining("running nets over the reference's layers"):
        over = trace.evidence(rerun, causes)
        causes |= diagnose.certain_causes(facts, over)
    with explaining("finding the line where a net goes another way"):
        causes |= trace.causes(rerun, over, causes)
    with explaining("finding minimal examples"):
        minimal = minimal_example.find_minimal(rerun)
    with explaining("finding the lines of known mistakes"):
        changed = changed_line.find(rerun, causes)
    causes |= {name: one.why for name, one in spoiled.items()}
    follows = consequence.find(rerun, over, causes)
    follows |= folding.consequences(rerun, follows)
    verdicts = {**facts.verdicts, **rerun.broken}
    items = (
        result_of(
            item,
            facts.rubric,
            verdicts,
            facts.followed.get(item.id),
            follows.get(item.id),
            causes.get(item.id),
        )
        for item in facts.rubric.table.items
    )
    return tuple(
        item
        if item.because_of or item.status == "grader_fault"
        else replace(
            item,
            smallest=minimal.get(item.id),
            suspects=suspects.of(item, facts, changed.get(item.id, ())),
        )
        for item in items
    )


def job_of(submission: Submission, assignment: Assignment) -> Job:
    """Return what goes into the box for a submission."""
    limits = assignment.rubric.table.limits
    return Job(
        package=submission.package,
        files={path: data for path, data in submission.files.items() if path.endswith(".py")},
        conventions=asdict(assignment.rubric.table.conventions),
        given=assignment.given,
        load_s=limits.load_s,
        case_s=limits.case_s,
    )


def _flags(submission: Submission, assignment: Assignment, loaded: Loaded) -> tuple[Flag, ...]:
    """Return what a person should look at; no flag changes a score."""
    given = generation.may_have_losses(submission.files, submission.package)
    changed = tuple(
        Flag(
            "source_differs",
            f"{name} gives other values than the one handed out; graded with the latter",
            f"{submission.package}/layers.py",
        )
        for name in (loaded.changed if given else ())
    )
    # What stops the worker's parser, which is this Python's too, could stop this one.
    if all(one.get("outcome") in ("died", "timeout") for one in loaded.modules.values()):
        return (*changed, Flag("unread", "no file could be loaded, so none was looked at here", ""))

    def answers(case: Case) -> list[np.ndarray]:
        expected = assignment.golden.expected(case)
        return [array for outputs in expected for array in outputs.values()]

    unread = (Flag("unread", "no file was looked at here, by a fault of the grader", ""),)
    seen = explained(
        "reading the sources",
        lambda: tuple(review.flags(submission, assignment.rubric, answers)),
        unread,
    )
    return (*changed, *seen)


def _costly(session: Session, facts: Facts) -> tuple[Flag, ...]:
    """Return what is slow, and what looks like a numeric gradient while it runs."""
    rubric, verdicts = facts.rubric, facts.verdicts
    return (
        *explained(
            "comparing times on the large inputs",
            lambda: large_input.flags(facts.evidence, rubric, verdicts),
            (),
        ),
        *explained(
            "counting what backward passes call",
            lambda: passes.flags(session.passes, rubric, verdicts),
            (),
        ),
    )


def _cpu_s(worker: Worker) -> float:
    """Return the CPU seconds of this process, and of all that has ended in the worker."""
    return time.process_time() + worker.cpu_s
