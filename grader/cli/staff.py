"""`grade staff DIR STUDENT` and `grade case ITEM/CASE`: what only staff may see."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from grader import resources
from grader import staff as staff_pages
from grader.cli.arguments import Box, Folder
from grader.cli.grading import Rubric
from grader.errors import UsageError
from grader.report.tables import table
from grader.report.text import count
from grader.rubric.near import nearest

SIDE = 6  # rows and columns that are printed of an array


def staff(
    folder: Folder,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="Id, login or folder.")],
    box: Box = "auto",
) -> None:
    """Write the page for staff of one student of a class: every check that was not right."""
    from grader.box.plan import choose
    from grader.box.worker import Worker
    from grader.course import enrol, settings
    from grader.course.store import Store
    from grader.course.student_pages import label
    from grader.engine import grade_one
    from grader.submission.intake import read_submission

    if not (folder / "class.sqlite").is_file():
        raise UsageError(f"{folder}: holds no class; make one with `grade class`")
    with Store(folder, reading=True) as store:
        rows = [
            s for s in store.students()
            if student in (s.folder, s.person.id, s.person.login, s.person.email)
        ]  # fmt: skip
        if len(rows) != 1:
            raise UsageError(
                f"{student}: {count(len(rows), 'student')} of the class have this id, login or "
                f"folder; {folder / 'grades.csv'} lists them"
            )
        who = rows[0]
        counts = enrol.counting(a for a in store.attempts() if a.student == who.number)
    upload = counts[who.number].upload if counts else None
    if upload is None:
        raise UsageError(f"{student}: handed in nothing that can be graded")
    assignment = resources.assignment(settings.read(folder).rubric or resources.DEFAULT_RUBRIC)
    path = enrol.upload_path(folder, upload)
    given = read_submission(path, partial=True, given=resources.given_files())
    given = replace(given, name=label(who.person))
    with Worker(choose(box)) as worker:
        report = grade_one(given, assignment, worker)
    kept = folder / "reports" / who.folder / "result.json"
    stored = json.loads(kept.read_bytes()) if kept.is_file() else None
    made = folder / "staff" / who.folder
    page = staff_pages.write_page(made, report, assignment, str(path), stored)
    typer.echo(f"For staff, with hidden checks: {page}")


def case(
    name: Annotated[str, typer.Argument(metavar="ITEM/CASE", help="Such as adam/small.")],
    rubric: Rubric = resources.DEFAULT_RUBRIC,
    output: Annotated[Path | None, typer.Option("-o", help="Save the arrays as .npz.")] = None,
) -> None:
    """Print a check with its arrays, hidden ones too: inputs, and what is expected."""
    assignment = resources.assignment(rubric)
    known = {one.id: one for one in assignment.rubric.cases}
    if name not in known:
        item = name.partition("/")[0]
        of_item = [one for one in known if one.startswith(f"{item}/")]
        meant = nearest(name, known)
        use = meant or (
            "one of " + ", ".join(of_item or dict.fromkeys(c.item for c in known.values()))
        )
        raise UsageError(f"{name}: there is no such check; use {use}")
    found = known[name]
    inputs = assignment.rubric.case_inputs(found)
    answers = assignment.golden.expected(found)
    arrays = dict(inputs) | {f"expected_{key}": a for one in answers[:1] for key, a in one.items()}
    if output is not None:
        _save(output, arrays)
    seen = "public" if found.public else "hidden: for staff alone"
    typer.echo(f"{name} ({seen}), {found.probe}, seed {assignment.rubric.table.seed!r}")
    for key, value in found.options.items():
        typer.echo(f"  {key} = {value!r}")
    for key, array in arrays.items():
        laid = table(key, array, None, 17, SIDE)
        typer.echo(f"  {key}, {laid.shape}{'  ' + laid.note if laid.note else ''}")
        for _, row in laid.rows:
            typer.echo("    " + "  ".join(cell.text for cell in row))


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    data = io.BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data.getvalue())
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); choose another -o"
        ) from None
