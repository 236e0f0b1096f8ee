"""A trial of bubblewrap is made once, and again as soon as it could end otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.box import outer, proved
from grader.box.job import Job
from grader.box.worker import Worker
from grader.errors import BoxError
from tests.support import boxes


class Tried:
    """A bubblewrap that works the second way, and how often that was tried."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.times = 0
        self.works = True

    def find(self) -> outer.Outer:
        self.times += 1
        start = list(outer.starts(str(self.program)))[-1]
        return outer.Outer(start, "host", True) if self.works else outer.Outer(why="it does not")


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tried:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\n")
    one = Tried(program)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(outer, "program", lambda: str(program))
    monkeypatch.setattr(outer, "find", one.find)
    return one


def kept(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "backgrade-grader" / proved.NAME


def test_what_a_trial_has_proved_is_not_tried_again(tried: Tried, tmp_path: Path) -> None:
    first = proved.find()
    assert first.proc == "host" and proved.find() == first and tried.times == 1
    assert kept(tmp_path).stat().st_mode & 0o777 == 0o600
    proved.forget()
    assert proved.find() == first and tried.times == 2


def test_what_does_not_work_is_tried_each_time(tried: Tried, tmp_path: Path) -> None:
    tried.works = False
    assert not proved.find().start and not proved.find().start
    assert tried.times == 2 and not kept(tmp_path).exists()


def renamed(tried: Tried, patch: pytest.MonkeyPatch) -> None:
    other = tried.program.with_name("other")
    other.write_text("#!/bin/sh\n")
    other.replace(tried.program)


def booted(tried: Tried, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(proved, "_setting", lambda path: f"another {path.name}")


def moved(tried: Tried, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "readlink", lambda path: f"{path}:[another]")


def by_another(tried: Tried, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "getegid", lambda: 4711)


def shown_more(tried: Tried, patch: pytest.MonkeyPatch) -> None:
    files = outer.python_files()
    more = outer.Files((*files.shown, "/srv"), files.hidden, files.again, files.links)
    patch.setattr(outer, "python_files", lambda: more)


@pytest.mark.parametrize("change", [renamed, booted, moved, by_another, shown_more])
def test_what_could_end_otherwise_is_tried_again(
    change: Callable[[Tried, pytest.MonkeyPatch], None],
    tried: Tried,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proved.find()
    with monkeypatch.context() as patch:
        change(tried, patch)
        proved.find()
        assert tried.times == 2


BROKEN: dict[str, Callable[[Path, dict[str, Any]], object]] = {
    "no JSON": lambda path, said: path.write_text("{"),
    "no record": lambda path, said: path.write_text("[1]"),
    "a way that there is not": lambda path, said: path.write_text(json.dumps({**said, "way": 99})),
    "a way from behind": lambda path, said: path.write_text(json.dumps({**said, "way": -1})),
    "a way that is a word": lambda path, said: path.write_text(json.dumps({**said, "way": "x"})),
    "a size that is a word": lambda path, said: path.write_text(json.dumps({**said, "sized": "x"})),
    "writable to others": lambda path, said: path.chmod(0o622),
    "a link": lambda path, said: path.symlink_to(path.rename(path.with_name("elsewhere"))),
    "a folder": lambda path, said: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_ours_counts_for_nothing(
    name: str, tried: Tried, tmp_path: Path
) -> None:
    first = proved.find()
    BROKEN[name](kept(tmp_path), json.loads(kept(tmp_path).read_text()))
    assert proved.find() == first and tried.times == 2


def test_where_nothing_can_be_kept_all_goes_on(
    tried: Tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    assert proved.find() == proved.find() and tried.times == 2


def test_a_box_that_does_not_start_is_tried_anew(
    tried: Tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proved.find()
    plan = boxes.plan("landlock")
    monkeypatch.setattr("grader.box.worker.command", lambda plan: ["false"])
    with Worker(plan) as worker, pytest.raises(BoxError, match="did not start"):
        worker.open(Job("cs231n", {}, {}), 1e9)
    assert not kept(tmp_path).exists()
