"""What people decided, in class.sqlite: tables that are only ever added to.

Whoever marks writes beside a `grade class` that may run: a decision is one short transaction that
is on the disk before it is acknowledged, and touches no table of the driver's. docs/class.md has
the schema, docs/desk.md the rule.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.course.opinions import Criterion, Decision, Scheme, Standing, standing
from grader.errors import UsageError

SCHEMA = """
CREATE TABLE IF NOT EXISTS decision (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which they came in
    id TEXT NOT NULL,                  -- made where it was decided: what comes twice is kept once
    student INTEGER NOT NULL, item TEXT NOT NULL, marker TEXT NOT NULL, at TEXT NOT NULL,
    action TEXT NOT NULL,              -- grade, looked, flag, request, name, undo
    criteria TEXT NOT NULL,            -- JSON: ids of criteria
    points REAL,                       -- typed in place of their sum, NULL if none were
    comment TEXT NOT NULL,             -- for the student
    reason TEXT NOT NULL,              -- for staff
    replaces TEXT NOT NULL,            -- JSON: ids of the decisions that the marker saw
    evidence TEXT NOT NULL,            -- the hash of what was judged
    how TEXT NOT NULL,                 -- '', group, file
    seconds REAL,
    UNIQUE (student, item, id)
) STRICT;
CREATE TABLE IF NOT EXISTS criterion ( -- the last row of an id counts
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL, item TEXT NOT NULL, points REAL NOT NULL, text TEXT NOT NULL,
    note TEXT NOT NULL, retired INTEGER NOT NULL, marker TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS scheme (    -- the last row of an item counts; from 0 without any
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    item TEXT NOT NULL, from_full INTEGER NOT NULL, marker TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS claim (     -- who has an answer open, so that others get another one
    student INTEGER NOT NULL, item TEXT NOT NULL, marker TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (student, item, marker)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS to_judge (  -- what people judge of the attempts that count
    student INTEGER NOT NULL, item TEXT NOT NULL,
    kind TEXT NOT NULL,                -- question, run, flag; result: any other item
    attempt INTEGER NOT NULL,          -- the students of one attempt are judged together
    key TEXT NOT NULL,                 -- of the result
    earned REAL NOT NULL, possible REAL NOT NULL,  -- as the machine graded it
    text TEXT NOT NULL,                -- the answer, or what there is to look at
    evidence TEXT NOT NULL,            -- the hash of what there is to judge
    alike TEXT NOT NULL,               -- the answer but for case and punctuation, as a hash
    chosen TEXT NOT NULL,              -- the options that an answer begins with: "1, 3"
    PRIMARY KEY (student, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS to_judge_key ON to_judge (key);
CREATE TABLE IF NOT EXISTS desk (      -- one row
    seed TEXT NOT NULL,                -- of every order, and of the names of answers
    read TEXT NOT NULL                 -- what to_judge was made from
) STRICT;
"""
WAIT_S = 10.0  # for another that writes at this moment
_FIELDS = tuple(one.name for one in fields(Decision))
_LISTS = ("criteria", "replaces")
_LISTED = tuple(map(_FIELDS.index, _LISTS))


def now() -> str:
    """Return the time as decisions have it: UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def connect(folder: Path) -> sqlite3.Connection:
    """Open the database of a class to decide in. Raises UsageError if there is none."""
    path = folder / "class.sqlite"
    if not path.is_file():
        raise UsageError(f"{folder}: holds no class; make one with `grade class`")
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        db.execute("PRAGMA secure_delete = ON")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'student'").fetchone():
            raise UsageError(f"{folder}: holds no class yet; run `grade class` first")
        db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        if not db.execute("SELECT 1 FROM desk").fetchone():
            with writing(db):
                if not db.execute("SELECT 1 FROM desk").fetchone():
                    db.execute("INSERT INTO desk VALUES (?, '')", (os.urandom(16).hex(),))
    except sqlite3.Error as error:
        raise UsageError(
            f"{path}: cannot be used ({error}); make room and set its rights"
        ) from None
    return db


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """Write all that is written inside, or nothing. Raises UsageError if the disk is full."""
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise UsageError(
            f"class.sqlite: cannot be written ({error}); nothing of this was kept: make room, and "
            "save again"
        ) from None


def add(db: sqlite3.Connection, decisions: Iterable[Decision]) -> int:
    """Add decisions, inside `writing`; return how many were not there yet."""
    before = db.total_changes
    names = ", ".join(_FIELDS)
    db.executemany(
        f"INSERT OR IGNORE INTO decision ({names}) VALUES ({', '.join('?' * len(_FIELDS))})",
        ([_cell(one, name) for name in _FIELDS] for one in decisions),
    )
    return db.total_changes - before


def _cell(decision: Decision, name: str) -> Any:
    value = getattr(decision, name)
    return json.dumps(value) if name in _LISTS else value


def read(
    db: sqlite3.Connection, after: int = 0, student: int | None = None
) -> Iterator[tuple[int, Decision]]:
    """Yield (number, decision) of every decision behind a number, or of one student, in order."""
    where, values = "number > ?", [after]
    if student is not None:
        where, values = f"{where} AND student = ?", [after, student]
    rows = db.execute(
        f"SELECT number, {', '.join(_FIELDS)} FROM decision WHERE {where} ORDER BY number", values
    )
    lists: dict[str, tuple[str, ...]] = {"[]": ()}  # few of them differ
    for number, *cells in rows:
        for place in _LISTED:
            text = cells[place]
            if text not in lists:
                lists[text] = tuple(json.loads(text))
            cells[place] = lists[text]
        yield number, Decision(*cells)


def criteria(db: sqlite3.Connection) -> dict[str, dict[str, Criterion]]:
    """Return the criteria of each item as they are now, in the order in which they were made."""
    found: dict[str, dict[str, Criterion]] = {}
    rows = db.execute("SELECT id, item, points, text, note, retired FROM criterion ORDER BY number")
    for name, item, points, text, note, retired in rows:
        found.setdefault(item, {})[name] = Criterion(name, item, points, text, note, bool(retired))
    return found


def add_criterion(db: sqlite3.Connection, one: Criterion, marker: str) -> None:
    """Add a criterion, or a new wording or worth of one, inside `writing`."""
    db.execute(
        "INSERT INTO criterion (id, item, points, text, note, retired, marker, at) "
        "VALUES (?,?,?,?,?,?,?,?)",
        (one.id, one.item, one.points, one.text, one.note, one.retired, marker, now()),
    )


def from_full(db: sqlite3.Connection) -> dict[str, bool]:
    """Return which items count down from all their points."""
    rows = db.execute("SELECT item, from_full FROM scheme ORDER BY number")
    return {item: bool(full) for item, full in rows}


def set_from_full(db: sqlite3.Connection, item: str, full: bool, marker: str) -> None:
    """Say whether an item counts down from all its points, inside `writing`."""
    db.execute(
        "INSERT INTO scheme (item, from_full, marker, at) VALUES (?,?,?,?)",
        (item, full, marker, now()),
    )


# ------------------------------------------------------------------------ into the score


@dataclass(frozen=True)
class Judged:
    """What people made of one item of one student: what score, report and gradebook show.

    `points` is None while they do not agree. `said` are the texts of criteria with their points.
    """

    points: float | None
    possible: float
    comment: str = ""
    said: tuple[tuple[str, float], ...] = ()
    who: tuple[str, ...] = ()


@dataclass(frozen=True)
class People:
    """What people decided about a whole class, by the number of the student and by item."""

    judged: Mapping[int, Mapping[str, Judged]] = field(default_factory=dict)

    @property
    def points(self) -> dict[tuple[int, str], float]:
        """Return the points that people gave, where they agree."""
        return {
            (student, item): one.points
            for student, theirs in self.judged.items()
            for item, one in theirs.items()
            if one.points is not None
        }


def people(db: sqlite3.Connection) -> People:
    """Return what people decided, folded; nothing if nobody ever did."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'decision'").fetchone():
        return People()
    worth = {
        (student, item): possible
        for student, item, possible in db.execute(
            "SELECT student, item, possible FROM to_judge "
            "WHERE student IN (SELECT student FROM decision)"
        )
    }
    schemes, found = Schemes(db), dict[int, dict[str, Judged]]()
    for (student, item), stands in standings(db).items():
        if stands.grades and (student, item) in worth:
            scheme = schemes.of(item, worth[student, item])
            found.setdefault(student, {})[item] = judged(stands, scheme)
    return People(found)


def judged(stands: Standing, scheme: Scheme) -> Judged:
    """Return what people made of an item, given what stands of their decisions."""
    points = stands.points(scheme)
    if points is None:
        return Judged(None, scheme.possible)
    named = dict.fromkeys(name for one in stands.grades for name in one.criteria)
    said = tuple((c.text, c.points) for name in named if (c := scheme.criteria.get(name)))
    who = tuple(dict.fromkeys(one.marker for one in stands.grades))
    return Judged(points, scheme.possible, stands.comment, said, who)


class Schemes:
    """How each item is marked, as the tables say now."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._criteria, self._full = criteria(db), from_full(db)

    def of(self, item: str, possible: float) -> Scheme:
        """Return the scheme of an item that is worth `possible` points."""
        return Scheme(possible, self._criteria.get(item, {}), self._full.get(item, False))


def standings(db: sqlite3.Connection) -> dict[tuple[int, str], Standing]:
    """Return what stands about every item of every student that somebody said something about."""
    said: dict[tuple[int, str], list[Decision]] = {}
    for _, one in read(db):
        said.setdefault((one.student, one.item), []).append(one)
    return {place: standing(theirs) for place, theirs in said.items()}


def forget(db: sqlite3.Connection, student: int) -> None:
    """Take away what was written by a student or about one; points and who gave them stay."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'decision'").fetchone():
        return
    db.execute("UPDATE decision SET comment = '', reason = '' WHERE student = ?", (student,))
    db.execute("UPDATE to_judge SET text = '' WHERE student = ?", (student,))


def for_team(decision: Decision, students: Sequence[int]) -> list[Decision]:
    """Return a decision for everybody who handed in the same attempt."""
    return [replace(decision, student=student) for student in students]
