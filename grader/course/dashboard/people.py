"""Groups of students that the page speaks of: the first by name, all of them by a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.course.dashboard.pupils import Pupil
from grader.report.class_page import Who

NAMED = 3  # students of a group that stand there by name


class People:
    """Numbers groups of students; the same group has one number, whatever it is spoken of for."""

    def __init__(self, pupils: Sequence[Pupil]) -> None:
        self._rows = pupils
        self._place = {id(one): place for place, one in enumerate(pupils)}
        self._known: dict[tuple[int, ...], int] = {}

    def who(self, pupils: Iterable[Pupil]) -> Who:
        """Return a group; one of few students needs no number, for all of them are named."""
        places = tuple(sorted(self._place[id(one)] for one in pupils))
        number = self._known.setdefault(places, 1 + len(self._known)) if len(places) > NAMED else 0
        rows = [self._rows[place].row for place in places[:NAMED]]
        return Who(len(places), tuple((row.name, row.link) for row in rows), number)

    def numbers(self) -> list[tuple[int, ...]]:
        """Return for each student the numbers of their groups, in the order of the pupils."""
        found: list[list[int]] = [[] for _ in self._rows]
        for places, number in self._known.items():
            for place in places:
                found[place].append(number)
        return [tuple(sorted(one)) for one in found]
