"""Tasks are handed out and come back once each, whatever happens to whoever grades them."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grader.course import drive as drives
from grader.course.drive import Standing, drive
from grader.course.runners import Chunk
from grader.course.runners.local import Local
from grader.course.tasks import Done, Policy, Task
from tests.support import processes
from tests.support.dask_machines import ROOT
from tests.support.stub_grader import Stub, outcome, task

POLICY = Policy("cs231n-a2", notebooks="skip")


class Recorded:
    """A runner that loses chunks with any of `deadly` in them, the first `times` times."""

    def __init__(self, deadly: set[str], times: int, chunk: int, room: int = 3) -> None:
        self._deadly, self._times, self._room = deadly, times, room
        self._lost: dict[str, int] = {}
        self._out: list[Chunk] = []
        self.chunk = chunk
        self.handed: list[int] = []

    @property
    def has_room(self) -> bool:
        return len(self._out) < self._room

    def submit(self, chunk: Chunk) -> None:
        assert self.has_room and chunk
        self._out.append(chunk)
        self.handed.append(len(chunk))

    def completed(self) -> Iterator[tuple[Chunk, Sequence[Done] | None]]:
        chunk = self._out.pop(random.Random(len(self.handed)).randrange(len(self._out)))
        dead = [one.key for one in chunk if one.key in self._deadly]
        dead = [key for key in dead if self._lost.get(key, 0) < self._times]
        for key in dead:
            self._lost[key] = self._lost.get(key, 0) + 1
        yield chunk, None if dead else [Done(one.key, outcome(one)) for one in chunk]

    def stop(self) -> None:
        self._out = []


def run(runner: Recorded | Local, tasks: Sequence[Task], stop_at: int | None = None) -> list[Done]:
    """Hand all tasks out; return what came back."""
    came: list[Done] = []
    standing = Standing(len(tasks))
    stopped = (lambda: False) if stop_at is None else (lambda: len(came) >= stop_at)
    drive(tasks, standing, runner, came.extend, lambda _: None, stopped)
    assert standing.done == len(came)
    return came


def tasks(count: int, **special: str) -> list[Task]:
    """Return tasks, some of them with what the stub is to do: t7="die"."""
    return [task(number, special.get(f"t{number}", "")) for number in range(count)]


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
@pytest.mark.parametrize(
    ("deadly", "times", "faults"),
    [
        ((), 0, 0),
        ((3,), 1, 0),
        ((3, 4, 19), 1, 0),
        ((3,), 99, 1),
        ((0, 19), 99, 2),
        (tuple(range(20)), 99, 20),
    ],
)
def test_no_task_is_lost_and_none_comes_twice(
    chunk: int, deadly: tuple[int, ...], times: int, faults: int
) -> None:
    """A lost chunk comes again in halves; a task that is lost twice by itself is our fault."""
    given = tasks(20)
    runner = Recorded({given[n].key for n in deadly}, times, chunk)
    came = run(runner, given)
    assert sorted(one.key for one in came) == sorted(one.key for one in given)
    bad = {one.key for one in came if one.outcome.status == "fault"}
    assert len(bad) == faults and bad <= {given[n].key for n in deadly}
    assert {one.outcome.why for one in came if one.key in bad} <= {drives.LOST}
    assert all(one.outcome.upload for one in came)


def test_a_lost_chunk_comes_again_in_halves() -> None:
    given = tasks(8)
    runner = Recorded({given[5].key}, 2, chunk=8)
    run(runner, given)
    assert runner.handed == [8, 4, 4, 2, 2]


def test_a_stop_lets_what_runs_end() -> None:
    given = tasks(30)
    came = run(Recorded(set(), 0, chunk=2, room=4), given, stop_at=6)
    assert 6 <= len(came) <= 6 + 2 * 4 and len({one.key for one in came}) == len(came)


def test_nothing_to_do_is_done() -> None:
    assert run(Recorded(set(), 0, chunk=1), []) == []


# ------------------------------------------------------------------------- local processes


@pytest.fixture(scope="module", autouse=True)
def no_server_is_left() -> Iterator[None]:
    """End what multiprocessing keeps for the next process."""
    yield
    processes.end_servers()


@pytest.fixture
def local() -> Iterator[Local]:
    """Two processes with a stub."""
    runner = Local(POLICY, 2, limit_s=3.0, maker=Stub)
    yield runner
    runner.stop()


def test_local_processes_survive_tasks_that_end_them(local: Local, tmp_path: Path) -> None:
    once = f"die once {tmp_path / 'died'}"
    given = tasks(40, t5="die", t20=once, t39="die")
    came = run(local, given)
    assert sorted(one.key for one in came) == sorted(one.key for one in given)
    bad = {one.key for one in came if one.outcome.status == "fault"}
    assert bad == {given[5].key, given[39].key}
    assert (tmp_path / "died").exists()


def test_a_process_that_does_not_answer_is_replaced() -> None:
    runner = Local(POLICY, 2, limit_s=0.7, maker=Stub)
    given = tasks(6, t2="wait 60")
    try:
        came = run(runner, given)
    finally:
        runner.stop()
    assert [one.key for one in came if one.outcome.status == "fault"] == [given[2].key]
    assert len(came) == 6


IN_A_CLASS = """
import sys
sys.path[0] = {root!r}  # as an installed `grade` has it: not the current folder
from grader.course.runners.{module} import {name} as Runner
from tests.support.stub_grader import Stub, task
from tests.test_course.test_runners import POLICY, run
if __name__ == "__main__":
    runner = Runner({arguments}, 60.0, maker=Stub)
    print(len(run(runner, [task(1), task(2)])))
    runner.stop()
"""
TRAPS = ("socket", "selectors", "json", "numpy", "grader", "distributed", "tornado", "tests")


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [("local", "Local", "POLICY, 1"), ("cluster", "Cluster", "POLICY, 'local', 1")],
)
def test_nothing_in_the_current_folder_is_imported(
    module: str, name: str, arguments: str, tmp_path: Path
) -> None:
    """There lies what students handed in."""
    if module == "cluster":
        pytest.importorskip("distributed", reason="the extra `class` is not installed")
    for trap in TRAPS:
        (tmp_path / f"{trap}.py").write_text("open('imported', 'w')\nraise SystemExit(7)\n")
    script = IN_A_CLASS.format(root=str(ROOT), module=module, name=name, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert not (tmp_path / "imported").exists()


def test_no_process_is_left_after_a_stop(local: Local) -> None:
    run(local, tasks(4))
    local.submit([task(99, "wait 60")])
    local.stop()
    assert multiprocessing.active_children() == []
