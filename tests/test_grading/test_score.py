"""Points: what parts earn, what an item is called, what a submission adds up to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from grader.grading import score
from grader.rubric.records import Item
from grader.types import COUNTED, Fault, FaultKind, ItemResult, PartResult, Score, Status


def item(**points: float) -> Item:
    """An item with these parts and points."""
    rows = [{"id": name, "points": n, "about": f"{name} is right"} for name, n in points.items()]
    return TypeAdapter(Item).validate_python({
        "id": "item", "section": "s", "where": "layers.py: f", "title": "Item",
        "points": sum(points.values()), "probe": "p.q", "cases": [{"id": "one"}], "parts": rows,
    })  # fmt: skip


def parts(*rows: tuple[str, float, float, Status]) -> list[PartResult]:
    return [
        PartResult(name, "", earned, possible, status) for name, earned, possible, status in rows
    ]


def fault(kind: FaultKind, warning: bool = False) -> Fault:
    return Fault("item/one", "out", "out", kind, "says", True, warning=warning)


def result(status: Status, earned: float, possible: float, name: str = "item") -> ItemResult:
    return ItemResult(name, "", "s", "", status, earned, possible, ())


# ---------------------------------------------------------------- parts

RIGHT = [
    ({"dx": True, "dw": True, "db": True}, (2, 2, 1)),
    ({"dx": True, "dw": False, "db": True}, (2, 0, 1)),
    ({"dx": False, "dw": False, "db": False}, (0, 0, 0)),
    ({"dx": True}, (2, 0, 0)),  # nothing decided the others: no verdict, no points
    ({}, (0, 0, 0)),
    ({"dy": True, "": True, "all": True}, (0, 0, 0)),
]


@pytest.mark.parametrize(("right", "earned"), RIGHT)
def test_a_part_earns_all_of_its_points_or_none(
    right: dict[str, bool], earned: tuple[float, ...]
) -> None:
    found = score.parts_of(item(dx=2, dw=2, db=1), right, "failed")
    assert [part.earned for part in found] == list(earned)
    assert [part.possible for part in found] == [2, 2, 1]
    assert [part.id for part in found] == ["dx", "dw", "db"]
    assert [part.about for part in found] == ["dx is right", "dw is right", "db is right"]
    assert [part.status for part in found] == ["passed" if e else "failed" for e in earned]


@pytest.mark.parametrize("status", ["not_written", "missing"])
def test_what_is_not_there_is_not_called_failed(status: Status) -> None:
    found = score.parts_of(item(dx=2, db=1), {}, status)
    assert {part.status for part in found} == {status}


def test_a_part_without_points_has_a_status_and_earns_nothing() -> None:
    found = score.parts_of(item(train=2, single=0), {"train": True, "single": False}, "failed")
    assert [(p.earned, p.status) for p in found] == [(2, "passed"), (0, "failed")]


# ---------------------------------------------------------------- the status of an item

WON = ("a", 2.0, 2.0, "passed")
LOST = ("b", 0.0, 1.0, "failed")
FREE = ("c", 0.0, 0.0, "failed")
STUB = ("b", 0.0, 1.0, "not_written")
ABSENT = ("b", 0.0, 1.0, "missing")
HALF = ("a", 0.5, 1.0, "partial")
STATUSES: dict[str, tuple[list[tuple[str, float, float, Status]], list[Fault], Status]] = {
    "all right": ([WON], [], "passed"),
    "all right, with warnings": ([WON], [fault("shape", True)], "passed"),
    "a part without points is wrong": ([WON, FREE], [fault("value", True)], "passed"),
    "one part right": ([WON, LOST], [fault("value")], "partial"),
    "one part right, the other stopped": ([WON, LOST], [fault("error")], "partial"),
    "only a part without points is right": (
        [LOST, ("c", 0.0, 0.0, "passed")], [fault("value")], "failed",
    ),
    "wrong": ([LOST], [fault("value")], "failed"),
    "wrong and stopped": ([LOST], [fault("value"), fault("error")], "failed"),
    "not finite": ([LOST], [fault("not_finite")], "failed"),
    "no fault known": ([LOST], [], "failed"),
    "warnings alone": ([LOST], [fault("error", True)], "failed"),
    "half of one part": ([HALF, LOST], [fault("value")], "partial"),
    "half of every part": ([HALF], [], "partial"),
    "stub": ([STUB], [fault("not_written")], "not_written"),
    "absent": ([ABSENT], [fault("missing")], "missing"),
    "absent, and a warning": ([ABSENT], [fault("missing"), fault("value", True)], "missing"),
    "absent, a part without points left out": (
        [ABSENT, FREE], [fault("missing")], "missing",
    ),
    "absent in part": ([ABSENT, STUB], [fault("missing")], "not_written"),
    "absent and stopped": ([ABSENT], [fault("missing"), fault("error")], "failed"),
    "absent, and no fault known": ([ABSENT], [], "failed"),
    "what it needs is absent": ([STUB], [fault("missing")], "not_written"),
    "stub and absent": ([STUB], [fault("not_written"), fault("missing")], "not_written"),
    "stub and wrong": ([LOST], [fault("not_written"), fault("value")], "failed"),
    "a stub with a warning": ([STUB], [fault("not_written"), fault("value", True)], "not_written"),
    "too slow": ([LOST], [fault("timeout"), fault("timeout")], "timeout"),
    "too slow and stopped": ([LOST], [fault("timeout"), fault("error")], "error"),
    "too slow and wrong": ([LOST], [fault("timeout"), fault("value")], "failed"),
    "exception": ([LOST], [fault("error")], "error"),
    "memory": ([LOST], [fault("memory")], "error"),
    "died": ([LOST], [fault("died"), fault("error")], "error"),
    "all ways to stop": (
        [LOST], [fault("died"), fault("error"), fault("memory"), fault("timeout")], "error",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "faults", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_the_status_of_an_item(
    rows: list[tuple[str, float, float, Status]], faults: list[Fault], status: Status
) -> None:
    assert score.status_of(parts(*rows), faults) == status


# ---------------------------------------------------------------- the whole


def test_points_of_graded_items_are_added_up() -> None:
    items = [result(status, 2.0**-n, 1.0) for n, status in enumerate(COUNTED)]
    # 1 + 1/2 + 1/4 + 1/8 + 1/16 + 1/32 + 1/64
    assert score.total(items, {}) == Score(1.984375, 7.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "status", ["passed", "partial", "failed", "not_written", "missing", "error", "timeout"]
)
def test_what_was_graded_is_possible_whatever_became_of_it(status: Status) -> None:
    assert score.total([result(status, 0.0, 3.0)], {}) == Score(0.0, 3.0, 0.0, 0.0)


@pytest.mark.parametrize("status", ["skipped", "grader_fault"])
def test_what_could_not_be_graded_counts_neither_way(status: Status) -> None:
    items = [result("passed", 2.0, 2.0), result(status, 0.0, 5.0)]
    assert score.total(items, {}) == Score(2.0, 2.0, 0.0, 0.0)
    assert score.total(items, {"item": True}).possible == 0.0


def test_code_that_was_skipped_has_lost_its_points() -> None:
    skipped = replace(result("skipped", 0.0, 5.0), parts=tuple(parts(LOST)))
    items = [result("passed", 2.0, 2.0), skipped]
    assert score.total(items, {}) == Score(2.0, 7.0, 0.0, 0.0)


def test_our_own_fault_counts_neither_way_whatever_was_decided_before_it() -> None:
    broken = replace(result("grader_fault", 1.0, 5.0), parts=tuple(parts(WON)))
    for bonus in (True, False):
        assert score.total([broken], {"item": bonus}) == Score(0.0, 0.0, 0.0, 0.0)


def test_what_is_pending_is_possible_and_counted_by_itself() -> None:
    items = [result("passed", 2.0, 2.0), result("pending", 0.0, 1.6), result("pending", 0.0, 1.6)]
    assert score.total(items, {}) == Score(2.0, 5.2, 3.2, 0.0)


def test_a_bonus_is_earned_and_never_possible() -> None:
    items = [
        result("partial", 3.0, 4.0, "plain"),
        result("partial", 1.5, 2.0, "extra"),
        result("failed", 0.0, 5.0, "more"),
    ]
    assert score.total(items, {"extra": True, "more": True, "plain": False}) == Score(3, 4, 0, 1.5)
    assert score.total(items, {}) == Score(4.5, 11.0, 0.0, 0.0)


def test_a_bonus_that_is_pending_is_pending() -> None:
    assert score.total([result("pending", 0.0, 2.0)], {"item": True}) == Score(0, 0, 2, 0)


def test_nothing_adds_up_to_nothing() -> None:
    assert score.total([], {}) == Score(0.0, 0.0, 0.0, 0.0)


def test_adding_tenths_leaves_no_dust() -> None:
    items = [result("passed", 0.1, 0.1) for _ in range(10)] + [result("passed", 0.7, 0.7)]
    assert sum([0.1] * 10) != 1.0, "the dust is there"
    assert score.total(items, {}) == Score(1.7, 1.7, 0.0, 0.0)
    assert str(score.tidy(-0.0)) == "0.0" and score.tidy(1 / 3) == 0.333333
    assert score.tidy(0.0000004) == 0.0 and score.tidy(2.5) == 2.5


# ---------------------------------------------------------------- follow-through

THREE = [("a", 2.0, 2.0, "passed"), ("b", 0.0, 1.0, "failed"), ("c", 0.0, 0.5, "failed")]
FOLLOWED: dict[str, tuple[dict[str, bool], float, list[float], list[str]]] = {
    "nothing right again": ({}, 1.0, [2, 0, 0], ["passed", "failed", "failed"]),
    "one right": ({"b": True, "c": False}, 1.0, [2, 1, 0], ["passed", "passed", "failed"]),
    "all right": ({"a": True, "b": True, "c": True}, 1.0, [2, 1, 0.5], ["passed"] * 3),
    "half": ({"b": True, "c": True}, 0.5, [2, 0.5, 0.25], ["passed", "partial", "partial"]),
    "a third": ({"b": True}, 1 / 3, [2, 0.333333, 0], ["passed", "partial", "failed"]),
    "what was right loses nothing": ({"a": False}, 0.5, [2, 0, 0], ["passed", "failed", "failed"]),
    "right twice is paid once": ({"a": True}, 0.5, [2, 0, 0], ["passed", "failed", "failed"]),
}


@pytest.mark.parametrize(
    ("right", "share", "earned", "statuses"), FOLLOWED.values(), ids=FOLLOWED.keys()
)
def test_a_part_that_is_right_over_right_needs_earns_the_share(
    right: dict[str, bool], share: float, earned: list[float], statuses: list[str]
) -> None:
    found = score.with_follow_through(parts(*THREE), right, share)
    assert [part.earned for part in found] == earned
    assert [part.status for part in found] == statuses
    assert [part.possible for part in found] == [2.0, 1.0, 0.5]


def test_what_an_item_earns_beyond_its_points_is_a_bonus() -> None:
    items = [result("passed", 5, 4, "best_model"), result("passed", 3, 4)]
    assert score.total(items, {}) == Score(7, 8, 0, 1)
