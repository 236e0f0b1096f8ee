"""The gradebook goes home: the teacher's own file, one column filled, nobody lost in silence."""

from __future__ import annotations

import csv
import io
import random
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from grader import cli
from grader.course import decisions
from grader.course.dashboard.absent import Absent
from grader.course.enrol import hashes_of
from grader.course.gradebooks.books import number
from grader.course.records import Person
from grader.course.store import Store
from tests.support.graded import Upload, class_of, scored

ADA = Person("40101", "ada01", "Lovelace, Ada", "ada01@school.example")
GRACE = Person("40102", "grace02", "Hopper, Grace", "grace02@school.example")
ZOE = Person("40104", "zoe04", "O'Brien, Zoë", "zoe04@school.example")
TWO = Person("40106", "two06", "=1+1", "two06@school.example")
LI = Person("40107", "li07", "雷, 李", "li07@school.example")
CLASS = ((ADA, 61.5), (GRACE, 64.0), (ZOE, 13.125), (TWO, 0.0), (LI, 40.0))

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,A1 (4710),A2 (4711),Final Score\r\n"
    ",,,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,10.00,64.00,(read only)\r\n"
    '"Lovelace, Ada",40101,s1,ada01,Lab 1,9.00,,80\r\n'
    '"Hopper, Grace",40102,s2,grace02,Lab 1,,60.00,80\r\n'
    '"O\'Brien, Zoë",40104,s4,zoe04,"Lab 1 and Lab 2",,,80\r\n'
    '"=""=1+1""",40106,s6,two06,Lab 1,,,80\r\n'
    '"雷, 李",40107,s7,li07,Lab 1,,,80\r\n'
    '"Student, Test",99999,,f00ba4,Lab 1,,,\r\n'
)
CANVAS_FULL = (
    CANVAS.replace("ada01,Lab 1,9.00,,", "ada01,Lab 1,9.00,61.50,")
    .replace("grace02,Lab 1,,60.00,", "grace02,Lab 1,,64.00,")
    .replace('Lab 2",,,', 'Lab 2",,13.13,')
    .replace("two06,Lab 1,,,", "two06,Lab 1,,0.00,")
    .replace("li07,Lab 1,,,", "li07,Lab 1,,40.00,")
)
MOODLE_DE = (
    'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert '
    'werden","Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
    'Teilnehmer/in40101,"Ada Lovelace",ada01@school.example,"Zur Bewertung abgegeben",-,"100,00",'
    'Ja,"Freitag, 6. März 2026, 16:02",-,\n'
    'Teilnehmer/in40102,"Grace Hopper",grace02@school.example,"Zur Bewertung abgegeben","60,00",'
    '"100,00",Ja,-,-,"gut so"\n'
    'Teilnehmer/in40104,"Zoë O\'Brien",zoe04@school.example,-,,"100,00",Ja,-,-,\n'
    'Teilnehmer/in40106,=1+1,two06@school.example,-,,"100,00",Ja,-,-,\n'
    'Teilnehmer/in40107,"李 雷",li07@school.example,-,,"100,00",Ja,-,-,\n'
)
MOODLE_DE_FULL = (
    MOODLE_DE.replace(',-,"100,00",Ja,"Freitag, 6. März 2026, 16:02",-,',
                      ',"61,5","100,00",Ja,"Freitag, 6. März 2026, 16:02",-,'
                      "61.5 of 64 points earned.")
    .replace('"60,00"', '"64"')
    .replace('zoe04@school.example,-,,"100,00",Ja,-,-,',
             'zoe04@school.example,-,"13,13","100,00",Ja,-,-,13.13 of 64 points earned.')
    .replace('two06@school.example,-,,"100,00",Ja,-,-,',
             'two06@school.example,-,0,"100,00",Ja,-,-,0 of 64 points earned.')
    .replace('li07@school.example,-,,"100,00",Ja,-,-,',
             'li07@school.example,-,40,"100,00",Ja,-,-,40 of 64 points earned.')
)  # fmt: skip
MOODLE_EN = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)"\r\n'
    '"Participant 40101","Ada Lovelace",ada01@school.example,x,-,64.00,Yes,x1,-\r\n'
    '"Participant 40102","Grace Hopper",grace02@school.example,x,60.00,64.00,Yes,x2,-\r\n'
    '"Participant 40104","Zoë O\'Brien",zoe04@school.example,x,-,64.00,Yes,x4,-\r\n'
    '"Participant 40106",=1+1,two06@school.example,x,-,64.00,Yes,x6,-\r\n'
    '"Participant 40107","李 雷",li07@school.example,x,-,64.00,Yes,x7,-\r\n'
)
MOODLE_RU = (
    'Идентификатор;Состояние;Оценка;"Максимальная оценка";"Оценка может быть изменена";N\n'
    '"Участник 40101";-;-;64,00;Да;1\n"Участник 40102";-;-;64,00;Да;2\n'
    '"Участник 40104";-;-;64,00;Да;4\n"Участник 40106";-;-;64,00;Да;6\n'
    '"Участник 40107";-;-;64,00;Да;7\n'
)
SAKAI_GRADEBOOK = (
    '"Student ID","Name","A2 [64]","* A2"\n"ada01","Ada Lovelace","",""\n'
    '"grace02","Grace Hopper","60.0","x"\n"zoe04","Zoë O\'Brien","",""\n"two06","=1+1","",""\n'
    '"li07","李 雷","",""\n'
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t'
    '"Weighted Total [Total Pts: up to 100 Percentage] |664601"\t'
    '"A2 [Total Pts: 64 Score] |664617"\n'
    '"Lovelace"\t"Ada"\t"ada01"\t"s1"\t""\t"Yes"\t""\t"Needs Grading"\n'
    '"Hopper"\t"Grace"\t"grace02"\t"s2"\t""\t"Yes"\t"9"\t"60"\n'
    '"O\'Brien"\t"Zoë"\t"zoe04"\t"s4"\t""\t"Yes"\t""\t""\n'
    '"=1+1"\t""\t"two06"\t"s6"\t""\t"Yes"\t""\t""\n'
    '"雷"\t"李"\t"li07"\t"s7"\t""\t"Yes"\t""\t""\n'
    '"x_PreviewUser"\t"x"\t"x_previewuser"\t""\t""\t"Yes"\t""\t""\n'
)
BLACKBOARD_FULL = (
    BLACKBOARD.replace('"Needs Grading"', '"61.5"')
    .replace('"9"\t"60"', '"9"\t"64"')
    .replace('"s4"\t""\t"Yes"\t""\t""', '"s4"\t""\t"Yes"\t""\t"13.13"')
    .replace('"s6"\t""\t"Yes"\t""\t""', '"s6"\t""\t"Yes"\t""\t"0"')
    .replace('"s7"\t""\t"Yes"\t""\t""', '"s7"\t""\t"Yes"\t""\t"40"')
)
HEAD = "A2 Points Grade <Numeric MaxPoints:64 Weight:10 Category:Homework>"
BRIGHTSPACE = (
    f"OrgDefinedId,Username,Last Name,First Name,{HEAD},Calculated Final Grade Numerator Points "
    "Grade,End-of-Line Indicator\r\n"
    "#s1,#ada01,Lovelace,Ada,,,#\r\n"
    "#s2,#grace02,Hopper,Grace,60,9,#\r\n"
    "#s4,#zoe04,O'Brien,Zoë,,,#\r\n"
    '#s6,#two06,"=1+1",,,,#\r\n'
    "#s7,#li07,雷,李,,,#\r\n"
)
BRIGHTSPACE_FULL = (
    BRIGHTSPACE.replace("Lovelace,Ada,,", "Lovelace,Ada,61.5,")
    .replace("Grace,60,", "Grace,64,")
    .replace("Zoë,,", "Zoë,13.13,")
    .replace('"=1+1",,,', '"=1+1",,0,')
    .replace("雷,李,,", "雷,李,40,")
)
SAKAI = (
    '"A2","Points"\n\n'
    '"Display ID","ID","Last Name","First Name","grade","Submission date","Late submission"\n'
    '"ada01","u1","Lovelace","Ada","","2026-03-06 16:02","false"\n'
    '"grace02","u2","Hopper","Grace","60.0","2026-03-06 16:02","false"\n'
    '"zoe04","u4","O\'Brien","Zoë","","",""\n'
    '"two06","u6","=1+1","","","",""\n'
    '"li07","u7","雷","李","","",""\n'
)
SAKAI_FULL = (
    SAKAI.replace('"Ada",""', '"Ada","61.5"')
    .replace('"60.0"', '"64"')
    .replace('"Zoë",""', '"Zoë","13.13"')
    .replace('"=1+1","",""', '"=1+1","","0"')
    .replace('"李",""', '"李","40"')
)
NBGRADER = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
    "late_submission_penalty,score,max_score\n"
    "a1,,,ada01,Lovelace,Ada,,5.0,0.0,5.0,10.0\n"
    "a2,,,ada01,Lovelace,Ada,,0.0,0.0,0.0,64.0\n"
    "a2,,,grace02,Hopper,Grace,,0.0,0.0,0.0,64.0\n"
    "a2,,,zoe04,O'Brien,Zoë,,0.0,0.0,0.0,64.0\n"
    "a2,,,two06,=1+1,,,0.0,0.0,0.0,64.0\n"
    "a2,,,li07,雷,李,,0.0,0.0,0.0,64.0\n"
)
NBGRADER_FULL = (
    NBGRADER.replace("Lovelace,Ada,,0.0,0.0,0.0,", "Lovelace,Ada,,0.0,0.0,61.5,")
    .replace("Grace,,0.0,0.0,0.0", "Grace,,0.0,0.0,64")
    .replace("Zoë,,0.0,0.0,0.0", "Zoë,,0.0,0.0,13.13")
    .replace("雷,李,,0.0,0.0,0.0", "雷,李,,0.0,0.0,40")
)
PLAIN = (
    "sep=;\r\nMatrikel;Login;Name;Punkte;Notiz\r\n"
    "1;ada01;Ada Lovelace;;\r\n"
    "2;GRACE02;Grace Hopper;60;\r\n"
    '4;zoe04;"O\'Brien; Zoë";;=x\r\n'
    "6;two06;=1+1\r\n"
    "7;li07;李 雷;;\r\n"
)
PLAIN_FULL = (
    PLAIN.replace("Ada Lovelace;;", "Ada Lovelace;61,5;")
    .replace("Hopper;60;", "Hopper;64;")
    .replace('Zoë";;', 'Zoë";13,13;')
    .replace("=1+1\r", "=1+1;0\r")
    .replace("李 雷;;", "李 雷;40;")
)
# what -> (text, the filled text, what the class was read from, options)
FORMATS: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "canvas": (CANVAS, CANVAS_FULL, "canvas", ("--column", "A2")),
    "canvas by the column's number": (CANVAS, CANVAS_FULL, "canvas", ("--column", "4711")),
    "canvas with semicolons": (
        re.sub(r'("[^"]*(?:""[^"]*)*")|,', lambda m: m[1] or ";", CANVAS).replace(".00", ",00"),
        re.sub(r'("[^"]*(?:""[^"]*)*")|,', lambda m: m[1] or ";", CANVAS_FULL)
        .replace(".00", ",00").replace(".50", ",50").replace(".13", ",13"),
        "canvas", ("--column", "A2 (4711)"),
    ),
    "canvas, of a folder of zips": (CANVAS, CANVAS_FULL, "folders", ("--column", "a2")),
    "moodle in German": (MOODLE_DE, MOODLE_DE_FULL, "moodle", ()),
    "moodle in English": (
        MOODLE_EN,
        MOODLE_EN.replace(",60.00,", ",64,")
        .replace("-,64.00,Yes,x1", "61.5,64.00,Yes,x1")
        .replace("-,64.00,Yes,x4", "13.13,64.00,Yes,x4")
        .replace("-,64.00,Yes,x6", "0,64.00,Yes,x6")
        .replace("-,64.00,Yes,x7", "40,64.00,Yes,x7"),
        "moodle", (),
    ),
    "moodle, marked blind, in Russian": (
        MOODLE_RU,
        MOODLE_RU.replace("-;64,00;Да;1", "61,5;64,00;Да;1")
        .replace("-;64,00;Да;2", "64;64,00;Да;2")
        .replace("-;64,00;Да;4", "13,13;64,00;Да;4")
        .replace("-;64,00;Да;6", "0;64,00;Да;6")
        .replace("-;64,00;Да;7", "40;64,00;Да;7"),
        "moodle", (),
    ),
    "sakai's own gradebook": (
        SAKAI_GRADEBOOK,
        SAKAI_GRADEBOOK.replace('Ada Lovelace",""', 'Ada Lovelace","61.5"')
        .replace('"60.0"', '"64"')
        .replace('Brien",""', 'Brien","13.13"')
        .replace('=1+1",""', '=1+1","0"')
        .replace('李 雷",""', '李 雷","40"'),
        "sakai", (),
    ),
    "blackboard": (BLACKBOARD, BLACKBOARD_FULL, "blackboard", ()),
    "brightspace": (BRIGHTSPACE, BRIGHTSPACE_FULL, "folders", ()),
    "sakai": (SAKAI, SAKAI_FULL, "sakai", ()),
    "nbgrader": (NBGRADER, NBGRADER_FULL, "nbgrader", ("--column", "a2")),
    "plain": (PLAIN, PLAIN_FULL, "repositories", ()),
}  # fmt: skip
ENCODINGS = ("utf-8-sig", "utf-16")


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    out: str
    err: str


