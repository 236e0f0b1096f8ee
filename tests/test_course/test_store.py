"""What a class keeps: keys, rows, archives, places, and the cells of its table."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import resources
from grader.course import archive, place, publish, student_pages
from grader.course import store as stores
from grader.course.classroom import kept
from grader.course.deciding import deciding
from grader.course.enrol import _folder_name, _in_turn, counting, enrol
from grader.course.histories import Everybody, histories, numbers, students, who_handed_in
from grader.course.records import Attempt, File, Found, Person
from grader.course.store import Row, Store
from grader.course.tasks import Outcome, Policy, outcome_of
from grader.errors import UsageError
from grader.grading.casebook import _hash
from grader.types import Evidence, Raised

GRADED = Outcome(
    "up", "policy", "graded", earned=3.5, possible=4.0, items=(("a", "passed", 3.5, 4.0, "", ""),)
)
FAULT = Outcome("up", "policy", "fault", why="lost")
MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda rw
40 22 0:39 / /home rw - nfs4 server:/home rw
41 22 0:40 / /mnt/my\\040disk rw - fuse.sshfs host: rw
42 40 8:2 / /home/local rw - xfs /dev/sdb rw
"""


def test_a_fault_gives_way_to_a_result_and_a_result_to_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for outcome in (FAULT, GRADED, FAULT, replace(GRADED, earned=1.0)):
            with store.writing():
                store.keep([("key", outcome)])
        assert dict(store.results(["key"])) == {"key": GRADED}
        assert store.graded(["key", "other"]) == {"key"}


def test_a_fault_is_work_to_be_done_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with store.writing():
            store.keep([("key", FAULT)])
        assert store.graded(["key"]) == set()


def test_what_is_written_together_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(ZeroDivisionError), store.writing():
            store.add_student("ada", Person("1"), "")
            raise ZeroDivisionError
        assert store.students() == []


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "class.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="another version"):
        Store(tmp_path)
    (tmp_path / "class.sqlite").write_bytes(b"no database at all, but long enough to be one" * 99)
    with pytest.raises(UsageError, match="cannot be used"):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/", "ext4"), ("/home/ada", "nfs4"), ("/homes", "ext4"), ("/home/local/x", "xfs"),
     ("/mnt/my disk/a", "fuse.sshfs"), ("/mnt", "ext4")],
)  # fmt: skip
def test_the_disk_of_a_folder_is_that_of_its_nearest_mount(folder: str, kind: str) -> None:
    assert place.kind_of_disk(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "9p"])
def test_network_disks_are_known(kind: str) -> None:
    assert place.NETWORK.fullmatch(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", ""])
def test_local_disks_are_none(kind: str) -> None:
    assert not place.NETWORK.fullmatch(kind)


def test_a_folder_has_one_driver(tmp_path: Path) -> None:
    with place.driving(tmp_path):
        with pytest.raises(UsageError, match="grades this class"), place.driving(tmp_path):
            pass
    with place.driving(tmp_path):
        pass


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"x" * 100])
def test_an_archive_that_is_none_of_ours_is_no_result(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key.zip"
    path.write_bytes(data)
    assert kept(path) is None
    assert kept(tmp_path / "nothing.zip") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"upload": "u"}', '{"upload":"u","policy":"p","status":"x","items":3}']
)
def test_an_outcome_that_is_none_of_ours_is_no_result(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.zip"
    path.write_bytes(archive.pack({archive.OUTCOME: text}))
    assert kept(path) is None
    with pytest.raises(ValueError):
        outcome_of(text)


def test_an_archive_has_the_same_bytes_each_time_and_gives_back_what_went_in() -> None:
    files = {"b.html": "é" * 50, "a.json": "{}"}
    assert archive.pack(files) == archive.pack(dict(reversed(files.items())))
    assert archive.unpack(archive.pack(files)) == files


def attempt(turn: int, upload: str | None) -> Row:
    return Row(1, turn, turn, "", "", None, upload, "" if upload else "nothing", "", False, "")


@pytest.mark.parametrize(
    ("uploads", "counts"),
    [(["a"], 1), (["a", "b"], 2), (["a", None], 1), ([None, "b"], 2), ([None, None], 2)],
)
def test_the_last_attempt_with_something_to_grade_counts(
    uploads: list[str | None], counts: int
) -> None:
    rows = [attempt(turn, upload) for turn, upload in enumerate(uploads, start=1)]
    assert counting(rows)[1].turn == counts


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("=1+1", "'=1+1"), ("+41", "'+41"), ("-x", "'-x"), ("@cmd", "'@cmd"), ("＝1", "'＝1"),
     ("\tx", "'\tx"), ("Ada", "Ada"), ("", ""), (-0.5, "-0.5"), (3, 3), (61.25, "61.25"),
     ("\x1b]0;x\x07", "\\x1b]0;x\\x07"), ("a\r\nb", "a\r\nb"), ("\x9b2J", "\\x9b2J")],
)  # fmt: skip
def test_no_cell_becomes_a_formula_or_a_command_to_a_terminal(cell: object, shown: object) -> None:
    assert publish.guarded(cell) == shown


@pytest.mark.parametrize(
    ("login", "folder"),
    [("ada01", "ada01"), ("Con", "student-Con"), ("nul.x", "student-nul.x"), ("conny", "conny"),
     ("COM1", "student-COM1"), ("...", "student"), ("../a", "a")],
)  # fmt: skip
def test_a_folder_of_pages_has_a_name_that_any_computer_takes(login: str, folder: str) -> None:
    assert _folder_name(Person(login=login)) == folder


