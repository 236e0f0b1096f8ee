"""What was not handed in: an item without its notebook is missing, and earns nothing of its points.

It is left out of the total only if the grader was told to skip notebooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.grading import score
from grader.rubric.records import Item
from grader.types import Fault, ItemResult, Notebook, PartResult


def missing(item: Item) -> ItemResult:
    """Return the result of an item whose notebook is not in the submission."""
    message = f"{item.file} was not handed in"
    return replace(
        score.bare(item, "missing"),
        faults=(Fault(item.id, "all", "", "missing", message, public=True),),
        parts=tuple(
            PartResult(part.id, part.about, 0.0, 0.0 if part.bonus else part.points, "missing")
            for part in item.parts
        ),
    )


def with_questions(
    results: Iterable[ItemResult], asked: Iterable[Item], notebooks: Sequence[Notebook]
) -> tuple[ItemResult, ...]:
    """Return the results with the inline questions: pending if a person can read them, or missing.

    Without a record of any notebook the grader was told to skip them, and nothing changes.
    """
    status = {notebook.name: notebook.status for notebook in notebooks}
    questions = {
        item.id: missing(item)
        if status.get(item.file, "missing") == "missing"
        else score.bare(item, "pending")
        for item in asked
        if notebooks and item.kind == "question"
    }
    return tuple(questions.get(result.id, result) for result in results)
