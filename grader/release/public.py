"""The public part of an assignment: what the self-check judges by.

Public cases with their golden answers, the wrong answers that usual mistakes give in them, and of
each mistake its sentence and its first hint. No seed, no hidden case, no formula, no nearly-code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from grader.golden import store, wrong
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.judges import find
from grader.release.selfcheck import public
from grader.rubric.tables import ItemTable
from grader.types import Case

FILE = "golden"  # the one array that all public answers stand in


def file_of(assignment: Assignment) -> bytes:
    """Return the content of the public file."""
    table = _table(assignment)
    cases = [case for item in table.items for case in item.cases]
    return public.write(
        table, _golden(assignment, cases), _wrong(assignment, cases), assignment.given
    )


def _table(assignment: Assignment) -> public.Table:
    table = assignment.rubric.table
    judging, limits = table.judging, table.limits
    evaluator = Evaluator(assignment.rubric, assignment.golden)
    return public.Table(
        title=table.title,
        sections=tuple((section.id, section.title) for section in table.sections),
        conventions=table.conventions.model_dump(),
        judging=public.Judging(judging.unit_axes, judging.float32, judging.mutated_input),
        limits=public.Limits(limits.load_s, limits.case_s),
        items=tuple(_item(item, assignment, evaluator) for item in table.items),
    )


def _item(item: ItemTable, assignment: Assignment, evaluator: Evaluator) -> public.Item:
    cases = [case for case in assignment.rubric.cases if case.item == item.id]
    shown = tuple(case for case in cases if case.public)
    # A part that only hidden cases decide could never be right here.
    decided = {item.part_of(name, case) for case in shown for name in evaluator.names(case)}
    is_code = item.kind == "code"
    return public.Item(
        id=item.id,
        section=item.section,
        title=item.title,
        where=item.where,
        points=item.points,
        kind=item.kind,
        needs=item.needs if is_code else (),
        tolerance=item.tolerance,
        parts=tuple(
            public.Part(part.id, part.points, part.about, part.outputs)
            for part in item.parts
            if is_code and part.id in decided
        ),
        asks=item.asks,
        hint=item.hints[0] if item.hints and assignment.rubric.table.hint_level > 0 else "",
        hidden=len(cases) - len(shown),
        cases=shown,
    )


def _golden(assignment: Assignment, cases: list[Case]) -> tuple[dict[str, Any], np.ndarray]:
    """Return the golden answers of these cases as a manifest of its own, and their numbers."""
    flat = _Flat()
    rows = {}
    for case in cases:
        if find(case.judge).golden:
            answers = assignment.golden.answers(case)
            rows[case.id] = {
                "file": FILE,
                "answers": {
                    name: {
                        output: dict(zip(("offset", "shape"), flat.add(array)))
                        for output, array in outputs.items()
                    }
                    for name, outputs in answers.items()
                },
            }
    return {"format": store.FORMAT, "cases": rows}, flat.numbers()


def _wrong(assignment: Assignment, cases: list[Case]) -> tuple[dict[str, Any], np.ndarray]:
    """Return what the usual mistakes give in these cases; none that only hidden cases show."""
    flat = _Flat()
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
    mistakes = {}
    for variant in variants:
        name = variant.partition("+")[0]
        told = assignment.wrong.told(name)
        mistakes[name] = {"says": told.says, "formula": "", "hints": [told.hints[0], "", ""]}
    manifest = {
        "format": wrong.FORMAT, "mistakes": mistakes, "variants": list(variants),
        "answers": answers,
    }  # fmt: skip
    return manifest, flat.numbers()


class _Flat:
    """Arrays one behind the other, each number array once."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._known: dict[tuple[bytes, tuple[int, ...]], int] = {}
        self._size = 0

    def add(self, array: np.ndarray) -> list[Any]:
        """Return [offset, shape] of an array."""
        key = (array.tobytes(), array.shape)
        if key not in self._known:
            self._known[key] = self._size
            self._pieces.append(array.astype(np.float64).ravel())
            self._size += math.prod(array.shape)
        return [self._known[key], list(array.shape)]

    def numbers(self) -> np.ndarray:
        """Return all of them."""
        return np.concatenate([np.zeros(0), *self._pieces])
