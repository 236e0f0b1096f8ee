"""Whenever a regrade is killed, one generation counts, and the next command has all pages agree."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import generations, regrade
from grader.course.deciding import deciding
from grader.course.records import Person
from grader.course.store import Store
from grader.course.tasks import Policy
from tests.support import classes, graded
from tests.support.graded import Upload
from tests.support.killed import Commands

KILLS = 100
STUDENTS = 8
APPLY, LOOK = ("--apply", "--reason", "The moments"), ()
BACK = ("--revert", "1")
SAYS = "a run was stopped before all pages were those of generation"
WRITTEN = ("reports", "grades.csv", "index.html")


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with Commands() as found:
        yield found


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Path:
    """Return a class of generation 1, whose rubric has another `adam` since; half would move."""
    folder, whole = tmp_path_factory.mktemp("before") / "a2", Policy("cs231n-a2", notebooks="skip")
    people = [(Person(str(n), f"s{n}", f"S {n}"), [_upload(3.0), _upload(2.0)][: 1 + n % 2])
              for n in range(STUDENTS)]  # fmt: skip
    toml = 'rubric = "cs231n-a2"\nnotebooks = "skip"\nattempts = "best"\n'
    graded.class_of(folder, people, "folders", toml)
    found = deciding(whole.assignment)
    part = regrade.replace(whole, only=("adam",))
    with Store(folder) as store, store.writing():
        store.run("UPDATE generation SET common = ?", [(whole.common,)])
        store.keep_decides(graded.POLICY, [(i, "old" if i == "adam" else sha) for i, sha in found])
        for number, row in enumerate(store.attempts()):
            new = _upload(4.0 * (number % 3 == 0) or (3.0 if row.turn == 1 else 2.0))
            for policy in (part, whole):
                one = graded.outcome(new, row.upload or "", policy.sha256)
                graded.keep(folder, store, one)
    assert commands.run("regrade", folder, *BACK).code == 0
    return folder


def _upload(adam: float) -> Upload:
    return Upload({"adam": (adam, 4.0)})


@pytest.fixture(scope="module")
def after(before: Path, tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Path:
    """Return the same class with the regrade applied, which nobody disturbed."""
    folder = tmp_path_factory.mktemp("after") / "a2"
    shutil.copytree(before, folder)
    assert commands.run("regrade", folder, *APPLY).code == 0
    return folder


def counting(folder: Path) -> int:
    with Store(folder, reading=True) as store:
        found = generations.current(store)
    assert found is not None
    return found.number


def left(folder: Path) -> dict[str, str]:
    """Return all pages and tables without the times."""
    paths = (p for name in WRITTEN for p in [folder / name, *(folder / name).rglob("*.*")])
    found = {str(p.relative_to(folder)): p.read_text("utf-8") for p in paths if p.is_file()}
    return {name: classes.unmeasured(name, classes.TIMES.sub("", text))
            for name, text in found.items()}  # fmt: skip


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.long_trial(0.02)) for n in range(KILLS)
])  # fmt: skip
def test_a_killed_regrade_leaves_one_generation_or_the_other(
    number: int, before: Path, after: Path, commands: Commands, tmp_path: Path
) -> None:
    draw = random.Random(number)
    clean = {1: left(before), 2: left(after)}
    start, command = draw.choice([(before, LOOK), (before, APPLY), (before, APPLY), (after, BACK)])
    other = {before: 1, after: 2}[start]
    folder = tmp_path / "a2"
    shutil.copytree(start, folder)
    whole = tmp_path / "whole" / "a2"
    shutil.copytree(start, whole)
    moments = commands.run("regrade", whole, *command).moments
    killed = commands.run("regrade", folder, *command, at=draw.randint(1, moments))
    assert killed.code == -9
    assert counting(folder) in ({1} if command == LOOK else {1, 2}), (other, command)
    if draw.random() < 0.3:  # the next command is killed, too
        commands.run("regrade", folder, *draw.choice([LOOK, BACK]), at=draw.randint(1, moments))
    agreed = left(folder) == clean[counting(folder)]
    following = draw.choice([LOOK, LOOK, BACK])
    ended = commands.run("regrade", folder, *following)
    assert left(folder) == clean[counting(folder)], (command, following, ended)
    assert agreed or following == BACK or SAYS in ended.said, ended
    assert counting(folder) == 1 or following == LOOK
