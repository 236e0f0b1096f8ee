"""Slips on the command line and in a rubric: what was meant, and where the slip is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import cli
from tests.test_cli.running import run

pytestmark = pytest.mark.usefixtures("lent_box")

ROOT = Path(__file__).resolve().parents[2]
DEMO = str(ROOT / "demo" / "submission")
SLIPS: dict[str, tuple[tuple[str, ...], str]] = {
    "a command": (("exprot", "x"), "exprot: there is no such command, and no such submission; "
                                   "did you mean `grade export`?"),
    "a short one": (("lin",), "did you mean `grade lint`?"),
    "an option": ((DEMO, "--notebook", "skip"), "--notebook (did you mean --notebooks?)"),
    "images that are nowhere": ((DEMO, "--data", "nosuch"), "--data nosuch: there is no such"),
    "a submission that is nowhere": (("submit.zip",), "submit.zip: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_on_the_command_line_is_told_with_what_was_meant(
    what: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words, says = SLIPS[what]
    monkeypatch.chdir(tmp_path)
    done = run(monkeypatch, capfd, *words)
    assert (done.code, done.out) == (2, "") and says in done.err and done.err.count("\n") == 1


def test_a_folder_named_almost_like_a_command_is_graded_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lin").mkdir()
    assert cli.with_command(["lin"]) == ["submission", "lin"]


IN_FILES: dict[str, tuple[str, str, str, str, str]] = {
    # file with the slip, what stands there, what stands there then, rubric asked for, message
    "a key of an item that another file includes": (
        "cs231n-a2/fully_connected.toml", "points = 1\nprobe", "ponits = 1\nprobe", "cs231n-a2",
        "fully_connected.toml, line {}, column 1: item 'relu_forward', ponits: there is no such "
        "field; use points",
    ),
    "a table of the rubric that is extended": (
        "cs231n-a2.toml", "case_s = ", "case_sec = ", "cs231n-a2-2017",
        "cs231n-a2.toml, line {}, column 1: limits, case_sec: there is no such field; use",
    ),
    "a value of the wrong kind": (
        "cs231n-a2/update_rules.toml", 'tolerance = "', 'tolerance = 3 # "', "cs231n-a2",
        "update_rules.toml, line {}, column 1: item 'sgd_momentum', tolerance: write a text",
    ),
    "a key of an inline table": (
        "cs231n-a2/fully_connected.toml", 'parts = [{ id = "dx", points = 2', 
        'parts = [{ id = "dx", point = 2', "cs231n-a2",
        "fully_connected.toml, line {}, column 23: item 'relu_backward', part 'dx', point: there "
        "is no such field; use points",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_FILES)
def test_a_slip_in_a_rubric_is_told_with_the_file_and_line_that_have_it(
    what: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name, before, after, asked, says = IN_FILES[what]
    shutil.copytree(ROOT / "rubrics", tmp_path / "rubrics")
    file = tmp_path / "rubrics" / name
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    line = text[: text.index(before)].count("\n") + 1
    done = run(monkeypatch, capfd, DEMO, "--rubric", str(tmp_path / "rubrics" / f"{asked}.toml"))
    assert done.code == 2 and says.format(line) in done.err, done.err
    assert done.err.startswith(f"grade: {file}, line")


@pytest.mark.parametrize(
    ("module", "code", "says"),
    [
        ("uvicorn.config", 2, "pip install 'backgrade[desk]'"),
        ("distributed", 2, "pip install 'backgrade[class]'"),
        ("rich", 2, "pip install 'backgrade'"),
        ("grader.cli.lost", 3, "the grader failed"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_the_extra_that_has_it(
    module: str, code: int, says: str, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def lacks(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    monkeypatch.setattr(cli, "app_of", lacks)
    done = run(monkeypatch, capfd, "lint")
    assert done.code == code and says in done.err and done.err.count("\n") == 1


OLDER = [p for name in ("python3.8", "python3.9", "python3.10") if (p := shutil.which(name))]


def test_a_python_that_is_too_old_is_told_in_one_line() -> None:
    old = [p for p in OLDER if subprocess.run([p, "-c", ""], capture_output=True).returncode == 0]
    if not old:
        pytest.skip("NOT CHECKED: no older Python is installed")
    command = [old[0], "-m", "grader", "x.zip"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "is too old; use 3.11 or newer" in done.stderr
    assert done.stderr.count("\n") == 1 and sys.version_info >= (3, 11)
