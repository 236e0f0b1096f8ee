"""gradescope.zip, unpacked as Gradescope does, run by its own scripts below a folder of the tests.

results.json is there whatever happens, with the right points, and without a number where there is
no grade.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader import resources
from grader.errors import UsageError
from grader.release import bundle, gradescope
from grader.release.bundle import ReleaseInputs
from grader.release.bundle import zipped as pack
from grader.release.gradescope import SCRIPTS
from tests.support import bytecode, formats, handed_in, hostile

ROOT = Path(__file__).resolve().parents[2]
BASH = shutil.which("bash") or "bash"
IS_ROOT = os.geteuid() == 0
RIGHT = dict(handed_in.reference().files)
WRONG_DB = {
    **RIGHT,
    "cs231n/layers.py": RIGHT["cs231n/layers.py"].replace(
        b"db = dout.sum(axis=0)\n", b"db = dout.mean(axis=0)\n", 1
    ),
}
CODE_POINTS = 64.0


@dataclass(frozen=True)
class Place:
    """A folder that stands for /autograder."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "source" / "backgrade"

    def grade(
        self, files: dict[str, bytes], box: str = "auto", notebooks: str = "skip"
    ) -> tuple[int, Any, str]:
        """Hand in, run the autograder; return its exit code, results.json and what it printed.

        `box` and `notebooks` are put where run_autograder has what people may change.
        """
        shutil.rmtree(self.root / "submission", ignore_errors=True)
        shutil.rmtree(self.root / "results", ignore_errors=True)
        (self.root / "submission").mkdir()
        for name, data in files.items():
            path = self.root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        script = self.root / "run_autograder"
        text = (self.root / "source" / "run_autograder").read_text(encoding="utf-8")
        for shipped, wanted in (
            ("BOX=auto ", f"BOX={box} "),
            ("NOTEBOOKS=run ", f"NOTEBOOKS={notebooks} "),
        ):
            assert text.count(f"\n{shipped}") == 1
            text = text.replace(shipped, wanted)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
        done = subprocess.run(
            [script], cwd=self.root, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(self.root)},
        )  # fmt: skip
        results = json.loads((self.root / "results" / "results.json").read_bytes())
        jsonschema.validate(results, formats.GRADESCOPE)
        return done.returncode, results, done.stdout + done.stderr


@pytest.fixture(scope="module")
def zipped() -> bytes:
    return bundle.gradescope_zip(ReleaseInputs(resources.assignment("cs231n-a2"), resources.home()))


@pytest.fixture(scope="module")
def place(zipped: bytes) -> Iterator[Place]:
    """The zip unpacked where anybody may enter, with this Python in the place of setup.sh's."""
    root = Path(tempfile.mkdtemp(prefix="autograder-"))
    root.chmod(0o755)
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        archive.extractall(root / "source")
    for name in SCRIPTS:
        (root / "source" / name).chmod(0o755)
    bytecode.lend(root / "source" / "backgrade" / "grader")
    venv = root / "source" / "backgrade" / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (venv / "bin" / "python").chmod(0o755)
    yield Place(root)
    shutil.rmtree(root)


def lost(results: Any) -> dict[str, float]:
    """Return what each test is short of, where it is short of anything."""
    return {
        test["extra_data"]["item"]: test["max_score"] - test["score"]
        for test in results["tests"]
        if "score" in test and test["score"] != test["max_score"]
    }


def test_the_zip_is_the_same_bytes_again_and_has_what_gradescope_looks_for(zipped: bytes) -> None:
    assert (
        bundle.gradescope_zip(ReleaseInputs(resources.assignment("cs231n-a2"), resources.home()))
        == zipped
    )
    assert len(zipped) < 3_000_000
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        at_root = {name for name in archive.namelist() if "/" not in name}
        assert at_root == {"setup.sh", "run_autograder"}
        for name in at_root:
            assert stat.S_IMODE(archive.getinfo(name).external_attr >> 16) == 0o755
            text = archive.read(name)
            assert text.startswith(b"#!/usr/bin/env bash\n") and b"\r" not in text
        assert b"\nRUBRIC=cs231n-a2\n" in archive.read("run_autograder")
        assert not [name for name in archive.namelist() if "__pycache__" in name]


