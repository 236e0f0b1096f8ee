"""A rubric file read, laid over the one that it extends, and validated; errors name the place."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.errors import RubricError
from grader.rubric import checks, source
from grader.rubric.cases import Rubric
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


def read_rubric(path: Path) -> Rubric:
    """Read, merge and validate a rubric file. Raises RubricError: "file: item, field: what"."""
    merged = _read_merged(path, ())
    try:
        table = FILE.validate_python(merged)
    except ValidationError as error:
        raise RubricError(_explain(path, merged, error)) from None
    checks.check(path, table)
    digest = hashlib.sha256(FILE.dump_json(table)).hexdigest()
    return Rubric(table, digest, str(path))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rubric file, for editors."""
    return FILE.json_schema()


def _read_merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise RubricError(f"{path}: 'extends' leads back to this file; break the circle")
    table = _read(path)
    if "include" in table:
        own = list(_by_id(path, table.get("items", [])).values())
        table["items"] = [*_included(path, table.pop("include")), *own]
    if "extends" not in table:
        return table
    base_name, without = table.pop("extends"), table.pop("without", [])
    if not isinstance(base_name, str):
        raise RubricError(f"{path}: extends: write the name of a rubric beside this file")
    if not isinstance(without, list):
        raise RubricError(f"{path}: without: write a list of item ids")
    base = _read_merged(path.parent / f"{base_name}.toml", (*seen, path))
    return _merge(path, base, table, without)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RubricError(f"{path}: cannot be read ({error.strerror}); check its name") from None
    except (ValueError, RecursionError) as error:  # too many digits, or brackets
        raise RubricError(f"{path}: is no valid TOML: {error}") from None


def _included(path: Path, names: Any) -> list[dict[str, Any]]:
    """Return the items of the files that a rubric includes, in their order. Raises RubricError."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RubricError(f"{path}: include: write a list of files, seen from where this one is")
    items: list[dict[str, Any]] = []
    for file in (path.parent / name for name in names):
        table = _read(file)
        if set(table) != {"items"}:
            raise RubricError(f"{file}: holds other things than [[items]]; move them to {path}")
        items += _by_id(file, table["items"]).values()
    return items


def _merge(
    path: Path, base: dict[str, Any], table: dict[str, Any], without: list[Any]
) -> dict[str, Any]:
    """Lay `table` over `base`: tables by key, items by id, then drop the items in `without`."""
    merged = dict(base)
    for key, value in table.items():
        if key != "items":
            known = isinstance(value, dict) and isinstance(base.get(key), dict)
            merged[key] = {**base[key], **value} if known else value
    items = _by_id(path, base.get("items"))
    for item_id, changed in _by_id(path, table.get("items", [])).items():
        items[item_id] = {**items.get(item_id, {}), **changed}
    for gone in without:
        if gone not in items:
            raise RubricError(f"{path}: without: there is no item {gone!r} to leave out")
        del items[gone]
    left = [_without_gone(item, set(items)) for item in items.values()]
    merged["items"] = _in_order(left, set(items) - set(_by_id(path, base.get("items"))))
    return merged


def _in_order(items: list[dict[str, Any]], new: set[str]) -> list[dict[str, Any]]:
    """Return items with each new one above the first that needs it; else it stays at the end."""
    ordered = [item for item in items if item["id"] not in new]
    for item in (one for one in items if one["id"] in new):
        needed = (n for n, one in enumerate(ordered) if item["id"] in _listed(one.get("needs")))
        ordered.insert(next(needed, len(ordered)), item)
    return ordered


def _listed(needs: Any) -> list[Any]:
    return needs if isinstance(needs, list) else []


def _by_id(path: Path, items: Any) -> dict[str, dict[str, Any]]:
    """Return [[items]] by their ids. Raises RubricError where that cannot be."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RubricError(f"{path}: items: write one [[items]] table for each item")
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        if not isinstance(item.get("id"), str):
            raise RubricError(f"{path}: an [[items]] has no id; name the item")
        if item["id"] in found:
            raise RubricError(f"{path}: item '{item['id']}': there are two items with this id")
        found[item["id"]] = item
    return found


def _without_gone(item: dict[str, Any], left: set[str]) -> dict[str, Any]:
    """Return an item that no longer names what was left out; wrong types are left to validation."""
    needs, cases, parts = (item.get(name, []) for name in ("needs", "cases", "parts"))
    if isinstance(needs, list):
        item = {**item, "needs": [need for need in needs if need in left]}
    if isinstance(cases, list) and all(isinstance(case, dict) for case in cases):
        kept = [case for case in cases if _is_free(case.get("needs", []), left)]
        item = {**item, "cases": kept}
    if isinstance(parts, list):
        item = {**item, "parts": [_beside_what_is_left(part, left) for part in parts]}
    return item


def _beside_what_is_left(part: Any, left: set[str]) -> Any:
    goal = part.get("goal") if isinstance(part, dict) else None
    if not isinstance(goal, dict) or goal.get("besides", "") in ("", *left):
        return part
    return {**part, "goal": {name: one for name, one in goal.items() if name != "besides"}}


def _is_free(needs: Any, left: set[str]) -> bool:
    return not isinstance(needs, list) or all(need in left for need in needs)


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