@pytest.mark.parametrize(
    ("person", "label"),
    [
        (Person("7", "ada01", "Ada Lovelace"), "Ada Lovelace (ada01, 7)"),
        (Person("7", "", "Ada Lovelace"), "Ada Lovelace (7)"),
        (Person("", "ada01", ""), "ada01"),
        (Person("", "", "Ada"), "Ada"),
        (Person("ada", "ada", "Ada"), "Ada (ada)"),
    ],
)
def test_a_page_names_its_student(person: Person, label: str) -> None:
    assert student_pages.label(person) == label


def evidence(numbers: object, outcome: str = "answered") -> Evidence:
    return Evidence("case", outcome, {"dx": np.array(numbers)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], True),
        ([1.0, 2.0], [1.0, 2.001], False),
        ([1e-9, 0.0], [1e-9, -0.0], True),
        ([1.0, 2.0], [[1.0, 2.0]], False),
        ([np.nan, 1.0], [np.nan, 1.0], True),
        ([np.inf, 1.0], [1.0, np.inf], False),
        ([1e300], [1e300 * (1 + 1e-12)], True),
        ([1e-320], [1e-320], True),
    ],
)
def test_wrong_numbers_are_known_again_whatever_the_rounding(
    one: object, other: object, same: bool
) -> None:
    assert (_hash(evidence(one)) == _hash(evidence(other))) is same


def test_an_exception_is_known_by_its_type() -> None:
    raised = [
        Evidence("case", "raised", raised=Raised(kind, "text"))
        for kind in ("KeyError", "ValueError")
    ]
    assert len({_hash(one) for one in raised}) == 2


def test_the_key_depends_on_upload_and_policy() -> None:
    code, whole = Policy("cs231n-a2", notebooks="skip"), Policy("cs231n-a2")
    other = Policy("cs231n-a2-2016", notebooks="skip")
    keys = [code.key("u"), code.key("v"), whole.key("u"), other.key("u")]
    assert len(set(keys)) == 4
    assert Policy("cs231n-a2", notebooks="skip", box="landlock").key("u") == code.key("u")


def test_what_decides_an_item_changes_with_its_rule_alone() -> None:
    found = resources.assignment("cs231n-a2")
    before = dict(deciding(found))
    rubric = found.rubric
    items = tuple(
        replace(item, points=item.points + 1) if item.id == "adam" else item
        for item in rubric.table.items
    )
    changed = type(rubric)(replace(rubric.table, items=items), rubric.sha256)
    after = dict(deciding(replace(found, rubric=changed)))
    assert {name for name in before if before[name] != after[name]} == {"adam"}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-03-06T23:00:00-06:00", "2026-03-07T06:00:00+00:00"),
        ("2026-03-07T06:00:00+00:00", "2026-03-06T23:00:00-08:00"),
        ("2026-03-06T16:02:11", "2026-03-06T16:02:12"),
        ("", "2026-03-06T16:02:11"),
    ],
)
def test_attempts_are_in_turn_whatever_their_zones(
    earlier: str, later: str, tmp_path: Path
) -> None:
    with Store(tmp_path) as store:
        with store.writing():
            student = store.add_student("ada", Person(login="ada"), "")
            numbers = [store.add_attempt("a", "a", at, None, None, "no") for at in (later, earlier)]
            store.hand_in((number, student, turn) for turn, number in enumerate(numbers, start=1))
        assert {(n, turn) for n, _, turn in _in_turn(store)} == {(numbers[1], 1), (numbers[0], 2)}


def test_students_are_read_in_parts_in_the_order_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "AT_ONCE", 2)
    with Store(tmp_path) as store:
        with store.writing():
            for name in ("eve", "Ada", "bob", "dan", "Cy"):
                student = store.add_student(name, Person(name=name), "")
                for turn in (2, 1):
                    attempt = store.add_attempt(name, name, "", None, f"{name}{turn}", "")
                    store.hand_in([(attempt, student, turn)])
            store.keep((f"{name}1", GRADED) for name in ("eve", "bob", "Cy"))
            store.keep([("dan1", FAULT)])
        told = list(histories(store, numbers(store)))
        names = [student.person.name for student, _ in told]
        assert names == ["Ada", "bob", "Cy", "dan", "eve"] == [s.folder for s in Everybody(store)]
        assert all([row.turn for row in rows] == [1, 2] for _, rows in told)
        assert [row.upload for _, rows in told for row in rows][2:4] == ["bob1", "bob2"]
        keys = [f"{name}1" for name in names]
        assert store.graded(keys) == {"bob1", "Cy1", "eve1"}
        assert dict(store.results(keys)).keys() == {"bob1", "Cy1", "eve1", "dan1"}
        whose = who_handed_in(store, ["eve2", "bob1", "nobody"])
        assert [s.person.name for s in students(store, whose)] == ["eve", "bob"]


def test_what_comes_again_is_kept_once_and_a_new_upload_is_the_next_turn(tmp_path: Path) -> None:
    def hand_in(*tags: str, at: str = "") -> None:
        made = (
            Attempt(Person(login=tag[0]), tag, (File("a.py", 1, tag.encode),), at) for tag in tags
        )
        enrol(Found("folders", tuple(made)), tmp_path, store)

    with Store(tmp_path) as store:
        for _ in range(2):
            hand_in("a1", "b1", at="2026-03-02")
        hand_in("a2", at="2026-03-01")
        hand_in("a1", "b1", "c1", at="2026-03-02")
        found = [(s.folder, [(r.turn, r.at) for r in rows]) for s, rows in
                 histories(store, numbers(store))]  # fmt: skip
    assert found == [
        ("a", [(1, "2026-03-01"), (2, "2026-03-02")]), ("b", [(1, "2026-03-02")]),
        ("c", [(1, "2026-03-02")]),
    ]  # fmt: skip
