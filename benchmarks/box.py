"""What confinement costs: the same submission in each box, beside processes with limits alone."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise

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
    rows: dict[str, list[tuple[float, ...]]] = {mode: [] for mode in plans}
    for turn in range(ROUNDS):
        # In turn, so that a slow moment of the machine hits all alike, and none is always first.
        for mode in [*plans][turn % len(plans) :] + [*plans][: turn % len(plans)]:
            times = [time.perf_counter()]
            plan = _plan(mode)
            times.append(time.perf_counter())
            with Worker(plan) as worker:
                for _ in range(2):
                    grade_one(submission, assignment, worker)
                    times.append(time.perf_counter())
            times.append(time.perf_counter())
            rows[mode].append(tuple(later - one for one, later in pairwise(times)))
    seen = {mode: [statistics.median(c) for c in zip(*columns)] for mode, columns in rows.items()}
    print(f"the cost of confinement, {ROUNDS} rounds in turn, median of each, {cases} cases")
    for mode, (trial, first, again, end) in seen.items():
        over = [1000 * (one - bare) for one, bare in zip(seen[mode], seen["none"])]
        print(
            f"  {mode:<11} once {1000 * trial:5.1f} ms to try it; first submission {first:5.2f} s, "
            f"next {again:5.2f} s, end {end:4.2f} s\n"
            f"{'':14}over none: start and first {over[1]:6.1f} ms (target 20; Landlock 10), next "
            f"{over[2]:6.1f} ms, {over[2] / cases:5.2f} ms a case"
        )


def _plan(mode: str) -> Plan | None:
    try:
        return choose(mode)
    except BoxError as error:
        print(f"  {mode}: not measured: {error}")
        return None
