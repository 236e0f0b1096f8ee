"""What to fix first: each root cause with all that follows from it, by the points it would bring.

An item that fails because of another comes under that other. So do items that stopped at the very
same line, or miss the same file: a syntax error in layers.py is one mistake, not twelve. What was
not handed in comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.types import ItemResult

OPEN = ("missing", "partial", "failed", "error", "timeout")  # statuses of an item that needs work
COUNTED = (*OPEN, "passed", "not_written")


@dataclass(frozen=True)
class Root:
    """An item to work on, what follows from it, and the points that both lost."""

    item: ItemResult
    consequences: tuple[ItemResult, ...]
    gain: float


def roots(items: Iterable[ItemResult]) -> tuple[Root, ...]:
    """Return the items that need work: what is missing, then most points first.

    Items that are not written yet are not among them.
    """
    found = [root for root in _roots(tuple(items)) if root.item.status in OPEN]
    # stable: then by the rubric
    return tuple(sorted(found, key=lambda root: (root.item.status != "missing", -root.gain)))


def unwritten(items: Iterable[ItemResult]) -> tuple[Root, ...]:
    """Return what is not written yet, in the order of the rubric: that is the order of work."""
    return tuple(root for root in _roots(tuple(items)) if root.item.status == "not_written")


def lost(item: ItemResult) -> float:
    """Return the points an item could still bring; what is not counted brings none."""
    return max(0.0, item.possible - item.earned) if item.status in COUNTED else 0.0


def _roots(items: tuple[ItemResult, ...]) -> list[Root]:
    parents = _parents(items)
    followers: dict[str, list[ItemResult]] = {}
    for item in items:
        followers.setdefault(_top(item.id, parents), []).append(item)
    return [
        Root(item, tuple(under), lost(item) + sum(map(lost, under)))
        for item in items
        if not parents[item.id]
        for under in [[one for one in followers[item.id] if one is not item]]
    ]


def _parents(items: tuple[ItemResult, ...]) -> dict[str, str | None]:
    """Return the item that explains each item, if any: always one that itself needs work."""
    by_id = {item.id: item for item in items}
    stops: dict[tuple[str, int], str] = {}
    parents: dict[str, str | None] = {}
    for item in items:
        cause = by_id.get(item.because_of or "")
        follows = cause is not None and cause.status in (*OPEN, "not_written")
        if item.status == "not_written" or item is cause:
            parents[item.id] = None
        elif cause is not None and follows and item.status != "missing":
            parents[item.id] = cause.id
        else:
            line = stop(item)
            same_line = line and stops.setdefault(line, item.id)
            parents[item.id] = str(same_line) if same_line and same_line != item.id else None
    for name in parents:
        if _is_ring(name, parents):
            parents[name] = None
    return parents


def stop(item: ItemResult) -> tuple[str, int] | None:
    """Return the one thing that stopped an item in every check, as others may have it too.

    That is the (file, line) of all its exceptions, or (sentence, 0), which only a missing file or
    one that cannot be imported shares between items.
    """
    if item.status not in ("missing", "error", "timeout") or not item.faults:
        return None
    public = [fault for fault in item.faults if fault.public]
    raised = [fault.raised for fault in public or item.faults]
    lines = {one.frames[-1][:2] if one and one.frames else None for one in raised}
    messages = {fault.message for fault in item.faults}
    line = lines.pop() if len(lines) == 1 else None
    return (line if line and line[1] else None) or (
        (messages.pop(), 0) if len(messages) == 1 else None
    )


def _is_ring(name: str, parents: Mapping[str, str | None]) -> bool:
    """Return whether the causes of an item lead back to it: then it counts by itself."""
    parent, steps = parents[name], len(parents)
    while parent is not None and parent != name and steps:
        parent, steps = parents[parent], steps - 1
    return parent == name


def _top(name: str, parents: Mapping[str, str | None]) -> str:
    while (parent := parents[name]) is not None:
        name = parent
    return name