def test_a_right_submission_gets_every_point(place: Place) -> None:
    code, results, said = place.grade(RIGHT)
    assert (code, results["score"], lost(results)) == (0, CODE_POINTS, {})
    assert results["visibility"] == "visible"
    assert results["extra_data"]["box"]["isolated"] is True
    assert "64 of 64 points" in results["output"] and "64 of 64 points" in said
    graded = json.loads((place.root / "results" / "report" / "result.json").read_bytes())
    assert results["score"] == graded["score"]["earned"]


def test_notebooks_that_are_missing_cost_their_points_unless_they_are_skipped(place: Place) -> None:
    code, results, _ = place.grade(RIGHT, notebooks="run")
    assert (code, results["score"], results["extra_data"]["possible"]) == (0, CODE_POINTS, 100)
    assert sum(lost(results).values()) == pytest.approx(100 - CODE_POINTS)
    for test in results["tests"]:
        name = test["extra_data"]["item"]
        assert ("was not handed in" in test["output"]) is (name in lost(results))


def test_a_wrong_one_loses_the_wrong_part_and_is_told_why(place: Place) -> None:
    """As a zip in the folder, which is how an upload that was not unpacked looks."""
    code, results, _ = place.grade({"hw.zip": pack(WRONG_DB)})
    (points,) = lost(results).values()
    assert set(lost(results)) == {"affine_backward"} and points > 0
    assert (code, results["score"]) == (0, CODE_POINTS - points)
    (test,) = [one for one in results["tests"] if one["extra_data"]["item"] == "affine_backward"]
    assert test["status"] == "failed" and "db" in test["output"]
    assert f"Not earned: the gradient with respect to b, {points:g} point" in test["output"]


def test_a_hostile_one_gets_its_true_score(place: Place) -> None:
    one = hostile.attack(hostile.HOSTILE / "golden_read.py")
    code, results, _ = place.grade(dict(one.submission.files))
    assert code == 0 and set(lost(results)) == {"affine_forward"}
    (test,) = [one for one in results["tests"] if one["extra_data"]["item"] == "affine_forward"]
    assert "no golden file here" in test["output"]


READS = b"""

def relu_forward(x):
    through = []
    for path in %r:
        try:
            with open(path, "rb+" if "results" in path else "rb") as file:
                file.read(1)
            through.append(path)
        except OSError:
            pass
    assert through == %r, through
    return np.maximum(0, x), x
"""
BOXES = [
    "auto",
    pytest.param("none", marks=pytest.mark.skipif(not IS_ROOT, reason="only root can close files")),
]


@pytest.mark.parametrize("box", BOXES)
def test_student_code_opens_no_answer_and_no_result(box: str, place: Place) -> None:
    """Without a box it is the files' own mode that keeps it out, so the control can be read."""
    files = (
        "reference/golden/manifest.json", "reference/golden/adam.npy", "reference/cs231n/layers.py",
        "rubrics/cs231n-a2.toml", "../../results/results.json",
    )  # fmt: skip
    control = str(place.home / "student_template" / "cs231n" / "layers.py")
    paths = [str(place.home / name) for name in files]
    for path in paths[:-1]:
        assert os.path.exists(path)
    read = READS % ([*paths, control], [control] if box == "none" else [])
    layers = RIGHT["cs231n/layers.py"] + read
    code, results, _ = place.grade({**RIGHT, "cs231n/layers.py": layers}, box)
    assert (code, lost(results)) == (0, {})
    assert ("Not isolated" in results["output"]) is (box == "none")


