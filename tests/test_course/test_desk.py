"""The desk as markers use it: what is saved, what is asked first, who is turned away."""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli import desk_run
from grader.course import decisions, place, to_judge
from grader.course.desk import progress, suggestions
from grader.course.store import Store
from grader.errors import UsageError
from tests.support import desks
from tests.support.desks import HOSTILE, QUESTIONS, WORTH, Class, Marker, Page, result, simple
from tests.support.short_run import EVERYTHING

pytest.importorskip("starlette", reason="NOT CHECKED: the extra desk is not installed")
Q = QUESTIONS[0]
At = Callable[..., Marker]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    """Return what seats somebody at the desk of the class in `tmp_path / "class"`."""
    seated: list[Marker] = []

    def seat(name: str = "ada", second: float = 0.0) -> Marker:
        seated.append(Marker(tmp_path / "class", name, second))
        return seated[-1]

    yield seat
    for one in seated:
        one.close()


def kept(folder: Path) -> dict[tuple[int, str], float]:
    """Return the points that people gave, read anew."""
    db = decisions.connect(folder / "class")
    found = decisions.people(db).points
    db.close()
    return found


def test_points_that_are_typed_are_kept_and_the_next_answer_comes(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 3)
    page = at().open()
    given = {}
    for points in ("0,5", "2", "1.25"):
        given[page.entry.students[0], Q] = float(points.replace(",", "."))
        page = page.send(points=points, comment="See\nabove.")
    assert kept(tmp_path) == given and len(given) == 3
    assert page.response.url.path == "/the-token/"  # nothing is left: back to the first page
    db = decisions.connect(tmp_path / "class")
    assert {one[Q].comment for one in decisions.people(db).judged.values()} == {"See\nabove."}
    db.close()


WRONG = {
    "no points": ({}, "none are given"),
    "too many": ({"points": "2.5"}, "between 0 and 2"),
    "less than nothing": ({"points": "-1"}, "between 0 and 2"),
    "no number": ({"points": "zwei"}, "no number"),
    "not a finite one": ({"points": "nan"}, "no number"),
    "endless": ({"points": "inf"}, "no number"),
    "a flag without a reason": ({"action": "flag", "reason": " "}, "needs one"),
    "something that is no action": ({"action": "request", "points": "1"}, "load the page again"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_kept_is_said_and_what_was_typed_is_still_there(
    what: str, tmp_path: Path, at: At
) -> None:
    simple(tmp_path / "class", 1)
    fields, why = WRONG[what]
    page = at().open().send(**{"comment": "typed <at> length", **fields})
    assert page.response.status_code == 422
    assert why in page.text and "typed &lt;at&gt; length" in page.text
    assert kept(tmp_path) == {}


def test_a_form_that_comes_twice_is_one_decision(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 2)
    page = at().open()
    for _ in range(3):
        page.send(points="1")
    assert len(list(decisions.read(page.marker.book.db))) == 1


def test_a_form_that_comes_back_changed_replaces_what_it_said(tmp_path: Path, at: At) -> None:
    """The back button of a browser shows the form as it was."""
    simple(tmp_path / "class", 2)
    page = at().open()
    for points in ("1", "1.5", "0.5"):
        page.send(points=points)
    assert list(kept(tmp_path).values()) == [0.5]
    assert len(list(decisions.read(page.marker.book.db))) == 3


def test_two_who_save_the_same_answer_see_both_and_one_settles(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    ada, bo = at("ada").at(1), at("bo").at(1)
    ada.send(points="2", comment="fine")
    page = bo.send(points="0.5", comment="too short")
    assert kept(tmp_path) == {}  # no points before it is settled
    assert "in conflict" in page.text and "too short" in page.text and "fine" in page.text
    fields = [f for name, f in desks.Forms(page.text).found if f.get("comment") == ["fine"]][0]
    page.marker.post(f"answer/{page.name}", {**fields, "action": "grade"})
    assert kept(tmp_path) == {(1, Q): 2.0}
    history = [(one.marker, one.points) for _, one in decisions.read(page.marker.book.db)]
    assert history == [("ada", 2.0), ("bo", 0.5), ("bo", 2.0)]


def test_who_saw_the_other_replaces_it(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    at("ada").at(1).send(points="2")
    page = at("bo").at(1)
    assert "2 of 2 by ada" in page.text
    page.send(points="1")
    assert kept(tmp_path) == {(1, Q): 1.0}


def test_what_somebody_has_open_is_nobody_elses_next(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 6)
    ada, bo = at("ada"), at("bo")
    opened = [marker.open().name for marker in (ada, bo)]
    for marker in (ada, bo, ada, bo):
        opened.append(Page(marker, marker.get(f"next?item={Q}&after={opened[-2]}")).name)
    assert len(set(opened)) == 6
    ada.book.db.execute("UPDATE claim SET until = 0")  # ten minutes later
    assert bo.open().name in opened


def test_the_order_is_each_markers_own_and_stays(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 30)

    def order(name: str, item: str = Q) -> list[int]:
        return [entry.students[0] for entry in at(name).book.by_item[item]]

    first = order("ada")
    assert first == order("ada") and sorted(first) == list(range(1, 31)) != first
    assert first != order("bo") and first != order("ada", QUESTIONS[1])


def test_nothing_says_whose_it_is_until_somebody_asks_and_that_is_kept(
    tmp_path: Path, at: At
) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: "Because."})], ["Ada Lovelace"])
    page = at("bo").open()
    for text in (page.text, page.marker.get("").text, page.marker.get(f"groups?item={Q}").text):
        assert not re.search("Lovelace|login00001|40001", text)
    for name in ("report.html", "Dropout.html"):
        assert "the student of this page" in page.marker.get(f"page/{page.name}/{name}").text
    shown = page.marker.post(f"name/{page.name}", {})
    assert "Ada Lovelace" in shown.text
    assert [d.action for _, d in decisions.read(page.marker.book.db)] == ["name"]
    assert "Lovelace" not in at("cy").open().text


