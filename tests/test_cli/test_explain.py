"""The notes on ideas: one for each function that is asked for, printed, and in students' hands."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader import resources
from grader.release import bundle
from grader.rubric.records import Item
from tests.support.assignments import shipped
from tests.test_cli.running import run

ROOT = Path(__file__).resolve().parents[2]
CODE = {i.id: i for rubric in shipped() for i in rubric.table.items if i.kind == "code"}


@pytest.mark.parametrize("function", sorted({item.function for item in CODE.values()}))
def test_each_function_has_a_short_note_with_its_formulas(function: str) -> None:
    text = resources.notes()[function].read_text(encoding="utf-8")
    assert text.startswith("# ") and re.search(r"^    \S", text, re.M)
    assert 8 <= len(text.splitlines()) <= 45
    assert not re.search(r"np\.|axis=|\bdef\b|```", text)  # the idea, not the code
    linked = re.findall(r"\]\((.*?)\)", text)
    assert all((ROOT / "docs" / "notes" / name).is_file() for name in linked)


@pytest.mark.parametrize("item", CODE.values(), ids=CODE)
def test_a_lesson_is_a_heading_of_a_notebook_that_is_handed_out(item: Item) -> None:
    book, _, heading = item.lesson.partition(", ")
    script = ROOT / "reference" / f"{book.removesuffix('.ipynb')}.py"
    assert f"# ## {heading}" in script.read_text(encoding="utf-8").splitlines()


ASKED = {  # words -> exit code, what is said
    ("adam",): (0, "1 − β₁ᵗ"),
    ("FullyConnectedNet.batchnorm",): (0, "A net of any depth"),
    (): (0, "batchnorm_backward_alt"),
    ("batchnorm_bakward",): (2, "there is no note on it; use batchnorm_backward"),
    ("nothing",): (2, "use one of FullyConnectedNet, "),
}


@pytest.mark.parametrize("words", ASKED)
def test_explain_prints_the_note_or_says_which_there_are(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, says = ASKED[words]
    done = run(monkeypatch, capfd, "explain", *words)
    assert done.code == code and says in (done.err if code else done.out)


@pytest.mark.parametrize(("level", "many"), [(3, 16), (2, 16), (1, 0)])
def test_students_get_notes_where_they_may_read_ideas(level: int, many: int) -> None:
    whole = resources.assignment("cs231n-a2")
    table = replace(whole.rubric.table, hint_level=level)
    rubric = type(whole.rubric)(table, whole.rubric.sha256)
    found = bundle._notes(ROOT / "docs" / "notes", replace(whole, rubric=rubric))
    assert len(found) == many
