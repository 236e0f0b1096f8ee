"""What decides an item: if its verdict follows from the same, and if what is right stays right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader import resources
from grader.course.deciding import deciding, is_eased, is_judged_alike
from grader.grading.assignment import Assignment
from grader.rubric.cases import Rubric
from grader.rubric.records import Item, Part

SAME, EASED, OTHER = "judged alike", "right stays right", "judged anew"


def with_item(found: Assignment, name: str, **changes: Any) -> Assignment:
    """Return an assignment with fields of an item changed; a function changes what is there."""
    table = found.rubric.table

    def changed(item: Item) -> Item:
        new = {key: to(getattr(item, key)) if callable(to) else to for key, to in changes.items()}
        return replace(item, **new)

    items = tuple(changed(item) if item.id == name else item for item in table.items)
    return replace(found, rubric=Rubric(replace(table, items=items), found.rubric.sha256))


def first(rows: Any, **changes: Any) -> Any:
    """Return rows, of which the first is another."""
    return (replace(rows[0], **changes), *rows[1:])


def last(rows: Any, **changes: Any) -> Any:
    """Return rows, of which the last is another."""
    return (*rows[:-1], replace(rows[-1], **changes))


# item, what is changed, what that makes of it, and what the way back does
CHANGES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "points": ("adam", {"points": 5.0, "parts": lambda p: first(p, points=3.0)}, SAME, SAME),
    "words": ("adam", {"title": "A", "hints": (), "parts": lambda p: first(p, about="")},
              SAME, SAME),
    "a bonus": ("adam", {"bonus": True}, SAME, SAME),
    "a part that brings nothing": ("adam", {"parts": lambda p: first(p, points=0.0)},
                                   EASED, EASED),
    "a part more": ("adam", {
        "parts": lambda p: (*p, Part("more", 1.0)), "cases": lambda c: last(c, part="more"),
    }, EASED, EASED),
    "a case that counts to another part": ("adam", {"cases": lambda c: last(c, part="moments")},
                                           EASED, EASED),
    "outputs that no part has": ("adam", {"parts": lambda p: first(p, outputs=("none",))},
                                 OTHER, OTHER),
    "a case that judges some outputs": ("adam", {"cases": lambda c: first(c, only=("m",))},
                                        OTHER, OTHER),
    "a case less": ("adam", {"cases": lambda c: c[1:]}, EASED, OTHER),
    "cases in another order": ("adam", {"cases": lambda c: c[::-1]}, EASED, EASED),
    "a public case": ("adam", {"cases": lambda c: last(c, public=True)}, OTHER, OTHER),
    "a case that needs an item": ("adam", {"cases": lambda c: last(c, needs=("rmsprop",))},
                                  OTHER, OTHER),
    "a larger tolerance": ("adam", {"tolerance": "net"}, EASED, OTHER),
    "a tolerance larger in float64 alone": ("adam", {"tolerance": "difference"}, OTHER, OTHER),
    "another tolerance of a property": ("dropout_forward", {"tolerance": "net"}, OTHER, OTHER),
    "fewer conventions": ("adam", {"alternatives": lambda a: a[:1]}, OTHER, EASED),
    "a need more": ("adam", {"needs": ("sgd_momentum",)}, EASED, OTHER),
    "another large input": ("batchnorm_backward", {"large": {}}, OTHER, OTHER),
    "another goal": ("best_model", {"parts": lambda p: p[:1]}, EASED, EASED),  # but no code
}  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Assignment:
    return resources.assignment("cs231n-a2")


def kind(before: str, now: str) -> str:
    if is_judged_alike(before, now):
        return SAME
    return EASED if is_eased(before, now) else OTHER


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_known_by_what_it_can_move(what: str, shipped: Assignment) -> None:
    item, changes, there, back = CHANGES[what]
    before, now = dict(deciding(shipped)), dict(deciding(with_item(shipped, item, **changes)))
    assert {name for name in before if before[name] != now[name]} == {item}
    assert (kind(before[item], now[item]), kind(now[item], before[item])) == (there, back)


def test_another_golden_answer_is_judged_anew(
    shipped: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, golden = dict(deciding(shipped)), shipped.golden
    known = golden.answers

    def answers(case: Any) -> Any:
        found = known(case)
        if case.id != "adam/default":
            return found
        return {name: {o: a + 1 for o, a in arrays.items()} for name, arrays in found.items()}

    monkeypatch.setattr(golden, "answers", answers)
    now = dict(deciding(shipped))
    assert {name: kind(before[name], now[name]) for name in now if now[name] != before[name]} == {
        "adam": OTHER
    }


@pytest.mark.parametrize("text", ["", "old", "ab-cd", "[]", "{}", '{"cases": 1}'])
def test_nothing_is_concluded_from_what_an_earlier_version_kept(
    text: str, shipped: Assignment
) -> None:
    now = dict(deciding(shipped))["adam"]
    assert kind(text, now) == OTHER