@pytest.mark.parametrize("text", ["by Ada  Lovelace", "LOGIN00001 wrote", "mail 40001 x"])
def test_a_name_of_the_class_in_an_answer_is_warned_of(text: str, tmp_path: Path, at: At) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: text.replace("  ", " ")}), result({Q: "login000012 x"})],
                ["Ada Lovelace", "Bo Po"])  # fmt: skip
    marker = at()
    assert "may say who wrote it" in marker.at(1).text
    assert "may say who wrote it" not in marker.at(2).text


def test_undo_takes_back_one_after_another_and_nobody_elses(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 2)
    ada, bo = at("ada"), at("bo")
    ada.at(1).send(points="1")
    ada.at(1).send(points="2")
    bo.at(2).send(points="0.5")
    assert kept(tmp_path) == {(1, Q): 2.0, (2, Q): 0.5}
    assert Page(ada, ada.post("undo", {})).entry.students == (1,)
    assert kept(tmp_path) == {(1, Q): 1.0, (2, Q): 0.5}
    ada.post("undo", {})
    assert kept(tmp_path) == {(2, Q): 0.5}
    assert "Nothing to undo" in ada.post("undo", {}).text


def test_equal_answers_are_decided_at_once_after_a_question_and_one_by_one_later(
    tmp_path: Path, at: At
) -> None:
    texts = ["", "It is 1/p.", "it is 1/p", "It is  1/p!", "It is 1-p.", "", "It is p."]
    simple(tmp_path / "class", len(texts), texts)
    marker = at()
    marker.at(3).send(points="0")  # decided before
    page = marker.at(2).send(action="group", points="1.5", comment="yes")
    assert "for 2 answers?" in page.text and "It is  1/p!" in page.text
    assert kept(tmp_path) == {(3, Q): 0.0}
    agreed = desks.Forms(page.text).named("../group")
    for _ in range(2):
        marker.post("group", agreed)
    assert kept(tmp_path) == {(2, Q): 1.5, (3, Q): 0.0, (4, Q): 1.5}
    assert "together with equal answers" in marker.at(4).text
    marker.at(4).send(points="1")
    assert kept(tmp_path)[4, Q] == 1.0
    blank = marker.at(1).send(action="group", points="0")
    assert "for 2 answers?" in blank.text
    marker.post("undo", {})  # of answer 4
    marker.post("undo", {})  # of the whole group
    assert kept(tmp_path) == {(3, Q): 0.0}


