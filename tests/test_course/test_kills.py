"""Whatever is killed, and whenever: the same command goes on, and all comes to what it would."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import classes, homes, processes
from tests.support.commands import no_server_is_left, run  # noqa: F401 - a fixture
from tests.support.dask_machines import ROOT
from tests.support.homes import brief_home  # noqa: F401 - a fixture
from tests.support.short_run import Part

STUDENTS = 4
KILLS = 100
TRIES = 6  # of the same command once nothing is killed any more; a task lost twice is tried again
DEAD_S = 2.0
LOCAL, DASK = ("--jobs", "3"), ("--dask", "local", "--jobs", "2")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classes.write(
        tmp_path_factory.mktemp("class"), classes.submissions(STUDENTS, homes.SOME)
    )


@pytest.fixture(scope="module")
def graded(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that one run graded, which nobody disturbed."""
    folder = tmp_path_factory.mktemp("clean")
    asked = ("--notebooks", "skip", "--rubric", "cs231n-a2", "--jobs", "1")
    assert run("class", source, "-o", folder, "--yes", *asked).code == 0
    return folder


@pytest.fixture(scope="module")
def clean(graded: Path) -> dict[str, str]:
    """What it came to."""
    return classes.left(graded)


@contextmanager
def grading(source: Path, folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command in a session of its own; nothing of it is left afterwards."""
    command = [sys.executable, "-m", "grader", "class", source, "-o", folder, "--yes", *options]
    asked = ["--notebooks", "skip", "--rubric", "cs231n-a2"]
    process = subprocess.Popen(
        [*map(str, command), *asked], cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        running = processes.below(process.pid)
        process.kill()
        process.wait()
        assert processes.gone(running, DEAD_S), [processes.command(one) for one in running]


def targets(driver: int) -> dict[str, list[int]]:
    """Return the processes of a run by what they are."""
    found: dict[str, list[int]] = {"driver": [driver]}
    for pid in processes.below(driver):
        line = processes.command(pid)
        above = processes.command(processes.parent(pid))
        if "resource_tracker" in line:
            kind = "tracker"
        elif "forkserver" in line:
            kind = "slot" if "forkserver" in above else "server"
        elif "dask_scheduler" in line:
            kind = "scheduler"
        elif "dask_worker" in line:
            kind = "nanny"
        elif "spawn_main" in line:
            kind = "worker"
        else:
            kind = "box"
        found.setdefault(kind, []).append(pid)
    return found


def kill_one(driver: int, draw: random.Random, kinds: Sequence[str]) -> str:
    """Kill one process of a run, of a kind that is drawn; return which."""
    found = {kind: pids for kind, pids in targets(driver).items() if kind in kinds}
    kind = draw.choice(sorted(found))
    with suppress(ProcessLookupError):
        os.kill(draw.choice(sorted(found[kind])), signal.SIGKILL)
    return kind


def disturbed(
    source: Path, folder: Path, options: Sequence[str], draws: Sequence[int], kinds: Sequence[str]
) -> int:
    """Grade a class while processes are killed; return how many of the draws were used."""
    left = list(draws)
    for _ in range(len(draws) + TRIES):
        with grading(source, folder, *options) as driver:
            while left:
                draw = random.Random(left[0])
                with suppress(subprocess.TimeoutExpired):
                    driver.wait(draw.uniform(0.2, 4.0))
                if driver.poll() is not None:
                    break
                kill_one(driver.pid, draw, kinds)
                left.pop(0)
            if driver.wait(240) == 0:
                return len(draws) - len(left)
    raise AssertionError(f"{folder}: was never graded whole")


@pytest.mark.parametrize(
    ("options", "kinds", "share"),
    [
        (LOCAL, ("driver", "slot", "server", "box"), 0.02),
        (DASK, ("driver", "scheduler", "nanny", "worker", "box"), 0.0),
    ],
    ids=["local", "dask"],
)
def test_whatever_is_killed_no_row_is_lost_and_none_is_other(
    options: tuple[str, ...],
    kinds: tuple[str, ...],
    share: float,
    source: Path,
    clean: dict[str, str],
    tmp_path: Path,
    part: Part[int],
) -> None:
    if "--dask" in options:
        pytest.importorskip("distributed", reason="the extra `class` is not installed")
    left = part(f"kills of {kinds}", range(KILLS // 2), share)
    turn = 0
    while left:
        turn += 1
        folder = tmp_path / f"turn{turn}"
        used = disturbed(source, folder, options, left, kinds)
        assert classes.left(folder) == clean, (turn, left)
        left = left[max(1, used) :]


def test_pages_that_a_power_cut_emptied_are_written_again(
    source: Path, graded: Path, clean: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(graded, folder)
    pages = sorted((folder / "reports").rglob("*.*"))
    pages[0].write_bytes(b"")
    pages[3].unlink()
    with grading(source, folder) as driver:
        assert driver.wait(120) == 0
    assert classes.left(folder) == clean


# ------------------------------------------------------------------------ hostile uploads

MIXED = "memory, kill parent"  # two of each: those that reach furthest, in the short run
HOSTILE = {
    "loop": "while True:\n    pass\n",
    "memory": "import numpy\nkept = numpy.ones(28 * 2**27)\n",
    "kill parent": "import os\nos.kill(os.getppid(), 9)\nos.kill(0, 9)\n",
    "forks": "import os\nwhile True:\n    os.fork()\n",
    "sleep": "import time\ntime.sleep(1000)\n",
}


@pytest.mark.parametrize(
    "kind",
    [
        *(pytest.param(kind, marks=pytest.mark.long_trial(0.0, name=kind)) for kind in HOSTILE),
        MIXED,
    ],
)
def test_four_hostile_uploads_at_once_change_nobody_elses_result(
    kind: str, source: Path, clean: dict[str, str], tmp_path: Path
) -> None:
    """Each is graded for what it is, none is our fault."""
    _, right = next(classes.submissions(1))
    kinds = kind.split(", ")
    for number in range(4):
        own = f"# {number}\n{HOSTILE[kinds[number % len(kinds)]]}".encode()
        files = {n: own if n.endswith("layers.py") else data for n, data in right.items()}
        classes.write(tmp_path / "source", [(f"hostile{number}", files)])
    for honest in sorted(source.iterdir())[:2]:
        (tmp_path / "source" / honest.name).write_bytes(honest.read_bytes())
    with grading(tmp_path / "source", tmp_path / "out", "--jobs", "5") as driver:
        assert driver.wait(400) == 0
    found = classes.results(tmp_path / "out")
    assert len([name for name in found if name.endswith("outcome.json")]) == 6
    same = {name for name in found if clean.get(name) == found[name]}
    assert len([name for name in same if name.endswith("outcome.json")]) == 2
    for name in same:
        key = name.partition("/")[0]
        assert {other for other in found if other.startswith(key)} <= same


# ---------------------------------------------------------------------------------- disks

FULL = "mount -t tmpfs -o size={size} none {place} && exec {grade}"


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("size", ["16k", "200k", "700k"])
def test_a_full_disk_is_one_line_and_what_was_graded_is_kept(
    size: str, source: Path, tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    grade = f"{sys.executable} -m grader class {source} -o {place}/out --yes --jobs 1 "
    grade += "--notebooks skip --rubric cs231n-a2"
    script = FULL.format(size=size, place=place, grade=grade)
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("nobody may mount a small disk here")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    lines = [line for line in done.stderr.splitlines() if " graded; " not in line]
    assert done.returncode == 2 and len(lines) == 1, done.stderr
    assert "make room" in lines[0] or "cannot be written" in lines[0]
