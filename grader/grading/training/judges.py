"""The three judges of a goal: one run reaches, one run beats another, many runs sweep.

Each returns a Finding. Only accuracies that were recomputed count; what runs tell of themselves
stands beside them as a claim, and earns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from grader.grading.training import sentences
from grader.grading.training.runs import (
    Key,
    alike,
    different,
    fits,
    key,
    learned,
    told,
    unseen,
    value,
    varied,
)
from grader.rubric.records import Believing, Goal, On, RunFilter
from grader.types import FaultKind, Trained

DUST = 1e-9


@dataclass(frozen=True)
class Finding:
    """What became of one goal, the runs that it rests on, and a sentence where it is not reached.

    `kind` is "missing" where there is no such run.
    """

    status: Literal["passed", "failed", "pending"]
    runs: tuple[Trained, ...] = ()
    says: str = ""
    kind: FaultKind = "value"


@dataclass(frozen=True)
class Rules:
    """How strict the judges are: the rubric's table, and the profile's factor on validation."""

    believing: Believing
    scale: float

    def asked(self, goal: Goal) -> float:
        """Return the accuracy that a goal asks for on these data."""
        return (goal.at_least or 0.0) * (self.scale if goal.on == "validation" else 1.0)


def reaches(
    goal: Goal, runs: Sequence[Trained], rules: Rules, taken: Trained | None, modest: bool
) -> Finding:
    """Judge whether one run reaches an accuracy.

    `taken` is a run that has earned another item. Of several runs that do, the best is shown, or
    with `modest` the one that just does, which leaves the better ones to other items.
    """
    fitting = [run for run in runs if fits(run, goal.runs)]
    known = [run for run in fitting if value(run, goal.on) is not None and run is not taken]
    asked = rules.asked(goal)
    good = [
        run
        for run in known
        if _of(run, goal.on) >= asked - rules.believing.grace - DUST
        and not (goal.on == "validation" and too_good(run, rules.believing))
    ]
    if good:
        picked = (min if modest else max)(good, key=lambda run: _of(run, goal.on))
        return Finding("passed", (picked,))
    if foreign := [run for run in fitting if unseen(run, goal.on)]:
        return _pending(foreign, goal.on)
    if not known:
        if any(run is taken for run in fitting):
            return Finding("failed", (), sentences.taken(), "missing")
        return _missing(goal.runs, runs)
    best = max(known, key=lambda run: _of(run, goal.on))
    found = _of(best, goal.on)
    if goal.on == "validation" and too_good(best, rules.believing):
        return Finding("failed", (best,), sentences.seen_before(best, found))
    return Finding("failed", (best,), sentences.short_of(goal, best, found, asked))


def beats(goal: Goal, runs: Sequence[Trained], rules: Rules) -> Finding:
    """Judge whether a run is ahead of another of the same net, by a difference of accuracies."""
    assert goal.against is not None  # the rubric was checked
    ours, others = ([run for run in runs if fits(run, wanted)]
                    for wanted in (goal.runs, goal.against))  # fmt: skip
    without = _compared(goal.runs, goal.against)
    pairs = [
        (one, other)
        for one in ours
        for other in others
        if key(one, without) == key(other, without) and alike(one, other, goal.apart)
    ]
    known = [
        (one, other)
        for one, other in pairs
        if learned(one, goal.runs)
        and learned(other, goal.against)
        and None not in (value(one, goal.on), value(other, goal.on))
    ]
    if known:
        best = max(known, key=lambda pair: _of(pair[0], goal.on) - _of(pair[1], goal.on))
        first, second = (_of(run, goal.on) for run in best)
        if first - second >= goal.by - DUST:
            return Finding("passed", best)
    if foreign := [run for pair in pairs for run in pair if unseen(run, goal.on)]:
        return _pending(foreign, goal.on)
    if known:
        return Finding("failed", best, sentences.behind(goal, goal.against, first, second))
    for wanted, found in ((goal.runs, ours), (goal.against, others)):
        if not [run for run in found if learned(run, wanted) or unseen(run, goal.on)]:
            return _missing(wanted, runs)
    return Finding("failed", (), sentences.unlike(goal.runs, goal.against), "missing")


def sweeps(goal: Goal, runs: Sequence[Trained], rules: Rules) -> Finding:
    """Judge whether one net was trained with so many different values of a setting."""
    without = {"batch_size"} if goal.over == "batch_size" else set()
    groups = _groups([r for r in runs if fits(r, goal.runs) and learned(r, goal.runs)], without)
    fewer: Mapping[Key, list[Trained]] = {}
    if goal.more_than is not None:
        without = without | _compared(goal.runs, goal.more_than)
        groups = _regrouped(groups, without)
        other = goal.more_than
        fewer = _groups([r for r in runs if fits(r, other) and learned(r, other)], without)

    def values(group: list[Trained]) -> list[float]:
        return different((varied(run, goal) for run in group), goal.apart)

    def lead(name: Key) -> int:
        return len(values(groups[name])) - len(values(fewer.get(name, [])))

    name = max(groups, key=lead, default=None)
    found = groups[name] if name is not None else []
    enough = len(values(found)) >= goal.values
    if enough and (goal.more_than is None or name is not None and lead(name) >= goal.more_by):
        return Finding("passed", tuple(found))
    if foreign := [run for run in runs if fits(run, goal.runs) and unseen(run, "training")]:
        return _pending(foreign, "training")
    if not found:
        return _missing(goal.runs, runs)
    shown = tuple(found) if len(values(found)) > 1 else ()
    if not enough or goal.more_than is None or name is None:
        return Finding("failed", shown, sentences.few_values(goal, values(found)))
    theirs = len(values(fewer.get(name, [])))
    says = sentences.no_wider(goal, goal.more_than, len(values(found)), theirs)
    return Finding("failed", tuple(found), says)


def too_good(run: Trained, believing: Believing) -> bool:
    """Say whether a net does so much better on validation than on hidden images that it saw them.

    Where there are no hidden images nothing is known, and nothing is held against it.
    """
    if run.val_accuracy is None or run.hidden_accuracy is None:
        return False
    return run.val_accuracy - run.hidden_accuracy > believing.hidden_band


def _of(run: Trained, on: On) -> float:
    found = value(run, on)
    return -1.0 if found is None else found


def _compared(one: RunFilter, other: RunFilter) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def _groups(runs: Sequence[Trained], without: set[str]) -> dict[Key, list[Trained]]:
    groups: dict[Key, list[Trained]] = {}
    for run in runs:
        groups.setdefault(key(run, without), []).append(run)
    return groups


def _regrouped(groups: Mapping[Key, list[Trained]], without: set[str]) -> dict[Key, list[Trained]]:
    return _groups([run for group in groups.values() for run in group], without)


def _missing(wanted: RunFilter, runs: Sequence[Trained]) -> Finding:
    """Say what was looked for, and why the runs that are there could not be used."""
    fitting = [run for run in runs if fits(run, wanted)]
    return Finding("failed", (), sentences.missing(wanted, fitting), "missing")


def _pending(foreign: Sequence[Trained], on: On) -> Finding:
    best = max(foreign, key=lambda run: told(run, on))
    return Finding("pending", (best,), sentences.claim(best, on))
