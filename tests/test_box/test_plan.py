"""Which box a mode gives on a machine, and what is refused before any student code runs."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from grader import cli, resources
from grader.box import outer, plan
from grader.box.plan import INNER, Plan, choose, verdict
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.errors import BoxError
from tests.support import handed_in

NO_BWRAP = outer.Outer(why="there is no bwrap")
BWRAP = outer.Outer(("/usr/bin/bwrap",), "fresh", True)
HOST_PROC = outer.Outer(("/usr/bin/bwrap",), "host", True)
FILTERED = {"seccomp": "no table of system calls for riscv64"}
NO_LANDLOCK = {"landlock": "this kernel has none"}


def hello(**more: Any) -> dict[str, Any]:
    layers = [name for name in INNER if name not in more.get("why", {})]
    return {"layers": layers, "why": {}, "through": []} | more


@pytest.mark.parametrize(
    ("found", "said", "isolated"),
    {
        "everything": (BWRAP, hello(), True),
        "no bubblewrap": (NO_BWRAP, hello(), True),
        "bubblewrap without Landlock": (BWRAP, hello(why=NO_LANDLOCK), True),
        "no root, so no uid to give up": (NO_BWRAP, hello(layers=list(INNER[1:])), True),
        "the system's /proc without Landlock": (HOST_PROC, hello(why=NO_LANDLOCK), False),
        "neither": (NO_BWRAP, hello(why=NO_LANDLOCK), False),
        "no seccomp": (BWRAP, hello(why=FILTERED), False),
        "no limits": (BWRAP, hello(why={"rlimits": "no"}), False),
        "a trial that got through": (BWRAP, hello(through=["a socket"]), False),
    }.values(),
)
def test_a_box_is_isolated_only_where_files_and_calls_are_closed(
    found: outer.Outer, said: dict[str, Any], isolated: bool
) -> None:
    assert verdict(Plan("trial", found, INNER), said).isolated is isolated
    for mode in plan.STRICT:
        if isolated:
            assert verdict(Plan(mode, found, INNER), said).isolated
        else:
            with pytest.raises(BoxError, match="does not confine student code.*grade doctor"):
                verdict(Plan(mode, found, INNER), said)


def test_a_refusal_names_each_gap_and_the_ways_out() -> None:
    with pytest.raises(BoxError) as refused:
        verdict(Plan("auto", NO_BWRAP, INNER), hello(why=NO_LANDLOCK, through=["a socket"]))
    for part in ("bubblewrap: there is no bwrap", "landlock: this kernel has none", "a socket",
                 "docs/security.md", "--box none"):  # fmt: skip
        assert part in str(refused.value)
    assert refused.value.exit_code == 3, "a machine that cannot grade is not the student's fault"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_refused_with_the_container(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for mode in (*plan.STRICT, "none"):
        with pytest.raises(BoxError, match=f"on Linux only, not on {system}.*container"):
            choose(mode)


def test_bubblewrap_alone_is_refused_where_it_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(outer, "find", lambda: NO_BWRAP)
    with pytest.raises(BoxError, match="--box bubblewrap: there is no bwrap"):
        choose("bubblewrap")
    assert choose("auto").outer is NO_BWRAP


@pytest.mark.parametrize("mode", ["auto", "landlock", "none"])
def test_every_mode_grades_alike_and_says_what_was_in_force(
    mode: str, assignments: dict[str, Any]
) -> None:
    assignment = assignments["cs231n-a2"]
    with Worker(choose(mode)) as worker:
        report = grade_one(handed_in.reference(), assignment, worker)
    assert report.score.earned == report.score.possible > 0
    assert report.box.isolated is (mode != "none")
    assert set(report.box.inner) >= ({"rlimits"} if mode == "none" else set(INNER[1:]))
    assert mode != "none" or not {"landlock", "seccomp"} & set(report.box.inner)


def test_a_worker_that_lacks_what_is_promised_grades_nothing(
    monkeypatch: pytest.MonkeyPatch, assignments: dict[str, Any]
) -> None:
    lacking = Plan("auto", NO_BWRAP, ("uid", "rlimits"))
    with Worker(lacking) as worker, pytest.raises(BoxError, match="a trial reached"):
        grade_one(handed_in.reference(), assignments["cs231n-a2"], worker)


def test_none_is_stamped_on_terminal_page_and_record(tmp_path: Path) -> None:
    demo = str(resources.home() / "demo" / "submission")
    ran = CliRunner().invoke(
        cli.app_of(), ["submission", demo, "--box", "none", "-o", str(tmp_path)]
    )
    assert ran.exit_code == 0 and "Not isolated" in ran.output
    record = json.loads((tmp_path / "result.json").read_text())
    assert record["box"]["isolated"] is False and record["box"]["outer"] == "none"
    assert "Not isolated." in (tmp_path / "report.html").read_text()


def test_boxes_at_the_same_time_have_users_of_their_own() -> None:
    one = Plan("landlock", NO_BWRAP, INNER)
    uids = {plan.command(one.at(slot))[-1].partition('"uid": ')[2][:5] for slot in range(3)}
    assert uids == {"60000", "60001", "60002"}
    assert dataclasses.replace(one, slot=1) == one.at(1)