def test_answers_that_chose_the_same_are_decided_at_once(tmp_path: Path, at: At) -> None:
    texts = ["1, 3 because of p", "3 and 1: so it is", "2", "2, yes", "1, 3!", "no idea"]
    simple(tmp_path / "class", len(texts), texts)
    marker = at()
    assert "chose 1, 3" in marker.get(f"groups?item={Q}").text
    page = marker.at(1).send(action="chosen", points="2")
    assert "2 points for 3 answers?" in page.text and "so it is" in page.text
    marker.post("group", desks.Forms(page.text).named("../group"))
    assert kept(tmp_path) == {(1, Q): 2.0, (2, Q): 2.0, (5, Q): 2.0}


ALIKE = {
    "case and punctuation": ("Use 1/p!", "use 1/p", True),
    "a sign is none": ("it is -1", "it is 1", False),
    "nor is a fraction's bar": ("1/p", "1 p", False),
    "forms of letters": ("ﬁrst", "First", True),
    "another script": ("因为 p。", "因为 p", True),
    "blank is alike": (" \n", "**", True),
}


@pytest.mark.parametrize("what", ALIKE)
def test_which_answers_are_equal(what: str) -> None:
    one, other, same = ALIKE[what]
    assert (to_judge.alike(one) == to_judge.alike(other)) == same


CHOSEN = {
    "1, 3": "1, 3", "3 and 1: because": "1, 3", "A and C because it is so": "a, c",
    "A small net": "", "a) yes": "a", "(b)": "b", "Option 2: the scale": "2", "I think 2": "",
    "3 layers are enough": "", "**2** & **4**": "2, 4", "": "", "2 because": "",
    "1, 3!": "1, 3", "2; 12 of them": "2", "1, a small one": "", "A. A bigger net": "a",
    "1 and 2x": "1", "1,3": "1, 3", "A/B": "a, b", "1. 3. 4.": "1, 3, 4", "b": "b",
}  # fmt: skip


@pytest.mark.parametrize("text", CHOSEN)
def test_chosen_options_are_read_out(text: str) -> None:
    assert to_judge.chosen(text) == CHOSEN[text]


def test_a_criterion_is_made_beside_an_answer_and_counts(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 2)
    page = at().open()
    first = page.entry.students[0]
    made = page.send(action="grade", comment="kept", new_text="Names <b>p</b>", new_points="1,5")
    assert "kept" in made.text and "Names &lt;b&gt;p&lt;/b&gt;" in made.text
    page.send(action="criterion", new_text="Names <b>p</b>", new_points="1,5")  # sent twice
    assert len(page.marker.book.scheme(page.entry).criteria) == 1
    made.name = page.name
    made.send()
    assert kept(tmp_path) == {(first, Q): 1.5}


