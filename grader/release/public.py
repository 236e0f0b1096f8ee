"""The public part of an assignment: what the self-check judges by.

Public cases and small ones with their golden answers, the wrong answers that usual mistakes give in
the public ones, and of each mistake its sentence and its first hint. No seed, no hidden case, no
formula, no nearly-code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.golden import misconceptions, store
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.judges import find
from grader.release.selfcheck import public
from grader.rubric.cases import Rubric
from grader.rubric.records import Item, Part, RubricFile
from grader.types import Case

FILE = "golden"  # the one array that all public answers stand in
# Fields that are handed out as they are; one that is not named stays at its default.
TABLE_FIELDS = ("format", "id", "title", "conventions", "limits", "judging", "sections")
ITEM_FIELDS = tuple(
    "id section title kind where points probe judge tolerance alternatives asks".split()
)


def file_of(assignment: Assignment) -> bytes:
    """Return the content of the public file."""
    rubric = assignment.rubric
    evaluator = Evaluator(rubric, assignment.golden)
    table = RubricFile(
        **{name: getattr(rubric.table, name) for name in TABLE_FIELDS},
        seed="",  # the numbers of hidden cases come from it
        items=tuple(_item(item, rubric, evaluator) for item in rubric.table.items),
    )
    cases = [case for case in rubric.cases if case.public]
    return public.write(
        table,
        _golden(assignment, [*cases, *rubric.ladder]),
        _wrong(assignment, cases),
        assignment.given,
        {i.id: sum(not case.public for case in rubric.cases_of(i.id)) for i in table.items},
    )


def _item(item: Item, rubric: Rubric, evaluator: Evaluator) -> Item:
    """Return an item with its public cases."""
    shown = [case for case in rubric.cases_of(item.id) if case.public]
    # A part that only hidden cases decide could never be right here.
    decided = {item.part_of(name, case) for case in shown for name in evaluator.names(case)}
    is_code = item.kind == "code"
    return Item(
        **{name: getattr(item, name) for name in ITEM_FIELDS},
        needs=item.needs if is_code else (),
        parts=tuple(
            Part(part.id, part.points, part.about, part.outputs)
            for part in item.parts
            if is_code and part.id in decided
        ),
        cases=tuple(row for row in item.cases if row.public),
        hints=item.hints[: rubric.table.hint_level],
    )


def _golden(assignment: Assignment, cases: list[Case]) -> tuple[dict[str, Any], np.ndarray]:
    """Return the golden answers of these cases as a manifest of its own, and their numbers."""
    flat = store.Flat()
    rows = {}
    for case in cases:
        if find(case.judge).golden:
            answers = {
                name: {o: dict(zip(("offset", "shape"), flat.add(a))) for o, a in outputs.items()}
                for name, outputs in assignment.golden.answers(case).items()
            }
            rows[case.id] = {"file": FILE, "answers": answers}
    return {"format": store.FORMAT, "cases": rows}, flat.numbers()


def _wrong(assignment: Assignment, cases: list[Case]) -> tuple[dict[str, Any], np.ndarray]:
    """Return what the usual mistakes give in these cases; none that only hidden cases show."""
    flat = store.Flat()
    known = {case.id for case in cases}
    variants: dict[str, int] = {}
    answers: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for item in {case.item: None for case in cases}:
        for variant, found in assignment.wrong.answers(item).items():
            for (case, output), answer in found.items():
                if case in known or case == item:  # the item: what several cases say together
                    number = variants.setdefault(variant, len(variants))
                    what = sorted(answer) if isinstance(answer, frozenset) else flat.add(answer)
                    rows = answers.setdefault(item, {}).setdefault(case, {})
                    rows.setdefault(output, []).append([[number], what])
    mistakes, level = {}, assignment.rubric.table.hint_level
    for variant in variants:
        name = variant.partition("+")[0]
        one = assignment.wrong.explanation(name)
        hints = [*one.hints[:level], "", "", ""][:3]
        mistakes[name] = {"says": one.message, "formula": "", "hints": hints}
    manifest = {
        "format": misconceptions.FORMAT, "mistakes": mistakes, "variants": list(variants),
        "answers": answers,
    }  # fmt: skip
    return manifest, flat.numbers()
