"""How the process ends: by a signal, and where nobody hears what it says."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    shutil.copytree(ROOT / "reference" / "cs231n", tmp_path / "hw" / "cs231n")
    options = ["--notebooks", "skip", "-o", str(tmp_path / "out")]
    return [sys.executable, "-m", "grader", str(tmp_path / "hw"), *options]


def listening() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.2, 0.9])  # while importing, and while grading
def test_a_signal_ends_with_its_code_and_one_line(
    number: signal.Signals, after_s: float, command: list[str]
) -> None:
    started = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=listening)
    time.sleep(after_s)
    started.send_signal(number)
    said = started.communicate(timeout=10)[1].decode()
    if started.returncode == 0:
        pytest.skip("it had ended before the signal came")
    assert started.returncode == 128 + number
    assert said.startswith("grade: stopped by ") and said.count("\n") == 1


@pytest.mark.parametrize("deaf", ["closed", "full", "a reader that has gone"])
def test_a_graded_submission_stays_graded_where_nobody_hears(
    deaf: str, command: list[str], tmp_path: Path
) -> None:
    def gone() -> int:
        ours, theirs = os.pipe()
        os.close(ours)
        return theirs

    places: dict[str, Callable[[], int]] = {
        "closed": lambda: os.open(os.devnull, os.O_WRONLY),
        "full": lambda: os.open("/dev/full", os.O_WRONLY),
        "a reader that has gone": gone,
    }
    out = places[deaf]()
    close: Callable[[], None] = (lambda: os.close(1)) if deaf == "closed" else listening
    done = subprocess.run(
        command, stdout=out, stderr=subprocess.PIPE, preexec_fn=close, check=False
    )
    os.close(out)
    assert done.returncode == 0, done.stderr
    assert b"nothing was graded" not in done.stderr and done.stderr.count(b"\n") <= 1
    assert (tmp_path / "out" / "result.json").is_file()
