"""A page of whose items people have decided some shows their points in every place, and adds up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from grader.course import plain
from grader.course.assembled import Record
from grader.report import by_people
from grader.report import page as pages
from grader.report.by_people import DECIDED, Given
from grader.report.page import Page
from grader.report.result import as_dict
from grader.report.text import points
from grader.types import Report
from tests.test_report import samples


@pytest.fixture(scope="module")
def report() -> Report:
    return samples.three_mistakes()


def decided(report: Report, shares: Mapping[str, float]) -> tuple[Page, dict[str, Any]]:
    """Return page and result once people have given a share of the points of some items."""
    result = json.loads(json.dumps(as_dict(report)))
    worth = {item.id: item.possible for item in report.items}
    given = [Given(name, name, worth[name] * s, worth[name], "", ()) for name, s in shares.items()]
    by_people.in_result(result, given)
    return by_people.in_page(pages.make(report, "0"), given, result), result


@pytest.mark.parametrize("name", samples.ALL)
def test_a_page_is_kept_as_text_and_read_again(name: str) -> None:
    page = pages.make(samples.ALL[name](), "0")
    assert plain.loads(plain.dumps(page), Page) == page


@pytest.mark.parametrize("name", samples.ALL)
def test_where_nothing_was_given_nothing_changes(name: str) -> None:
    report = samples.ALL[name]()
    assert decided(report, {})[0] == pages.make(report, "0")


def test_each_place_has_what_people_gave_and_it_adds_up(report: Report) -> None:
    waits = [item.id for item in report.items if item.status == "pending"]
    wrong = next(item.id for item in report.items if item.status in ("failed", "partial"))
    assert waits
    page, result = decided(report, {**dict.fromkeys(waits, 0.75), wrong: 1.0})
    score, items = result["score"], {item["id"]: item for item in result["items"]}
    assert score["pending"] == 0 and page.waits == ""
    assert score["earned"] == pytest.approx(sum(item["earned"] for item in items.values()))
    heading = f"{points(score['earned'])} of {points(score['possible'])} points"
    assert page.score == f"{heading}, code only"
    rows = {row.item: row for section in page.sections for row in section.rows}
    for name in (*waits, wrong):
        worth = f"{points(items[name]['earned'])} of {points(items[name]['possible'])}"
        assert rows[name].points == worth and rows[name].word.endswith(", by a person")
    sums = [section.points.split(" of ") for section in page.sections if " of " in section.points]
    assert sum(float(earned) for earned, _ in sums) == pytest.approx(score["earned"], abs=0.02)
    assert sum(float(possible) for _, possible in sums) == pytest.approx(score["possible"])
    assert not set(waits) & {name for one in page.ungraded for name in one.items}
    card = next(card for card in page.cards if card.item == wrong)
    full = f"{items[wrong]['possible']:g}"
    assert (card.score, card.status) == (f"{full} of {full}", "passed")
    assert len(page.by_people) == len(waits) + 1


def test_what_people_decided_about_is_nothing_to_fix_any_more(report: Report) -> None:
    before = pages.make(report, "0")
    assert before.verdict.startswith(f"{len(before.cards)} things to fix")
    affected = {
        card.anchor: [
            row.item for section in before.sections for row in section.rows
            if row.link == card.anchor
        ]
        for card in before.cards
    }  # fmt: skip
    first = next(card for card in before.cards if len(affected[card.anchor]) > 1)
    half, _ = decided(report, {first.item: 0.5})
    card = next(card for card in half.cards if card.item == first.item)
    assert not card.by_person and 0 < card.worth < first.worth, "what follows from it may come back"
    page, _ = decided(report, dict.fromkeys(affected[first.anchor], 0.5))
    card = next(card for card in page.cards if card.item == first.item)
    assert card.by_person and card.gain == DECIDED and card.worth == 0
    left = len(before.cards) - 1
    assert page.verdict.startswith(f"{left} thing{'s' if left > 1 else ''} to fix")
    every, _ = decided(report, {n: 0.0 for names in affected.values() for n in names})
    assert "to fix" not in every.verdict


def test_what_still_waits_is_listed_with_its_points_alone(report: Report) -> None:
    more = [item for item in report.items if item.status == "passed"][:2]
    waiting = tuple(
        replace(item, status="pending", earned=0.0) if item in more else item
        for item in report.items
    )
    pending = [item for item in waiting if item.status == "pending"]
    first, *rest = pending
    score = replace(report.score, pending=sum(item.possible for item in pending))
    page, _ = decided(replace(report, items=waiting, score=score), {first.id: 0.5})
    listed = [title for one in page.ungraded for title in one.titles]
    assert first.title not in listed
    assert len(rest) >= 2 and all(item.title in listed for item in rest)
    assert page.waits.startswith(f"{points(sum(item.possible for item in rest))} point")


@pytest.mark.parametrize("kind", [Page, Record])
def test_no_two_kinds_of_records_have_one_name(kind: type) -> None:
    kinds = plain.kinds(kind)
    assert len({each.__name__ for each in kinds}) == len(kinds) > 20


def test_a_record_of_another_kind_is_refused() -> None:
    page = pages.make(samples.three_mistakes(), "0")
    with pytest.raises((ValueError, KeyError)):
        plain.loads(plain.dumps(page), Report)
    with pytest.raises(ValueError, match="is no Page"):
        plain.loads(plain.dumps(page.bar[0]), Page)
    with pytest.raises((ValueError, KeyError)):
        plain.loads('{"is": "Popen", "args": "x"}', Page)
    with pytest.raises(ValueError, match="deeply"):
        plain.loads("[" * 100_000 + "]" * 100_000, Page)
    assert plain.loads(plain.dumps(replace(page, name="é\u2028")), Page).name == "é\u2028"
