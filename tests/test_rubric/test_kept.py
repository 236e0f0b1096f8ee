"""A rubric that was read once is found again, unless anything that decides it has changed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import resources
from grader.rubric import kept
from grader.rubric.reading import read_rubric

SHIPPED = sorted(path.stem for path in (resources.home() / "rubrics").glob("*.toml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the shipped rubrics, where Python may write what it compiles."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    ignore = shutil.ignore_patterns(kept.FOLDER)
    return shutil.copytree(resources.home() / "rubrics", tmp_path / "rubrics", ignore=ignore)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_kept_is_what_was_read(name: str, folder: Path) -> None:
    read = read_rubric(folder / f"{name}.toml")
    assert kept.find(folder / f"{name}.toml") == (read.table, read.sha256)
    again = read_rubric(folder / f"{name}.toml")
    assert (again.table, again.sha256, again.place) == (read.table, read.sha256, read.place)


def test_nothing_is_validated_again_where_it_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "cs231n-a2.toml"
    read_rubric(path)
    monkeypatch.setitem(sys.modules, "grader.rubric.validation", None)  # importing it fails
    assert read_rubric(path).table.id == "cs231n-a2"


@pytest.mark.parametrize(
    "changed", ["cs231n-a2-2026.toml", "cs231n-a2.toml", "cs231n-a2/dropout.toml"]
)
def test_a_change_of_any_file_behind_it_is_seen(changed: str, folder: Path) -> None:
    path = folder / "cs231n-a2-2026.toml"
    read_rubric(path)
    assert kept.find(path) is not None
    with (folder / changed).open("a") as file:
        file.write("\n")
    assert kept.find(path) is None


def test_a_change_of_the_code_that_reads_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "cs231n-a2.toml"
    read_rubric(path)
    monkeypatch.setattr(kept, "_code", lambda: "another")
    assert kept.find(path) is None


def test_the_code_that_reads_is_all_there() -> None:
    names = {path.name for path in kept._sources()}
    assert {"records.py", "checks.py", "validation.py", "operations.py", "tolerances.py"} <= names


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "no JSON": lambda data: b"\xff" + data,
    "another record": lambda data: data.replace(b'"RubricFile"', b'"Section"'),
    "no record of ours": lambda data: data.replace(b'"RubricFile"', b'"object"'),
    "a field that is none": lambda data: data.replace(b'"follow_through"', b'"follow"'),
    "two things in one": lambda data: b'{"dict": [], "tuple": []}',
    "a list": lambda data: b"[]",
    "nested deeply": lambda data: b"[" * 100_000,
    "no files": lambda data: json.dumps({"dict": [["files", {"dict": []}]]}).encode(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_read_again(damage: Callable[[bytes], bytes], folder: Path) -> None:
    path = folder / "cs231n-a2.toml"
    read = read_rubric(path)
    place = kept._place(path)
    place.write_bytes(damage(place.read_bytes()))
    assert kept.find(path) is None
    assert read_rubric(path).table == read.table
    assert kept.find(path) == (read.table, read.sha256)


def test_it_is_kept_by_the_rules_of_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "cs231n-a2.toml"
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    read_rubric(path)
    assert not (folder / kept.FOLDER).exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (folder / kept.FOLDER).write_text("no folder")
    read_rubric(path)  # nothing can be kept there, and nobody hears of it
    assert kept.find(path) is None


def test_nobody_may_read_it_who_may_not_read_every_file_behind_it(folder: Path) -> None:
    path = folder / "cs231n-a2.toml"
    path.chmod(0o664)
    (folder / "cs231n-a2" / "dropout.toml").chmod(0o640)
    read_rubric(path)
    assert kept._place(path).stat().st_mode & 0o777 == 0o640
    assert [one.name for one in (folder / kept.FOLDER).iterdir()] == [kept._place(path).name]
