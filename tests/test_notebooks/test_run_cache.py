"""What notebooks told is used again only where nothing has changed, and only what is whole."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.box.job import Job, Script
from grader.box.plan import choose
from grader.guest import wire
from grader.guest.incoming import Incoming
from grader.notebooks import execute, run_cache
from grader.notebooks.run_cache import RunCache
from grader.notebooks.spool import Spool
from grader.rubric.records import NotebookLimits
from grader.types import Notebook
from tests.support import handed_in
from tests.test_notebooks.test_runner import ARRAYS, CURVES, SAY, notebook

NAME = "N.ipynb"
LIMITS = NotebookLimits()
JOB = Job("cs231n", {"cs231n/layers.py": b"x = 1"}, {"dropout_p": "keep"})
SCRIPT = Script(NAME, ((1, "x"), (2, "y")), 5.0, 50.0, 2**30)
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


ENDED = {"ended": 1, "outcome": "ran", "wall_s": 0.5, "interrupted": False}


def telling(ended: Mapping[str, Any] = ENDED, over: str = "done") -> list[Message]:
    """What a notebook of one cell tells: text, a training run, its end."""
    return [
        ({"run": 0, "settings": SAY}, CURVES),
        ({"run": 0, "array": "W1", "shape": [4, 3]}, {"piece": ARRAYS["W1"].ravel()}),
        ({"run": 0, "whole": True}, {}),
        ({"stream": "stdout", "text": "said"}, {}),
        (dict(ended), {}),
        ({"over": over}, {}),
    ]


class Worker:
    """Stands in for box.Worker: tells what it is given, and counts."""

    def __init__(self, *told: Message, lost: bool = False) -> None:
        self.told, self.lost, self.runs = told, lost, 0

    def start(self) -> None: ...

    def open(self, job: Job, deadline: float) -> None:
        self.runs += 1

    def begin(self, script: Script, deadline: float) -> Incoming:
        file = tempfile.TemporaryFile()
        for message in self.told[:-1] if self.lost else self.told:
            wire.write(file.fileno(), *message)
        file.seek(0)
        return Incoming(os.dup(file.fileno()))

    def request(self, message: Mapping[str, Any], arrays: Any, deadline: float) -> None: ...

    def restart(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def cache(tmp_path: Path) -> RunCache:
    return RunCache(tmp_path / "notebooks", ("data 1", "box"))


def ran(worker: Worker, cache: RunCache | None, source: str = "x") -> Notebook:
    submission = handed_in.of_files("hw", {NAME: notebook(source)})
    with Spool() as spool:
        (found,) = execute.execute(
            submission, [NAME], JOB, worker, LIMITS, spool, cache=cache  # type: ignore[arg-type]
        )  # fmt: skip
        params = [{k: np.array(v) for k, v in t.params.items()} for t in found.trainings]
        return replace(found, trainings=tuple(
            replace(t, params=p) for t, p in zip(found.trainings, params)))  # fmt: skip


def test_what_has_not_changed_does_not_run_again_and_tells_the_same(cache: RunCache) -> None:
    worker = Worker(*telling())
    first, again = ran(worker, cache), ran(worker, cache)
    assert worker.runs == 1
    assert first.reused == "" and again.reused.startswith("20")
    assert again.cells == first.cells and again.status == first.status == "executed"
    (one,), (other,) = first.trainings, again.trainings
    np.testing.assert_array_equal(one.params["W1"], other.params["W1"])
    np.testing.assert_array_equal(one.loss_history, other.loss_history)
    assert ran(worker, None).reused == "" and worker.runs == 2


CHANGES: dict[str, tuple[Any, Any, Any]] = {  # what -> script, job, facts
    "the notebook": (replace(SCRIPT, cells=((1, "x"), (2, "z"))), JOB, None),
    "where a cell stands": (replace(SCRIPT, cells=((1, "x"), (3, "y"))), JOB, None),
    "its name": (replace(SCRIPT, name="M.ipynb"), JOB, None),
    "the time of a cell": (replace(SCRIPT, cell_s=6.0), JOB, None),
    "the time of a notebook": (replace(SCRIPT, notebook_s=51.0), JOB, None),
    "the memory": (replace(SCRIPT, memory=2**31), JOB, None),
    "code": (SCRIPT, replace(JOB, files={"cs231n/layers.py": b"x = 2"}), None),
    "the place of code": (SCRIPT, replace(JOB, files={"cs231n/layer.py": b"x = 1"}), None),
    "code and given files swapped": (
        SCRIPT, replace(JOB, files={}, given={"cs231n/layers.py": b"x = 1"}), None),
    "a given file": (SCRIPT, replace(JOB, given={"layers": b""}), None),
    "a further file": (SCRIPT, replace(JOB, also=("data_utils",)), None),
    "a convention": (SCRIPT, replace(JOB, conventions={"dropout_p": "drop"}), None),
    "the package": (SCRIPT, replace(JOB, package="hw"), None),
    "the images": (SCRIPT, JOB, ("data 2", "box")),
    "the box": (SCRIPT, JOB, ("data 1", "bubblewrap")),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_makes_another_entry(what: str, cache: RunCache, tmp_path: Path) -> None:
    script, job, facts = CHANGES[what]
    other = RunCache(tmp_path, facts) if facts else cache
    assert cache.key(SCRIPT, JOB) != other.key(script, job)
    assert cache.key(SCRIPT, JOB) == RunCache(tmp_path, ("data 1", "box")).key(SCRIPT, JOB)


def test_our_own_code_is_part_of_the_key(
    cache: RunCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cache.key(SCRIPT, JOB)
    for name in run_cache.OURS:
        (tmp_path / name).write_text("x") if "." in name else (tmp_path / name).mkdir()
    monkeypatch.setattr(run_cache, "HERE", tmp_path)
    changed = cache.key(SCRIPT, JOB)
    (tmp_path / "guest" / "cells.py").write_text("y")
    assert len({before, changed, cache.key(SCRIPT, JOB)}) == 3


LATE = {"ended": 1, "outcome": "raised", "wall_s": 9.0, "interrupted": True}
NOT_KEPT = {
    "a cell that was stopped": Worker(*telling(LATE)),
    "a notebook that ran out of time": Worker(*telling(over="timeout")),
    "a cell that could not be stopped": Worker(*telling(over="stuck")),
    "a kernel that died": Worker(*telling(over="died")),
    "a kernel that was killed": Worker(*telling(over="killed")),
    "a worker that was lost": Worker(*telling(), lost=True),
}


@pytest.mark.parametrize("what", NOT_KEPT)
def test_what_did_not_end_by_itself_is_not_kept(what: str, cache: RunCache) -> None:
    worker = NOT_KEPT[what]
    times = 2 if "lost" in what or "killed" in what else 1
    for number in (1, 2):
        assert ran(worker, cache).reused == ""
        assert worker.runs == number * times  # what was killed ran once more


def spoil(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(path.read_bytes())) and None


def link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


SPOILED: Mapping[str, Callable[[Path], None]] = {
    "one bit": spoil(lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:]),
    "a piece of it": spoil(lambda data: data[:-7]),
    "more behind it": spoil(lambda data: data + b"x"),
    "nothing in it": spoil(lambda data: b""),
    "a pickle": spoil(lambda data: b"\x80\x04K\x01." * 30),
    "a link": link,
    "a folder": folder,
    "a pipe": fifo,
    "writable by all": lambda path: path.chmod(0o666),
    "in a folder that all may write": open_folder,
}


@pytest.mark.parametrize("what", SPOILED)
def test_an_entry_that_is_spoiled_or_anybodys_runs_again(
    what: str, cache: RunCache, tmp_path: Path
) -> None:
    worker = Worker(*telling())
    ran(worker, cache)
    (path,) = (tmp_path / "notebooks").iterdir()
    SPOILED[what](path)
    again = ran(worker, cache)
    assert (again.status, again.reused, worker.runs) == ("executed", "", 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_entry_of_another_user_runs_again(cache: RunCache, tmp_path: Path) -> None:
    worker = Worker(*telling())
    ran(worker, cache)
    (path,) = (tmp_path / "notebooks").iterdir()
    os.chown(path, 60_000, 60_000)
    assert ran(worker, cache).reused == ""


def test_the_entry_of_another_notebook_is_not_taken_for_this_one(
    cache: RunCache, tmp_path: Path
) -> None:
    worker = Worker(*telling())
    ran(worker, cache)
    (path,) = (tmp_path / "notebooks").iterdir()
    ran(worker, cache, "another")
    (other,) = set((tmp_path / "notebooks").iterdir()) - {path}
    other.write_bytes(path.read_bytes())
    assert ran(worker, cache, "another").reused == ""


def test_a_whole_entry_with_odd_frames_runs_again(cache: RunCache) -> None:
    script = Script(NAME, ((1, "x"),), LIMITS.cell_s, LIMITS.notebook_s, LIMITS.memory_mb * 2**20)
    record = cache.begin(cache.key(script, JOB))
    assert record is not None
    record.add({"stream": "stdout", "text": "said"}, {})
    record.keep()  # no end
    worker = Worker(*telling())
    assert cache.find(cache.key(script, JOB)) is not None
    assert ran(worker, cache).reused == "" and worker.runs == 1


def test_only_the_user_may_look_at_an_entry(cache: RunCache, tmp_path: Path) -> None:
    ran(Worker(*telling()), cache)
    (path,) = (tmp_path / "notebooks").iterdir()
    for each, mode in ((path, 0o600), (path.parent, 0o700)):
        assert stat.S_IMODE(each.stat().st_mode) == mode


def test_where_nothing_can_be_written_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    worker = Worker(*telling())
    assert ran(worker, RunCache(tmp_path / "file" / "in", ())).status == "executed"


def test_old_entries_make_room(
    cache: RunCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(*telling())
    for number, source in enumerate(("a", "b", "c")):
        ran(worker, cache, source)
        for path in (tmp_path / "notebooks").iterdir():
            if path.stat().st_mtime > 1000:
                os.utime(path, (number, number))
    size = sum(path.stat().st_size for path in (tmp_path / "notebooks").iterdir())
    left = tmp_path / "notebooks" / "part-left"
    left.write_text("")
    os.utime(left, (0, 0))
    assert ran(worker, cache, "a").reused  # used now: the others go first
    monkeypatch.setattr(run_cache, "ALL", size - 1)
    ran(worker, cache, "d")
    assert worker.runs == 4 and not left.exists()
    assert [bool(ran(worker, cache, source).reused) for source in "ad"] == [True, True]
    assert worker.runs == 4


def test_an_entry_that_grows_too_large_is_not_kept(
    cache: RunCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_cache, "MOST", 1000)
    ran(Worker(*telling()), cache)
    assert list((tmp_path / "notebooks").iterdir()) == []


def test_code_that_is_not_confined_has_no_recordings(tmp_path: Path) -> None:
    assert run_cache.of_user(choose("none"), tmp_path / "x" / "box") is None
    assert run_cache.of_user(choose("landlock"), tmp_path / "x" / "box") is not None


def test_an_entry_is_json_and_bare_arrays(cache: RunCache, tmp_path: Path) -> None:
    ran(Worker(*telling()), cache)
    (path,) = (tmp_path / "notebooks").iterdir()
    found = cache.find(path.name)
    assert found is not None
    assert [json.dumps(say) for say, _ in found.messages()] == [
        json.dumps(say) for say, _ in telling()
    ]


def test_a_small_answer_is_found_under_its_name_alone(cache: RunCache) -> None:
    name = cache.name(b"a", b"bc")
    assert cache.recall(name) is None
    cache.remember(name, {"refused": "", "stds": [0.1, 1e-300], "epochs": 3})
    assert cache.recall(name) == {"refused": "", "stds": [0.1, 1e-300], "epochs": 3}
    assert cache.recall(cache.name(b"ab", b"c")) is None


@pytest.mark.parametrize("what", SPOILED)
def test_a_small_answer_that_is_spoiled_or_anybodys_is_not_found(
    what: str, cache: RunCache, tmp_path: Path
) -> None:
    name = cache.name(b"a")
    cache.remember(name, {"refused": "", "message": "long enough for what spoils it" * 9})
    SPOILED[what](tmp_path / "notebooks" / name)
    assert cache.recall(name) is None


def test_other_versions_of_what_runs_do_not_find_an_answer(tmp_path: Path) -> None:
    one, other = (RunCache(tmp_path / "notebooks", [version]) for version in ("1", "2"))
    one.remember(one.name(b"a"), {"refused": ""})
    assert other.recall(other.name(b"a")) is None
