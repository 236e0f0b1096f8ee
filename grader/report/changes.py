"""What has changed since an earlier result: what is fixed, what is new, what is as it was."""

from __future__ import annotations

from collections.abc import Iterable

from grader.report.result_form import ResultJson
from grader.report.text import listed, points
from grader.types import COUNTED, ItemResult

MOST = 6  # titles of one kind


def since(before: ResultJson, items: Iterable[ItemResult]) -> tuple[str, ...]:
    """Return a sentence for each kind of change, of items that were graded both times."""
    earlier = {item["id"]: item for item in before["items"] if item["status"] in COUNTED}
    kinds: dict[str, list[str]] = {name: [] for name in ("Fixed", "New", "Better", "Worse", "As")}
    for item in items:
        was = earlier.get(item.id)
        if was is None or item.status not in COUNTED:
            continue
        right, now_right = was["status"] == "passed", item.status == "passed"
        if right and now_right:
            continue
        gain = item.earned - was["earned"]
        moved = f"{item.title} ({points(was['earned'])} → {points(item.earned)})"
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
