"""A class: its rows, and who of them a person in an export is.

Ids, logins and addresses join if they are equal; a name only proposes. Grading one submission loads
this too, to see whether it is a class's: how a list is read stands in grader.course.roster.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from grader.course.records import Person

Key = TypeVar("Key", str, tuple[str, ...])
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
            (key_of(text), row)
            for row in self.rows
            for text in dict.fromkeys((row.sid, row.person.login, row.person.email, self._own(row)))
        )

    def _own(self, row: Enrolled) -> str:
        """Return the id of a teacher's own column; an LMS's joins with that LMS alone."""
        return "" if self.kind else row.person.id

    @cached_property
    def _by_group(self) -> dict[str, list[Enrolled]]:
        return _index((key_of(row.group), row) for row in self.rows)

    @cached_property
    def _by_name(self) -> dict[tuple[str, ...], list[Enrolled]]:
        return _index((name_key(row.person.name), row) for row in self.rows)

    def with_id(self, number: str, kind: str) -> Enrolled | None:
        """Return the row with an LMS's id, if the ids of the roster are that LMS's."""
        rows = self._by_id.get(number, []) if self.kind in kind.split(" and ") else []
        return rows[0] if len(rows) == 1 else None

    def exact(self, person: Person, kind: str) -> list[Enrolled]:
        """Return the rows that a person's id, login or address names."""
        theirs = {key_of(text) for text in (person.login, person.email) if text}
        theirs |= {key_of(person.id)} if "gradescope" in kind and person.id else set()
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
        return self._by_group.get(key_of(group), [])


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


def key_of(text: str) -> str:
    """Return what stands for an id, a login or an address, however it is written."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def name_key(name: str) -> tuple[str, ...]:
    """Return a name without order, case and signs: "Lovelace, Ada" and "ada lovelace" are equal."""
    return tuple(sorted(re.findall(r"\w+", unicodedata.normalize("NFKC", name).casefold())))
