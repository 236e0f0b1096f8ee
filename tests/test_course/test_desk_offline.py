"""Desks without a server: files of markers, joined in any order, and requests of students."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.cli import desk_run
from grader.course import decisions
from grader.course.desk import offline, requests
from grader.course.desk.book import Book
from grader.course.opinions import Decision
from grader.errors import UsageError
from tests.support import desks
from tests.support.desks import Class, result, simple
from tests.support.short_run import EVERYTHING

Q = desks.QUESTIONS[0]
Data = dict[str, Any]


def exported(folder: Path, markers: int, second: float = 20.0) -> list[Data]:
    """Export desks; return what each of them holds."""
    desk_run.export(folder / "class", markers, folder / "out", second)
    pages = sorted((folder / "out").glob("*.html"), key=lambda path: int(path.stem[5:]))
    assert len(pages) == markers
    return [data_of(page.read_text("utf-8")) for page in pages]


def data_of(page: str) -> Data:
    """Return what the script of a page reads."""
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    data: Data = json.loads(found[1])
    return data


def marked(data: Data, marker: str, points: Callable[[str], float | None]) -> Data:
    """Return what a marker saves who gives so many points for each answer; None: not done."""
    made = []
    for number, (name, entry) in enumerate(data["entries"].items()):
        given = points(name)
        if given is None:
            continue
        at = f"2026-03-01T10:00:{number % 60:02}.{data['number']:03}Z"
        made.append(
            {"id": f"{marker}{number:08}", "entry": name, "at": at, "action": "grade",
             "criteria": [], "points": given, "comment": f"by {marker}", "reason": "",
             "replaces": entry["seen"], "seconds": 12.5}
        )  # fmt: skip
    evidence = {name: one["evidence"] for name, one in data["entries"].items()}
    return {"schema": data["schema"], "class": data["class"], "marker": marker,
            "evidence": evidence, "criteria": [], "decisions": made}  # fmt: skip


def standing(folder: Path) -> tuple[dict[tuple[int, str], float], list[str], list[Decision]]:
    """Return points, conflicts and all decisions of a class, in an order of their own."""
    book = Book(folder, "")
    every = sorted((one for _, one in decisions.read(book.db)), key=lambda one: repr(one))
    found = decisions.people(book.db).points, list(offline.conflicts(book)), every
    book.close()
    return found


def test_shares_are_even_and_overlap_and_have_no_name(tmp_path: Path) -> None:
    one = Class(tmp_path / "class")
    answers = {q: "text" for q in desks.QUESTIONS}
    one.hand_in([result(answers)] * 60, [f"Student Number{n:05}" for n in range(60)])
    desk_run.export(one.folder, 7, tmp_path / "out", 20.0)
    pages = [path.read_text("utf-8") for path in sorted((tmp_path / "out").glob("*.html"))]
    seen: dict[str, int] = {}
    for page in pages:
        assert not re.search(r"Student Number|login0|\b4000\d|\b4005\d", page)
        assert desks.harm_in(re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.S)) == []
        names = data_of(page)["entries"]
        counts = [sum(e["item"] == q for e in names.values()) for q in desks.QUESTIONS]
        assert max(counts) - min(counts) <= 8 and min(counts) >= 8
        for name in names:
            seen[name] = seen.get(name, 0) + 1
    assert len(seen) == 180 and set(seen.values()) == {1, 2}
    assert 15 <= sum(number == 2 for number in seen.values()) <= 60


def test_hostile_text_is_text_in_a_file_too(tmp_path: Path) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: text}, ["dropout_training"]) for text in desks.HOSTILE])
    marker = desks.Marker(one.folder)
    for text in desks.HOSTILE:
        marker.open().send(action="criterion", new_text=text, new_points="1", new_note=text)
    marker.close()
    desk_run.export(one.folder, 1, tmp_path / "out", 0.0)
    page = (tmp_path / "out" / "desk-1.html").read_text("utf-8")
    assert page.count("<script") == 3 and page.count("<style") == 1
    assert desks.harm_in(re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.S)) == []
    texts = [one["text"] for one in data_of(page)["criteria"]]
    assert texts == [text.strip() for text in desks.HOSTILE]


def test_twenty_desks_join_in_any_order_to_the_same_and_no_conflict_is_lost(
    tmp_path: Path,
) -> None:
    simple(tmp_path / "class", 30 if not EVERYTHING else 200)
    every = exported(tmp_path, 20, 50.0)
    draw = random.Random(4)
    files, given = [], dict[str, list[float]]()
    for data in every:

        def points(name: str) -> float:
            worth = draw.choice([0.0, 1.0, 2.0])
            given.setdefault(name, []).append(worth)
            return worth

        path = tmp_path / f"decisions-{data['number']}.json"
        path.write_text(json.dumps(marked(data, f"marker{data['number']}", points)))
        files.append(path)
    differing = {name for name, worths in given.items() if len(set(worths)) > 1}
    assert differing and len(differing) < len(given)
    backup = (tmp_path / "class" / "class.sqlite").read_bytes()
    found = []
    for order in range(3):
        (tmp_path / "class" / "class.sqlite").write_bytes(backup)
        draw.shuffle(files)
        for start in range(0, 20, 4 + order):
            desk_run.merge(tmp_path / "class", files[start:][: 4 + order])
        desk_run.merge(tmp_path / "class", files[:3])  # once more changes nothing
        found.append(standing(tmp_path / "class"))
    assert found[0] == found[1] == found[2]
    points_now, conflicts, decided = found[0]
    assert len(decided) == sum(map(len, given.values()))
    assert {re.findall(r"answer (\w+)", line)[0] for line in conflicts} == differing
    assert len(points_now) == len(given) - len(differing)


def test_a_desk_that_was_exported_before_a_decision_conflicts_with_it(tmp_path: Path) -> None:
    simple(tmp_path / "class", 2)
    (data,) = exported(tmp_path, 1)
    marker = desks.Marker(tmp_path / "class")
    marker.at(1).send(points="2")
    name = marker.book.places[1, Q]
    marker.close()
    path = tmp_path / "d.json"
    path.write_text(json.dumps(marked(data, "bo-marks", lambda n: 0.5 if n == name else None)))
    desk_run.merge(tmp_path / "class", [path])
    assert standing(tmp_path / "class")[1] == [f"{Q}, answer {name}: ada 2, bo-marks 0.5"]
    (again,) = exported(tmp_path, 1)  # what is in conflict goes out again only by the desk
    assert name not in again["entries"]


def edit(data: Data, **facts: Any) -> Data:
    """Return what a marker saved, with its first decision changed."""
    first, *rest = data["decisions"]
    return {**data, "decisions": [{**first, **facts}, *rest]}


BROKEN: dict[str, tuple[Callable[[Data], object], str]] = {
    "no JSON": (lambda d: "{", "invalid JSON"),
    "a list": (lambda d: [d], "the file"),
    "another class": (lambda d: {**d, "class": "0" * 16}, "of another class"),
    "another form": (lambda d: {**d, "schema": "backgrade/decisions/9"}, "schema"),
    "too many points": (lambda d: edit(d, points=9.0), "not between 0 and 2"),
    "less than none": (lambda d: edit(d, points=-0.5), "not between 0 and 2"),
    "points without end": (lambda d: edit(d, points="inf"), "points"),
    "a time that is none": (lambda d: edit(d, at="yesterday"), "at"),
    "an unknown action": (lambda d: edit(d, action="request"), "action"),
    "an id that is a path": (lambda d: edit(d, id="../../etc/passwd"), "id"),
    "a long comment": (lambda d: edit(d, comment="x" * 30_000), "comment"),
    "a field that nobody knows": (lambda d: {**d, "extra": 1}, "extra"),
    "nobody's": (lambda d: {**d, "marker": ""}, "marker"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_named_and_nothing_of_it_is_kept(what: str, tmp_path: Path) -> None:
    simple(tmp_path / "class", 2)
    (data,) = exported(tmp_path, 1)
    change, why = BROKEN[what]
    broken = change(marked(data, "ada-marks", lambda name: 1.0))
    path = tmp_path / "broken.json"
    path.write_text(broken if isinstance(broken, str) else json.dumps(broken))
    with pytest.raises(UsageError, match=f"(?s)broken.json.*{re.escape(why)}"):
        desk_run.merge(tmp_path / "class", [path])
    assert standing(tmp_path / "class")[2] == []


def test_what_is_no_longer_there_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simple(tmp_path / "class", 1)
    (data,) = exported(tmp_path, 1)
    made = edit(marked(data, "ada-marks", lambda name: 1.0), entry="0" * 16)
    (tmp_path / "d.json").write_text(json.dumps(made))
    desk_run.merge(tmp_path / "class", [tmp_path / "d.json"])
    assert "1 about what is no longer there" in capsys.readouterr().err
    assert len(standing(tmp_path / "class")[2]) == len(desks.QUESTIONS) - 1


def test_criteria_that_a_marker_made_come_along(tmp_path: Path) -> None:
    simple(tmp_path / "class", 1)
    (data,) = exported(tmp_path, 1)
    made = marked(data, "ada-marks", lambda name: None)
    name = next(n for n, e in data["entries"].items() if e["item"] == Q)
    mine = {"id": "c" * 32, "item": Q, "points": 1.5, "text": "names p"}
    one = {"id": "d" * 32, "entry": name, "at": "2026-03-01T10:00:00.000Z", "action": "grade",
           "criteria": ["c" * 32]}  # fmt: skip
    made = {**made, "criteria": [mine], "decisions": [one]}
    (tmp_path / "d.json").write_text(json.dumps(made))
    desk_run.merge(tmp_path / "class", [tmp_path / "d.json"] * 2)
    assert standing(tmp_path / "class")[0] == {(1, Q): 1.5}


def test_requests_of_students_wait_at_the_desk_and_the_answer_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simple(tmp_path / "class", 2)
    table = tmp_path / "requests.csv"
    table.write_text(
        '\ufeffStudent;Item;Text\r\nlogin00001;dropout_forward;"I scale by 1/p, see line 3"\r\n'
        f"40002;{Q};Why none?\r\n"
    )
    for _ in range(2):
        desk_run.merge(tmp_path / "class", [table])
    assert "2 new requests" in capsys.readouterr().out
    marker = desks.Marker(tmp_path / "class")
    page = marker.open("dropout_forward")
    assert "I scale by 1/p, see line 3" in page.text and "By the machine 1 of 4" in page.text
    assert page.send(action="looked", reason="").response.status_code == 422
    page.send(points="3.5", comment="You are right.", reason="the case is ambiguous")
    marker.at(2).send(action="looked", reason="nothing was written")
    assert decisions.people(marker.book.db).points == {(1, "dropout_forward"): 3.5}
    assert marker.open("dropout_forward").response.url.path == "/the-token/"
    marker.close()
    desk_run.history(tmp_path / "class", "LOGIN00001")
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert "request by the student. comment: I scale by 1/p, see line 3" in lines[0]
    assert "grade by ada. 3.5 points typed; comment: You are right." in lines[1]


REQUESTS = {
    "nobody": ("student,item,text\nx,Dropout/1,t\n", "line 2: no student is 'x'"),
    "no item": ("student,item,text\n40001,adam,t\n", "line 2: no item is 'adam'"),
    "no text": ("student,item,text\n40001,Dropout/1,\n", "line 2: the text is empty"),
    "no column": ("student,text\n40001,t\n", "has no column item"),
    "an empty file": ("", "has no column student, item, text"),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_that_fits_nothing_is_named_and_none_is_added(what: str, tmp_path: Path) -> None:
    simple(tmp_path / "class", 1)
    text, why = REQUESTS[what]
    good = "40001,Dropout/2,t\n" if text.startswith("student,item") else ""
    path = tmp_path / "r.csv"
    path.write_text(text + good)
    book = Book(tmp_path / "class", "")
    with pytest.raises(UsageError, match=re.escape(why)):
        requests.add(book, path)
    assert list(decisions.read(book.db)) == []
    book.close()
