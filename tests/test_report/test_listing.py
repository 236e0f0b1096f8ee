"""The student's own function in a card, and what to do next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.report import html, listing, page
from grader.types import Submission, Suspect
from tests.test_report import samples
from tests.test_report.reading import words
from tests.test_report.samples import item

BACKWARD = item(7, ("dx",), suspects=(Suspect("cs231n/layers.py", 13, "dx is set here"),))


def of(source: str, **changes: object) -> listing.Listing | None:
    files = {"cs231n/layers.py": source.encode("utf-8", "surrogatepass")}
    return listing.of(replace(BACKWARD, **changes), Submission("x", "", "cs231n", files))  # type: ignore[arg-type]


def test_a_function_has_its_numbers_its_marks_and_no_docstring() -> None:
    found = of(samples.SOURCE)
    assert found is not None and found.place == "cs231n/layers.py, batchnorm_backward"
    assert [line.number for line in found.lines] == [6, 0, 11, 12, 13, 14]
    assert found.marked == (13,)
    texts = {line.number: "".join(text for _, text in line.pieces) for line in found.lines}
    assert texts[12] == "    dbeta = dout.sum(axis=0)  # <b>right</b>"
    assert [line.why for line in found.lines if line.why] == ["dx is set here"]
    assert ("k", "def") in found.lines[0].pieces


LONG = "def batchnorm_backward(dout, cache):\n" + "    x = 1\n" * 300
SOURCES: dict[str, tuple[str, int, int]] = {  # source -> first line shown, how many
    "a broken file": ("x = (\n\ndef batchnorm_backward(a):\n    y = 1\n\nz = 2", 3, 2),
    "the last of two counts": (samples.SOURCE.replace("helper", "batchnorm_backward"), 6, 6),
    "a long one is cut around the mark": (LONG, 1, listing.MOST),
    "old line ends": ("def batchnorm_backward(a):\r\n    y = 1\r\n", 1, 2),
    "what is invisible is spelled out": ("def batchnorm_backward(a):\n    y = '\u202e'", 1, 2),
}  # fmt: skip


@pytest.mark.parametrize("what", SOURCES)
def test_any_file_has_a_listing(what: str) -> None:
    source, first, many = SOURCES[what]
    found = of(source)
    assert found is not None
    assert (found.lines[0].number, len(found.lines)) == (first, many)
    assert not any("\u202e" in text or "\r" in text for x in found.lines for _, text in x.pieces)


def test_a_mark_far_down_is_in_what_is_shown() -> None:
    found = of(LONG, suspects=(Suspect("cs231n/layers.py", 290, "here"),))
    assert found is not None and found.marked == (290,)


@pytest.mark.parametrize(
    "source", ["", "def other(): pass", "\0", "(" * 5000, "batchnorm_backward = 1"]
)
def test_what_is_not_there_is_not_shown(source: str) -> None:
    assert of(source) is None


def test_a_class_is_listed_once_and_other_cards_point_to_it() -> None:
    made = page.make(samples.with_source(), "")
    shown = [card.listing for card in made.cards if card.listing]
    nets = [one for one in shown if "FullyConnectedNet" in one.place]
    assert len(nets) == 2 and nets[0].lines and not nets[1].lines
    said = words(html.render(samples.with_source(), version=""))
    assert f"Your code is under “{nets[1].also}”" in said
    assert "look at line 13 first" in said and "dx is set here" in said
    assert "The assignment's own words" not in said


def test_the_next_step_has_the_command_the_lesson_and_the_note() -> None:
    said = words(html.render(samples.with_source(), version=""))
    assert "run python selfcheck.py batchnorm_backward . In the notebook: Dropout.ipynb" in said
    assert "notes/batchnorm_backward.md" in said
    gone = replace(samples.with_source(), items=samples.with_source().items[:8])
    assert "In the notebook" not in words(html.render(gone, version=""))
