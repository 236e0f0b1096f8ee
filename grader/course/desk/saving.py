"""What a marker does, as decisions: each is on the disk before it is acknowledged."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grader.course import decisions
from grader.course.desk.book import Book, Entry
from grader.course.opinions import STANDING, Action, Change, Criterion, Decision, change
from grader.errors import UsageError

LONGEST = 20_000  # characters of a comment or a reason


@dataclass(frozen=True)
class Said:
    """What a form says; `id` is the form's own, `seen` are the decisions that it showed."""

    id: str
    action: Action
    criteria: tuple[str, ...] = ()
    points: float | None = None
    comment: str = ""
    reason: str = ""
    seen: tuple[str, ...] = ()
    seconds: float | None = None


def new_id() -> str:
    """Return an id that no other decision has, wherever it is made."""
    return uuid.uuid4().hex


def save(book: Book, entries: Sequence[Entry], said: Said, how: str = "") -> None:
    """Keep what was said about one entry, or about several at once. Raises UsageError.

    A form that comes twice is one decision. One that comes back changed replaces what it said
    first. What somebody judged meanwhile is left out of a group.
    """
    check(book, entries, said)
    with decisions.writing(book.db):
        book.update()  # nobody else writes from here to the end
        for entry in entries:
            if how == "group" and book.states[entry.name] != "open":
                continue
            former = book.said.get((entry.students[0], entry.item), ())
            one = _decision(book, entry, said, how, former)
            if one is not None:
                decisions.add(book.db, decisions.for_team(one, entry.students))
            book.release(entry)
    book.update()


def check(book: Book, entries: Sequence[Entry], said: Said) -> None:
    """Raise UsageError unless what was said is something that can be kept."""
    if said.action == "grade" and said.points is None and not said.criteria:
        if not any(book.scheme(entry).from_full for entry in entries):
            raise UsageError("points: none are given; tick a criterion, or type points")
    for entry in entries:
        most = entry.possible
        if said.points is not None and not 0 <= said.points <= most:
            raise UsageError(f"points: {said.points:g} is not between 0 and {most:g}; type others")
    if said.action in ("flag", "looked") and not said.reason.strip():
        raise UsageError("reason: a flag or a look that changes nothing needs one; write it down")
    if max(len(said.comment), len(said.reason)) > LONGEST:
        raise UsageError(f"comment: is longer than {LONGEST:,} characters; shorten it")


def _decision(
    book: Book, entry: Entry, said: Said, how: str, former: Iterable[Decision]
) -> Decision | None:
    """Return the decision that a form makes; None if it is kept already."""
    known = {one.id: one for one in former}
    one = Decision(
        id=said.id, student=entry.students[0], item=entry.item, marker=book.marker,
        at=decisions.now(), action=said.action, criteria=said.criteria, points=said.points,
        comment=said.comment.strip(), reason=said.reason.strip(),
        replaces=tuple(name for name in said.seen if name in known), evidence=entry.evidence,
        how=how, seconds=said.seconds,
    )  # fmt: skip
    if said.id not in known:
        return one
    if _content(known[said.id]) == _content(one):
        return None
    # The same page again with something else in it: somebody went back and changed it.
    mine = (one.id for one in known.values() if one.id.startswith(said.id))
    return replace(one, id=f"{said.id}-{new_id()[:8]}", replaces=(*one.replaces, *mine))


def _content(one: Decision) -> tuple[object, ...]:
    return one.action, sorted(one.criteria), one.points, one.comment, one.reason


def undo(book: Book) -> Entry | None:
    """Take back the marker's last decision; return what it was about. It stays in the history."""
    with decisions.writing(book.db):
        book.update()
        gone = {name for one in book.mine if one.action == "undo" for name in one.replaces}
        left = [one for one in book.mine if one.action in STANDING and one.id not in gone]
        if not left:
            return None
        last = [one for one in left if one.id == left[-1].id]  # a group's decisions share one id
        name, at = new_id(), decisions.now()
        decisions.add(
            book.db,
            (
                Decision(name, one.student, one.item, book.marker, at, "undo", replaces=(one.id,))
                for one in last
            ),
        )
    book.update()
    return book.entries.get(book.places.get((last[0].student, last[0].item), ""))


def show_name(book: Book, entry: Entry) -> None:
    """Keep that a marker had the name shown."""
    one = Decision(new_id(), entry.students[0], entry.item, book.marker, decisions.now(), "name")
    with decisions.writing(book.db):
        decisions.add(book.db, decisions.for_team(one, entry.students))
    book.update()


# ---------------------------------------------------------------------- marking schemes


@dataclass(frozen=True)
class Proposal:
    """A new wording or worth of a criterion, a new one, or another way to count."""

    item: str
    criterion: Criterion | None = None
    from_full: bool | None = None


def effect(book: Book, proposal: Proposal) -> Change:
    """Return whom a proposal moves, and by how much."""
    moved: list[tuple[int, float, float]] = []
    for entry in book.by_item.get(proposal.item, ()):
        before = book.scheme(entry)
        after = before
        if one := proposal.criterion:
            after = replace(after, criteria={**after.criteria, one.id: one})
        if proposal.from_full is not None:
            after = replace(after, from_full=proposal.from_full)
        stands = dict.fromkeys(entry.students, book.stands[entry.name])
        moved += change(stands, before, after).moved
    return Change(tuple(sorted(moved)))


def digest(found: Change) -> str:
    """Return what tells one effect from another: a form names that which a person agreed to."""
    return hashlib.sha256(json.dumps(found.moved).encode()).hexdigest()[:16]


def carry_out(book: Book, proposal: Proposal, agreed: str) -> Change | None:
    """Change a marking scheme if it moves exactly those that were shown; None if others by now."""
    with decisions.writing(book.db):
        book.update()
        found = effect(book, proposal)
        if found.moved and digest(found) != agreed:
            return None
        if proposal.criterion:
            decisions.add_criterion(book.db, proposal.criterion, book.marker)
        if proposal.from_full is not None:
            decisions.set_from_full(book.db, proposal.item, proposal.from_full, book.marker)
    book.update()
    return found
