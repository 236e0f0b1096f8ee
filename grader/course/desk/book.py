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
        self._read, self._marked = "", (-1, -1)
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
        read = self.db.execute(
            "SELECT read || (SELECT count(*) FROM to_judge) FROM desk"
        ).fetchone()[0]
        unknown = any(place not in self.places for place in touched) if self.entries else True
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
        teams: dict[tuple[int, str], list[tuple[object, ...]]] = defaultdict(list)
        rows = self.db.execute(
            "SELECT student, item, kind, attempt, key, earned, possible, evidence, alike, chosen "
            "FROM to_judge WHERE kind <> 'result' OR (student, item) IN "
            "(SELECT student, item FROM decision) ORDER BY item, student"
        )
        for row in rows:
            teams[row[3], row[1]].append(row)
        self.entries, self.places = {}, dict[tuple[int, str], str]()
        self.by_item: dict[str, list[Entry]] = defaultdict(list)
        for (_, item), same in teams.items():
            first = same[0]
            students = tuple(int(row[0]) for row in same)  # type: ignore[call-overload]
            entry = Entry(self._name(students[0], item), students, item, first[2], *first[4:])  # type: ignore[arg-type]
            self.entries[entry.name] = entry
            self.by_item[item].append(entry)
            for number in students:
                self.places[number, item] = entry.name
        self.stands: dict[str, Standing] = {}
        self.states: dict[str, State] = {}
        for item, found in self.by_item.items():
            found.sort(key=lambda entry: self.hash(self.marker, item, entry.name))

    def _judge(self, entry: Entry) -> None:
        said = self.said.get((entry.students[0], entry.item))
        stands = standing(said) if said else NOTHING
        asks = entry.kind != "result"
        self.stands[entry.name] = stands
        self.states[entry.name] = state_of(stands, self.scheme(entry), entry.evidence, asks)

    def hash(self, *words: str) -> str:
        """Return what is as good as drawn at random, and the same each time."""
        return hashlib.sha256("\0".join((self.seed, *words)).encode()).hexdigest()

    def _name(self, student: int, item: str) -> str:
        return self.hash("name", str(student), item)[:16]

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
        """Return whether two people are to read an answer."""
        share = int(self.hash("second", entry.name)[:8], 16) / 16**8
        return entry.kind == "question" and share < self.second / 100

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
        places = [place for place, entry in enumerate(found) if entry.name == after]
        start = places[0] + 1 if places else 0
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
        return found[(found.index(entry) + step) % len(found)]

    def position(self, entry: Entry) -> tuple[int, int]:
        """Return which one of how many an entry is, in the marker's order."""
        found = self.by_item[entry.item]
        return found.index(entry) + 1, len(found)

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
        written = sum(entry.alike != "blank" for entry in found)
        if 2 * sum(map(len, chosen.values())) >= written:  # a question with options
            for name, entries in sorted(chosen.items()):
                yield "chosen", name, entries

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
