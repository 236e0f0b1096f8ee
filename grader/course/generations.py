"""Generations: one grading of all by one policy. One of them counts; the others can come back.

A student's attempt has the result of its upload under the policy of the generation, unless
`exception` names another result: who was not regraded, or may not lose by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from grader.course.store import Row, Store
from grader.course.tasks import Policy

FIELDS = "number, policy, rubric, golden, version, common, at, who, reason, before"


@dataclass(frozen=True)
class Generation:
    """One grading of all: by which policy, rubric, golden answers and version, when, who, why."""

    number: int
    policy: str
    rubric: str
    golden: str
    version: str
    common: str
    at: str
    who: str
    reason: str
    before: int | None


def every(store: Store) -> list[Generation]:
    """Return all of them, in their order."""
    return [Generation(*row) for row in store.rows(f"SELECT {FIELDS} FROM generation ORDER BY 1")]


def current(store: Store) -> Generation | None:
    """Return the one that counts; None if nothing was graded yet."""
    rows = store.rows(f"SELECT {FIELDS} FROM generation WHERE counts = 1")
    return Generation(*rows[0]) if rows else None


def exceptions(store: Store, number: int) -> dict[tuple[int, int], str]:
    """Return the keys that differ in a generation, by (student, attempt)."""
    found = store.rows("SELECT student, attempt, key FROM exception WHERE generation = ?", [number])
    return {(student, attempt): key for student, attempt, key in found}


def add(store: Store, made: Generation, differing: Iterable[tuple[int, int, str]] = ()) -> None:
    """Add a generation, and have it count: inside one transaction."""
    store.run("DELETE FROM published", [()])
    store.run("UPDATE generation SET counts = 0 WHERE counts = 1", [()])
    values = [getattr(made, name) for name in FIELDS.split(", ")]
    store.run(f"INSERT INTO generation ({FIELDS}, counts) VALUES (?,?,?,?,?,?,?,?,?,?,1)", [values])
    rows = [(made.number, *one) for one in differing]
    store.run("INSERT INTO exception VALUES (?,?,?,?)", rows)


def choose(store: Store, number: int) -> None:
    """Have a generation count that is there: inside one transaction."""
    store.run("DELETE FROM published", [()])
    store.run("UPDATE generation SET counts = (number = ?)", [(number,)])


def unpublished(store: Store) -> Generation | None:
    """Return the one that counts if a run ended before all its pages were written."""
    one, done = current(store), store.rows("SELECT generation FROM published")
    return one if one and (one.number,) not in done else None


def set_published(store: Store, number: int) -> None:
    """Keep that all pages are those of a generation: inside one transaction."""
    store.run("DELETE FROM published", [()])
    store.run("INSERT INTO published VALUES (?)", [(number,)])


def keys(store: Store, policy: str) -> Callable[[Row], str]:
    """Return what gives the key of an attempt's result, "" without an upload.

    `policy` is the hash of a policy; the exceptions are those of the newest generation with it.
    """
    known = [one for one in every(store) if one.policy == policy]
    counts = current(store)
    one = counts if counts in known else known[-1] if known else None
    differing = exceptions(store, one.number) if one else {}

    def key(row: Row) -> str:
        usual = key_of(row.upload, policy) if row.upload else ""
        return differing.get((row.student, row.attempt), usual)

    return key


def key_of(upload: str, policy: str) -> str:
    """Return the key of the result of an upload under a policy, each given by its hash."""
    return hashlib.sha256(f"{upload} {policy}".encode()).hexdigest()


def made_in(store: Store) -> Callable[[str, str], Generation | None]:
    """Return what gives the generation that a result was graded in, by its upload and its key.

    Looked for from the one that counts, and back from there; None if it is of none of them.
    """
    known = {one.number: one for one in every(store)}
    one, chain = current(store), list[Generation]()
    while one is not None and one not in chain:
        chain.append(one)
        one = known.get(one.before or 0)
    chain += [other for other in reversed(known.values()) if other not in chain]

    def made(upload: str, key: str) -> Generation | None:
        return next((one for one in chain if key_of(upload, one.policy) == key), None)

    return made


def settle(store: Store, policy: Policy, made: Callable[[int], Generation]) -> None:
    """Have what was graded by a policy count: a new generation, unless that one counts already.

    Where an earlier one had the policy, who was an exception in it stays one.
    """
    counts, known = current(store), every(store)
    if counts and counts.policy == policy.sha256:
        return
    same = [one for one in known if one.policy == policy.sha256]
    differing = exceptions(store, same[-1].number) if same else {}
    with store.writing():
        number = max((one.number for one in known), default=0) + 1
        rows = ((student, attempt, key) for (student, attempt), key in differing.items())
        add(store, made(number), rows)
