"""How far right answers are inside their tolerance, in whole digits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader import judges
from grader.grading.facts import Facts
from grader.grading.verdicts import Evaluator
from grader.judges import values
from grader.types import Case, Evidence

MOST = 16  # digits that a float64 has


def digits(facts: Facts) -> dict[str, list[int]]:
    """Return [digits that agree, digits asked for] of each right item, at its worst output.

    Of public cases alone, and no finer: by how far off it is code could tell what it was asked.
    """
    found: dict[str, list[int]] = {}
    for case in facts.rubric.cases:
        verdict, evidence = facts.verdicts.get(case.item), facts.evidence.get(case.id)
        if verdict is None or evidence is None or not (case.public and verdict.passed):
            continue
        if evidence.outcome == "answered" and judges.find(case.judge) is values.close:
            told = _of_case(facts.evaluator, case, evidence)
            nearest = [each for each in (found.get(case.item), *told) if each]
            if nearest:
                found[case.item] = min(nearest, key=lambda pair: pair[0] - pair[1])
    return found


def _of_case(evaluator: Evaluator, case: Case, evidence: Evidence) -> Iterator[list[int]]:
    """Yield the digits of a case, or of each of its outputs if one is in another form."""
    attempt = evaluator.attempt(case, evidence)
    error, allowed = values.nearest(attempt), attempt.rules.float64
    if error <= allowed and not attempt.single_precision:
        yield _digits(error, allowed)
        return
    for finding in evaluator.findings(case, evidence):
        if finding.error is not None and finding.allowed is not None:
            yield _digits(finding.error, finding.allowed)


def _digits(error: float, allowed: float) -> list[int]:
    """Return [digits that agree, digits asked for]; none where every bit has to be right."""
    if not allowed:
        return []
    agree = MOST if error == 0 else min(MOST, math.floor(-math.log10(error)))
    return [agree, round(-math.log10(allowed))]
