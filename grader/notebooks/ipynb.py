"""Notebooks as files: read whatever students hand in, write what was executed.

An .ipynb is JSON, and is read as that: leniently, for a notebook of 2015 or one with broken
metadata holds the same cells. Outputs, kernels, ids and metadata are not even looked at, but for
the tags of cells. What is written has only text and pictures in it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import UnusableSubmission
from grader.types import Cell, Notebook

MAX_CELLS = 2_000
MAX_SOURCE = 256 * 1024  # characters of one cell
AGAIN = "save it again in Jupyter"
# A cell that only mounts or looks for a place elsewhere, and lines that call a shell.
ELSEWHERE = re.compile(r"google\.colab|\bFOLDERNAME\b|drive\.mount")
SHELL_LINE = re.compile(r"^[ \t]*(?:!|%cd\b|%pip\b|%conda\b|%%bash\b|%%sh\b|%%script\b)(.*)$")
RELOAD_LINE = re.compile(r"^[ \t]*%(?:load_ext[ \t]+autoreload|autoreload\b.*)$")


@dataclass(frozen=True)
class SourceCell:
    """One cell as handed in; `number` counts all cells from 1."""

    number: int
    kind: str
    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Runnable:
    """A code cell made ready: its `text` to run, or `why` it is skipped; `repaired` sentences."""

    number: int
    text: str
    why: str = ""
    repaired: tuple[str, ...] = ()


def read(data: bytes, name: str) -> list[SourceCell]:
    """Return the cells of a notebook. Raises UnusableSubmission: one line, what to do."""
    return [_source(number, cell) for number, cell in enumerate(raw_cells(data, name), start=1)]


def raw_cells(data: bytes, name: str) -> list[Any]:
    """Return the cells as they stand in the JSON, whatever they are. Raises as `read` does."""
    try:
        parsed = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        what = "is empty" if not data.strip() else "is no JSON"
        raise UnusableSubmission(f"{name}: {what}, so it is no notebook; {AGAIN}") from None
    cells = _cells(parsed)
    if cells is None:
        raise UnusableSubmission(f"{name}: has no list of cells; {AGAIN}")
    if len(cells) > MAX_CELLS:
        raise UnusableSubmission(f"{name}: has {len(cells):,} cells, {MAX_CELLS:,} can be read")
    return cells


def _cells(parsed: Any) -> list[Any] | None:
    """Return the cells of any nbformat: since 4 in a list, before that in worksheets."""
    if not isinstance(parsed, dict):
        return None
    if isinstance(parsed.get("cells"), list):
        return list(parsed["cells"])
    sheets = parsed.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [
        cell
        for sheet in sheets
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]


def _source(number: int, cell: Any) -> SourceCell:
    if not isinstance(cell, dict):
        return SourceCell(number, "raw", "")
    text = _text(cell.get("source", cell.get("input", "")))
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    listed = tags if isinstance(tags, list) else []
    named = tuple(tag[:100] for tag in listed if isinstance(tag, str))
    known = {"heading": "markdown", "code": "code", "markdown": "markdown"}
    return SourceCell(number, known.get(str(cell.get("cell_type")), "raw"), text, named)


def _text(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return source[:MAX_SOURCE].encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")


def runnable(cell: SourceCell) -> Runnable:
    """Make a code cell ready: leave out what needs another machine, and report it."""
    why = ""
    kept, repaired = [], []
    if ELSEWHERE.search(cell.text):
        why = "it looks for a folder on another machine; the files are here already"
    for line in cell.text.splitlines():
        shell = SHELL_LINE.match(line)
        if shell and line.lstrip().startswith("%%"):
            why = why or "it is a script for a shell, which there is none of here"
        if shell:
            shown = line.strip()[:60]
            repaired.append(f"cell {cell.number}: the line {shown!r} was left out: no shell here")
            indent = line[: len(line) - len(line.lstrip())]
            line = f"{indent}pass"
        elif RELOAD_LINE.match(line):
            line = ""
        kept.append(line)
    if why:
        return Runnable(cell.number, "", why, (f"cell {cell.number} was skipped: {why}",))
    return Runnable(cell.number, "\n".join(kept), "", tuple(repaired))


def write(sources: list[SourceCell], notebook: Notebook) -> str:
    """Return the executed notebook as .ipynb: the cells that were handed in, and our outputs."""
    ran = {cell.number: cell for cell in notebook.cells}
    cells = [_written(source, ran.get(source.number)) for source in sources]
    return json.dumps({**EMPTY, "cells": cells}, indent=1, ensure_ascii=False) + "\n"


EMPTY = {  # a notebook without cells, of format 4.5
    "cells": [],
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


def _written(source: SourceCell, ran: Cell | None) -> Mapping[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": source.kind,
        "id": f"cell-{source.number}",
        "metadata": {"tags": list(source.tags)} if source.tags else {},
        "source": source.text,
    }
    if source.kind == "code":
        cell |= {"execution_count": source.number if ran else None, "outputs": _outputs(ran)}
    return cell


def _outputs(ran: Cell | None) -> list[Mapping[str, Any]]:
    if ran is None:
        return []
    outputs: list[Mapping[str, Any]] = []
    if text := ran.text + (f"[{ran.outcome}: {ran.why}]\n" if ran.why else ""):
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    for image in ran.images:
        data = {"image/png": base64.b64encode(image).decode()}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    if ran.raised:
        lines = [f"{path}, line {line}: {text}" for path, line, _, text in ran.raised.frames]
        outputs.append({
            "output_type": "error", "ename": ran.raised.type, "evalue": ran.raised.message,
            "traceback": [*lines, f"{ran.raised.type}: {ran.raised.message}"],
        })  # fmt: skip
    return outputs
