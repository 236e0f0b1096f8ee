"""staff.zip, unpacked in an empty folder: one command grades, by what is in it and nothing else."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import subprocess
import sys
import tomllib
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.release import bundle, program
from grader.release.bundle import zipped
from tests.support import handed_in, student_folder

ROOT = Path(__file__).resolve().parents[2]
OTHER_NAME = {"typing-extensions": "typing_extensions", "markdown-it-py": "markdown_it"} | {
    "ipython": "IPython"
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder in which staff.zip was unpacked."""
    where = tmp_path_factory.mktemp("empty")
    with zipfile.ZipFile(io.BytesIO(bundle.staff_zip(student_folder.source()))) as archive:
        archive.extractall(where)
    return where / "cs231n-a2-staff"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "grade.py", *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "BACKGRADE_HOME": "/nowhere"},
    )  # fmt: skip


def test_the_command_of_its_readme_grades_by_the_rubric_that_is_in_it(folder: Path) -> None:
    (folder / "submission.zip").write_bytes(zipped(dict(handed_in.reference().files)))
    readme = (folder / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^python3 grade\.py (.*)$", readme, re.MULTILINE)
    assert "@" not in readme and "Assignment 2" in readme.splitlines()[0]
    rubric = folder / "rubrics" / "cs231n-a2" / "fully_connected.toml"
    whole = rubric.read_text(encoding="utf-8")
    rubric.write_text(whole.replace('title = "ReLU, forward"', 'title = "Of this folder"'))
    done = run(folder, *command.split(), "--notebooks", "skip", "--only", "relu_forward")
    rubric.write_text(whole)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and "graded/submission/report.html" in done.stdout
    result = json.loads((folder / "graded" / "submission" / "result.json").read_text())
    item = next(one for one in result["items"] if one["id"] == "relu_forward")
    assert (item["title"], item["status"]) == ("Of this folder", "passed")


def test_each_command_of_its_readme_is_one_and_each_link_leads_somewhere(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (folder / link).is_file()
    words = set(re.findall(r"`python3 grade\.py ([a-z]+)[ `]", readme))
    assert words == {"class", "status", "staff", "gradebook", "feedback", "doctor"}
    said = run(folder, "--help").stdout
    assert not [word for word in words if not re.search(rf"\b{word}\b", said)]


@pytest.fixture
def script(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """Return grade.py as a module, whose .venv is to be made in a folder of the test."""
    spec = importlib.util.spec_from_file_location("staff_grade", folder / "grade.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "DONE", str(tmp_path / "installed"))
    return module


def test_it_looks_for_every_package_that_grading_needs(script: types.ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split("[<>=]", one)[0] for one in project["dependencies"]]
    assert list(script.NEEDS) == [OTHER_NAME.get(name, name) for name in names]
    assert script.lacking() == []
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all(re.search(rf"^{name}==", lock, re.MULTILINE) for name in names)


def recorded(
    monkeypatch: pytest.MonkeyPatch, script: types.ModuleType, fails: str = ""
) -> list[str]:
    """Let no program run; return where the command of each is written down."""
    told: list[str] = []

    def call(command: list[str], **_: Any) -> int:
        told.append(" ".join(command))
        return 1 if fails and fails in told[-1] else 0

    fake: Callable[..., None] = lambda *given: told.append(" ".join(given[1]))  # noqa: E731
    monkeypatch.setattr(script.subprocess, "call", call)
    monkeypatch.setattr(script.os, "execve", fake)
    monkeypatch.setattr(script, "lacking", lambda: ["numpy"])
    monkeypatch.setattr(script.sys, "argv", ["grade.py", "a b.zip"])
    return told


def test_where_packages_are_missing_the_lock_is_installed_once(
    script: types.ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    told = recorded(monkeypatch, script)
    script.main()
    made, got, ran = told
    assert made == f"{sys.executable} -m venv --clear {script.VENV}"
    assert got.endswith(f"--require-hashes -r {folder / 'requirements.lock'}")
    assert got.startswith(f"{script.VENV}/bin/python -m pip install")
    assert ran == f"{script.VENV}/bin/python -P -m grader a b.zip"
    script.main()
    assert told[3:] == [ran]


@pytest.mark.parametrize(
    ("fails", "says"), [("-m venv", "install python3-venv"), ("pip", "with Python 3.11 to 3.13")]
)
def test_what_cannot_be_installed_is_told_and_tried_again_next_time(
    fails: str, says: str, script: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(monkeypatch, script, fails)
    with pytest.raises(SystemExit, match=says):
        script.main()
    assert not Path(script.DONE).exists()


def test_an_old_python_is_told(script: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script.sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match="needs Python 3.11 to 3.13"):
        script.main()


def test_an_archive_of_a_home_that_lacks_a_part_is_not_made(tmp_path: Path) -> None:
    (tmp_path / program.LOCK).write_text("")
    with pytest.raises(Exception, match="rubrics: holds no file; restore it"):
        program.files(tmp_path, ("rubrics",))
