"""What a forward pass keeps for the way back: if only that is wrong, the forward pass pays for it.

Its output is right, and its backward passes are wrong with the cache that it makes. They come right
with a right one: the cache that the docstring promises, or, where a normalization is free to keep
what it likes, the one that it makes for gamma 1 and beta 0, with gamma put in. Whoever scales the
normalized x in place, or keeps the output for it, has a right cache then. (If the normalized x is
kept as well, it is the backward pass that takes the wrong one.) The mistake is one of the forward
pass, and the backward passes are its consequences.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.grading.facts import Again, Facts
from grader.grading.follow import alone
from grader.grading.rerun import Rerun
from grader.grading.verdicts import Verdict
from grader.guest.operations import OPERATIONS
from grader.rubric.records import Item
from grader.submission.bodies import nodes
from grader.submission.written import Sources
from grader.types import Case, Cause, Diagnosis, Evidence, Fault

OTHERWISE = "with a right cache"  # a case asked so, beside its own name


@dataclass(frozen=True)
class Spoiled:
    """A forward pass whose cache is wrong: its verdict, why, and its backward passes, once more."""

    verdict: Verdict
    why: Diagnosis
    again: Mapping[str, Again]


def spoiled(rerun: Rerun) -> dict[str, Spoiled]:
    """Return the forward passes that are right but for their cache, by item."""
    facts, found = rerun.facts, dict[str, Spoiled]()
    behind = {
        name: [one.item for one in facts.failed().values() if _may_be_behind(one, name, rerun)]
        for name, verdict in facts.verdicts.items()
        if verdict.passed
    }
    asked = [_asked(case) for items in behind.values() for case in _cases(items, facts)]
    if not asked or not rerun.has_time:
        return {}
    with rerun.session() as session:
        evidence = session.observe(asked, facts.evaluator.is_right)
    for name, items in behind.items():
        if again := dict(_right(items, evidence, name, facts)):
            verdict, promised = facts.verdicts[name], OPERATIONS[items[0].id].promised
            why = _why(name, promised, facts.evaluator.sources)
            found[name] = Spoiled(_charged(verdict, facts), why, again)
    return found


def with_spoiled(facts: Facts, found: Mapping[str, Spoiled]) -> Facts:
    """Return the facts with forward passes that pay for their cache."""
    followed = {name: again for one in found.values() for name, again in one.again.items()}
    verdicts = {name: one.verdict for name, one in found.items()}
    return replace(facts, verdicts={**facts.verdicts, **verdicts}, followed=followed)


def with_right_cache(case: Case) -> Case | None:
    """Return a case of a backward pass as a question of its own about the same numbers: with a
    cache in which the forward pass has no say, or less. None if no wrong cache may be to blame.
    """
    is_behind = _forward_of(case.item) != ""
    return replace(_asked(case), id=f"{case.id}/{OTHERWISE}") if is_behind else None


def _forward_of(name: str) -> str:
    """Return the forward pass of a backward pass, if no draw stands between the two; else ""."""
    row = OPERATIONS.get(name)
    return "" if row is None or row.random else row.forward


def _may_be_behind(verdict: Verdict, forward: str, rerun: Rerun) -> bool:
    """Say whether an item is a backward pass of `forward`, gives one answer to one question, and
    was not seen wrong with a right cache.
    """
    name, facts = verdict.item.id, rerun.facts
    if _forward_of(name) != forward or facts.is_slow(name):
        return False
    seen = [facts.evidence[case.id] for case in facts.cases(name)]
    if any(one.unstable or one.single for one in seen):
        return False
    if name not in rerun.otherwise:
        return True
    case, evidence = rerun.otherwise[name]
    asked = case.id.removesuffix(f"/{OTHERWISE}")
    return facts.evaluator.is_right(replace(case, id=asked), replace(evidence, case=asked))


def _cases(items: Sequence[Item], facts: Facts) -> list[Case]:
    return [case for item in items for case in facts.rubric.cases_of(item.id)]


def _asked(case: Case) -> Case:
    """Return a case that hands the backward pass a right cache: same inputs, same answers."""
    if OPERATIONS[case.item].promised:
        return alone(case)
    return replace(case, options={**case.options, "plain_cache": True})


def _right(
    items: Sequence[Item], evidence: Mapping[str, Evidence], root: str, facts: Facts
) -> Iterator[tuple[str, Again]]:
    """Yield the backward passes that are right in every part with another cache."""
    for item in items:
        again = facts.evaluator.verdict(item, evidence)
        if again.passed and not again.broken:
            yield item.id, Again(again.right, evidence, root, False)


def _charged(verdict: Verdict, facts: Facts) -> Verdict:
    """Return the verdict on a forward pass that pays for its cache with the part of its output."""
    item = verdict.item
    case = min(facts.rubric.cases_of(item.id), key=lambda one: not one.public)
    part = item.part_of("out", case) or ""
    message = "out is right, and the cache that goes with it is not"
    fault = Fault(case.id, part, "cache", "value", message, public=case.public)
    right = {**verdict.right, part: False}
    return replace(verdict, right=right, faults=(*verdict.faults, fault))


def _why(forward: str, promised: bool, sources: Sources) -> Diagnosis:
    if promised:
        message = (
            f"{forward} keeps another cache than its docstring says. The backward pass is right "
            "with the one that is promised: look at the order, and at what is in it."
        )
        return Diagnosis(Cause("symptom/another-cache", message, True), whole=True)
    changed = "".join(
        f" {name} is changed in place (layers.py line {line})."
        for name, line in _in_place(forward, sources)
    )
    message = (
        f"What {forward} keeps for the backward pass has gamma or beta in it.{changed} The "
        "backward pass is right with gamma 1 and beta 0: keep the normalized x as it is before it "
        "is scaled and shifted."
    )
    return Diagnosis(Cause("symptom/gamma-in-the-cache", message, True), whole=True)


def _in_place(forward: str, sources: Sources) -> list[tuple[str, int]]:
    """Return what is multiplied by gamma, or has beta added, in place: its name, and the line."""
    return [
        (one.target.id, one.lineno)
        for one in nodes(sources.function("layers", forward) or ast.Module([], []))
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name)
        if {"gamma", "beta"} & {n.id for n in nodes(one.value) if isinstance(n, ast.Name)}
    ]