def grade(*arguments: object) -> Ended:
    """Run the command line here."""
    code, out, err = 0, io.StringIO(), io.StringIO()
    argv = ["grade", *map(str, arguments)]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def taught(folder: Path, kind: str, uploads: Mapping[Person, Upload] | None = None,
           toml: str = "") -> Path:  # fmt: skip
    """Return the folder of the class."""
    given = uploads or {person: scored(points) for person, points in CLASS}
    return class_of(folder, [(person, [one]) for person, one in given.items()], kind, toml)


def filled(
    tmp: Path,
    text: str,
    kind: str,
    *options: str,
    encoding: str = "utf-8",
    uploads: Mapping[Person, Upload] | None = None,
    toml: str = "",
) -> tuple[Ended, str]:
    """Return how `grade gradebook` ended, and what it wrote."""
    export, out = tmp / "export.csv", tmp / "filled.csv"
    export.write_bytes(text.encode(encoding))
    done = grade("gradebook", taught(tmp / "class", kind, uploads, toml), export, "-o", out,
                 *options)  # fmt: skip
    assert "Traceback" not in done.err
    return done, out.read_bytes().decode(encoding) if out.exists() else ""


@pytest.mark.parametrize(
    ("what", "encoding"), [(what, ENCODINGS[n % 2]) for n, what in enumerate(FORMATS)]
)
def test_one_column_changes_and_every_other_byte_stays(
    what: str, encoding: str, tmp_path: Path
) -> None:
    text, expected, kind, options = FORMATS[what]
    done, out = filled(tmp_path, text, kind, *options, encoding=encoding)
    assert done.code == 0, done
    assert out == expected
    again = tmp_path / "again.csv"
    repeated = grade("gradebook", tmp_path / "class", tmp_path / "filled.csv", "-o", again,
                     *options)  # fmt: skip
    assert repeated.code == 0, repeated
    assert again.read_bytes() == (tmp_path / "filled.csv").read_bytes()


