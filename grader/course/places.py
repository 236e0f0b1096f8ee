"""Every attempt of a class with the key of its result, and which of a student's counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from grader.course import generations
from grader.course.generations import Generation
from grader.course.histories import histories, numbers, who_handed_in
from grader.course.scores import Ledger, status_of
from grader.course.store import Row, Store, Student, in_parts
from grader.course.tasks import Outcome
from grader.course.to_judge import Counted


@dataclass(frozen=True, slots=True)
class Place:
    """An attempt, whose it is, the key of its result, and whether it is the one that counts."""

    student: Student
    row: Row
    key: str
    counts: bool
    facts: str = ""  # a hash of what decides about its points besides the result
    generation: Generation | None = None  # in which it was graded

    @property
    def folder(self) -> str:
        """Where its pages are, below the folder of the class."""
        home = f"reports/{self.student.folder}"
        return home if self.counts else f"{home}/attempts/{self.row.turn}"


@dataclass(frozen=True)
class Places:
    """Every attempt, the students in the order of their names, read anew for whoever asks.

    `uploads` are those whose students alone are wanted; None for everybody.
    """

    store: Store
    key_of: Callable[[Row], str]
    ledger: Ledger
    uploads: tuple[str, ...] | None = None

    def __iter__(self) -> Iterator[Place]:
        store, ledger, key_of = self.store, self.ledger, self.key_of
        made_in = generations.made_in(store)
        whose = numbers(store) if self.uploads is None else who_handed_in(store, self.uploads)
        for student, rows in histories(store, whose):
            keys = {row.attempt: key_of(row) for row in rows}
            known = self._deciding(keys.values()) if len(rows) > 1 else {}
            scores = {
                row.attempt: ledger.score(row, status_of(row, outcome), outcome)
                for row in rows
                if (outcome := known.get(keys[row.attempt]))
            }
            counts, facts = ledger.counting(rows, scores), ledger.facts(student.number)
            for row in rows:
                key = keys[row.attempt]
                made = made_in(row.upload or "", key)
                yield Place(student, row, key, row is counts, facts, made)

    def with_results(self) -> Iterator[tuple[Place, Outcome | None]]:
        """Yield every attempt with its result, if there is one."""
        for some in in_parts(self):
            results = dict(self.store.results(place.key for place in some if place.key))
            yield from ((place, results.get(place.key)) for place in some)

    def _deciding(self, keys: Iterable[str]) -> dict[str, Outcome]:
        """Return the results that decide which attempt counts: none if the last does anyway."""
        told = self.ledger.settings
        if told.attempts != "best" and told.late.closes_after_days is None:
            return {}
        return dict(self.store.results(keys))


def judged_by_people(found: Places) -> Iterator[Counted]:
    """Yield the attempts that people may have to judge: those that count, and are graded."""
    for some in in_parts(one for one in found if one.counts and not one.student.forgotten):
        graded = found.store.graded(one.key for one in some)
        for one in some:
            if one.key in graded:
                yield Counted(one.student.number, one.row.attempt, one.key)
