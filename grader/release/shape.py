"""The reference in the shape of a course generation: what the handed-out files of its years hold.

`reference/generations.toml` tells how each differs from the reference:

    [[generations]]
    years = ["2016", "2017"]           the rubrics it holds for, by their `years`
    gives = ["softmax_loss"]           functions that are handed out solved
    absent = ["layernorm_forward"]     functions and classes that are not there
    cells.Dropout = ["a line"]         notebook cells that are not there, each by a line of its own
    texts."cs231n/layers.py" = [["old", "new"]]     old is replaced everywhere in the file
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.errors import GraderFault, UsageError
from grader.notebooks import percent
from grader.rubric.records import RubricFile
from grader.rubric.solution_markers import BEGIN, END, MADE_FOR

FILE = "generations.toml"
INIT = "cs231n/__init__.py"


class GenerationShape(BaseModel):
    """One row of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    years: tuple[str, ...] = Field(min_length=1)
    gives: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    cells: dict[str, tuple[str, ...]] = {}
    texts: dict[str, tuple[tuple[str, str], ...]] = {}


class _Generations(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    generations: tuple[GenerationShape, ...]


def marked(reference: Path, rubric: RubricFile) -> dict[str, str]:
    """Return the reference as the rubric's years have it: path inside it -> text.

    Notebooks are percent scripts, those only that the rubric asks something of. The lines between
    solution marks is what a student writes. Raises GraderFault if generations.toml does not fit
    the reference, UsageError where it does not know the years.
    """
    paths = [*(reference / "cs231n").rglob("*.py"), *reference.glob("*.py")]
    files = {p.relative_to(reference).as_posix(): p.read_text(encoding="utf-8") for p in paths}
    for row in _rows(reference / FILE, rubric):
        files = _shaped(files, row)
    files[INIT] = f"{files[INIT]}\n{MADE_FOR.format(rubric.id)}\n"
    asked = {i.file.removesuffix(".ipynb") for i in rubric.items if i.file.endswith(".ipynb")}
    return {
        path: text
        for path, text in sorted(files.items())
        if "/" in path or path.removesuffix(".py") in asked
    }


def solved(reference: Path, rubric: RubricFile) -> dict[str, str]:
    """Return the package as `marked` does, without the marks: a submission with full marks."""
    files = marked(reference, rubric)
    return {path: _without_marks(text) for path, text in files.items() if "/" in path}


def _rows(path: Path, rubric: RubricFile) -> list[GenerationShape]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = _Generations.model_validate(read).generations
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); restore it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise GraderFault(f"{path}: is not as grader/release/shape.py says: {error}") from None
    known = {years for row in rows for years in row.years}
    if rubric.years not in known:
        raise UsageError(
            f"rubric {rubric.id}: years = {rubric.years!r}, but {path} has no such course years; "
            f"use one of {', '.join(sorted(known))}"
        )
    return [row for row in rows if rubric.years in row.years]


def _shaped(files: Mapping[str, str], row: GenerationShape) -> dict[str, str]:
    shaped = dict(files)
    for path, pairs in row.texts.items():
        for old, new in pairs:
            if old not in shaped[path]:
                raise GraderFault(f"{FILE}: {path} has no text {old!r}; mend that row")
            shaped[path] = shaped[path].replace(old, new)
    for notebook, gone in row.cells.items():
        for line in gone:
            shaped[f"{notebook}.py"] = _without_cell(shaped[f"{notebook}.py"], line, notebook)
    for name in (*row.absent, *row.gives):
        path, first, last = _place(shaped, name)
        lines = shaped[path].splitlines()
        before, body = "\n".join(lines[:first]), "\n".join(lines[first:last])
        given = _without_marks(body).splitlines() if name in row.gives else []
        head = before if given else before.rstrip()
        shaped[path] = "\n".join([head, *given, *lines[last:]]) + "\n"
    return shaped


def _place(files: Mapping[str, str], name: str) -> tuple[str, int, int]:
    """Return (path, first line, line behind the last) of a function or class, from 0.

    Comments that end it, solution marks among them, belong to it.
    """
    for path, text in files.items():
        lines = text.splitlines()
        for node in ast.parse(text).body if "/" in path else ():
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                last = node.end_lineno or 0
                while last < len(lines) and lines[last].lstrip(" ").startswith("#"):
                    last += 1
                return path, node.lineno - 1, last
    raise GraderFault(f"{FILE}: the reference has no {name}; mend that row")


def _without_marks(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip() not in (BEGIN, END)) + "\n"


def _without_cell(script: str, line: str, notebook: str) -> str:
    cells = re.split(rf"(?m)^(?={percent.LIKE_A_HEADER.pattern})", script)
    left = [cell for cell in cells if line not in cell.splitlines()]
    if len(left) != len(cells) - 1:
        raise GraderFault(f"{FILE}: {len(cells) - len(left)} cells of {notebook} have {line!r}")
    return "".join(left)
