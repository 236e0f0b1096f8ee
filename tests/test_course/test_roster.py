"""A class list joins by ids, logins and addresses; a name only proposes."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from grader.course import joining, roster
from grader.course.records import Attempt, Found, Person
from grader.errors import UsageError
from tests.support import exports
from tests.support.exports import ADA, GRACE, HOSTILE

FIELDS = "id login name email sid section group extension".split()
# a csv -> what is read of its first student: id, login, name, email, sid, section, group, extension
READ: dict[str, tuple[bytes, tuple[str, ...], str]] = {
    "our own": (
        b"sid,login,email,name,section,group,extension\n7,ada01,a@x.edu,Ada L,1,t7,2 days\n",
        ("", "ada01", "Ada L", "a@x.edu", "7", "1", "t7", "2 days"), "",
    ),
    "Canvas": (
        exports.canvas_gradebook([ADA, GRACE]),
        ("40101", "ada01", "Lovelace, Ada", "", "", "Lab 1", "", ""), "canvas",
    ),
    "Canvas with semicolons and a formula": (
        '\ufeffStudent;ID;SIS User ID;SIS Login ID;Section;A2 (1)\n'
        '    Points Possible;;;;;"100,00"\n"=""=1+1""";9;s9;two06;Lab;"1,5"\n'.encode(),
        ("9", "two06", "=1+1", "", "s9", "Lab", "", ""), "canvas",
    ),
    "Canvas with names apart": (
        b"LastName,FirstName,ID,SIS Login ID,Section\nLovelace,Ada,40101,ada01,L\n",
        ("40101", "ada01", "Ada Lovelace", "", "", "L", "", ""), "canvas",
    ),
    "Moodle": (
        exports.moodle_worksheet([ADA]),
        ("40101", "", "Ada Lovelace", "ada01@school.example", "", "", "", ""), "moodle",
    ),
    "Moodle in German": (
        'Identifier,"Vollst\u00e4ndiger Name",E-Mail-Adresse\n'
        "Teilnehmer/in310101,Ada,a@x\n".encode(),
        ("310101", "", "Ada", "a@x", "", "", "", ""), "moodle",
    ),
    "Moodle in German, as the site names the id": (
        'ID,"Vollst\u00e4ndiger Name",E-Mail-Adresse,Status,Bewertung\n'
        "Teilnehmer/in310101,Ada 2,a@x.edu,-,\nTeilnehmer/in310102,Bob,b@x.edu,-,\n".encode(),
        ("310101", "", "Ada 2", "a@x.edu", "", "", "", ""), "moodle",
    ),
    "Moodle in Spanish": (
        "Identificador;Nombre completo;Direcci\u00f3n de correo;Estado\n"
        "Participante 7;Ana;a@x.edu;-\n".encode(),
        ("7", "", "Ana", "a@x.edu", "", "", "", ""), "moodle",
    ),
    "Moodle in Japanese": (
        "\u8b58\u5225\u5b50,\u6c0f\u540d,\u30e1\u30fc\u30eb,\u8a55\u70b9\n"
        "\u53c2\u52a0\u8005 7,\u674e,a@x.edu,-\n\u53c2\u52a0\u8005 8,,,-\n".encode(),
        ("7", "", "\u674e", "a@x.edu", "", "", "", ""), "moodle",
    ),
    "logins that look like participants": (
        b"login,name,section,group\nuser12,Ada,1,t7\nuser13,Bob,1,t7\n",
        ("", "user12", "Ada", "", "", "1", "t7", ""), "",
    ),
    "numbers of a school with a letter": (
        b"id,name,section,group\ns12,Ada,1,t7\ns13,Bob,1,t7\n",
        ("12", "", "Ada", "", "", "1", "t7", ""), "",
    ),
    "Blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"A2 [Total Pts: 100] |664"\n'
        '"Lovelace"\t"Ada"\t"ada01"\t"77"\t""\n'.encode("utf-16"),
        ("", "ada01", "Ada Lovelace", "", "77", "", "", ""), "",
    ),
    "Brightspace": (
        b"OrgDefinedId,Username,Last Name,First Name,Email,A2 Points Grade,End-of-Line Indicator\n"
        b"#77,#ada01,Lovelace,Ada,a@x.edu,,#\n",
        ("", "ada01", "Ada Lovelace", "a@x.edu", "77", "", "", ""), "",
    ),
    "Gradescope": (
        b"First Name,Last Name,SID,Email,Sections,Total Score\nAda,Lovelace,77,a@x.edu,Lab,1\n",
        ("", "", "Ada Lovelace", "a@x.edu", "77", "Lab", "", ""), "",
    ),
    "a classroom of repositories": (
        b"username,first_name,last_name,email,section,github_id\nada01,Ada,Lovelace,a@x,L,9\n",
        ("", "ada01", "Ada Lovelace", "a@x", "", "L", "", ""), "",
    ),
    "UTF-16 without a mark, and a title with semicolons": (
        'Student,ID,SIS Login ID,Section,"A2; a; b; c; d; e (1)"\n"L, Ada",40101,ada01,L,\n'
        .encode("utf-16-le"),
        ("40101", "ada01", "L, Ada", "", "", "L", "", ""), "canvas",
    ),
    "cp1252 and lines of an old Mac": (
        "login,name\rzoe04,Zo\u00eb\r".encode("cp1252"),
        ("", "zoe04", "Zo\u00eb", "", "", "", "", ""), "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_the_columns_of_a_class_list_are_known(what: str) -> None:
    data, expected, kind = READ[what]
    members = roster.parse(data, "class.csv")
    row = members.rows[0]
    told = {**asdict(row.person), **{name: getattr(row, name) for name in FIELDS[4:]}}
    assert tuple(told[name] for name in FIELDS) == expected
    assert (members.kind, members.problems) == (kind, ())


UNREADABLE = {
    "no header that we know": (b"points,colour\n1,red\n", "no column says who is who"),
    "nobody in it": (b"login,name\n", "there is nobody in it"),
    "empty": (b"", "no column"),
    "a zip": (exports.homework(), "is a workbook or a zip; export it as CSV"),
    "an open quote": (b'login,name\n"ada' + b"x" * 200_000, "line 2: a quotation mark begins"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_no_class_list_is_one_line(what: str, tmp_path: Path) -> None:
    data, says = UNREADABLE[what]
    (tmp_path / "class.csv").write_bytes(data)
    with pytest.raises(UsageError, match=says) as caught:
        roster.read(tmp_path / "class.csv")
    assert "\n" not in str(caught.value) and re.match("class.csv[:,] ", str(caught.value))
    with pytest.raises(UsageError, match="cannot be read"):
        roster.read(tmp_path / "other.csv")


def found(*people: Person, kind: str = "folders") -> Found:
    return Found(kind, tuple(Attempt(person, f"class/{person.shown}") for person in people))


CLASS = roster.parse(
    b"sid,login,email,name\n1,ada01,ada@x.edu,Ada Lovelace\n2,grace02,g@x.edu,Grace Hopper\n"
    b"3,ada03,ada3@x.edu,Lovelace Ada\n4,al,al@x.edu,Alan Turing\n",
    "class.csv",
)
# whom a source knows -> who that is by the roster, and fragments of problems and of proposals
JOINED: dict[str, tuple[list[Person], list[str], list[str], list[str]]] = {
    "login": ([Person(login="ADA01")], ["1 ada@x.edu"], [], []),
    "address as a login": ([Person(login="g@x.edu")], ["2 g@x.edu"], [], []),
    "address": ([Person(email="G@X.edu", name="Nobody")], ["2 g@x.edu"], [], []),
    "number of the school": ([Person(login="2")], ["2 g@x.edu"], [], []),
    "a name": ([Person(name="Turing, Alan")], ["4 al@x.edu"], [], ["1 student can be joined"]),
    "a name of two": ([Person(name="Ada Lovelace")], ["?"], ["2 people of the roster have"], []),
    "a name and its owner": (
        [Person(login="al"), Person(name="alan turing")], ["4 al@x.edu", "?"],
        ["alan turing: shares a name"], [],
    ),
    "nobody of the class": ([Person(login="eve")], ["?"], ["eve: is not in the roster"], []),
    "two names of one": (
        [Person(login="al"), Person(login="al@x.edu")], ["4 al@x.edu", "4 al@x.edu"], [],
        ["'al', 'al@x.edu' are one row"],
    ),
    "two rows": ([Person(login="al", email="g@x.edu")], ["?"], ["2 rows of the roster fit"], []),
}  # fmt: skip


@pytest.mark.parametrize("what", JOINED)
def test_ids_join_and_names_propose(what: str) -> None:
    people, expected, problems, proposals = JOINED[what]
    got = joining.joined(found(*people), CLASS)
    told = [_who(one.person) for one in got.attempts]
    assert told == expected
    assert len(got.problems) == len(problems) and len(got.proposals) == len(proposals)
    assert all(part in line for part, line in zip(problems, got.problems))
    assert all(part in str(one) for part, one in zip(proposals, got.proposals))
    assert len(got.absent) == 4 - len({one for one in expected if one != "?"})
    assert len({one.person for one in got.attempts}) == len(set(expected))


def _who(person: Person) -> str:
    """Return "sid email" of the row whose name a person was given."""
    rows = [row for row in CLASS.rows if row.person.name == person.name and person.login]
    same = [row for row in rows if person.email.lower() == row.person.email]
    return f"{same[0].sid} {same[0].person.email}" if same else "?"


def test_an_id_of_another_system_joins_nobody() -> None:
    canvas = roster.parse(exports.canvas_gradebook([ADA]), "g.csv")
    person = Person(id=str(ADA.number), name="Somebody")
    assert joining.joined(found(person, kind="moodle"), canvas).attempts[0].person == person
    joined = joining.joined(found(person, kind="canvas"), canvas).attempts[0].person
    assert joined.login == "ada01"


def test_a_group_is_its_members(tmp_path: Path) -> None:
    csv = b"login,name,group\nada01,Ada,team_7\ngrace02,Grace,Team_7\nal,Alan,team_8\n"
    members = roster.parse(csv, "class.csv")
    got = joining.joined(found(Person(id="42", name="team_7"), kind="moodle"), members)
    (one,) = got.attempts
    assert (one.person.login, [m.login for m in one.members], one.group) == (
        "ada01", ["grace02"], "team_7",
    )  # fmt: skip
    assert [person.login for person in got.absent] == ["al"]
    assert got.problems == () and "'team_7' is ada01 and grace02" in str(got.proposals[0])


def test_a_row_that_is_there_twice_is_told_and_joins_nobody() -> None:
    twice = roster.parse(b"login,name\nada01,Ada\nada01,Eve\nal,Alan\nal,Alan\n", "class.csv")
    got = joining.joined(found(Person(login="ada01"), Person(login="al")), twice)
    assert [one.person.name for one in got.attempts] == ["", "Alan"]
    assert got.problems[0] == "class.csv: 2 rows have the login 'ada01'; keep one of them"


def test_made_up_students_are_not_absent() -> None:
    members = roster.parse(exports.canvas_gradebook([ADA, *HOSTILE]), "g.csv")
    absent = joining.joined(found(Person(id="40101"), kind="canvas"), members).absent
    assert {one.id for one in absent} == {str(one.number) for one in HOSTILE} - {"40111"}
