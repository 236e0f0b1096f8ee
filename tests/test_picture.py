"""The picture in the README shows what the demo gives today; `make picture` makes it anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from demo import picture
from grader.rubric.reading import read_rubric
from tests.support import shared

RUBRIC = picture.ROOT / "rubrics" / "cs231n-a2.toml"
ANEW = "run `make picture`"


@dataclass
class Demo:
    """The page of the demo's report, and its result."""

    page: str
    result: Any


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = shared.made_once(tmp_path_factory, "demo graded", picture.report)
    page = (folder / "report.html").read_text(encoding="utf-8")
    return Demo(page, json.loads((folder / "result.json").read_bytes()))


@pytest.fixture(scope="module")
def stored() -> list[str]:
    return picture.lines_of(picture.TEXT.read_text(encoding="utf-8"))[0]


@dataclass
class Reader(HTMLParser):
    """Collects the pieces of text of a page, hidden ones too."""

    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_data(self, data: str) -> None:
        self.found += [" ".join(data.split())] if data.strip() else []


def left_out(wanted: Iterable[str], there: Iterator[str]) -> list[str]:
    """Return what is not there, each behind the one before it."""
    return [one for one in wanted if not any(one == other for other in there)]


def test_every_number_and_word_of_the_picture_is_in_the_report(
    demo: Demo, stored: list[str]
) -> None:
    reader = Reader()
    reader.feed(demo.page)
    assert len(stored) > 40
    assert left_out(stored, iter(reader.found)) == [], ANEW


def test_its_points_are_those_of_the_result(demo: Demo, stored: list[str]) -> None:
    score = demo.result["score"]
    assert f"{score['earned']:g} of {score['possible']:g} points, code only" in stored, ANEW
    titles = {item.id: item.title for item in read_rubric(RUBRIC).table.items}
    items = {titles[item["id"]]: item for item in demo.result["items"]}
    rows = list(zip(stored, stored[1:], stored[2:]))
    todo = [(one, after) for one, after, _ in rows if one in items and "point" in after]
    listed = [(one, then) for one, after, then in rows if one in items and "point" not in after]
    assert len(todo) >= 3 and {title for title, _ in listed} == items.keys()
    for title, costs in todo:
        lost = items[title]["possible"] - items[title]["earned"]
        assert costs == f"{lost:g} point{'s' * (lost != 1)}", ANEW
    for title, score_of in listed:
        one = items[title]
        earned = "–" if one["status"] == "skipped" else f"{one['earned']:g}"
        assert score_of == f"{earned} of {one['possible']:g}", ANEW


def test_the_picture_and_its_text_were_made_together() -> None:
    digest = picture.lines_of(picture.TEXT.read_text(encoding="utf-8"))[1]
    assert hashlib.sha256(picture.PICTURE.read_bytes()).hexdigest() == digest, ANEW


@pytest.mark.skipif(picture.CHROMIUM is None, reason="NOT CHECKED: chromium is not installed")
def test_a_browser_shows_the_same_text_today(demo: Demo, stored: list[str], tmp_path: Path) -> None:
    today = [text for text, _ in picture.shown(demo.page, tmp_path / "text")]
    assert today[: len(stored)] == stored, ANEW


def test_a_number_that_is_not_in_the_report_is_found() -> None:
    assert left_out(["1", "3"], iter(["1", "2", "3"])) == []
    assert left_out(["3", "1"], iter(["1", "2", "3"])) == ["1"]
    assert left_out(["1", "4"], iter(["1", "2", "3"])) == ["4"]