UNREADABLE = {
    "a broken zip": ({"hw.zip": pack(RIGHT)[:-3000]}, "hw.zip"),
    "no layers.py": ({"essay.txt": b"I like nets", "optim.py": b"x = 1\n"}, "layers.py"),
    "nothing": ({}, ""),
    "a picture that is called zip": ({"hw.zip": b"\x89PNG" + bytes(400)}, "hw.zip"),
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(("files", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_one_is_told_what_to_do_and_gets_no_number(
    files: dict[str, bytes], says: str, place: Place
) -> None:
    code, results, said = place.grade(files)
    assert code == 0 and not formats.gradescope_has_a_grade(results)
    (test,) = results["tests"]
    assert test["status"] == "failed" and says in test["output"]
    assert results["output"] == f"Nothing was graded. {test['output']}"
    assert "Traceback" not in said and test["output"] in said


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


CRASHES = {
    "golden answers that are cut": ("reference/golden/manifest.json", cut),
    "a rubric that is missing": ("rubrics/cs231n-a2.toml", Path.unlink),
    "a Python that is missing": ("venv/bin/python", Path.unlink),
    "a grader that is killed": (
        "venv/bin/python", lambda path: path.write_text("#!/bin/sh\nkill -9 $$\n")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "spoil"), CRASHES.values(), ids=CRASHES)
def test_when_the_grader_fails_results_json_says_so_without_any_number(
    name: str, spoil: Any, place: Place
) -> None:
    path = place.home / name
    data, mode = path.read_bytes(), path.stat().st_mode
    try:
        spoil(path)
        code, results, _ = place.grade(RIGHT)
    finally:
        path.write_bytes(data)
        path.chmod(mode)
    assert code != 0 and not formats.gradescope_has_a_grade(results)
    assert results["output"].startswith("The grader itself failed. This is no fault of the sub")


def test_a_rubric_that_would_not_be_in_the_zip_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    shutil.copy(ROOT / "rubrics" / "cs231n-a2.toml", own)
    with pytest.raises(UsageError, match="own.toml: gradescope.zip takes rubrics of .*copy it"):
        gradescope.files(ROOT, own)


# --- setup.sh, with programs that only write down what they are asked

PYTHON = """#!{bash}
echo "$(basename "$0") $*" >> {log}
if [ "$1" = -m ] && [ "$2" = venv ]; then {mkdir} -p "$3/bin"; {cp} "$0" "$3/bin/python"; fi
"""
APT = """#!{bash}
echo "apt-get $*" >> {log}
for word in "$@"; do
  if [ "$word" = "{installs}" ]; then {cp} {bin}/template {bin}/"$word"; exit 0; fi
done
[ "$1" = update ]
"""


@pytest.mark.parametrize(
    ("there", "installs", "code", "did"),
    [
        (["python3.12", "bwrap"], "", 0, ["python3.12 -m venv", "python -m pip install"]),
        (["python3.11", "python3.13", "bwrap"], "", 0, ["python3.13 -m venv"]),
        (["python3.12"], "bubblewrap", 0, ["apt-get install", "python3.12 -m venv"]),
        (["bwrap"], "python3.11", 0, ["apt-get update", "python3.11 -m venv"]),
        (["bwrap"], "", 1, ["apt-get update", "apt-get install"]),
    ],
)
def test_setup_makes_one_python_with_what_the_lock_names(
    there: list[str], installs: str, code: int, did: list[str], tmp_path: Path
) -> None:
    bin_, log = tmp_path / "bin", tmp_path / "log"
    bin_.mkdir()
    words = {name: shutil.which(name) for name in ("bash", "mkdir", "cp", "basename")}
    for name, text in (("template", PYTHON), ("apt-get", APT)):
        (bin_ / name).write_text(text.format(**words, log=log, bin=bin_, installs=installs))
        (bin_ / name).chmod(0o755)
    for name in there:
        shutil.copy(bin_ / "template", bin_ / name)
    (bin_ / "basename").symlink_to(str(words["basename"]))
    source = tmp_path / "source" / "backgrade"
    source.mkdir(parents=True)
    done = subprocess.run(
        [BASH, ROOT / "grader" / "release" / "handout" / "gradescope" / "setup.sh"],
        env={"PATH": str(bin_), "AUTOGRADER_ROOT": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    lines = log.read_text(encoding="utf-8").splitlines()
    for start in did:
        assert any(line.startswith(start) for line in lines), lines
    if code:
        assert "no Python 3.11 to 3.13 here, and none to install" in done.stderr
    else:
        assert f"--require-hashes -r {source}/requirements.lock" in lines[-2]
        assert lines[-1] == f"python -m compileall -q {source}/grader"
        assert (source / "venv" / "bin" / "python").exists()
