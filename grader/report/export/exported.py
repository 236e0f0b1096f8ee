"""What every format says of an item, in plain words, without anything that is invisible.

The names of cases stay here: a student has no use for that of a hidden one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    short = {i["id"]: i for i in result["items"] if _counts(i) and i["status"] != "passed"}
    roots = {name: _root(item, short) for name, item in short.items()}
    gains: dict[tuple[str, str], float] = {}
    for name, item in short.items():
        root = roots[name]
        if root["status"] == "not_written":
            what = "not_written", ""
        else:  # what stops several items in the same words is one thing to mend
            stop = _stop(root)
            same = {each["id"] for each in roots.values() if stop and _stop(each) == stop}
            whole = stop.partition(": ")[0] if len(same) > 1 else root.get("title") or root["id"]
            title = line(whole)
            what = "missing" if root["status"] == "missing" else "", title
        gains[what] = gains.get(what, 0.0) + max(0.0, item["possible"] - item["earned"])
    unwritten = gains.pop(("not_written", ""), 0.0)
    wrong = sorted(gains.items(), key=lambda one: (one[0][0] != "missing", -one[1]))
    found = [f"To fix: {title} ({count(gain, 'point')})" for (_, title), gain in wrong[:FIRST]]
    if more := wrong[FIRST:]:
        found.append(f"To fix: {len(more)} more ({count(sum(g for _, g in more), 'point')})")
    if unwritten:
        many = sum(root["status"] == "not_written" for root in roots.values())
        found.append(f"Not written yet: {count(many, 'item')} ({count(unwritten, 'point')})")
    return tuple(found)


def _root(item: ItemJson, short: Mapping[str, ItemJson]) -> ItemJson:
    """Return the item that explains another one, if that is short of points itself."""
    known = {item["id"]}
    while (cause := item["because_of"] or "") in short and cause not in known:
        item = short[cause]
        known.add(cause)
    return item


def _stop(item: ItemJson) -> str:
    """Return the one sentence on what stopped an item in all of its checks, else ""."""
    says = {fault["says"] for fault in item["faults"]}
    stopped = item["status"] in ("missing", "error", "timeout")
    return says.pop() if stopped and len(says) == 1 else ""


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
