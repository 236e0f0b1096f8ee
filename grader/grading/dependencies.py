"""What an item depends on: a failure may only be the consequence of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.grading.verdicts import Verdict
from grader.rubric.records import Item

Verdicts = Mapping[str, Verdict]


def root(item: Item, verdicts: Verdicts, kinds: Sequence[str] = ("layers", "nets")) -> str | None:
    """Return the failed item that this one goes back to by its needs: the deepest of its kind."""
    for need in item.needs:
        if fails(need, verdicts):
            deeper = root(verdicts[need].item, verdicts, kinds)
            if deeper or kind(verdicts[need].item) in kinds:
                return deeper or need
        elif found := root(verdicts[need].item, verdicts, kinds) if need in verdicts else None:
            return found
    return None


def kind(item: Item) -> str:
    """Return "nets" for an item that calls other items' layers, else "layers"."""
    probes = [case.probe or item.probe or "" for case in item.cases]
    return "nets" if any(probe.startswith("nets.") for probe in probes) else "layers"


def fails(item_id: str, verdicts: Verdicts) -> bool:
    """Return whether there is an item of this id that is not right."""
    return item_id in verdicts and not verdicts[item_id].passed
