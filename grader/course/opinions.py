"""What people decided, folded: what stands, what is in conflict, what a changed criterion moves.

A decision is never changed or taken away. Each names those that it replaces, so what stands is a
function of the set of decisions, in whatever order they were written or joined.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

# grade: points. looked: somebody looked, and points stay. flag: a colleague should look. request:
# the student asks. name: somebody had the name shown. undo: what it replaces was never said.
Action = Literal["grade", "looked", "flag", "request", "name", "undo"]
CLOSES = ("grade", "looked")  # what ends a flag or a request that it replaces
STANDING = ("grade", "looked", "flag", "request")


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said about one item of one student.

    `criteria` are ids of criteria that were met; `points` are those typed in their place, or None.
    `comment` is for the student, `reason` for staff. `replaces` are the ids of decisions that the
    person saw. `evidence` is the hash of what was judged. `how` is "" for one by itself, "group" if
    it was for several equal answers at once, "file" if it came from a desk without a server.
    `at` is a time in UTC, ISO 8601; `seconds` is how long the page was open.
    """

    id: str
    student: int
    item: str
    marker: str
    at: str
    action: Action
    criteria: tuple[str, ...] = ()
    points: float | None = None
    comment: str = ""
    reason: str = ""
    replaces: tuple[str, ...] = ()
    evidence: str = ""
    how: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A reusable row of a marking scheme: what it is worth, and what the student reads.

    `points` are added, or taken away if they are negative. `note` is for markers only. A criterion
    that is `retired` counts where it was given, and is no longer offered.
    """

    id: str
    item: str
    points: float
    text: str
    note: str = ""
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the criteria of one item add up: from 0, or down from all its points."""

    possible: float
    criteria: Mapping[str, Criterion] = field(default_factory=dict)
    from_full: bool = False

    def points(self, decision: Decision) -> float:
        """Return what a decision is worth, between 0 and what the item is worth."""
        worth = decision.points
        if worth is None:
            start = self.possible if self.from_full else 0.0
            known = (self.criteria[one] for one in decision.criteria if one in self.criteria)
            worth = start + sum(one.points for one in known)
        return round(min(max(worth, 0.0), self.possible), 6)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of all that was said about one item of one student, the oldest first.

    `ids` are the decisions that a new one replaces if its maker saw them all.
    """

    grades: tuple[Decision, ...] = ()
    looked: tuple[Decision, ...] = ()
    flags: tuple[Decision, ...] = ()
    requests: tuple[Decision, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of everything that stands."""
        every = (*self.grades, *self.looked, *self.flags, *self.requests)
        return tuple(sorted(one.id for one in every))

    def in_conflict(self, scheme: Scheme) -> bool:
        """Return whether people gave different points, or the same for different reasons."""
        if len(self.grades) < 2:
            return False
        said = {(scheme.points(one), tuple(sorted(one.criteria))) for one in self.grades}
        return len(said) > 1

    def points(self, scheme: Scheme) -> float | None:
        """Return the points that people gave; None if nobody did, or they do not agree."""
        if not self.grades or self.in_conflict(scheme):
            return None
        return scheme.points(self.grades[0])

    @property
    def comment(self) -> str:
        """Return what the student reads: the comments of all who gave the same, each once."""
        said = dict.fromkeys(one.comment for one in self.grades if one.comment)
        return "\n\n".join(said)


NOTHING = Standing()


def standing(decisions: Iterable[Decision]) -> Standing:
    """Return what stands of the decisions about one item of one student, in any order."""
    decisions = tuple(decisions)
    if len(decisions) == 1 and decisions[0].action == "grade":  # most of a class
        return Standing(decisions)
    every = sorted({one.id: one for one in decisions}.values(), key=lambda one: (one.at, one.id))
    undone = {gone for one in every if one.action == "undo" for gone in one.replaces}
    active = [one for one in every if one.id not in undone and one.action in STANDING]
    closed = {gone for one in active if one.action in CLOSES for gone in one.replaces}
    # "Looked" leaves the points as they are: it ends no grade.
    regraded = {gone for one in active if one.action == "grade" for gone in one.replaces}

    def left(action: Action, gone: Collection[str]) -> tuple[Decision, ...]:
        return tuple(one for one in active if one.action == action and one.id not in gone)

    return Standing(
        left("grade", regraded), left("looked", closed), left("flag", closed),
        left("request", closed),
    )  # fmt: skip


State = Literal["open", "conflict", "request", "flag", "again", "done"]


