"""Students with their attempts, some at a time: what is not asked for is in no memory.

A class may have 100,000. No query stays open while whoever reads writes, here or at a desk.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.course.store import (
    ROW,
    STUDENT,
    THESE,
    Row,
    Store,
    Student,
    in_parts,
    row_of,
    student_of,
)


@dataclass(frozen=True)
class Everybody:
    """The students of a class in the order of their names, read anew for whoever asks."""

    store: Store

    def __iter__(self) -> Iterator[Student]:
        return students(self.store, numbers(self.store))


def numbers(store: Store) -> Sequence[int]:
    """Return the numbers of all students, in the order of their names."""
    rows = store.db.execute(
        "SELECT number FROM student ORDER BY name COLLATE NOCASE, login, id, number"
    )
    return array("q", (row[0] for row in rows))


def students(store: Store, wanted: Iterable[int]) -> Iterator[Student]:
    """Yield some students, in the order of the numbers given."""
    for some in in_parts(wanted):
        asked = f"SELECT {STUDENT} FROM student WHERE number {THESE}"
        found = {row[0]: student_of(*row) for row in store.db.execute(asked, [json.dumps(some)])}
        yield from (found[number] for number in some)


def histories(store: Store, wanted: Iterable[int]) -> Iterator[tuple[Student, list[Row]]]:
    """Yield some students, each with all their attempts in turn."""
    for some in in_parts(wanted):
        theirs: dict[int, list[Row]] = {number: [] for number in some}
        asked = f"SELECT {ROW} WHERE h.student {THESE} ORDER BY h.turn"
        for row in store.db.execute(asked, [json.dumps(some)]):
            theirs[row[0]].append(row_of(*row))
        for student in students(store, some):
            yield student, theirs[student.number]


def who_handed_in(store: Store, uploads: Iterable[str]) -> list[int]:
    """Return the numbers of the students who handed in any of some uploads."""
    rows = store.db.execute(
        "SELECT DISTINCT student FROM handed_in JOIN attempt ON attempt = number "
        f"WHERE upload {THESE} ORDER BY student",
        [json.dumps(list(uploads))],
    )
    return [row[0] for row in rows]
