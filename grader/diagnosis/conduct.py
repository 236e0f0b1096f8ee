"""What code does beside its answer: another answer every time, or arguments changed in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.types import Case, Evidence, Fault

UNSTABLE = (
    "differs-between-two-runs",
    "The same input gives one answer in one run and another in the next: something is kept from "
    "call to call, or drawn at random.",
)


def unstable(evidence: Sequence[Evidence]) -> tuple[str, str] | None:
    """Return (id, sentence) where a case was right in one run and wrong in another."""
    return UNSTABLE if any(one.unstable for one in evidence) else None


def changed(
    cases: Sequence[Case],
    evidence: Mapping[str, Evidence],
    wrong: Sequence[str],
    faults: Sequence[Fault],
) -> tuple[str, str, bool] | None:
    """Return (id, sentence, certain) where changed arguments explain what is `wrong`, by case id.

    They do where the rubric counts them as wrong and nothing else is; perhaps where just the cases
    are wrong in which something was changed.
    """
    counted = [fault for fault in faults if fault.kind == "mutated_input" and not fault.warning]
    touched = {case.id for case in cases if evidence[case.id].mutated}
    names = sorted({name for case_id in touched for name in evidence[case_id].mutated})
    certain = bool(counted) and not wrong
    perhaps = bool(wrong) and touched == set(wrong) and len(touched) < len(cases)
    if not certain and not perhaps:
        return None
    listed = " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    message = (
        f"{listed} {verb} changed in place, and the caller still needs {them}: work on a copy."
    )
    return "input-changed", message, certain
