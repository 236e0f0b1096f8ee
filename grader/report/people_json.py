"""What result.json says of people: whose it is, and what those gave who judge."""

from __future__ import annotations

from typing_extensions import TypedDict


class StudentJson(TypedDict):
    """Whose it is, as far as the class's source tells; "" is what it does not tell."""

    id: str
    login: str
    name: str


class AttemptJson(TypedDict):
    """Which attempt of the student's it is, from 1; `late` as the source marks it."""

    number: int
    at: str
    late: bool | None


class CriterionJson(TypedDict):
    """One criterion that was met, or missed at a cost, and its points."""

    says: str
    points: float


class PeopleJson(TypedDict):
    """What people gave for an item, whose points and status are by them then."""

    points: float
    comment: str
    criteria: list[CriterionJson]
