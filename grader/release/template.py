"""What students get: the reference with the answers taken out.

A student writes what is between `# BEGIN SOLUTION` and `# END SOLUTION`. Taking such a block
out leaves a statement that raises NotImplementedError: an unwritten function says what it is.
Notebooks are percent scripts in the reference; they also lose model answers and grading notes.
What is in it and what it is called follows the rubric's course years (grader/release/shape.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from grader.errors import GraderFault, UsageError
from grader.notebooks import percent, questions
from grader.notebooks.percent import ScriptCell
from grader.release import shape
from grader.rubric.records import RubricFile
from grader.rubric.solution_markers import BEGIN, END

LIKE_A_MARKER = re.compile(r"#.*\b(BEGIN|END)\b.*SOLUTION", re.IGNORECASE)
UNWRITTEN = 'raise NotImplementedError("{}: write this")'
CHECK = re.compile(r'^check\("([\w.]+)"\)$', re.MULTILINE)
DEFINITION = re.compile(r"\s*(?:def|class) (\w+)")


def strip(source: str, name: str) -> str:
    """Return `source` without its solutions. Raises GraderFault for a block that is not closed."""
    kept: list[str] = []
    inside = False
    function = ""
    for number, line in enumerate(source.splitlines(), start=1):
        if match := DEFINITION.match(line):
            function = match[1]
        word = line.strip()
        if word == (END if not inside else BEGIN):
            raise GraderFault(f"{name}:{number}: {word} has no partner; solutions do not nest")
        if word not in (BEGIN, END) and LIKE_A_MARKER.search(line):
            raise GraderFault(f"{name}:{number}: {word!r} is no marker; write {BEGIN} or {END}")
        if word == BEGIN:
            inside = True
            kept.append(line.partition(BEGIN)[0] + UNWRITTEN.format(function))
        elif word == END:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise GraderFault(f"{name}: the last {BEGIN} has no {END}; add it")
    return "\n".join(kept) + "\n"


def unsolved_notebook(script: str, name: str, asked: Collection[str] | None = None) -> str:
    """Return the .ipynb that students get for the notebook `name`, solved in a percent script.

    `asked` are the ids of items; the cells of other questions and checks go. None keeps all.

    Raises GraderFault if the script is not as percent.py and questions.py of grader/notebooks
    ask.
    """
    cells = percent.parse(script, f"{name}.py")
    questions.check(cells, name)
    kept = [
        cell for cell in cells if asked is None or {*cell.tags[-1:], *_checked(cell)} <= {*asked}
    ]
    given = [_unsolved(cell, name) for cell in questions.handed_out(kept)]
    return percent.notebook(given)


def _checked(cell: ScriptCell) -> list[str]:
    """Return the items that a cell checks by the self-check."""
    return CHECK.findall(cell.source) if cell.kind == "code" else []


def _unsolved(cell: ScriptCell, name: str) -> ScriptCell:
    place = f"{name}.py, in the cell {cell.source.partition(chr(10))[0]!r}"
    source = cell.source if cell.kind == "markdown" else strip(cell.source, place).rstrip("\n")
    return replace(cell, source=source)


def template_files(reference: Path, rubric: RubricFile) -> dict[str, str]:
    """Return the student template of a rubric: path inside it -> text."""
    asked = {item.id for item in rubric.items}
    files: dict[str, str] = {}
    for path, text in shape.marked(reference, rubric).items():
        if "/" in path:
            files[path] = strip(text, path)
        else:
            name = path.removesuffix(".py")
            files[f"{name}.ipynb"] = unsolved_notebook(text, name, asked)
    return files


def write_template(reference: Path, target: Path, rubric: RubricFile) -> list[str]:
    """Write the template of a rubric to `target`, replacing what is there; return what was written.

    A notebook of ours that the rubric does not ask for goes.
    """
    files = template_files(reference, rubric)
    if target.resolve() == reference.resolve() or reference.resolve() in target.resolve().parents:
        raise UsageError(f"{target}: is the reference itself; choose another folder")
    shutil.rmtree(target / "cs231n", ignore_errors=True)
    for path in reference.glob("*.py"):
        (target / f"{path.stem}.ipynb").unlink(missing_ok=True)
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files)
