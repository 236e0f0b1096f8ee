"""SIGKILL at a random moment of a grading: nothing half, nothing left, a rerun gives the same."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import homes, processes, short_run

ROOT = Path(__file__).resolve().parents[2]
CELL = {
    "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
    "source": "for step in range(40):\n    print(step)",
}  # fmt: skip
BOOK = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [CELL]}


@dataclass(frozen=True)
class Trial:
    """Two submissions in `place`, and what a grading that is let alone makes of each."""

    place: Path
    made: Mapping[str, Mapping[str, bytes]]
    took_s: float

    def command(self, student: str, folder: Path) -> list[str]:
        return [
            sys.executable, "-m", "grader", str(self.place / student), "-o", str(folder),
            "--no-cache",
        ]  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """Few items are asked for in the short run, and the notebooks that are handed in."""
        home = {} if short_run.EVERYTHING else {"BACKGRADE_HOME": str(self.place / "home")}
        return {**os.environ, "TMPDIR": str(self.place / "tmp"), **home}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a result without what is measured, and without parts of files."""
    found = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        if not file.name.startswith(".backgrade-"):
            found[file.name] = _still(file.name, file.read_bytes())
    return found


def _still(name: str, data: bytes) -> bytes:
    if name == "result.json":
        return json.dumps({**json.loads(data), "measured": {}}).encode()
    if name == "report.html":
        varies = rb'<small class="measured">.*?</small>|\d\d\d\d-\d\d-\d\d\S*|[\d.]+ s\b'
        return re.sub(varies, b"", data)
    return data


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    place = tmp_path_factory.mktemp("kills")
    (place / "tmp").mkdir()
    homes.brief(place / "home", *homes.SOME, "FullyConnectedNets/1", "Dropout/1")
    for student in ("anna", "bert"):
        shutil.copytree(ROOT / "reference" / "cs231n", place / student / "cs231n")
    (place / "anna" / "FullyConnectedNets.ipynb").write_text(json.dumps(BOOK))
    (place / "bert" / "Dropout.ipynb").write_text(json.dumps(BOOK))
    given, made, began = Trial(place, {}, 0.0), {}, time.monotonic()
    for student in ("anna", "bert"):
        began, folder = time.monotonic(), place / f"{student} graded"
        command = given.command(student, folder)
        subprocess.run(command, env=given.environment, check=True, stdout=subprocess.DEVNULL)
        made[student] = contents(folder)
    return Trial(place, made, time.monotonic() - began)


@pytest.mark.long_trial(0.01)
@pytest.mark.parametrize("seed", range(100))
def test_a_kill_at_any_moment_leaves_nothing_half_and_a_rerun_is_whole(
    seed: int, trial: Trial, tmp_path: Path
) -> None:
    processes.adopt_orphans()
    folder, before = tmp_path / "out", processes.mine()
    shutil.copytree(trial.place / "anna graded", folder)
    command, moment = trial.command("bert", folder), random.Random(seed).uniform(0.05, 1.05)
    started = subprocess.Popen(command, env=trial.environment, stdout=subprocess.DEVNULL)
    time.sleep(moment * trial.took_s)
    started.kill()
    started.wait()
    assert processes.gone(processes.mine() - before, within_s=2.0)

    found = contents(folder)
    owners = [name for name, made in trial.made.items() if found.items() <= made.items()]
    assert owners, f"files of two students, or half of one, after {moment:.0%}: {sorted(found)}"
    assert "result.json" not in found or found == trial.made[owners[0]]

    subprocess.run(command, env=trial.environment, check=True, stdout=subprocess.DEVNULL)
    assert contents(folder) == trial.made["bert"]
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []
    assert list((trial.place / "tmp").iterdir()) == []
