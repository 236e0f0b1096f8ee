"""docs/service.md: its numbers are those of the code, and its files are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader import __main__ as start
from grader import errors
from grader.box import cgroup, plan
from grader.grading.training import believe
from grader.guest import limits, scratch
from grader.notebooks import execute, run_cache, spool
from grader.rubric.records import NotebookLimits, TimeLimits
from grader.submission.upload import LIMITS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
MB, GB = 1024**2, 1024**3
BOOKS, TIMES = NotebookLimits(), TimeLimits()
NEEDED = {option: least for _, least, _, option, _ in start.needed()}
SAYS = {
    "user": f"user {plan.FIRST_UID}, without a group",
    "memory": f"{limits.FOR_CODE.memory // GB} GB for code, {BOOKS.memory_mb:,} MB for notebooks",
    "group": f"{int(cgroup.BOUNDS['memory.max']) // GB} GB, for notebooks that much more, and "
    f"{cgroup.BOUNDS['pids.max']} processes",
    "notebooks": f"{scratch.BYTES // MB} MB and {scratch.FILES:,} files",
    "spool": f"{spool.MAX_BYTES // MB:,} MB of a nameless file",
    "cache": f"{run_cache.ALL // GB} GB of runs",
    "upload": f"{LIMITS.archive_bytes // 10**6} MB, {LIMITS.entries:,} entries, "
    f"{LIMITS.source_bytes // 10**6} MB a source, {LIMITS.notebook_bytes // 10**6} MB a notebook",
    "callers": f"{NEEDED['n']} open files, {NEEDED['v'] // MB} GB of memory, "
    f"{NEEDED['f'] // 1024} MB in a file, {NEEDED['t']} CPU seconds, {NEEDED['s'] // 1024} MB of "
    f"stack, and {start.PROCESSES} processes and threads beside those of BLAS",
    "code": f"| {TIMES.submission_s:.0f} (`submission_s`) and 5 |",
    "books": f"{BOOKS.notebook_s:.0f} (`notebook_s`), {execute.SPARE_S:.0f}, and "
    f"{8 * TIMES.load_s:.0f} to import files; a cell {BOOKS.cell_s:.0f} (`cell_s`)",
    "repeating": f"CPU time: {believe.BUDGET_S:.0f}, and three quarters of",
    "faults": f"at most {errors.MOST_FILES} files of {errors.MOST_CHARACTERS:,} characters",
}  # fmt: skip


@pytest.mark.parametrize("what", SAYS)
def test_a_number_is_that_of_the_code(what: str) -> None:
    assert SAYS[what] in re.sub(r"\s+", " ", PAGE)


def test_three_quarters_are_that() -> None:
    assert believe.SHARE == 0.75
