"""What people gave, put into the page and the result.json of a student: both were made before."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.report import on_page
from grader.report.html import environment
from grader.report.prose import from_markdown
from grader.report.text import count, one_line, points, shown
from grader.types import COUNTED

COMMENT = 20_000  # characters of a comment that are shown
_WAITS = re.compile(r'<p class="quiet">[^<]* not graded yet: a person does that\.[^<]*</p>\n?')
_ANSWERS = '<section aria-labelledby="answers">'


@dataclass(frozen=True)
class Given:
    """What people gave for one item: `met` are the texts of criteria with their points."""

    item: str
    title: str
    points: float
    possible: float
    comment: str
    met: tuple[tuple[str, float], ...]


def in_page(page: str, given: Sequence[Given], pending: float, result: Mapping[str, Any]) -> str:
    """Return a report with what people gave, which is in the `result` already.

    `pending` points wait for a person still.
    """
    rows = [
        {
            "title": one_line(one.title),
            "points": f"{points(one.points)} of {count(one.possible, 'point')}",
            "met": [(f"{worth:+g}", one_line(shown(text))) for text, worth in one.met],
            "comment": from_markdown(shown(one.comment, COMMENT)) if one.comment else "",
        }
        for one in given
    ]
    section = environment().get_template("by_people.html").render(rows=rows)
    left = (
        f'<p class="quiet">{count(pending, "point")} not graded yet: a person does that.</p>\n'
        if pending
        else ""
    )
    page = on_page.corrected(_WAITS.sub(left, page, count=1), [one.item for one in given], result)
    before = _ANSWERS if _ANSWERS in page else "</main>"
    head, found, tail = page.partition(before)
    return f"{head}{section}\n{found}{tail}" if found else page


def in_result(result: dict[str, Any], given: Sequence[Given], bonus: Collection[str] = ()) -> None:
    """Put what people gave into a result: its items, its questions and its score."""
    by_item = {one.item: one for one in given}
    score = result["score"]
    for item in result["items"]:
        one = by_item.get(item["id"])
        if one is None:
            continue
        was = item["earned"] if item["status"] in COUNTED else 0.0
        total = "bonus" if one.item in bonus else "earned"
        score[total] = _clean(score[total] + one.points - was)
        if item["status"] == "pending":
            score["pending"] = _clean(score["pending"] - item["possible"])
        elif item["status"] not in COUNTED and total == "earned":
            score["possible"] = _clean(score["possible"] + item["possible"])
        item["earned"], item["status"] = one.points, _status(one)
        item["people"] = {
            "points": one.points,
            "comment": one.comment,
            "criteria": [{"says": text, "points": worth} for text, worth in one.met],
        }
    for question in result["questions"]:
        if one := by_item.get(question["id"]):
            question["status"], question["earned"] = "graded", one.points


def _status(one: Given) -> str:
    if one.points >= one.possible:
        return "passed"
    return "partial" if one.points > 0 else "failed"


def _clean(value: float) -> float:
    return float(f"{value:.9f}")


def given_of(judged: Mapping[str, Any], titles: Mapping[str, str]) -> list[Given]:
    """Return what people gave, where they agree, from what a class has of it."""
    return [
        Given(item, titles.get(item, item), one.points, one.possible, one.comment, one.said)
        for item, one in sorted(judged.items())
        if one.points is not None
    ]
