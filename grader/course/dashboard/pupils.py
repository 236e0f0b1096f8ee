"""A student's row with its result, and all of them as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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

    `shares` are the scores of all attempts that have one, by turn, from 0 to 1.
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
class Answers:
    """What S graded students came to in I items and C cases.

    `earned` and `possible` have shape (S, I), nan where an item was not counted; `asked` and
    `wrong` are booleans of shape (S, C): a case of what is not written is not asked, and one that
    cost nothing, for it follows from another item, is not wrong.
    """

    pupils: tuple[Pupil, ...]
    items: tuple[str, ...]
    cases: tuple[str, ...]
    item_of: np.ndarray
    earned: np.ndarray
    possible: np.ndarray
    asked: np.ndarray
    wrong: np.ndarray
    column: dict[str, int] = field(default_factory=dict)

    def rest(self, item: int) -> np.ndarray:
        """Return each student's share of the points of all other items, shape (S,)."""
        others = np.arange(len(self.items)) != item
        with np.errstate(all="ignore"):
            found: np.ndarray = np.nansum(self.earned[:, others], axis=1) / np.nansum(
                self.possible[:, others], axis=1
            )
        return found


def answers_of(pupils: Sequence[Pupil], rubric: Rubric) -> Answers:
    """Return the arrays of those who are graded."""
    graded = tuple(one for one in pupils if one.is_graded)
    items = {item.id: number for number, item in enumerate(rubric.table.items)}
    cases = {case.id: number for number, case in enumerate(rubric.cases)}
    item_of = np.array([items[case.item] for case in rubric.cases], dtype=int)
    earned = np.full((len(graded), len(items)), np.nan)
    possible = earned.copy()
    tried = np.zeros(earned.shape, dtype=bool)
    wrong = np.zeros((len(graded), len(cases)), dtype=bool)
    for row, pupil in enumerate(graded):
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
    return Answers(
        graded, tuple(items), tuple(cases), item_of, earned, possible, asked, wrong & asked, cases
    )
