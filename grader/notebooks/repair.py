"""Repair what nbformat would refuse: a notebook of any year, from any program, or half broken.

nbformat reads and upgrades what its schema describes. What comes here is made that first, in the
version that the file says it has: every cell a table of its kind, its text one string that UTF-8
can carry, its metadata the tags alone, its id its place. The standard library is enough for this,
so that a student's own check can look into a notebook too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from grader.errors import UnusableSubmission

MAX_CELLS = 2_000
MAX_SOURCE = 256 * 1024  # characters of one cell
MAX_TAGS, MAX_TAG = 20, 100  # tags of a cell, characters of one
MAX_DIGITS = 300  # of a number: longer ones are no counts, and take long to read
AGAIN = "save it again in Jupyter"
# Where the text of a cell stands, before nbformat 4: beside its kind.
TEXTS = {1: {"code": "code", "text": "text"}, 2: {"code": "input"}, 3: {"code": "input"}}
KINDS = {
    1: ("code", "text"),
    2: ("code", "markdown", "raw", "html"),
    3: ("code", "markdown", "raw", "html", "heading"),
    4: ("code", "markdown", "raw"),
}


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object of a notebook. Raises UnusableSubmission: one line, what to do."""
    try:
        text = data.decode(json.detect_encoding(data), "replace")  # a PowerShell writes UTF-16
        found = json.loads(text, parse_int=_number)
    except (ValueError, RecursionError):
        what = "is empty" if not data.strip() else "is no JSON"
        raise UnusableSubmission(f"{name}: {what}, so it is no notebook; {AGAIN}") from None
    if not isinstance(found, dict) or _sheets(found) is None:
        raise UnusableSubmission(f"{name}: has no list of cells; {AGAIN}")
    return found


def repaired(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a notebook, as `parsed` gave it, that nbformat can convert; it has no outputs.

    Raises UnusableSubmission if it has more cells than can be read.
    """
    sheets = _sheets(found) or []
    count = sum(map(len, sheets))
    if count > MAX_CELLS:
        raise UnusableSubmission(f"{name}: has {count:,} cells, {MAX_CELLS:,} can be read")
    version = _version(found)
    cells = [_cell(cell, version) for sheet in sheets for cell in sheet]
    made = {"nbformat": version, "nbformat_minor": 0, "metadata": {}}
    return made | ({"worksheets": [{"cells": cells}]} if version in (2, 3) else {"cells": cells})


def text_of(source: Any) -> str:
    """Return a text that is whole, a list of lines or no text at all, as UTF-8 can carry it."""
    if isinstance(source, (list, tuple)):
        source = "".join(line for line in source if isinstance(line, str))
    if isinstance(source, (int, float)) and not isinstance(source, bool):
        source = f"{source:.6g}" if isinstance(source, float) else str(source)
    if not isinstance(source, str):
        return ""
    return carried(source[:MAX_SOURCE]).replace("\r\n", "\n").replace("\r", "\n")


def carried(text: str) -> str:
    """Return a text with U+FFFD for what UTF-8 cannot carry: halves of a pair of surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float("inf")


def _sheets(found: Mapping[str, Any]) -> list[list[Any]] | None:
    """Return the lists of cells of any version; None if there is none."""
    if isinstance(found.get("cells"), list):
        return [found["cells"]]
    sheets = found.get("worksheets")
    if not isinstance(sheets, list):
        return None
    lists = (sheet.get("cells") for sheet in sheets if isinstance(sheet, dict))
    return [cells for cells in lists if isinstance(cells, list)]


def _version(found: Mapping[str, Any]) -> int:
    """Return the nbformat whose fields the cells have, whatever number the file gives."""
    given = found.get("nbformat")
    if "cells" not in found or not isinstance(found["cells"], list):
        return 2 if given == 2 else 3
    kinds = [cell.get("cell_type") for cell in found["cells"] if isinstance(cell, dict)]
    texts = [key for cell in found["cells"] if isinstance(cell, dict) for key in cell]
    is_first = given == 1 and "source" not in texts and "raw" not in kinds
    return 1 if is_first else 4


def _cell(cell: Any, version: int) -> dict[str, Any]:
    """Return a cell with the fields of its kind and no other; what is no cell is an empty one."""
    cell = cell if isinstance(cell, dict) else {}
    kind = cell.get("cell_type")
    if kind not in KINDS[version]:
        other = {"heading": "markdown", "html": "markdown"}.get(str(kind), "raw")
        kind = other if other in KINDS[version] else KINDS[version][-1]
    field = TEXTS.get(version, {}).get(kind, "source")
    named = [cell[key] for key in (field, "source", "input", "code", "text") if key in cell]
    made = {"cell_type": kind, "metadata": _tags(cell), field: text_of(named[0] if named else "")}
    if kind == "heading":
        level = cell.get("level")
        made["level"] = level if type(level) is int and 1 <= level <= 6 else 1
    if kind == "code" and version < 4:
        made |= {"language": "python", "outputs": []}
    elif kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def _tags(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    listed = metadata.get("tags") if isinstance(metadata, dict) else None
    named = [tag for tag in listed if isinstance(tag, str)] if isinstance(listed, list) else []
    # A tag with a comma is two to nbformat, and no tag stands twice.
    tags = [carried(re.sub(r"[,\x00-\x1f]", " ", tag)).strip()[:MAX_TAG] for tag in named]
    kept = list(dict.fromkeys(filter(None, tags)))[:MAX_TAGS]
    return {"tags": kept} if kept else {}
