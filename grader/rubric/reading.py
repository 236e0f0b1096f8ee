"""A rubric file read, laid over the one that it extends, and validated; errors name the place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grader.errors import RubricError
from grader.rubric import checks, kept
from grader.rubric.cases import Rubric

Texts = dict[Path, bytes]  # of the files that were read


def read_rubric(path: Path) -> Rubric:
    """Read, merge and validate a rubric file. Raises RubricError: "file: item, field: what"."""
    if (known := kept.find(path)) is not None:
        return Rubric(*known, str(path))
    from grader.rubric import validation  # making what validates takes long

    texts: Texts = {}
    merged = _read_merged(path, texts, ())
    table, digest = validation.validated(path, merged)
    checks.check(path, table)
    kept.keep(path, texts, table, digest)
    return Rubric(table, digest, str(path))


def _read_merged(path: Path, texts: Texts, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise RubricError(f"{path}: 'extends' leads back to this file; break the circle")
    table = _read(path, texts)
    if "include" in table:
        own = list(_by_id(path, table.get("items", [])).values())
        table["items"] = [*_included(path, texts, table.pop("include")), *own]
    if "extends" not in table:
        return table
    base_name, without = table.pop("extends"), table.pop("without", [])
    if not isinstance(base_name, str):
        raise RubricError(f"{path}: extends: write the name of a rubric beside this file")
    if not isinstance(without, list):
        raise RubricError(f"{path}: without: write a list of item ids")
    base = _read_merged(path.parent / f"{base_name}.toml", texts, (*seen, path))
    return _merge(path, base, table, without)


def _read(path: Path, texts: Texts) -> dict[str, Any]:
    """Return what a file says, and note its bytes in `texts`."""
    try:
        texts[path] = path.read_bytes()
        text = texts[path].decode("utf-8")
        return tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
    except OSError as error:
        raise RubricError(f"{path}: cannot be read ({error.strerror}); check its name") from None
    except (ValueError, RecursionError) as error:  # too many digits, or brackets
        raise RubricError(f"{path}: is no valid TOML: {error}") from None


def _included(path: Path, texts: Texts, names: Any) -> list[dict[str, Any]]:
    """Return the items of the files that a rubric includes, in their order. Raises RubricError."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RubricError(f"{path}: include: write a list of files, seen from where this one is")
    items: list[dict[str, Any]] = []
    for file in (path.parent / name for name in names):
        table = _read(file, texts)
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
    taught = _books(items.values())
    items = {name: item for name, item in items.items() if name not in without}
    closed = taught - _books(items.values())  # nothing that is written there is left
    items = {name: item for name, item in items.items() if _book(item, "where") not in closed}
    left = [_without_gone(item, set(items)) for item in items.values()]
    merged["items"] = _in_order(left, set(items) - set(_by_id(path, base.get("items"))))
    return merged


def _books(items: Iterable[dict[str, Any]]) -> set[str]:
    """Return the notebooks that lead to code."""
    return {_book(item, "lesson") for item in items if item.get("lesson")}


def _book(item: dict[str, Any], field: str) -> str:
    """Return the notebook of "Dropout.ipynb, inline question 1"; "" where none is named."""
    book = str(item.get(field, "")).partition(",")[0].strip()
    return book if book.endswith(".ipynb") else ""


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
