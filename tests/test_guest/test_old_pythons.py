"""The student's folder on the oldest and the newest Python and NumPy, from unpacking to grading.

Each interpreter that this machine has gets its NumPy into .venv/numpys/, once. One that is missing
is skipped, and the summary of the tests says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.box.plan import choose
from grader.box.session import Session
from grader.box.worker import Worker
from grader.engine import job_of
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.submission.intake import read_submission
from tests.support import handed_in, student_folder
from tests.support.student_folder import Done, run, write_function

ROOT = Path(__file__).resolve().parents[2]
WHEELS = ROOT / ".venv" / "numpys"
PAIRS = {"3.9": "numpy==1.22.4", "3.11": "numpy==1.26.4", "3.13": "numpy"}
AFFINE = "return x.reshape(len(x), -1).dot(w) + b, (x, w, b)"
ITEMS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "dropout_forward")
WRONG = ("affine_backward/db-mean", "dropout_forward/p-drops")


def interpreter(version: str) -> str | None:
    """Return a Python of this version, where the machine has one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [*sorted(map(str, pyenv.glob(f"{version}.*/bin/python"))), f"python{version}"]
    for name in filter(shutil.which, found):
        said = subprocess.run(
            [name, "-c", "import sys; print(*sys.version_info[:2], sep='.')"],
            capture_output=True, text=True,
        )  # fmt: skip
        if said.stdout.strip() == version:
            return name
    return None


def numpy_of(version: str, wanted: str) -> Path:
    """Return the folder of the NumPy for a Python, installed where it is not yet."""
    folder = WHEELS / f"{version}-{wanted.replace('==', '-')}"
    if not (folder / "numpy").is_dir():
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder),
             "--python-version", version, "--only-binary=:all:", "--no-deps", "--no-compile",
             wanted],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"{wanted} for Python {version} cannot be fetched: {done.stderr[-200:]}")
    return folder


@dataclass(frozen=True)
class Told:
    """What an interpreter came to: one written function, all functions, and the zip it made."""

    one: Done
    every: Done
    made: Done
    folder: Path


def pairs() -> Iterator[Any]:
    """Yield the versions of Python; in a short run the oldest and the newest are tried."""
    oldest, *between, newest = PAIRS
    yield from (oldest, newest)
    yield from (pytest.param(one, marks=pytest.mark.long_trial(0, name=one)) for one in between)


@pytest.fixture(scope="module", params=pairs())
def told(
    request: pytest.FixtureRequest, released: Path, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"this machine has no Python {request.param}: not tried with it")
    numpy = str(numpy_of(request.param, PAIRS[request.param]))
    folder = Path(shutil.copytree(released, tmp_path_factory.mktemp("old") / "homework"))
    student_folder.limited(folder, only=ITEMS)
    write_function(folder, "affine_forward", AFFINE)
    one = run(folder, "selfcheck.py", "affine_forward", python=python, PYTHONPATH=numpy)
    mistakes = [handed_in.usual_mistakes()[name] for name in WRONG]
    student_folder.put(folder, handed_in.with_mistakes(handed_in.reference(), mistakes).files)
    every = run(folder, "selfcheck.py", "--html", python=python, PYTHONPATH=numpy)
    made = run(folder, "make_submission.py", python=python, PYTHONPATH=numpy)
    return Told(one, every, made, folder)


@pytest.mark.long_trial(0.1)
def test_one_function_is_written_checked_and_right(told: Told) -> None:
    assert (told.one.code, told.one.err) == (0, "")
    assert told.one.rows == {"affine_forward": "ok 3 of 3 right"}


def test_mistakes_are_named_as_on_any_other(told: Told) -> None:
    assert (told.every.code, told.every.err) == (1, "")
    for name in WRONG:
        assert f"This is the mistake: {handed_in.usual_mistakes()[name].says}" in told.every.out
    assert (told.folder / "selfcheck.html").exists()


def test_what_is_handed_in_is_graded_as_it_was_checked(
    told: Told, assignments: dict[str, Assignment]
) -> None:
    """The zip goes to the grader on this Python; every public case has the same verdict."""
    assert "submission.zip is written" in told.made.out and told.made.err == ""
    given = read_submission(told.folder / "submission.zip")
    assignment = assignments["cs231n-a2"]
    cases = [c for c in assignment.rubric.cases if c.public and c.item in ITEMS]
    evaluator = Evaluator(assignment.rubric, assignment.golden)
    with Worker(choose("auto")) as worker:
        session = Session(worker, job_of(given, assignment), assignment.rubric, 1e12)
        evidence = session.observe(cases, evaluator.is_right)
        session.close()
    right = {name: [evaluator.is_right(c, evidence[c.id]) for c in cases if c.item == name]
             for name in ITEMS}  # fmt: skip
    expected = {name: f"{sum(one)} of {len(one)} right" for name, one in right.items()}
    said = {name: row.partition(" ")[2] for name, row in told.every.rows.items()}
    assert {name: row.partition(" cs231n/")[0] for name, row in said.items()} == expected
