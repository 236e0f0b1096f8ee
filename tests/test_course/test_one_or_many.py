"""`grade SUBMISSION` knows a class when it sees one, and takes no student's homework for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli import places
from grader.cli.single import _read
from grader.course import sources
from grader.errors import UnusableSubmission
from tests.support import exports
from tests.support.exports import ADA, GRACE, homework, package, spread, written
from tests.test_submission import test_archive, test_intake

ROOT = Path(__file__).resolve().parents[2]


def twice(one: str, other: str) -> dict[str, bytes]:
    """Return two folders with a homework each."""
    return {f"{name}/{path}": data for name in (one, other) for path, data in package().items()}


CLASSES = {
    "a Canvas export": exports.canvas([(ADA, {"a2.zip": homework()}), (GRACE, {"b.py": b"#"})]),
    "zips": {"ada.zip": homework(), "grace.zip": homework()},
    "folders": twice("ada", "grace"),
    "folders of numbers": twice("20261234", "20261235"),
    "folders of names": twice("Ada Lovelace", "Grace Hopper"),
    "one zip, one folder": {"ada.zip": homework(), **twice("bob", "eve")},
    "groups": twice("team_7", "team_8"),
    "laid out in many ways": {
        "ada/layers.py": b"#",
        "bob/a2/cs231n/layers.py": b"#",
        "eve/cs231n/layers.py": b"#",
    },
    "within a folder": {f"class/{path}": data for path, data in twice("ada", "eve").items()},
}
ONE = {
    "copies": {**package(), **twice("old", "new (2)")},
    "versions": twice("assignment2", "assignment2_final"),
    "versions with a name": twice("ada_a2", "ada_a2_v2"),
    "a backup": twice("cs231n", "backup-2026-03-06"),
    "course and year": twice("spring1718_assignment2", "cs682_hw2"),
    "itself as a zip": {**package(), "submission.zip": homework()},
    "a zip and a backup": {"a2.zip": homework(), "a2_old.zip": homework()},
    "another package inside": {**package(), "mytorch/layers.py": b"#", "Dropout.ipynb": b"{}"},
    "a wrapper": {f"ada/{path}": data for path, data in {**package(), "x/y.py": b""}.items()},
    "a friend's file": {**package(), "bob.zip": homework(), "Dropout.ipynb": b"{}"},
    "names like a Canvas export's": {"hw_1_2_layers.py": b"#", "hw_1_2_optim.py": b"#"},
}


@pytest.mark.parametrize("what", CLASSES)
@pytest.mark.parametrize("name", ["class", "class.zip"])
def test_a_class_is_no_submission(what: str, name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name, CLASSES[what])
    students = sources.students_in(path)
    assert students >= 2
    with pytest.raises(UnusableSubmission, match=f"this holds {students} students; .* class"):
        _read(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ONE)
@pytest.mark.parametrize("name", ["hw", "hw.zip"])
def test_one_homework_is_no_class(what: str, name: str, tmp_path: Path) -> None:
    assert sources.students_in(written(tmp_path / name, ONE[what])) < 2


def test_no_known_submission_is_a_class(tmp_path: Path) -> None:
    known = [path.parent for path in (ROOT / "tests" / "submissions").rglob("layers.py")]
    folders = {*known, *(path.parent for path in known), ROOT / "demo" / "submission"}
    assert len(folders) > 20
    assert [str(path) for path in folders if sources.students_in(path) > 1 and _one(path)] == []
    for number, (paths, *_) in enumerate(test_intake.LAYOUTS.values()):
        assert sources.students_in(spread(tmp_path / f"hw{number}", dict.fromkeys(paths, b"#"))) < 2


def _one(path: Path) -> bool:
    """Return whether a folder under tests/submissions is one submission, and no shelf of them."""
    return path.name not in ("accepted", "hostile", "lazy", "wrong", "submissions")


@pytest.mark.parametrize("what", test_archive.REFUSED)
def test_no_hostile_zip_breaks_the_count(what: str, tmp_path: Path) -> None:
    path = tmp_path / "hw.zip"
    path.write_bytes(test_archive.REFUSED[what][0])
    assert sources.students_in(path) < 2


# ---------------------------------------------------------------------- where the result goes


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return the uploads of two students, both called submission.zip."""
    monkeypatch.chdir(tmp_path)
    files = {f"{name}/submission.zip": homework(name) for name in ("ada", "grace")}
    spread(tmp_path, files)
    return Path("ada/submission.zip"), Path("grace/submission.zip")


def test_two_uploads_of_one_name_get_folders_of_their_own(two: tuple[Path, Path]) -> None:
    ada, grace = two
    assert places.default(grace, claim=False) == Path("graded/submission")
    assert not Path("graded").exists()
    assert places.default(ada, claim=True) == Path("graded/submission")
    assert places.default(grace, claim=False) == Path("graded/grace-submission")
    assert places.default(grace, claim=True) == Path("graded/grace-submission")
    spread(Path("x"), {"grace/submission.zip": b""})
    third = places.default(Path("x/grace/submission.zip"), claim=True)
    assert third.name.startswith("submission-") and len(third.name) == 19
    # a new upload in the same place is the same student's
    ada.write_bytes(b"changed")
    assert places.default(ada.resolve(), claim=True) == Path("graded/submission")
    assert places.default(grace, claim=True) == Path("graded/grace-submission")


def test_what_o_wrote_is_nobodys(two: tuple[Path, Path]) -> None:
    spread(Path("graded/submission"), {"result.json": b"{}"})
    assert places.default(two[1], claim=True) == Path("graded/grace-submission")
