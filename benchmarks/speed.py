"""Time and memory of `grade`: cold beside bare Python and pytest, warm in floors."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import warm
from grader import resources
from grader.grading.assignment import Assignment
from tests.support import processes

ROOT = Path(__file__).resolve().parent.parent
SUBMISSION = ROOT / "tests" / "submissions" / "accepted" / "compact"
ROUNDS = 7
UNWANTED = ("matplotlib", "nbformat", "jsonschema", "pandas", "IPython", "pydantic", "numpy.ma")
# The same probes in a bare process, which imports what they need and nothing more.
BARE = """
import json, sys
sys.path[:0] = [{root!r}, {submission!r}]
import numpy as np
from cs231n import layers, optim
from cs231n.classifiers import fc_net
from grader.guest.probes.nn import Conventions, Implementation
from grader.guest.observe import probe
cases, arrays = json.load(open({folder!r} + "/cases.json")), np.load({folder!r} + "/inputs.npz")
nn = Implementation({{"layers": layers, "optim": optim, "fc_net": fc_net}}, Conventions())
for name, dotted, options, inputs in cases:
    probe(dotted)(nn, **{{one: arrays[f"{{name}}:{{one}}"] for one in inputs}}, **options)
"""
# Twelve checks as a course writes them for pytest: a number of arrays against stored ones.
CHECKS = """
import sys
sys.path[:0] = [{submission!r}]
import numpy as np
import pytest
from cs231n import layers
stored = np.load({folder!r} + "/stored.npz")
x, w, b, g = (stored[name] for name in "xwbg")
@pytest.mark.parametrize("number", range(12))
def test_check(number):
    if number < 6:
        got = layers.affine_forward(x * (number + 1), w, b)[0]
    else:
        got = layers.batchnorm_forward(x * (number + 1), g, g, {{"mode": "train"}})[0]
    assert np.allclose(got, stored[f"answer{{number}}"])
"""


@dataclass(frozen=True)
class Run:
    """One process: wall and CPU seconds of its tree, peak MB of the process itself."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Print the tables of speed."""
    with tempfile.TemporaryDirectory() as folder:
        _write_baselines(Path(folder), resources.assignment(resources.DEFAULT_RUBRIC))
        names = {"root": str(ROOT), "submission": str(SUBMISSION), "folder": folder}
        grade = [sys.executable, "-m", "grader", str(SUBMISSION), "-o", f"{folder}/graded"]
        bare = [sys.executable, "-c", BARE.format(**names)]
        checks = Path(folder, "test_checks.py")
        checks.write_text(CHECKS.format(**names), encoding="utf-8")
        tested = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(checks)]
        runs = [[_run(one) for one in (grade, tested, bare)] for _ in range(ROUNDS + 1)][1:]
    print(f"cold `grade` of one submission with HTML, {ROUNDS} rounds, median; one BLAS thread")
    for title, value, unit in (
        ("wall s", lambda run: run.wall_s, 3),
        ("cpu s of all processes", lambda run: run.cpu_s, 3),
        ("peak MB of the parent", lambda run: run.peak_mb, 0),
    ):
        ours, pytests, bares = (
            statistics.median(value(row[at]) for row in runs) for at in range(3)
        )
        over = statistics.median(value(row[0]) / value(row[1]) for row in runs)
        target = "   target 1.3" if "cpu" in title else ""
        print(
            f"  {title:24} {ours:8.{unit}f}   pytest {pytests:8.{unit}f}   "
            f"bare {bares:8.{unit}f}   ratio to pytest {over:5.2f}{target}"
        )
    print(f"  imported though unwanted: {', '.join(_unwanted()) or 'none'}")
    warm.main()


def _write_baselines(folder: Path, assignment: Assignment) -> None:
    """Write what bare Python and pytest read: cases with their inputs; inputs with answers."""
    cases, arrays = [], {}
    for case in assignment.rubric.cases:
        inputs = assignment.rubric.case_inputs(case)
        cases.append([case.id, case.probe, dict(case.options), list(inputs)])
        arrays |= {f"{case.id}:{name}": array for name, array in inputs.items()}
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    np.savez(folder / "inputs.npz", **arrays)
    write_checks(folder)


def write_checks(folder: Path) -> None:
    """Write stored.npz: inputs and answers of twelve checks."""
    x, w = np.arange(24.0).reshape(4, 6) / 8, np.arange(36.0).reshape(6, 6) / 16
    b, g = np.arange(6.0), np.ones(6)
    stored = {"x": x, "w": w, "b": b, "g": g}
    for number in range(12):
        of, mean = x * (number + 1), (x * (number + 1)).mean(axis=0)
        normal = g * (of - mean) / np.sqrt(of.var(axis=0) + 1e-5) + g
        stored[f"answer{number}"] = of @ w + b if number < 6 else normal
    np.savez(folder / "stored.npz", **stored)


def _run(command: Sequence[str]) -> Run:
    """Run a process to its end; count the CPU of all processes that it started.

    Those of the box, which it kills, are left to us: an orphan's usage goes to who reaps it.
    """
    processes.adopt_orphans()
    started, before = time.perf_counter(), _reaped_s()
    process = subprocess.Popen(command, cwd=ROOT, env=warm.pinned(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    wall_s = time.perf_counter() - started
    with suppress(ChildProcessError):
        while True:
            os.wait()
    if status:
        raise SystemExit(f"{command[:3]} failed with status {status}")
    return Run(wall_s, _reaped_s() - before, usage.ru_maxrss / 1024)


def _reaped_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _unwanted() -> list[str]:
    code = (
        "import sys; from grader.cli import main\n"
        f"sys.argv = ['grade', {str(SUBMISSION)!r}, '-o', sys.argv[1]]\n"
        "main_error = None\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {UNWANTED!r} if m in sys.modules], file=sys.stderr)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return [name for name in UNWANTED if f"'{name}'" in done.stderr]
