"""Is the work done at once, or number by number? Measured on one large input for each right item.

A gradient that is worked out by moving each number of the input in turn is right to nine digits,
and takes thousands of times as long as the formula. The limit is generous to honest loops: the
reference needs less than a twentieth of it. What takes longer is a flag for a person and costs no
point.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.grading.facts import SLOW
from grader.grading.verdicts import Verdict
from grader.rubric.cases import Rubric
from grader.types import Evidence, Flag


def flags(
    evidence: Mapping[str, Evidence], rubric: Rubric, verdicts: Mapping[str, Verdict]
) -> tuple[Flag, ...]:
    """Return a flag for each right item that took too long, or too much, for its large input."""
    limit = rubric.table.limits.large_s
    return tuple(
        Flag("slow", _message(case.item, seen, limit), rubric.item(case.item).where)
        for case in rubric.large
        if verdicts[case.item].passed
        for seen in [evidence.get(case.id)]
        if seen is not None and (seen.outcome in SLOW or seen.cpu_s > limit)
    )


def _message(item: str, evidence: Evidence, limit: float) -> str:
    took = f"took {evidence.cpu_s:.1f} s of CPU time"
    if evidence.outcome == "timeout":
        took = "did not finish"
    elif evidence.outcome in SLOW:
        took = "ran out of memory" if evidence.outcome == "memory" else "ended its process"
    look = "see whether it works out its answer number by number"
    return f"{item} {took} on a large input, where {limit:g} s is generous: {look}"
