"""How far honest submissions lie from the golden answers: the reason for every tolerance."""

from __future__ import annotations

from collections import defaultdict

from grader import resources
from grader.box.session import Session
from grader.box.worker import Worker
from grader.engine import job_of
from grader.grading.verdicts import Evaluator
from grader.judges.tolerances import TOLERANCES
from tests.support import handed_in


def spreads() -> dict[tuple[str, str], tuple[float, str]]:
    """Return (operation, dtype) -> (largest error found right, where) over accepted submissions."""
    worst: dict[tuple[str, str], tuple[float, str]] = defaultdict(lambda: (0.0, "-"))
    with Worker() as worker:
        for style, name in handed_in.accepted():
            assignment = resources.assignment(name)
            rubric, evaluator = assignment.rubric, Evaluator(assignment.rubric, assignment.golden)
            job = job_of(handed_in.accepted_submission(style), assignment)
            session = Session(worker, job, rubric, float("inf"))
            evidence = session.observe(rubric.cases, evaluator.is_right)
            session.close()
            for case in rubric.cases:
                if case.judge != "values.close" or evidence[case.id].outcome != "answered":
                    continue
                for found in evaluator.findings(case, evidence[case.id]):
                    answer = evidence[case.id].arrays.get(found.output)
                    dtype = "" if answer is None else str(answer.dtype)
                    key = (rubric.item(case.item).tolerance, dtype)
                    error = found.error or 0.0
                    if (found.kind is None or found.warning) and error > worst[key][0]:
                        worst[key] = (error, f"{style}: {case.id} {found.output}")
    return worst


def main() -> None:
    """Print the table of spreads beside the tolerances."""
    print("largest error of an accepted submission, beside what is allowed")
    for (operation, dtype), (error, where) in sorted(spreads().items()):
        row = TOLERANCES[operation]
        allowed = row.float32 if dtype == "float32" else row.float64
        print(f"  {operation:10} {dtype:8} {error:9.1e}   allowed {allowed:7.0e}   {where}")
