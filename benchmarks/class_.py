"""A whole class: the ladder of docs/scale.md, with CPU of all processes and memory of the parents.

Real submissions have one usual mistake each; larger classes are graded by a stub, which shows what
everything but grading costs.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from grader.engine import processor
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
    print(f"{processor()}, {cores} cores, Python {platform.python_version()}, load {_load()}\n")
    print("| class | wall s | a second | cpu s | cpu ms each | driver MB | scheduler MB | load |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as folder:
        real = {size: _real(Path(folder), size) for size in REAL if size <= most}
        told = [*_pair(Path(folder)), *_growth("real", real)]
        for how, name in (("local", "2 processes"), ("dask", "`--dask local`")):
            runs = {}
            for count in (size for size in STUB if size <= stub):
                home = Path(folder) / f"{how}{count}"
                rows = [sys.executable, "-m", "benchmarks.rows", str(count), how, str(home)]
                runs[count] = measure(rows)
                _tell(f"{count:,} of a stub, {name}", count, runs[count])
                shutil.rmtree(home)
            told += _growth(f"stub, {name}", runs)
    print("\n".join(["", *told]))


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


def _growth(what: str, runs: Mapping[int, Run]) -> Iterator[str]:
    """Yield how time and the driver's memory grow from each size to the next."""
    for small, large in pairwise(sorted(runs)):
        first, second = runs[small], runs[large]
        before, after = first.peak_mb["driver"], second.peak_mb["driver"]
        times = second.wall_s / large / (first.wall_s / small)
        yield (
            f"{what}, {small:,} to {large:,}: {times:.2f} times the time each (target 1.1), the "
            f"driver {after - before:+.0f} MB (target 20) to {after:.0f} MB (target 200)"
        )


def _real(folder: Path, count: int) -> Run:
    source = classes.write(folder / f"source{count}", classes.submissions(count))
    run = measure(_grade(source, folder / f"real{count}"))
    _tell(f"{count:,} with one mistake", count, run)
    again = measure(_grade(source, folder / f"real{count}"))
    _tell(f"the same {count:,} again", count, again)
    return run


def _pair(folder: Path) -> Iterator[str]:
    """Hold one process against two."""
    source = classes.write(folder / "pair", classes.submissions(PAIR))
    rates = []
    for jobs in (1, 2):
        run = measure([*_grade(source, folder / f"jobs{jobs}"), "--jobs", str(jobs)])
        _tell(f"{PAIR} by {jobs} process{'es' * (jobs > 1)}", PAIR, run)
        rates.append(PAIR / run.wall_s)
    yield f"two processes against one: {rates[1] / rates[0]:.2f} times the rate (target 1.8)"


def _grade(source: Path, output: Path) -> list[str]:
    command = [sys.executable, "-m", "grader", "class", source, "-o", output, "--yes"]
    return [*map(str, command), "--notebooks", "skip", "--rubric", "cs231n-a2"]


def _tell(what: str, count: int, run: Run) -> None:
    driver, scheduler = (run.peak_mb.get(kind, 0.0) for kind in ("driver", "scheduler"))
    cells = (
        what, f"{run.wall_s:,.1f}", f"{count / run.wall_s:,.1f}", f"{run.cpu_s:,.1f}",
        f"{run.cpu_s / count * 1000:.1f}", f"{driver:.0f}",
        f"{scheduler:.0f}" if scheduler else "", _load(),
    )  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


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
