"""What confinement costs: the same submission in each box, beside processes with limits alone."""

from __future__ import annotations

import statistics
import time

from grader import resources
from grader.box.plan import Plan, choose
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.errors import BoxError
from grader.submission.intake import read_submission

SUBMISSION = resources.home() / "tests" / "submissions" / "accepted" / "compact"
MODES = ("none", "landlock", "bubblewrap")
ROUNDS = 9


def main() -> None:
    """Print start, submission and case in each box, as milliseconds over no confinement."""
    plans = {mode: plan for mode in MODES if (plan := _plan(mode)) is not None}
    assignment = resources.assignment(resources.DEFAULT_RUBRIC)
    submission = read_submission(SUBMISSION, given=resources.given_files())
    cases = len(assignment.rubric.cases)
    cold: dict[str, list[float]] = {mode: [] for mode in plans}
    warm: dict[str, list[float]] = {mode: [] for mode in plans}
    for _ in range(ROUNDS):
        for mode in plans:  # in turn, so that a slow moment of the machine hits all alike
            started = time.perf_counter()
            with Worker(_plan(mode)) as worker:
                grade_one(submission, assignment, worker)
                between = time.perf_counter()
                grade_one(submission, assignment, worker)
                cold[mode].append(between - started)
                warm[mode].append(time.perf_counter() - between)
    print(f"the cost of confinement, {ROUNDS} rounds in turn, median of each, {cases} cases")
    for mode in plans:
        start, again = (statistics.median(seen[mode]) for seen in (cold, warm))
        over = 1000 * (start - statistics.median(cold["none"]))
        each = 1000 * (again - statistics.median(warm["none"])) / cases
        print(
            f"  {mode:<11} first {start:5.2f} s, next {again:5.2f} s; "
            f"over none {over:6.1f} ms a submission (target 60), {each:5.2f} ms a case (target 10)"
        )


def _plan(mode: str) -> Plan | None:
    try:
        return choose(mode)
    except BoxError as error:
        print(f"  {mode}: not measured: {error}")
        return None
