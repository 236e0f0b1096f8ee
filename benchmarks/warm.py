"""What the warm engine costs: CPU of the whole process tree, in floors (see benchmarks.floor)."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.floor import ROOT, floor_ms
from grader import resources
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.report import html, result
from grader.submission.intake import read_submission
from grader.types import Submission
from grader.whole import settle
from tests.support import handed_in

STYLE = "compact"  # of the right submission
ROUNDS, CHILDREN, MISTAKES, SEED = 3, 20, 12, 231
TARGETS = {"right": 2.2, "one mistake": 4.0, "five mistakes": 8.0}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def pinned() -> dict[str, str]:
    """Return this environment with one BLAS thread; what Python compiles stays, as for users."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **dict.fromkeys(THREADS, "1")}


def main() -> None:
    """Print the ratios, measured in a process of its own with one BLAS thread."""
    subprocess.run([sys.executable, "-m", "benchmarks.warm"], cwd=ROOT, env=pinned(), check=True)


def measure() -> None:
    """Print the ratios: in each round the floor, then every kind of submission."""
    assignment = resources.assignment(resources.DEFAULT_RUBRIC)
    settle()  # as a process of a class does
    floors: list[float] = []
    seen: dict[str, list[float]] = {kind: [] for kind in TARGETS}
    with tempfile.TemporaryDirectory() as folder, Worker() as worker:
        zips = {kind: _zips(kind, Path(folder)) for kind in TARGETS}
        right = read_submission(zips["right"][0], given=resources.given_files())
        for path in (*zips["right"][:3], *zips["one mistake"][:3]):
            _grade(path, worker, assignment)
        for _ in range(ROUNDS):
            floors.append(statistics.median(floor_ms(right, assignment, CHILDREN)))
            for kind, paths in zips.items():
                before = _cpu_s()
                for path in paths:
                    _grade(path, worker, assignment)
                seen[kind].append(1000 * (_cpu_s() - before) / len(paths))
    print(
        f"warm engine, read, graded and written, {ROUNDS} rounds, median; "
        f"the floor is {statistics.median(floors):.1f} ms of CPU"
    )
    for kind, target in TARGETS.items():
        ratio = statistics.median(ms / floor for ms, floor in zip(seen[kind], floors))
        spent = statistics.median(seen[kind])
        print(f"  {kind:14} {spent:7.1f} ms {ratio:6.2f} floors   target {target}", flush=True)


def _grade(path: Path, worker: Worker, assignment: Assignment) -> None:
    submission = read_submission(path, given=resources.given_files())
    report = grade_one(submission, assignment, worker)
    html.render(report, version="")
    result.write(report)


def _zips(kind: str, folder: Path) -> Sequence[Path]:
    """Write the submissions of one kind as zips, in the order in which they are graded."""
    paths = []
    for number, submission in enumerate(_submissions(kind)):
        path = folder / f"{kind} {number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in submission.files.items():
                archive.writestr(name, data)
        paths.append(path)
    return paths * {"right": 8, "one mistake": 1, "five mistakes": 3}[kind]


def _submissions(kind: str) -> Iterator[Submission]:
    if kind == "right":
        yield handed_in.accepted_submission(STYLE)
    elif kind == "five mistakes":
        yield read_submission(ROOT / "demo" / "submission", given=resources.given_files())
    else:
        known = sorted(handed_in.usual_mistakes())
        for name in random.Random(SEED).sample(known, MISTAKES):
            yield handed_in.mistake(handed_in.usual_mistakes()[name]).submission


def _cpu_s() -> float:
    """Return the CPU seconds of this process, and of all processes below it with what they reaped.

    A process that this one has reaped is not counted: the floor's.
    """
    own = time.process_time()
    return own + sum(_ticks(pid) for pid in _below(os.getpid())) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15]))


def _below(pid: int) -> Iterator[int]:
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        yield child
        yield from _below(child)


if __name__ == "__main__":
    measure()
