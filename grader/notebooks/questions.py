"""Inline questions: four text cells each in a solved notebook, two of which a student gets.

    tags=["inline-question", "Dropout/1"]   what is asked
    tags=["inline-answer", "Dropout/1"]     ANSWER_MARKER, where the student writes
    tags=["model-answer", "Dropout/1"]      for the instructor only
    tags=["grading-notes", "Dropout/1"]     for the instructor only

The id is the notebook's name and the number of the question, as in the rubric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.errors import GraderFault

if TYPE_CHECKING:  # a student's own check needs the words only
    from grader.notebooks.percent import ScriptCell

CELLS = ("inline-question", "inline-answer", "model-answer", "grading-notes")
QUESTION, ANSWER, MODEL_ANSWER, NOTES = CELLS
ANSWER_MARKER = "*Your answer:*"


def check(cells: Sequence[ScriptCell], name: str) -> None:
    """Check that the tagged cells of the notebook `name` are whole questions in order.

    Raises GraderFault if they are not: a tag with a slip in it would hand an answer out.
    """
    tagged = [(place, cell) for place, cell in enumerate(cells) if cell.tags]
    for count, (place, cell) in enumerate(tagged):
        number, part = divmod(count, len(CELLS))
        expected = (CELLS[part], f"{name}/{number + 1}")
        follows = part == 0 or place == tagged[count - 1][0] + 1
        if cell.tags != expected or cell.kind != "markdown" or not follows:
            raise GraderFault(
                f"{name}, cell {place + 1}: has the tags {list(cell.tags)}; "
                f"here a text cell {list(expected)} has to stand"
            )
        if expected[0] == ANSWER and cell.source != ANSWER_MARKER:
            raise GraderFault(f"{name}, cell {place + 1}: write {ANSWER_MARKER} and nothing else")
    if len(tagged) % len(CELLS):
        raise GraderFault(f"{name}: the last question is not whole; it needs {', '.join(CELLS)}")


def handed_out(cells: Sequence[ScriptCell]) -> list[ScriptCell]:
    """Return the cells that a student gets."""
    return [cell for cell in cells if not {MODEL_ANSWER, NOTES} & set(cell.tags)]
