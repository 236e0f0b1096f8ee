"""A rubric's tables, validated by pydantic: filled records, or the first error by its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.errors import RubricError
from grader.rubric import source
from grader.rubric.near import nearest
from grader.rubric.records import TABLES, RubricFile

# What would be right, where pydantic says only what is wrong.
RIGHT = {
    "missing": "is missing (required); add it",
    "tuple_type": 'write a list: ["a", "b"]',
    "dict_type": "write a table: {{ a = 1 }}",
    "dataclass_type": "write a table: {{ a = 1 }}",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "string_type": "write a text (a string) in quotes",
    "bool_parsing": "write true or false (a boolean)",
    "bool_type": "write true or false (a boolean)",
    "too_long": "at most {max_length} are allowed, there are {actual_length}",
}
FILE = TypeAdapter(RubricFile)


def validated(path: Path, merged: Mapping[str, Any]) -> tuple[RubricFile, str]:
    """Return the tables of a file as records, and the hash of what they say. Raises RubricError."""
    try:
        table = FILE.validate_python(merged)
    except ValidationError as error:
        raise RubricError(_explain(path, merged, error)) from None
    try:
        return table, hashlib.sha256(FILE.dump_json(table)).hexdigest()
    except ValueError:  # pydantic's own: it writes fewer levels than TOML has
        raise RubricError(
            f"{path}: a value in it is nested too deeply; write it with fewer brackets"
        ) from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rubric file, for editors."""
    return FILE.json_schema()


def _explain(path: Path, merged: Mapping[str, Any], error: ValidationError) -> str:
    """Return the error to mend first as one line: file and line, item, field, what would be right.

    A name that is not known comes before what it makes missing.
    """
    known = sorted(error.errors(), key=lambda one: one["type"] != "unexpected_keyword_argument")
    first = known[0]
    place: list[str] = []
    item = ""
    here: Any = merged
    for step in first["loc"]:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int) and isinstance(here, dict) and "id" in here:
            item = str(here["id"]) if place[-1] == "items" else item
            place[-1] = f"{place[-1].removesuffix('s')} '{here['id']}'"
        else:
            place.append(str(step))
    message = str(first["msg"])
    if first["type"] in RIGHT:
        message = RIGHT[first["type"]].format(**first.get("ctx", {}))
    key = next((str(step) for step in reversed(first["loc"]) if isinstance(step, str)), "")
    if first["type"] == "unexpected_keyword_argument":
        tables = [TABLES[str(step)] for step in first["loc"][:-1] if step in TABLES]
        names = [one.name for one in fields((tables or [RubricFile])[-1])]
        use = nearest(key, names) or f"one of {', '.join(names)}"
        message = f"there is no such field; use {use}"
    where = source.place_of(path, item, key)
    return f"{where}: {', '.join([*place, ''])[:-2]}{': ' if place else ''}{message}"
