"""A student's row with its result, and all of them as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.course.dashboard.facts import Facts
from grader.course.tasks import Outcome
from grader.report.class_page import ClassRow
from grader.rubric.cases import Rubric
from grader.types import COUNTED

UNTRIED = ("missing", "not_written")  # statuses of an item of which no check says anything


@dataclass(frozen=True, slots=True)
class Pupil:
    """One student: the row of the page, the result that counts, and those of earlier attempts.

    `shares` are the scores of all attempts, by turn, from 0 to 1, of who has several with one.
    """

    row: ClassRow
    outcome: Outcome | None = None
    facts: Facts = Facts()
    shares: tuple[tuple[int, float], ...] = ()

    @property
    def is_graded(self) -> bool:
        """Return whether there is a score."""
        return self.outcome is not None and self.outcome.status == "graded"


@dataclass(frozen=True, eq=False)
class Rows:
    """An array of shape (S, N) whose equal rows are kept once: `kinds` (K, N), `kind` (S,)."""

    kinds: np.ndarray
    kind: np.ndarray

    def __getitem__(self, place: tuple[Any, Any]) -> np.ndarray:
        """Return what an array would have at (students, columns)."""
        students, columns = place
        if isinstance(students, slice):
            found: np.ndarray = self.kinds[:, columns][self.kind[students]]
        else:
            found = self.kinds[self.kind[students], columns]
        return found


@dataclass(frozen=True, eq=False)
class Answers:
    """What S graded students came to in I items and C cases.

    `earned` and `possible` have shape (S, I), nan where an item was not counted; `asked` and
    `wrong` are booleans of shape (S, C): a case of what is not written is not asked, and one that
    cost nothing, for it follows from another item, is not wrong. Many students came to the very
    same: `kind` (S,) numbers what they came to, `many` (K,) counts them, and `first` (K,) is one.
    """

    pupils: tuple[Pupil, ...]
    items: tuple[str, ...]
    cases: tuple[str, ...]
    item_of: np.ndarray
    earned: Rows
    possible: Rows
    asked: Rows
    wrong: Rows
    kind: np.ndarray
    many: np.ndarray
    first: tuple[int, ...]
    column: dict[str, int] = field(default_factory=dict)

    def rest(self, item: int) -> np.ndarray:
        """Return each student's share of the points of all other items, shape (S,)."""
        others = np.arange(len(self.items)) != item
        earned, possible = self.earned.kinds[:, others], self.possible.kinds[:, others]
        with np.errstate(all="ignore"):
            found: np.ndarray = np.nansum(earned, axis=1) / np.nansum(possible, axis=1)
        shares: np.ndarray = found[self.kind]
        return shares


def answers_of(pupils: Sequence[Pupil], rubric: Rubric) -> Answers:
    """Return the arrays of those who are graded."""
    graded = tuple(one for one in pupils if one.is_graded)
    kinds: dict[object, int] = {}
    first, kind = list[int](), np.zeros(len(graded), dtype=int)
    for row, pupil in enumerate(graded):
        assert pupil.outcome is not None
        facts = (tuple(pupil.facts.parts.items()), tuple(pupil.facts.says.items()))
        said = (pupil.outcome.items, pupil.outcome.cases, *facts)
        kind[row] = kinds.setdefault(said, len(kinds))
        if kind[row] == len(first):
            first.append(row)
    items = {item.id: number for number, item in enumerate(rubric.table.items)}
    cases = {case.id: number for number, case in enumerate(rubric.cases)}
    item_of = np.array([items[case.item] for case in rubric.cases], dtype=int)
    earned = np.full((len(first), len(items)), np.nan)
    possible = earned.copy()
    tried = np.zeros(earned.shape, dtype=bool)
    wrong = np.zeros((len(first), len(cases)), dtype=bool)
    for row, pupil in enumerate(graded[student] for student in first):
        assert pupil.outcome is not None
        for name, status, got, of, *_ in pupil.outcome.items:
            if name in items and status in COUNTED and of > 0:
                earned[row, items[name]], possible[row, items[name]] = got, of
                tried[row, items[name]] = status not in UNTRIED
        for name, *_ in pupil.outcome.cases:
            place = cases.get(name)
            if place is not None and (not pupil.facts.parts or name in pupil.facts.parts):
                item = item_of[place]
                wrong[row, place] = earned[row, item] < possible[row, item]
    asked = tried[:, item_of]
    many = np.bincount(kind, minlength=len(first))
    return Answers(
        graded, tuple(items), tuple(cases), item_of, Rows(earned, kind), Rows(possible, kind),
        Rows(asked, kind), Rows(wrong & asked, kind), kind, many, tuple(first), cases,
    )  # fmt: skip
