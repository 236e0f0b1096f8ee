"""Every upload of an export is under the right student, or is in the list of problems."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from grader.course import roster, sources
from grader.course.records import Found
from grader.errors import UsageError
from tests.support import exports
from tests.support.exports import ADA, ALAN, GRACE, HOSTILE, Student, homework, written

EVERYBODY = (ADA, GRACE, ALAN, *HOSTILE)


def uploads_of(found: Found) -> dict[str, list[str]]:
    """Return who handed in what: id or login or name -> names of files."""
    result: dict[str, list[str]] = {}
    for one in found.attempts:
        names = result.setdefault(one.person.id or one.person.login or one.person.name, [])
        names += [file.name for file in one.files]
    return {who: sorted(names) for who, names in result.items()}


# ---------------------------------------------------------------------------------------- Canvas


@pytest.mark.parametrize("name", ["CS-A2_submissions.zip", "unpacked"])
def test_canvas_puts_every_upload_under_its_student(name: str, tmp_path: Path) -> None:
    handed_in = [(one, {"a2.zip": homework(one.login)}) for one in EVERYBODY]
    files = exports.canvas(handed_in, {40110})
    if name == "unpacked":  # no disk has names of 300 characters
        files = {path[-200:]: data for path, data in files.items()}
    found = sources.read([written(tmp_path / name, files)])
    assert found.kind == "canvas"
    assert uploads_of(found) == {str(one.number): ["a2.zip"] for one in EVERYBODY}
    assert {one.person.id for one in found.attempts if one.late} == {"40110"}
    assert found.problems == ()
    assert len(found.proposals) == 3  # the students called _12_, =1+1 and 40101
    for one in found.attempts:
        student = next(student for student in EVERYBODY if str(student.number) == one.person.id)
        assert one.files[0].read() == homework(student.login)
    assert sources.described(found) == "a Canvas export: 13 students, 13 uploads"


def test_a_gradebook_decides_every_canvas_name(tmp_path: Path) -> None:
    files = exports.canvas([(one, {"a2.zip": homework()}) for one in EVERYBODY])
    members = roster.parse(exports.canvas_gradebook([*EVERYBODY, Student("", "E", 7, "e")]), "g")
    found = sources.read([written(tmp_path / "e.zip", files)], roster=members)
    assert uploads_of(found) == {str(one.number): ["a2.zip"] for one in EVERYBODY}
    assert (found.problems, found.proposals) == ((), ())
    assert {one.person.name for one in found.attempts} == {one.sortable for one in EVERYBODY}
    assert {one.person.login for one in found.attempts} == {one.login for one in EVERYBODY}
    assert [one.login for one in found.absent] == ["e"]


def test_a_group_of_canvas_is_no_student_of_another_id(tmp_path: Path) -> None:
    files = exports.canvas([(ADA, {"a2.zip": homework()})], group="team_7")
    members = roster.parse(exports.canvas_gradebook([ADA, Student("", "E", 7, "e")]), "g")
    found = sources.read([written(tmp_path / "e.zip", files)], roster=members)
    assert [(one.person.login, one.group) for one in found.attempts] == [("ada01", "team_7")]
    asked = sources.read([tmp_path / "e.zip"])
    assert [(one.person.id, len(asked.proposals)) for one in asked.attempts] == [("40101", 1)]


def test_what_canvas_students_wrote_online_has_its_reason(tmp_path: Path) -> None:
    files = exports.canvas([
        (ADA, {"text": b"<p>my code"}), (GRACE, {"link": b"<a>"}), (ALAN, {"layers.py": b"#"}),
    ])  # fmt: skip
    found = sources.read([written(tmp_path / "e.zip", files)])
    problems = {one.person.id: one.problem.partition(" and ")[0] for one in found.attempts}
    says = {"40101": "a text was handed in", "40102": "a link was handed in", "40103": ""}
    assert problems == says


def test_a_file_called_text_html_is_its_owners(tmp_path: Path) -> None:
    uploads = [(one, {"text.html": b"<p>", "a.py": b"#"}) for one in (ADA, GRACE)]
    found = sources.read([written(tmp_path / "e.zip", exports.canvas(uploads))])
    assert {one.person.id for one in found.attempts} == {"40101", "40102"}
    members = roster.parse(exports.canvas_gradebook([ADA, GRACE]), "g")
    found = sources.read([tmp_path / "e.zip"], roster=members)
    assert uploads_of(found) == {"40101": ["a.py", "text.html"], "40102": ["a.py", "text.html"]}
    assert found.proposals == ()


def test_two_names_under_one_id_are_asked_about(tmp_path: Path) -> None:
    files = {"hopper_40102_990001_a.py": b"#", "lovelace_40102_990002_b.py": b"#"}
    found = sources.read([written(tmp_path / "e.zip", files)])
    assert uploads_of(found) == {"40102": ["a.py", "b.py"]}
    assert "files of user 40102 bear 2 names" in str(found.proposals[0])


def test_a_name_that_a_mac_took_apart_is_no_groups(tmp_path: Path) -> None:
    student = Student("Zo\xeb", "Hopper", 40102, "zoe")
    members = roster.parse(exports.canvas_gradebook([student]), "g")
    files = {"hopperzoe\u0308_40102_990001_a.py": b"#"}
    (one,) = sources.read([written(tmp_path / "e.zip", files)], roster=members).attempts
    assert (one.person.login, one.group) == ("zoe", "")


def test_two_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    files = {"hopper_40102_990001_a.py": b"1", "hopper_40102_990002_a.py": b"2"}
    found = sources.read([written(tmp_path / "e.zip", files)])
    assert uploads_of(found) == {"40102": ["a-1.py", "a.py"]}
    assert sorted(file.read() for file in found.attempts[0].files) == [b"1", b"2"]


def test_a_few_names_make_no_export(tmp_path: Path) -> None:
    files = {**exports.package(), "notes_12_345_a.py": b"#", "x.py": b"#"}
    found = sources.read([written(tmp_path / "ada", files)])
    assert (found.kind, len(found.attempts)) == ("folders", 1)


def test_names_with_backslashes_are_folders(tmp_path: Path) -> None:
    files = {f"ada\\{path}".replace("/", "\\"): data for path, data in exports.package().items()}
    files |= {path.replace("ada", "bob"): data for path, data in files.items()}
    found = sources.read([written(tmp_path / "e.zip", files)])
    names = sorted(exports.package())
    assert uploads_of(found) == {"ada": names, "bob": names}


def test_nothing_but_places_decides_how_canvas_entries_are_read(tmp_path: Path) -> None:
    files = exports.canvas([(one, {"a2.zip": b"x", "b.py": b"y"}) for one in EVERYBODY])
    first = sources.read([written(tmp_path / "e.zip", files)])
    shuffled = list(files.items())
    random.Random(5).shuffle(shuffled)
    assert sources.read([written(tmp_path / "e.zip", dict(shuffled))]) == first


# ------------------------------------------------------------------------------------ plain ones

CLASS = {"alice.zip": homework("a"), "bob/cs231n/layers.py": b"#", "Ed W.tgz": b"\x1f\x8b"}
# what lies at the path -> who handed in what; and how many problems and proposals
PLAIN: dict[str, tuple[dict[str, bytes], dict[str, list[str]], int, int]] = {
    "zips, folders and others": (
        {**CLASS, "eve/": b"", "README": b""},
        {"alice": ["alice.zip"], "bob": ["cs231n/layers.py"], "Ed W": ["Ed W.tgz"], "eve": []},
        1, 0,
    ),
    "in a folder of their own": (
        {f"all/{path}": data for path, data in CLASS.items()},
        {"alice": ["alice.zip"], "bob": ["cs231n/layers.py"], "Ed W": ["Ed W.tgz"]}, 0, 0,
    ),
    "sections": (
        {"s1/ada.zip": b"", "s1/bob.zip": b"", "s2/eve.zip": b"", "s2/al.zip": b""},
        {"ada": ["ada.zip"], "bob": ["bob.zip"], "eve": ["eve.zip"], "al": ["al.zip"]}, 0, 0,
    ),
    "groups": (
        {"team_1.zip": b"", "team_2.zip": b""},
        {"team_1": ["team_1.zip"], "team_2": ["team_2.zip"]}, 0, 0,
    ),
    "two uploads of one name": (
        {"ada.zip": b"", "bob.zip": b"", "Ada/layers.py": b""},
        {"Ada": ["ada.zip", "layers.py"], "bob": ["bob.zip"]}, 0, 1,
    ),
    "second uploads": (
        {"ada.zip": b"", "ada (1).zip": b"", "ada-late.zip": b"", "bob.zip": b"", "bob2.zip": b"",
         "Li Wei - Copy (2).zip": b"", "Li Wei.zip": b"", "team 1.zip": b"", "team 2.zip": b""},
        {"ada": ["ada.zip"], "ada (1)": ["ada (1).zip"], "ada-late": ["ada-late.zip"],
         "bob": ["bob.zip"], "bob2": ["bob2.zip"], "Li Wei": ["Li Wei.zip"],
         "Li Wei - Copy (2)": ["Li Wei - Copy (2).zip"], "team 1": ["team 1.zip"],
         "team 2": ["team 2.zip"]}, 0, 2,
    ),
    "versions that may be students": (
        {"a1.zip": b"", "a2.zip": b""}, {"class": ["a1.zip", "a2.zip"]}, 0, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLAIN)
@pytest.mark.parametrize("name", ["class", "class.zip"])
def test_children_of_a_folder_are_students(what: str, name: str, tmp_path: Path) -> None:
    files, who, problems, proposals = PLAIN[what]
    if name == "class.zip":
        files = {path: data for path, data in files.items() if not path.endswith("/")}
        who = {one: names for one, names in who.items() if names}
        who = {one: [name] if one == "class" else names for one, names in who.items()}
    found = sources.read([written(tmp_path / name, files)])
    assert uploads_of(found) == who
    assert (len(found.problems), len(found.proposals)) == (problems, proposals)


def test_a_roster_that_knows_both_makes_them_two(tmp_path: Path) -> None:
    root = written(tmp_path / "class", {"ada.zip": b"", "ada-1.zip": b"", "eve.zip": b""})
    assert len(sources.read([root]).proposals) == 1
    for logins, proposals in (("ada\nada-1\neve\n", 0), ("ada\neve\n", 1)):
        known = tmp_path / "roster.csv"
        known.write_text(f"login\n{logins}")
        assert len(sources.read([root], roster=roster.read(known)).proposals) == proposals


@pytest.mark.parametrize("outer", ["term", "term.zip"])
def test_an_export_in_a_folder_is_asked_about(outer: str, tmp_path: Path) -> None:
    inner = exports.zipped(exports.canvas([(GRACE, {"a.zip": homework()}), (ALAN, {"b.py": b"#"})]))
    root = written(tmp_path / outer, {"a2_submissions.zip": inner, "grades.csv": b"Student,ID\n"})
    found = sources.read([root])
    assert {one.person.id for one in found.attempts} == {str(GRACE.number), str(ALAN.number)}
    assert len(found.problems) == len(found.proposals) == 1
    assert sources.students_in(root) == 2


def test_several_paths_are_a_student_each(tmp_path: Path) -> None:
    paths = [written(tmp_path / "ada.zip", exports.package())]
    paths += [written(tmp_path / "bob", {"old/layers.py": b"", "new/layers.py": b""})]
    (tmp_path / "eve.ipynb").write_bytes(b"{}")
    found = sources.read([*paths, tmp_path / "eve.ipynb"])
    assert {one.person.login for one in found.attempts} == {"ada", "bob", "eve"}
    assert (found.problems, found.proposals) == ((), ())


def test_what_holds_no_student_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nothing", written(tmp_path / "a.zip", {})):
        with pytest.raises(UsageError) as caught:
            sources.read([path])
        assert "\n" not in str(caught.value) and str(caught.value).startswith(path.name)
    with pytest.raises(UsageError, match="no canvas export in it; .*--from"):
        sources.read([written(tmp_path / "c", CLASS)], kind="canvas")
