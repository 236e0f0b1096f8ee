"""What has changed since an earlier result: what is fixed, what is new, what is as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from grader.report.result_form import ResultJson
from grader.report.text import listed, points
from grader.types import COUNTED

MOST = 6  # titles of one kind
Earlier = Mapping[str, tuple[bool, float]]  # item -> whether it was right, and its points


class Graded(Protocol):
    """An item as it stands now: of a report, or of a result that was read back."""

    @property
    def id(self) -> str:
        """Its id in the rubric."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def status(self) -> str:
        """One of types.Status."""

    @property
    def earned(self) -> float:
        """Its points."""


def standings(result: ResultJson) -> Earlier:
    """Return how the items of a result stood, those that were graded."""
    return {
        item["id"]: (item["status"] == "passed", item["earned"])
        for item in result["items"]
        if item["status"] in COUNTED
    }


def since(before: Earlier, items: Iterable[Graded]) -> tuple[str, ...]:
    """Return a sentence for each kind of change, of items that were graded both times."""
    kinds: dict[str, list[str]] = {name: [] for name in ("Fixed", "New", "Better", "Worse", "As")}
    for item in items:
        was = before.get(item.id)
        if was is None or item.status not in COUNTED:
            continue
        right, now_right = was[0], item.status == "passed"
        if right and now_right:
            continue
        gain = item.earned - was[1]
        moved = f"{item.title} ({points(was[1])} → {points(item.earned)})"
        if now_right:
            kinds["Fixed"].append(moved)
        elif right:
            kinds["New"].append(moved)
        elif abs(gain) > 1e-9:
            kinds["Better" if gain > 0 else "Worse"].append(moved)
        else:
            kinds["As"].append(item.title)
    words = {
        "Fixed": "Fixed since last time", "New": "Right last time, not now",
        "Better": "Better than last time", "Worse": "Worse than last time",
        "As": "Not right yet, as last time",
    }  # fmt: skip
    return tuple(f"{words[kind]}: {_some(titles)}." for kind, titles in kinds.items() if titles)


def _some(titles: list[str]) -> str:
    more = len(titles) - MOST
    return listed([*titles[:MOST], f"{more} more"] if more > 0 else titles)
