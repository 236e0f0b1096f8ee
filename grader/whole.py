"""One submission graded whole, notebooks too: from its files to the files of its result.

`grade SUBMISSION` and each slot of `grade class` call the same two functions.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import grader
from grader.box.plan import Plan
from grader.box.worker import Worker
from grader.engine import grade_one, job_of
from grader.files import REPORT, RESULT
from grader.grading.assignment import Assignment
from grader.notebooks.spool import Spool
from grader.report import result
from grader.types import Notebook, Progress, Report, Submission

if TYPE_CHECKING:
    from grader.grading.training.verdict_cache import Store

RARELY = 100_000  # objects that are made, and not given back, between two looks for cycles


@dataclass(frozen=True)
class Setting:
    """What all submissions of a run share: what they are graded against, and how.

    `cached`: notebooks that nothing has changed for are not run again. `patience`: by how much more
    seconds the code may take than on an idle machine. `reading`: its source is looked at for flags.
    """

    assignment: Assignment
    plan: Plan
    notebooks: Literal["run", "skip"] = "run"
    cached: bool = True
    patience: float = 1.0
    reading: bool = True


@dataclass(frozen=True)
class Graded:
    """The report of a submission, and its notebooks as they ran."""

    report: Report
    notebooks: tuple[Notebook, ...]


def grade(
    given: Submission,
    setting: Setting,
    worker: Worker,
    spool: Spool,
    progress: Progress | None = None,
) -> Graded:
    """Grade a submission, its notebooks in a box of their own. Raises BoxError."""
    executed, cache = _executed(given, setting, spool, progress)
    report = grade_one(
        given,
        setting.assignment,
        worker,
        executed,
        cache,
        patience=setting.patience,
        reading=setting.reading,
    )
    return Graded(report, executed)


def settle() -> None:
    """Look for cycles of objects rarely from now on: a long process has read what stays, and a
    grading leaves few of them.
    """
    gc.freeze()
    gc.set_threshold(RARELY)


def files(graded: Graded) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the files of a result by name, and where tracebacks of ours lie."""
    from grader.report import html

    logs: list[str] = []
    written = besides(graded)
    written[REPORT] = html.render(graded.report, version=grader.__version__, noted=logs.append)
    return written, tuple(logs)


def besides(graded: Graded) -> dict[str, str]:
    """Return the files of a result but for its report: result.json, notebooks and their pages."""
    from grader.report import html

    executed = graded.notebooks
    written = {one.name.rpartition("/")[2]: one.written for one in executed if one.written}
    written |= html.render_notebooks(graded.report, executed)
    return {**written, RESULT: result.write(graded.report)}


def asked_notebooks(assignment: Assignment) -> Sequence[str]:
    """Return the notebooks that items are about."""
    items = [item for item in assignment.rubric.table.items if item.kind != "code"]
    return list(dict.fromkeys(item.file for item in items if item.file.endswith(".ipynb")))


def _executed(
    given: Submission, setting: Setting, spool: Spool, progress: Progress | None
) -> tuple[tuple[Notebook, ...], Store | None]:
    """Execute the notebooks that the rubric asks for, if the submission has any of them.

    Return them with the cache that they were looked up in.
    """
    assignment = setting.assignment
    if setting.notebooks == "skip":
        return (), None
    names = asked_notebooks(assignment)
    if assignment.images is None or not any(name in given.files for name in names):
        gone = "is not in the submission"
        return tuple(Notebook(name, "missing", f"{name} {gone}") for name in names), None
    from grader.notebooks import execute, run_cache

    limits = assignment.rubric.table.notebooks
    data, variable = assignment.images.for_the_box()
    cache = run_cache.of_user(setting.plan, data) if setting.cached else None
    # The worker starts with the first notebook that has to run.
    plots = execute.draws(given)
    with execute.workspace(setting.plan, data, variable, plots) as roomy, ExitStack() as stack:
        one, job = Worker(roomy), job_of(given, assignment)
        stack.callback(one.stop)
        return execute.execute(given, names, job, one, limits, spool, progress, cache), cache
