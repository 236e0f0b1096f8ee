"""gradescope.zip: an autograder that Gradescope installs once and runs for every submission.

At the root are the two scripts that Gradescope looks for; all else is in backgrade/. It holds
the answers: it is for the page "Configure Autograder" and for nobody else.
"""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError
from grader.release import program
from grader.report.export import gradescope

HERE = Path(__file__).resolve().parent / "handout" / "gradescope"
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
    return made | {f"backgrade/{name}": data for name, data in program.files(home, SHIPPED).items()}
