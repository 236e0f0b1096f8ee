"""Exports as spreadsheets, scripts and LMS of other languages leave them: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from grader.course.records import Person
from tests.support.graded import Upload, scored
from tests.test_course.test_gradebooks import grade, taught

ADA, BOB = Person("40101", "ada01", "Lovelace, Ada"), Person("00123", "0042", "Noether, Emmy")
POINTS = {ADA: scored(50.0), BOB: scored(13.5)}
CANVAS = (
    "Student,ID,SIS Login ID,Section,A1 (1),A2 (2),Current Score\n"
    ",,,,,Muted,\n"
    "    Points Possible,,,,10,64,(read only)\n"
    '"Lovelace, Ada",40101,ada01,"Lab 1 and Lab 2",,@ada@,80\n'
    '"Noether, Emmy",00123,0042,Lab 1,,@bob@,80\n'
    '"Student, Test",99999,f00b,Lab 1,,,\n'
)
A2 = ("--column", "A2")
TEN = {"ada": "50.00", "bob": "13.50"}
JAPANESE = (
    "識別子,フルネーム,メールアドレス,ステータス,評点,最大評点,評点を変更することができます。,"
    "最終更新日時 (提出),最終更新日時 (評定),フィードバックコメント\n"
    "参加者40101,Ada Lovelace,a@x.y,評定のため提出済み,@ada@,64.00,はい,2026年 03月 6日,-,@said@\n"
    "参加者00123,Emmy Noether,b@x.y,評定のため提出済み,@bob@,64.00,はい,2026年 03月 6日,-,x\n"
    "参加者7,Zoe Z,c@x.y,未提出,-,64.00,はい,-,-,\n"
)
ARABIC = (
    "المعرف,الاسم الكامل,عنوان البريد الإلكتروني,الحالة,الدرجة,الدرجة القصوى,"
    "يمكن تغيير الدرجة,آخر تعديل,آخر تعديل (الدرجة)\r\n"
    "مشارك 40101,Ada Lovelace,a@x.y,x,@ada@,64.00,نعم,x,-\r\n"
    "مشارك 00123,Emmy Noether,b@x.y,x,@bob@,64.00,نعم,x,-\r\n"
    "مشارك 7,Zoe Z,c@x.y,x,-,64.00,نعم,-,-\r\n"
)
HEAD = "A2 Points Grade <Numeric MaxPoints:{most} Weight:10>"
BRIGHTSPACE = (
    f"OrgDefinedId,Username,{HEAD},End-of-Line Indicator\r\n#9,#ada01,@ada@,#\r\n#0042,#x,@bob@,#"
)
MOODLE = {"ada": "50", "bob": "13.5"}
# what -> (the export, what stands at its marks before, after, class read from, options, encoding)
KEPT: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str], str, Sequence[str], str]] = {
    "a muted column, a test student, two sections": (
        CANVAS, {"ada": "", "bob": "EX"}, {"ada": "50.00", "bob": "EX"}, "canvas", A2, "utf-8"),
    "utf-16 without a mark": (CANVAS, {}, TEN, "canvas", A2, "utf-16-le"),
    "utf-16 the other way round": (CANVAS, {}, TEN, "canvas", A2, "utf-16-be"),
    "lines that end in CR": (CANVAS.replace("\n", "\r"), {}, TEN, "canvas", A2, "mac-roman"),
    "no end of the last line": (CANVAS.rstrip("\n"), {}, TEN, "canvas", A2, "utf-8-sig"),
    "a delimiter at the end of each line": (
        CANVAS.replace("\n", ",\n"), {}, TEN, "canvas", A2, "utf-8"),
    "lines of delimiters alone, and ends of both kinds": (
        CANVAS.replace("80\n", "80\r\n,,,,,,\r\n\n"), {}, TEN, "canvas", A2, "utf-8"),
    "a title with more semicolons than there are commas": (
        CANVAS.replace("A2 (2)", '"A2; a; b; c; d; e; f; g; h; i (2)"'), {}, TEN, "canvas",
        ("--column", "2"), "utf-8"),
    "line ends and quotes in names and titles": (
        CANVAS.replace('"Lovelace, Ada"', '"Lovelace,\r\nAda ""the first"""')
        .replace("A2 (2)", '"A2\n""hard"" (2)"'), {}, TEN, "canvas", ("--column", "2"), "utf-8"),
    "decimal commas in quotes between commas": (
        CANVAS.replace(",10,64,", ',"10,00","64,00",'), {"ada": '"1,50"', "bob": ""},
        {"ada": '"50,00"', "bob": '"13,50"'}, "canvas", A2, "utf-8"),
    "ids that a script made numbers with a point": (
        CANVAS.replace(",40101,ada01,", ",40101.0,,").replace(",00123,0042,", ",00123,0042,"), {},
        TEN, "canvas", A2, "utf-8"),
    "ids guarded for a spreadsheet": (
        CANVAS.replace(",00123,0042,", ',"=""00123""",,'), {}, TEN, "canvas", A2, "utf-8"),
    "titles that begin alike": (
        CANVAS.replace("A1 (1)", "A2 (21)"), {}, TEN, "canvas", ("--column", "2"), "utf-8"),
    "moodle in Japanese": (
        JAPANESE.replace("@said@", ""), {"ada": "-", "bob": ""}, MOODLE, "moodle", (), "utf-8-sig"),
    "moodle in Arabic": (ARABIC, {"ada": "-", "bob": "1.00"}, MOODLE, "moodle", (), "utf-8"),
    "brightspace, joined by ids with zeros": (
        BRIGHTSPACE.replace("{most}", "64").replace("{most}", "64"), {}, MOODLE, "folders", (),
        "utf-8"),
}  # fmt: skip