def test_a_changed_criterion_says_whom_it_moves_and_moves_exactly_these(
    tmp_path: Path, at: At
) -> None:
    simple(tmp_path / "class", 5)
    marker = at()
    for student, points in ((1, ""), (2, ""), (3, "0.5"), (4, "2")):
        page = marker.at(student)
        if student == 1:
            page = page.send(action="criterion", new_text="p", new_points="1")
            page.name = marker.book.places[1, Q]
        (name,) = marker.book.scheme(page.entry).criteria
        ticked = [] if student == 4 else [name]
        page.send(points=points, criterion=ticked)
    before = kept(tmp_path)
    assert before == {(1, Q): 1.0, (2, Q): 1.0, (3, Q): 0.5, (4, Q): 2.0}
    change = {"item": Q, "criterion": name, "points": "1.75", "text": "p is named", "note": ""}
    asked = marker.post("criteria", change)
    assert "Changes 2 students, total +1.5 points" in asked.text and kept(tmp_path) == before
    marker.at(5).send(criterion=[name])  # meanwhile
    agreed = desks.Forms(asked.text).named("criteria")
    again = marker.post("criteria", agreed)
    assert "Changes 3 students, total +2.25" in again.text and kept(tmp_path)[1, Q] == 1.0
    marker.post("criteria", desks.Forms(again.text).named("criteria"))
    assert kept(tmp_path) == {(1, Q): 1.75, (2, Q): 1.75, (3, Q): 0.5, (4, Q): 2.0, (5, Q): 1.75}
    full = marker.post("criteria", {"item": Q, "from_full": "1"})
    assert "Changes 3 students, total +0.75" in full.text


def test_runs_flags_and_requests_wait_in_the_same_queue(tmp_path: Path, at: At) -> None:
    one = Class(tmp_path / "class")
    flag = {"kind": "forbidden", "says": "imports torch", "where": "layers.py"}
    one.hand_in([result({Q: "x"}, ["dropout_training"], [flag])])
    marker = at()
    run = marker.open("dropout_training")
    assert "state 3 cannot be repeated" in run.text and "0.400" in run.text
    run.send(points="1", reason="the log shows it")
    flagged = marker.open("flag:forbidden")
    assert "imports torch (layers.py)" in flagged.text
    assert flagged.send(action="looked", reason="").response.status_code == 422
    flagged.send(action="looked", reason="unused import")
    assert kept(tmp_path) == {(1, "dropout_training"): 1.0}
    assert {p.item: p.left for p in progress.progress(marker.book)} == {
        Q: 1, "dropout_training": 0, "flag:forbidden": 0,
    }  # fmt: skip


def test_what_has_one_cause_is_told_once_and_decided_together(tmp_path: Path, at: At) -> None:
    one, runs = Class(tmp_path / "class"), ["update_rules", "best_model", "dropout_training"]
    flags = [{"kind": "again", "says": "a training could not be repeated", "where": where}
             for where in ("cell 9", "cell 12", "cell 12", "")]  # fmt: skip
    results = [result({}, runs, flags) for _ in range(3)]
    for number, found in enumerate(results):
        for item in found["items"][1:3]:  # the last one waits for a reason of its own
            item["because_of"] = "rmsprop" if number == 2 else "adam"
        found["notebooks"][0]["runs"][0]["best_train_accuracy"] = number / 8  # no text is another's
    one.hand_in(results)
    marker = at()
    flagged = marker.open("flag:again").text
    assert "a training could not be repeated (cell 9; cell 12)" in flagged
    run, names = marker.at(1, "update_rules").text, marker.book.places
    assert "It follows from adam, which is charged by itself." in run
    assert "Save for all 2 that follow from the same" in run
    assert "For the same reason wait: " in run and names[1, "best_model"] in run
    assert names[1, "dropout_training"] not in run
    assert len(list(marker.book.groups("update_rules"))) == 1


def test_an_answer_that_changed_is_looked_at_again_and_keeps_its_points(
    tmp_path: Path, at: At
) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: "Because."})])
    marker = at()
    marker.at(1).send(points="1")
    one.hand_in_again(1, result({Q: "Because."}))
    assert marker.at(1).text.count("Look again") == 0
    one.hand_in_again(1, result({Q: "Because of p."}))
    page = marker.open()
    assert "Look again" in page.text and kept(tmp_path) == {(1, Q): 1.0}
    page.send(action="looked", reason="only reworded")
    assert kept(tmp_path) == {(1, Q): 1.0} and "Look again" not in marker.at(1).text


