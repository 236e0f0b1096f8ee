"""A whole class: the ladder of docs/scale.md, with CPU of all processes and memory of the parents.

Real submissions have one usual mistake each; larger classes are graded by a stub, which shows what
everything but grading costs.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support import classes, processes

ROOT = Path(__file__).resolve().parent.parent
REAL = (100, 1_000, 10_000)
STUB = (1_000, 10_000, 100_000)
PAIR = 200  # submissions by which one process is held against two
TOLD_S = 0.5  # between looks at the memory of processes


@dataclass(frozen=True)
class Run:
    """Wall and CPU seconds of a command and all below it; peak MB by the kind of process."""

    wall_s: float
    cpu_s: float
    peak_mb: dict[str, float]


def main(most: int, stub: int) -> None:
    """Print the ladder up to `most` real submissions, and up to `stub` of a stub."""
    cores = len(os.sched_getaffinity(0))
    print(f"{_machine()}, {cores} cores, Python {platform.python_version()}, load {_load()}")
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as folder:
        for count in (size for size in REAL if size <= most):
            _real(Path(folder), count)
        _pair(Path(folder))
        for count in (size for size in STUB if size <= stub):
            for how in ("local", "dask"):
                rows = [sys.executable, "-m", "benchmarks.rows", str(count), how]
                run = measure([*rows, f"{folder}/{how}{count}"])
                _tell(f"{count:,} rows, stub, {how}", count, run)


def measure(command: Sequence[str]) -> Run:
    """Run a command to its end; count the CPU of all that it started, and look at memory."""
    processes.adopt_orphans()
    started, before = time.perf_counter(), _reaped_s()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    peak: dict[str, float] = {}
    while process.poll() is None:
        for kind, pid in _parents(process.pid):
            peak[kind] = max(peak.get(kind, 0.0), _peak_mb(pid))
        time.sleep(TOLD_S if time.perf_counter() - started > 5 else 0.05)
    wall_s = time.perf_counter() - started
    with suppress(ChildProcessError):  # those of the box are left to us, with what they used
        while True:
            os.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with status {process.returncode}")
    return Run(wall_s, _reaped_s() - before, peak)


def _real(folder: Path, count: int) -> None:
    source = classes.write(folder / f"source{count}", classes.submissions(count))
    run = measure(_grade(source, folder / f"real{count}"))
    _tell(f"{count:,} with one mistake", count, run)
    _tell("  the same command again", count, measure(_grade(source, folder / f"real{count}")))


def _pair(folder: Path) -> None:
    """Hold one process against two."""
    source = classes.write(folder / "pair", classes.submissions(PAIR))
    rates = []
    for jobs in (1, 2):
        run = measure([*_grade(source, folder / f"jobs{jobs}"), "--jobs", str(jobs)])
        _tell(f"{PAIR} by {jobs} process{'es' * (jobs > 1)}", PAIR, run)
        rates.append(PAIR / run.wall_s)
    print(f"  two processes against one: {rates[1] / rates[0]:.2f} times the rate   target 1.8")


def _grade(source: Path, output: Path) -> list[str]:
    command = [sys.executable, "-m", "grader", "class", source, "-o", output, "--yes"]
    return [*map(str, command), "--notebooks", "skip", "--rubric", "cs231n-a2"]


def _tell(what: str, count: int, run: Run) -> None:
    peaks = ", ".join(f"{kind} {peak:.0f} MB" for kind, peak in run.peak_mb.items())
    print(
        f"{what:30} {run.wall_s:8.1f} s  {run.cpu_s:8.1f} cpu-s  {count / run.wall_s:8.1f} a second"
        f"  {run.cpu_s / count * 1000:7.1f} cpu-ms each  {peaks}  load {_load()}",
        flush=True,
    )


def _parents(pid: int) -> list[tuple[str, int]]:
    """Return the driver and, where there is one, the scheduler: nothing else grows with a class."""
    below = [one for one in processes.children(pid) if "dask_scheduler" in processes.command(one)]
    return [("driver", pid), *(("scheduler", one) for one in below)]


def _peak_mb(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def _reaped_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _machine() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