def test_a_dry_run_shows_each_change_and_writes_nothing(tmp_path: Path) -> None:
    done, out = filled(tmp_path, CANVAS, "canvas", "--column", "A2", "--dry-run")
    assert done.code == 0 and out == ""
    lines = [line.split() for line in done.out.splitlines() if line.startswith("      ")]
    assert ["5", "Hopper,", "Grace", "(grace02,", "40102)", "60.00", "64.00"] in lines
    assert len(lines) == 5


SCALES = {
    ("percent",): ["96.09", "100.00", "20.51", "0.00", "62.50"],
    ("maximum",): ["61.50", "64.00", "13.13", "0.00", "40.00"],
    ("10",): ["9.61", "10.00", "2.05", "0.00", "6.25"],
    ("points",): ["61.50", "64.00", "13.13", "0.00", "40.00"],
}


@pytest.mark.parametrize("scale", SCALES)
def test_points_are_scaled_as_asked_and_rounded_once(
    scale: tuple[str, ...], tmp_path: Path
) -> None:
    text = CANVAS.replace("64.00", "64.00")
    _, out = filled(tmp_path, text, "canvas", "--column", "A2", "--scale", *scale)
    assert [row[6] for row in csv.reader(io.StringIO(out))][3:8] == SCALES[scale]


