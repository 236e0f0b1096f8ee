"""What each attempt is worth: the machine's points, people's points, and what course.toml decides.

Computed whenever it is asked for, from what was graded and when it was handed in; no score is
stored. So a date or a rule that changes later gives what it would have given before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grader.course import policies
from grader.course import settings as settings_of
from grader.course.decisions import Judged
from grader.course.enrolled import Enrolled, Roster, name_key
from grader.course.policies import points
from grader.course.settings import Settings
from grader.course.store import Row, Student
from grader.course.tasks import Outcome
from grader.types import COUNTED

Decisions = Mapping[tuple[int, str], float]  # (student, item) -> what a person gave


@dataclass(frozen=True, slots=True)
class Score:
    """What an attempt is worth, in points of the rubric.

    `raw` is what was earned, by `machine` and by `people`, bonus too; `pending` waits for a person.
    `penalty` and `bonus` are for the time of handing in, and `reason` says why. `status` is that of
    the attempt, or "excused". `final` is not rounded; it is None if there is no score.
    """

    status: str
    machine: float = 0.0
    people: float = 0.0
    pending: float = 0.0
    raw: float = 0.0
    possible: float = 0.0
    penalty: float = 0.0
    bonus: float = 0.0
    final: float | None = None
    reason: str = ""
    free_days: int = 0
    is_closed: bool = False


@dataclass(frozen=True)
class Ledger:
    """What decides about the scores of a class, by student.

    `kind` is what the class was read from, `bonus` names the items whose points come on top.
    `judged` is all that people said, of which `decisions` are the points; `titles` are those
    of items.
    """

    settings: Settings
    students: Iterable[Student]
    roster: Roster | None = None
    decisions: Decisions = field(default_factory=dict)
    kind: str = ""
    bonus: frozenset[str] = frozenset()
    judged: Mapping[int, Mapping[str, Judged]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def enrolled(self) -> dict[int, Enrolled]:
        """The row of the roster of each student who has one."""
        if self.roster is None:
            return {}
        found = {one.number: self.roster.exact(one.person, self.kind) for one in self.students}
        names: dict[tuple[str, ...], list[int]] = {}
        for one in self.students:
            names.setdefault(name_key(one.person.name), []).append(one.number)
        for one in self.students:  # the teacher took these when the class was read
            if not found[one.number] and len(names[name_key(one.person.name)]) == 1:
                found[one.number] = self.roster.named(one.person.name)
        return {number: rows[0] for number, rows in found.items() if len(rows) == 1}

    @cached_property
    def _named(self) -> tuple[dict[str, dict[int, Any]], list[tuple[str, str]], list[str]]:
        """What course.toml says of students by number, of whom it cannot be told, and problems."""
        told = self.settings
        tables: dict[str, Mapping[str, Any]] = {
            "excused": dict.fromkeys(told.excused, True),
            "extensions": told.extensions,
            "handed_in": told.handed_in,
            "pinned": told.pinned,
            "used_days": told.used_days,
        }
        numbers = self._numbers({who.casefold() for table in tables.values() for who in table})
        found: dict[str, dict[int, Any]] = {name: {} for name in tables}
        unknown, problems = [], []
        for name, table in tables.items():
            for who, value in table.items():
                fits = numbers.get(who.casefold(), set())
                if len(fits) == 1:
                    found[name][fits.pop()] = value
                else:
                    unknown.append((name, who))
        for number, row in self.enrolled.items():
            if row.extension and number not in found["extensions"]:
                try:
                    settings_of.extension(row.extension)
                    found["extensions"][number] = row.extension
                except ValueError as error:
                    problems.append(f"roster: extension of '{row.person.shown}': {error}")
        return found, unknown, problems

    def _numbers(self, names: set[str]) -> dict[str, set[int]]:
        """Return whose each of some casefolded names is: folders, ids, logins, addresses."""
        numbers: dict[str, set[int]] = {}
        for one in self.students if names else ():
            person, row = one.person, self.enrolled.get(one.number)
            sid = row.sid if row else ""
            for text in (one.folder, person.id, person.login, person.email, sid):
                if text.casefold() in names and text and not one.forgotten:
                    numbers.setdefault(text.casefold(), set()).add(one.number)
        return numbers

    @property
    def problems(self) -> list[str]:
        """What is said of nobody who handed in, or of several."""
        told = [
            f"{settings_of.NAME}: {table}: '{who}' is not one student who handed in"
            for table, who in self.unknown
        ]
        return [*told, *self._named[2]]

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """The names in course.toml that are not one student's: (table, name)."""
        return self._named[1]

    @cached_property
    def _given(self) -> dict[int, dict[str, float]]:
        """What people gave, by student and item."""
        found: dict[int, dict[str, float]] = {}
        for (who, item), given in self.decisions.items():
            found.setdefault(who, {})[item] = given
        return found

    @cached_property
    def _rules(self) -> list[str]:
        """What course.toml says of all, as text."""
        grades = self.settings.grades.model_dump_json(exclude={"scale", "borders"})
        return [self.settings.late.model_dump_json(), grades]

    def facts(self, student: int) -> str:
        """Return a hash of all that decides about a student's points besides the result."""
        named = [str(table.get(student)) for table in self._named[0].values()]
        given = sorted(self._given.get(student, {}).items())
        said = [repr(sorted(self.judged[student].items()))] if student in self.judged else []
        told = json.dumps([*self._rules, named, given, *said])
        return hashlib.sha256(told.encode()).hexdigest()

    def score(self, row: Row, status: str, outcome: Outcome | None) -> Score:
        """Return what an attempt is worth; `status` is what became of it."""
        named = self._named[0]
        if row.student in named["excused"]:
            return Score("excused", reason="excused")
        if outcome is None or status != "graded":
            return Score(status)
        own = self._given.get(row.student, {})
        earned = _earned(outcome, own, self.settings, self.bonus)
        told = named["extensions"].get(row.student)
        extension = None if told is None else settings_of.extension(told)
        late = self.settings.late
        due = policies.due_of(late, extension)
        used = named["used_days"].get(row.student, 0)
        at = row.at or str(named["handed_in"].get(row.student, ""))
        timed = policies.timing(at, row.late, due, late, used)
        off = policies.taken_off(timed, late, earned.raw, earned.possible)
        more = policies.added(timed, late, earned.raw, earned.possible)
        final = max(0.0, earned.raw - off + more)
        if self.settings.grades.capped:
            final = min(final, earned.possible)
        return replace(
            earned,
            penalty=off,
            bonus=more,
            final=final,
            reason=policies.sentence(timed, due, late, off, more),
            free_days=timed.free_days,
            is_closed=timed.is_closed,
        )

    def given(self, student: int) -> Mapping[str, float]:
        """Return what people gave to a student, by item."""
        return self._given.get(student, {})

    def counting(self, rows: Sequence[Row], scores: Mapping[int, Score]) -> Row | None:
        """Return the attempt of a student that counts, given the scores of those that have one.

        A pinned one does; else the last with something to grade that came before it closed, or
        the best by what is left after the policy, the newest of equals.
        """
        pin = self._named[0]["pinned"].get(rows[0].student) if rows else None
        if pinned := [row for row in rows if row.turn == pin]:
            return pinned[0]
        usable = [row for row in rows if row.upload] or list(rows)
        none = Score("")
        usable = [r for r in usable if not scores.get(r.attempt, none).is_closed] or usable
        if self.settings.attempts == "best":
            found = {r.attempt: scores[r.attempt].final for r in usable if r.attempt in scores}
            known = [r for r in usable if found.get(r.attempt) is not None]
            if known:
                return max(known, key=lambda r: (found[r.attempt], r.turn))
        return usable[-1] if usable else None

    def of_class(
        self, rows: Iterable[Row], results: Mapping[tuple[int, int], Outcome]
    ) -> dict[int, tuple[Row, Score]]:
        """Return the attempt of each student that counts and what it is worth.

        `results` are outcomes by (student, attempt).
        """
        theirs: dict[int, list[Row]] = {}
        for row in rows:
            theirs.setdefault(row.student, []).append(row)
        found = {}
        for student, own in theirs.items():
            scores = {}
            for row in own:
                outcome = results.get((row.student, row.attempt))
                scores[row.attempt] = self.score(row, status_of(row, outcome), outcome)
            if counts := self.counting(own, scores):
                found[student] = counts, scores[counts.attempt]
        return found


def status_of(row: Row, result: Outcome | None) -> str:
    """Return what became of an attempt: graded, refused, fault, waiting, nothing to grade."""
    if row.problem:
        return "nothing to grade"
    return result.status if result else "waiting"


def _earned(
    outcome: Outcome, given: Mapping[str, float], settings: Settings, bonus: frozenset[str]
) -> Score:
    """Return the points of a result with those that people gave, without what does not count."""
    machine = outcome.earned + outcome.bonus
    raw, possible, pending = machine, outcome.possible, outcome.pending
    shares: list[tuple[float, float, float]] = []
    people = 0.0
    for name, status, earned, most, *_ in outcome.items:
        counted, was = status in COUNTED or status == "pending", 0.0
        is_extra = name in bonus
        if status in COUNTED:
            was = earned
        is_open = status == "pending"
        got = was
        if name in given:
            got = given[name]
            people += got
            raw += got - was
            machine -= was
            if is_open:
                pending -= most
            elif not counted and not is_extra:
                possible += most
            is_open, counted = False, True
        if name in settings.grades.drop_items:
            raw -= got
            pending -= most if is_open else 0.0
            possible -= most if counted and not is_extra else 0.0
        elif counted and not is_open and not is_extra and most > 0:
            shares.append((got / most, -most, got))
    if settings.grades.drop_lowest and len(shares) > settings.grades.drop_lowest:
        raw = _without_lowest(raw, possible, sorted(shares)[: settings.grades.drop_lowest])
    clean = [max(0.0, float(f"{v:.9f}")) for v in (machine, people, pending, raw, possible)]
    return Score("graded", clean[0], clean[1], clean[2], clean[3], clean[4])


def _without_lowest(
    raw: float, possible: float, dropped: Iterable[tuple[float, float, float]]
) -> float:
    """Return the points if the rest of the items were worth all that there is."""
    lost = list(dropped)
    rest = possible + sum(most for _, most, _ in lost)
    return (raw - sum(got for _, _, got in lost)) * possible / rest if rest > 0 else raw


def line(score: Score, decimals: int) -> str:
    """Return the sentence of a student's page on what the policy did; "" if it did nothing."""
    if score.status == "excused":
        return "Excused: this assignment does not count."
    if score.final is None or not (score.reason or score.people or score.final != score.raw):
        return ""
    waiting = f"; {points(score.pending)} more wait for a person" if score.pending else ""
    final = points(score.final, decimals)
    why = f" {score.reason[0].upper()}{score.reason[1:]}." if score.reason else ""
    earned = f"{points(score.raw)} of {points(score.possible)} points earned{waiting}."
    return f"{earned}{why} Counts as {final}."
