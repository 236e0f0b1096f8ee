"""A class is graded on workers of Dask as it is here, whatever ends in the middle.

Skipped without the extra `class`; `make test` installs it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.course.drive import Standing, drive
from grader.course.tasks import Done, Policy
from grader.errors import GraderFault, UsageError
from tests.support import classes, commands, homes
from tests.support.commands import no_server_is_left  # noqa: F401 - a fixture
from tests.support.dask_machines import ROOT, Machines, machines
from tests.support.homes import brief_home  # noqa: F401 - a fixture
from tests.support.stub_grader import Stub, task

pytest.importorskip(
    "distributed", reason="the extra `class` is not installed: pip install -e .[class]"
)
from grader.course.runners import cluster, on_worker  # noqa: E402
from grader.course.runners.cluster import Cluster  # noqa: E402

POLICY = Policy("cs231n-a2", notebooks="skip")
STUDENTS = 3


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler and two workers, each a process of its own."""
    with machines(tmp_path_factory.mktemp("dask"), workers=2) as found:
        yield found


def asking(source: Path, folder: Path, *options: str) -> tuple[object, ...]:
    """Return the arguments that grade a class."""
    asked = ("--notebooks", "skip", "--rubric", "cs231n-a2")
    return ("class", source, "-o", folder, "--yes", *asked, *options)


def grade(source: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a driver that others can end."""
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *map(str, asking(source, folder, *options))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return its exit code, output and errors, but for the lines that say how far it is."""
    out, err = process.communicate(timeout=240)
    lines = [line for line in err.splitlines(True) if " graded; " not in line]
    return process.returncode, out, "".join(lines)


def test_two_clients_at_once_and_a_worker_that_is_killed_change_no_result(
    remote: Machines, tmp_path: Path
) -> None:
    source = classes.write(tmp_path / "source", classes.submissions(STUDENTS, homes.SOME))
    assert commands.run(*asking(source, tmp_path / "here", "--jobs", "1")).code == 0
    both = [
        grade(source, tmp_path / name, "--dask", remote.address)
        for name in ("client_1", "client_2")
    ]
    until = time.monotonic() + 60
    while not list(tmp_path.glob("client_*/results/??/*.zip")) and time.monotonic() < until:
        time.sleep(0.05)
    remote.workers.pop().kill()
    remote.add_worker()
    ends = [end(one) for one in both]
    assert [(code, err) for code, _, err in ends] == [(0, "")] * 2
    wanted = classes.left(tmp_path / "here")
    assert len([name for name in wanted if name.endswith("outcome.json")]) == STUDENTS
    for name in ("client_1", "client_2"):
        assert classes.left(tmp_path / name) == wanted


def run(remote: Machines, texts: list[str], change: Callable[[Cluster], None]) -> list[Done]:
    """Hand tasks to a stub on the workers; return what came back."""
    came: list[Done] = []
    runner = Cluster(POLICY, remote.address, 0, 60.0, Stub)
    change(runner)
    given = [task(number, text) for number, text in enumerate(texts)]
    try:
        drive(given, Standing(len(given)), runner, came.extend, lambda _: None, lambda: False)
    finally:
        runner.stop()
    assert sorted(one.key for one in came) == sorted(one.key for one in given)
    return came


def test_chunks_grow_until_they_are_some_seconds_of_work(remote: Machines) -> None:
    sizes: list[int] = []

    def watch(runner: Cluster) -> None:
        submit = runner.submit
        runner.submit = lambda chunk: (sizes.append(len(chunk)), submit(chunk))[1]  # type: ignore

    assert len(run(remote, [""] * 3000, watch)) == 3000
    assert sizes[0] == cluster.FIRST and max(sizes) > 100


def test_a_task_that_ends_its_worker_twice_is_our_fault_and_costs_nobody_else(
    remote: Machines,
) -> None:
    """Each time a worker is lost another one comes, as a nanny does it."""

    def nanny(runner: Cluster) -> None:
        completed = runner.completed

        def watched() -> object:
            for place, one in enumerate(remote.workers):
                if one.poll() is not None:
                    del remote.workers[place]
                    remote.add_worker()
                    break
            return completed()

        runner.completed = watched  # type: ignore[method-assign, assignment]

    came = run(remote, ["", "", "", "die", "", ""], nanny)
    assert [one.outcome.status for one in came].count("fault") == 1
    assert next(one for one in came if one.outcome.status == "fault").key == task(3).key


def other_version(order: on_worker.Order) -> on_worker.Order:
    return replace(order, sha256="0" * 64)


def other_file(order: on_worker.Order) -> on_worker.Order:
    return replace(order, policy=replace(order.policy, rubric="/nowhere/own.toml"))


@pytest.mark.parametrize(
    ("changed", "said"), [(other_version, "another version of"), (other_file, "/nowhere/own.toml")]
)
def test_a_worker_that_would_grade_otherwise_is_refused_in_one_line(
    remote: Machines, changed: Callable[[on_worker.Order], on_worker.Order], said: str
) -> None:
    def change(runner: Cluster) -> None:
        runner._order = changed(runner._order)

    with pytest.raises(GraderFault, match="give every worker the same") as error:
        run(remote, [""] * 5, change)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_nobody_to_grade_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "NOBODY_S", 1.0)
    with machines(tmp_path, workers=0) as alone:
        with pytest.raises(GraderFault, match="no worker came"):
            run(alone, [""], lambda _: None)


def test_no_scheduler_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:notaport", "tls://127.0.0.1:9"):
        with pytest.raises(UsageError, match="--dask .*: no scheduler answers") as error:
            Cluster(POLICY, address, 0, 60.0)
        assert "\n" not in str(error.value)
    assert not capfd.readouterr().err


def test_a_scheduler_that_dies_ends_the_run_in_one_line(tmp_path: Path) -> None:
    """What was graded is kept, and the same command goes on; here it goes on without Dask."""
    source = classes.write(tmp_path / "source", classes.submissions(STUDENTS, homes.SOME))
    with machines(tmp_path, workers=1) as found:
        process = grade(source, tmp_path / "out", "--dask", found.address)
        until = time.monotonic() + 60
        while not list(tmp_path.glob("out/results/??/*.zip")) and time.monotonic() < until:
            time.sleep(0.05)
        found.scheduler.send_signal(signal.SIGKILL)
        code, _, err = end(process)
    assert code == 3 and err.count("\n") == 1 and "the scheduler is gone" in err
    kept = set(classes.results(tmp_path / "out"))
    assert kept
    done = commands.run(*asking(source, tmp_path / "out", "--jobs", "1"))
    assert done.code == 0 and f"{STUDENTS} of {STUDENTS} students graded" in done.out
    assert kept <= set(classes.results(tmp_path / "out"))
