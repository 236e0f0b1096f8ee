"""Grade one submission: hand it to the box, judge what comes out, say what it means.

    submission -> session (evidence) -> bench (verdicts) -> follow-through -> report

`grade_one` is a plain function of its arguments, so that one machine or many can call it.
"""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import grader
from grader import box, follow, score
from grader.golden.store import Golden
from grader.judges import find
from grader.rubric import ItemTable, Rubric
from grader.session import Session, modules_of, raised_at_load
from grader.types import Case, Evidence, Flag, ItemResult, Raised, Report, Status, Submission
from grader.verdicts import Bench, Verdict


@dataclass(frozen=True)
class Assignment:
    """What every submission is graded against.

    `given` holds the handed-out layers.py and layer_utils.py (short name -> source). `grafts` holds
    the reference's layers.py under "layers" where this machine has it: without it an item that
    fails because of another cannot be tried over right layers.
    """

    rubric: Rubric
    golden: Golden
    given: Mapping[str, bytes] = field(default_factory=dict)
    grafts: Mapping[str, bytes] = field(default_factory=dict)

    def check(self) -> None:
        """Raise GoldenError or RubricError where the parts do not belong together."""
        with_golden = tuple(case for case in self.rubric.cases if find(case.judge).golden)
        self.golden.check(with_golden, self.rubric.table.seed)


def grade_one(submission: Submission, assignment: Assignment, worker: box.Worker) -> Report:
    """Grade the code of one submission. Raises BoxError only where the box itself fails."""
    started, clock, cpu = datetime.now(UTC), time.monotonic(), _cpu_s()
    rubric = assignment.rubric
    bench = Bench(rubric, assignment.golden)
    deadline = clock + rubric.table.limits.submission_s

    session = Session(worker, _job(submission, assignment), rubric, deadline)
    evidence = _observe(session, rubric.cases, bench)
    session.close()
    verdicts = {item.id: bench.verdict(item, evidence) for item in _code(rubric)}
    roots = follow.roots(rubric, verdicts)
    followed = _follow(submission, assignment, worker, bench, verdicts, deadline)

    items = tuple(
        _result(item, rubric, verdicts, roots.get(item.id), followed.get(item.id))
        for item in rubric.table.items
    )
    return Report(
        submission=replace(submission, repaired=(*submission.repaired, *session.loaded.repaired)),
        rubric=rubric.table.id,
        rubric_title=rubric.table.title,
        rubric_sha256=rubric.sha256,
        golden_sha256=assignment.golden.sha256,
        score=score.total(items, {item.id: item.bonus for item in rubric.table.items}),
        sections=tuple((section.id, section.title) for section in rubric.table.sections),
        items=items,
        flags=_flags(rubric, evidence),
        box=worker.state,
        measured={
            "started": started.isoformat(timespec="seconds"),
            "wall_s": round(time.monotonic() - clock, 3),
            "cpu_s": round(_cpu_s() - cpu, 3),
            "host": platform.node(),
            "versions": {**worker.versions, "backgrade": grader.__version__},
        },
    )


def _job(submission: Submission, assignment: Assignment) -> box.Job:
    limits = assignment.rubric.table.limits
    return box.Job(
        package=submission.package,
        files={path: data for path, data in submission.files.items() if path.endswith(".py")},
        conventions=assignment.rubric.table.conventions.model_dump(),
        given=assignment.given,
        load_s=limits.load_s,
        case_s=limits.case_s,
    )


def _observe(session: Session, cases: tuple[Case, ...], bench: Bench) -> dict[str, Evidence]:
    """Run every case that can run; a file that cannot be loaded is the evidence of its cases."""
    seen: dict[str, Evidence] = {}
    can_run: list[Case] = []
    for case in cases:
        broken = _broken(session, case)
        if broken is None:
            can_run.append(case)
        else:
            seen[case.id] = broken
    return seen | session.observe(can_run, bench.is_right)


def _broken(session: Session, case: Case) -> Evidence | None:
    """Return the evidence of a case whose module could not be imported; None where it could."""
    for name in modules_of(case):
        say = session.loaded.modules.get(name, {"outcome": "absent"})
        outcome = say.get("outcome")
        if outcome == "loaded" or (name == "layer_utils" and outcome == "absent"):
            continue
        if outcome == "absent":
            absent = Raised("", f"{name}.py is not in the submission")
            return Evidence(case.id, "missing", raised=absent)
        if outcome in ("timeout", "died"):
            return Evidence(case.id, outcome, text=f"while {name}.py was imported")
        return Evidence(case.id, "raised", raised=raised_at_load(say))
    return None


def _follow(
    submission: Submission,
    assignment: Assignment,
    worker: box.Worker,
    bench: Bench,
    verdicts: Mapping[str, Verdict],
    deadline: float,
) -> dict[str, Mapping[str, bool]]:
    """Try failed nets again over right layers; return item -> part -> right."""
    rubric = assignment.rubric
    wanted = [
        verdict.item
        for verdict in verdicts.values()
        if not follow.is_passed(verdict) and follow.can_follow(verdict.item, verdicts)
    ]
    if not wanted or not assignment.grafts or rubric.table.follow_through == 0:
        return {}
    job = replace(_job(submission, assignment), graft=assignment.grafts)
    session = Session(worker, job, rubric, deadline)
    ids = {item.id for item in wanted}
    cases = tuple(case for case in rubric.cases if case.item in ids)
    evidence = _observe(session, cases, bench)
    session.close()
    return {item.id: bench.verdict(item, evidence).right for item in wanted}


def _result(
    item: ItemTable,
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    root: str | None,
    followed: Mapping[str, bool] | None,
) -> ItemResult:
    if item.kind != "code":
        status: Status = "pending" if item.kind == "question" else "skipped"
        return ItemResult(
            item.id, item.title, item.section, item.where, status, 0.0, item.points, ()
        )
    verdict = verdicts[item.id]
    parts = score.parts_of(item, verdict.right, verdict.written)
    explained = followed is not None and verdict.written
    if followed is not None and verdict.written:
        parts = score.with_follow_through(parts, followed, rubric.table.follow_through)
        # A part that is wrong over right layers too is a mistake of the item's own.
        explained = all(followed.get(part.id, False) for part in parts if part.possible > 0)
    own = followed is not None and not explained
    earned = score.tidy(sum(part.earned for part in parts))
    faults = verdict.faults
    if own and followed is not None:
        faults = tuple(f for f in faults if f.part == "all" or not followed.get(f.part, False))
    return ItemResult(
        id=item.id,
        title=item.title,
        section=item.section,
        where=item.where,
        status=score.status_of(parts, faults),
        earned=earned,
        possible=item.points,
        parts=parts,
        faults=faults,
        warnings=verdict.warnings,
        hints=item.hints[: rubric.table.hint_level] if earned < item.points else (),
        because_of=None if own else root,
        followed_through=bool(explained),
        checks=verdict.checks,
        public_checks=verdict.public_checks,
    )


def _flags(rubric: Rubric, evidence: Mapping[str, Evidence]) -> tuple[Flag, ...]:
    """Return what a person should look at; no flag changes a score."""
    return ()


def _code(rubric: Rubric) -> list[ItemTable]:
    return [item for item in rubric.table.items if item.kind == "code"]


def _cpu_s() -> float:
    """CPU seconds of this process and of the children it has reaped."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )
