"""Everybody before and after a regrade: who gains, who loses, by which item."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.course import current
from grader.course.classroom import Course
from grader.course.policies import points, rounded
from grader.course.scores import Ledger, Score
from grader.course.settings import Grades
from grader.course.store import Row, Student
from grader.course.tasks import Item, Outcome
from grader.report.text import count

if TYPE_CHECKING:
    from grader.course.regrade import Plan


@dataclass(frozen=True)
class Moved:
    """One item of one student: what it was, and what it is, in points and status.

    `most_was` and `most_is` are the points that it could bring.
    """

    item: str
    was: float
    now: float
    before: str
    after: str
    cause: str = ""
    most_was: float = 0.0
    most_is: float = 0.0


@dataclass(frozen=True)
class Difference:
    """One student: points and what counts before and after, and the items that moved.

    `was` and `now` are what goes to the gradebook by the scale of course.toml, rounded. `is_kept`:
    the old result stays, for the new one is lower. `looked_at` are items that a person decided
    about on what is now different.
    """

    student: Student
    row: Row
    old: Score
    new: Score
    moved: tuple[Moved, ...]
    was: float
    now: float
    is_kept: bool = False
    looked_at: tuple[str, ...] = ()

    @property
    def delta(self) -> float:
        """How much more there is of what counts."""
        return 0.0 if self.is_kept else round(self.now - self.was, 6)

    @property
    def share_falls(self) -> bool:
        """Whether less of all points was earned, whatever the scale."""
        old, new = ((one.final or 0.0) / (one.possible or 1.0) for one in (self.old, self.new))
        return not self.is_kept and new < old - 1e-9


@dataclass
class Comparison:
    """Everybody, before and after; who could not be graded again, and why."""

    plan: Plan
    scale: str | float = "points"
    students: list[Difference] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def up(self) -> list[Difference]:
        """Return who gains, the most first."""
        return sorted((d for d in self.students if d.delta > 0), key=lambda d: -d.delta)

    def down(self) -> list[Difference]:
        """Return who loses, the most first."""
        return sorted((d for d in self.students if d.delta < 0), key=lambda d: d.delta)

    @property
    def summary(self) -> str:
        """Say it in one line: "12 up, 3 down, 985 same, mean +0.4"."""
        up, down, everybody = len(self.up()), len(self.down()), len(self.students)
        mean = sum(one.delta for one in self.students) / everybody if everybody else 0.0
        same = everybody - up - down
        return f"{up:,} up, {down:,} down, {same:,} same, mean {mean:+.2f}{self.unit}"

    @property
    def unit(self) -> str:
        """What stands behind a number of what counts."""
        return " %" if self.scale in ("percent", "maximum") else ""

    @property
    def notes(self) -> list[str]:
        """Say where another number of points is possible, and what that does to shares."""
        kinds = {(one.old.possible, one.new.possible) for one in self.students if not one.is_kept}
        found = [
            f"{points(old)} points were possible, {points(new)} are now"
            for old, new in sorted(kinds)
            if old != new
        ]
        fall = sum(one.share_falls and one.delta >= 0 for one in self.students)
        if fall:
            found.append(
                f"{count(fall, 'student')} without less points {'has' if fall == 1 else 'have'} a "
                "smaller share of all points: with `scale` in course.toml who gains and loses is "
                "told by what goes to the gradebook"
            )
        return found


def compared(
    course: Course,
    plan: Plan,
    result_of: Callable[[Row], Outcome | None],
    whose: Collection[int],
    never_lower: bool,
) -> Comparison:
    """Return everybody before and after; `result_of` gives what an upload came to now."""
    store, told = course.store, course.settings
    book = current.ledger(store, told, plan.policy)
    was = current.by_policy(store, book, plan.before.policy)
    found = Comparison(plan, told.grades.scale)
    for one in book.students:
        row, old = was.scores.get(one.number, (None, None))
        outcome = was.results.get((one.number, row.attempt)) if row else None
        if not row or not old or not outcome or outcome.status != "graded" or one.forgotten:
            continue
        new = result_of(row) if one.number in whose else outcome
        if new is None or new.status != "graded":
            found.failed.append(f"{one.folder}: {new.why if new else 'is not graded'}; stays")
            new = outcome
        found.students.append(_difference(one, row, old, outcome, new, book, never_lower))
    return found


def _difference(
    one: Student,
    row: Row,
    old: Score,
    before: Outcome,
    after: Outcome,
    book: Ledger,
    never_lower: bool,
) -> Difference:
    new = book.score(row, after.status, after)
    moved = tuple(moved_items(before, after))
    was, now = (worth(score, book.settings.grades) for score in (old, new))
    looked = tuple(m.item for m in moved if (one.number, m.item) in book.decisions)
    return Difference(one, row, old, new, moved, was, now, never_lower and now < was, looked)


def worth(score: Score, grades: Grades) -> float:
    """Return what goes to the gradebook, rounded; percent where its maximum is not known here."""
    value, scale = score.final or 0.0, grades.scale
    if scale != "points":
        whole = 100.0 if isinstance(scale, str) else scale
        value = value / score.possible * whole if score.possible else 0.0
    return float(rounded(value, grades.decimals))


def moved_items(before: Outcome, after: Outcome) -> Iterable[Moved]:
    """Yield the items whose points or status differ."""
    old: Mapping[str, Item] = {item[0]: item for item in before.items}
    new: Mapping[str, Item] = {item[0]: item for item in after.items}
    for name in dict.fromkeys((*old, *new)):
        a = old.get(name, (name, "", 0.0, 0.0, "", ""))
        b = new.get(name, (name, "gone", 0.0, 0.0, "", ""))
        if (a[1], a[2], a[3]) != (b[1], b[2], b[3]):
            yield Moved(name, a[2], b[2], a[1], b[1], b[4], a[3], b[3])
