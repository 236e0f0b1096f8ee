"""Exports of sites in other languages and of other computers: who handed in what, and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.course import roster, sources
from tests.support import exports
from tests.support.exports import homework, written

ZIP = homework()
APART = unicodedata.normalize("NFD", "é")
Row = tuple[str, tuple[str, ...], str]  # id, login or name; names of files; time
# what -> (the export, who is in it, how many questions it leaves)
EXPORTS: Mapping[str, tuple[Mapping[str, bytes], list[Row], int]] = {
    "an anonymous id of digits alone": (
        {f"anon_{who}_990001_a2.zip": ZIP for who in ("aB3dE", "12345", "zz9Qx")},
        [(f"anon_{who}", ("a2.zip",), "") for who in ("12345", "aB3dE", "zz9Qx")], 1),
    "a folder with what a Mac leaves behind": (
        {"Ada_1_assignsubmission_file/a2.zip": ZIP, "Bob_2_assignsubmission_file/.DS_Store": b"",
         "Eve_3_assignsubmission_file/__MACOSX/._a2.zip": b"", "__MACOSX/._Ada": b""},
        [("1", ("a2.zip",), ""), ("2", (), ""), ("3", (), "")], 0),
    "dates in numbers": (
        {"1-5 - Bob - 2026-03-06 1405 - a2.zip": ZIP, "index.html": b"",
         "2-5 - Li - 2026年3月29日 0905 - my - a2.zip": ZIP, "3-5 - Eve - 2026-13-06 1405": ZIP},
        [("1-5", ("a2.zip",), "2026-03-06T14:05:00"),
         ("2-5", ("my - a2.zip",), "2026-03-29T09:05:00"),
         ("3-5", ("3-5 - Eve - 2026-13-06 1405",), "")], 0),
    "a worktree whose .git is a file": (
        {"a2-ada/.git/HEAD": b"", "a2-ada/layers.py": b"", "a2-bob/.git": b"gitdir: ../x",
         "a2-bob/layers.py": b""},
        [("ada", ("layers.py",), ""), ("bob", (".git", "layers.py"), "")], 0),
    "feedback of Sakai in an unknown language": (
        {f"A2/L, {who}({who})/{folder}/{file}": ZIP for who, folder, file in (
            ("ada", "Adjunts", "a2.zip"), ("bob", "Adjunts", "b2.zip"),
            ("ada", "Correccions", "layers.py"))}
        | {f"A2/L, {who}({who})/timestamp.txt": b"20260306160211345" for who in ("ada", "bob")},
        [("ada", ("a2.zip",), "2026-03-06T16:02:11"),
         ("bob", ("b2.zip",), "2026-03-06T16:02:11")], 1),
    "the exchange of nbgrader": (
        {f"inbound/{who}+{of}/layers.py": b"#" for who, of in (
            ("ada", "a2+2026-03-06 16:02:11.5 UTC"), ("ada", "a2+2026-03-07 16:02:11 UTC+xY9"),
            ("li.w", "a2+2026-03-06 16:02:12 UTC"))},
        [("ada", ("layers.py",), "2026-03-06T16:02:11+00:00"),
         ("ada", ("layers.py",), "2026-03-07T16:02:11+00:00"),
         ("li.w", ("layers.py",), "2026-03-06T16:02:12+00:00")], 0),
    "an export in a folder in a zip": (
        {"mail/A2.zip": exports.zipped({f"{who}_assignsubmission_file/a2.zip": ZIP
                                        for who in ("Ada_1", "Bob_2")})},
        [("1", ("a2.zip",), ""), ("2", ("a2.zip",), "")], 1),
    "times of Brightspace with blanks": (
        {"1-5 - Ada - 06 March, 2026 12 05 PM - a2.zip": ZIP,
         "2-5 - Bob - Mar 6, 2026 105 p. m. - a2.zip": ZIP},
        [("1-5", ("a2.zip",), "2026-03-06T12:05:00"),
         ("2-5", ("a2.zip",), "2026-03-06T13:05:00")], 0),
    "one name in two forms": (
        {"é.zip": ZIP, f"{APART}.zip": homework("b"), "ada.zip": homework("c")},
        [("ada", ("ada.zip",), ""), (APART, ("é.zip",), ""), (APART, (f"{APART}.zip",), "")], 1),
}  # fmt: skip


@pytest.mark.parametrize("what", EXPORTS)
def test_nobody_is_lost_and_nothing_invented(what: str, tmp_path: Path) -> None:
    files, wanted, questions = EXPORTS[what]
    found = sources.read([written(tmp_path / "export.zip", files)])
    told = [
        (one.person.id or one.person.login or one.person.name,
         tuple(file.name for file in one.files), one.at)
        for one in found.attempts
    ]  # fmt: skip
    assert sorted(told) == sorted(wanted)
    assert (len(found.proposals), found.problems) == (questions, ())


def test_a_team_of_moodle_is_no_participant_of_the_same_number(tmp_path: Path) -> None:
    """Numbers of groups and of participants are counted apart: no address may be taken over."""
    files = {f"{who}_assignsubmission_file/a2.zip": ZIP for who in ("Group A_40101", "B_40102")}
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(exports.moodle_worksheet([exports.ADA, exports.GRACE]))
    found = sources.read([written(tmp_path / "e.zip", files)], roster=roster.read(sheet))
    assert [one.person.email for one in found.attempts] == ["", ""]
    assert len(found.problems) == len(found.absent) == 2
    mine = {"Ada Lovelace_40101_assignsubmission_file/a2.zip": ZIP}
    found = sources.read([written(tmp_path / "i.zip", mine)], "moodle", roster.read(sheet))
    assert [one.person.email for one in found.attempts] == [exports.ADA.email]
    blind = {f"参加者_{number}_assignsubmission_file/a2.zip": ZIP for number in (40101, 40102)}
    found = sources.read([written(tmp_path / "b.zip", blind)], roster=roster.read(sheet))
    assert {one.person.email for one in found.attempts} == {exports.ADA.email, exports.GRACE.email}
