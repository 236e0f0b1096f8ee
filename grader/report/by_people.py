"""What people gave, put into the page and the result.json of a student: both were made before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.report.cards import Card, gain
from grader.report.faults import WORDS
from grader.report.headline import bar_of, of_points, verdict, waits
from grader.report.page import ByPerson, Page, Section, Ungraded
from grader.report.prose import from_markdown
from grader.report.text import count, one_line, points, shown
from grader.report.training import Answer
from grader.types import COUNTED

COMMENT = 20_000  # characters of a comment that are shown
DECIDED = "decided by a person"
LEAST = 1e-9  # points: less than that is none
Item = Mapping[str, Any]
Items = Mapping[str, Item]


@dataclass(frozen=True)
class Given:
    """What people gave for one item: `met` are the texts of criteria with their points."""

    item: str
    title: str
    points: float
    possible: float
    comment: str
    met: tuple[tuple[str, float], ...]


def in_page(page: Page, given: Sequence[Given], result: Mapping[str, Any]) -> Page:
    """Return a page with what people gave, which is in the `result` already."""
    items: Items = {item["id"]: item for item in result["items"]}
    known = {one.item for one in given} & set(items)
    lost = {row.item: (row.link, row.lost) for section in page.sections for row in section.rows}
    cards = tuple(_card(card, items, known, lost) for card in page.cards)
    unwritten = tuple(_card(card, items, known, lost) for card in page.unwritten)
    counted = [item for item in items.values() if item["status"] in COUNTED]
    pending = [item for item in items.values() if item["status"] == "pending"]
    score, comma, rest = page.score.partition(",")
    earned = of_points(result["score"]["earned"], result["score"]["possible"])
    ungraded = (_waiting(one, items, known) for one in page.ungraded)
    return replace(
        page,
        score=f"{earned}{comma}{rest}",
        verdict=verdict(
            cards, [one for one in unwritten if not one.by_person], bool(counted), page.untouched
        ),
        waits=waits(result["score"]["pending"]),
        bar=bar_of((item["earned"], item["possible"]) for item in (*counted, *pending)),
        cards=cards,
        unwritten=unwritten,
        sections=tuple(_section(section, items, known) for section in page.sections),
        ungraded=tuple(one for one in ungraded if one),
        answers=tuple(_answer(one, items, known) for one in page.answers),
        by_people=tuple(map(_row_of, given)),
    )


def _row_of(one: Given) -> ByPerson:
    return ByPerson(
        one_line(one.title),
        of_points(one.points, one.possible),
        tuple((f"{worth:+g}", one_line(shown(text))) for text, worth in one.met),
        from_markdown(shown(one.comment, COMMENT)) if one.comment else "",
    )


def _worth(item: Item) -> str:
    return f"{points(item['earned'])} of {points(item['possible'])}"


def _word(item: Item) -> str:
    return f"{WORDS[item['status']]}, by a person"


def _section(section: Section, items: Items, known: Collection[str]) -> Section:
    """Return a section of the map with its sum over what is graded."""
    here = [items[row.item] for row in section.rows if row.item in items]
    counted = [item for item in here if item["status"] in COUNTED]
    earned, possible = (sum(item[name] for item in counted) for name in ("earned", "possible"))
    rows = tuple(
        replace(
            row, status=items[row.item]["status"], word=_word(items[row.item]),
            points=_worth(items[row.item]), lost=0.0,
        )
        if row.item in known else row
        for row in section.rows
    )  # fmt: skip
    total = f"{points(earned)} of {points(possible)}" if counted else section.points
    return replace(section, points=total, rows=rows)


def _card(
    card: Card, items: Items, known: Collection[str], lost: Mapping[str, tuple[str, float]]
) -> Card:
    """Return a card without the points about which people have decided."""
    here = [name for name in known if lost.get(name, ("", 0.0))[0] == card.anchor]
    left = max(0.0, card.worth - sum(lost[name][1] for name in here))
    over = bool(here) and left < LEAST
    if here:
        card = replace(card, worth=left, by_person=over, gain=DECIDED if over else gain(left))
    if card.item not in known:
        return card
    item = items[card.item]
    return replace(card, status=item["status"], word=_word(item), score=_worth(item))


def _waiting(one: Ungraded, items: Items, known: Collection[str]) -> Ungraded | None:
    """Return what is not graded yet without what people have decided about."""
    left = [(name, title) for name, title in zip(one.items, one.titles) if name not in known]
    if len(left) in (0, len(one.items)):
        return one if left else None
    worth = sum(items[name]["possible"] for name, _ in left)
    names, titles = zip(*left)
    return replace(one, points=count(worth, "point"), titles=titles, items=names)


def _answer(one: Answer, items: Items, known: Collection[str]) -> Answer:
    if one.item not in known:
        return one
    item = items[one.item]
    return replace(one, worth=of_points(item["earned"], item["possible"]), by_person=True)


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
