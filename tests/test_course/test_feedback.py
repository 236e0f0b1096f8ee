"""Reports go home: each in the zip that an LMS takes back, and nothing of staff among them."""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from grader.course import feedback
from grader.course.store import Store
from tests.support.exports import canvas_name
from tests.support.graded import Upload, class_of, scored
from tests.test_course.test_gradebooks import ADA, GRACE, LI, TWO, ZOE, grade

SECRET = b"only for staff 8c1f"


def taught(tmp: Path, places: dict[object, str], kind: str, **more: Upload) -> Path:
    """Return a class whose uploads lay at some places of an export."""
    people = list(places)
    folder = class_of(tmp / "class", [(p, [more.get(p.login, scored(50.0))]) for p in people], kind)
    with Store(folder) as store, store.writing():
        rows = [(place, number) for number, place in enumerate(places.values(), start=1)]
        store.run("UPDATE attempt SET place = ? WHERE number = ?", rows)
    (folder / "staff" / "ada01").mkdir(parents=True)
    (folder / "staff" / "ada01" / "report.html").write_bytes(SECRET)
    return folder


def sent(folder: Path, kind: str, tmp: Path) -> tuple[dict[str, bytes], str]:
    """Return the files of the zip, and what was said."""
    out = tmp / "feedback.zip"
    done = grade("feedback", folder, "--for", kind, "-o", out)
    assert done.code == 0, done
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert all(SECRET not in data and b"policy" not in data for data in files.values())
    return files, done.out


# a name in Canvas's zip -> what goes back, "" if nothing can
CANVAS = {
    "lovelaceada_40101_990001_a2.zip": "lovelaceada_40101_990001_report.zip",
    "lovelaceada_LATE_40101_990001_a2-1.zip": "lovelaceada_LATE_40101_990001_report.zip",
    "40101_990001_a2.zip": "40101_990001_report.zip",
    "11_40101_990001_a2.zip": "40101_990001_report.zip",  # a student called =1+1
    "40101_40101_990001_a2.zip": "40101_990001_report.zip",  # one called 40101
    "anon_x_40101_990001_a2.zip": "40101_990001_report.zip",
    "team_7_40101_990001_a2.zip": "40101_990001_report.zip",
    "lovelaceada_40101_990001_a2.tar.gz": "lovelaceada_40101_990001_report.tar.gz",
    "lovelaceada_40101_990001_a2.tar-1.gz": "lovelaceada_40101_990001_report.tar.gz",
    "lovelaceada_40101_990001_layers.py": "",
    "lovelaceada_40101_text.html": "",
}


def canvas_reads(name: str) -> tuple[int, int] | None:
    """Return user and attachment as Canvas takes them from a name."""
    parts = [part for part in name.split("_") if part != "LATE"]
    digits = [int(part) for part in parts if part.isdigit()]
    return (digits[0], digits[1]) if len(digits) > 1 and parts[0] != "anon" else None


@pytest.mark.parametrize("entry", CANVAS)
def test_canvas_finds_user_and_attachment_and_gets_what_the_attachment_was(
    entry: str, tmp_path: Path
) -> None:
    folder = taught(tmp_path, {ADA: f"bulk.zip/{entry}", ZOE: "bulk.zip/z_40104_990009_a.zip"},
                    "canvas")  # fmt: skip
    files, said = sent(folder, "canvas", tmp_path)
    mine = [name for name in files if not name.startswith("z_")]
    assert mine == ([CANVAS[entry]] if CANVAS[entry] else [])
    assert ("Without (1)" in said) == (not CANVAS[entry])
    for name in mine:
        assert canvas_reads(name) == (40101, 990001)
        if name.endswith(".zip"):
            inner = zipfile.ZipFile(io.BytesIO(files[name])).read("report.html")
        else:
            opened = tarfile.open(fileobj=io.BytesIO(files[name])).extractfile("report.html")
            assert opened
            inner = opened.read()
        assert b"Lovelace, Ada" in inner


def test_hard_names_arrive_under_their_own_student(tmp_path: Path) -> None:
    people = (ADA, GRACE, ZOE, TWO, LI)
    places = {one: f"bulk.zip/{canvas_name(one.name)}_{one.id}_99{one.id}_a.zip" for one in people}
    files, _ = sent(taught(tmp_path, places, "canvas"), "canvas", tmp_path)
    assert {canvas_reads(name) for name in files} == {
        (int(one.id), int(f"99{one.id}")) for one in people
    }


