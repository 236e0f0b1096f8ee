"""gradescope.zip: an autograder that Gradescope installs once and runs for every submission.

At the root are the two scripts that Gradescope looks for; all else is in backgrade/. It holds
the answers: it is for the page "Configure Autograder" and for nobody else.
"""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError
from grader.report.export import gradescope

PACKAGE = Path(__file__).resolve().parent.parent
HERE = PACKAGE / "release" / "handout" / "gradescope"
SCRIPTS = frozenset({"setup.sh", "run_autograder"})
# What grading reads; the solved notebooks and mistakes only make golden answers.
SHIPPED = (
    "rubrics", "reference/cs231n", "reference/alternatives", "reference/golden",
    "student_template/cs231n",
)  # fmt: skip
OUR_FAULT = (
    "The grader itself failed. This is no fault of the submission, so no score was written. "
    "Course staff: the autograder output says why; mend that and run the autograder again."
)


def files(home: Path, rubric: Path) -> dict[str, bytes]:
    """Return gradescope.zip: path -> content. The paths in SCRIPTS must be executable.

    `home` is the folder of rubrics/, reference/, student_template/ and requirements.lock, `rubric`
    the file to grade by. Raises UsageError if a part is missing.
    """
    if rubric.resolve().parent != (home / "rubrics").resolve():
        raise UsageError(
            f"{rubric}: gradescope.zip takes rubrics of {home / 'rubrics'}; copy it there"
        )
    made = {name: (HERE / name).read_bytes().replace(b"@RUBRIC@", rubric.stem.encode())
            for name in SCRIPTS}  # fmt: skip
    made["backgrade/no_result.json"] = gradescope.failed(OUR_FAULT).encode()
    made["backgrade/requirements.lock"] = _read(home / "requirements.lock")
    for folder in (PACKAGE, *(home / name for name in SHIPPED)):
        root, apart = (PACKAGE.parent, PACKAGE / "data") if folder == PACKAGE else (home, None)
        paths = sorted(path for path in folder.rglob("*") if apart not in path.parents)
        found = [p for p in paths if p.is_file() and p.parent.name != "__pycache__"]
        if not found:
            raise UsageError(f"{folder}: holds no file; restore it, or set BACKGRADE_HOME")
        made |= {f"backgrade/{path.relative_to(root).as_posix()}": _read(path) for path in found}
    return made


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); restore it") from None
