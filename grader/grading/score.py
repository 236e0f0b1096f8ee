"""Points: what each part earns, and what a submission adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from grader.rubric.records import Item
from grader.types import COUNTED, Fault, ItemResult, PartResult, Score, Status


def bare(item: Item, status: Status) -> ItemResult:
    """Return an item that earned nothing and of which nothing is known but its status."""
    return ItemResult(
        item.id, item.title, item.section, item.where, status, 0.0, item.points, (),
        lesson=item.lesson,
    )  # fmt: skip


def parts_of(item: Item, right: Mapping[str, bool], otherwise: Status) -> tuple[PartResult, ...]:
    """Return each part with its points: all of them if it is right in every case, else none.

    A part that nothing decided is not in `right`, and earns nothing: no verdict, no points.
    `otherwise` is the status of what is not right.
    """
    return tuple(
        PartResult(part.id, part.about, part.points, part.points, "passed")
        if right.get(part.id, False)
        else PartResult(part.id, part.about, 0.0, part.points, otherwise)
        for part in item.parts
    )


def status_of(parts: Iterable[PartResult], faults: Iterable[Fault]) -> Status:
    """Return the status of a code item from its parts and the faults that cost points."""
    counted = [part for part in parts if part.possible > 0]
    if all(part.status == "passed" for part in counted):
        return "passed"
    if any(part.status in ("passed", "partial") for part in counted):
        return "partial"
    kinds = {fault.kind for fault in faults if not fault.warning}
    if kinds == {"missing"} and all(part.status == "missing" for part in counted):
        return "missing"
    if kinds and kinds <= {"not_written", "missing"}:
        return "not_written"
    if kinds == {"timeout"}:
        return "timeout"
    return "error" if kinds and kinds <= {"error", "memory", "died", "timeout"} else "failed"


def total(items: Iterable[ItemResult], bonus: Mapping[str, bool]) -> Score:
    """Return the sum over items; what was left out, or is our own fault, is not possible.

    What waits for a person is possible: nothing that is pending may look like full marks.
    """
    earned = possible = pending = extra = 0.0
    for item in items:
        # A notebook that was not run has no parts; a skipped code item has lost its points.
        counted = item.status in COUNTED or (item.status == "skipped" and item.parts)
        if item.status == "pending":
            pending += item.possible
            possible += 0.0 if bonus.get(item.id, False) else item.possible
        elif counted and bonus.get(item.id, False):
            extra += item.earned
        elif counted:  # what an item earns beyond its points is a bonus of one of its parts
            beyond = max(0.0, item.earned - item.possible)
            earned += item.earned - beyond
            extra += beyond
            possible += item.possible
    return Score(*(tidy(points) for points in (earned, possible, pending, extra)))


def tidy(points: float) -> float:
    """Return points without the dust of adding tenths."""
    return round(points, 6) + 0.0


def with_follow_through(
    parts: Iterable[PartResult], right: Mapping[str, bool], share: float
) -> tuple[PartResult, ...]:
    """Return the parts with `share` of the points of each that is right over right needs."""
    status: Status = "passed" if share == 1 else "partial"
    return tuple(
        replace(part, earned=tidy(part.possible * share), status=status)
        if part.status != "passed" and right.get(part.id, False)
        else part
        for part in parts
    )
