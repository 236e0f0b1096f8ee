"""The result of an item, as people read it: its verdict, what a rerun gave, and why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.grading import score
from grader.grading.facts import Again
from grader.grading.verdicts import Verdict
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.types import Diagnosis, ItemResult


@dataclass(frozen=True)
class Consequence:
    """The item whose mistake explains another one, and the parts that are right without it."""

    root: str
    right: Mapping[str, bool]


def result_of(
    item: Item,
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    again: Again | None,
    consequence: Consequence | None,
    why: Diagnosis | None,
) -> ItemResult:
    """Return an item's points, faults and hints, and the item that its failure follows from."""
    if item.kind != "code":
        return score.bare(item, "skipped")
    verdict, share = verdicts[item.id], rubric.table.follow_through
    if verdict.broken:
        return replace(score.bare(item, "grader_fault"), faults=verdict.faults)
    # Parts that are right over right layers; what is wrong there too is the item's own mistake.
    excused = {**(again.right if again else {}), **(consequence.right if consequence else {})}
    parts = score.parts_of(item, verdict.right, verdict.otherwise)
    parts = score.with_follow_through(parts, excused, share)
    earned = score.tidy(sum(part.earned for part in parts))
    faults = tuple(f for f in verdict.faults if earned != item.points and not excused.get(f.part))
    is_earned = all(part.status in ("passed", "partial") for part in parts if part.possible > 0)
    root = consequence.root if consequence is not None else None
    is_skipped = root is not None and verdict.written and share == 0
    hints = (why.hints if why is not None else ()) or item.hints
    return replace(
        score.bare(item, "skipped" if is_skipped else score.status_of(parts, faults)),
        earned=earned,
        parts=parts,
        faults=faults,
        warnings=verdict.warnings,
        hints=hints[: rubric.table.hint_level] if earned < item.points else (),
        cause=why.cause if why is not None and root is None else None,
        because_of=root,
        followed_through=(again or consequence) is not None and is_earned,
        checks=verdict.checks,
        public_checks=verdict.public_checks,
    )
