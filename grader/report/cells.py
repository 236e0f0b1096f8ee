"""Cells of a notebook: what they are called, and where they stand in the page of the notebook."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from grader.types import Notebook, Raised

REPORT = "report.html"  # stands beside the pages of notebooks


def file_of(notebook: Notebook) -> str:
    """Return the name of the page of a notebook; empty for one that was not executed."""
    name = notebook.name.rpartition("/")[2]
    return f"{name.removesuffix('.ipynb')}.html" if notebook.written else ""


def link_to(notebook: Notebook, number: int) -> str:
    """Return where the report finds a cell, by its number; empty if there is no such place."""
    known = notebook.written and any(cell.number == number for cell in notebook.cells)
    return f"{quote(file_of(notebook))}#{anchor(number)}" if known else ""


def anchor(number: int) -> str:
    """Return the anchor of a cell in the page of its notebook."""
    return f"cell-{number}"


def place(notebook: Notebook, number: int) -> str:
    """Return the name by which Python knows a cell: the file of its lines in an exception."""
    return f"{notebook.name}, cell {number}"


def named(raised: Raised, notebook: Notebook) -> Raised:
    """Return an exception whose lines in cells are told as people call those."""
    known = {place(notebook, c.number): f"{notebook.name}, {c.name}" for c in notebook.cells}
    return replace(raised, frames=tuple((known.get(f[0], f[0]), *f[1:]) for f in raised.frames))
