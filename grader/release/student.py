"""student.zip: the template, the self-check, and what it judges by."""

from __future__ import annotations

from pathlib import Path

import grader
from grader.engine import Assignment
from grader.release import modules, public
from grader.release.template import template_files
from grader.selfcheck.public import FILE

HANDOUT = ("selfcheck.py", "make_submission.py")
HIDDEN_FOLDER = ".selfcheck"  # a folder that begins with a dot is no homework to any reader of zips


def files(assignment: Assignment, home: Path) -> dict[str, bytes]:
    """Return what students get: path -> content. `home` holds reference/ and docs/."""
    texts = template_files(home / "reference")
    handout = Path(__file__).resolve().parent / "handout"
    texts |= {name: (handout / name).read_text(encoding="utf-8") for name in HANDOUT}
    texts["README.md"] = (home / "docs" / "student.md").read_text(encoding="utf-8")
    package = Path(grader.__file__).resolve().parent
    cases = [case for case in assignment.rubric.cases if case.public]
    texts |= {
        f"{HIDDEN_FOLDER}/{path}": text for path, text in modules.files(package, cases).items()
    }
    found = {path: text.encode("utf-8") for path, text in texts.items()}
    found[f"{HIDDEN_FOLDER}/{FILE}"] = public.file_of(assignment)
    return found
