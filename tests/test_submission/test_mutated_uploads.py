"""Ten thousand broken uploads and files, and whole commands on some: here zips and folders.

Notebooks are in tests/test_notebooks/test_mutated_notebooks.py, what staff writes in
tests/test_cli/test_mutated_files.py.
"""

from __future__ import annotations

import json
import random
import time
import unicodedata
from pathlib import Path

import pytest

from grader.errors import UnusableSubmission
from grader.report import refused
from grader.submission.intake import name_of, read_submission
from tests.support import handed_in
from tests.support.mutated_files import bytes_mutant, folder_mutant
from tests.test_cli.running import run
from tests.test_submission.test_real_zips import KNOWN, NOTES, written

pytestmark = pytest.mark.usefixtures("lent_box")

ZIPS, FOLDERS, AT_ONCE = 4_000, 1_000, 100
MOST_S = 3.0
GIVEN = {"solver.py": b"# ours\n", "synthetic.py": b"# ours\n"}
HOMEWORK = {
    f"hw/{path}": data
    for path, data in handed_in.reference().files.items()
    if path.endswith(("layers.py", "optim.py", "fc_net.py"))
} | {"hw/Dropout.ipynb": b'{"cells": [], "nbformat": 4, "nbformat_minor": 4}'}  # fmt: skip


def zip_mutant(number: int) -> bytes:
    """Return a broken zip of one of the programs that are known."""
    draw = random.Random(f"zip/{number}")
    style = KNOWN[draw.choice(sorted(KNOWN))]
    entries = [(path.encode(), data) for path, data in HOMEWORK.items()] + list(NOTES.items())
    draw.shuffle(entries)
    for _ in range(draw.choice((0, 1, 1, 3))):
        place = draw.randrange(len(entries))
        name, data = entries[place]
        others = (
            (bytes_mutant(number, name)[:300], data), (name, data[: len(data) // 2]),
            (name, bytes_mutant(number, data)), (name.upper(), data), (b"../" + name, data),
            (name + b"/", data),
        )  # fmt: skip
        entries[place] = draw.choice(others)
    data = written(style, entries)
    return data if draw.random() < 0.4 else _damaged_outside(draw, data)


def _damaged_outside(draw: random.Random, data: bytes) -> bytes:
    """Damage what tells of the files: a header, the directory, the end, or anything."""
    marks = (b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\7\x08", b"PK\6\6")
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        mark = draw.choice(marks)
        places = [n for n in range(len(data) - 46) if data.startswith(mark, n)] if mark else []
        start = draw.choice(places) + draw.randrange(46) if places else draw.randrange(len(data))
        value = draw.choice((b"\xff" * 4, bytes(4), draw.randbytes(1), draw.randbytes(2), mark))
        changed[start : start + len(value)] = value
    return bytes(changed)


def is_read_or_refused(path: Path) -> str:
    """Read an upload as the command does; return how that ended."""
    began = time.process_time()
    try:
        read_submission(path, given=GIVEN)
        ended = "read"
    except UnusableSubmission as error:
        line = str(error)
        hidden = {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert not hidden and line.encode() and len(line) <= 300, line
        json.loads(refused.write(name_of(path), line))
        ended = "refused"
    assert time.process_time() - began < MOST_S
    return ended


@pytest.mark.parametrize(
    ("kind", "start"),
    [("zip", n) for n in range(0, ZIPS, AT_ONCE)] + [("folder", n) for n in range(0, FOLDERS, 50)],
)
@pytest.mark.long_trial(0.04)
def test_an_upload_is_read_or_refused_in_one_line(kind: str, start: int, tmp_path: Path) -> None:
    ends = []
    for number in range(start, start + (AT_ONCE if kind == "zip" else 50)):
        path = tmp_path / f"{number}{'.zip' if kind == 'zip' else ''}"
        make(kind, number, path)
        ends.append(is_read_or_refused(path))
    assert {"read", "refused"} == set(ends)


def make(kind: str, number: int, path: Path) -> None:
    if kind == "zip":
        path.write_bytes(zip_mutant(number))
    else:
        folder_mutant(number, HOMEWORK, path)


@pytest.mark.parametrize("number", range(60))
@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.long_trial(0.02)
def test_the_whole_command_ends_by_the_contract(
    kind: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / f"hw{'.zip' if kind == 'zip' else ''}"
    make(kind, 7 * number, path)
    ended = run(monkeypatch, capfd, str(path), f"-o{tmp_path / 'out'}", "--notebooks=skip")
    assert ended.code in (0, 2), ended
    assert "Traceback" not in ended.err and ended.err.count("\n") == (ended.code == 2), ended
    if "grade them with `grade class" in ended.err:  # folders moved so that they read as a class
        assert not (tmp_path / "out").exists()
        return
    found = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert bool(found["submission"].get("refused")) == (ended.code == 2)
