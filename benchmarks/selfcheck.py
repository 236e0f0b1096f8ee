"""Does the self-check come to the grader's verdict on every public case, and how long does it take?

Asked of every accepted and every wrong submission of tests/, in the rubric of each.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from grader import resources
from grader.box.session import Session
from grader.box.worker import Worker
from grader.engine import job_of
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.release import public as releasing
from grader.release.selfcheck import public
from grader.release.selfcheck.check import Checker
from grader.release.selfcheck.children import Pool
from grader.types import Submission
from tests.support import handed_in


def graded(submission: Submission, assignment: Assignment, worker: Worker) -> dict[str, bool]:
    """Return what the grader finds of each public case."""
    evaluator = Evaluator(assignment.rubric, assignment.golden)
    session = Session(worker, job_of(submission, assignment), assignment.rubric, float("inf"))
    cases = [case for case in assignment.rubric.cases if case.public]
    evidence = session.observe(cases, evaluator.is_right)
    session.close()
    return {case.id: evaluator.is_right(case, evidence[case.id]) for case in cases}


def checked(submission: Submission, known: public.Public) -> dict[str, bool]:
    """Return what the self-check finds of each public case."""
    evaluator = Evaluator(known, known.golden)
    files = {path: data for path, data in submission.files.items() if path.endswith(".py")}
    with Pool(2) as pool:
        return {
            case.id: evaluator.is_right(case, one.evidence[case.id])
            for one in Checker(known, submission.package, files, pool).check(known.code)
            for case in known.cases_of(one.item.id)
        }


@functools.cache
def assignment(rubric: str) -> tuple[Assignment, public.Public]:
    """Return an assignment, and its public part as students get it."""
    whole = resources.assignment(rubric)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / public.FILE
        path.write_bytes(releasing.file_of(whole))
        return whole, public.read(path)


def submissions() -> Iterator[tuple[str, str, Submission]]:
    """Yield (name, rubric, submission)."""
    for style, rubric in handed_in.accepted():
        yield style, rubric, handed_in.accepted_submission(style)
    for name, what in handed_in.mistakes().items():
        one = handed_in.mistake(what)
        yield name, one.rubric, one.submission


def main() -> None:
    """Compare all; print where the two disagree, and the seconds."""
    count = differing = 0
    seconds = []
    with Worker() as worker:
        for name, rubric, submission in submissions():
            whole, known = assignment(rubric)
            started = time.monotonic()
            mine = checked(submission, known)
            seconds.append(time.monotonic() - started)
            theirs = graded(submission, whole, worker)
            different = [case for case in theirs if mine.get(case) != theirs[case]]
            count, differing = count + 1, differing + bool(different)
            if different:
                print(f"{name}: {', '.join(different)}", flush=True)
    seconds.sort()
    middle, longest = seconds[len(seconds) // 2], seconds[-1]
    print(f"self-check: {count} submissions, {differing} judged differently")
    print(f"seconds for all functions: {middle:.2f} median, {longest:.2f} at most")
