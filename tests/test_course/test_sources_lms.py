"""Seven systems and git: who handed in what, when, in which words, and nothing invented."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.course import roster, sources
from grader.course.records import Found
from tests.support import exports
from tests.support.exports import ADA, ALAN, GRACE, HOSTILE, homework, package, written

ZIP = {"a2.zip": homework()}
LOOSE = {"layers.py": b"#", "sub/optim.py": b"#"}
Uploads = list[tuple[exports.Student, Mapping[str, bytes]]]
EVERYBODY: Uploads = [(one, {"a2.zip": homework(one.login)}) for one in (ADA, GRACE, *HOSTILE)]
# kind and style -> what makes the export, and the field by which a student is known
FORMATS: dict[str, tuple[Callable[[Uploads], Mapping[str, bytes]], str]] = {
    "canvas": (exports.canvas, "number"),
    "moodle": (exports.moodle, "number"),
    "moodle old": (lambda uploads: exports.moodle(uploads, "old"), "number"),
    "moodle flat": (lambda uploads: exports.moodle(uploads, "flat"), "number"),
    "moodle blind": (lambda uploads: exports.moodle(uploads, "blind"), "number"),
    "moodle blind in German": (lambda uploads: exports.moodle(uploads, "blind de"), "number"),
    "blackboard": (exports.blackboard, "login"),
    "brightspace": (exports.brightspace, "number"),
    "brightspace folders": (lambda uploads: exports.brightspace(uploads, True), "number"),
    "gradescope": (exports.gradescope, "number"),
    "sakai": (exports.sakai, "login"),
    "nbgrader": (exports.nbgrader, "login"),
    "repositories": (exports.repositories, "login"),
}


def who(found: Found) -> dict[str, tuple[str, ...]]:
    """Return id or login -> names of all files that a student handed in."""
    result: dict[str, tuple[str, ...]] = {}
    for one in found.attempts:
        key = one.person.id.removesuffix("-80551") or one.person.login
        result[key] = (*result.get(key, ()), *(file.name for file in one.files))
    return result


@pytest.mark.parametrize("what", FORMATS)
@pytest.mark.parametrize("name", ["export.zip", "export"])
def test_every_upload_is_under_the_right_student(what: str, name: str, tmp_path: Path) -> None:
    make, known_by = FORMATS[what]
    uploads = EVERYBODY if name == "export.zip" else EVERYBODY[:4]
    found = sources.read([written(tmp_path / name, make(uploads))])
    assert found.kind == what.partition(" ")[0]
    assert who(found) == {str(getattr(one, known_by)): ("a2.zip",) for one, _ in uploads}
    for one in found.attempts:
        key = one.person.id.removesuffix("-80551") or one.person.login
        student = next(s for s, _ in uploads if str(getattr(s, known_by)) == key)
        assert [file.read() for file in one.files if file.name == "a2.zip"] == [
            homework(student.login)
        ]
        if found.kind not in ("canvas", "nbgrader", "repositories") and "blind" not in what:
            told = one.person.name.replace("_", " ").strip()
            names = (student.name, student.sortable, f"{student.last}, {student.first}")
            assert told.strip(", ") in [n.replace("_", " ").strip(", ") for n in names]
    assert found.problems == ()
    assert sources.students_in(tmp_path / name) == len(uploads)
    shuffled = dict(random.Random(2).sample(list(make(uploads).items()), len(make(uploads))))
    assert sources.read([written(tmp_path / "again" / name, shuffled)]) == found


TIMES = {
    "blackboard": "2026-03-06T16:00:11",
    "brightspace": "2026-03-06T13:05:00",
    "gradescope": "2026-03-06T16:02:11-06:00",
    "sakai": "2026-03-06T16:02:11",
    "nbgrader": "2026-03-06T16:02:11+00:00",
}


@pytest.mark.parametrize("what", TIMES)
def test_the_time_of_an_upload_is_told(what: str, tmp_path: Path) -> None:
    make, _ = FORMATS[what]
    found = sources.read([written(tmp_path / "e.zip", make([(ADA, LOOSE), (GRACE, ZIP)]))])
    names = ("Ada Lovelace", "Lovelace, Ada", "ada01")
    assert [one.at for one in found.attempts if one.person.shown in names] == [TIMES[what]]


@pytest.mark.parametrize("what", ["blackboard", "brightspace"])
def test_every_attempt_is_kept_with_its_time(what: str, tmp_path: Path) -> None:
    uploads: Uploads = [(ADA, ZIP), (GRACE, ZIP), (ADA, LOOSE)]
    found = sources.read([written(tmp_path / "e.zip", FORMATS[what][0](uploads))])
    times = [one.at for one in found.attempts if "Ada" in one.person.name]
    assert len(times) == 2 and times == sorted(set(times))
    assert len(found.students) == 2 and "2 students, 3 uploads" in sources.described(found)


@pytest.mark.parametrize("what", ["canvas", "moodle", "moodle flat", "blackboard", "sakai"])
def test_a_text_written_online_is_a_reason(what: str, tmp_path: Path) -> None:
    uploads: Uploads = [(ADA, {"text": b"<p>my code"}), (GRACE, ZIP)]
    found = sources.read([written(tmp_path / "e.zip", FORMATS[what][0](uploads))])
    problems = sorted(one.problem.partition(" and ")[0] for one in found.attempts)
    assert problems == ["", "a text was handed in"]


def test_loose_files_keep_their_own_names(tmp_path: Path) -> None:
    for what, (make, _) in FORMATS.items():
        files = {"layers.py": b"#", "optim.py": b"#", "a - b_c.py": b"#"}
        path = written(tmp_path / f"{what}.zip", make([(ADA, files), (GRACE, files)]))
        names = {file.name for file in sources.read([path]).attempts[0].files}
        assert names >= set(files), what


@pytest.mark.parametrize("what", FORMATS)
def test_what_is_no_upload_is_listed(what: str, tmp_path: Path) -> None:
    files = dict(FORMATS[what][0]([(ADA, ZIP), (GRACE, ZIP), (ALAN, ZIP)]))
    top = next(iter(files)).partition("/")[0] + "/" if what in ("gradescope", "sakai") else ""
    top = "submitted/" if what == "nbgrader" else top
    strays = {f"{top}notes.md": b"x", "../../up/layers.py": b"x", f"{top}.DS_Store": b"x"}
    found = sources.read([written(tmp_path / "e.zip", files | strays)])
    lines = sorted(found.problems)
    assert len(lines) == 2 and all("\n" not in line for line in lines)
    assert "up/layers.py: leads outside" in lines[0] and "notes.md: " in lines[1]
    assert len(found.attempts) == 3


# -------------------------------------------------------------------------------- one by one


def test_moodle_knows_groups_names_and_words(tmp_path: Path) -> None:
    files = {
        "team_7_42_assignsubmission_file/layers.py": b"#",
        "Default group_assignsubmission_file/layers.py": b"#",
        "Ada Lovelace_43_assignsubmission_file/x_9_assignsubmission_file_y.py": b"#",
        "Ada Lovelace_43_assignsubmission_onlinetext/onlinetext.html": b"<p>",
        "Ada Lovelace_43_assignfeedback_file/report.html": b"<p>",
    }
    found = sources.read([written(tmp_path / "e.zip", files)])  # who is in no group tells: of teams
    assert [(one.person.id, one.person.name, one.group, one.problem) for one in found.attempts] == [
        ("group 43", "Ada Lovelace", "Ada Lovelace", ""),
        ("", "Default group", "Default group", ""), ("group 42", "team_7", "team_7", ""),
    ]  # fmt: skip
    assert [file.name for file in found.attempts[0].files] == [
        "x_9_assignsubmission_file_y.py", "onlinetext.html"
    ]  # fmt: skip


def test_blackboard_is_told_by_the_text_and_not_by_a_comment(tmp_path: Path) -> None:
    student = exports.Student("Ada", "Lovelace", 1, "ada_l")
    files = exports.blackboard([(student, {"my file.py": b"#"}), (GRACE, ZIP)])
    alone = {**files, "A2_b_ob_attempt_2026-03-06-17-00-00_layers.py": b"#"}
    found = sources.read([written(tmp_path / "e.zip", alone)])
    assert {one.person.login for one in found.attempts} == {"ada_l", "grace02", "b_ob"}
    ada = next(one for one in found.attempts if one.person.login == "ada_l")
    assert [file.name for file in ada.files] == ["my file.py"]


def test_an_attempt_without_its_text_is_the_same_students(tmp_path: Path) -> None:
    files = dict(exports.blackboard([(ADA, ZIP), (ADA, LOOSE)]))
    del files["A2_ada01_attempt_2026-03-06-16-01-11.txt"]
    found = sources.read([written(tmp_path / "e.zip", files)])
    assert len(found.attempts) == 2 and [one.name for one in found.students] == ["Ada Lovelace"]


def test_logins_of_the_roster_decide_where_a_repositorys_name_begins(tmp_path: Path) -> None:
    one, other = (exports.Student("", name, 1, f"x-{name}") for name in ("ada", "bob"))
    path = written(tmp_path / "clones", exports.repositories([(one, ZIP), (other, ZIP)]))
    assert set(who(sources.read([path]))) == {"ada", "bob"}
    members = roster.parse(b"github_username\nx-ada\nx-bob\n", "r.csv")
    assert set(who(sources.read([path], roster=members))) == {"x-ada", "x-bob"}


def test_two_students_of_one_name_are_asked_about(tmp_path: Path) -> None:
    uploads: Uploads = [(ADA, ZIP), (HOSTILE[-1], ZIP)]  # both are Ada Lovelace
    found = sources.read([written(tmp_path / "e.zip", exports.brightspace(uploads))])
    assert len(found.students) == 2 and len(found.proposals) == 1
    assert "'Ada Lovelace' stands beside 2 numbers" in str(found.proposals[0])


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("29 mars 2026 1205", "1 avril 2026 0905"),
        ("29. März 2026 12_05", "1. April 2026 905"),
        ("29 de diciembre de 2026 2305", "2 de enero de 2027 005"),
        ("Sep 9, 2026 1159 AM", "Sep 9, 2026 1200 PM"),
        ("juin 30, 2026 905 PM", "juil. 1, 2026 905 AM"),
    ],
)
def test_the_later_upload_of_brightspace_is_later_in_any_language(
    early: str, late: str, tmp_path: Path
) -> None:
    names = {f"1-2 - Ada - {when} - a2.zip": when.encode() for when in (early, late)}
    found = sources.read([written(tmp_path / "a.zip", names)])
    times = {one.files[0].read().decode(): one.at for one in found.attempts}
    assert times[early] < times[late] and not found.proposals


def test_a_time_of_brightspace_that_cannot_be_read_is_asked_about(tmp_path: Path) -> None:
    names = [f"1-2 - Ada - {when} - a2.zip" for when in ("2026 Foo 1 1205", "Mar 1, 2026 105 PM")]
    found = sources.read([written(tmp_path / "a.zip", dict.fromkeys(names, b""))])
    assert [one.taken for one in found.proposals] == ["that of Mar 1, 2026 105 PM as the last"]
    alone = sources.read([written(tmp_path / "b.zip", {names[0]: b""})])
    assert not alone.proposals


def test_gradescope_groups_and_gaps_are_told(tmp_path: Path) -> None:
    files = dict(exports.gradescope([(ADA, ZIP), (ALAN, ZIP)], partner=GRACE))
    top = "assignment_7_export/"
    del files[f"{top}submission_70002/a2.zip"]
    files[f"{top}submission_70009/layers.py"] = b"#"
    found = sources.read([written(tmp_path / "e.zip", files)])
    (one,) = found.attempts
    assert (one.person.name, one.person.id, one.person.email) == (
        "Ada Lovelace", "40101", "ada01@school.example"
    )  # fmt: skip
    assert [member.name for member in one.members] == ["Grace Hopper"]
    assert ["submission_70002: is not there" in line for line in found.problems] == [False, True]
    assert "submission_70009: submission_metadata.yml does not say" in found.problems[0]


def test_sakai_tells_who_was_late_in_any_language(tmp_path: Path) -> None:
    files = exports.sakai([(ADA, ZIP), (GRACE, ZIP)], [GRACE.number], "Anhänge der Abgabe")
    files["A2/77a8-b2/timestamp.txt"] = b"20260306160211345"  # anonymous
    files["A2/77a8-b2/Anhänge der Abgabe/layers.py"] = b"#"
    found = sources.read([written(tmp_path / "e.zip", files)])
    assert [(one.person.login, one.person.id, one.late) for one in found.attempts] == [
        ("", "77a8-b2", None), ("grace02", "", True), ("ada01", "", False),
    ]  # fmt: skip
    assert [[f.name for f in one.files] for one in found.attempts][1:] == [["a2.zip"]] * 2


def test_nbgrader_takes_one_assignment_of_several(tmp_path: Path) -> None:
    files = dict(exports.nbgrader([(ADA, package()), (GRACE, package())], "America/Chicago"))
    files["submitted/ada01/a1/knn.py"] = b"#"
    files["submitted/alan03/"] = b""
    found = sources.read([written(tmp_path / "course", files)])
    assert who(found) == {"ada01": tuple(sorted(package())), "grace02": tuple(sorted(package())),
                          "alan03": ()}  # fmt: skip
    assert found.attempts[0].at == "2026-03-06T16:02:11-06:00"
    assert len(found.proposals) == 1 and "ada01/a1: is another assignment" in found.problems[0]
    alone = sources.read([tmp_path / "course" / "submitted"])
    assert [one.person for one in alone.attempts] == [one.person for one in found.attempts]


def test_no_file_of_git_is_read(tmp_path: Path) -> None:
    found = sources.read(
        [written(tmp_path / "clones", exports.repositories([(ADA, package()), (GRACE, ZIP)]))]
    )
    names = [file.name for one in found.attempts for file in one.files]
    assert names and not [name for name in names if ".git" in name]


@pytest.mark.parametrize("kind", sources.KINDS[1:-2])
def test_every_kind_can_be_forced(kind: str, tmp_path: Path) -> None:
    make, _ = FORMATS[kind]
    path = written(tmp_path / "e.zip", make([(ADA, ZIP), (GRACE, ZIP)]))
    assert sources.read([path], kind=kind) == sources.read([path])


def test_a_worksheet_names_the_blind(tmp_path: Path) -> None:
    members = roster.parse(exports.moodle_worksheet([ADA, GRACE]), "w.csv")
    path = written(tmp_path / "e.zip", exports.moodle([(ADA, ZIP), (GRACE, ZIP)], "blind"))
    found = sources.read([path], roster=members)
    assert {one.person.name for one in found.attempts} == {"Ada Lovelace", "Grace Hopper"}
    assert (found.proposals, found.problems) == ((), ())