def test_the_scale_of_course_toml_holds_unless_another_is_asked_for(tmp_path: Path) -> None:
    toml = "[grades]\nscale = 100\ndecimals = 0\n"
    _, out = filled(tmp_path, BLACKBOARD, "blackboard", toml=toml)
    assert [row.split("\t")[-1] for row in out.splitlines()[1:6]] == [
        '"96"', '"100"', '"21"', '"0"', '"63"'
    ]  # fmt: skip


# what -> (text, class read from, uploads, options, exit code, what is said)
LATE = {ADA: scored(50.0)}
TOLD: Mapping[str, tuple[str, str, Mapping[Person, Upload], Sequence[str], int, Sequence[str]]] = {
    "a student who is not in the gradebook": (
        CANVAS, "canvas", {**LATE, Person("7", "new", "New"): scored(1)}, ["--column", "A2"], 2,
        ["New (new, 7): is not in the gradebook: no row has this id", "1 score would be lost"]),
    "... is left out if that is allowed": (
        CANVAS, "canvas", {**LATE, Person("7", "new", "New"): scored(1)},
        ["--column", "A2", "--allow-missing"], 0, ["New (new, 7)"]),
    "who handed in nothing": (
        CANVAS, "canvas", LATE, ["--column", "A2"], 0,
        ["handed in nothing (4):", "Hopper, Grace (grace02, 40102): '60.00' stays"]),
    "points that wait": (
        CANVAS, "canvas", {ADA: scored(50.0, pending=6.0)}, ["--column", "A2"], 2,
        ["Lovelace, Ada (ada01, 40101): 6 of 70", "--pending-as 0", "--only-complete"]),
    "points that wait count as nothing": (
        CANVAS, "canvas", {ADA: scored(50.0, pending=6.0)},
        ["--column", "A2", "--pending-as", "0"], 0, ["1 cell to change"]),
    "who waits is left open": (
        CANVAS, "canvas", {ADA: scored(50.0, pending=6.0)},
        ["--column", "A2", "--only-complete"], 0, ["0 cells to change", "Left open"]),
    "several columns": (
        CANVAS, "canvas", LATE, [], 2, ["2 columns could take", "'A1' (4710), 'A2' (4711)"]),
    "several columns, one of them without scores": (
        CANVAS.replace(",60.00,", ",,"), "canvas", LATE, [], 2,
        ["'A1' (4710), 'A2' (4711) without scores yet"]),
    "a column that is not there": (
        CANVAS, "canvas", LATE, ["--column", "A3"], 2, ["there is no such column", "'A1' (4710)"]),
    "a column that Canvas computes": (
        CANVAS.replace("64.00,(read", "(read only),(read"), "canvas", LATE, ["--column", "A2"], 2,
        ["Canvas computes it"]),
    "an excused student of the gradebook": (
        CANVAS.replace("9.00,,", "9.00,EX,"), "canvas", LATE, ["--column", "A2"], 0,
        ["is excused in the gradebook", "0 cells to change"]),
    "a student who is not assigned": (
        CANVAS.replace("9.00,,", "9.00,N/A,"), "canvas", LATE, ["--column", "A2"], 2,
        ["not assigned this column"]),
    "two rows of one id": (
        CANVAS + '"Lovelace, Ada",40101,s1,ada01,Lab 2,,,\r\n', "canvas", LATE, ["--column", "A2"],
        2, ["2 rows fit (lines 4, 10); keep one"]),
    "two students of one row": (
        CANVAS, "canvas", {ADA: scored(1), Person("", "x", "X", ADA.email): scored(2),
                           Person("", "y", "Y", "ADA01"): scored(3)},
        ["--column", "A2", "--dry-run"], 2, ["line 4 would be that of"]),
    "a grade above the maximum, which Moodle skips": (
        MOODLE_DE.replace("100,00", "10,00"), "moodle", LATE, [], 2,
        ["50 of at most 10: Moodle skips the row"]),
    "a grade above the maximum, which Brightspace caps": (
        BRIGHTSPACE.replace("MaxPoints:64", "MaxPoints:10"), "folders", LATE, [], 2,
        ["caps it in silence"]),
    "a grade above the maximum of Canvas": (
        CANVAS.replace("64.00,(read", "10.00,(read"), "canvas", LATE, ["--column", "A2"], 0,
        ["Above the maximum (1)", "50 of at most 10"]),
    "a row that is locked in Moodle": (
        MOODLE_DE.replace(',"100,00",Ja,"Freitag', ',"100,00",Nein,"Freitag'), "moodle", LATE, [],
        2, ["the grade is locked"]),
    "a participant's number of another assignment": (
        MOODLE_DE, "moodle", {Person("40101", name="Grace Hopper"): scored(1)}, [], 2,
        ["the row with that id is called 'Ada Lovelace'"]),
    "an id of another LMS is nobody's": (
        CANVAS, "moodle", {Person("40101", name="Ada Lovelace"): scored(1)}, ["--column", "A2"], 2,
        ["only the name fits (line 4); take such rows with --by-name"]),
    "a name alone, if that is allowed": (
        CANVAS, "moodle", {Person("40101", name="Ada Lovelace"): scored(1)},
        ["--column", "A2", "--by-name"], 0, ["1 cell to change"]),
    "two students of one name are never guessed": (
        BRIGHTSPACE, "brightspace", {Person("1-2", name="Ada Lovelace"): scored(1),
                                     Person("1-3", name="Ada Lovelace"): scored(2)},
        ["--by-name"], 2, ["2 students and 1 row have this name"]),
    "two rows of one name are never guessed": (
        BRIGHTSPACE + "#s9,#ada99,Lovelace,Ada,,,#\r\n", "brightspace",
        {Person("1-2", name="Ada Lovelace"): scored(1)}, ["--by-name"], 2,
        ["1 student and 2 rows have this name"]),
    "what could not be graded keeps its cell": (
        CANVAS, "canvas", {ADA: scored(1, status="refused"), GRACE: scored(1, problem="is empty")},
        ["--column", "A2"], 0, ["Without a score (2)", "cannot be graded", "is empty"]),
    "a Gradescope CSV": (
        "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,"
        "Submission Time,Lateness (H:M:S)\nAda,L,1,a@b.c,,1,2,Graded,1,,\n", "gradescope", LATE, [],
        2, ["is a CSV of Gradescope", "grade release"]),
    "no gradebook at all": ("a,b\n1,2\n", "canvas", LATE, [], 2, ["no column says who is who"]),
    "no scores column": (
        "login,x,y\nada01,,\n", "canvas", LATE, [], 2, ["--column: 'x' without scores yet, 'y'"]),
    "words of a scale": (
        MOODLE_DE.replace('"100,00"', '"Scale: good"').replace("Bestwertung", "Maximum Grade"),
        "moodle", LATE, [], 2, ["by words of a scale"]),
    "a column without a maximum": (
        "login,score\nada01,\n", "folders", LATE, ["--scale", "maximum"], 2,
        ["has no maximum", "--scale 100"]),
    "an unknown scale": (CANVAS, "canvas", LATE, ["--scale", "half"], 2, ["use points, percent"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TOLD)
def test_every_problem_is_told_with_whose_it_is(what: str, tmp_path: Path) -> None:
    text, kind, uploads, options, code, says = TOLD[what]
    done, out = filled(tmp_path, text, kind, *options, uploads=uploads)
    assert done.code == code, done
    assert bool(out) == (code == 0 and "--dry-run" not in options)
    for one in says:
        assert one in done.out + done.err, done


def test_excused_students_are_written_as_the_lms_has_it(tmp_path: Path) -> None:
    toml = 'excused = ["ada01", "zoe04"]\n'  # Zoë handed in nothing
    _, out = filled(tmp_path, CANVAS, "canvas", "--column", "A2", uploads=LATE, toml=toml)
    assert "ada01,Lab 1,9.00,EX," in out and 'Lab 2",,EX,' in out


def test_a_name_of_course_toml_that_nobody_has_stops_the_gradebook(tmp_path: Path) -> None:
    toml = "[extensions]\nadda = 2\ngrace02 = 1\n"  # Grace may hand in later
    done, out = filled(tmp_path, CANVAS, "canvas", "--column", "A2", uploads=LATE, toml=toml)
    assert done.code == 2 and not out
    assert "extensions: 'adda': is nobody's name here" in done.out and "grace02'" not in done.out


def test_grades_csv_has_what_people_gave_and_what_still_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = {one: scored(50.0, pending=6.0) for one in (ADA, GRACE)}
    folder = taught(tmp_path / "class", "canvas", uploads)
    given = decisions.People({1: {
        "question": decisions.Judged(4.5, 6.0), "affine_forward": decisions.Judged(51.0, 64.0)
    }})  # fmt: skip
    monkeypatch.setattr(decisions, "people", lambda db: given)
    assert grade("regrade", folder, "--revert", "1").code == 0
    text = (folder / "grades.csv").read_text()
    rows = {row["login"]: row for row in csv.DictReader(io.StringIO(text))}
    columns = ("pending", "affine_forward", "question", "final")
    assert [rows["ada01"][name] for name in columns] == ["0", "51", "4.5", "55.5"]
    assert [rows["grace02"][name] for name in columns] == ["6", "50", "", "50"]
    said = grade("status", folder).out
    assert "1 student with points that wait for a person: grace02 6\n" in said


def test_who_was_forgotten_is_not_named(tmp_path: Path) -> None:
    folder, export = taught(tmp_path / "class", "canvas"), tmp_path / "export.csv"
    export.write_text(CANVAS)
    with Store(folder) as store, store.writing():
        zoe = next(one for one in store.students() if one.person == ZOE)
        store.forget(zoe.number, hashes_of(ZOE))
    done = grade("gradebook", folder, export, "--column", "A2", "--dry-run")
    assert "O'Brien" not in done.out + done.err
    assert "1 row of students who were forgotten stay" in done.out
    assert not absent_of(export, folder).table([ADA, GRACE, TWO, LI])
    assert absent_of(export, folder).table([ADA, GRACE, TWO])[0].lede == "1 of 4 in the roster."


def absent_of(roster: Path, folder: Path) -> Absent:
    with Store(folder, reading=True) as store:
        return Absent(str(roster), store.forgotten())


def test_an_export_is_never_written_over(tmp_path: Path) -> None:
    folder, export = taught(tmp_path / "class", "canvas"), tmp_path / "export.csv"
    export.write_text(CANVAS)
    done = grade("gradebook", folder, export, "-o", export, "--column", "A2")
    assert done.code == 2 and "is the export itself" in done.err


def test_comments_of_people_stay_and_ours_are_replaced(tmp_path: Path) -> None:
    text = MOODLE_DE.replace(",-,\n", ',-,"<p>50 of 64 points earned.</p>"\n', 1)
    done, out = filled(tmp_path, text, "moodle")
    assert "61.5 of 64 points earned." in out and "gut so" in out
    assert "1 comment of other people left" in done.out


@pytest.mark.parametrize("seed", range(8))
def test_whoever_is_in_a_class_gets_their_own_score(seed: int, tmp_path: Path) -> None:
    """Names that break parsers, in any order of rows: each row has its own student's points."""
    draw = random.Random(seed)
    names = ["O'Brien, Zoë", "_12_", "=1+1", "李, 雷", "van der Berg-Smith, Jan", "N" * 300,
             "40101", "LATE, Bob", "Ada, Ada", "Ada, Ada", 'Q"uote, "A"',
             "line\nbreak, x"]  # fmt: skip
    people = [Person(str(500 + n), f"l{n}", name) for n, name in enumerate(names)]
    scores = {person: draw.randrange(0, 128) / 2 for person in people}
    draw.shuffle(people)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=(sign := draw.choice(",;")), lineterminator="\r\n",
                        quoting=draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))  # fmt: skip
    writer.writerow(["Student", "ID", "SIS Login ID", "Section", "A2 (4711)"])
    writer.writerow(["    Points Possible", "", "", "", "64.0" if sign == "," else "64,0"])
    writer.writerows([p.name, p.id, p.login, "x", ""] for p in people)
    done, out = filled(tmp_path, stream.getvalue(), "canvas",
                       uploads={p: scored(points) for p, points in scores.items()})  # fmt: skip
    assert done.code == 0, done
    rows = list(csv.reader(io.StringIO(out, newline=""), delimiter=sign))[2:]
    assert {row[1]: number(row[4]) for row in rows} == {p.id: s for p, s in scores.items()}
    assert [row[:4] for row in rows] == [[p.name, p.id, p.login, "x"] for p in people]
