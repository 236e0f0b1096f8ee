"""The committed JSON Schemas are those of the code."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from grader.course import settings
from grader.report import result
from grader.rubric.validation import json_schema

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("rubric", json_schema()),
        ("result", result.json_schema()),
        ("course", settings.json_schema()),
    ],
)
def test_the_committed_schema_is_fresh_and_valid(name: str, schema: dict[str, object]) -> None:
    committed = json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert committed == schema, "run `make schemas`"
    jsonschema.Draft202012Validator.check_schema(committed)
