"""Exports from nobody's friend: bombs, damage, ways out, names that lie. Nothing breaks."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from grader.course import sources
from grader.course.packed import pack
from grader.course.sources import ruby_yaml, tree
from grader.errors import UnusableSubmission, UsageError
from tests.support import exports
from tests.support.exports import ADA, ALAN, GRACE, homework, written

MB = 1_000_000


def test_a_bomb_in_an_export_costs_its_student_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lovelaceada_40101_990001_a2.zip", bytes(80 * MB))
        archive.writestr("hoppergrace_40102_990002_a2.zip", homework())
    bomb, good = sorted(sources.read([path]).attempts, key=lambda one: one.person.id)
    for read in (bomb.files[0].read, lambda: pack(bomb)):
        with pytest.raises(UnusableSubmission, match="more than 64 MB large"):
            read()
    assert pack(good).data == homework()


def test_a_damaged_member_costs_its_student_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path / "e.zip", exports.canvas([(ADA, {"a.zip": homework()}), (GRACE, {"b.py": b"#"})])
    )
    data = bytearray(path.read_bytes())
    at = data.index(b"lovelaceada") + 60
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    bad, good = sorted(sources.read([path]).attempts, key=lambda one: one.person.id)
    with pytest.raises(UnusableSubmission, match="truncated or damaged"):
        pack(bad)
    pack(good)


def test_a_zip_that_belies_its_sizes_is_not_inflated_beyond_them(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lovelaceada_40101_990001_a.py", bytes(MB))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", MB), struct.pack("<L", 9)))
    (one,) = sources.read([path]).attempts
    assert one.files[0].size == 9
    with pytest.raises(UnusableSubmission):
        one.files[0].read()


def test_too_many_entries_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = exports.canvas([(ADA, {f"{n}.py": b"#" for n in range(30)})])
    for name in ("e.zip", "e"):
        path = written(tmp_path / name, files)
        monkeypatch.setattr(tree, "MOST_ENTRIES", 20)
        with pytest.raises(UsageError, match="holds more than 20 files"):
            sources.read([path])
        assert sources.students_in(path) == 0
        monkeypatch.undo()
    monkeypatch.setattr(tree, "MOST_DIRECTORY", 100)
    with pytest.raises(UsageError, match="holds too many entries"):
        sources.read([tmp_path / "e.zip"])


def test_links_and_devices_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("secret")
    root = written(tmp_path / "class", {"ada/layers.py": b"#", "bob/layers.py": b"#"})
    (root / "ada" / "optim.py").symlink_to(tmp_path / "secret.py")
    (root / "eve").symlink_to(tmp_path)
    found = sources.read([root])
    assert {one.person.login for one in found.attempts} == {"ada", "bob"}
    assert [line.partition(": ")[0] for line in found.problems] == [
        "class/ada/optim.py",
        "class/eve",
    ]
    assert [file.name for file in found.attempts[0].files] == ["layers.py"]


def test_a_students_own_zip_is_never_read_as_an_export(tmp_path: Path) -> None:
    forged = exports.zipped(exports.canvas([(GRACE, {"a.py": b"#"}), (ALAN, {"a.py": b"#"})]))
    root = written(tmp_path / "class", {"ada.zip": forged, "bob.zip": homework()})
    found = sources.read([root])
    assert {one.person.login for one in found.attempts} == {"ada", "bob"}
    several = sources.read([root / "ada.zip", root / "bob.zip"])
    assert len(several.proposals) == 1 and "2 kinds" in str(several.proposals[0])


def test_a_homework_around_several_is_not_chosen_from(tmp_path: Path) -> None:
    several = exports.zipped({"one.zip": homework(), "two.zip": homework()})
    root = written(tmp_path / "class", {"ada.zip": several, "bob.zip": homework()})
    ada, bob = sources.read([root]).attempts
    with pytest.raises(UnusableSubmission, match="several archives with a layers.py each"):
        pack(ada)
    assert pack(bob).data == homework()


RUBY = """---
submission_1:
  :submitters:
  - :name: |-
      Eve
      :sid: '40101'
    :sid: '7'
  - :name: "Zo\\u00EB \\"Z\\" with a name so long that it is \\
      folded"
    :email: 'it''s@x'
  :created_at: 2026-03-06 16:02:11 Z
  :results:
    tests:
    - output: |-
        submission_2:
          :submitters:
        - :name: Mallory
        x: "open
submission_2:
  :created_at: "2026-03-06 16:02:12 -06:00"
  :submitters:
    - :name: plain and so long that it goes on
        in the next line
      :sid: *1
"""


def test_what_students_print_changes_nothing_that_ruby_says() -> None:
    told = ruby_yaml.parse(RUBY)
    assert {name: one.at for name, one in told.items()} == {
        "submission_1": "2026-03-06 16:02:11 Z", "submission_2": "2026-03-06 16:02:12 -06:00",
    }  # fmt: skip
    assert told["submission_1"].submitters == [
        {"name": "Eve\n:sid: '40101'", "sid": "7"},
        {"name": 'Zo\xeb "Z" with a name so long that it is folded', "email": "it's@x"},
    ]
    name = "plain and so long that it goes on in the next line"
    assert told["submission_2"].submitters == [{"name": name, "sid": ""}]
