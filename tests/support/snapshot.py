"""Keep all that the grader says of known submissions, and compare after a change of the code.

    python -m tests.support.snapshot keep DIR       before the change
    python -m tests.support.snapshot compare DIR    after it; exit 1 and the first differences

Graded are the demo, everything under tests/submissions that is right, wrong or unwritten, and every
usual mistake; kept are result.json, the page, the terminal's text and the exports, and of every
twentieth what student.zip's self-check prints. What is measured is left out, so that a change which
only moves code changes no byte.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from grader import resources
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.report import html, result, terminal
from grader.report.export import classroom50, github, gradescope, junit
from grader.report.export.reading import read_result
from grader.submission.intake import read_submission
from grader.types import Report, Submission
from tests.support import handed_in, student_folder

Graded = tuple[str, Submission, str]  # name, what is graded, and by which rubric
STARTED = "2026-01-01T00:00:00+00:00"
SHOWN = 20  # lines of a difference that are printed
CHECKED = 20  # of so many submissions one is self-checked too: each takes seconds


def submissions() -> Iterator[Graded]:
    """Yield every submission that is graded, in a fixed order."""
    demo = handed_in.ROOT / "demo" / "submission"
    yield "demo", read_submission(demo, given=resources.given_files()), resources.DEFAULT_RUBRIC
    yield "unwritten", handed_in.unwritten(), resources.DEFAULT_RUBRIC
    yield "template", handed_in.template(), resources.DEFAULT_RUBRIC
    for style, rubric in handed_in.accepted():
        yield f"accepted {style} {rubric}", handed_in.accepted_submission(style), rubric
    for name, what in handed_in.mistakes().items():
        planted = handed_in.mistake(what)
        yield f"wrong {name}", planted.submission, planted.rubric


def texts(report: Report, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of all that is written about one submission; `folder` is for our use."""
    report = replace(report, measured={**report.measured, "started": STARTED, "host": ""})
    report = replace(report, measured={**report.measured, "wall_s": 0.0, "cpu_s": 0.0, "items": {}})
    data = result.write(report)
    yield "result.json", data
    yield "report.html", html.render(report, version="")
    said = io.StringIO()
    terminal.show(report, Console(file=said, width=100), None)
    yield "terminal.txt", said.getvalue()
    path = folder / "result.json"
    path.write_text(data, encoding="utf-8")
    known = read_result(path)
    yield "gradescope.json", gradescope.write(known)
    yield (
        "classroom50.json",
        classroom50.write(known, environment=dict.fromkeys(classroom50.WHO, "1")),
    )
    yield "junit.xml", junit.write(known)
    yield "github.md", github.summary(known)
    yield "github.txt", github.annotations(known)


def self_check(submission: Submission) -> str:
    """Return what the self-check of student.zip prints about a submission."""
    with tempfile.TemporaryDirectory() as folder:
        students = student_folder.unpacked(Path(folder))
        student_folder.put(students, submission.files)
        return student_folder.run(students, "selfcheck.py").out


def snapshot(folder: Path) -> Iterator[tuple[str, str]]:
    """Grade all submissions; yield (name of a file, its text)."""
    assignments = {one.table.id: resources.assignment(one.table.id) for one in resources.rubrics()}
    with Worker() as worker:
        for number, (name, submission, rubric) in enumerate(submissions()):
            report = grade_one(submission, assignments[rubric], worker)
            for kind, text in texts(report, folder):
                yield f"{name.replace('/', ' ')}/{kind}", text
            if (
                number % CHECKED == 0
                and submission.package == student_folder.NAME.partition("-")[0]
            ):
                yield f"{name.replace('/', ' ')}/selfcheck.txt", self_check(submission)


def main(args: list[str]) -> int:
    """Run `keep DIR` or `compare DIR`; return the exit code."""
    if len(args) != 2 or args[0] not in ("keep", "compare"):
        print(__doc__)
        return 2
    folder = Path(args[1])
    folder.mkdir(parents=True, exist_ok=True)
    differ = 0
    for name, text in snapshot(folder):
        path = folder / name
        if args[0] == "keep":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            differ += 1
            before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            print(f"{name} differs", file=sys.stderr)
            lines = difflib.unified_diff(before, text.splitlines(), "before", "now", lineterm="")
            print(os.linesep.join(list(lines)[:SHOWN]), file=sys.stderr)
    print(f"{differ} files differ" if args[0] == "compare" else f"kept in {folder}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