def test_a_team_is_judged_once_and_all_have_the_points(tmp_path: Path, at: At) -> None:
    one = simple(tmp_path / "class", 3)
    db = decisions.connect(one.folder)
    db.execute("UPDATE to_judge SET attempt = 1 WHERE student = 3")
    db.close()
    marker = at()
    assert len(marker.book.by_item[Q]) == 2
    marker.at(3).send(points="1")
    assert kept(tmp_path) == {(1, Q): 1.0, (3, Q): 1.0}


def test_second_opinions_are_blind_and_differ_openly(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 4)
    ada, bo = at("ada", 100), at("bo", 100)
    for student in range(1, 5):
        ada.at(student).send(points="1", comment="by ada")
    assert {p.item: p.second for p in progress.progress(ada.book)}[Q] == 4
    assert ada.open().response.url.path == "/the-token/"  # none of them is hers
    page = bo.open()
    given = {}
    while page.name:
        assert "second opinion" in page.text and "by ada" not in page.text
        student = page.entry.students[0]
        given[student] = "1" if student > 1 else "2"
        page = page.send(points=given[student])
        if "in conflict" in page.text:
            page = Page(bo, bo.get(f"next?item={Q}&after={page.name}"))
        if len(given) == 4:
            break
    assert kept(tmp_path) == {(2, Q): 1.0, (3, Q): 1.0, (4, Q): 1.0}
    ada.book.update()
    found = progress.agreements(ada.book)[Q]
    assert (found.answers, found.percent) == (4, 75.0)
    assert "75 %" in bo.get("agreement").text


STRANGERS = {
    "a wrong token": ("/other-token/", {}, 403),
    "no token": ("/", {}, 403),
    "another host": ("/the-token/", {"host": "evil.example:8000"}, 403),
    "another port": ("/the-token/", {"host": "127.0.0.1:9"}, 403),
    "the right ones": ("/the-token/", {}, 200),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_strangers_get_nothing(what: str, tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    path, headers, status = STRANGERS[what]
    found = at().get(f"http://127.0.0.1:8000{path}", headers=headers)
    assert found.status_code == status and ("Dropout" in found.text) == (status == 200)


FORGED = {
    "another origin": {"origin": "http://evil.example"},
    "no origin": {"origin": ""},
    "an origin that hides": {"origin": "null"},
    "another port of this machine": {"origin": "http://127.0.0.1:9"},
    "no cookie": {"cookie": ""},
    "another cookie": {"cookie": "desk=guess"},
}


@pytest.mark.parametrize("what", FORGED)
def test_another_site_can_save_nothing(what: str, tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    page = at().open()
    fields = {**desks.Forms(page.text).named("grade"), "action": "grade", "points": "1"}
    if "cookie" in FORGED[what]:
        page.marker.client.cookies.clear()
    found = page.marker.post(f"answer/{page.name}", fields, headers=FORGED[what])
    assert found.status_code == 403 and kept(tmp_path) == {}


def test_every_page_says_that_it_loads_and_runs_nothing_else(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 2)
    page = at().open()
    paths = ["", f"answer/{page.name}", f"groups?item={Q}", f"criteria?item={Q}", "agreement",
             "decisions.csv", "decisions.json", f"page/{page.name}/report.html", "answer/none",
             "desk.js", "criteria?item=none", "groups?item=none"]  # fmt: skip
    for path in paths:
        found = page.marker.get(path)
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'unsafe" not in policy, path
        assert found.headers["referrer-policy"] == "same-origin"
        if "html" in found.headers["content-type"] and not path.startswith("page/"):
            assert not re.search(r"<script>|<style|\son\w+=|javascript:", found.text), path
    headers = {"cookie": ""}
    page.marker.client.cookies.clear()
    sent = page.marker.get("", headers=headers).headers["set-cookie"]
    assert "SameSite=Strict" in sent and "HttpOnly" in sent


def test_hostile_text_is_text_wherever_it_is_shown(tmp_path: Path, at: At) -> None:
    one = Class(tmp_path / "class")
    flags = [{"kind": "odd", "says": text, "where": text} for text in HOSTILE]
    texts = HOSTILE if EVERYTHING else HOSTILE[:: len(HOSTILE) // 4]
    one.hand_in([result({Q: text}, ["dropout_training"], flags) for text in texts], texts)
    marker = at()
    for student, text in enumerate(texts, start=1):
        page = marker.at(student)
        marker.post(f"name/{page.name}", {})
        page = marker.at(student).send(comment=text, reason=text, points="x")
        page.name = marker.book.places[student, Q]
        page.send(action="criterion", new_text=text, new_points="1", new_note=text, points="")
        page.send(form="flag", action="flag", reason=text)
        page.send(points="1", comment=text, reason=text)
        texts = (page.text, marker.at(student).text, marker.get("").text)
        for said in (*texts, marker.get(f"criteria?item={Q}").text, marker.open("flag:odd").text):
            assert desks.harm_in(said) == [], text


def test_a_long_answer_is_shown_whole_and_fast_enough_to_read(tmp_path: Path, at: At) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: "[" * 50_000 + "*" * 49_000 + " the end of it"})])
    page = at().open()
    assert "the end of it" in page.text and "A long answer" in page.text
    page.send(points="1")
    assert kept(tmp_path) == {(1, Q): 1.0}


