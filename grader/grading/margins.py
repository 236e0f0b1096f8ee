"""How far right answers are inside their tolerance, in whole digits."""

from __future__ import annotations

import math

from grader import judges
from grader.grading.facts import Facts
from grader.judges import Finding

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
        if evidence.outcome == "answered" and judges.find(case.judge).golden:
            told = map(_of_finding, facts.evaluator.findings(case, evidence))
            nearest = [each for each in (found.get(case.item), *told) if each]
            if nearest:
                found[case.item] = min(nearest, key=lambda pair: pair[0] - pair[1])
    return found


def _of_finding(finding: Finding) -> list[int]:
    """Return the digits of one output; none where every bit has to be right."""
    if finding.error is None or not finding.allowed:
        return []
    agree = MOST if finding.error == 0 else min(MOST, math.floor(-math.log10(finding.error)))
    return [agree, round(-math.log10(finding.allowed))]
