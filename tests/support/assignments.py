"""The shipped rubrics, and smaller assignments: where one item is looked at, others need not be."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from grader import resources
from grader.grading.assignment import Assignment
from grader.rubric.cases import Rubric
from tests.support import short_run


def shipped() -> list[Rubric]:
    """Return every shipped rubric, in the order of their names: read once, not to be changed."""
    return list(_shipped())


def shipped_as(name: str) -> Rubric:
    """Return the shipped rubric of that name."""
    return next(rubric for rubric in _shipped() if rubric.table.id == name)


@functools.cache
def _shipped() -> tuple[Rubric, ...]:
    return tuple(resources.rubrics())


def asking(assignment: Assignment, *items: str) -> Assignment:
    """Return the assignment with these items and what they need, and nothing else."""
    rubric = assignment.rubric
    names = {*items, *(need for item in items for need in rubric.all_needs(item))}
    kept = tuple(item for item in rubric.table.items if item.id in names)
    return replace(
        assignment,
        rubric=Rubric(replace(rubric.table, items=kept), rubric.sha256),
    )


def ask_for(patch: pytest.MonkeyPatch, *items: str) -> None:
    """Let commands ask for those of these items that a rubric has; in a whole run, for all."""
    shipped = resources.assignment

    def some(rubric: str, data_dir: Path | None = None) -> Assignment:
        whole = shipped(rubric, data_dir)
        known = {item.id for item in whole.rubric.table.items}
        return asking(whole, *(item for item in items if item in known))

    if not short_run.EVERYTHING:
        patch.setattr(resources, "assignment", some)
