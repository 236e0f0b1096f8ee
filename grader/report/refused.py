"""The result.json of a submission that was refused: it says why, and holds no score."""

from __future__ import annotations

import json
from typing import NotRequired

from typing_extensions import TypedDict

from grader.report.result_form import SCHEMA, AttemptJson, GenerationJson, ItemJson, StudentJson


class RefusedSubmissionJson(TypedDict):
    """What was handed in and could not be graded; `refused` says what, where and what to do."""

    name: str
    refused: str
    student: NotRequired[StudentJson]
    attempt: NotRequired[AttemptJson]


class RefusedJson(TypedDict):
    """The whole file, where a submission was refused: no score, and not a zero."""

    schema: str
    submission: RefusedSubmissionJson
    score: None
    items: list[ItemJson]
    generation: NotRequired[GenerationJson]


def write(name: str, refused: str) -> str:
    """Return the result.json of the submission `name`, as text."""
    found: RefusedJson = {
        "schema": SCHEMA,
        "submission": {"name": name, "refused": refused},
        "score": None,
        "items": [],
    }
    return json.dumps(found, indent=1, ensure_ascii=True) + "\n"
