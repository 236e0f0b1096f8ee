"""A report whose items people have decided about shows their points in every place, once added."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from grader.report import by_people, on_page
from grader.report import html as pages
from grader.report.by_people import Given
from grader.report.result import as_dict
from grader.report.text import points
from grader.types import Report
from tests.test_report import samples


@pytest.fixture(scope="module")
def report() -> Report:
    return samples.three_mistakes()


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return pages.render(report, version="0")


def decided(report: Report, page: str, shares: Mapping[str, float]) -> tuple[str, dict[str, Any]]:
    """Return page and result once people have given a share of the points of some items."""
    result = json.loads(json.dumps(as_dict(report)))
    worth = {item.id: item.possible for item in report.items}
    given = [Given(name, name, worth[name] * s, worth[name], "", ()) for name, s in shares.items()]
    by_people.in_result(result, given)
    return by_people.in_page(page, given, result["score"]["pending"], result), result


def text(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def of_rows(page: str) -> dict[str, str]:
    found = re.findall(r'<tr data-item="([^"]*)".*?<td class="n">(.*?)</td></tr>', page, re.S)
    return {html.unescape(name): points for name, points in found}


def test_where_nothing_was_given_nothing_changes(report: Report, page: str) -> None:
    assert text(on_page.corrected(page, [], as_dict(report))) == text(page)


def test_each_place_has_what_people_gave_and_it_adds_up(report: Report, page: str) -> None:
    waits = [item.id for item in report.items if item.status == "pending"]
    wrong = next(item.id for item in report.items if item.status in ("failed", "partial"))
    assert waits
    shown, result = decided(report, page, {**dict.fromkeys(waits, 0.75), wrong: 1.0})
    score, items = result["score"], {item["id"]: item for item in result["items"]}
    heading = f"{points(score['earned'])} of {points(score['possible'])} points"
    assert score["pending"] == 0
    assert score["earned"] == pytest.approx(sum(item["earned"] for item in items.values()))
    assert f'<h1 id="score">{heading}, code only</h1>' in shown
    assert f"<title>{heading}, code only: " in shown
    assert f'<a href="#score">{heading}</a>' in shown
    rows = of_rows(shown)
    for name in (*waits, wrong):
        assert rows[name] == f"{points(items[name]['earned'])} of {points(items[name]['possible'])}"
    sums = re.findall(r"<caption>[^<]*<span>([\d.]+) of ([\d.]+)</span>", shown)
    assert sum(float(earned) for earned, _ in sums) == pytest.approx(score["earned"], abs=0.02)
    assert sum(float(possible) for _, possible in sums) == pytest.approx(score["possible"])
    assert "not graded yet: a person does that" not in text(shown)
    assert not re.search(
        "|".join(map(re.escape, waits)), "".join(re.findall("data-waits=.*", shown))
    )
    card = re.search(rf'data-card="{wrong}".*?</p>.*?</p>', shown, re.S)
    assert card and card[0].count("by a person") == 2
    full = items[wrong]["possible"]
    assert f"{full:g} of {full:g}" in text(card[0])


def test_what_still_waits_is_listed_with_its_points_alone(report: Report, page: str) -> None:
    first, *rest = [item for item in report.items if item.status == "pending"]
    shown, _ = decided(report, page, {first.id: 0.5})
    listed = text("".join(re.findall(r"<li data-waits=.*?</li>", shown, re.S)))
    assert first.title not in listed
    assert all(item.title in listed for item in rest)
