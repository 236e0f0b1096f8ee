"""student.zip: the template, the self-check, and what it judges by."""

from __future__ import annotations

from pathlib import Path

import grader
from grader.errors import UsageError
from grader.grading.assignment import Assignment
from grader.release import modules, public
from grader.release.selfcheck.public import FILE
from grader.release.template import template_files
from grader.submission.layout import SELFCHECK

HANDOUT = ("selfcheck.py", "make_submission.py")


def files(assignment: Assignment, home: Path) -> dict[str, bytes]:
    """Return what students get: path -> content. `home` holds reference/ and docs/."""
    texts = template_files(home / "reference", assignment.rubric.table)
    handout = Path(__file__).resolve().parent / "handout"
    texts |= {name: (handout / name).read_text(encoding="utf-8") for name in HANDOUT}
    texts["README.md"] = _guide(home / "docs" / "student.md")
    package = Path(grader.__file__).resolve().parent
    cases = [case for case in assignment.rubric.cases if case.public]
    texts |= {f"{SELFCHECK}/{path}": text for path, text in modules.files(package, cases).items()}
    found = {path: text.encode("utf-8") for path, text in texts.items()}
    found[f"{SELFCHECK}/{FILE}"] = public.file_of(assignment)
    return found


def _guide(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); students get it as README.md: restore it"
        ) from None
