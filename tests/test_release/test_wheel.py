"""The wheel: it holds all that grading reads, asks for all that it imports, and grades anywhere."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.box.plan import NOTEBOOK_PACKAGES
from tests.support import bytecode, short_run

ROOT = Path(__file__).resolve().parents[2]
WHERE = "from grader import resources; print(resources.home())"
DATA = "grader/data/"
SHIPPED = ("rubrics", "reference", "student_template", "docs")
LOCKS = tuple(f"requirements{part}.lock" for part in ("", "-build", "-class", "-dev"))
DEMO = str(ROOT / "demo" / "submission")
READS_ANSWERS = """

def relu_forward(x):
    import os
    opened = []
    for folder, _, names in os.walk({place!r}):
        opened += names
    for path in {known!r}:
        try:
            opened.append(open(path, "rb").read(1))
        except OSError:
            pass
    raise ValueError("opened %d of {count}" % len(opened))
"""
ARCHIVES = """
import hashlib
from grader import resources
from grader.release import bundle
source = bundle.ReleaseInputs(resources.assignment("cs231n-a2"), resources.home())
print(source.home)
for name, make in bundle.FOR_STAFF.items():
    print(name, hashlib.sha256(make(source)).hexdigest())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source archive as `python -m build` does."""
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*argv, "--no-compile", "--target", str(folder), str(wheel)], check=True)
    bytecode.lend(folder / "grader")
    return folder


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def python(
    folder: Path, place: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in `place` with the grader of `folder`."""
    known = {name: value for name, value in os.environ.items() if name != "BACKGRADE_HOME"}
    return subprocess.run(
        [sys.executable, "-P", *words], cwd=place, capture_output=True, text=True,
        env={**known, "PYTHONPATH": str(folder), **environment},
    )  # fmt: skip


def graded(folder: Path, place: Path, submission: str, *items: str) -> dict[str, Any]:
    """Grade a submission by these items, or by all in a whole run; return result.json."""
    only = [] if short_run.EVERYTHING else ["--only", ",".join(items)]
    done = python(folder, place, "-m", "grader", submission, "-o", "out", "--no-cache", *only)
    assert done.returncode == 0, done.stderr
    assert (place / "out" / "report.html").stat().st_size > 10_000
    result: dict[str, Any] = json.loads((place / "out" / "result.json").read_bytes())
    del result["measured"]
    return result


def dist(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# ------------------------------------------------------------------------------ what it holds


def test_it_holds_what_grading_reads_as_in_the_checkout_and_nothing_else(wheel: Path) -> None:
    paths = [path for name in SHIPPED for path in (ROOT / name).rglob("*") if path.is_file()]
    paths = [path for path in paths if "__pycache__" not in path.parts]
    paths.append(ROOT / "requirements.lock")
    expected = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
    assert {"rubrics", "reference/golden", "student_template/cs231n"} <= {
        os.path.dirname(name) for name in expected
    }
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        found = {
            name.removeprefix(DATA): archive.read(name) for name in names if name.startswith(DATA)
        }
    assert found == expected
    version = f"backgrade-{grader.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"grader", version}
    assert f"{version}/licenses/LICENSE" in names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "grader").rglob("*.py")}
    assert {name for name in names if name.endswith(".py") and not name.startswith(DATA)} == modules


def test_it_says_its_version_and_its_licence(wheel: Path) -> None:
    said = metadata(wheel)
    assert said["Version"] == grader.__version__
    assert said["License-Expression"] == "MIT"
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_all_that_the_grader_imports_is_a_dependency_and_is_locked(wheel: Path) -> None:
    needs = metadata(wheel).get_all("Requires-Dist") or []
    declared = {dist(re.split(r"[^\w.-]", need)[0]) for need in needs if "extra ==" not in need}
    extras = {
        extra: {dist(re.split(r"[^\w.-]", need)[0]) for need in needs if f"'{extra}'" in need}
        for extra in ("class", "desk")
    }
    of_extras = set.union(*extras.values())
    names: set[str] = set()
    for path in (ROOT / "grader").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    owners = importlib.metadata.packages_distributions()
    imported = {dist(owners[name][0]) for name in names - sys.stdlib_module_names - {"grader"}}
    assert {"numpy", "typing-extensions"} <= imported
    assert imported - of_extras | set(NOTEBOOK_PACKAGES) <= declared
    assert declared <= set(locked("requirements.lock"))
    assert extras == {"class": {"distributed"}, "desk": {"starlette", "uvicorn"}}
    assert of_extras <= set(locked("requirements-class.lock"))


