"""Follow-through: one mistake is paid for once.

An item that fails where something it needs is wrong runs again with the reference's layers put in
the place of the student's, in a session of its own whose text and arrays nobody is shown. What is
right there was only a consequence.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.rubric import ItemTable, Rubric
from grader.verdicts import Verdict


def is_passed(verdict: Verdict) -> bool:
    """Say whether every part that is worth points is right."""
    return all(verdict.right.get(part.id, False) for part in verdict.item.parts if part.points > 0)


def roots(rubric: Rubric, verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Return, for each item that failed, the failed item it goes back to by its needs, if any."""
    found: dict[str, str] = {}
    for item in rubric.table.items:
        if item.id not in verdicts or is_passed(verdicts[item.id]):
            continue
        for need in item.needs:
            if need in verdicts and not is_passed(verdicts[need]):
                found[item.id] = found.get(need, need)
                break
    return found


def can_follow(item: ItemTable, verdicts: Mapping[str, Verdict]) -> bool:
    """Say whether grafting layers can help: the item is a net, and a layer it needs is wrong."""
    nets = any((case.probe or item.probe or "").startswith("nets.") for case in item.cases)
    return nets and any(
        need in verdicts
        and not is_passed(verdicts[need])
        and "layers.py" in verdicts[need].item.where
        for need in item.needs
    )
