"""What staff keep of a grading: each case's outcome, and the hash of the numbers that are wrong.

A class picture counts students by that hash, and a new rubric finds by it whose verdict may change.
No page and no result.json of a student has any of it.
"""

from __future__ import annotations

import hashlib

import numpy as np

from grader.grading.facts import Facts
from grader.judges import wording
from grader.types import Case, CaseOutcome, Evidence, Seen

DIGITS = 6  # by which wrong numbers are compared: two students' rounding differs far behind


def outcomes(facts: Facts) -> tuple[CaseOutcome, ...]:
    """Return the outcome of every case that was asked, in the rubric's order."""
    return tuple(
        CaseOutcome(
            case=case.id,
            outcome=evidence.outcome,
            right=(right := facts.evaluator.is_right(case, evidence)),
            wrong="" if right else _hash(evidence),
            seen=None if right else _seen(facts, case, evidence),
        )
        for case in facts.rubric.cases
        if (evidence := facts.evidence.get(case.id)) is not None
    )


def _seen(facts: Facts, case: Case, evidence: Evidence) -> Seen:
    """Return all about a case that was not right; a hidden one is worded as a public one."""
    attempt = facts.evaluator.attempt(case, evidence)
    answered = evidence.outcome == "answered"
    found = facts.evaluator.findings(case, evidence) if answered else []
    bad = [one for one in found if not one.right]
    says = [wording.public(one, attempt) for one in bad] or [_ended(evidence)]
    wanted = {name: array for one in attempt.expected[:1] for name, array in one.items()}
    wanted |= {one.output: one.expected for one in bad if one.expected is not None}
    wrong = {one.output: one.wrong for one in bad if one.wrong is not None}
    return Seen(tuple(says), attempt.inputs, wanted, evidence.arrays, wrong)


def _ended(evidence: Evidence) -> str:
    raised = evidence.raised
    if raised is None:
        return f"ended so: {evidence.outcome.replace('_', ' ')}"
    at = next((f" at {file}:{line}" for file, line, *_ in raised.frames[-1:] if line), "")
    return f"stopped with {raised.type}{at}: {raised.message}"


def _hash(evidence: Evidence) -> str:
    if not evidence.arrays and not evidence.raised:
        return ""
    digest = hashlib.sha256((evidence.raised.type if evidence.raised else "").encode())
    for name, array in sorted(evidence.arrays.items()):
        digest.update(f"{name}{array.shape}".encode())
        digest.update(_rounded(array).tobytes())
    return digest.hexdigest()[:16]


def _rounded(array: np.ndarray) -> np.ndarray:
    """Return the numbers to DIGITS of their largest one; zeros have one sign."""
    with np.errstate(all="ignore"):
        numbers = array.astype(np.float64)
        finite = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
        largest = finite.max(initial=0.0)
        places = DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else 0
        scale = 10.0 ** np.clip(places, -300, 300)
        whole: np.ndarray = np.round(numbers * scale) / scale + 0.0
        return whole
