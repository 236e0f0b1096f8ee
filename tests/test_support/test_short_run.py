"""The short run: a seeded share of each long trial, named in the summary; the whole on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import shared, short_run
from tests.support.handed_in import ROOT

TRIAL = """
import pytest

@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("number", range(30))
def test_number(number):
    pass

@pytest.mark.long_trial(0)
def test_rare():
    pass

def test_within(part):
    print("took", part("within", list(range(20)), 0.1))
"""
PARTS = ("test_trial.py::test_number: 3 of 30 run", "test_rare: 0 of 1 run", "within: 2 of 20 run")


def run(folder: Path, *arguments: str, **environment: str) -> str:
    """Return what pytest prints of TRIAL."""
    (folder / "test_trial.py").write_text(TRIAL)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BACKGRADE", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.short_run", "-p", "no:cacheprovider",
         *(arguments or (".",))],
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [(), (".", "-n", "1")], ids=["one process", "a worker"])
def test_a_share_of_each_trial_runs_and_the_summary_says_so(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    said = run(tmp_path, *arguments)
    assert "4 passed" in said and "BACKGRADE_SEED=231" in said
    for line in PARTS:
        assert line in said, said


def test_all_of_it_runs_on_demand_and_what_is_asked_for_by_its_id(tmp_path: Path) -> None:
    everything = run(tmp_path, BACKGRADE_ALL="1")
    assert "32 passed" in everything and " run" not in everything
    assert "1 passed" in run(tmp_path, "test_trial.py::test_number[7]")


def test_a_seed_chooses_the_same_cases_again_and_another_seed_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {}
    for seed in ("1", "1", "2"):
        monkeypatch.setenv(short_run.SEED, seed)
        cases = short_run.chosen("trial", range(1000), 0.1)
        assert cases == sorted(cases) and len(set(cases)) == 100
        assert found.setdefault(seed, cases) == cases
    assert found["1"] != found["2"]


@pytest.mark.parametrize(
    ("count", "share", "left"), [(1, 0.1, 1), (4, 0.1, 1), (14, 0.1, 1), (0, 0.1, 0), (9, 0, 0)]
)
def test_at_least_one_case_is_left_unless_none_is_wanted(
    count: int, share: float, left: int
) -> None:
    assert len(short_run.chosen("trial", range(count), share)) == left


def test_what_is_shared_is_made_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("here")

    for _ in range(2):
        path = shared.made_once(tmp_path_factory, f"trial of {os.getpid()}", make)
        assert path.read_text() == "here"
    assert len(made) == 1