def test_moodle_gets_participants_folders_and_is_told_of_teams(tmp_path: Path) -> None:
    places = {ADA: "m.zip/Ada Lovelace_40101", TWO: "m.zip/~a_b*_40106"}
    folder = taught(tmp_path, places, "moodle")
    with Store(folder) as store, store.writing():
        store.run("UPDATE student SET id = '' WHERE login = ?", [("two06",)])
    files, said = sent(folder, "moodle", tmp_path)
    assert list(files) == ["Ada Lovelace_40101_assignsubmission_file/report.html"]
    assert "handed in as a team" in said
    with Store(folder) as store, store.writing():
        store.run("UPDATE student SET id = '40106' WHERE login = ?", [("two06",)])
    files, _ = sent(folder, "moodle", tmp_path)
    parts = [name.split("/")[0].split("_", 4) for name in files]
    assert sorted(part[1] for part in parts) == ["40101", "40106"]
    assert all(part[2:4] == ["assignsubmission", "file"] for part in parts)
    assert not any(part[0].startswith(("~", ".")) or "*" in part[0] for part in parts)


FOLDERS = {
    "brightspace": ("b.zip/1-2 - Ada Lovelace - Mar 6, 2026 405 PM",
                    "1-2 - Ada Lovelace - Mar 6, 2026 405 PM/report.html"),
    "sakai": ("s.zip/A2/Lovelace, Ada(ada01)",
              "A2/Lovelace, Ada(ada01)/Feedback Attachment(s)/report.html"),
    "folder": ("x", "ada01/report.html"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOLDERS)
def test_other_systems_get_their_own_folders_back(kind: str, tmp_path: Path) -> None:
    place, name = FOLDERS[kind]
    files, _ = sent(taught(tmp_path, {ADA: place}, kind), kind, tmp_path)
    assert [one for one in files if one != "mail.csv"] == [name]
    if kind == "folder":
        assert b"ada01@school.example" in files["mail.csv"]


def test_a_page_goes_with_what_it_links_to_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(
        '<a href="#x">1</a><a href="Dropout.html">2</a><a href="../b/report.html">3</a>'
        '<a href="result.json">4</a><a href="https://x.org/">5</a><a href="gone.html">6</a>'
    )
    for name in ("Dropout.html", "result.json", "staff.html"):
        (tmp_path / name).write_text(name)
    assert set(feedback.files_of(tmp_path)) == {"report.html", "Dropout.html"}


def test_who_has_no_report_is_told_why(tmp_path: Path) -> None:
    places = {ADA: "b.zip/lovelaceada_40101_990001_a2.zip", ZOE: "b.zip/z_40104_990009_a.zip"}
    folder = taught(tmp_path, places, "canvas", zoe04=scored(1, status="refused"))
    files, said = sent(folder, "canvas", tmp_path)
    assert len(files) == 1 and "O'Brien, Zoë (zoe04, 40104): no report, cannot be" in said
    files, _ = sent(folder, "folder", tmp_path)
    rows = list(csv.DictReader(io.StringIO(files["mail.csv"].decode())))
    assert [(row["login"], row["report"], bool(row["note"])) for row in rows] == [
        ("ada01", "ada01/report.html", False), ("zoe04", "", True)
    ]  # fmt: skip


def test_what_course_toml_says_is_in_the_pages_that_go(tmp_path: Path) -> None:
    place = {ADA: "b.zip/lovelaceada_40101_990001_a2.zip"}
    folder = taught(tmp_path, place, "folder", ada01=scored(50.0, at="2026-03-07T12:00:00Z"))
    toml = "[late]\ndue = 2026-03-07T00:00:00Z\npenalty = 10\n"
    for penalty, says in (("10", b"Counts as 43.6."), ("20", b"Counts as 37.2.")):
        (folder / "course.toml").write_text(toml.replace("10", penalty))
        files, _ = sent(folder, "folder", tmp_path)
        assert says in files["ada01/report.html"]
        assert files["ada01/report.html"].count(b"Counts as") == 1
