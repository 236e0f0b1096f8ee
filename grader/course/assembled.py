"""A report put together from two: what was graded before, and the items that were graded again.

What a report is made from is kept beside it, in the archive of the result and nowhere else. Where
something of it hangs on all items at once, or notebooks ran again, it is not put together, and the
upload is graded whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.course import archive, plain
from grader.engine import goals
from grader.grading import score, training
from grader.grading.assignment import Assignment
from grader.rubric.cases import Rubric
from grader.submission import review
from grader.types import (
    BoxState,
    Case,
    CaseOutcome,
    Flag,
    ItemResult,
    Notebook,
    Question,
    Report,
    Submission,
    Trained,
    Training,
)

OF_ALL = {"unread", "source_differs", "slow", "numeric_gradient"}  # flags about how all of it ran


@dataclass(frozen=True)
class Record:
    """What a report says that neither the upload nor the rubric tells again.

    `hinted` are the items whose hints are the rubric's, and not those of a misconception.
    """

    items: tuple[ItemResult, ...]
    cases: tuple[CaseOutcome, ...]
    flags: tuple[Flag, ...]
    repaired: tuple[str, ...]
    box: BoxState
    measured: Mapping[str, Any]
    hinted: tuple[str, ...] = ()
    notebooks: tuple[Notebook, ...] = ()
    trained: tuple[Trained, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Known:
    """The archive of a result before, and the `items` that a change may have moved since.

    `again` is the archive of these items graded again. It is empty where that is still to do: then
    the verdicts on those that `changed` have to be asked for anew, and of the others only points
    and words can be others, unless they depend on these. Whoever had one of the `eased` right in
    every case has it so now.
    """

    before: bytes
    items: tuple[str, ...]
    again: bytes = b""
    changed: tuple[str, ...] = ()
    eased: tuple[str, ...] = ()


def kept(report: Report, rubric: Rubric) -> str:
    """Return what is kept of a report, as text."""
    level, told = rubric.table.hint_level, {item.id: item for item in rubric.table.items}
    record = Record(
        report.items,
        tuple(replace(case, seen=None) for case in report.cases),
        report.flags,
        report.submission.repaired,
        report.box,
        report.measured,
        tuple(one.id for one in report.items if one.hints == told[one.id].hints[:level]),
        tuple(map(_shown_book, report.notebooks)),
        tuple(replace(one, training=_shown_run(one.training)) for one in report.trained),
        report.questions,
    )
    return plain.dumps(record)


def _shown_book(book: Notebook) -> Notebook:
    """Return a notebook without what its own file holds, which lies in the same archive."""
    cells = tuple(replace(cell, images=(b"",) * len(cell.images)) for cell in book.cells)
    return replace(book, cells=cells, written="")


def _shown_run(run: Training) -> Training:
    """Return a run without its parameters and its log: no page has them."""
    return replace(
        run, params={}, bn_statistics=(), fitted_params={}, fitted_bn_statistics=(), log=None
    )


def put_together(known: Known, given: Submission, assignment: Assignment) -> Report | None:
    """Return the report on an upload; None where it has to be graded whole."""
    try:
        before, again = read(known.before), read(known.again)
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
    if before.notebooks and (again.notebooks or _shows_in_runs(old, new, again, rubric)):
        return None

    def answers(case: Case) -> list[np.ndarray]:
        expected = assignment.golden.expected(case)
        return [array for outputs in expected for array in outputs.values()]

    seen = review.flags(given, rubric, answers)
    record = replace(
        before,
        items=tuple(every[name] for name in names),
        cases=cases_of(rubric, known.items, before.cases, again.cases),
        flags=(*seen, *(flag for flag in before.flags if flag.kind in training.FLAGS)),
        measured=_measured(before, again, known.items),
    )
    return report_of(record, given, assignment)


def _shows_in_runs(
    old: Mapping[str, ItemResult], new: Mapping[str, ItemResult], again: Record, rubric: Rubric
) -> bool:
    """Say whether what is told of trainings may be another by items that were graded again.

    Runs are repeated by the convention that an item follows. What is wrong behind them is named, by
    its title.
    """
    ran = again.measured.get("items", {})
    for name, one in new.items():
        was = old[name]
        if rubric.item(name).kind != "code":
            continue
        if rubric.item(name).alternatives and name in ran:
            return True
        if (one.status, one.because_of) != (was.status, was.because_of):
            return True
        if plain.dumps(one.warnings) != plain.dumps(was.warnings):
            return True
        if one.title != was.title and one.status != "passed":
            return True
    return False


def report_of(record: Record, given: Submission, assignment: Assignment) -> Report:
    """Return the report that a record was kept of, by what the rubric says of points and words."""
    rubric, table = assignment.rubric, assignment.rubric.table
    worth = {item.id: item.points for item in table.items}
    return Report(
        submission=replace(given, repaired=record.repaired),
        rubric=table.id,
        rubric_title=table.title,
        rubric_sha256=rubric.sha256,
        golden_sha256=assignment.golden.sha256,
        score=score.total(record.items, {item.id: item.bonus for item in table.items}),
        sections=tuple((section.id, section.title) for section in table.sections),
        items=record.items,
        flags=record.flags,
        box=record.box,
        measured=record.measured,
        notebooks=record.notebooks,
        trained=record.trained,
        questions=tuple(replace(one, possible=worth[one.id]) for one in record.questions),
        only=rubric.only,
        visibility=table.visibility,
        goals=goals(table.items),
        cases=record.cases,
    )


def cases_of(
    rubric: Rubric,
    items: Collection[str],
    before: Iterable[CaseOutcome],
    again: Iterable[CaseOutcome],
) -> tuple[CaseOutcome, ...]:
    """Return what each case came to, those of `items` again, in the order of the rubric."""
    found = {case.case: case for case in before if _item(case) not in items}
    found |= {case.case: case for case in again if _item(case) in items}
    return tuple(found[case.id] for case in rubric.cases if case.id in found)


def _item(case: CaseOutcome) -> str:
    return case.case.partition("/")[0]


def _measured(before: Record, again: Record, items: tuple[str, ...]) -> dict[str, Any]:
    """Return what was measured before, with the seconds and digits of the items that ran again."""
    kept: dict[str, Any] = {**before.measured}
    for what in ("items", "digits"):
        old = {name: one for name, one in kept.get(what, {}).items() if name not in items}
        new = {name: one for name, one in again.measured.get(what, {}).items() if name in items}
        kept[what] = old | new
    return kept


def read(data: bytes) -> Record:
    """Return the record in an archive. Raises ValueError, KeyError or TypeError."""
    found = plain.loads(archive.unpack(data, archive.RECORD)[archive.RECORD], Record)
    files = archive.unpack(data, ".ipynb") if found.notebooks else {}
    books = (replace(b, written=files.get(b.name.rpartition("/")[2], "")) for b in found.notebooks)
    return replace(found, notebooks=tuple(books))
