"""An item as the report has it: status, points, faults and hints, and what it is because of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from grader.types import Fault, FaultKind, Status
from tests.support import engine_end as end

NAME = "affine_backward"  # dx and dw for 2 points each, db for 1
HINTS = ("think", "think of dx", "sum over the batch")
DX, DW, DB = (end.fault("value", part) for part in ("dx", "dw", "db"))
WHOLE = end.fault("error", "all")
ALL = {"dx": True, "dw": True, "db": True}
NONE = dict.fromkeys(ALL, False)


def rubric(**top: Any) -> Any:
    return end.rubric(end.item("affine_forward"), end.item(NAME, hints=list(HINTS)), **top)


@dataclass(frozen=True)
class Row:
    """What is known of an item, and what becomes of it."""

    right: Mapping[str, bool]
    faults: tuple[Fault, ...]
    status: Status
    earned: float
    statuses: str  # of its parts, in their order
    kept: tuple[Fault, ...] = ()
    again: Mapping[str, bool] | None = None  # right over right needs
    without: Mapping[str, bool] | None = None  # right without the mistake of affine_forward
    share: float = 1.0
    followed: bool = False
    written: bool = True


ROWS = {
    "right": Row(ALL, (), "passed", 5, "passed passed passed"),
    "right, and a fault that costs nothing": Row(ALL, (DX,), "passed", 5, "passed passed passed"),
    "a part is wrong": Row(
        {**ALL, "dx": False}, (DX,), "partial", 3, "failed passed passed", kept=(DX,)
    ),
    "all is wrong": Row(NONE, (DX, DW), "failed", 0, "failed failed failed", kept=(DX, DW)),
    "it stopped": Row(NONE, (WHOLE,), "error", 0, "failed failed failed", kept=(WHOLE,)),
    "a stub": Row(
        NONE, (end.fault("not_written"),), "not_written", 0, "not_written not_written not_written",
        kept=(end.fault("not_written"),), written=False,
    ),
    "absent": Row(
        NONE, (end.fault("missing"),), "missing", 0, "missing missing missing",
        kept=(end.fault("missing"),), written=False,
    ),
    "right over right needs": Row(
        NONE, (DX, DW, WHOLE), "passed", 5, "passed passed passed", again=ALL, followed=True
    ),
    "wrong over right needs too": Row(
        NONE, (DX, WHOLE), "failed", 0, "failed failed failed", (DX, WHOLE), again=NONE
    ),
    "a part is right over right needs": Row(
        {**NONE, "db": True}, (DX, DW, WHOLE), "partial", 3, "passed failed passed",
        kept=(DW, WHOLE), again={"dx": True, "dw": False},
    ),
    "the rest is right over right needs": Row(
        {**NONE, "db": True}, (DX, DW), "passed", 5, "passed passed passed",
        again={"dx": True, "dw": True}, followed=True,
    ),
    "half of what is right over right needs": Row(
        {**NONE, "db": True}, (DX, WHOLE), "partial", 3, "partial partial passed", kept=(WHOLE,),
        again=ALL, share=0.5, followed=True,
    ),
    "a quarter of one part": Row(
        NONE, (DX, DW, DB), "partial", 0.5, "failed partial failed", kept=(DX, DB),
        again={"dw": True}, share=0.25,
    ),
    "nothing of what is right over right needs": Row(
        NONE, (DX,), "partial", 0, "partial partial partial", again=ALL, share=0, followed=True
    ),
    "a consequence": Row(
        NONE, (DX, WHOLE), "passed", 5, "passed passed passed", without=ALL, followed=True
    ),
    "a consequence in one part": Row(
        NONE, (DX, DW), "partial", 2, "passed failed failed", kept=(DW,), without={"dx": True}
    ),
    "half of a consequence": Row(
        NONE, (DX, WHOLE), "partial", 2.5, "partial partial partial", kept=(WHOLE,), without=ALL,
        share=0.5, followed=True,
    ),
    "nothing of a consequence": Row(
        NONE, (DX, WHOLE), "skipped", 0, "partial partial partial", kept=(WHOLE,), without=ALL,
        share=0, followed=True,
    ),
    "nothing of a consequence that is not written": Row(
        NONE, (end.fault("not_written"),), "not_written", 0, "not_written not_written not_written",
        kept=(end.fault("not_written"),), without={}, share=0, written=False,
    ),
    "tried again, and a consequence": Row(
        NONE, (DX, DW, DB), "partial", 4, "passed passed failed", kept=(DB,),
        again={"dx": True, "dw": False}, without={"dw": True},
    ),
    "a consequence has the last word": Row(
        NONE, (DX, DW), "partial", 2, "failed passed failed", kept=(DX,),
        again={"dx": True, "dw": True}, without={"dx": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_becomes_of_an_item(row: Row) -> None:
    asked = rubric(follow_through=row.share)
    known = end.verdict(asked, NAME, row.right, *row.faults, written=row.written)
    without = None if row.without is None else ("affine_forward", row.without)
    found = end.outcome(asked, NAME, known, row.again, without)
    assert (found.status, found.earned, found.possible) == (row.status, row.earned, 5)
    assert [part.status for part in found.parts] == row.statuses.split()
    assert [part.possible for part in found.parts] == [2, 2, 1]
    assert sum(part.earned for part in found.parts) == row.earned
    assert found.faults == row.kept
    assert found.because_of == ("affine_forward" if row.without is not None else None)
    assert found.followed_through is row.followed


def test_an_item_is_named_as_in_the_rubric_and_counted_as_in_its_verdict() -> None:
    asked = rubric()
    warning = end.fault("shape", "dx", warning=True)
    known = end.verdict(
        asked, NAME, NONE, DX, warnings=(warning,), checks=(3, 7), public_checks=(1, 2)
    )
    found = end.outcome(asked, NAME, known)
    assert (found.id, found.title, found.section, found.where) == (
        NAME, f"About {NAME}", "s", f"layers.py: {NAME}",
    )  # fmt: skip
    assert (found.warnings, found.checks, found.public_checks) == ((warning,), (3, 7), (1, 2))
    assert found.smallest is None


def test_a_part_without_points_explains_nothing_away() -> None:
    asked = end.rubric(end.item(NAME, parts={"dx": 2, "dw": 0}))
    known = end.verdict(asked, NAME, False, DX)
    assert end.outcome(asked, NAME, known, again={"dx": True}).followed_through


def test_tenths_add_up_to_all_of_the_points() -> None:
    asked = end.rubric(end.item(NAME, parts={"dx": 0.1, "dw": 0.2}, points=0.3, hints=["think"]))
    assert 0.1 + 0.2 != 0.3
    found = end.outcome(asked, NAME, end.verdict(asked, NAME, True, DX))
    assert (found.earned, found.faults, found.hints) == (0.3, (), ())


# ---------------------------------------------------------------- hints and causes

KNOWN = end.diagnosis("it is known", ("a", "b", "c"))
UNKNOWN = end.diagnosis("it is a symptom")


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize(
    ("why", "hints"),
    [(None, HINTS), (UNKNOWN, HINTS), (KNOWN, ("a", "b", "c"))],
    ids=["no cause", "a cause without hints", "a known mistake"],
)
def test_as_many_hints_are_given_as_the_rubric_allows(
    level: int, why: Any, hints: tuple[str, ...]
) -> None:
    asked = rubric(hint_level=level)
    found = end.outcome(asked, NAME, end.verdict(asked, NAME, {**ALL, "dx": False}, DX), why=why)
    assert found.hints == hints[:level]
    assert found.cause == (None if why is None else why.cause)


def test_what_earned_all_of_its_points_has_no_hints() -> None:
    asked = rubric()
    assert end.outcome(asked, NAME, end.verdict(asked, NAME, True)).hints == ()
    followed = end.outcome(asked, NAME, end.verdict(asked, NAME, False, DX), again=ALL)
    assert followed.hints == ()


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_consequence_has_hints_where_it_costs_something_and_no_cause_of_its_own(
    share: float,
) -> None:
    asked = rubric(follow_through=share)
    known = end.verdict(asked, NAME, False, DX)
    found = end.outcome(asked, NAME, known, None, ("affine_forward", ALL), KNOWN)
    assert (found.cause, found.hints) == (None, ("a", "b", "c"))


# ---------------------------------------------------------------- what was not judged

GOAL = {"judge": "reaches", "at_least": 0.5}
OTHERS: dict[str, tuple[dict[str, Any], Status]] = {
    "question": ({"kind": "question", "where": "Dropout.ipynb"}, "skipped"),
    "notebook": (
        {
            "kind": "notebook", "where": "Dropout.ipynb",
            "parts": [{"id": "one", "about": "one", "points": 3, "goal": GOAL}],
        },
        "skipped",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "status"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_code_waits_for_others(fields: dict[str, Any], status: Status) -> None:
    row = {"id": "Dropout/1", "section": "s", "title": "Why", "points": 3, **fields}
    found = end.outcome(end.rubric(row), "Dropout/1")
    assert (found.status, found.earned, found.possible) == (status, 0, 3)
    assert (found.id, found.title, found.section, found.where) == (
        "Dropout/1", "Why", "s", "Dropout.ipynb",
    )  # fmt: skip
    assert (found.parts, found.faults) == ((), ())


@pytest.mark.parametrize("kind", ["error", "value"])
def test_our_own_fault_is_no_verdict_on_the_student(kind: FaultKind) -> None:
    asked = rubric()
    ours = end.fault(kind, message="the grader could not judge this")
    known = end.verdict(asked, NAME, {}, ours, broken=True)
    found = end.outcome(asked, NAME, known, ALL, ("affine_forward", ALL), KNOWN)
    assert (found.status, found.earned, found.possible) == ("grader_fault", 0, 5)
    assert (found.id, found.title, found.section, found.where) == (
        NAME, f"About {NAME}", "s", f"layers.py: {NAME}",
    )  # fmt: skip
    assert (found.parts, found.faults, found.hints) == ((), (ours,), ())
    assert (found.cause, found.because_of, found.followed_through) == (None, None, False)
