"""A regrade that ends where nothing has moved: what a change cannot reach is not graded again.

An item that changed is asked for first, and alone if it was right. What depends on it is as it was
if all that it sees of the item is so:

    of each                its status, what it follows from, what was said about the form of answers
    of a wrong layer       where it stopped, so one that stops anywhere is never as it was; of a
                           forward pass which parts are right, what is wrong with them, and why, for
                           the backward pass is held against that
    of a wrong net         all that it answered, which other nets are held against

Else all is graded again that depends on it. Nothing runs where points or words alone are others, or
where the item was right in every case and is asked for less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from grader.box.worker import Worker
from grader.course import assembled, plain
from grader.course.assembled import OF_ALL, Known, Record
from grader.engine import grade_one
from grader.grading import score
from grader.grading.assignment import Assignment
from grader.grading.dependencies import kind
from grader.grading.verdicts import Evaluator
from grader.guest.operations import forward_of
from grader.rubric.cases import Rubric
from grader.rubric.records import Item, Part
from grader.types import CaseOutcome, ItemResult, PartResult, Report, Submission
from grader.whole import Setting

Items = Mapping[str, ItemResult]


def graded(known: Known, given: Submission, setting: Setting, worker: Worker) -> Report | None:
    """Return the report on the `known` items alone; None if all of them have to be graded again.

    Raises BoxError.
    """
    assignment = setting.assignment
    told = {item.id: item for item in assignment.rubric.table.items}
    try:
        before = assembled.read(known.before)
    except (ValueError, KeyError, TypeError):  # damaged, or of an earlier version
        return None
    old = {item.id: item for item in before.items}
    if not old.keys() >= {*known.items, *known.changed}:
        return None
    if before.notebooks and any(told[name].alternatives for name in known.changed):
        return None  # runs are repeated by the convention that it follows
    stays = {name for name in known.eased if _stays_right(told[name], old, assignment)}
    changed = [name for name in known.changed if name not in stays]
    new, again = dict[str, ItemResult](), None
    if changed:
        again = _alone(changed, before, given, setting, worker)
        if again is None:
            return None
        new = {item.id: item for item in again.items}
    for name in known.items:
        if name not in new:
            stated = _right if name in stays else _restated
            one = stated(old[name], told[name], assignment.rubric, name in before.hinted)
            if one is None:
                return None
            new[name] = one
    return _report(before, again, new, given, assignment)


def _stays_right(item: Item, old: Items, assignment: Assignment) -> bool:
    """Say whether an item that is asked for no more than before was right in all of that.

    What it needs has to be right, too, for another item may follow from that by way of it.
    """
    one, cases = old[item.id], assignment.rubric.cases_of(item.id)
    needs = {*item.needs, *(need for case in cases for need in case.needs)}
    needs |= {need for name in needs for need in assignment.rubric.all_needs(name)}
    if item.kind != "code" or one.warnings or not _is_right(one):
        return False
    if not all(part.status == "passed" for part in one.parts):  # even if it brings nothing
        return False
    judged = Evaluator(assignment.rubric, assignment.golden)
    asked = {item.part_of(name, case) for case in cases for name in judged.names(case)}
    is_all_asked = asked >= {part.id for part in item.parts}
    return is_all_asked and all(name in old and _is_right(old[name]) for name in needs)


def _right(old: ItemResult, item: Item, rubric: Rubric, is_hinted: bool) -> ItemResult | None:
    """Return an item that is right in every case, by the parts that it has now."""
    public = [case.public for case in rubric.cases_of(item.id)]
    parts = score.parts_of(item, {part.id: True for part in item.parts}, "passed")
    found = replace(old, parts=parts, checks=(len(public),) * 2, public_checks=(sum(public),) * 2)
    return _restated(found, item, rubric, is_hinted)


def _alone(
    changed: Sequence[str], before: Record, given: Submission, setting: Setting, worker: Worker
) -> Report | None:
    """Return the report on the items that changed; None unless what depends on them sees the same.

    Where all were right, and what their cases need, they are asked for without what they need.
    """
    rubric = setting.assignment.rubric
    items = [rubric.item(name) for name in changed]
    old = {item.id: item for item in before.items}
    if any(item.kind != "code" for item in items) or any(f.kind in OF_ALL for f in before.flags):
        return None
    wrong = [item for item in items if not _is_right(old[item.id])]
    if not all(_is_wrong_layer(item, old[item.id], before.cases) for item in wrong):
        return None
    needs = {n for item in items for case in rubric.cases_of(item.id) for n in case.needs}
    is_free = not wrong and all(name in old and _is_right(old[name]) for name in needs)
    asked = setting.assignment.alone if is_free else setting.assignment.only
    found = grade_one(given, asked(*changed), worker, patience=setting.patience, reading=False)
    new = {item.id: item for item in found.items}
    same = all(_is_seen_alike(item, old[item.id], new[item.id], found.cases) for item in items)
    if not same or found.flags:
        return None
    return replace(found, items=tuple(new[name] for name in changed))


def _is_right(one: ItemResult) -> bool:
    """Say whether an item is right by itself, and not only over what was put right."""
    return one.status == "passed" and not (one.followed_through or one.because_of or one.faults)


def _is_wrong_layer(item: Item, one: ItemResult, cases: Iterable[CaseOutcome]) -> bool:
    """Say whether an item is wrong, calls no other, and answered every case.

    A forward pass has to be so by itself: else its cause is not known here.
    """
    stopped = any(c.outcome != "answered" for c in cases if c.case.partition("/")[0] == item.id)
    is_known = bool(forward_of(item.id)) or not (one.followed_through or one.because_of)
    is_judged = one.status != "grader_fault" and kind(item) == "layers"
    return is_judged and is_known and not stopped and not _is_right(one)


def _is_seen_alike(
    item: Item, old: ItemResult, new: ItemResult, cases: Iterable[CaseOutcome]
) -> bool:
    """Say whether what depends on an item sees the same of it as before."""
    if _is_right(old) != _is_right(new) or _seen(item, old) != _seen(item, new):
        return False
    return _is_right(new) or _is_wrong_layer(item, new, cases)


def _seen(item: Item, one: ItemResult) -> str:
    """Return what others see of an item: of a backward pass only whether and where it is wrong."""
    found: list[object] = [one.status, one.because_of, one.warnings]
    if not forward_of(item.id):
        parts = [(part.id, part.status) for part in one.parts]
        found += [one.followed_through, one.cause, one.hints, one.faults, parts]
    return plain.dumps(found)


def _restated(old: ItemResult, item: Item, rubric: Rubric, is_hinted: bool) -> ItemResult | None:
    """Return an item by the points and words that it has now, its verdict as it was.

    None if there is none, or if it is wrong and its parts stand in another order by points: a cause
    is looked for in that order.
    """
    is_code = item.kind == "code"
    if old.status == "grader_fault":
        return None
    if is_code and old.status != "passed" and _order(old.parts) != _order(item.parts):
        return None
    share, level = rubric.table.follow_through, rubric.table.hint_level
    parts = tuple(_part(one, part, share) for one, part in zip(old.parts, item.parts))
    earned = score.tidy(sum(part.earned for part in parts))
    hints = old.hints
    if is_code and is_hinted:
        hints = item.hints[:level] if earned < item.points else ()
    return replace(
        old, title=item.title, section=item.section, lesson=item.lesson, earned=earned,
        possible=item.points, parts=parts, hints=hints,
    )  # fmt: skip


def _order(parts: Sequence[PartResult | Part]) -> list[int]:
    """Return the places of parts, the one that is worth most first."""
    worth = [part.possible if isinstance(part, PartResult) else part.points for part in parts]
    return sorted(range(len(worth)), key=lambda place: -worth[place])


def _part(old: PartResult, part: Part, share: float) -> PartResult:
    """Return a part by the points that it brings now; `share` of them after follow-through."""
    earned = {"passed": part.points, "partial": score.tidy(part.points * share)}
    possible = 0.0 if part.bonus else part.points
    return PartResult(old.id, part.about, earned.get(old.status, 0.0), possible, old.status)


def _report(
    before: Record,
    again: Report | None,
    items: Items,
    given: Submission,
    assignment: Assignment,
) -> Report:
    """Return the report on `items`, of which those in `again` ran; it has no page.

    What was measured is of these alone.
    """
    names = () if again is None else [item.id for item in again.items]
    ran = () if again is None else again.cases
    nothing = {**before.measured, "wall_s": 0.0, "cpu_s": 0.0, "items": {}, "digits": {}}
    record = Record(
        tuple(items.values()),
        assembled.cases_of(assignment.rubric, names, before.cases, ran),
        (),
        before.repaired,
        before.box,
        nothing if again is None else again.measured,
        before.hinted,
    )
    return assembled.report_of(record, given, assignment)
