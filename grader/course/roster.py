"""Who is in the class: a csv of the teacher's own, or the gradebook that an LMS exports.

Ids, logins and addresses join if they are equal; a name only proposes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from grader.course.records import Person
from grader.course.sheet import Sheet
from grader.errors import UsageError
from grader.submission.folder import read_regular
from grader.submission.upload import shown

MOST_BYTES = 50_000_000
Key = TypeVar("Key", str, tuple[str, ...])
_MOODLES = ("identifier", "identifikator", "identificador", "identifiant")
# field -> what its column is called, without case, blanks and signs; Moodle translates its own
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (*_MOODLES, "id"),
    "sid": ("sid", "sisuserid", "studentid", "orgdefinedid", "idnumber", "rosteridentifier"),
    "login": ("login", "sisloginid", "username", "githubusername", "displayid", "eid"),
    "email": ("email", "emailaddress", "mail", "emailadresse", "adressedecourriel", "emailadres"),
    "name": (
        "name",
        "student",
        "fullname",
        "studentname",
        "vollstndigername",
        "nombrecompleto",
        "nomcomplet",
        "volledigenaam",
    ),
    "first": ("firstname",),
    "last": ("lastname", "surname"),
    "section": ("section", "sections", "sectionname"),
    "group": ("group", "groupname", "team"),
    "extension": ("extension",),
}
# A Moodle worksheet's first column in any language: one word, and the participant's number.
PARTICIPANT = re.compile(r"(?P<word>[^\d@]*[^\d\s@.,-])\s*(?P<id>\d+)")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NO_STUDENT = re.compile(r"points possible|manual posting", re.IGNORECASE)
_TEST_STUDENT = re.compile(r"student, ?test|test student", re.IGNORECASE)


@dataclass(frozen=True)
class Enrolled:
    """One row: a person, their number at the school, and what a policy may ask for."""

    person: Person
    sid: str = ""
    section: str = ""
    group: str = ""
    extension: str = ""

    @property
    def is_made_up(self) -> bool:
        """Return whether the LMS made this student up for the teacher to look through."""
        person = self.person
        is_preview = person.login.endswith("_previewuser")
        return is_preview or bool(_TEST_STUDENT.fullmatch(person.name.strip()) and not person.email)


@dataclass(frozen=True)
class Roster:
    """The class; `kind` tells whose ids stand in its `id` column ("canvas", "moodle" or "")."""

    rows: tuple[Enrolled, ...]
    kind: str = ""
    problems: tuple[str, ...] = ()

    @cached_property
    def _by_id(self) -> dict[str, list[Enrolled]]:
        return _index((row.person.id, row) for row in self.rows)

    @cached_property
    def _by_key(self) -> dict[str, list[Enrolled]]:
        return _index(
            (_key(text), row)
            for row in self.rows
            for text in dict.fromkeys((row.sid, row.person.login, row.person.email))
        )

    @cached_property
    def _by_group(self) -> dict[str, list[Enrolled]]:
        return _index((_key(row.group), row) for row in self.rows)

    @cached_property
    def _by_name(self) -> dict[tuple[str, ...], list[Enrolled]]:
        return _index((name_key(row.person.name), row) for row in self.rows)

    def with_id(self, number: str, kind: str) -> Enrolled | None:
        """Return the row with an LMS's id, if the ids of the roster are that LMS's."""
        rows = self._by_id.get(number, []) if self.kind in kind.split(" and ") else []
        return rows[0] if len(rows) == 1 else None

    def exact(self, person: Person, kind: str) -> list[Enrolled]:
        """Return the rows that a person's id, login or address names."""
        theirs = {_key(text) for text in (person.login, person.email) if text}
        theirs |= {_key(person.id)} if "gradescope" in kind and person.id else set()
        by_id = self.with_id(person.id, kind)
        if by_id and "moodle" in kind and not _may_be_called(person, by_id.person.name):
            by_id = None  # Moodle counts groups and participants apart: one number may be of both
        found = [row for key in sorted(theirs) for row in self._by_key.get(key, ())]
        return list(dict.fromkeys([by_id, *found] if by_id else found))

    def named(self, name: str) -> list[Enrolled]:
        """Return the rows of a name, in whatever order its parts stand."""
        return self._by_name.get(name_key(name), [])

    def members(self, group: str) -> list[Enrolled]:
        """Return the rows of a group."""
        return self._by_group.get(_key(group), [])


def _may_be_called(person: Person, name: str) -> bool:
    """Return whether a person has this name, or one of the two tells none, as in blind marking."""
    is_blind = person.name.endswith(f" {person.id}")
    return is_blind or not (name and person.name) or name_key(name) == name_key(person.name)


