"""Who handed in what, as a source tells it: people, files, attempts.

Texts are "" where a format does not tell. A file is read when it is asked for, and never before its
size is known and bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """One student; `id` is the number that the learning management system knows them by."""

    id: str = ""
    login: str = ""
    name: str = ""
    email: str = ""

    @property
    def shown(self) -> str:
        """Return what to call the person in a message."""
        return self.name or self.login or self.email or self.id or "somebody without a name"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was received: its name below the attempt, with "/", and its size in bytes.

    `read()` returns its bytes, or raises UnusableSubmission if it is damaged or too large.
    """

    name: str
    size: int
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One upload of one student.

    `members` are the others of a group, `at` is the time of the upload in ISO format, with its
    zone where told; `late` is None where the source does not mark it. `problem` says why nothing in
    it can be graded, and `place` where in the source it came from.
    """

    person: Person
    place: str
    files: tuple[File, ...] = ()
    at: str = ""
    late: bool | None = None
    problem: str = ""
    group: str = ""
    members: tuple[Person, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """Something that can be read in two ways: where, what, and what would be taken.

    It stops a run unless a person says yes.
    """

    place: str
    what: str
    taken: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; would take {self.taken}"


@dataclass(frozen=True)
class Found:
    """All that a source holds: every upload is an attempt, or is in `problems`, a line each.

    `kind` is one of sources.KINDS, or several with " and ". `absent` are people of the roster who
    handed in nothing.
    """

    kind: str
    attempts: tuple[Attempt, ...]
    problems: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    absent: tuple[Person, ...] = ()

    @property
    def students(self) -> tuple[Person, ...]:
        """Return everybody who handed in, once, in the order of the attempts."""
        return tuple(dict.fromkeys(attempt.person for attempt in self.attempts))
