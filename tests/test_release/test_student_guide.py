"""docs/student.md, which is the README of student.zip: every command in it, run as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import handed_in, student_folder
from tests.support.student_folder import put, run

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "student.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """Return the words of every line in a block of the guide, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


# A part of the functions, for a test is to be short.
CODE = ("affine_forward", "sgd_momentum", "rmsprop", "adam", "dropout_forward", "dropout_backward")
# What each command comes to in a folder where everything is written and no notebook was run.
EXPECTED = {
    "selfcheck.py": (0, "Public checks: 14 of 14 right. 21 more run when you hand in."),
    "selfcheck.py affine_forward": (0, "Public checks: 3 of 3 right. 5 more run"),
    "selfcheck.py adam --hint": (0, "Public checks: 2 of 2 right."),
    "selfcheck.py optim.py": (0, "Public checks: 6 of 6 right."),
    "selfcheck.py dropout": (0, "Public checks: 5 of 5 right."),
    "selfcheck.py --html": (0, "As a page:"),
    "selfcheck.py --watch": (0, "Watching your files"),
    "-m cs231n.data_utils download": (1, "meanwhile the notebooks work on made-up images"),
    "make_submission.py": (1, "submission.zip is written. In it:"),
    "selfcheck.py submission.zip": (1, "Dropout.ipynb was never run"),
}


@pytest.fixture(scope="module")
def folder(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = Path(shutil.copytree(released, tmp_path_factory.mktemp("guide") / "homework"))
    put(found, handed_in.reference().files)
    student_folder.limited(found, only=CODE)
    return found


def test_the_guide_has_these_commands() -> None:
    assert [" ".join(words[1:]) for words in commands()] == [*EXPECTED]
    assert {words[0] for words in commands()} == {"python"}


def test_every_command_does_what_the_guide_says(folder: Path) -> None:
    """In the order of the guide, in one folder, as a student goes through it."""
    offline = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    for line, (code, says) in EXPECTED.items():
        if "--watch" in line:
            assert watched(folder, line.split()) == (code, True)
            continue
        done = run(folder, *line.split(), **offline)
        assert done.code == code, (line, done)
        assert says in done.out + done.err, (line, done)
    assert (folder / "selfcheck.html").exists() and (folder / "submission.zip").exists()


def watched(folder: Path, words: list[str]) -> tuple[int, bool]:
    """Start watching, stop it as Ctrl+C does; return its exit code and whether it watched."""
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    seen = any("Watching your files" in line for line in iter(process.stdout.readline, ""))
    process.send_signal(signal.SIGINT)
    return process.wait(10), seen


def test_the_guide_is_short_and_names_no_other_file_of_ours() -> None:
    assert len(GUIDE.split()) < 500
    assert "docs/" not in GUIDE and "http" not in GUIDE
