"""class.sqlite: who handed in what, and what it came to. docs/class.md has the schema.

The table is the queue: an upload that counts and has no result is work to be done. One process
writes. Everything that costs time lies in files first (submissions/, results/), its row after.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from grader.course import decisions
from grader.course.records import Person
from grader.course.schema import NAME, SCHEMA, SCHEMAS, VERSION
from grader.course.tasks import Outcome
from grader.errors import UsageError

AT_ONCE = 500  # students, or results, in memory at a time: a class may be large
THESE = "IN (SELECT value FROM json_each(?))"
STUDENT = 'number, folder, id, login, name, email, "group", forgotten'
ROW = (
    "h.student, a.number, h.turn, a.name, a.at, a.late, a.upload, a.problem, a.generation, "
    "s.forgotten, h.shown FROM handed_in h JOIN attempt a ON h.attempt = a.number "
    "JOIN student s ON h.student = s.number"
)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Student:
    """A row of the table of students."""

    number: int
    folder: str
    person: Person
    group: str
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt as the table has it; `turn` is which one of the student's it is."""

    student: int
    attempt: int
    turn: int
    name: str
    at: str
    late: bool | None
    upload: str | None
    problem: str
    generation: str
    forgotten: bool
    shown: str


class Store:
    """The database of one class; a context manager. Whoever writes holds the class's lock."""

    def __init__(self, folder: Path, reading: bool = False) -> None:
        """Open or make the database. Raises UsageError if it is none of ours."""
        path = folder / NAME
        if reading and not path.is_file():
            raise UsageError(f"{folder}: holds no class; make one with `grade class`")
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10.0)
            self._db.execute("PRAGMA foreign_keys = ON")
            if not reading:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.execute("PRAGMA secure_delete = ON")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not reading:
                self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
                version = VERSION
            if not reading and version == VERSION:
                for schema in SCHEMAS:
                    self._db.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
        except sqlite3.Error as error:
            raise UsageError(
                f"{path}: cannot be used ({error}); make room and set its rights, or restore it"
            ) from None
        if version != VERSION:
            raise UsageError(
                f"{path}: has form {version}, of another version of Backgrade; use that one"
            )

        self._parsed = lru_cache(4096)(self._tuples)  # many students have the very same items
        self._same = lru_cache(16384)(lambda row, types: row)  # or most of them; 2 is not 2.0
        self._number = lru_cache(4096)(float)

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for tables that have a module of their own; written inside `writing`."""
        return self._db

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write all that is written inside, or nothing. Raises UsageError for a full disk."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise UsageError(
                f"{NAME}: cannot be written ({error}); make room, and run the same command again: "
                "what was graded is kept"
            ) from None

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return what a statement of another module finds; nothing in a table not made yet."""
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
        return []

    def run(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement of another module for each row of values, inside `writing`."""
        self._db.executemany(statement, rows)

    # ---------------------------------------------------------------------------- people

    def students(self) -> list[Student]:
        """Return everybody, in the order of their names."""
        rows = self._db.execute(
            f"SELECT {STUDENT} FROM student ORDER BY name COLLATE NOCASE, login, id, number"
        )
        return [student_of(*row) for row in rows]

    def forgotten(self) -> set[str]:
        """Return the hashes of ids that are not to come back."""
        return {row[0] for row in self._db.execute("SELECT who FROM forgotten")}

    def add_student(self, folder: str, person: Person, group: str) -> int:
        """Add somebody; return the number of the row."""
        values = (folder, person.id, person.login, person.name, person.email, group)
        return self._insert(
            'INSERT INTO student (folder, id, login, name, email, "group") VALUES (?,?,?,?,?,?)',
            values,
        )

    def update_student(self, number: int, person: Person, group: str) -> None:
        """Say what is known of somebody now."""
        values = (person.id, person.login, person.name, person.email, group, number)
        self._db.execute(
            'UPDATE student SET id=?, login=?, name=?, email=?, "group"=? WHERE number=?', values
        )

    def set_shown(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Keep what pages were made from: (shown, student, attempt) each."""
        self._db.executemany("UPDATE handed_in SET shown=? WHERE student=? AND attempt=?", rows)

    def forget(self, number: int, hashes: Iterable[str]) -> tuple[list[str], list[str]]:
        """Replace who somebody is by a number; `hashes` of ids keep them from coming back.

        Points stay. Return the uploads that nobody else handed in, and the keys of their results.
        """
        theirs = "SELECT attempt FROM handed_in WHERE student = ?1"
        uploads = self._column(
            f"SELECT DISTINCT upload FROM attempt WHERE number IN ({theirs}) AND upload NOT NULL "
            "AND upload NOT IN (SELECT upload FROM attempt JOIN handed_in ON attempt = number "
            "WHERE student <> ?1 AND upload NOT NULL)",
            number,
        )
        keys = [
            k for one in uploads for k in self._column("SELECT key FROM result WHERE upload=?", one)
        ]
        self._db.execute(
            "UPDATE attempt SET place = 'forgotten', name = '', at = '' WHERE number IN "
            f"({theirs}) AND number NOT IN (SELECT attempt FROM handed_in WHERE student <> ?1)",
            (number,),
        )
        self._db.execute(
            "UPDATE student SET folder = 'forgotten-' || number, id = '', login = '', email = '', "
            "name = 'student ' || number, \"group\" = '', forgotten = 1 "
            "WHERE number = ?",
            (number,),
        )
        decisions.forget(self._db, number)
        self._db.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", ((h,) for h in hashes))
        return uploads, keys

    def compact(self) -> None:
        """Leave nothing in the files of the database that no row has."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # -------------------------------------------------------------------------- attempts

    def attempts(self) -> list[Row]:
        """Return every attempt of every student, theirs in turn."""
        rows = self._db.execute(f"SELECT {ROW} ORDER BY h.student, h.turn")
        return [row_of(*row) for row in rows]

    def known_attempt(self, student: int, at: str, upload: str | None) -> int | None:
        """Return the attempt of a student with those bytes of that time, if there is one."""
        row = self._db.execute(
            "SELECT a.number FROM handed_in h JOIN attempt a ON h.attempt = a.number "
            "WHERE h.student = ? AND a.at = ? AND a.upload IS ? LIMIT 1",
            (student, at, upload),
        ).fetchone()
        return row[0] if row else None

    def turns(self, student: int) -> int:
        """Return how many attempts a student has."""
        found = "SELECT count(*) FROM handed_in WHERE student = ?"
        return int(self._db.execute(found, (student,)).fetchone()[0])

    def add_attempt(
        self, place: str, name: str, at: str, late: bool | None, upload: str | None, problem: str
    ) -> int:
        """Add an attempt; return the number of the row."""
        return self._insert(
            "INSERT INTO attempt (place, name, at, late, upload, problem) VALUES (?,?,?,?,?,?)",
            (place, name, at, late, upload, problem),
        )

    def hand_in(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Say whose attempts are whose: (attempt, student, turn)."""
        self._db.executemany(
            "INSERT INTO handed_in (attempt, student, turn) VALUES (?,?,?) "
            "ON CONFLICT DO UPDATE SET turn = excluded.turn",
            rows,
        )

    def set_generations(self, rows: Iterable[tuple[str, str]]) -> None:
        """Keep which rubric's marks uploads have: (rubric, upload)."""
        self._db.executemany("UPDATE attempt SET generation=? WHERE upload=?", rows)

    # --------------------------------------------------------------------------- results

    def result(self, key: str) -> Outcome | None:
        """Return the result of a key."""
        row = self._db.execute("SELECT * FROM result WHERE key=?", (key,)).fetchone()
        return self._outcome(row) if row else None

    def graded(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys that have a result which is not our own fault."""
        return {
            row[0]
            for some in in_parts(keys)
            for row in self._db.execute(
                f"SELECT key FROM result WHERE status <> 'fault' AND key {THESE}",
                [json.dumps(some)],
            )
        }

    def results(self, keys: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
        """Yield the results of some keys, each once."""
        for some in in_parts(keys):
            rows = self._db.execute(
                f"SELECT * FROM result WHERE key {THESE}", [json.dumps(some)]
            ).fetchall()
            yield from ((row[0], self._outcome(row)) for row in rows)

    def keep(self, results: Iterable[tuple[str, Outcome]]) -> None:
        """Keep results; a fault gives way, and nothing else does."""
        self._db.executemany(
            f"INSERT INTO result VALUES ({','.join('?' * 15)}) ON CONFLICT (key) DO UPDATE SET "
            "status=excluded.status, why=excluded.why, earned=excluded.earned, "
            "possible=excluded.possible, pending=excluded.pending, bonus=excluded.bonus, "
            "items=excluded.items, cases=excluded.cases, flags=excluded.flags, "
            "other_rubric=excluded.other_rubric, wall_s=excluded.wall_s, cpu_s=excluded.cpu_s "
            "WHERE result.status = 'fault'",
            ((key, *_values(outcome)) for key, outcome in results),
        )

    def keep_decides(self, policy: str, found: Iterable[tuple[str, str]]) -> None:
        """Keep what decides each item of a policy: (item, hash)."""
        self._db.executemany(
            "INSERT OR IGNORE INTO decides VALUES (?,?,?)",
            ((policy, item, sha) for item, sha in found),
        )

    def _outcome(self, row: Sequence[Any]) -> Outcome:
        found = dict(zip(Outcome.__dataclass_fields__, row[1:]))
        for name in ("items", "cases", "flags"):
            found[name] = self._parsed(found[name])
        for name in ("policy", "status", "other_rubric"):  # one text for all who have it
            found[name] = sys.intern(found[name])
        for name in ("earned", "possible", "pending", "bonus", "wall_s", "cpu_s"):
            found[name] = self._number(found[name])
        return Outcome(**found)

    def _tuples(self, text: str) -> tuple[tuple[Any, ...], ...]:
        return tuple(self._same(tuple(r), tuple(map(type, r))) for r in json.loads(text))

    def _column(self, statement: str, value: object) -> list[str]:
        return [row[0] for row in self._db.execute(statement, (value,))]

    def _insert(self, statement: str, values: tuple[object, ...]) -> int:
        row = self._db.execute(statement, values).lastrowid
        assert row is not None
        return row


def row_of(*found: Any) -> Row:
    """Return an attempt from the columns called ROW."""
    student, attempt, turn, name, at, late, upload, problem, generation, forgotten, shown = found
    return Row(
        student, attempt, turn, name, at, None if late is None else bool(late), upload, problem,
        generation, bool(forgotten), shown,
    )  # fmt: skip


def _values(outcome: Outcome) -> tuple[object, ...]:
    fields = asdict(outcome)
    return tuple(
        json.dumps(v, separators=(",", ":")) if isinstance(v, tuple) else v for v in fields.values()
    )


def student_of(number: int, folder: str, *row: Any) -> Student:
    """Return a student from the columns called STUDENT."""
    *who, group, forgotten = row
    return Student(number, folder, Person(*who), group, bool(forgotten))


def in_parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values in lists of so many as are in memory at a time."""
    left = iter(values)
    while some := list(islice(left, AT_ONCE)):
        yield some
