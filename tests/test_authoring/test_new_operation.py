"""A new operation is one probe, one row and one item: everything else follows from these."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import pages, student_folder

LAYERS = '''
def conv_forward(x, w, conv_param):
    """Slide the weights w over each row of x.

    Inputs:
    - x: (N, D)
    - w: (K,)
    - conv_param: dictionary with the key stride

    Returns a tuple of:
    - out: (N, 1 + (D - K) // stride)
    - cache: nothing
    """
    # BEGIN SOLUTION
    stride = conv_param["stride"]
    starts = range(0, x.shape[1] - len(w) + 1, stride)
    out = np.stack([(x[:, s : s + len(w)] * w).sum(axis=1) for s in starts], axis=1)
    return out, None
    # END SOLUTION
'''
PROBE = '''"""Sliding weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.guest.probes.nn import Implementation


def conv_forward(nn: Implementation, x: np.ndarray, w: np.ndarray, stride: int) -> dict[str, Any]:
    """x (N, D), w (K,) -> out (N, 1 + (D - K) // stride)."""
    return {"out": nn.conv_forward(x, w, {"stride": stride})[0]}
'''
ROW = """    Operation(
        "conv_forward", ("x", "w"), settings="conv_param",
        minimal={"conv_forward": (
            Small("1x2", {"x": "1x2", "w": "2"}, {"stride": 1}),
            Small("1x4", {"x": "1x4", "w": "2"}, {"stride": 2}),
        )},
    ),
"""
ITEM = """
[[items]]
id = "conv_forward"
section = "layers"
title = "Sliding weights, forward"
where = "layers.py: conv_forward"
points = 2
probe = "conv.conv_forward"
parts = [{ id = "out", points = 2, about = "the weights slide over each row" }]
cases = [
  { id = "rows", public = true, inputs = { x = "3x5", w = "2" }, options = { stride = 1 } },
  { id = "steps", inputs = { x = "4x9", w = "3" }, options = { stride = 2 } },
]
hints = ["Which numbers of a row does the second output see?"]
"""
RUBRIC = (
    """format = 1
id = "cs231n-a2"
title = "One sliding layer"
years = "2018-2020"
seed = "seven yellow doors"

[[sections]]
id = "layers"
title = "Layers"
"""
    + ITEM
)
MISTAKE = """[[mistakes]]
id = "turned-round"
says = "The weights are turned round."
formula = "out[n, i] = sum_k x[n, i * stride + k] * w[k]"
hints = ["Which weight meets the first number of a row?", "As in a sum.", "Without [::-1]."]
fails.conv_forward = ["out"]
change.conv_forward = [['* w).sum', '* w[::-1]).sum']]
"""
WRONG = """import numpy as np


def conv_forward(x, w, conv_param):
    starts = range(0, x.shape[1] - len(w) + 1, conv_param["stride"])
    out = np.stack([(x[:, s : s + len(w)] * w[::-1]).sum(axis=1) for s in starts], axis=1)
    return out, None
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository that asks for the new operation, and nothing else."""
    place = pages.copy_of_the_repository(tmp_path_factory.mktemp("clone") / "backgrade")
    (place / "grader/guest/probes/conv.py").write_text(PROBE)
    rows = place / "grader/guest/operations.py"
    rows.write_text(rows.read_text().replace("ROWS = (\n", f"ROWS = (\n{ROW}", 1))
    with (place / "reference/cs231n/layers.py").open("a") as file:
        file.write(f"\n{LAYERS}")
    for path in (place / "rubrics").glob("*.toml"):
        path.unlink()
    (place / "rubrics/cs231n-a2.toml").write_text(RUBRIC)
    notebooks = (*(place / "reference").glob("*.py"), *(place / "student_template").glob("*.ipynb"))
    for path in (*(place / "reference/misconceptions").glob("*.toml"), *notebooks):
        path.unlink()
    (place / "reference/misconceptions/conv_forward.toml").write_text(MISTAKE)
    (place / "reference/equivalent.toml").write_text("")
    return place


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "grader", *words], cwd=place, capture_output=True, text=True,
        env={"PYTHONPATH": str(place), "PATH": "/usr/bin:/bin", "HOME": str(place)},
    )  # fmt: skip


def test_it_is_built_checked_graded_shown_small_and_self_checked(place: Path) -> None:
    for words in (("fixtures", "build"), ("release", "student_template", "--template")):
        assert run(place, *words).returncode == 0, words
    linted = run(place, "lint")
    assert linted.returncode == 0, linted.stdout

    wrong = place / "wrong" / "cs231n"
    wrong.mkdir(parents=True)
    (wrong / "layers.py").write_text(WRONG)
    assert run(place, "wrong", "-o", "graded").returncode == 0
    (item,) = json.loads((place / "graded/result.json").read_bytes())["items"]
    assert (item["status"], item["earned"]) == ("failed", 0.0)
    assert item["cause"]["id"] == "conv_forward/turned-round" and item["cause"]["certain"]
    assert item["smallest"]["case"] == "conv_forward/small_1x2"
    shown = printed(item["smallest"]["snippet"], wrong.parent)
    assert shown["yours"] != shown["expected"]

    assert run(place, "release", "--quick", "release").returncode == 0
    with zipfile.ZipFile(place / "release/student.zip") as archive:
        archive.extractall(place / "students")
    student = place / "students" / "cs231n-a2"
    (student / "cs231n/layers.py").write_text(WRONG)
    checked = student_folder.run(student, "selfcheck.py")
    assert checked.rows["conv_forward"].startswith("no") and checked.code == 1
    assert "The weights are turned round" in checked.out


def printed(snippet: str, folder: Path) -> dict[str, str]:
    """Run the lines of a smallest case where the submission lies; return what they print."""
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=folder, capture_output=True, text=True, check=True
    )
    lines = done.stdout.split("\n")
    at = lines.index("expected:")
    return {"yours": "".join(lines[1:at]), "expected": "".join(lines[at + 1 :])}


def test_a_probe_without_a_row_is_told_where_it_belongs(place: Path) -> None:
    rows = place / "grader/guest/operations.py"
    with_row = rows.read_text()
    rows.write_text(with_row.replace(ROW, ""))
    try:
        built = run(place, "fixtures", "build")
    finally:
        rows.write_text(with_row)
    assert built.returncode == 2
    assert "'conv.conv_forward'" in built.stderr and "grader/guest/operations.py" in built.stderr
