"""Where an item stands: its verdict, what following through gave, and why, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.grading import follow, score
from grader.grading.verdicts import Verdict
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.types import Diagnosis, ItemResult, Status


@dataclass(frozen=True)
class Consequence:
    """The item whose mistake explains another one, and the parts that are right without it."""

    root: str
    right: Mapping[str, bool]


def result_of(
    item: Item,
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    again: follow.Again | None,
    consequence: Consequence | None,
    why: Diagnosis | None,
) -> ItemResult:
    """Return an item as it stands: its points, faults and hints, or what it is a consequence of."""
    if item.kind != "code":
        status: Status = "pending" if item.kind == "question" else "skipped"
        return ItemResult(
            item.id, item.title, item.section, item.where, status, 0.0, item.points, ()
        )
    verdict = verdicts[item.id]
    if verdict.broken:
        status = "grader_fault"
        return ItemResult(
            item.id, item.title, item.section, item.where, status, 0.0, item.points, (),
            faults=verdict.faults,
        )  # fmt: skip
    followed = (
        None
        if again is None and consequence is None
        else {**(again.right if again else {}), **(consequence.right if consequence else {})}
    )
    parts = score.parts_of(item, verdict.right, verdict.otherwise)
    if followed is not None:
        parts = score.with_follow_through(parts, followed, rubric.table.follow_through)
    # A part that is wrong over right layers too is a mistake of the item's own.
    explained = followed is not None and all(
        part.status in ("passed", "partial") for part in parts if part.possible > 0
    )
    earned = score.tidy(sum(part.earned for part in parts))
    faults = tuple(
        fault
        for fault in verdict.faults
        if followed is None or (fault.part == "all" or not followed.get(fault.part, False))
    )
    faults = () if earned == item.points else faults
    because_of = consequence.root if consequence is not None else None
    status = score.status_of(parts, faults)
    if because_of is not None and verdict.written and rubric.table.follow_through == 0:
        status = "skipped"
    return ItemResult(
        id=item.id,
        title=item.title,
        section=item.section,
        where=item.where,
        status=status,
        earned=earned,
        possible=item.points,
        parts=parts,
        faults=faults,
        warnings=verdict.warnings,
        hints=_hints(item, why)[: rubric.table.hint_level] if earned < item.points else (),
        cause=why.cause if why is not None and because_of is None else None,
        because_of=because_of,
        followed_through=explained,
        checks=verdict.checks,
        public_checks=verdict.public_checks,
    )


def _hints(item: Item, why: Diagnosis | None) -> tuple[str, ...]:
    """Return the hints of the mistake, where it is known; else those of the item."""
    return (why.hints if why is not None else ()) or item.hints
