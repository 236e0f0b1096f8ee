"""Grading again after a rubric or golden answers changed: only what that can move, and shown first.

A result is known but for the items whose deciding hash is another now, and for those that depend on
them. Of these no more is graded again than a change can reach (grader.course.cutoff), and nothing
that counts changes before it is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from grader.course import archive, current, generations
from grader.course.assembled import Known
from grader.course.classroom import Course
from grader.course.comparison import Comparison
from grader.course.deciding import deciding, is_eased, is_judged_alike
from grader.course.generations import Generation
from grader.course.store import Row, Student
from grader.course.tasks import Item, Outcome, Policy
from grader.errors import GraderFault, UsageError
from grader.grading.dependencies import kind
from grader.guest.operations import forward_of
from grader.report.text import count
from grader.rubric.cases import Rubric
from grader.rubric.records import Item as Asked
from grader.types import COUNTED


@dataclass(frozen=True)
class Plan:
    """What is graded again: from which generation, by which policy, which items, and why.

    `changed` are items that are another now; those of them that are `judged` anew may come to
    another verdict, the others have other points or words. `run` are all of them, with what depends
    on a verdict. `part` is the policy of these alone. `left` are items that are another, too, and
    are not asked for.
    """

    before: Generation
    policy: Policy
    changed: tuple[str, ...]
    judged: tuple[str, ...]
    run: tuple[str, ...]
    why: str
    left: tuple[str, ...] = ()

    @cached_property
    def part(self) -> Policy:
        """The policy that grades the items of `run` alone; what it reads is read once."""
        every = {item.id for item in self.policy.assignment.rubric.table.items}
        return self.policy if set(self.judged) == every else replace(self.policy, only=self.run)


def plan(course: Course, policy: Policy, only: Sequence[str] = ()) -> Plan:
    """Return what has to be graded again. Raises UsageError if that is nothing."""
    before = generations.current(course.store)
    if before is None:
        raise UsageError(f"{course.folder}: nothing is graded yet; run `grade class` first")
    rubric = policy.assignment.rubric
    known = [item.id for item in rubric.table.items]
    for name in only:
        if name not in known:
            raise UsageError(f"--only {name}: there is no such item; use {', '.join(known)}")
    if before.common != policy.common:
        changed, judged = known, known
        why = "the grader or what all items share is another"
    else:
        old, new = _decided(course, before.policy), dict(deciding(policy.assignment))
        changed, judged = changes(old, new)
        gone = sorted(old.keys() - new.keys())
        why = f"{count(len(changed), 'item')} changed"
        why += f", {', '.join(gone)} gone" if gone else ""
        if not changed and not gone:
            raise UsageError(
                f"{course.folder}: no item has changed since generation {before.number}; change "
                "the rubric that course.toml names, and ask again"
            )
    wanted = [item for item in changed if item in only] if only else changed
    if only and not wanted:
        raise UsageError(f"--only {', '.join(only)}: has not changed; changed are "
                         f"{', '.join(changed)}")  # fmt: skip
    judged = [item for item in wanted if item in judged]
    reached = {*dependents(rubric, judged), *wanted}
    run = tuple(item for item in known if item in reached)
    if policy.notebooks == "skip":  # nothing of a notebook is graded, so nothing of it moves
        run = tuple(name for name in run if rubric.item(name).kind != "notebook")
    left = tuple(item for item in changed if item not in wanted)
    return Plan(before, policy, tuple(wanted), tuple(judged), run, why, left)


def _decided(course: Course, policy: str) -> dict[str, str]:
    """Return what decided each item under a policy, as hashes."""
    found = course.store.rows("SELECT item, sha256 FROM decides WHERE policy = ?", [policy])
    return dict(found)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the items that are another now, and those of them that are judged in another way."""
    changed = [item for item, sha256 in new.items() if old.get(item) != sha256]
    return changed, [item for item in changed if not is_judged_alike(old.get(item, ""), new[item])]


def eased(old: Mapping[str, str], new: Mapping[str, str], judged: Iterable[str]) -> tuple[str, ...]:
    """Return those of the items that are judged anew by which what was right is right again."""
    return tuple(item for item in judged if is_eased(old.get(item, ""), new[item]))


def dependents(rubric: Rubric, changed: Collection[str]) -> tuple[str, ...]:
    """Return items and all that depend on them, in the order of the rubric.

    Of nets that fail one may pay for the others: if one of them runs, all do. A forward pass pays
    for the cache that its backward passes show to be wrong.
    """
    changed = {*changed, *filter(None, map(forward_of, changed))}
    items = rubric.table.items
    found = {item.id for item in items if item.id in changed or _needs(rubric, item) & set(changed)}
    nets = {item.id for item in items if item.kind == "code" and kind(item) == "nets"}
    if found & nets:
        found |= nets
    return tuple(item.id for item in items if item.id in found)


def _needs(rubric: Rubric, item: Asked) -> set[str]:
    """Return all that an item and its cases need."""
    own = {need for case in rubric.cases_of(item.id) for need in case.needs}
    return {*rubric.all_needs(item.id), *own, *(n for name in own for n in rubric.all_needs(name))}


