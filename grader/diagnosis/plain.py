"""Causes that need no look at numbers, and are certain: what was seen is the cause itself.

A file that cannot be imported, a result that is computed and not returned, and parameters that
stand under other names than those asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.grading import endings
from grader.grading.endings import SYNTAX, Place
from grader.grading.verdicts import Evaluator
from grader.guest.operations import returned
from grader.judges import find as judge
from grader.judges.wrong import Seen
from grader.types import Case, Evidence

NAMES = "other-names"
MOST = 8  # names of parameters that are listed
Plain = tuple[str, str]  # id, sentence


def find(cases: Sequence[Case], evidence: Sequence[Evidence], evaluator: Evaluator) -> Plain | None:
    """Return why an item gave no answer in these cases, where that is plain."""
    ended = [one for one in zip(cases, evidence) if one[1].outcome != "answered"]
    broken = next((one for case, one in ended if _is_import(case, one)), None)
    if broken is not None:
        return "not-imported", f"{endings.importing(broken).message}."
    for case, one in ended:
        if one.outcome == "not_written" and evaluator.ending(case, one).kind == "error":
            return _not_returned(Place.of(evaluator.item(case)), evaluator)
    return None


def _is_import(case: Case, one: Evidence) -> bool:
    """Say whether a file could not be imported. No input was there by then that it could tell of;
    a syntax error that a hidden case ends with may be raised by hand.
    """
    is_syntax = (
        case.public
        and one.raised is not None
        and one.raised.type in SYNTAX
        and bool(one.raised.frames)
    )
    return bool(one.unloaded) or is_syntax


def _not_returned(place: Place, evaluator: Evaluator) -> Plain | None:
    name = place.functions[0]
    message = endings.unreturned(place.module, name, evaluator.sources)
    if message is None:
        return None
    asked = returned(place.name, ("loss", "grads"))
    if "stays None" in message:
        return "not-returned", f"{message}. Is the result kept under another name?"
    return "not-returned", f"{message}. End it with return {', '.join(asked)}."


def names(seen: Sequence[Seen]) -> Plain | None:
    """Return which parameters a new net has beside those asked for, where some are missing.

    Only public cases are looked at: a name is a text of the student's.
    """
    for one in seen:
        if one.attempt is None or not one.case.public or one.case.judge != "nets.init":
            continue
        wanted = judge(one.case.judge).names(one.case, one.attempt.expected)
        there = {*one.attempt.arrays, *one.attempt.refused}
        bad = {found.output for found in judge(one.case.judge).decide(one.attempt) if found.kind}
        missing = [name for name in wanted if name in bad and name not in there]
        others = [name for name in there if name not in wanted]
        if missing and others:
            return NAMES, f"params has {_some(others)}; asked for {_some(missing)}."
        if missing:
            return NAMES, f"params has no {_some(missing)}."
    return None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(sorted(names)[:MOST]) + more
