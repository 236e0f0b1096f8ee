"""How far a class is judged: what is left, how fast it goes, and whether people agree."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.course.desk.book import Book, Entry
from grader.course.opinions import Agreement, Decision, State, agreement, independent


@dataclass(frozen=True)
class Progress:
    """How far one item is. `second` counts second opinions that somebody else still owes."""

    item: str
    kind: str
    done: int
    left: int
    conflicts: int
    second: int
    states: Mapping[State, int]


@dataclass(frozen=True)
class Pace:
    """What one marker did: how many decisions, and seconds for the middle one of them."""

    marker: str
    decisions: int
    median_s: float | None


def progress(book: Book) -> list[Progress]:
    """Return how far each item is."""
    found = []
    for item, entries in book.by_item.items():
        states = Counter(book.states[entry.name] for entry in entries)
        done = states["done"]
        second = sum(_owes_second(book, entry) for entry in entries if book.in_sample(entry))
        left = len(entries) - done - states["conflict"]
        found.append(
            Progress(item, entries[0].kind, done, left, states["conflict"], second, states)
        )
    return found


def _owes_second(book: Book, entry: Entry) -> bool:
    grades = book.stands[entry.name].grades
    if len(grades) != 1 or book.states[entry.name] != "done" or grades[0].how == "group":
        return False
    return not grades[0].replaces


def pace(book: Book) -> list[Pace]:
    """Return what each marker did."""
    return [
        Pace(who, many, statistics.median(book.paces[who]) if book.paces[who] else None)
        for who, many in sorted(book.counts.items())
    ]


def left_s(book: Book, left: int) -> float | None:
    """Return how long one person needs for `left` answers, in seconds; None if not known."""
    every = [seconds for each in book.paces.values() for seconds in each]
    return left * statistics.median(every) if len(every) >= 3 else None


def agreements(book: Book, outside: Mapping[str, float] | None = None) -> dict[str, Agreement]:
    """Return how far people agree on each item; `outside` are points suggested, by entry."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for entry in book.entries.values():
        said: Sequence[Decision] = book.said.get((entry.students[0], entry.item), ())
        if len(said) < 2 and not (outside and entry.name in outside):
            continue
        scheme = book.scheme(entry)
        row = {who: scheme.points(one) for who, one in independent(said).items()}
        if outside and entry.name in outside:
            row["suggested"] = outside[entry.name]
        if row:
            rows[entry.item].append(row)
    found = {item: agreement(each) for item, each in sorted(rows.items())}
    return {item: one for item, one in found.items() if one}
