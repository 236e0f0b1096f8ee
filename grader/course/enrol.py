"""From what a source holds to rows of the store: every upload under its student, each kept once.

Running the same source again adds nothing; a later export adds what is new.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from posixpath import basename

from grader import resources
from grader.course import archive, origin, packed
from grader.course.histories import Everybody, histories, students
from grader.course.records import Attempt, Found, Person
from grader.course.store import AT_ONCE, Row, Store, in_parts
from grader.errors import UnusableSubmission
from grader.rubric import generation
from grader.submission.intake import read_submission

KEYS = ("id", "login", "email")
KNOWN_BYTES = 8 * 1024**2  # what is larger is not read twice
FOLDER = "folder"  # a kind of name that one student has, beside KEYS
Read = Callable[[str, int, int], None]  # what is done to uploads, of how many, of all


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody how many uploads are read."""


def upload_path(folder: Path, sha256: str) -> Path:
    """Return where an upload is kept in the folder of a class."""
    return folder / "submissions" / f"{sha256}.zip"


class _People:
    """Who is known, by whatever tells people apart: in a table, for they may be many."""

    def __init__(self, store: Store) -> None:
        """Make the table: it is this connection's own, and goes with it."""
        self._store = store
        store.run("DROP TABLE IF EXISTS temp.known", [()])
        store.run(
            "CREATE TEMP TABLE known (kind TEXT, text TEXT, number INTEGER, "
            "PRIMARY KEY (kind, text)) WITHOUT ROWID",
            [()],
        )
        for student in Everybody(store):
            self._remember(student.number, student.folder, student.person)

    def number_of(self, person: Person, group: str) -> int:
        """Return the row of a person, a new one for somebody new."""
        found = (self._number(kind, text) for kind, text in _keys(person))
        number = next((one for one in found if one is not None), None)
        if number is None:
            folder = _free(_folder_name(person), lambda name: self._number(FOLDER, name))
            number = self._store.add_student(folder, person, group)
            self._remember(number, folder, person)
            return number
        (old,) = students(self._store, [number])
        merged = Person(*(getattr(person, n) or getattr(old.person, n) for n in _FIELDS))
        group = group or old.group
        if (merged, group) != (old.person, old.group):
            self._store.update_student(number, merged, group)
            self._remember(number, old.folder, merged)
        return number

    def _number(self, kind: str, text: str) -> int | None:
        asked = "SELECT number FROM known WHERE kind = ? AND text = ?"
        rows = self._store.rows(asked, (kind, text))
        return rows[0][0] if rows else None

    def _remember(self, number: int, folder: str, person: Person) -> None:
        keys = [(FOLDER, folder.casefold()), *_keys(person)]
        told = ((kind, text, number) for kind, text in keys)
        self._store.run("INSERT OR IGNORE INTO known VALUES (?,?,?)", told)


_OF_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # no names of files there
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
    return f"student-{kept}" if _OF_WINDOWS.fullmatch(kept) else kept or "student"


def _free(name: str, taken: Callable[[str], int | None]) -> str:
    """Return a name whose casefolded form is nobody's."""
    candidate, number = name, 1
    while taken(candidate.casefold()) is not None:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def enrol(found: Found, folder: Path, store: Store, told: Read = silent) -> None:
    """Keep every attempt of a source: its bytes as a file, then its row. Raises UsageError.

    The same bytes at the same time are the same attempt, wherever the source lies. `told` hears how
    many are read.
    """
    (folder / "submissions").mkdir(exist_ok=True)
    gone = store.forgotten()
    with store.writing():
        people = _People(store)
    done, total = 0, len(found.attempts)
    for some in in_parts(one for one in found.attempts if not _is_gone(one, gone)):
        kept = []
        for attempt in some:
            kept.append((attempt, *_kept(attempt, folder)))
            done += 1
            told("reading", done, total)
        with store.writing():
            for attempt, upload, name, problem in kept:
                whose = [
                    people.number_of(person, attempt.group)
                    for person in dict.fromkeys((attempt.person, *attempt.members))
                    if not gone & set(hashes_of(person))
                ]
                _hand_in(store, whose, attempt, upload, name, problem)
    with store.writing():
        store.hand_in(list(_in_turn(store)))
        origin.keep(store, found.kind.split(" and "))
    _recognise(folder, store, told)


