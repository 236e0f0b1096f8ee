"""macOS and Windows: student code is not run there, all the rest of `grade` works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.box.plan import DOCKER_RUN
from grader.release.template import template_files
from grader.rubric.reading import read_rubric

ROOT = Path(__file__).resolve().parents[2]
REFUSED = "student code can be confined on Linux only, not on {system}. Grade in a container"
RESULT = {
    "schema": "backgrade/result/1",
    "submission": {"name": "a", "sha256": "", "files": [], "repaired": [], "ignored": []},
    "rubric": {"id": "cs231n-a2", "sha256": "", "golden": ""},
    "score": {"earned": 1.0, "possible": 2.0, "pending": 0.0, "bonus": 0.0},
    "items": [
        {"id": "adam", "section": "é 漢 😀", "status": "failed", "earned": 1.0, "possible": 2.0,
         "parts": [], "faults": [], "cause": None, "because_of": None, "followed_through": False},
    ],
    "notebooks": [], "questions": [], "flags": [],
    "box": {"outer": "none", "inner": [], "isolated": True},
    "measured": {"started": "2026-01-01T00:00:00+00:00", "wall_s": 1.0, "cpu_s": 1.0, "host": "h",
                 "versions": {}},
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """One command, its exit code, and words that it must print."""

    arguments: tuple[str, ...]
    code: int
    message: str


COMMANDS = (
    Expected(("hw.zip",), 3, REFUSED),
    Expected(("submission", "hw.zip", "--box", "landlock"), 3, REFUSED),
    Expected(("hw.zip", "--box", "none"), 3, REFUSED),
    Expected(("autograder", "."), 3, REFUSED),
    Expected(("class", "hw.zip", "-o", "class"), 3, REFUSED),
    Expected(("merge", "class", "nowhere"), 2, "holds no results"),
    Expected(("status", "nowhere"), 2, "holds no class"),
    Expected(("forget", "nowhere", "ada"), 2, "holds no class"),
    Expected(("desk", "nowhere"), 2, "holds no class"),
    Expected(("history", "nowhere", "ada"), 2, "holds no class"),
    Expected(("gradebook", "nowhere", "book.csv", "-o", "f.csv"), 2, "book.csv: cannot be read"),
    Expected(("feedback", "nowhere", "--for", "canvas", "-o", "back.zip"), 2, "holds no class"),
    Expected(("regrade", "nowhere"), 2, "holds no class"),
    Expected(("notices", "nowhere"), 2, "holds no class"),
    Expected(("similar", "nowhere"), 2, "holds no class"),
    Expected(("staff", "nowhere", "ada"), 2, "holds no class"),
    Expected(("case", "affine_backward/deep"), 0, "expected_dx"),
    Expected(("explain", "affine_backward"), 0, "dout"),
    Expected(("doctor",), 3, REFUSED),
    Expected(("fixtures", "verify"), 0, "all as built"),
    Expected(("lint", "--rubric", "cs231n-a2"), 0, "which need Linux"),
    Expected(("schema", "rubric"), 0, '"$defs"'),
    Expected(("schema", "result"), 0, '"$defs"'),
    Expected(("release", "template", "--template"), 0, "files written"),
    Expected(("release", "out"), 0, "gradescope.zip: "),
    Expected(("export", "result.json", "--format", "gradescope"), 0, '"score": 1.0'),
    Expected(("export", "result.json", "--format", "junit"), 0, 'name="é 漢 😀"'),
    Expected(("export", "result.json", "--format", "github-summary"), 0, "1 of 2 points"),
    Expected(("export", "result.json", "--format", "github-annotations"), 0, "::notice"),
)


def test_every_command_is_tried() -> None:
    assert {one.arguments[0] for one in COMMANDS} >= set(cli.COMMANDS)


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_commands_work_without_what_only_linux_has(system: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "hw.zip", "w") as archive:
        archive.writestr("cs231n/layers.py", "raise SystemExit('student code was run')\n")
    (tmp_path / "result.json").write_text(json.dumps(RESULT), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.elsewhere", system], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        input=json.dumps([one.arguments for one in COMMANDS]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one, came in zip(COMMANDS, found, strict=True):
        assert came["code"] == one.code, (one, came)
        assert one.message.format(system=system) in came["out"] + came["err"], (one, came)
        assert "Traceback" not in came["err"], (one, came)
        if "export" in one.arguments:
            assert "\r" not in came["out"]
        if one.code:
            assert came["err"].count("\n") == 1
        if one.message == REFUSED:
            assert DOCKER_RUN in came["err"]
    assert not (tmp_path / "graded").exists()
    written = {p.relative_to(tmp_path / "template").as_posix()
               for p in (tmp_path / "template").rglob("*") if p.is_file()}  # fmt: skip
    table = read_rubric(ROOT / "rubrics" / "cs231n-a2.toml").table
    assert written == set(template_files(ROOT / "reference", table))


def test_the_docker_line_is_that_of_the_docs_without_what_only_linux_needs() -> None:
    pages = [ROOT / name for name in ("README.md", "docs/docker.md", "docs/security.md")]
    for page in pages:
        (line,) = re.findall(r"^docker run .*submission\.zip$", page.read_text("utf-8"), re.M)
        assert line.replace(' --user "$(id -u)"', "").replace("$PWD", "${PWD}") == DOCKER_RUN


def test_files_are_the_same_bytes_on_every_system() -> None:
    """Windows writes other line ends, unless it is told not to."""
    for path in sorted((ROOT / "grader").rglob("*.py")):
        if path.parent.name == "selfcheck":
            continue  # Python 3.9 has no such word, and what it writes stays where it is
        for call in re.findall(r"\.write_text\(.*?\)\n", path.read_text("utf-8"), re.S):
            assert 'newline="\\n"' in call, f"{path}: {call}"
    assert (ROOT / ".gitattributes").read_text("utf-8").startswith("* text=auto eol=lf\n")
