"""result.json: the report for machines, as the contract has it.

The same submission, rubric and golden files give the same bytes, apart from `measured`.
`docs/result.schema.json` is generated from the types of `result_form`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from grader.report.cells import file_of
from grader.report.result_form import (
    SCHEMA,
    BoxJson,
    CauseJson,
    FaultJson,
    FlagJson,
    ItemJson,
    LineJson,
    MeasuredJson,
    NotebookJson,
    PartJson,
    QuestionJson,
    ResultJson,
    RubricJson,
    RunJson,
    ScoreJson,
    SmallestJson,
    SubmissionJson,
)
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
    Submission,
    Suspect,
    Trained,
)

RECORDS = {"says": "message"}  # a field of result.json, and what the records call it
NOTEBOOKS = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")
FORMS: Mapping[type, Any] = {
    Submission: SubmissionJson, Score: ScoreJson, ItemResult: ItemJson, PartResult: PartJson,
    Fault: FaultJson, Cause: CauseJson, Smallest: SmallestJson, Flag: FlagJson, BoxState: BoxJson,
    Suspect: LineJson,
}  # fmt: skip


def as_dict(report: Report) -> ResultJson:
    """Return the report as plain data."""
    digests = report.rubric_sha256, report.golden_sha256
    rubric = RubricJson(
        id=report.rubric, sha256=digests[0], golden=digests[1], why=report.why_rubric
    )
    if report.visibility != "visible":
        rubric["visibility"] = report.visibility
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
    if not item.suspects:
        del found["suspects"]
    if not item.hints:
        del found["hints"]
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
