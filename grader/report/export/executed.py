"""Executed notebooks for Gradescope, in a few plain tags: what their cells have shown.

Gradescope keeps no file of an autograder but results.json, so texts and pictures stand in that, as
far as there is room. All of it is a student's: texts are escaped, and a picture is base64 alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from grader.errors import UsageError
from grader.report.result_form import NotebookJson
from grader.report.text import count, one_line, shown

TEXT = 2_000  # characters of one output
TEXTS, PICTURES = 100_000, 600_000  # characters of all texts, and of all pictures, of one result
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
STATES = {
    "executed": "It ran from its first cell to its last.",
    "error": "A cell stopped with an error; what it showed is below.",
    "timeout": "Its time was up; what it showed until then is below.",
}
REST = (
    "Left out here, where there is no room: {}. Course staff has the whole notebook once the "
    "submissions are exported from Gradescope and graded with `grade class`."
)


@dataclass
class Room:
    """What may still be written of texts and of pictures, and how many had none."""

    texts: int = TEXTS
    pictures: int = PICTURES
    texts_left: int = 0
    pictures_left: int = 0


def html(book: NotebookJson, written: str, room: Room) -> str:
    """Return what the cells of a notebook have shown; takes from `room`. Raises UsageError."""
    try:
        cells = json.loads(written)["cells"]
        pieces = list(_cells([cell for cell in cells if cell["cell_type"] == "code"], room))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        what = "is no notebook that grade writes; grade again"
        raise UsageError(f"{one_line(shown(book['name']))}: {what}") from None
    left = [
        count(many, kind)
        for many, kind in ((room.texts_left, "output"), (room.pictures_left, "picture")) if many
    ]  # fmt: skip
    room.texts_left = room.pictures_left = 0
    if left:
        pieces.append(f"<p>{escape(REST.format(' and '.join(left)))}</p>")
    return "".join([f"<p>{STATES.get(book['status'], '')}</p>", *pieces])


def _cells(cells: list[Mapping[str, Any]], room: Room) -> Iterator[str]:
    for place, cell in enumerate(cells, start=1):
        ran = cell.get("execution_count")
        name = f"code cell {place}" + (f", In [{ran}]" if isinstance(ran, int) else "")
        if said := [*_outputs(cell["outputs"], name, room)]:
            yield f"<p><b>{name}</b></p>"
            yield from said


def _outputs(outputs: list[Mapping[str, Any]], name: str, room: Room) -> Iterator[str]:
    pictures = 0
    for output in outputs:
        data = output.get("data", {})
        if image := "".join(_joined(data.get("image/png")).split()):
            pictures += 1
            if len(image) > room.pictures or not BASE64.fullmatch(image):
                room.pictures_left += 1
                continue
            room.pictures -= len(image)
            alt = f"Picture {pictures} of {name}"
            yield f'<p><img alt="{alt}" src="data:image/png;base64,{image}"></p>'
        elif text := _text(output):
            text = shown(text.rstrip("\n"), TEXT)
            if len(text) > room.texts:
                room.texts_left += 1
                continue
            room.texts -= len(text)
            yield f"<pre>{escape(text)}</pre>"


def _text(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "error":
        return f"{output.get('ename')}: {output.get('evalue')}"
    return _joined(output.get("text") or output.get("data", {}).get("text/plain"))


def _joined(lines: Any) -> str:
    """Return a text as nbformat writes it: whole, or line by line; "" for anything else."""
    if isinstance(lines, list):
        return "".join(map(str, lines))
    return lines if isinstance(lines, str) else ""