def test_a_form_that_is_too_large_is_refused_and_nothing_kept(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    page = at().open().send(points="1", comment="x" * 1_100_000)
    assert page.response.status_code in (422, 503) and "larger than 1 MB" in page.text
    assert kept(tmp_path) == {}


def test_all_decisions_can_be_taken_along_and_no_cell_is_a_formula(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    page = at().open()
    page.send(points="1", comment="=1+1")
    rows = page.marker.get("decisions.csv").text.splitlines()
    assert rows[1].startswith("login00001,") and "'=1+1" in rows[1]
    (one,) = json.loads(page.marker.get("decisions.json").text)
    assert (one["student"], one["item"], one["points"], one["comment"]) == (1, Q, 1.0, "=1+1")


def test_what_is_worth_two_points_says_so(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    page = at().open()
    assert f"Points, of {WORTH:g}" in page.text
    assert "your dropout is scaled by p, not by 1/p" in page.text


def test_a_desk_saves_while_a_class_is_written_and_neither_loses_anything(
    tmp_path: Path, at: At
) -> None:
    """The driver holds its lock, and writes, for as long as it grades."""
    simple(tmp_path / "class", 20)
    marker, driver = at(), Store(tmp_path / "class")
    for student in range(1, 21):
        with place.driving(tmp_path / "class"):
            with driver.writing():
                driver.add_attempt(f"more {student}", "x", "", None, None, "nothing in it")
            marker.at(student).send(points="1")
    assert len(driver.db.execute("SELECT 1 FROM attempt").fetchall()) == 40
    driver.compact()  # as `grade forget` does
    marker.at(1).send(points="0.5")
    driver.__exit__()
    assert sum(kept(tmp_path).values()) == 19.5


def test_what_is_written_of_somebody_goes_when_they_are_forgotten(tmp_path: Path, at: At) -> None:
    one = Class(tmp_path / "class")
    one.hand_in([result({Q: "Ada wrote this"}), result({Q: "other"})], ["Ada", "Bo"])
    at().at(1).send(points="1", comment="Dear Ada", reason="it is Ada")
    with Store(one.folder) as store:
        with store.writing():
            store.forget(1, [])
        store.compact()
    assert kept(tmp_path) == {(1, Q): 1.0}
    files = [path.read_bytes() for path in one.folder.glob("class.sqlite*")]
    assert not any(b"Ada" in data for data in files) and any(b"other" in data for data in files)


def test_suggestions_stand_beside_and_are_never_applied(tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 3)
    path = tmp_path / "suggestions.json"
    rows = [
        {"question": Q, "student": "login00001", "points": 0.8, "why": "<b>no</b> reason"},
        {"question": Q, "student": "40002", "points": 2.0, "items": ["all"]},
        {"question": Q, "student": "nobody", "points": 2.0},
        {"question": Q, "submission": "0" * 64},
    ]
    path.write_text(json.dumps(rows))
    marker = at()
    assert "Suggested" not in marker.at(1).text
    found = suggestions.read(path, marker.book)
    marker.desk._made[0] = replace(marker.desk.setting, suggested=found)
    page = marker.at(1)
    assert "Suggested from outside" in page.text and "&lt;b&gt;no&lt;/b&gt; reason" in page.text
    assert desks.Forms(page.text).named("grade")["points"] == [""]
    assert kept(tmp_path) == {} and "Suggested" not in marker.at(3).text
    marker.at(1).send(points="0.8")
    marker.at(2).send(points="1")
    assert "suggested" in marker.get("agreement").text
    agreed = progress.agreements(marker.book, {n: s.points or 0.0 for n, s in found.items()})[Q]
    assert (agreed.answers, agreed.percent) == (2, 50.0)


BAD_SUGGESTIONS = {
    "no JSON": "{",
    "no list": '{"question": "x"}',
    "no question": '[{"points": 1}]',
    "points without end": '[{"question": "x", "points": 1e999}]',
}


@pytest.mark.parametrize("what", BAD_SUGGESTIONS)
def test_suggestions_that_cannot_be_read_are_named(what: str, tmp_path: Path, at: At) -> None:
    simple(tmp_path / "class", 1)
    path = tmp_path / "s.json"
    path.write_text(BAD_SUGGESTIONS[what])
    with pytest.raises(UsageError, match=r"s\.json: "):
        suggestions.read(path, at().book)


def test_plots_and_numbers_above_an_answer_stand_beside_it(tmp_path: Path, at: At) -> None:
    picture = base64.b64encode(png()).decode()

    def code(*outputs: dict[str, object]) -> dict[str, object]:
        return {"cell_type": "code", "source": "x", "outputs": list(outputs), "metadata": {}}

    def plot(data: str) -> dict[str, object]:
        return {"output_type": "display_data", "data": {"image/png": data}}

    notebook = {
        "cells": [
            code(plot(picture)),
            {"cell_type": "markdown", "source": "## Inline Question 1:\nWhy?", "metadata": {}},
            {"cell_type": "markdown", "source": "Answer: an earlier one", "metadata": {}},
            code(plot(picture), {"output_type": "stream", "text": ["accuracy 0.51\n"]}),
            code(plot("bm90IGEgcGljdHVyZQ=="), plot("%%%")),
            {"cell_type": "markdown", "source": "## Inline Question 2:\nWhy?", "metadata": {}},
            {"cell_type": "markdown", "source": "Answer: Because of p.", "metadata": {},
             "attachments": {"a.png": {"image/png": picture}}},
        ]
    }  # fmt: skip
    one = Class(tmp_path / "class")
    one.hand_in([result({"Dropout/2": "Because of p."})],
                files={"Dropout.ipynb": json.dumps(notebook)})  # fmt: skip
    page = at().open("Dropout/2")
    assert re.findall(r'src="\.\./(picture/\w+/\d+)"', page.text) == [
        f"picture/{page.name}/0", f"picture/{page.name}/1",
    ]  # fmt: skip
    assert "accuracy 0.51" in page.text
    found = page.marker.get(f"picture/{page.name}/0")
    assert found.headers["content-type"] == "image/png" and found.content == png()
    assert page.marker.get(f"picture/{page.name}/2").status_code == 404


def png() -> bytes:
    """Return a picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_without_the_extra_a_clear_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple(tmp_path / "class", 1)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "grader.course.desk.server", raising=False)
    with pytest.raises(UsageError, match=r"uvicorn.*pip install 'backgrade\[desk\]'.*export"):
        desk_run.serve(tmp_path / "class", 0, "ada", 0.0, None)


def test_a_folder_that_is_no_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no class"):
        Marker(tmp_path)
