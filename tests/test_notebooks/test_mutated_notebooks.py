"""Ten thousand broken notebooks: each is read or refused in a line; what is written is valid."""

from __future__ import annotations

import json
import time
from unittest.mock import Mock

import nbformat
import pytest

from grader.box.job import Gone, Job
from grader.grading.assignment import Assignment
from grader.notebooks import execute, inline_answers
from grader.notebooks.spool import Spool
from grader.report import html, result
from grader.rubric.records import NotebookLimits
from grader.types import Notebook, Question
from tests.support import handed_in
from tests.support.mutated_notebooks import NAME, mutant
from tests.test_report import samples

MANY, AT_ONCE = 10_000, 50
LIMITS = NotebookLimits(cell_s=1.0, notebook_s=1.0, memory_mb=100)
MOST_S = 5.0  # for one of them


def without_a_box(number: int) -> Notebook:
    """The record of a broken notebook whose box ends before its first cell."""
    submission = handed_in.of_files("hw", {NAME: mutant(number)})
    worker = Mock()
    worker.open.side_effect = Gone
    with Spool() as spool:
        (found,) = execute.execute(submission, [NAME], Job("hw", {}, {}), worker, LIMITS, spool)
    return found


@pytest.mark.parametrize("start", range(0, MANY, AT_ONCE))
@pytest.mark.long_trial(0.02)
def test_a_broken_notebook_is_read_or_refused_and_what_is_written_is_valid(
    start: int, assignments: dict[str, Assignment]
) -> None:
    for number in range(start, start + AT_ONCE):
        began = time.process_time()
        found = without_a_box(number)
        assert found.status in ("unreadable", "error"), (number, found.message)
        assert "\n" not in found.message and found.message.encode(), number
        if found.status == "error":
            nbformat.validate(nbformat.reads(found.written, as_version=4))
            assert found.written.encode() and "�[" not in found.written, number
        questions = inline_answers.find([found], assignments["cs231n-a2"].rubric)
        json.dumps([q.answer for q in questions], ensure_ascii=False, allow_nan=False).encode()
        if number % 10 == 0:
            is_told(found, questions)
        assert time.process_time() - began < MOST_S, number


def is_told(found: Notebook, questions: tuple[Question, ...]) -> None:
    """Every file of a grading with this notebook can be written."""
    report = samples.report(notebooks=(found,), questions=questions)
    pages = html.render_notebooks(report, [found])
    assert set(pages) == ({"Dropout.html"} if found.written else set())
    for text in (result.write(report), html.render(report, version=""), *pages.values()):
        assert text.encode()


def test_mutants_are_of_both_kinds_and_repeat() -> None:
    kinds = [without_a_box(number).status for number in range(40)]
    assert min(kinds.count("unreadable"), kinds.count("error")) > 4
    assert mutant(7) == mutant(7) != mutant(8)
