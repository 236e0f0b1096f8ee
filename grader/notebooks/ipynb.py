"""Notebooks as files, by nbformat: read whatever students hand in, write what was executed.

What is read is a notebook of format 4.5 without outputs, whatever it was. What is written has only
text, verified pictures and errors in its outputs, and is valid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

from grader.errors import UnusableSubmission
from grader.notebooks.outputs import bounded, counted
from grader.notebooks.repair import AGAIN, carried, parsed, repaired

# A cell that only mounts or looks for a place elsewhere, and lines that call a shell.
ELSEWHERE = re.compile(r"google\.colab|\bFOLDERNAME\b|drive\.mount")
SHELL_LINE = re.compile(r"^[ \t]*(?:!|%cd\b|%pip\b|%conda\b|%%bash\b|%%sh\b|%%script\b)(.*)$")
SHELL_VALUE = re.compile(r"^([ \t]*\w+[ \t]*=[ \t]*)!")  # what it prints, as a list
RELOAD_LINE = re.compile(r"^[ \t]*%(?:load_ext[ \t]+autoreload|autoreload\b.*)$")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Runnable:
    """A code cell made ready: its `text` to run, or `why` it is skipped; `repaired` sentences."""

    number: int
    text: str
    why: str = ""
    repaired: tuple[str, ...] = ()


def read(data: bytes, name: str) -> NotebookNode:
    """Return a notebook of any version as one of 4.5, without outputs.

    A cell's number is its place in `cells`, from 1; its metadata are its tags. Raises
    UnusableSubmission: one line, what to do.
    """
    found = nbformat.from_dict(repaired(parsed(data, name), name))
    try:
        node = nbformat.convert(found, 4)
        return _valid(node.cells)
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        what = f"cannot be read ({type(error).__name__})"
        raise UnusableSubmission(f"{name}: {what}; {AGAIN}") from error


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Return a notebook of these cells that asks for Python 3."""
    return v4.new_notebook(cells=cells, metadata=METADATA)


def write(node: NotebookNode) -> str:
    """Return an executed notebook as .ipynb: sources, tags, and what may be kept of its outputs.

    Ids are the places of cells, so that the same run gives the same bytes.
    """
    return nbformat.writes(_valid(node.cells)) + "\n"


def _valid(cells: list[NotebookNode]) -> NotebookNode:
    """Return a valid notebook of what may be kept of each cell. Raises ValidationError."""
    made = notebook([_kept(number, cell) for number, cell in enumerate(cells, start=1)])
    nbformat.validate(made, relax_add_props=False)
    return made


def _kept(number: int, cell: NotebookNode) -> NotebookNode:
    tags = cell.metadata.get("tags")
    common: dict[str, Any] = {
        "id": f"cell-{number}",
        "metadata": {"tags": tags} if tags else {},
        "source": carried(cell.source),
    }
    new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}
    if cell.cell_type == "code":
        common["execution_count"] = counted(cell.execution_count)
        common["outputs"] = nbformat.from_dict(bounded(cell.outputs))
    return new.get(cell.cell_type, v4.new_raw_cell)(**common)


def runnable(number: int, source: str) -> Runnable:
    """Make a code cell ready: leave out what needs another machine, and report it."""
    why = ""
    kept, repaired = [], []
    if ELSEWHERE.search(source):
        why = "it looks for a folder on another machine; the files are here already"
    for line in source.split("\n"):
        shell = SHELL_LINE.match(line)
        if shell and line.lstrip().startswith("%%"):
            why = why or "it is a script for a shell, which there is none of here"
        if shell:
            shown = line.strip()[:60]
            repaired.append(f"the line {shown!r} was left out: no shell here")
            indent = line[: len(line) - len(line.lstrip())]
            line = f"{indent}pass"
        elif value := SHELL_VALUE.match(line):
            shown = line.strip()[:60]
            repaired.append(f"the line {shown!r} gave an empty list: no shell here")
            line = f"{value[1]}[]"
        elif RELOAD_LINE.match(line):
            line = ""
        kept.append(line)
    if why:
        return Runnable(number, "", why, (f"skipped: {why}",))
    return Runnable(number, "\n".join(kept), "", tuple(repaired))
