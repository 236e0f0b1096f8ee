"""The three judges of a goal: one run reaches, one run beats another, many runs sweep.

Each returns a GoalResult. Only accuracies that were recomputed count; what a run's own log claims
earns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from grader.grading.training import sentences
from grader.grading.training.runs import alike, claimed, fits, key, learned, scale, unseen, value
from grader.rubric.records import Believing, Goal, ImageProfile, On, RunFilter
from grader.types import FaultKind, Trained

DUST = 1e-9
Shared = tuple[object, ...]  # what runs of one group have in common


@dataclass(frozen=True)
class GoalResult:
    """What became of one goal, the runs that it rests on, and a sentence if it is not reached.

    `kind` is "missing" if there is no such run.
    """

    status: Literal["passed", "failed", "pending"]
    runs: tuple[Trained, ...] = ()
    message: str = ""
    kind: FaultKind = "value"


@dataclass(frozen=True)
class GoalRules:
    """How strict the judges are: by the rubric's table, on so many and so hard images."""

    believing: Believing
    profile: ImageProfile

    def asked(self, goal: Goal) -> float:
        """Return the accuracy that a goal asks for on these data."""
        return (goal.at_least or 0.0) * (self.profile.scale if goal.on == "validation" else 1.0)

    def too_good(self, run: Trained) -> bool:
        """Return whether a net is too much better on validation than on hidden images for chance.

        Both are samples, so an honest net differs on them by chance: the standard error of the
        difference of two shares is sqrt(p (1 - p) (1/n + 1/m)). If there are no hidden images
        nothing is known, and nothing is held against it.
        """
        if run.val_accuracy is None or run.hidden_accuracy is None:
            return False
        n, m = self.profile.validation, max(1, self.profile.hidden)
        p = (n * run.val_accuracy + m * run.hidden_accuracy) / (n + m)
        error = math.sqrt(max(0.0, p * (1 - p)) * (1 / n + 1 / m))
        return run.val_accuracy - run.hidden_accuracy > self.believing.hidden_errors * error


def reaches(
    goal: Goal, runs: Sequence[Trained], rules: GoalRules, taken: Trained | None, modest: bool
) -> GoalResult:
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
        and not (goal.on == "validation" and rules.too_good(run))
    ]
    if good:
        picked = (min if modest else max)(good, key=lambda run: _of(run, goal.on))
        return GoalResult("passed", (picked,))
    if foreign := [run for run in fitting if unseen(run, goal.on)]:
        return _pending(foreign, goal.on)
    if not known:
        if any(run is taken for run in fitting):
            return GoalResult("failed", (), sentences.taken(), "missing")
        return _missing(goal.runs, runs)
    best = max(known, key=lambda run: _of(run, goal.on))
    found = _of(best, goal.on)
    if goal.on == "validation" and rules.too_good(best):
        return GoalResult("failed", (best,), sentences.seen_before(best, found))
    return GoalResult("failed", (best,), sentences.short_of(goal, best, found, asked))


def beats(goal: Goal, runs: Sequence[Trained], rules: GoalRules) -> GoalResult:
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
            return GoalResult("passed", best)
    if foreign := [run for pair in pairs for run in pair if unseen(run, goal.on)]:
        return _pending(foreign, goal.on)
    if known:
        return GoalResult("failed", best, sentences.behind(goal, goal.against, first, second))
    for wanted, found in ((goal.runs, ours), (goal.against, others)):
        if not [run for run in found if learned(run, wanted) or unseen(run, goal.on)]:
            return _missing(wanted, runs)
    return GoalResult("failed", (), sentences.unlike(goal.runs, goal.against), "missing")


def sweeps(goal: Goal, runs: Sequence[Trained], rules: GoalRules) -> GoalResult:
    """Judge whether one net was trained with so many different values of a setting."""
    without = {"batch_size"} if goal.over == "batch_size" else set()
    groups = _groups([r for r in runs if fits(r, goal.runs) and learned(r, goal.runs)], without)
    fewer: Mapping[Shared, list[Trained]] = {}
    if goal.more_than is not None:
        without = without | _compared(goal.runs, goal.more_than)
        groups = _groups([run for group in groups.values() for run in group], without)
        other = goal.more_than
        fewer = _groups([r for r in runs if fits(r, other) and learned(r, other)], without)

    def values(group: list[Trained]) -> list[float]:
        """Return what is varied in a group, each value `apart` times the one before or more."""
        kept: list[float] = []
        sizes = [float(run.training.batch_size) for run in group]
        for each in sorted(map(scale, group) if goal.over == "initial_scale" else sizes):
            if each > 0 and (not kept or each >= kept[-1] * goal.apart):
                kept.append(each)
        return kept

    def lead(name: Shared) -> int:
        return len(values(groups[name])) - len(values(fewer.get(name, [])))

    name = max(groups, key=lead, default=None)
    found = groups[name] if name is not None else []
    enough = len(values(found)) >= goal.values
    if enough and (goal.more_than is None or name is not None and lead(name) >= goal.more_by):
        return GoalResult("passed", tuple(found))
    if foreign := [run for run in runs if fits(run, goal.runs) and unseen(run, "training")]:
        return _pending(foreign, "training")
    if not found:
        return _missing(goal.runs, runs)
    shown = tuple(found) if len(values(found)) > 1 else ()
    if not enough or goal.more_than is None or name is None:
        return GoalResult("failed", shown, sentences.few_values(goal, values(found)))
    theirs = len(values(fewer.get(name, [])))
    message = sentences.no_wider(goal, goal.more_than, len(values(found)), theirs)
    return GoalResult("failed", tuple(found), message)


def _of(run: Trained, on: On) -> float:
    found = value(run, on)
    return -1.0 if found is None else found


def _compared(one: RunFilter, other: RunFilter) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def _groups(runs: Sequence[Trained], without: set[str]) -> dict[Shared, list[Trained]]:
    groups: dict[Shared, list[Trained]] = {}
    for run in runs:
        groups.setdefault(key(run, without), []).append(run)
    return groups


def _missing(wanted: RunFilter, runs: Sequence[Trained]) -> GoalResult:
    """Return what was looked for, and why the runs that are there could not be used."""
    fitting = [run for run in runs if fits(run, wanted)]
    return GoalResult("failed", (), sentences.missing(wanted, fitting), "missing")


def _pending(foreign: Sequence[Trained], on: On) -> GoalResult:
    best = max(foreign, key=lambda run: claimed(run, on))
    return GoalResult("pending", (best,), sentences.claim(best, on))