def _hand_in(
    store: Store, whose: list[int], attempt: Attempt, upload: str | None, name: str, problem: str
) -> None:
    """Keep an attempt as the next of each who handed it in, unless they have it already."""
    known = [(one, store.known_attempt(one, attempt.at, upload)) for one in dict.fromkeys(whose)]
    number = next((found for _, found in known if found is not None), None)
    if number is None:
        number = store.add_attempt(attempt.place, name, attempt.at, attempt.late, upload, problem)
    new = [student for student, found in known if found is None]
    store.hand_in((number, student, store.turns(student) + 1) for student in new)


def _is_gone(attempt: Attempt, gone: set[str]) -> bool:
    """Return whether all who handed in are forgotten."""
    return all(gone & set(hashes_of(one)) for one in (attempt.person, *attempt.members))


def _kept(attempt: Attempt, folder: Path) -> tuple[str | None, str, str]:
    """Return the hash of what was handed in, its name, and why there is none."""
    first = attempt.files[0].name if attempt.files else ""
    try:
        if known := _known_zip(attempt, folder):
            return known, basename(first), ""
        one = packed.pack(attempt)
    except UnusableSubmission as error:
        return None, first, str(error)
    path = upload_path(folder, one.sha256)
    if not path.exists():
        archive.keep(path, one.data)
    return one.sha256, one.name, ""


def _known_zip(attempt: Attempt, folder: Path) -> str:
    """Return the hash of a lone zip that is kept as it is already; "" for all else."""
    if attempt.problem or len(attempt.files) != 1 or attempt.files[0].size > KNOWN_BYTES:
        return ""
    data = attempt.files[0].read()
    digest = hashlib.sha256(data).hexdigest()
    is_kept = data.startswith(b"PK") and upload_path(folder, digest).exists()
    return digest if is_kept else ""


def _in_turn(store: Store) -> Iterator[tuple[int, int, int]]:
    """Yield (attempt, student, turn) by time; where none is told, as they came."""
    several = store.rows("SELECT student FROM handed_in GROUP BY student HAVING count(*) > 1")
    for student, theirs in histories(store, (row[0] for row in several)):
        ordered = sorted(theirs, key=lambda row: (_moment(row.at), row.turn))
        for turn, row in enumerate(ordered, start=1):
            if row.turn != turn:
                yield row.attempt, student.number, turn


def _moment(at: str) -> float:
    """Return a time as a number, whatever its zone; one that is not told comes first."""
    try:
        told = datetime.fromisoformat(at)
    except ValueError:
        return 0.0
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _recognise(folder: Path, store: Store, told: Read) -> None:
    """Keep which course years each new upload was made from."""
    given, last, done = resources.given_files(), 0, 0
    new_ones = "upload NOT NULL AND generation = '' AND place <> 'forgotten'"
    total = store.rows(f"SELECT count(DISTINCT upload) FROM attempt WHERE {new_ones}")[0][0]
    while new := store.rows(
        f"SELECT number, upload FROM attempt WHERE number > ? AND {new_ones} "
        "ORDER BY number LIMIT ?",
        (last, AT_ONCE),
    ):
        last = new[-1][0]
        found = []
        for upload in dict.fromkeys(upload for _, upload in new):
            found.append((_marks(upload_path(folder, upload), given), upload))
            done += 1
            told("looking for the course year", min(done, total), total)
        with store.writing():
            store.set_generations(found)


def _marks(path: Path, given: Mapping[str, bytes]) -> str:
    """Return the rubric whose marks an upload has, "?" if it cannot be read."""
    try:
        data = path.read_bytes()
        one = read_submission(Path("upload"), data=data, partial=True, given=given)
        return generation.recognise(one.files, one.package).rubric
    except (UnusableSubmission, OSError):
        return "?"


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
