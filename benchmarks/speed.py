"""Time and memory of `grade`, beside a bare Python process that runs the same probes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader import resources
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.submission.intake import read_submission

ROOT = Path(__file__).resolve().parent.parent
SUBMISSION = ROOT / "tests" / "submissions" / "accepted" / "compact"
ROUNDS = 7
UNWANTED = ("matplotlib", "nbformat", "jsonschema", "pandas", "IPython")
BARE = """
import sys
sys.path[:0] = [{root!r}, {submission!r}]
from pathlib import Path
from cs231n import layers, optim
from cs231n.classifiers import fc_net
from grader.guest.probes.nn import Conventions, Implementation
from grader.rubric import read_rubric
from grader.guest.observe import probe
rubric = read_rubric(Path({root!r}) / "rubrics" / "cs231n-a2.toml")
nn = Implementation({{"layers": layers, "optim": optim, "fc_net": fc_net}}, Conventions())
for case in rubric.cases:
    inputs = {{name: array.copy() for name, array in rubric.case_inputs(case).items()}}
    probe(case.probe)(nn, **inputs, **case.options)
"""


@dataclass(frozen=True)
class Run:
    """One process: wall and CPU seconds of its tree, peak MB of the process itself."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Print the table of speed."""
    with tempfile.TemporaryDirectory() as folder:
        grade = [sys.executable, "-m", "grader", str(SUBMISSION), "-o", folder]
        source = BARE.format(root=str(ROOT), submission=str(SUBMISSION))
        bare = [sys.executable, "-c", source]
        pairs = [(_run(grade), _run(bare)) for _ in range(ROUNDS)]
    print(f"cold `grade` of one submission with HTML, {ROUNDS} rounds, median")
    for title, value, target in (
        ("wall s", lambda run: run.wall_s, 0.8),
        ("cpu s", lambda run: run.cpu_s, 0.7),
        ("peak MB of the parent", lambda run: run.peak_mb, 80),
    ):
        ours, base = ([value(pair[i]) for pair in pairs] for i in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(ours, base))
        print(
            f"  {title:24} {statistics.median(ours):7.2f}   bare {statistics.median(base):7.2f}"
            f"   ratio {ratio:5.2f}   target {target}"
        )
    print(f"  imported though unwanted: {', '.join(_unwanted()) or 'none'}")
    print(f"engine, warm, one core: {_throughput():.1f} submissions a second   target 10")


def _run(command: list[str]) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if status:
        raise SystemExit(f"{command[:3]} failed with status {status}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


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


def _throughput(count: int = 40) -> float:
    """Grade in one process pinned to one core, worker included; return submissions a second."""
    submission, assignment = (
        read_submission(SUBMISSION),
        resources.assignment(resources.DEFAULT_RUBRIC),
    )
    return _on_one_core(lambda: _grade_many(submission, assignment, count))


def _grade_many(submission: object, assignment: object, count: int) -> float:
    with Worker() as worker:
        for _ in range(5):
            grade_one(submission, assignment, worker)  # type: ignore[arg-type]
        started = time.perf_counter()
        for _ in range(count):
            grade_one(submission, assignment, worker)  # type: ignore[arg-type]
        return count / (time.perf_counter() - started)


def _on_one_core(work: Callable[[], float]) -> float:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return work()
    finally:
        os.sched_setaffinity(0, cores)