def state_of(stands: Standing, scheme: Scheme, evidence: str, asks: bool) -> State:
    """Return what is to be done about one item of one student.

    `evidence` is the hash of what there is to judge now; `asks` says whether it waits for a person
    by itself, and not only because somebody flagged it.
    """
    if stands.in_conflict(scheme):
        return "conflict"
    if stands.requests:
        return "request"
    if stands.flags:
        return "flag"
    said = (*stands.grades, *stands.looked)
    if not said:
        return "open" if asks else "done"
    if all(one.evidence != evidence for one in said):
        return "again"
    return "done"


# --------------------------------------------------------------------- a changed criterion


@dataclass(frozen=True)
class Change:
    """What a change of a marking scheme does: (student, points before, points after) each."""

    moved: tuple[tuple[int, float, float], ...]

    @property
    def total(self) -> float:
        """Return by how much the points of all together change."""
        return round(sum(after - before for _, before, after in self.moved), 6)


def change(stands: Mapping[int, Standing], before: Scheme, after: Scheme) -> Change:
    """Return whom a change of scheme moves, by the number of the student.

    A conflict has no points: it is 0 here, as it is in the score.
    """
    moved = []
    for student, one in sorted(stands.items()):
        old, new = one.points(before) or 0.0, one.points(after) or 0.0
        if old != new:
            moved.append((student, old, new))
    return Change(tuple(moved))


# -------------------------------------------------------------------------- second opinions


@dataclass(frozen=True)
class Agreement:
    """How far two or more people agree on what all of them graded.

    `kappa` is Cohen's, weighted by the square of the difference in points; `alpha` is
    Krippendorff's for intervals. Each is None where it makes no sense: with one value only there is
    nothing to agree about by chance.
    """

    answers: int
    percent: float
    kappa: float | None
    alpha: float | None
    means: Mapping[str, float]


def independent(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the last grade of each person who had not seen another's, by who gave it."""
    every = sorted(decisions, key=lambda one: (one.at, one.id))
    undone = {gone for one in every if one.action == "undo" for gone in one.replaces}
    by_id, saw_others, found = {one.id: one for one in every}, set[str](), dict[str, Decision]()
    for one in every:
        if one.action != "grade" or one.id in undone:
            continue
        seen = [by_id[gone] for gone in one.replaces if gone in by_id]
        others = any(other.marker != one.marker and other.action == "grade" for other in seen)
        if others or saw_others & set(one.replaces):
            saw_others.add(one.id)
        else:
            found[one.marker] = one
    return found


def agreement(rows: Sequence[Mapping[str, float]]) -> Agreement | None:
    """Return how far people agree, given (who -> points) for each answer; None without any pair."""
    shared = [row for row in rows if len(row) > 1]
    if not shared:
        return None
    pairs = [(row[a], row[b]) for row in shared for a in sorted(row) for b in sorted(row) if a < b]
    markers = sorted({who for row in shared for who in row})
    return Agreement(
        answers=len(shared),
        percent=100.0 * sum(a == b for a, b in pairs) / len(pairs),
        kappa=kappa(pairs) if len(markers) == 2 else None,
        alpha=alpha([list(row.values()) for row in shared]),
        means={
            who: statistics.fmean(row[who] for row in shared if who in row) for who in markers
        },
    )  # fmt: skip


def kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Cohen's kappa with quadratic weights of (first, second) points; None if undefined.

    Source: J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968) 213.
    """
    seen = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    first, second = zip(*pairs)
    apart = statistics.fmean(first) - statistics.fmean(second)
    chance = statistics.pvariance(first) + statistics.pvariance(second) + apart**2
    return 1.0 - seen / chance if chance else None


def alpha(rows: Sequence[Sequence[float]]) -> float | None:
    """Return Krippendorff's alpha for intervals of the values given to each answer.

    Source: K. Krippendorff, Content Analysis, 4th ed. (2018), section 12.
    """
    rows = [row for row in rows if len(row) > 1]
    values = [value for row in rows for value in row]
    if len(values) < 2:
        return None
    seen = sum(_apart(row) / (len(row) - 1) for row in rows) / len(values)
    chance = _apart(values) / (len(values) * (len(values) - 1))
    return 1.0 - seen / chance if chance else None


def _apart(values: Sequence[float]) -> float:
    """Return the sum of squared differences of all ordered pairs, in one pass."""
    mean = statistics.fmean(values)
    return 2.0 * len(values) * sum((value - mean) ** 2 for value in values)
