"""Groups of students that the page speaks of: the first by name, all of them by a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from grader.course.dashboard.pupils import Pupil
from grader.report.class_page import Who

NAMED = 3  # students of a group that stand there by name


class People:
    """Numbers groups of students; the same group has one number, whatever it is spoken of for."""

    def __init__(self, pupils: Sequence[Pupil]) -> None:
        self._rows = pupils
        ids = np.array([id(one) for one in pupils], dtype=np.int64)
        self._places = np.argsort(ids).astype(np.int32)
        self._ids = ids[self._places]
        self._known: dict[bytes, int] = {}  # the places of a group, as an array's bytes

    def who(self, pupils: Iterable[Pupil]) -> Who:
        """Return a group; one of few students needs no number, for all of them are named."""
        ids = np.array([id(one) for one in pupils], dtype=np.int64)
        places = np.sort(self._places[np.searchsorted(self._ids, ids)])
        many = len(places)
        number = 0
        if many > NAMED:
            number = self._known.setdefault(places.tobytes(), 1 + len(self._known))
        rows = [self._rows[place].row for place in places[:NAMED]]
        return Who(many, tuple((row.name, row.link) for row in rows), number)

    def numbers(self) -> Iterator[tuple[int, ...]]:
        """Yield for each student the numbers of their groups, in the order of the pupils."""
        groups = [np.frombuffer(places, dtype=np.int32) for places in self._known]
        numbers = np.repeat(
            np.array(list(self._known.values()), dtype=np.int32),
            np.array([len(one) for one in groups], dtype=int),
        )
        places = np.concatenate([np.zeros(0, dtype=np.int32), *groups])
        order = np.lexsort((numbers, places))
        ends = np.searchsorted(places[order], np.arange(len(self._rows) + 1))
        numbers = numbers[order]
        same: dict[tuple[int, ...], tuple[int, ...]] = {}
        for start, end in zip(ends, ends[1:]):
            theirs = tuple(numbers[start:end].tolist())
            yield same.setdefault(theirs, theirs)
