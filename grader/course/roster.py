"""Read who is in the class: a csv of the teacher's own, or the gradebook that an LMS exports."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.course.enrolled import Enrolled, Roster, key_of
from grader.course.records import Person
from grader.course.sheet import Sheet
from grader.errors import UsageError
from grader.submission.folder import read_regular
from grader.submission.upload import shown

MOST_BYTES = 50_000_000
_MOODLES = ("identifier", "identifikator", "identificador", "identifiant")
# field -> what its column is called, without case, blanks and signs; Moodle translates its own
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (*_MOODLES, "id"),
    "sid": ("sid", "sisuserid", "studentid", "orgdefinedid", "idnumber", "rosteridentifier",
            "studentnumber", "matriculationnumber", "matrikelnummer"),
    "login": ("login", "sisloginid", "username", "githubusername", "displayid", "eid",
              "benutzername", "nomdutilisateur", "nombredeusuario"),
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
    "first": ("firstname", "vorname", "prnom", "nombre"),
    "last": ("lastname", "surname", "nachname", "nom", "apellidos"),
    "section": ("section", "sections", "sectionname"),
    "group": ("group", "groupname", "team", "gruppe", "groupe", "grupo"),
    "extension": ("extension",),
}  # fmt: skip
# In Blackboard's gradebook in this order, whatever language they are in.
BLACKBOARD = ("last", "first", "login", "sid")
_SCORES = re.compile(r".*\|\d+", re.DOTALL)  # one of its columns: "A2 [Total Pts: 100] |664617"
# A Moodle worksheet's first column in any language: one word, and the participant's number.
PARTICIPANT = re.compile(r"(?P<word>[^\d@]*[^\d\s@.,-])\s*(?P<id>\d+)")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NO_STUDENT = re.compile(r"points possible|manual posting", re.IGNORECASE)


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
    is_moodles = _is_worksheet(header, rows)  # others call a login "identifiant", too
    kind = "moodle" if is_moodles else kind_of(header).replace("moodle", "")
    columns = _by_content(columns_of(header), kind, header, rows)
    if not columns.keys() & {"id", "sid", "login", "email", "name", "last"}:
        wanted = "sid, login, email, name, section, group or extension"
        raise UsageError(f"{place}: no column says who is who; call them {wanted}")
    # a gradebook may have a row for each assignment of a student
    found = [row for cells in rows if (row := enrolled(cells, columns, kind))]
    read = list(dict.fromkeys(found))
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
    """Return whether a csv is a Moodle worksheet: by its first column, and what that is called."""
    found = [PARTICIPANT.fullmatch(cells[0]) for cells in rows if cells]
    words = {one["word"].strip() if one else "" for one in found}
    if len(words) != 1 or len(word := words.pop()) < 2:
        return False
    name = _plain(header[0])
    return name in _MOODLES or len(header) > 3 and len(word) > 2 and name in ("id", "")


def _by_content(
    columns: dict[str, int], kind: str, header: list[str], rows: list[list[str]]
) -> dict[str, int]:
    """Return columns with those that are known by what stands in them, whatever they are called.

    In a Moodle worksheet the name, where it is told, stands between the id and the address.
    """
    found = dict(columns)
    scores = [place for place, name in enumerate(header) if _SCORES.fullmatch(name)]
    if scores and "login" not in found:
        found = {name: place for place, name in enumerate(BLACKBOARD) if place < scores[0]}
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


def enrolled(cells: list[str], columns: Mapping[str, int], kind: str = "") -> Enrolled | None:
    """Return the person of a row; None if it is about the columns."""

    def cell(field: str) -> str:
        place = columns.get(field, len(cells))
        return cells[place] if place < len(cells) else ""

    name = cell("name") or " ".join(part for part in (cell("first"), cell("last")) if part)
    number = _whole(cell("id"))
    if kind == "moodle":
        number = re.sub(r"^\D+(?=\d+$)", "", number)  # "Participant 123"
    # Brightspace writes a # before whatever it will look for
    sid, login = _whole(cell("sid")).removeprefix("#"), cell("login").removeprefix("#")
    person = Person(number, login, name, cell("email"))
    if _NO_STUDENT.search(cells[0]) or not any((number, sid, login, person.email, name)):
        return None
    return Enrolled(person, sid, cell("section"), cell("group"), cell("extension"))


def _whole(number: str) -> str:
    """Return a number without the ".0" that spreadsheets and scripts write behind it."""
    return re.sub(r"(?<=\d)\.0+$", "", number)


def _doubles(rows: Iterable[Enrolled], place: str) -> Iterable[str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        keys = {"id": row.person.id, "sid": row.sid, "login": row.person.login}
        for what, text in {**keys, "email": row.person.email}.items():
            counts[what][key_of(text)] += bool(text)
    for what, found in counts.items():
        for text, number in found.items():
            if number > 1:
                yield f"{place}: {number} rows have the {what} '{shown(text)}'; keep one of them"
