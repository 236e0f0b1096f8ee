"""How the process ends: by a signal, and where nobody hears what it says."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from tests.support import short_run, users

ROOT = Path(__file__).resolve().parents[2]
NOBODY_ELSE = 61_232  # a user of whom no other process is counted


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    shutil.copytree(ROOT / "reference" / "cs231n", tmp_path / "hw" / "cs231n")
    options = ["--notebooks", "skip", "-o", str(tmp_path / "out")]
    return [sys.executable, "-m", "grader", str(tmp_path / "hw"), *options]


@pytest.fixture
def soon_done(command: list[str]) -> list[str]:
    """Where it is the end that matters: a few items, or all in a whole run."""
    return command if short_run.EVERYTHING else [*command, "--only", "affine_backward"]


def listening() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it


def catches(pid: int, number: signal.Signals) -> bool:
    """Say whether a process has something of its own to do at a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1]
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.0, 0.9])  # while importing, and while grading
def test_a_signal_ends_with_its_code_and_one_line(
    number: signal.Signals, after_s: float, command: list[str]
) -> None:
    started = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=listening)
    time.sleep(after_s)
    while started.poll() is None and not catches(started.pid, signal.SIGTERM):
        time.sleep(0.01)
    started.send_signal(number)
    said = started.communicate(timeout=10)[1].decode()
    if started.returncode == 0:
        pytest.skip("it had ended before the signal came")
    assert started.returncode == 128 + number
    assert said.startswith("grade: stopped by ") and said.count("\n") == 1


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("deaf", ["closed", "full", "a reader that has gone"])
def test_a_graded_submission_stays_graded_where_nobody_hears(
    deaf: str, soon_done: list[str], tmp_path: Path
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
        soon_done, stdout=out, stderr=subprocess.PIPE, preexec_fn=close, check=False
    )
    os.close(out)
    assert done.returncode == 0, done.stderr
    assert b"nothing was graded" not in done.stderr and done.stderr.count(b"\n") <= 1
    assert (tmp_path / "out" / "result.json").is_file()


@pytest.mark.parametrize(
    "limit",
    ["ulimit -n 20", "ulimit -v 1000000", "ulimit -d 1000000", "ulimit -f 0", "ulimit -t 60",
     "ulimit -s 512"],
)  # fmt: skip
def test_a_limit_of_the_caller_that_a_submission_would_feel_is_named(
    limit: str, command: list[str], tmp_path: Path
) -> None:
    started = ["bash", "-c", f'{limit}; exec "$@"', "-", *command]
    done = subprocess.run(started, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(f"grade: {' '.join(limit.split()[:2])}: ")
    assert done.stderr.count("\n") == 1 and "run it again" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("most", [1, 5])
def test_too_few_processes_of_a_user_are_named(most: int, tmp_path: Path) -> None:
    """The kernel counts none of root's; OpenBLAS would send itself SIGINT."""
    try:
        become = users.ordinary(NOBODY_ELSE)
    except users.NotTested as why:
        pytest.skip(str(why))
    grade = [sys.executable, "-m", "grader", "demo/submission", "-o", str(tmp_path / "out")]
    command = [*become, "bash", "-c", f'ulimit -u {most}; exec "$@"', "-", *grade]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(f"grade: ulimit -u: {most - 1} more processes and threads ")
    assert done.stderr.count("\n") == 1 and "run it again" in done.stderr
    assert not (tmp_path / "out").exists()


def test_limits_that_leave_enough_are_kept(command: list[str], tmp_path: Path) -> None:
    limits = "ulimit -n 256 -v 4194304 -f 65536 -t 900 -s 1024"
    started = ["bash", "-c", f'{limits}; exec "$@"', "-", *command]
    done = subprocess.run(started, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((tmp_path / "out" / "result.json").read_text())
    assert found["score"]["earned"] == found["score"]["possible"]


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.EAGAIN, errno.ENOMEM]
)
def test_room_that_is_used_up_is_named(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/some/place")

    monkeypatch.setattr(cli, "app_of", lambda commands: full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 3 and said.startswith("grade: /some/place: ")
    assert "report it" not in said and said.count("\n") == 1
