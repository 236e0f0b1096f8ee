"""Notebooks as percent scripts: Python files whose cells begin with `# %%`.

    # %% [markdown] tags=["inline-question", "Dropout/1"]
    # ## Text, each line behind a `#`
    #
    # %%
    x = 1

A script can be read, compared and run as it is. A line `# %name ...` is a command to the notebook
("magic"); Python takes it for a comment. The same cells always give the same bytes of `.ipynb`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import nbformat
from nbformat import NotebookNode, v4

from grader.errors import GraderFault
from grader.notebooks import ipynb

HEADER = re.compile(r"# %%( \[markdown\])?(?: tags=(\[.*\]))?")
LIKE_A_HEADER = re.compile(r"#\s*%%")
MAGIC = re.compile(r"^# (?=%[a-z])", re.MULTILINE)


@dataclass(frozen=True)
class ScriptCell:
    """One cell: text or code, without empty lines around it, and its tags in order."""

    kind: Literal["markdown", "code"]
    source: str
    tags: tuple[str, ...] = ()


def parse(text: str, name: str) -> list[ScriptCell]:
    """Return the cells of a percent script; `name` is for messages.

    Raises GraderFault for a line before the first cell, a header that cannot be read, and a line of
    a text cell that is not a comment.
    """
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if LIKE_A_HEADER.match(line)]
    for number, line in enumerate(lines[: min([*starts, len(lines)])], start=1):
        if line.strip():
            raise GraderFault(f"{name}:{number}: stands before the first cell; begin with # %%")
    return [
        _cell(lines[start], lines[start + 1 : end], f"{name}:{start + 1}")
        for start, end in zip(starts, [*starts[1:], len(lines)])
    ]


def _cell(header: str, body: list[str], place: str) -> ScriptCell:
    match = HEADER.fullmatch(header)
    tags = _tags(match.group(2) or "[]") if match else None
    if match is None or tags is None:
        raise GraderFault(
            f'{place}: {header!r} is no header; write # %% or # %% [markdown] tags=["name"]'
        )
    source = "\n".join(body).strip("\n")
    if not match.group(1):
        return ScriptCell("code", source, tags)
    if any(line != "#" and not line.startswith("# ") for line in source.splitlines()):
        raise GraderFault(f"{place}: a line of this text cell is no comment; put '# ' before it")
    return ScriptCell("markdown", re.sub(r"(?m)^# ?", "", source), tags)


def _tags(text: str) -> tuple[str, ...] | None:
    """Return the tags of a header, or None where they are no JSON list of names."""
    try:
        tags = json.loads(text)
    except ValueError:
        return None
    good = all(isinstance(tag, str) and re.fullmatch(r"[\w/-]+", tag) for tag in tags)
    return tuple(tags) if good else None


def notebook(cells: Iterable[ScriptCell]) -> str:
    """Return the text of an .ipynb file of format 4.5: no outputs, ids by order and source."""
    written = [_written(number, cell) for number, cell in enumerate(cells, start=1)]
    return nbformat.writes(ipynb.notebook(written)) + "\n"


def _written(number: int, cell: ScriptCell) -> NotebookNode:
    source = MAGIC.sub("", cell.source) if cell.kind == "code" else cell.source
    new = v4.new_code_cell if cell.kind == "code" else v4.new_markdown_cell
    return new(
        source,
        id=f"{number:03d}-{hashlib.sha256(source.encode()).hexdigest()[:8]}",
        metadata={"tags": list(cell.tags)} if cell.tags else {},
    )