# ------------------------------------------------------------------------------ what it does


def test_it_grades_from_an_empty_folder_what_a_checkout_grades(
    installed: Path, tmp_path: Path
) -> None:
    found = {}
    for name, folder in (("wheel", installed), ("checkout", ROOT)):
        (tmp_path / name).mkdir()
        where = python(folder, tmp_path, "-c", WHERE)
        home = installed / "grader" / "data" if name == "wheel" else ROOT
        assert where.stdout.strip() == str(home)
        found[name] = graded(folder, tmp_path / name, DEMO, "adam", "affine_backward")
    assert found["wheel"] == found["checkout"]
    assert 0 < found["wheel"]["score"]["earned"] < found["wheel"]["score"]["possible"]


def test_student_code_reads_no_answer_of_the_installed_package(
    installed: Path, tmp_path: Path
) -> None:
    place = installed / "grader" / "data"
    known = [str(path) for path in place.rglob("*") if path.is_file()]
    shutil.copytree(DEMO, tmp_path / "hw")
    layers = tmp_path / "hw" / "cs231n" / "layers.py"
    reads = READS_ANSWERS.format(place=str(place), known=known, count=len(known))
    layers.write_text(layers.read_text() + reads)
    result = graded(installed, tmp_path, "hw", "relu_forward")
    assert result["box"]["isolated"] is True
    (item,) = (item for item in result["items"] if item["id"] == "relu_forward")
    assert f"opened 0 of {len(known)}" in json.dumps(item)


def test_it_releases_the_same_bytes_as_a_checkout(installed: Path, tmp_path: Path) -> None:
    lines = [
        python(folder, tmp_path, "-c", ARCHIVES).stdout.splitlines() for folder in (installed, ROOT)
    ]
    assert lines[0][0] != lines[1][0]
    assert len(lines[0]) == 3 and lines[0][1:] == lines[1][1:]


def test_answers_are_built_in_a_copy_and_not_inside_the_package(
    installed: Path, tmp_path: Path
) -> None:
    for command in ("build", "curves"):
        done = python(installed, tmp_path, "-m", "grader", "fixtures", command)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        assert str(installed / "grader" / "data") in done.stderr
        assert "BACKGRADE_HOME" in done.stderr
    copied = tmp_path / "mine"
    shutil.copytree(installed / "grader" / "data", copied)
    script = "from grader import resources; print(resources.home_to_change())"
    done = python(installed, tmp_path, "-c", script, BACKGRADE_HOME=str(copied))
    assert done.stdout.strip() == str(copied)


# ------------------------------------------------------------------------------ how it is set up


def locked(name: str) -> dict[str, str]:
    """Return the versions that a lock file names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {dist(one): version for one, version in re.findall(r"^([\w.-]+)==([^ ;]+)", text, re.M)}


def test_the_locks_agree_and_name_no_machine_and_no_host() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert {re.split(r"[^\w.-]", need)[0] for need in build["requires"]} <= set(locked(LOCKS[1]))
    everything = locked(LOCKS[2])
    for name in LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.startswith("#") and "make lock" in text.splitlines()[1]
        assert not re.search(r"://|^\s*-i|^\s*--(?!hash)|/tmp|/home|/root|/work", text, re.M), name
        pinned = locked(name)
        both = set(pinned) & set(everything)
        assert {key: pinned[key] for key in both} == {key: everything[key] for key in both}


@pytest.mark.parametrize(("version", "code"), [((3, 10, 14), 2), ((3, 11, 0), 0), ((3, 13, 0), 0)])
def test_a_python_that_is_too_old_is_told_before_anything_is_made(
    version: tuple[int, ...], code: int, tmp_path: Path
) -> None:
    """With a Python that says it is another version; it makes no environment."""
    script = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" -c "{script}" "$2"\n:\n')
    fake.chmod(0o755)
    venv = tmp_path / "venv"
    argv = ["make", "--silent", f"PYTHON={fake}", f"VENV={venv}", f"{venv}/bin/python"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(told) == bool(code) and not venv.exists()
    if code:
        assert "Python 3.10" in told[0] and "3.11" in told[0] and "make PYTHON=" in told[0]
