"""A report put together from two: what was graded before, and the items that were graded again.

What a report is made from is kept beside it, in the archive of the result and nowhere else. Where
something of it hangs on all items at once, it is not put together, and the upload is graded whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.course import archive, plain
from grader.engine import goals
from grader.grading import score
from grader.grading.assignment import Assignment
from grader.rubric.cases import Rubric
from grader.submission import review
from grader.types import BoxState, Case, CaseOutcome, Flag, ItemResult, Report, Submission

OF_ALL = {"unread", "source_differs", "slow", "numeric_gradient"}  # flags about how all of it ran


@dataclass(frozen=True)
class Record:
    """What a report says that neither the upload nor the rubric tells again."""

    items: tuple[ItemResult, ...]
    cases: tuple[CaseOutcome, ...]
    flags: tuple[Flag, ...]
    repaired: tuple[str, ...]
    box: BoxState
    measured: Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """The archives of a result before and of `items` graded again, the only ones that changed."""

    before: bytes
    again: bytes
    items: tuple[str, ...]


def kept(report: Report) -> str:
    """Return what is kept of a report, as text."""
    cases = tuple(replace(case, seen=None) for case in report.cases)
    record = Record(
        report.items, cases, report.flags, report.submission.repaired, report.box, report.measured
    )
    return plain.dumps(record)


def put_together(known: Known, given: Submission, assignment: Assignment) -> Report | None:
    """Return the report on an upload; None where it has to be graded whole."""
    try:
        before, again = _read(known.before), _read(known.again)
    except (ValueError, KeyError, TypeError):  # damaged, or of an earlier version
        return None
    rubric = assignment.rubric
    names = [item.id for item in rubric.table.items]
    old, new = ({item.id: item for item in one.items} for one in (before, again))
    new = {name: item for name, item in new.items() if name in known.items}
    every = {**old, **new}
    is_of_all = any(flag.kind in OF_ALL for flag in (*before.flags, *again.flags))
    faults = any(item.status == "grader_fault" for item in every.values())
    if is_of_all or faults or every.keys() != set(names) or new.keys() != set(known.items):
        return None
    items = tuple(every[name] for name in names)

    def answers(case: Case) -> list[np.ndarray]:
        expected = assignment.golden.expected(case)
        return [array for outputs in expected for array in outputs.values()]

    return Report(
        submission=replace(given, repaired=before.repaired),
        rubric=rubric.table.id,
        rubric_title=rubric.table.title,
        rubric_sha256=rubric.sha256,
        golden_sha256=assignment.golden.sha256,
        score=score.total(items, {item.id: item.bonus for item in rubric.table.items}),
        sections=tuple((section.id, section.title) for section in rubric.table.sections),
        items=items,
        flags=tuple(review.flags(given, rubric, answers)),
        box=before.box,
        measured=_measured(before, again, known.items),
        only=rubric.only,
        visibility=rubric.table.visibility,
        goals=goals(rubric.table.items),
        cases=_cases(known, before, again, rubric),
    )


def _cases(known: Known, before: Record, again: Record, rubric: Rubric) -> tuple[CaseOutcome, ...]:
    """Return what each case came to, in the order of the rubric."""
    old = {case.case: case for case in before.cases if _item(case) not in known.items}
    new = {case.case: case for case in again.cases if _item(case) in known.items}
    found = {**old, **new}
    return tuple(found[case.id] for case in rubric.cases if case.id in found)


def _item(case: CaseOutcome) -> str:
    return case.case.partition("/")[0]


def _measured(before: Record, again: Record, items: tuple[str, ...]) -> dict[str, Any]:
    """Return what was measured before, with the seconds of the items that ran again."""
    new = {name: s for name, s in again.measured.get("items", {}).items() if name in items}
    return {**before.measured, "items": {**before.measured.get("items", {}), **new}}


def _read(data: bytes) -> Record:
    """Return the record in an archive. Raises ValueError, KeyError or TypeError."""
    return plain.loads(archive.unpack(data)[archive.RECORD], Record)
