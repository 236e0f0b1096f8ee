"""A control group bounds the whole box where cgroup v2 is, and nothing fails where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.box import cgroup
from tests.support import processes


def system(root: Path, path: str = "/a/b", controllers: str = "cpu memory pids") -> Path:
    """Make a folder that looks like /sys/fs/cgroup; return the file that says where we are."""
    here = root / path.strip("/")
    here.mkdir(parents=True, exist_ok=True)
    (here / "cgroup.subtree_control").write_text("")
    (here.parent / "cgroup.subtree_control").write_text(controllers)
    own = root / "own"
    own.write_text(f"9:name=systemd:/x\n0::{path}\n")
    return own


def test_a_group_is_made_beside_ours_with_bounds(tmp_path: Path) -> None:
    own = system(tmp_path)
    first, second = cgroup.make(tmp_path, own), cgroup.make(tmp_path, own)
    assert first and second and first != second
    assert first.parent == tmp_path / "a"
    assert (first / "memory.max").read_text() == str(4 << 30)
    assert (first / "pids.max").read_text() == "512"


@pytest.mark.parametrize("lacks", ["cpu memory", "pids", ""])
def test_without_both_controllers_there_is_none(tmp_path: Path, lacks: str) -> None:
    assert cgroup.make(tmp_path, system(tmp_path, controllers=lacks)) is None


def test_without_cgroup_2_there_is_none_and_the_command_is_as_it_was(tmp_path: Path) -> None:
    assert cgroup.make(tmp_path, tmp_path / "absent") is None
    (tmp_path / "own").write_text("9:memory:/x\n")
    assert cgroup.make(tmp_path, tmp_path / "own") is None
    assert cgroup.inside(None, ["a", "b"]) == ["a", "b"]
    cgroup.end(None)


def test_what_a_grader_that_is_gone_has_left_is_taken_away(tmp_path: Path) -> None:
    own = system(tmp_path)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / "a" / f"backgrade-{gone.pid}-0"
    left.mkdir()
    mine = tmp_path / "a" / f"backgrade-{os.getpid()}-0"
    mine.mkdir()
    assert cgroup.make(tmp_path, own) is not None
    assert not left.exists() and mine.exists()


def test_the_worker_enters_the_group_before_it_becomes_itself(tmp_path: Path) -> None:
    group = tmp_path / "group"
    group.mkdir()
    argv = cgroup.inside(group, [sys.executable, "-c", "print('runs', end='')"])
    assert subprocess.run(argv, capture_output=True, text=True).stdout == "runs"
    assert (group / "cgroup.procs").read_text() == "0\n"
    (group / "cgroup.kill").touch()
    cgroup.allow(group, 1 << 30)
    assert (group / "memory.max").read_text() == str(5 << 30)
    cgroup.end(group)
    assert (group / "cgroup.kill").read_text() == "1"


def test_a_real_group_bounds_processes_and_ends_them() -> None:
    group = cgroup.make()
    if group is None:
        pytest.skip("NOT TESTED: no cgroup v2 with memory and pids that we may write to is here")
    started = subprocess.Popen(cgroup.inside(group, ["sleep", "60"]))
    while str(started.pid) not in (group / "cgroup.procs").read_text().split():
        assert started.poll() is None
    cgroup.end(group)
    assert not group.exists() and started.wait(2) < 0
    assert processes.gone({started.pid})
