"""Are golden answers, template, notebooks and schemas still what their sources give?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from grader import resources
from grader.authoring.fixtures import build, reference
from grader.authoring.lint.checks import Check, Defect, counted, of_error
from grader.errors import BackgradeError
from grader.golden.store import Golden
from grader.release.template import template_files
from grader.report import result
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.rubric.validation import json_schema

BUILD = "run `grade fixtures build`"


def golden(home: Path, rubrics: Sequence[Rubric], quick: bool = False) -> Check:
    """Compare the golden answers, right and wrong ones, with a new build; if `quick`, only the hash
    of the reference that they were made from.
    """
    folder = home / "reference" / "golden"
    name = "golden answers"
    try:
        differing = [] if quick else build.differences(rubrics, home / "reference", folder)
        stored = Golden.read(folder)
    except BackgradeError as error:
        return Check(name, "", [of_error(error)])
    problems = [Defect(str(folder), f"{one.array}: {one.message}", BUILD) for one in differing]
    if not problems and stored.reference != reference.sha256(home / "reference"):
        problems = [Defect(str(folder), "was made from another text of the reference", BUILD)]
    return Check(name, counted(len(list(stored.arrays())), "array"), problems)


def template(home: Path) -> Check:
    """Compare the student template with what the reference gives for the default rubric."""
    folder = home / "student_template"
    try:
        default = read_rubric(home / "rubrics" / f"{resources.DEFAULT_RUBRIC}.toml").table
        made = template_files(home / "reference", default)
    except BackgradeError as error:
        return Check("template files", "", [of_error(error)])
    there = {
        path.relative_to(folder).as_posix(): path
        for path in (folder.rglob("*") if folder.is_dir() else ())
        if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts
    }
    wrong = {}
    for name, text in made.items():
        if name not in there:
            wrong[name] = "is missing"
        elif there[name].read_text(encoding="utf-8") != text:
            wrong[name] = "is not what the reference gives"
    wrong |= {name: "is in no reference" for name in sorted(set(there) - set(made))}
    problems = [Defect(str(folder / n), says, "run `make template`") for n, says in wrong.items()]
    notebooks = sum(name.endswith(".ipynb") for name in made)
    looked_at = f"{counted(len(made) - notebooks, 'file')}, {counted(notebooks, 'notebook')}"
    return Check("template files", looked_at, problems)


def schemas(home: Path) -> Check:
    """Compare docs/*.schema.json with the schemas of the code."""
    if not (home / "docs").is_dir():
        return Check("schemas", "", left_out="no docs/ here")
    problems = []
    for name, schema in (("rubric", json_schema()), ("result", result.json_schema())):
        path = home / "docs" / f"{name}.schema.json"
        try:
            same = json.loads(path.read_text(encoding="utf-8")) == schema
        except (OSError, ValueError):
            same = False
        if not same:
            problems.append(Defect(str(path), "is not that of the code", "run `make schemas`"))
    return Check("schemas", "2 schemas", problems)
