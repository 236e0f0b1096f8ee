"""Causes that need no look at numbers: what was seen is the cause itself.

A file that cannot be imported, a result that is computed and not returned, parameters that stand
under other names than those asked for; and what code does beside its answer: another answer every
time, or arguments changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.diagnosis.sentences import listed
from grader.grading import endings
from grader.grading.endings import SYNTAX, Place
from grader.grading.verdicts import Evaluator
from grader.guest.operations import returned
from grader.judges import find as judge
from grader.judges.wrong import Seen
from grader.types import Case, Evidence, Fault

SINGLE = (
    "differs-in-float32",
    "Right for float64, and wrong for the same numbers in float32: look where a dtype is set or "
    "asked for.",
)
UNSTABLE = (
    "differs-between-two-runs",
    "The same input gives one answer in one run and another in the next: something is kept from "
    "call to call, or drawn at random.",
)
MOST = 8  # names of parameters that are listed
Plain = tuple[str, str]  # id, sentence


def find(cases: Sequence[Case], evidence: Sequence[Evidence], evaluator: Evaluator) -> Plain | None:
    """Return why an item gave no answer in these cases, where that is plain."""
    for case, one in zip(cases, evidence):
        if one.outcome != "answered" and _is_import(case, one):
            return "not-imported", f"{endings.importing(one).message}."
    for case, one in zip(cases, evidence):
        if one.outcome == "not_written" and evaluator.ending(case, one).kind == "error":
            return _not_returned(Place.of(evaluator.item(case)), evaluator)
    return None


def _is_import(case: Case, one: Evidence) -> bool:
    """Say whether a file could not be imported. No input was there by then that it could tell of;
    a syntax error that a hidden case ends with may be raised by hand.
    """
    raised = one.raised if case.public else None
    return bool(one.unloaded or raised and raised.type in SYNTAX and raised.frames)


def _not_returned(place: Place, evaluator: Evaluator) -> Plain | None:
    message = endings.unreturned(place.module, place.functions[0], evaluator.sources)
    if message is None:
        return None
    then = f"End it with return {', '.join(returned(place.name, ('loss', 'grads')))}."
    if "stays None" in message:
        then = "Is the result kept under another name?"
    return "not-returned", f"{message}. {then}"


def names(seen: Sequence[Seen]) -> Plain | None:
    """Return which parameters a new net has beside those asked for, where some are missing.

    Only public cases are looked at: a name is a text of the student's.
    """
    for one in seen:
        if one.attempt is None or not one.case.public or one.case.judge != "nets.init":
            continue
        wanted = judge(one.case.judge).names(one.case, one.attempt.expected)
        found = {*one.attempt.arrays, *one.attempt.refused}
        bad = {each.output for each in one.found if each.kind}
        missing = [name for name in wanted if name in bad and name not in found]
        others = [name for name in found if name not in wanted]
        there = f"{_some(others)}; asked for" if others else "no"
        if missing:
            return "other-names", f"params has {there} {_some(missing)}."
    return None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(sorted(names)[:MOST]) + more


def unstable(evidence: Sequence[Evidence]) -> Plain | None:
    """Return (id, sentence) where a case was right in one run and wrong in another."""
    if any(one.unstable for one in evidence):
        return UNSTABLE
    return SINGLE if any(one.single for one in evidence) else None


def changed(
    cases: Sequence[Case],
    evidence: Mapping[str, Evidence],
    wrong: set[str],
    faults: Sequence[Fault],
) -> tuple[str, str, bool] | None:
    """Return (id, sentence, certain) where changed arguments explain what is `wrong`, by case id.

    They do where the rubric counts them as wrong and nothing else is; perhaps where just the cases
    are wrong in which something was changed.
    """
    counted = any(fault.kind == "mutated_input" and not fault.warning for fault in faults)
    touched = {case.id for case in cases if evidence[case.id].mutated}
    names = sorted({name for case_id in touched for name in evidence[case_id].mutated})
    certain = counted and not wrong
    if not certain and not (wrong and touched == wrong and len(touched) < len(cases)):
        return None
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    message = (
        f"{listed(names, len(names))} {verb} changed in place, and the caller still needs {them}: "
        "work on a copy."
    )
    return "input-changed", message, certain
