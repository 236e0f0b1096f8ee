"""How a class stands: the attempt of each student that counts, and what it is worth."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import grader
from grader.course import decisions, generations, origin, settings
from grader.course import roster as rosters
from grader.course.generations import Generation
from grader.course.histories import Everybody
from grader.course.places import Places
from grader.course.scores import Ledger, Score
from grader.course.settings import Settings
from grader.course.store import Row, Store
from grader.course.tasks import Outcome, Policy


@dataclass(frozen=True)
class Current:
    """A class at one moment: `scores` has each student's attempt that counts, and its worth."""

    ledger: Ledger
    rows: tuple[Row, ...]
    key: Callable[[Row], str]
    results: Mapping[tuple[int, int], Outcome]
    scores: Mapping[int, tuple[Row, Score]]


def policy_of(told: Settings) -> Policy:
    """Return how course.toml says a class is graded."""
    from grader import resources

    return Policy(told.rubric or resources.DEFAULT_RUBRIC, told.data, told.notebooks)


def ledger(store: Store, told: Settings, policy: Policy | None = None) -> Ledger:
    """Return what decides about scores, as course.toml and the roster say it. Raises UsageError."""
    roster = rosters.read(Path(told.roster)) if told.roster else None
    drops = bool(told.grades.drop_items or told.grades.drop_lowest)
    people = decisions.people(store.db)
    known = policy and (drops or people.judged)
    items = policy.assignment.rubric.table.items if policy and known else ()
    bonus = frozenset(item.id for item in items if item.bonus)
    titles = {item.id: item.title for item in items}
    kind = origin.of(store)
    return Ledger(told, Everybody(store), roster, people.points, kind, bonus, people.judged, titles)


def policy_sha256(store: Store, told: Settings) -> str:
    """Return the hash of the policy that counts: of the last grading, else of course.toml."""
    counts = generations.current(store)
    return counts.policy if counts else policy_of(told).sha256


def read(folder: Path, store: Store, told: Settings | None = None) -> Current:
    """Return how a class stands by the generation that counts. Raises UsageError."""
    told = told or settings.read(folder)
    book = ledger(store, told, policy_of(told))
    book = replace(book, students=store.students())  # for readers that have closed the store
    return by_policy(store, book, policy_sha256(store, told))


def places(store: Store, told: Settings) -> Places:
    """Return every attempt with its result by the generation that counts, and what decides."""
    book = ledger(store, told, policy_of(told))
    keys = generations.keys(store, policy_sha256(store, told))
    return Places(store, keys, book)


def by_policy(store: Store, book: Ledger, policy: str) -> Current:
    """Return how a class stands by a policy, given its hash."""
    rows, key = tuple(store.attempts()), generations.keys(store, policy)
    found = dict(store.results(key(row) for row in rows))
    results = {(row.student, row.attempt): found[k] for row in rows if (k := key(row)) in found}
    return Current(book, rows, key, results, book.of_class(rows, results))


def new_generation(policy: Policy, number: int, reason: str, before: int | None) -> Generation:
    """Return the record of a generation that is made now."""
    found = policy.assignment
    return Generation(
        number, policy.sha256, found.rubric.sha256, found.golden.sha256, grader.__version__,
        policy.common,
        datetime.now(UTC).isoformat(timespec="seconds"), _who(), reason, before,
    )  # fmt: skip


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name
        return ""
