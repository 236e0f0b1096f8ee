"""`python -m benchmarks peers --peers VENV`: the rate of a class beside nbgrader's and Otter's.

The same submissions and twelve checks in all three: arrays of layers.py against stored ones. Ours
has its whole rubric besides. VENV is a virtual environment with nbgrader and otter-grader.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks import speed
from tests.support import classes

MANY = {"ours": 400, "nbgrader": 20, "Otter": 6}  # submissions of each: the rate is what counts
AT_ONCE = 2  # of each
WANTED = {"nbgrader": 12.0, "Otter": 50.0}
START = """import numpy as np
from cs231n import layers
stored = np.load({stored!r})
x, w, b, g = (stored[name] for name in "xwbg")"""
CHECK = """got = {got}
assert np.allclose(got, stored["answer{number}"])"""
CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'rate'\n"


def main(peers: str) -> None:
    """Print how many submissions a second each grades, two at once, one BLAS thread each."""
    if not peers:
        print("peers: no --peers VENV with nbgrader and otter-grader; left out")
        return
    with tempfile.TemporaryDirectory(prefix="backgrade-peers-") as name:
        folder, tools = Path(name), Path(peers).resolve() / "bin"
        speed.write_checks(folder)
        source = classes.write(folder / "source", classes.submissions(max(MANY.values())))
        rates = {
            "ours": _ours(folder, source),
            "nbgrader": _nbgrader(folder, source, tools),
            "Otter": _otter(folder, source, tools),
        }
    for name, rate in rates.items():
        times = rates["ours"] / rate
        target = f"   target {WANTED[name]:.0f}" if name in WANTED else ""
        print(f"{name:10} {rate:8.2f} a second   {times:6.1f} times as slow as ours{target}")


def _got(number: int) -> str:
    if number < 6:
        return f"layers.affine_forward(x * {number + 1}, w, b)[0]"
    return f"layers.batchnorm_forward(x * {number + 1}, g, g, {{'mode': 'train'}})[0]"


def _ours(folder: Path, source: Path) -> float:
    command = [sys.executable, "-m", "grader", "class", str(source), "-o", str(folder / "ours")]
    more = ["--notebooks", "skip", "--rubric", "cs231n-a2"]
    return MANY["ours"] / _seconds(speed.ROOT, [*command, *more])


def _nbgrader(folder: Path, source: Path, tools: Path) -> float:
    course = folder / "course"
    cells = [_cell("start", START.format(stored=str(folder / "stored.npz")), False)]
    for number in range(12):
        cells.append(_cell(f"check{number}", CHECK.format(got=_got(number), number=number), True))
    (course / "source" / "a2").mkdir(parents=True)
    (course / "nbgrader_config.py").write_text(CONFIG)
    nbformat.write(new_notebook(cells=cells), course / "source" / "a2" / "checks.ipynb")
    _seconds(course, [str(tools / "nbgrader"), "generate_assignment", "a2"])
    courses = [folder / f"course{number}" for number in range(AT_ONCE)]
    for number, one in enumerate(courses):  # its database has one writer: a course for each
        shutil.copytree(course, one)
        for path in _some(source, "nbgrader")[number::AT_ONCE]:
            home = one / "submitted" / path.stem / "a2"
            shutil.unpack_archive(path, home)
            shutil.copy(course / "release" / "a2" / "checks.ipynb", home)
    autograde = [str(tools / "nbgrader"), "autograde", "a2", "--course-dir"]
    rate = MANY["nbgrader"] / _seconds(folder, *([*autograde, str(one)] for one in courses))
    done = [path for one in courses for path in (one / "autograded").glob("*/a2/checks.ipynb")]
    assert len(done) == MANY["nbgrader"], done
    return rate


def _cell(name: str, text: str, is_check: bool) -> nbformat.NotebookNode:
    """Return a cell as nbgrader marks it."""
    marks = {
        "grade": is_check, "grade_id": name, "locked": True, "solution": False, "task": False,
        "schema_version": 3,
    }  # fmt: skip
    points = {"points": 1} if is_check else {}
    return new_code_cell(text, metadata={"nbgrader": {**marks, **points}})


def _otter(folder: Path, source: Path, tools: Path) -> float:
    tests = folder / "otter" / "tests"
    tests.mkdir(parents=True)
    for number in range(12):
        code = f">>> bool(np.allclose({_got(number)}, stored['answer{number}']))\nTrue"
        case = {"code": code, "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": f"q{number}", "points": 1, "suites": [suite]}
        (tests / f"q{number}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    home = folder / "otter"
    _seconds(home, [str(tools / "otter"), "generate", "-t", str(tests), "-o", "grader.zip"])
    book = new_notebook(cells=[new_code_cell(START.format(stored=str(folder / "stored.npz")))])
    commands = []
    for path in _some(source, "Otter"):
        inside = home / path.stem
        shutil.unpack_archive(path, inside)
        for own in inside.glob("*.ipynb"):
            own.unlink()
        nbformat.write(book, inside / "checks.ipynb")
        packed = shutil.make_archive(str(home / f"{path.stem}-in"), "zip", inside)
        told = home / f"{path.stem}-out"
        told.mkdir()
        commands.append([str(tools / "otter"), "run", "-a", "grader.zip", "-o", str(told), packed])
    seconds = 0.0
    while commands:
        seconds += _seconds(home, *(commands.pop() for _ in range(min(AT_ONCE, len(commands)))))
    for path in home.glob("*-out/results.json"):
        assert len(json.loads(path.read_text())["tests"]) >= 12, path.read_text()
    return MANY["Otter"] / seconds


def _some(source: Path, who: str) -> Sequence[Path]:
    return sorted(source.glob("*.zip"))[: MANY[who]]


def _seconds(folder: Path, *commands: Sequence[str]) -> float:
    """Return the wall seconds of commands that run at once, whose tools are found first."""
    tools = str(Path(commands[0][0]).parent)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment: Mapping[str, str] = {
        **os.environ, **threads, "PATH": f"{tools}:{os.environ['PATH']}",
    }  # fmt: skip
    started = time.perf_counter()
    running = [
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        for command in commands
    ]  # fmt: skip
    for process in running:
        said, _ = process.communicate()
        if process.returncode not in (0, 1):
            raise SystemExit(f"{process.args}: {said[-2000:]}")
    return time.perf_counter() - started
