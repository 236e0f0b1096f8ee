"""result.json: the report for machines, as the contract has it.

The same submission, rubric and golden files give the same bytes, apart from `measured`.
`docs/result.schema.json` is generated from the types below.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from grader.report.cells import file_of
from grader.report.people_json import AttemptJson, PeopleJson, StudentJson
from grader.types import (
    BoxState,
    Cause,
    Fault,
    Flag,
    ItemResult,
    Notebook,
    PartResult,
    Question,
    Report,
    Score,
    Smallest,
    Status,
    Submission,
    Trained,
)

SCHEMA = "backgrade/result/1"
RECORDS = {"says": "message"}  # a field of result.json, and what the records call it
NOTEBOOKS = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")


class SubmissionJson(TypedDict):
    """What was handed in; in a class, by whom."""

    name: str
    sha256: str
    files: list[str]
    repaired: list[str]
    ignored: list[str]
    student: NotRequired[StudentJson]
    attempt: NotRequired[AttemptJson]


class RubricJson(TypedDict):
    """What it was graded against, by hash; `why` this rubric, where that needs saying.

    Results of earlier versions have no `why`. `only`: what was asked for, if not all was.
    """

    id: str
    sha256: str
    golden: str
    why: NotRequired[str]
    only: NotRequired[list[str]]


class ScoreJson(TypedDict):
    """Points."""

    earned: float
    possible: float
    pending: float
    bonus: float


class PartJson(TypedDict):
    """One part of an item."""

    id: str
    earned: float
    possible: float
    status: str


class FaultJson(TypedDict):
    """What is wrong, where, by how much; null where that makes no sense or is hidden."""

    case: str
    part: str
    kind: str
    says: str
    error: float | None
    allowed: float | None
    at: list[int] | None


class CauseJson(TypedDict):
    """The mistake behind the faults, and whether the answers match it exactly."""

    id: str
    says: str
    certain: bool


class SmallestJson(TypedDict):
    """The smallest public case that fails, and three lines of Python that show it."""

    case: str
    part: str
    says: str
    snippet: str


class ItemJson(TypedDict):
    """One item; `smallest` only where a small case fails, `teacher_says` if a teacher wrote it.

    `people` is there where people graded it.
    """

    id: str
    section: str
    status: Status
    earned: float
    possible: float
    parts: list[PartJson]
    faults: list[FaultJson]
    cause: CauseJson | None
    because_of: str | None
    followed_through: bool
    smallest: NotRequired[SmallestJson]
    people: NotRequired[PeopleJson]
    teacher_says: NotRequired[list[str]]


class RunJson(TypedDict):
    """One training run: what it tells of itself, and what its parameters do; null: not known.

    `cell` counts all cells from 1; `cell_name` is what Jupyter shows, which earlier results lack.
    """

    cell: int
    cell_name: NotRequired[str]
    net: list[int]
    normalization: str | None
    dropout_keep_ratio: float | None
    update_rule: str
    batch_size: int
    epochs: int
    train: int
    best_train_accuracy: float | None
    best_val_accuracy: float | None
    recomputed_train_accuracy: float | None
    recomputed_val_accuracy: float | None
    recomputed_hidden_accuracy: float | None
    says: str
    items: list[str]


class NotebookJson(TypedDict):
    """One notebook; `page` is the file that shows it as it ran, if there is one."""

    name: str
    page: NotRequired[str]
    status: Literal[
        "executed", "error", "timeout", "missing", "unreadable", "skipped", "grader_fault"
    ]
    cells: int
    failed_cell: int | None
    runs: list[RunJson]


class QuestionJson(TypedDict):
    """One inline question, graded by a person."""

    id: str
    answer: str
    status: Literal["pending", "blank", "graded"]
    possible: float
    earned: float | None


class FlagJson(TypedDict):
    """Something for a person to look at."""

    kind: str
    says: str
    where: str


class BoxJson(TypedDict):
    """How student code was confined."""

    outer: str
    inner: list[str]
    isolated: bool


class MeasuredJson(TypedDict):
    """What differs from run to run. `reused` says when notebooks ran that did not run again."""

    started: str
    wall_s: float
    cpu_s: float
    host: str
    reused: NotRequired[dict[str, str]]
    versions: dict[str, str]


class ResultJson(TypedDict):
    """The whole file."""

    schema: str
    submission: SubmissionJson
    rubric: RubricJson
    score: ScoreJson
    items: list[ItemJson]
    notebooks: list[NotebookJson]
    questions: list[QuestionJson]
    flags: list[FlagJson]
    box: BoxJson
    measured: MeasuredJson


FORMS: Mapping[type, Any] = {
    Submission: SubmissionJson, Score: ScoreJson, ItemResult: ItemJson, PartResult: PartJson,
    Fault: FaultJson, Cause: CauseJson, Smallest: SmallestJson, Flag: FlagJson, BoxState: BoxJson,
}  # fmt: skip


def as_dict(report: Report) -> ResultJson:
    """Return the report as plain data."""
    digests = report.rubric_sha256, report.golden_sha256
    rubric = RubricJson(
        id=report.rubric, sha256=digests[0], golden=digests[1], why=report.why_rubric
    )
    if report.only:
        rubric["only"] = list(report.only)
    return {
        "schema": SCHEMA,
        "submission": _plain(report.submission),
        "rubric": rubric,
        "score": _plain(report.score),
        "items": [_item(item) for item in report.items],
        "notebooks": list(_notebooks(report)),
        "questions": _questions(report),
        "flags": _plain(report.flags),
        "box": _plain(report.box),
        "measured": MeasuredJson(**report.measured),  # type: ignore[typeddict-item]
    }


def write(report: Report) -> str:
    """Return result.json as text."""
    return json.dumps(as_dict(report), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of result.json."""
    from pydantic import TypeAdapter  # only here: writing a result needs no validation

    from grader.report.refused import RefusedJson

    found: TypeAdapter[Any] = TypeAdapter(ResultJson | RefusedJson)
    return found.json_schema()


