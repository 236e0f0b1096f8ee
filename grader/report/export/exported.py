"""What every format says of an item, in plain words, without anything that is invisible.

The names of cases stay here: a student has no use for that of a hidden one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.report.faults import WORDS
from grader.report.result_form import ItemJson, PartJson, ResultJson
from grader.report.text import count, one_line, points, shown
from grader.types import COUNTED

FAULTS = 5  # of one item that are shown
FIRST = 4  # things to fix that are named
SNIPPET = 2000  # characters of one line of Python


@dataclass(frozen=True)
class ExportedItem:
    """One item; `counts` says whether its points are part of the score.

    `smallest` is the sentence and the lines of Python of the smallest case that fails, `file` and
    `line` where to look first (line 0: not known), `seconds` what its checks took.
    """

    id: str
    title: str
    section: str
    status: str
    word: str
    counts: bool
    earned: float
    possible: float
    lines: tuple[str, ...]
    smallest: tuple[str, str] = ("", "")
    hints: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Return all lines as one text."""
        return "\n".join(self.lines)


def items(result: ResultJson) -> tuple[ExportedItem, ...]:
    """Return every item of the result, in its order."""
    took = result["measured"].get("items", {})
    return tuple(
        ExportedItem(
            id=line(item["id"]),
            title=line(item.get("title") or item["id"]),
            section=line(item["section"]),
            status=item["status"],
            word=WORDS[item["status"]],
            counts=_counts(item),
            earned=item["earned"],
            possible=item["possible"],
            lines=tuple(_lines(item)),
            smallest=_smallest(item),
            hints=tuple(line(hint) for hint in item.get("hints", ())),
            file=line(first["file"]) if first else "",
            line=first["line"] if first else 0,
            seconds=took.get(item["id"], 0.0),
        )
        for item in result["items"]
        for first in [next(iter(item.get("suspects", ())), None)]
    )


def to_fix(result: ResultJson) -> tuple[str, ...]:
    """Return what to mend first, by the points that it brings with all that follows from it."""
    open_items = {i["id"]: i for i in result["items"] if _counts(i) and i["status"] != "passed"}
    gains: dict[str, float] = {}
    for name, item in open_items.items():
        known = {name}
        while (cause := item["because_of"]) in open_items and cause not in known:
            item = open_items[cause]
            known.add(cause)
        lost = max(0.0, open_items[name]["possible"] - open_items[name]["earned"])
        gains[item["id"]] = gains.get(item["id"], 0.0) + lost
    wrong = [name for name in gains if open_items[name]["status"] != "not_written"]
    wrong.sort(key=lambda name: (open_items[name]["status"] != "missing", -gains[name]))
    unwritten = [name for name in gains if name not in wrong]
    titles = {name: line(item.get("title") or name) for name, item in open_items.items()}
    found = [f"To fix: {titles[name]} ({count(gains[name], 'point')})" for name in wrong[:FIRST]]
    if wrong[FIRST:]:
        rest = sum(gains[name] for name in wrong[FIRST:])
        found.append(f"To fix: {len(wrong) - FIRST} more ({count(rest, 'point')})")
    if unwritten:
        rest = sum(gains[name] for name in unwritten)
        found.append(f"Not written yet: {count(len(unwritten), 'item')} ({count(rest, 'point')})")
    return tuple(found)


def _lost(part: PartJson) -> str:
    return count(part["possible"] - part["earned"], "point")


def _smallest(item: ItemJson) -> tuple[str, str]:
    small = item.get("smallest")
    if not small:
        return "", ""
    code = "\n".join(shown(each, SNIPPET) for each in small["snippet"].splitlines())
    return line(small["says"]), code


def broken(result: ResultJson) -> tuple[str, ...]:
    """Return the items that we failed to grade: with any of them there is no score to export."""
    return tuple(line(i["id"]) for i in result["items"] if i["status"] == "grader_fault")


def no_score(names: tuple[str, ...]) -> str:
    """Return the sentence for a result with these broken items: no score, and what to do."""
    return (
        f"The grader itself failed on {', '.join(names[:8])}{' and more' * (len(names) > 8)}. "
        "This is no fault of the submission, so no score was written. "
        "Course staff: mend the cause and grade again."
    )


def headline(result: ResultJson) -> str:
    """Return the score in one line, with what is still open."""
    score = result["score"]
    earned = score["earned"] + score["bonus"]
    text = f"{points(earned)} of {count(score['possible'], 'point')}"
    if score["bonus"]:
        text += f", {points(score['bonus'])} of them bonus"
    if score["pending"]:
        text += f"; {points(score['pending'])} of these for a person to grade"
    return text


def notes(result: ResultJson) -> tuple[str, ...]:
    """Return what a reader must know beside the score."""
    found = []
    if not result["box"]["isolated"]:
        found.append(
            "Not isolated: the code could read and change files while it ran. "
            "Grade again with isolation before these points count."
        )
    skipped = [i for i in result["items"] if i["status"] == "skipped" and not _counts(i)]
    if skipped:
        found.append(f"Code only. Not run, and not counted: {count(len(skipped), 'item')}.")
    found += [line(f"Put right: {each}") for each in result["submission"]["repaired"]]
    return tuple(found)


def flags(result: ResultJson) -> tuple[str, ...]:
    """Return what a person of the course should look at; never for students."""
    return tuple(
        line(f"{flag['says']} ({flag['where']})" if flag["where"] else flag["says"])
        for flag in result["flags"]
    )


def line(text: str) -> str:
    """Return a stranger's text as one bounded line with every invisible character spelled out."""
    return one_line(shown(text))


def _counts(item: ItemJson) -> bool:
    return item["status"] in COUNTED or (item["status"] == "skipped" and bool(item["parts"]))


def _lines(item: ItemJson) -> Iterator[str]:
    worth, word = count(item["possible"], "point"), WORDS[item["status"]]
    if item["status"] == "pending":
        yield f"A person grades this: {worth}."
    else:
        yield f"{points(item['earned']) + ' of ' if _counts(item) else ''}{worth}: {word}."
    if item["because_of"]:
        cost = "; it costs nothing here" if item["followed_through"] else ""
        yield line(f"This comes from {item['because_of']}{cost}. Mend that first.")
    if cause := item["cause"]:
        yield line(cause["says"] if cause["certain"] else f"Perhaps: {cause['says']}")
    messages = list(dict.fromkeys(line(fault["says"]) for fault in item["faults"]))
    yield from messages[:FAULTS]
    if len(messages) > FAULTS:
        yield f"… and {len(messages) - FAULTS} more"
    yield from (
        line(f"Not earned: {part.get('about') or part['id']}, {_lost(part)}")
        for part in item["parts"]
        if _counts(item) and part["earned"] < part["possible"]
    )