class Before:
    """What is known of uploads by the results that count, each under the policy that it has."""

    def __init__(self, course: Course, plan: Plan, outcomes: Iterable[Outcome]) -> None:
        self._course, self._plan, self._part = course, plan, plan.part
        self._asked = {item.id for item in self._part.assignment.rubric.table.items}
        self._policy = {one.upload: one.policy for one in outcomes if one.status == "graded"}
        new = dict(deciding(plan.policy.assignment))
        self._moved: dict[str, tuple[list[str], list[str]]] = {}
        self._eased: dict[str, tuple[str, ...]] = {}
        for policy in set(self._policy.values()):
            old = _decided(course, policy)
            self._moved[policy] = changes(old, new)
            self._eased[policy] = eased(old, new, self._moved[policy][1])

    def looked_at(self, upload: str) -> Known | None:
        """Return what there is to grade the items of the plan by; None if that is nothing."""
        policy = self._policy.get(upload, "")
        before = self._archive(generations.key_of(upload, policy))
        if not before or not self._part.only:
            return None
        changed = [item for item in self._moved[policy][1] if item in self._asked]
        return Known(before, self._plan.run, b"", tuple(changed), self._eased[policy])

    def whole(self, upload: str) -> Known | None:
        """Return the result before and the items that were graded again.

        Nothing where these two are not all of it: another item changed, too.
        """
        plan, policy = self._plan, self._policy.get(upload, "")
        if not self._part.only or policy not in self._moved:
            return None
        if not set(self._moved[policy][0]) <= set(plan.run):
            return None
        before = self._archive(generations.key_of(upload, policy))
        again = self._archive(self._part.key(upload))
        return Known(before, plan.run, again) if before and again else None

    def _archive(self, key: str) -> bytes:
        """Return the archive of a result; nothing if it is not there."""
        try:
            return archive.place_of(self._course.folder, key).read_bytes()
        except OSError:
            return b""


def chosen(students: Sequence[Student], told: Sequence[str]) -> set[int]:
    """Return the numbers of the students that are named; everybody if none is. UsageError."""
    if not told:
        return {one.number for one in students}
    found = set()
    for name in told:
        fits = [
            one.number
            for one in students
            if name.casefold()
            in {
                t.casefold()
                for t in (one.folder, one.person.id, one.person.login, one.person.email)
                if t
            }  # fmt: skip
        ]
        if len(fits) != 1:
            raise UsageError(f"--students {name}: {count(len(fits), 'student')} are called so; "
                             "use ids, logins or folders in reports/")  # fmt: skip
        found.add(fits[0])
    return found


def uploads(course: Course, policy: Policy, rows: Iterable[Row]) -> list[str]:
    """Return the uploads of attempts that a policy has no result of yet."""
    wanted = dict.fromkeys(row.upload for row in rows if row.upload and not row.forgotten)
    done = course.store.graded(map(policy.key, wanted))
    return [one for one in wanted if policy.key(one) not in done]


def merged(old: Outcome, new: Outcome, plan: Plan) -> Outcome:
    """Return a result with the items that were graded again, and all others as they were."""
    rubric = plan.policy.assignment.rubric
    bonus = {item.id for item in rubric.table.items if item.bonus}
    kinds = {item.id: item.kind for item in rubric.table.items}
    before, after = {i[0]: i for i in old.items}, {i[0]: i for i in new.items}
    items: list[Item] = []
    for name in kinds:
        source = after if name in plan.run else before
        items += [source[name]] if name in source else []
    earned = possible = pending = extra = 0.0
    for name, status, got, most, *_ in items:
        counted = status in COUNTED or (status == "skipped" and kinds[name] == "code")
        if status == "pending":
            pending += most
            possible += 0.0 if name in bonus else most
        elif counted and name in bonus:
            extra += got
        elif counted:
            extra += max(0.0, got - most)
            earned += min(got, most)
            possible += most
    cases = [case for case in old.cases if case[0].partition("/")[0] not in plan.run]
    cases += [case for case in new.cases if case[0].partition("/")[0] in plan.run]
    total = [round(value, 6) for value in (earned, possible, pending, extra)]
    return replace(
        old, policy=plan.policy.sha256, earned=total[0], possible=total[1], pending=total[2],
        bonus=total[3], items=tuple(items), cases=tuple(cases),
    )  # fmt: skip


def apply(course: Course, found: Comparison, reason: str) -> Generation:
    """Have what was graded again count, in one transaction. Raises GraderFault, with all as it was.

    Whose points did not move keeps the old result, as whoever was not to be regraded does.
    """
    store, plan = course.store, found.plan
    policy = plan.policy.sha256
    old_key = generations.keys(store, plan.before.policy)
    new = {d.student.number: d.row.attempt for d in found.students if d.moved and not d.is_kept}
    rows = store.attempts()
    done = store.graded(map(old_key, rows))
    rows = [row for row in rows if old_key(row) in done]
    kept = [row for row in rows if new.get(row.student) != row.attempt]
    number = max(one.number for one in generations.every(store)) + 1
    made = current.new_generation(plan.policy, number, reason, plan.before.number)
    with store.writing():
        store.keep_decides(policy, deciding(plan.policy.assignment))
        generations.add(store, made, ((r.student, r.attempt, old_key(r)) for r in kept))
        new_key = generations.keys(store, policy)
        done = store.graded(map(new_key, rows))
        lost = [row for row in rows if new_key(row) not in done]
        if lost:
            raise GraderFault(
                f"{course.folder}: {count(len(lost), 'attempt')} would be without a result; "
                "nothing was changed, run it again"
            )
    return made


def revert(course: Course, number: int) -> Generation:
    """Have a generation count again that is there. Raises UsageError."""
    every = {one.number: one for one in generations.every(course.store)}
    if number not in every:
        known = ", ".join(map(str, every)) or "none"
        raise UsageError(f"--revert {number}: there is no such generation; there are {known}")
    with course.store.writing():
        generations.choose(course.store, number)
    return every[number]