def _plain(value: Any) -> Any:
    """Return a record with the fields that its form names, and tuples as lists."""
    if type(value) in FORMS:
        names = {name: RECORDS.get(name, name) for name in FORMS[type(value)].__annotations__}
        has = {name: field for name, field in names.items() if hasattr(value, field)}
        return {name: _plain(getattr(value, field)) for name, field in has.items()}
    if isinstance(value, Mapping):  # the files of a submission
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _item(item: ItemResult) -> ItemJson:
    found: ItemJson = _plain(item)
    if not item.smallest:
        del found["smallest"]
    for fault in found["faults"]:
        fault["error"], fault["allowed"] = _finite(fault["error"]), _finite(fault["allowed"])
    return found


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _questions(report: Report) -> list[QuestionJson]:
    """Return every question; without its answer where no notebook was read."""
    waiting = [item for item in report.items if item.status == "pending"]
    unread = tuple(Question(item.id, "pending", "", item.possible) for item in waiting)
    found = report.questions if report.notebooks else unread
    return [
        {"id": q.id, "answer": q.answer, "status": q.status, "possible": q.possible, "earned": None}
        for q in found
    ]


def _notebooks(report: Report) -> Iterator[NotebookJson]:
    """Yield every notebook that was handed in or asked for; some course years ask for two."""
    present = {path.rpartition("/")[2] for path in report.submission.files}
    asked = {item.where.partition(",")[0] for item in report.items}
    seen = {notebook.name: notebook for notebook in report.notebooks}
    for name in dict.fromkeys((*NOTEBOOKS, *seen)):
        if name in seen or name in present | asked:
            unseen = Notebook(name, "skipped" if name in present else "missing")
            notebook = seen.get(name, unseen)
            yield {
                "name": name,
                "page": file_of(notebook),
                "status": notebook.status,
                "cells": len(notebook.cells) + len(notebook.markdown),
                "failed_cell": notebook.failed_cell,
                "runs": [_run(run, notebook) for run in report.trained if run.notebook == name],
            }


def _run(run: Trained, notebook: Notebook) -> RunJson:
    claim = run.training
    return {
        "cell": claim.cell,
        "cell_name": notebook.cell_name(claim.cell),
        "net": list(claim.layer_sizes),
        "normalization": claim.normalization,
        "dropout_keep_ratio": _finite(claim.dropout_keep_ratio),
        "update_rule": claim.update_rule,
        "batch_size": claim.batch_size,
        "epochs": claim.num_epochs,
        "train": claim.num_train,
        "best_train_accuracy": _finite(max(map(float, claim.train_acc_history), default=None)),
        "best_val_accuracy": _finite(claim.best_val_acc),
        "recomputed_train_accuracy": _finite(run.train_accuracy),
        "recomputed_val_accuracy": _finite(run.val_accuracy),
        "recomputed_hidden_accuracy": _finite(run.hidden_accuracy),
        "says": run.message,
        "items": list(run.items),
    }
