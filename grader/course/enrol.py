"""From what a source holds to rows of the store: every upload under its student, each kept once.

Running the same source again adds nothing; a later export adds what is new.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader import resources
from grader.course import archive, origin, packed
from grader.course.records import Attempt, Found, Person
from grader.course.store import Row, Store
from grader.errors import UnusableSubmission
from grader.rubric import generation
from grader.submission.intake import read_submission

KEYS = ("id", "login", "email")


def upload_path(folder: Path, sha256: str) -> Path:
    """Return where an upload is kept in the folder of a class."""
    return folder / "submissions" / f"{sha256}.zip"


@dataclass
class _People:
    """Who is known, by whatever tells people apart."""

    store: Store
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    known: dict[int, tuple[Person, str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def load(self) -> None:
        for student in self.store.students():
            self.folders.add(student.folder.casefold())
            self._remember(student.number, student.person, student.group)

    def number_of(self, person: Person, group: str) -> int:
        """Return the row of a person, a new one for somebody new."""
        number = next((self.numbers[k] for k in _keys(person) if k in self.numbers), None)
        if number is None:
            folder = _free(_folder_name(person), self.folders)
            self.folders.add(folder.casefold())
            number = self.store.add_student(folder, person, group)
        else:
            old, former = self.known[number]
            merged = Person(*(getattr(person, n) or getattr(old, n) for n in _FIELDS))
            group = group or former
            if (merged, group) != (old, former):
                self.store.update_student(number, merged, group)
            person = merged
        self._remember(number, person, group)
        return number

    def _remember(self, number: int, person: Person, group: str) -> None:
        self.known[number] = person, group
        for key in _keys(person):
            self.numbers.setdefault(key, number)


_FIELDS = ("id", "login", "name", "email")


def _keys(person: Person) -> Iterator[tuple[str, str]]:
    """Yield what tells a person from others; a name does so only where there is nothing better."""
    found = [(kind, getattr(person, kind).casefold()) for kind in KEYS if getattr(person, kind)]
    yield from found or [("name", person.name.casefold())]


def hashes_of(person: Person) -> Iterator[str]:
    """Yield what recognises a person without saying who it is."""
    for kind, text in _keys(person):
        yield hashlib.sha256(f"{kind} {text}".encode()).hexdigest()


def _folder_name(person: Person) -> str:
    """Return a name for the folder of a person's pages: letters and digits of any script."""
    text = person.login or person.email.partition("@")[0] or person.id or person.name
    if person.login or person.name == text:
        text = text or "student"
    elif person.name and not person.login:
        text = f"{person.name} {person.id}".strip()
    plain = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^\w.-]+", "-", plain).strip("-._")[:60]
    return kept or "student"


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not among casefolded ones."""
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def enrol(found: Found, folder: Path, store: Store) -> None:
    """Keep every attempt of a source: its bytes as a file, then its row. Raises UsageError.

    The same bytes at the same time are the same attempt, wherever the source lies.
    """
    (folder / "submissions").mkdir(exist_ok=True)
    gone = store.forgotten()
    attempts = [one for one in found.attempts if not _is_gone(one, gone)]
    rows = [(attempt, *_kept(attempt, folder)) for attempt in attempts]
    with store.writing():
        people = _People(store)
        people.load()
        former = store.attempts()
        known = {(row.student, row.at, row.upload): row.attempt for row in former}
        turns = Counter(row.student for row in former)
        for attempt, upload, name, problem in rows:
            whose = [
                people.number_of(person, attempt.group)
                for person in dict.fromkeys((attempt.person, *attempt.members))
                if not gone & set(hashes_of(person))
            ]
            facts = [(student, attempt.at, upload) for student in whose]
            number = next((known[one] for one in facts if one in known), None)
            if number is None:
                number = store.add_attempt(
                    attempt.place, name, attempt.at, attempt.late, upload, problem
                )
            for one in facts:
                if one not in known:
                    known[one] = number
                    turns[one[0]] += 1
                    store.hand_in([(number, one[0], turns[one[0]])])
        store.hand_in(_in_turn(store.attempts()))
        origin.keep(store, found.kind.split(" and "))
    _recognise(folder, store)


def _is_gone(attempt: Attempt, gone: set[str]) -> bool:
    """Return whether all who handed in are forgotten."""
    return all(gone & set(hashes_of(one)) for one in (attempt.person, *attempt.members))


def _kept(attempt: Attempt, folder: Path) -> tuple[str | None, str, str]:
    """Return the hash of what was handed in, its name, and why there is none."""
    first = attempt.files[0].name if attempt.files else ""
    try:
        one = packed.pack(attempt)
    except UnusableSubmission as error:
        return None, first, str(error)
    path = upload_path(folder, one.sha256)
    if not path.exists():
        archive.keep(path, one.data)
    return one.sha256, one.name, ""


def _in_turn(rows: Iterable[Row]) -> Iterator[tuple[int, int, int]]:
    """Yield (attempt, student, turn) by time; where none is told, as they came."""
    by_student: dict[int, list[Row]] = {}
    for row in rows:
        by_student.setdefault(row.student, []).append(row)
    for student, theirs in by_student.items():
        ordered = sorted(theirs, key=lambda row: (_moment(row.at), row.turn))
        for turn, row in enumerate(ordered, start=1):
            if row.turn != turn:
                yield row.attempt, student, turn


def _moment(at: str) -> float:
    """Return a time as a number, whatever its zone; one that is not told comes first."""
    try:
        told = datetime.fromisoformat(at)
    except ValueError:
        return 0.0
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _recognise(folder: Path, store: Store) -> None:
    """Keep which course years each new upload was made from."""
    new = {r.upload for r in store.attempts() if r.upload and not r.generation and not r.forgotten}
    if not new:
        return
    given = resources.given_files()
    found = []
    for upload in sorted(new):
        try:
            data = upload_path(folder, upload).read_bytes()
            one = read_submission(Path("upload"), data=data, partial=True, given=given)
            rubric = generation.recognise(one.files, one.package).rubric
        except (UnusableSubmission, OSError):
            rubric = "?"
        found.append((rubric, upload))
    with store.writing():
        store.set_generations(found)


def counting(rows: Iterable[Row]) -> dict[int, Row]:
    """Return the attempt of each student that counts: the last with something to grade.

    A student whose attempts have nothing to grade has the last of these.
    """
    last: dict[int, Row] = {}
    for row in rows:
        if row.upload or row.student not in last or not last[row.student].upload:
            last[row.student] = row
    return last


def marks_of(rows: Iterable[Row]) -> Counter[str]:
    """Return how many students' uploads have the marks of which rubric."""
    return Counter(row.generation for row in rows if row.generation not in ("", "?"))
