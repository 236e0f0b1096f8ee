"""What students get: the reference with the answers taken out.

A student writes what stands between `# BEGIN SOLUTION` and `# END SOLUTION`. Taking such a block
out leaves a statement that raises NotImplementedError: an unwritten function says what it is.
Notebooks are percent scripts in the reference; they also lose model answers and grading notes.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from grader import percent, questions
from grader.errors import GraderFault, UsageError
from grader.marks import BEGIN, END
from grader.percent import Cell

LIKE_A_MARKER = re.compile(r"#.*\b(BEGIN|END)\b.*SOLUTION", re.IGNORECASE)
DEFINITION = re.compile(r"^(\s*)(?:def|class) (\w+)")


def strip(source: str, name: str) -> str:
    """Return `source` without its solutions. Raises GraderFault for a block that is not closed."""
    kept: list[str] = []
    inside = False
    function = ""
    for number, line in enumerate(source.splitlines(), start=1):
        if match := DEFINITION.match(line):
            function = match.group(2)
        word = line.strip()
        if word == (END if not inside else BEGIN):
            raise GraderFault(f"{name}:{number}: {word} has no partner; solutions do not nest")
        if word not in (BEGIN, END) and LIKE_A_MARKER.search(line):
            raise GraderFault(f"{name}:{number}: {word!r} is no marker; write {BEGIN} or {END}")
        if word == BEGIN:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(f'{indent}raise NotImplementedError("{function}: write this")')
        elif word == END:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise GraderFault(f"{name}: the last {BEGIN} has no {END}; add it")
    return "\n".join(kept) + "\n"


def unsolved_notebook(script: str, name: str) -> str:
    """Return the .ipynb that students get for the notebook `name`, solved in a percent script.

    Raises GraderFault where the script is not as grader/percent.py and grader/questions.py ask.
    """
    cells = percent.parse(script, f"{name}.py")
    questions.check(cells, name)
    given = [_unsolved(cell, name) for cell in questions.handed_out(cells)]
    return percent.notebook(given)


def _unsolved(cell: Cell, name: str) -> Cell:
    if cell.kind == "markdown":
        return cell
    place = f"{name}.py, in the cell {cell.source.partition(chr(10))[0]!r}"
    return replace(cell, source=strip(cell.source, place).rstrip("\n"))


def template_files(reference: Path) -> dict[str, str]:
    """Return the student template: path inside it -> text."""
    files = {
        path.relative_to(reference).as_posix(): strip(path.read_text(encoding="utf-8"), str(path))
        for path in sorted((reference / "cs231n").rglob("*.py"))
    }
    for path in sorted(reference.glob("*.py")):
        script = path.read_text(encoding="utf-8")
        files[f"{path.stem}.ipynb"] = unsolved_notebook(script, path.stem)
    return files


def write_template(reference: Path, target: Path) -> list[str]:
    """Write the template to `target`, replacing what is there; return the files written."""
    files = template_files(reference)
    if target.resolve() == reference.resolve() or reference.resolve() in target.resolve().parents:
        raise UsageError(f"{target}: is the reference itself; choose another folder")
    shutil.rmtree(target / "cs231n", ignore_errors=True)
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files)
