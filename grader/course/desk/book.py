"""What there is to judge, in whose order, and what became of it: the memory of one desk.

Everything is in class.sqlite. What is kept here is a copy that is brought up to date at each
request, so several desks, and a `grade class`, work in one class at the same time.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.course import decisions
from grader.course.opinions import (
    NOTHING,
    Decision,
    Scheme,
    Standing,
    State,
    standing,
    state_of,
)

CLAIM_S = 600.0  # an answer that somebody has open is nobody else's next one for so long
SECOND = 10.0  # percent of the answers that two people read
TO_DO: tuple[State, ...] = ("open", "again", "request", "flag")
SLOW_S = 900.0  # a page that was open longer was left alone


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to judge: an item of all who handed in the same attempt.

    `name` says nothing about whose it is. `evidence` is the hash of what there is to judge.
    """

    name: str
    students: tuple[int, ...]
    item: str
    kind: str
    key: str
    earned: float
    possible: float
    evidence: str
    alike: str
    chosen: str


class Book:
    """The desk of one marker over one class."""

    def __init__(self, folder: Path, marker: str, second: float = SECOND) -> None:
        """Open a class. Raises UsageError if there is none."""
        self.folder, self.marker, self.second = folder, marker, second
        self.db: sqlite3.Connection = decisions.connect(folder)
        self.seed: str = self.db.execute("SELECT seed FROM desk").fetchone()[0]
        self._key = bytes.fromhex(self.seed)
        self._sample = f"{round(second / 100 * 16**8):08x}" if second < 100 else "g"
        self._read, self._marked = "never", (-1, -1)
        self.places: dict[tuple[int, str], str] = {}
        self._last = 0
        self.said: dict[tuple[int, str], list[Decision]] = defaultdict(list)
        self.mine: list[Decision] = []
        self.paces: dict[str, list[float]] = defaultdict(list)
        self.counts: Counter[str] = Counter()
        self.entries: dict[str, Entry] = {}
        self.update()

    def close(self) -> None:
        """Let others have what this marker has open, and let go of the database."""
        try:
            with decisions.writing(self.db):
                self.db.execute("DELETE FROM claim WHERE marker = ?", (self.marker,))
        finally:
            self.db.close()

    # -------------------------------------------------------------------- up to date

    def update(self) -> None:
        """Take over what was decided, and read of results, since the last time."""
        touched = set()
        for number, one in decisions.read(self.db, self._last):
            self._last = number
            self.said[one.student, one.item].append(one)
            touched.add((one.student, one.item))
            self._count(one)
        marked = self.db.execute(
            "SELECT (SELECT max(number) FROM criterion), (SELECT max(number) FROM scheme)"
        ).fetchone()
        read = self.db.execute("SELECT read FROM desk").fetchone()[0]
        unknown = any(place not in self.places for place in touched)
        if read != self._read or unknown:
            self._read = read
            self._load()
            touched = set(self.places)
        if marked != self._marked:
            self._marked, self.schemes = marked, decisions.Schemes(self.db)
            touched = set(self.places)
        for place in touched:
            if name := self.places.get(place):
                self._judge(self.entries[name])

    def _count(self, one: Decision) -> None:
        if one.marker == self.marker:
            self.mine.append(one)
        if one.action == "grade":
            self.counts[one.marker] += 1
            if one.seconds is not None and one.seconds < SLOW_S and not one.how:
                self.paces[one.marker].append(one.seconds)

    def _load(self) -> None:
        """Read the table of what there is to judge, and what else somebody asked about."""
        teams: dict[tuple[int, str], list[tuple[Any, ...]]] = defaultdict(list)
        columns = "student, item, kind, attempt, key, earned, possible, evidence, alike, chosen"
        rows = self.db.execute(
            f"SELECT {columns} FROM to_judge WHERE kind <> 'result' UNION ALL "
            f"SELECT {columns} FROM (SELECT DISTINCT student, item FROM decision) "
            "JOIN to_judge USING (student, item) WHERE kind = 'result'"
        )
        for row in rows:
            teams[row[3], row[1]].append(row)
        self.entries, self.places = {}, {}
        self.by_item: dict[str, list[Entry]] = defaultdict(list)
        for (_, item), same in teams.items():
            same.sort()
            students = tuple(row[0] for row in same)
            name = self.hash("name", str(students[0]), item)
            entry = Entry(name, students, item, same[0][2], *same[0][4:])
            self.entries[name] = entry
            self.by_item[item].append(entry)
            for number in students:
                self.places[number, item] = name
        self.stands: dict[str, Standing] = {}
        self.states: dict[str, State] = {}
        self.turn: dict[str, int] = {}
        for found in self.by_item.values():
            found.sort(key=lambda entry: self.hash(self.marker, entry.name))
            self.turn |= {entry.name: turn for turn, entry in enumerate(found)}

    def _judge(self, entry: Entry) -> None:
        said = self.said.get((entry.students[0], entry.item))
        asks = entry.kind != "result"
        if not said:
            self.stands[entry.name] = NOTHING
            self.states[entry.name] = "open" if asks else "done"
            return
        self.stands[entry.name] = stands = standing(said)
        self.states[entry.name] = state_of(stands, self.scheme(entry), entry.evidence, asks)

    def hash(self, *words: str) -> str:
        """Return 16 digits that are as good as drawn at random, and the same each time."""
        text = "\0".join(words).encode()
        return hashlib.blake2b(text, key=self._key, digest_size=8).hexdigest()

    # ------------------------------------------------------------------------- asking

    def scheme(self, entry: Entry) -> Scheme:
        """Return how an entry is marked."""
        return self.schemes.of(entry.item, entry.possible)

    def text(self, entry: Entry) -> str:
        """Return the answer, or what there is to look at."""
        row = self.db.execute(
            "SELECT text FROM to_judge WHERE student = ? AND item = ?",
            (entry.students[0], entry.item),
        ).fetchone()
        return str(row[0]) if row else ""

    def in_sample(self, entry: Entry) -> bool:
        """Return whether two people are to read an answer; its name is drawn at random already."""
        return entry.name < self._sample and entry.kind == "question"

    def is_second(self, entry: Entry) -> bool:
        """Return whether this marker is to give a second opinion, not having seen the first."""
        grades = self.stands[entry.name].grades
        said = self.said.get((entry.students[0], entry.item), ())
        return (
            len(grades) == 1
            and grades[0].how != "group"
            and self.states[entry.name] == "done"
            and all(one.marker != self.marker for one in said if one.action == "grade")
            and self.in_sample(entry)
        )

    def claimed(self, item: str) -> dict[int, str]:
        """Return who else has which answers of an item open, by the number of the student."""
        rows = self.db.execute(
            "SELECT student, marker FROM claim WHERE item = ? AND marker <> ? AND until > ?",
            (item, self.marker, time.time()),
        )
        return dict(rows.fetchall())

    def open_elsewhere(self) -> dict[str, list[str]]:
        """Return who else has answers of each item open."""
        rows = self.db.execute(
            "SELECT DISTINCT item, marker FROM claim WHERE marker <> ? AND until > ? ORDER BY 1, 2",
            (self.marker, time.time()),
        )
        found: dict[str, list[str]] = defaultdict(list)
        for item, marker in rows:
            found[item].append(marker)
        return found

    def claim(self, entry: Entry) -> None:
        """Say that this marker has an answer open; that is no decision, and may be lost.

        One that was just claimed is not written again.
        """
        place, until = (entry.students[0], entry.item, self.marker), time.time() + CLAIM_S
        row = self.db.execute(
            "SELECT until FROM claim WHERE student = ? AND item = ? AND marker = ?", place
        ).fetchone()
        if row and row[0] > until - CLAIM_S / 10:
            return
        self.db.execute("PRAGMA synchronous = NORMAL")
        try:
            with decisions.writing(self.db):
                self.db.execute("DELETE FROM claim WHERE until < ?", (time.time(),))
                self.db.execute("INSERT OR REPLACE INTO claim VALUES (?,?,?,?)", (*place, until))
        finally:
            self.db.execute("PRAGMA synchronous = FULL")

    def release(self, entry: Entry) -> None:
        """Say, inside `writing`, that this marker has an answer open no longer."""
        self.db.execute(
            "DELETE FROM claim WHERE student = ? AND item = ? AND marker = ?",
            (entry.students[0], entry.item, self.marker),
        )

    def next(self, item: str, after: str = "") -> Entry | None:
        """Return what this marker is to judge next of an item; None if nothing is left.

        What nobody judged goes first, in the marker's order from where one stands; then second
        opinions, then conflicts and what the marker flagged.
        """
        found = self.by_item.get(item, [])
        start = self.turn.get(after, -1) + 1
        claimed = self.claimed(item)
        ahead = [e for e in (*found[start:], *found[:start]) if e.students[0] not in claimed]
        for wanted in (self._is_to_do, self.is_second, self._is_left):
            for entry in ahead:
                if entry.name != after and wanted(entry):
                    return entry
        return None

    def _is_to_do(self, entry: Entry) -> bool:
        state = self.states[entry.name]
        mine = all(one.marker == self.marker for one in self.stands[entry.name].flags)
        return state in TO_DO and (state != "flag" or not mine)

    def _is_left(self, entry: Entry) -> bool:
        return self.states[entry.name] in ("conflict", "flag")

    def beside(self, entry: Entry, step: int) -> Entry:
        """Return the entry before (-1) or behind (1) another in the marker's order."""
        found = self.by_item[entry.item]
        return found[(self.turn[entry.name] + step) % len(found)]

    def position(self, entry: Entry) -> tuple[int, int]:
        """Return which one of how many an entry is, in the marker's order."""
        return self.turn[entry.name] + 1, len(self.by_item[entry.item])

    # ------------------------------------------------------------------------- groups

    def group(self, entry: Entry) -> list[Entry]:
        """Return all whose answer is the same but for case and punctuation, this one first."""
        if not entry.alike:
            return [entry]
        return [
            entry,
            *(
                e
                for e in self.by_item[entry.item]
                if e.alike == entry.alike and e.name != entry.name
            ),
        ]

    def siblings(self, entry: Entry) -> list[Entry]:
        """Return the other runs of the same upload that wait for the same reason."""
        names = (self.places.get((entry.students[0], item), "") for item in self.by_item)
        found = (self.entries[name] for name in names if name and name != entry.name)
        is_run = entry.kind == "run"
        return [e for e in found if is_run and e.kind == "run" and e.alike == entry.alike]

    def groups(self, item: str) -> Iterator[tuple[str, str, list[Entry]]]:
        """Yield (kind, name, entries) of answers that go together: "same" ones, then "chosen"."""
        same, chosen = defaultdict(list), defaultdict(list)
        found = self.by_item.get(item, [])
        for entry in found:
            if entry.alike:
                same[entry.alike].append(entry)
            if entry.chosen:
                chosen[entry.chosen].append(entry)
        for name, entries in sorted(same.items(), key=lambda each: -len(each[1])):
            if len(entries) > 1:
                yield "same", name, entries
        if self._has_options(item):
            for name, entries in sorted(chosen.items()):
                yield "chosen", name, entries

    def _has_options(self, item: str) -> bool:
        """Return whether most of what was written begins with an option."""
        found = [entry for entry in self.by_item.get(item, ()) if entry.alike != "blank"]
        return bool(found) and 2 * sum(bool(entry.chosen) for entry in found) >= len(found)

    def choice(self, entry: Entry) -> list[Entry]:
        """Return all who chose the same options, this one first; itself alone if nobody chooses."""
        if not entry.chosen or not self._has_options(entry.item):
            return [entry]
        others = (e for e in self.by_item[entry.item] if e.chosen == entry.chosen)
        return [entry, *(other for other in others if other.name != entry.name)]

    # -------------------------------------------------------------------------- names

    def names_in(self, text: str) -> int:
        """Return how many names, logins, ids and addresses of the class a text may hold."""
        plain = text.casefold()
        words = set(re.findall(r"\w+", plain))
        near = (name for word in words for name in self._people.get(word, ()))
        return sum(bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain)) for name in near)

    @cached_property
    def _people(self) -> dict[str, list[str]]:
        """What an answer may give away of somebody in the class, by its first word."""
        rows = self.db.execute("SELECT name, login, id, email FROM student WHERE forgotten = 0")
        found: dict[str, list[str]] = defaultdict(list)
        for text in sorted({text.casefold() for row in rows for text in row if len(text) > 3}):
            if first := re.search(r"\w+", text):
                found[first[0]].append(text)
        return found
