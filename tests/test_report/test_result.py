"""result.json: follows its schema, says what the report says, and tells nothing hidden."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from grader.report import result
from grader.types import (
    BoxState,
    Cause,
    Comparison,
    Fault,
    Flag,
    ItemResult,
    PartResult,
    Raised,
    Report,
    Score,
    Smallest,
    Status,
    Submission,
    Suspect,
)

VALIDATOR = jsonschema.Draft202012Validator(result.json_schema())

HIDDEN = Fault(
    "affine_backward/deep", "dx", "dx", "value",
    "dx is wrong: off by up to 0.5 of its largest value", False, error=0.5, allowed=1e-12,
)  # fmt: skip
PUBLIC = Fault(
    "affine_backward/images", "db", "db", "shape", "db has shape (1, 3), expected (3,)", True,
    error=0.25, allowed=1e-12, at=(0, 2),
    comparison=Comparison("db", np.zeros(3), np.full((1, 3), np.nan), None, {"x": np.ones(2)}),
    raised=Raised("ValueError", "no", (("cs231n/layers.py", 3, "f", "return"),)),
)  # fmt: skip
PARTIAL = ItemResult(
    "affine_backward", "Affine", "fc", "layers.py: affine_backward", "partial", 4.0, 6.0,
    parts=(PartResult("dx", "its gradient", 4.0, 4.0, "passed"),
           PartResult("db", "its gradient", 0.0, 2.0, "failed")),
    faults=(PUBLIC, HIDDEN),
    warnings=(replace(HIDDEN, warning=True),),
    hints=("Look.",),
    cause=Cause("affine_backward/db-keeps-dims", "db keeps an axis", True),
    because_of="affine_forward",
    followed_through=True,
    checks=(3, 5),
    public_checks=(1, 2),
    suspects=(Suspect("cs231n/layers.py", 3, "db is set here"),),
)  # fmt: skip
QUESTION = ItemResult("Dropout/1", "Why?", "questions", "Dropout.ipynb", "pending", 0.0, 1.6, ())
SUBMISSION = Submission(
    "ada.zip", "ab" * 32, "cs231n",
    {"cs231n/optim.py": b"", "cs231n/layers.py": b"", "Dropout.ipynb": b"{}"},
    ("layers.py had Windows line ends",), ("thumbs.db",),
)  # fmt: skip
REPORT = Report(
    submission=SUBMISSION,
    rubric="cs231n-a2",
    rubric_title="Assignment 2",
    rubric_sha256="cd" * 32,
    golden_sha256="ef" * 32,
    score=Score(61.5, 100.0, 16.0, 0.5),
    sections=(("fc", "Fully connected nets"), ("questions", "Questions")),
    items=(PARTIAL, QUESTION),
    flags=(Flag("source_differs", "svm_loss gives other values", "cs231n/layers.py"),),
    box=BoxState("none", ("rlimits", "seccomp"), True),
    measured={"started": "2024-01-01T00:00:00+00:00", "wall_s": 0.9, "cpu_s": 0.7, "host": "h",
              "versions": {"python": "3.11"}},
)  # fmt: skip


def with_faults(*faults: Fault) -> Report:
    return replace(REPORT, items=(replace(PARTIAL, faults=faults),))


def test_the_smallest_case_is_there_only_where_there_is_one() -> None:
    small = Smallest("a/small_1x1", "db", "db", "db is not right", {}, "", np.ones(1), None, None,
                     None, "print(1)")  # fmt: skip
    report = replace(REPORT, items=(replace(PARTIAL, smallest=small), QUESTION))
    first, second = json.loads(result.write(report))["items"]
    assert first["smallest"] == {
        "case": "a/small_1x1", "part": "db", "says": "db is not right", "snippet": "print(1)",
    }  # fmt: skip
    assert "smallest" not in second
    VALIDATOR.validate(json.loads(result.write(report)))


def test_every_field_of_the_contract_is_there_with_the_report_s_value() -> None:
    assert json.loads(result.write(REPORT)) == {
        "schema": "backgrade/result/1",
        "submission": {
            "name": "ada.zip", "sha256": "ab" * 32,
            "files": ["Dropout.ipynb", "cs231n/layers.py", "cs231n/optim.py"],
            "repaired": ["layers.py had Windows line ends"], "ignored": ["thumbs.db"],
        },
        "rubric": {"id": "cs231n-a2", "sha256": "cd" * 32, "golden": "ef" * 32, "why": ""},
        "score": {"earned": 61.5, "possible": 100.0, "pending": 16.0, "bonus": 0.5},
        "items": [
            {
                "id": "affine_backward", "title": "Affine", "section": "fc", "status": "partial",
                "earned": 4.0, "possible": 6.0,
                "parts": [
                    {"id": "dx", "about": "its gradient", "earned": 4.0, "possible": 4.0,
                     "status": "passed"},
                    {"id": "db", "about": "its gradient", "earned": 0.0, "possible": 2.0,
                     "status": "failed"},
                ],
                "faults": [
                    {"case": "affine_backward/images", "part": "db", "kind": "shape",
                     "says": "db has shape (1, 3), expected (3,)", "error": 0.25,
                     "allowed": 1e-12, "at": [0, 2]},
                    {"case": "affine_backward/deep", "part": "dx", "kind": "value",
                     "says": "dx is wrong: off by up to 0.5 of its largest value", "error": 0.5,
                     "allowed": 1e-12, "at": None},
                ],
                "cause": {"id": "affine_backward/db-keeps-dims", "says": "db keeps an axis",
                          "certain": True},
                "because_of": "affine_forward", "followed_through": True, "hints": ["Look."],
                "suspects": [
                    {"file": "cs231n/layers.py", "line": 3, "says": "db is set here"},
                ],
            },
            {
                "id": "Dropout/1", "title": "Why?", "section": "questions", "status": "pending",
                "earned": 0.0,
                "possible": 1.6, "parts": [], "faults": [], "cause": None, "because_of": None,
                "followed_through": False,
            },
        ],
        "notebooks": [
            {"name": "Dropout.ipynb", "page": "", "status": "skipped", "cells": 0,
             "failed_cell": None, "runs": []},
        ],
        "questions": [
            {"id": "Dropout/1", "answer": "", "status": "pending", "possible": 1.6, "earned": None}
        ],
        "flags": [{"kind": "source_differs", "says": "svm_loss gives other values",
                   "where": "cs231n/layers.py"}],
        "box": {"outer": "none", "inner": ["rlimits", "seccomp"], "isolated": True},
        "measured": {"started": "2024-01-01T00:00:00+00:00", "wall_s": 0.9, "cpu_s": 0.7,
                     "host": "h", "versions": {"python": "3.11"}},
    }  # fmt: skip


STATUSES: list[Status] = [
    "passed", "partial", "failed", "not_written", "error", "timeout", "skipped", "pending",
    "grader_fault",
]  # fmt: skip
REPORTS = {
    "whole": REPORT,
    "empty": replace(REPORT, items=(), flags=(), sections=()),
    "no file": replace(REPORT, submission=replace(SUBMISSION, files={}, repaired=(), ignored=())),
    "odd names": replace(REPORT, submission=replace(SUBMISSION, name='é\u202e"\n</script>\ud800')),
    **{s: replace(REPORT, items=(replace(PARTIAL, status=s, cause=None),)) for s in STATUSES},
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_a_result_follows_its_schema(report: Report) -> None:
    text = result.write(report)
    assert text.isascii() and text.endswith("}\n")
    VALIDATOR.validate(json.loads(text))


BREAKS: dict[str, Any] = {
    "a status of our own": lambda d: d["items"][0].update(status="great"),
    "no score": lambda d: d.pop("score"),
    "points as text": lambda d: d["score"].update(earned="61"),
    "a fault without kind": lambda d: d["items"][0]["faults"][0].pop("kind"),
    "at as text": lambda d: d["items"][0]["faults"][0].update(at="(0, 2)"),
    "a notebook half executed": lambda d: d["notebooks"][0].update(status="half"),
    "an item without parts": lambda d: d["items"][0].pop("parts"),
}


@pytest.mark.parametrize("spoil", BREAKS.values(), ids=BREAKS.keys())
def test_the_schema_refuses_what_is_no_result(spoil: Any) -> None:
    data = json.loads(result.write(REPORT))
    spoil(data)
    assert not VALIDATOR.is_valid(data)


def test_the_same_report_gives_the_same_bytes() -> None:
    turned = dict(reversed(SUBMISSION.files.items()))
    again = replace(REPORT, submission=replace(SUBMISSION, files=turned))
    assert result.write(again) == result.write(REPORT)


def test_only_measured_tells_one_run_from_another() -> None:
    later = {**REPORT.measured, "started": "2025-01-01T00:00:00+00:00", "wall_s": 7.5, "host": "g"}
    first, second = (
        json.loads(result.write(report)) for report in (REPORT, replace(REPORT, measured=later))
    )
    assert first.pop("measured") != second.pop("measured")
    assert first == second


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_become_null(number: float) -> None:
    fault = replace(PUBLIC, error=number, allowed=number)
    text = result.write(with_faults(fault))
    assert "NaN" not in text and "Infinity" not in text
    told = json.loads(text)["items"][0]["faults"][0]
    assert told["error"] is None and told["allowed"] is None
    VALIDATOR.validate(json.loads(text))


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, score=Score(math.nan, 1.0, 0.0, 0.0)),
        replace(REPORT, items=(replace(PARTIAL, earned=math.inf),)),
        replace(REPORT, measured={**REPORT.measured, "wall_s": math.nan}),
    ],
)
def test_points_that_are_no_number_are_never_written(report: Report) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        result.write(report)


def test_a_fault_tells_no_arrays_inputs_or_source_lines() -> None:
    """What result.json says of a fault is a closed list: no comparison, no exception, no hint."""
    for fault in json.loads(result.write(REPORT))["items"][0]["faults"]:
        assert set(fault) == {"case", "part", "kind", "says", "error", "allowed", "at"}


def test_a_hidden_fault_carries_nothing_but_its_sentence_and_size() -> None:
    text = result.write(with_faults(replace(HIDDEN, raised=PUBLIC.raised)))
    (fault,) = json.loads(text)["items"][0]["faults"]
    assert fault["at"] is None and fault["says"] == HIDDEN.message
    for secret in ("ValueError", "return"):
        assert secret not in text


def test_error_and_limit_keep_every_digit() -> None:
    fault = replace(PUBLIC, error=0.1 + 0.2, allowed=1e-9)
    told = json.loads(result.write(with_faults(fault)))["items"][0]["faults"][0]
    assert (told["error"], told["allowed"]) == (0.30000000000000004, 1e-9)


def test_an_index_of_a_number_is_an_empty_list_and_not_null() -> None:
    fault = replace(PUBLIC, at=())
    assert json.loads(result.write(with_faults(fault)))["items"][0]["faults"][0]["at"] == []


def test_a_notebook_is_found_in_any_folder() -> None:
    files = {"cs231n/layers.py": b"", "notebooks/FullyConnectedNets.ipynb": b""}
    report = replace(REPORT, submission=replace(SUBMISSION, files=files))
    statuses = [notebook["status"] for notebook in result.as_dict(report)["notebooks"]]
    assert statuses == ["skipped", "missing"]  # the third one is not asked for
