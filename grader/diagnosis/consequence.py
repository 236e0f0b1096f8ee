"""Which failed item is only the consequence of another's mistake? It is one on evidence alone.

    right layers   it comes right once the other is taken out of its way (grader.grading.follow)
    same mistake   the other's mistake is a known one, and made in the reference it gives the very
                   numbers that this item is wrong by
    same stop      every wrong case of it stops at a line where the other stops by itself
    no cache       its forward pass is wrong, and stops, or gives None for a cache
    no file        the file that both are in cannot be imported

A wrong answer, a missing parameter or an exception of an item's own makes it a mistake of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from grader.diagnosis import match
from grader.diagnosis.folding import net_of
from grader.grading.dependencies import kind
from grader.grading.facts import Facts
from grader.grading.outcome import Consequence
from grader.grading.rerun import Rerun
from grader.grading.verdicts import Verdict
from grader.guest.operations import forward_of
from grader.types import Diagnosis, Evidence

NONE = re.compile(r"cannot unpack non-iterable NoneType|'NoneType' object is not subscriptable")
Stop = tuple[str, str, str, int]  # function, kind of exception, file, line


def find(
    rerun: Rerun, over: Mapping[str, Evidence], causes: Mapping[str, Diagnosis]
) -> dict[str, Consequence]:
    """Return the items that are consequences, each with the item that explains it.

    `over` is what happened over right layers, by case.
    """
    found: dict[str, Consequence] = {}
    for name, verdict in rerun.facts.verdicts.items():
        if not verdict.passed and not verdict.broken:
            with rerun.deciding([verdict.item]):
                one = _of_item(verdict, rerun.facts, over, causes)
                found |= {name: one} if one is not None else {}
    return found


def _of_item(
    verdict: Verdict, facts: Facts, over: Mapping[str, Evidence], causes: Mapping[str, Diagnosis]
) -> Consequence | None:
    name = verdict.item.id
    again = facts.followed.get(name)
    if again is not None and _whole(verdict, again.right):
        return None if again.root is None else Consequence(again.root, again.right)
    root = _stopped_in(name, facts) or _without_cache(name, facts)
    if root is not None:
        return Consequence(root, {})
    same = _same_mistake(verdict, facts, over, causes)
    if same is None and again is not None and again.held and again.root is not None:
        return _held(verdict, again.root, causes.get(again.root))
    return same


def _held(verdict: Verdict, root: str, why: Diagnosis | None) -> Consequence:
    """Return a right gradient of a wrong forward pass: right if that is a certain misconception.

    Else nobody can say that it is the gradient of anything worth having.
    """
    known = why is not None and why.cause.certain and bool(why.hints)
    return Consequence(root, {part.id: known for part in verdict.item.parts})


def _whole(verdict: Verdict, right: Mapping[str, bool]) -> bool:
    """Say whether every part that is worth points is right."""
    return all(right.get(part.id, False) for part in verdict.item.parts if part.points > 0)


def _stopped_in(name: str, facts: Facts) -> str | None:
    """Return the item that stops every wrong case of this one, if there is one.

    A file that cannot be imported is the matter of the first item that it stops. Else it is an item
    whose own cases stop in the same way: a layer in whose function this one stops, or a net of the
    same class.
    """
    seen = [(case, facts.evidence[case.id]) for case in facts.cases(name)]
    wrong = [one for case, one in seen if not facts.evaluator.is_right(case, one)]
    unloaded, stops = _unloaded(wrong), {_stop(evidence) for evidence in wrong}
    for other, verdict in facts.verdicts.items():
        if other == name:
            return None
        own = [e for case_id, e in facts.evidence.items() if case_id.partition("/")[0] == other]
        if verdict.passed or not stops or verdict.broken:
            continue
        if unloaded:
            if unloaded == _unloaded([one for one in own if one.unloaded]):
                return other
        elif stops <= {_stop(one) for one in own} - {None} and _is_in(stops, name, verdict, facts):
            return other
    return None


def _without_cache(name: str, facts: Facts) -> str | None:
    """Return the wrong forward pass that hands a normalization's backward pass nothing to work on.

    It stops itself, if not in every case, or gives None for a cache: then nothing of the backward
    pass was seen, whatever it makes of the cases in which the shapes happen to fit.
    """
    forward = forward_of(name, promised=False)
    verdict = facts.verdicts.get(forward)
    if verdict is None or verdict.passed or verdict.broken:
        return None
    own = {_stop(facts.evidence[case.id]) for case in facts.cases(forward)} - {None}
    wrong = [
        facts.evidence[case.id]
        for case in facts.cases(name)
        if not facts.evaluator.is_right(case, facts.evidence[case.id])
    ]
    stops = [stop for stop in map(_stop, wrong) if stop is not None]
    in_forward = bool(stops) and all(stop[0] == forward and stop in own for stop in stops)
    no_cache = bool(wrong) and all(_unpacks_none(one, name) for one in wrong)
    return forward if in_forward or no_cache else None


def _unpacks_none(evidence: Evidence, name: str) -> bool:
    """Say whether a case stopped as the function took None apart."""
    raised = evidence.raised
    return (
        evidence.outcome == "raised"
        and raised is not None
        and raised.type == "TypeError"
        and bool(NONE.search(raised.message))
        and bool(raised.frames)
        and raised.frames[-1][2] == name
    )


def _unloaded(evidence: Sequence[Evidence]) -> str:
    """Return the file whose import failed in all cases; "" unless it is one that was handed in."""
    files = {one.unloaded if one.outcome != "missing" else "" for one in evidence}
    return files.pop() if len(files) == 1 else ""


def _is_in(stops: Collection[Stop | None], name: str, other: Verdict, facts: Facts) -> bool:
    """Say whether an item's stops are in the function of another one, or in a net that both are.

    A net that needs another wrong one may itself be stopped by that: it explains nothing.
    """
    item = facts.verdicts[name].item
    if kind(item) == kind(other.item) == "nets":
        below = [facts.verdicts[n] for n in other.item.needs if n in facts.verdicts]
        is_first = all(one.passed for one in below if kind(one.item) == "nets")
        return is_first and net_of(item).name == net_of(other.item).name
    return all(stop is not None and stop[0] == other.item.id for stop in stops)


def _stop(evidence: Evidence) -> Stop | None:
    """Return (function, kind of exception, file, line) where a case stopped."""
    if evidence.outcome not in ("raised", "not_written", "missing") or evidence.raised is None:
        return None
    if not evidence.raised.frames:  # a stub or a missing name, which the probe noticed
        return evidence.raised.message, evidence.outcome, "", 0
    path, line, function, _ = evidence.raised.frames[-1]
    return function, evidence.raised.type, path, line


def _same_mistake(
    verdict: Verdict, facts: Facts, over: Mapping[str, Evidence], causes: Mapping[str, Diagnosis]
) -> Consequence | None:
    """Return the item whose certain mistake gives all that this one is wrong by.

    It is the forward pass of a normalization, or a net of the same class that comes earlier in the
    rubric, and the mistake is one of its own.
    """
    name = verdict.item.id
    again = facts.followed.get(name)
    right = {**facts.right(name), **dict.fromkeys(facts.lost(name), True)}
    for need in _before(verdict, facts.verdicts):
        # Beside another convention a mistake may show in one of the two only.
        mistakes = _mistakes(need, causes.get(need))
        if not mistakes and not facts.verdicts[need].passed:
            mistakes = _mistakes(need, causes.get(name))
        if not mistakes:
            continue
        for evidence in ({**facts.evidence, **(again.evidence if again else {})}, over):
            known = all(case.id in evidence for case in facts.cases(name))
            if known and _reproduces(mistakes, name, replace(facts, evidence=evidence)):
                return Consequence(need, right)
    return None


def _mistakes(item: str, why: Diagnosis | None) -> list[str]:
    """Return the certain mistakes that a diagnosis names, if all of them are of one item."""
    named = why.cause.id.split("+") if why is not None and why.cause.certain else []
    return named if all(one.startswith(f"{item}/") for one in named) else []


def _reproduces(mistakes: Collection[str], name: str, facts: Facts) -> bool:
    """Say whether `mistakes`, made in the reference, give the wrong answers in all lost parts.

    They give them to the last digits.
    """
    item, cases, lost = facts.verdicts[name].item, facts.cases(name), facts.lost(name)
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        seen = [match.seen_of(case, facts.evidence[case.id], facts.evaluator) for case in cases]
        mine, theirs = match.compared(item, seen, facts.known.wrong)
        theirs = {n: answers for n, answers in theirs.items() if n.partition("+")[0] in mistakes}
        matches = match.find(name, mine, theirs, lost)
    covered = {part for one in matches for part in one.parts}
    certain = bool(matches) and all(one.certain for one in matches)
    return certain and (match.WHOLE in covered or set(lost) <= covered)


def _before(verdict: Verdict, verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """Yield the forward pass of a normalization, or earlier items for a net of the same class."""
    if forward := forward_of(verdict.item.id, promised=False):
        yield forward
    if kind(verdict.item) != "nets":
        return
    for name, other in verdicts.items():
        if name == verdict.item.id:
            return
        if kind(other.item) == "nets" and net_of(other.item).name == net_of(verdict.item).name:
            yield name
