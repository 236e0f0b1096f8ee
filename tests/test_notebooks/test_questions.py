"""Inline questions in a solved notebook: whole, in order, and never more than a student may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from grader.errors import GraderFault
from grader.notebooks.percent import ScriptCell
from grader.notebooks.questions import ANSWER_MARKER, CELLS, check, handed_out


def question(number: int) -> list[ScriptCell]:
    texts = (f"Why {number}?", ANSWER_MARKER, f"Because {number}.", f"Half for {number}.")
    return [ScriptCell("markdown", t, (tag, f"Net/{number}")) for tag, t in zip(CELLS, texts)]


CODE, TEXT = ScriptCell("code", "x = 1"), ScriptCell("markdown", "# Title")
NOTEBOOK = [TEXT, *question(1), CODE, TEXT, *question(2), *question(3)]


def test_whole_questions_pass_and_a_student_gets_no_answer() -> None:
    check(NOTEBOOK, "Net")
    check([TEXT, CODE], "Net")
    assert handed_out(NOTEBOOK) == [
        TEXT, *question(1)[:2], CODE, TEXT, *question(2)[:2], *question(3)[:2]
    ]  # fmt: skip


def changed(place: int, **more: object) -> Callable[[list[ScriptCell]], list[ScriptCell]]:
    return lambda cells: [
        replace(cell, **more) if i == place else cell  # type: ignore[arg-type]
        for i, cell in enumerate(cells)
    ]


BROKEN: dict[str, Callable[[list[ScriptCell]], list[ScriptCell]]] = {
    "a slip in the tag of a model answer": changed(3, tags=("model-answers", "Net/1")),
    "a model answer without its tag": changed(3, tags=()),
    "a model answer with one tag more": changed(3, tags=("model-answer", "Net/1", "x")),
    "a model answer of another question": changed(3, tags=("model-answer", "Net/2")),
    "grading notes without their tag": changed(4, tags=()),
    "grading notes in the place of the model answer": changed(3, tags=("grading-notes", "Net/1")),
    "a model answer in a code cell": changed(3, kind="code"),
    "an answer place that says more": changed(2, source=f"{ANSWER_MARKER} because"),
    "a question of another notebook": changed(1, tags=("inline-question", "Other/1")),
    "questions in another order": lambda c: [*c[:1], *question(2), *question(1), *c[11:]],
    "no answer place": lambda c: [*c[:2], *c[3:]],
    "a cell between answer place and model answer": lambda c: [*c[:3], TEXT, *c[3:]],
    "no model answer at the end": lambda c: c[:-2],
    "no grading notes at the end": lambda c: c[:-1],
    "a tag on a code cell": changed(5, tags=("slow",)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_whole_is_refused(what: str) -> None:
    with pytest.raises(GraderFault, match="^Net"):
        check(BROKEN[what](NOTEBOOK), "Net")