def marked(text: str, says: Mapping[str, str]) -> str:
    for name in ("ada", "bob"):
        text = text.replace(f"@{name}@", says.get(name, ""))
    return text


def asked(
    tmp: Path, data: bytes, kind: str, options: Sequence[str], uploads: Mapping[Person, Upload]
) -> tuple[int, str, bytes]:
    """Return how `grade gradebook` ended, what it said, and what it wrote."""
    export, out = tmp / "export.csv", tmp / "out.csv"
    export.write_bytes(data)
    done = grade("gradebook", taught(tmp / "class", kind, uploads), export, "-o", out, *options)
    assert "Traceback" not in done.err
    return done.code, done.out + done.err, out.read_bytes() if out.exists() else b""


@pytest.mark.parametrize("what", KEPT)
def test_who_is_who_is_found_and_every_other_byte_stays(what: str, tmp_path: Path) -> None:
    text, before, after, kind, options, encoding = KEPT[what]
    uploads = {ADA: POINTS[ADA], BOB: POINTS[BOB]}
    code, said, out = asked(tmp_path, marked(text, before).encode(encoding), kind, options, uploads)
    assert code == 0, said
    expected = marked(text, after)
    if "フィードバック" in text:
        expected = expected.replace(",-,\n", ",-,50 of 64 points earned.\n", 1)
    assert out.decode(encoding) == expected


# what -> (text, class read from, options, what is said)
TOLD: Mapping[str, tuple[str, str, Sequence[str], Sequence[str]]] = {
    "ids without the zeros before them": (
        CANVAS.replace(",00123,0042,", ",123,42,"), "canvas", A2,
        ["line 5 has this number without the zeros before it"]),
    "two rows of one id, one of them a number with a point": (
        CANVAS + '"Noether, Emmy",00123.0,,Lab 2,,,\n', "canvas", A2, ["2 rows fit (lines 5, 7)"]),
    "two columns of one title and none of them has a number": (
        "login,Score,Score\nada01,,\n0042,,\n", "folders", (),
        ["2 columns could take the scores", "give one of them another name"]),
    "columns of one title, asked for": (
        "login,Score,Score\nada01,,\n0042,,\n", "folders", ("--column", "Score"),
        ["2 columns are called so", "give one of them another name"]),
    "a row that is locked, in Arabic": (
        ARABIC.replace("64.00,نعم,x,-", "64.00,لا,x,-", 1), "moodle", (), ["the grade is locked"]),
    "a maximum that is smaller, in Brightspace": (
        BRIGHTSPACE.replace("{most}", "49"), "folders", (), ["50 of at most 49: Brightspace caps"]),
    "an id that a spreadsheet rounded": (
        CANVAS.replace(",40101,ada01,", ",4.01E+04,,"), "canvas", A2, ["only the name fits"]),
    "a file that was cut": (CANVAS[:-60] + '\n"cut', "canvas", A2, ["a quotation mark begins"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TOLD)
def test_nothing_is_written_while_somebody_would_lose_by_it(what: str, tmp_path: Path) -> None:
    text, kind, options, says = TOLD[what]
    code, said, out = asked(tmp_path, marked(text, {}).encode(), kind, options, POINTS)
    assert code == 2 and not out, said
    for one in says:
        assert one in said