def _index(rows: Iterable[tuple[Key, Enrolled]]) -> dict[Key, list[Enrolled]]:
    """Return rows by key; what is empty is no key."""
    found: dict[Key, list[Enrolled]] = {}
    for key, row in rows:
        if key:
            found.setdefault(key, []).append(row)
    return found


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def name_key(name: str) -> tuple[str, ...]:
    """Return a name without order, case and signs: "Lovelace, Ada" and "ada lovelace" are equal."""
    return tuple(sorted(re.findall(r"\w+", unicodedata.normalize("NFKC", name).casefold())))


# --------------------------------------------------------------------------------------- reading


def read(path: Path) -> Roster:
    """Return the class in a csv. Raises UsageError if it cannot be read or tells nobody apart."""
    place = shown(path.name, 200)
    try:
        data = read_regular(path, MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = shown(getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{place}: cannot be read ({reason}); give a csv of the class") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{place}: is larger than any class; give a csv of the class")
    return parse(data, place)


def parse(data: bytes, place: str) -> Roster:
    """Return the class in the bytes of a csv."""
    sheet = Sheet(data, place)
    header, *rows = [sheet.row(number) for number in sheet.filled] or [[]]
    kind = "moodle" if _is_worksheet(header, rows) else kind_of(header)
    columns = _by_content(columns_of(header), kind, rows)
    if not columns.keys() & {"id", "sid", "login", "email", "name", "last"}:
        wanted = "sid, login, email, name, section, group or extension"
        raise UsageError(f"{place}: no column says who is who; call them {wanted}")
    # a gradebook may have a row for each assignment of a student
    read = list(dict.fromkeys(row for cells in rows if (row := enrolled(cells, columns))))
    if not read:
        raise UsageError(f"{place}: there is nobody in it; give a csv of the class")
    return Roster(tuple(read), kind, tuple(_doubles(read, place)))


def columns_of(header: Iterable[str]) -> dict[str, int]:
    plain = [_plain(name) for name in header]
    known = {name: field for field, names in COLUMNS.items() for name in names}
    found: dict[str, int] = {}
    for place, name in enumerate(plain):
        if name in known:
            found.setdefault(known[name], place)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())


def _is_worksheet(header: list[str], rows: list[list[str]]) -> bool:
    """Return whether a csv is a Moodle worksheet, by its first column, unless that has a name."""
    named = header and _plain(header[0]) not in (*COLUMNS["id"], "")
    found = [PARTICIPANT.fullmatch(cells[0]) for cells in rows if cells]
    words = {one["word"].strip() if one else "" for one in found}
    is_one_word = len(words) == 1 and len(words.pop()) > 2
    return len(header) > 3 and not named and is_one_word


def _by_content(columns: dict[str, int], kind: str, rows: list[list[str]]) -> dict[str, int]:
    """Return columns with those that are known by what stands in them, whatever they are called.

    In a Moodle worksheet the name, where it is told, stands between the id and the address.
    """
    found = dict(columns)
    if kind == "moodle":
        found["id"] = 0
    for place in range(max(map(len, rows), default=0)):
        cells = {cells[place] for cells in rows if place < len(cells)} - {""}
        if place not in found.values() and cells and all(map(_ADDRESS.fullmatch, cells)):
            found.setdefault("email", place)
    if kind == "moodle" and found.get("email") == 2:
        found.setdefault("name", 1)
    return found


def kind_of(header: list[str]) -> str:
    """Return whose ids stand in the `id` column."""
    first = [name.strip() for name in header[:3]] or [""]
    if first[:2] == ["Student", "ID"] or first == ["LastName", "FirstName", "ID"]:
        return "canvas"
    return "moodle" if _plain(first[0]) in _MOODLES else ""


def enrolled(cells: list[str], columns: Mapping[str, int]) -> Enrolled | None:
    """Return the person of a row; None if it is about the columns."""

    def cell(field: str) -> str:
        place = columns.get(field, len(cells))
        return cells[place] if place < len(cells) else ""

    name = cell("name") or " ".join(part for part in (cell("first"), cell("last")) if part)
    number = re.sub(r"^\D+(?=\d+$)", "", cell("id"))  # "Participant 123"
    # Brightspace writes a # before whatever it will look for
    sid, login = cell("sid").removeprefix("#"), cell("login").removeprefix("#")
    person = Person(number, login, name, cell("email"))
    if _NO_STUDENT.search(cells[0]) or not any((number, sid, login, person.email, name)):
        return None
    return Enrolled(person, sid, cell("section"), cell("group"), cell("extension"))


def _doubles(rows: Iterable[Enrolled], place: str) -> Iterable[str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        keys = {"id": row.person.id, "sid": row.sid, "login": row.person.login}
        for what, text in {**keys, "email": row.person.email}.items():
            counts[what][_key(text)] += bool(text)
    for what, found in counts.items():
        for text, number in found.items():
            if number > 1:
                yield f"{place}: {number} rows have the {what} '{shown(text)}'; keep one of them"
