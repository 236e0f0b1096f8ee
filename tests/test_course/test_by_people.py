"""What people gave, in score, report and table of grades; a machine never touches it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from grader.course import current, decisions, places, publish, to_judge
from grader.course.decisions import Judged
from grader.course.opinions import Criterion, Decision
from grader.course.settings import Settings
from grader.course.store import Store
from grader.report import html, page
from grader.report.by_people import Given, given_of, in_page, in_result
from grader.report.result import as_dict
from tests.support import desks
from tests.support.desks import Class, result
from tests.test_report import samples

Q, R = "Dropout/1", "Dropout/2"


def given(item: str, points: float, possible: float = 2.0, **facts: Any) -> Given:
    """Return what people gave."""
    known: dict[str, Any] = {"title": f"The title of {item}", "comment": "", "met": (), **facts}
    return Given(item, points=points, possible=possible, **known)


# name -> what was given, then earned, possible, pending and the status of the first that was given.
SCORES = {
    "a question": ([given(Q, 1.5)], 2.5, 8.0, 2.0, "partial"),
    "both": ([given(Q, 2.0), given(R, 2.0)], 5.0, 8.0, 0.0, "passed"),
    "nothing is given": ([given(Q, 0.0)], 1.0, 8.0, 2.0, "failed"),
    "in place of the machine's points": (
        [given("dropout_forward", 3.5, 4.0)], 3.5, 8.0, 4.0, "partial",
    ),
    "an item that there is not": ([given("other", 2.0)], 1.0, 8.0, 4.0, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", SCORES)
def test_what_people_gave_enters_the_result(what: str) -> None:
    rows, earned, possible, pending, status = SCORES[what]
    one = result({Q: "x", R: "y"})
    in_result(one, rows)
    score = one["score"]
    assert (score["earned"], score["possible"], score["pending"]) == (earned, possible, pending)
    items = {item["id"]: item for item in one["items"]}
    if status:
        assert items[rows[0].item]["status"] == status
        assert items[rows[0].item]["people"]["points"] == rows[0].points
    assert sum(item["earned"] for item in items.values()) == earned
    graded = {q["id"]: q["earned"] for q in one["questions"] if q["status"] == "graded"}
    assert graded == {g.item: g.points for g in rows if g.item in (Q, R)}


def test_bonus_points_of_people_come_on_top() -> None:
    one = result({Q: "x"})
    in_result(one, [given(Q, 1.5)], bonus={Q})
    assert (one["score"]["earned"], one["score"]["bonus"]) == (1.0, 1.5)


def test_the_page_shows_points_criteria_and_comment_and_nothing_that_runs() -> None:
    report = samples.three_mistakes()
    told = json.loads(json.dumps(as_dict(report)))
    before = page.make(report, "")
    evil = "**Good** <script>alert(1)</script> [x](javascript:alert(1))"
    shown = html.finished(
        in_page(before, [given(Q, 1.5, comment=evil, met=(("<b>half</b>", -0.5),))], told)
    )
    assert "1.5 of 2 points" in shown and "<strong>Good</strong>" in shown
    assert "&lt;b&gt;half&lt;/b&gt;" in shown and "(-0.5)" in shown
    section = shown.partition('<section aria-labelledby="by-people">')[2].partition("</section>")
    assert section[1] and desks.harm_in(section[0]) == [] and "<script" not in shown
    assert shown.index("by-people") < shown.index('aria-labelledby="also"')


def test_where_people_do_not_agree_nothing_is_given() -> None:
    judged = {Q: Judged(None, 2.0), R: Judged(1.0, 2.0, "c", (("t", 1.0),))}
    assert given_of(judged, {R: "Title"}) == [Given(R, "Title", 1.0, 2.0, "c", (("t", 1.0),))]


class Published:
    """A class of one student whose pages are written as `grade class` does, without grading."""

    def __init__(self, folder: Path) -> None:
        self.one = Class(folder)
        self.folder = folder

    def decide(self, name: str, **facts: Any) -> None:
        """Decide something about the only student."""
        known = {"action": "grade", "evidence": "", "marker": "ada", "item": Q, **facts}
        db = decisions.connect(self.folder)
        with decisions.writing(db):
            decisions.add(db, [Decision(name, 1, at=f"2026-01-01T{name}", **known)])
        db.close()

    def publish(self) -> tuple[dict[str, Any], str, dict[str, str]]:
        """Write the pages; return result.json, the report, and the row of grades.csv."""
        told = Settings()
        with Store(self.folder) as store:
            policy = current.policy_of(told)
            ledger = current.ledger(store, told, policy)
            rows = store.db.execute("SELECT upload, key FROM result")
            keys = dict(rows.fetchall())
            found = places.Places(store, lambda row: keys[row.upload], ledger)
            to_judge.refresh(self.folder, store.db, places.judged_by_people(found))
            publish.reports(self.folder, found)
            publish.tables(self.folder, found, "a", (), policy.assignment)
        home = self.folder / "reports" / "login00001"
        table = (self.folder / "grades.csv").read_text("utf-8")
        row = next(csv.DictReader(io.StringIO(table)))
        return (
            json.loads((home / "result.json").read_text()), (home / "report.html").read_text(),
            row,
        )  # fmt: skip


def test_columns_of_the_table_have_what_people_gave_and_add_up(tmp_path: Path) -> None:
    one = Published(tmp_path / "class")
    one.one.hand_in([result({Q: "x", R: "y"})], ["Ada"])
    items = ("dropout_forward", Q, R)

    def numbers(*names: str) -> tuple[float, ...]:
        row = one.publish()[2]
        assert sum(float(row[n] or 0) for n in items) == float(row["raw"])
        assert sum(float(row[n]) for n in ("score", "bonus", "by people")) == float(row["raw"])
        return tuple(float(row[name] or -1) for name in names)

    assert numbers(*items, "score", "pending", "final") == (1, -1, -1, 1, 4, 1)
    one.decide("1", points=1.5)
    assert numbers(*items, "score", "pending", "final") == (1, 1.5, -1, 1, 2, 2.5)
    one.decide("2", item=R, points=0.0)
    assert numbers(*items, "score", "pending", "final") == (1, 1.5, 0, 1, 0, 2.5)
    one.decide("3", item="dropout_forward", points=3.5)  # in place of the machine's
    assert numbers(*items, "score", "pending", "final") == (3.5, 1.5, 0, 0, 0, 5)


def test_decisions_enter_report_and_grades_and_a_new_result_leaves_them(tmp_path: Path) -> None:
    one = Published(tmp_path / "class")
    one.one.hand_in([result({Q: "x", R: "y"})], ["Ada"])
    before = one.publish()
    assert before[0]["score"]["pending"] == 4.0 and "by-people" not in before[1]
    db = decisions.connect(one.folder)
    with decisions.writing(db):
        decisions.add_criterion(db, Criterion("c" * 8, Q, 1.5, "names p"), "ada")
    db.close()
    one.decide("1", criteria=("c" * 8,), comment="Well put.")
    found, page, row = one.publish()
    assert (found["score"]["earned"], found["score"]["pending"]) == (2.5, 2.0)
    assert "Well put." in page and "names p" in page and "1.5 of 2 points" in page
    assert "What the scaling is for" in page  # the title of the question
    assert float(row["final"]) == 2.5
    one.decide("2", item=R, points=0.5)
    one.one.hand_in_again(1, result({Q: "x", R: "other words"}))  # a machine grades anew
    found, page, row = one.publish()
    assert float(row["final"]) == 3.0 and found["score"]["pending"] == 0.0
    db = decisions.connect(one.folder)
    assert len(list(decisions.read(db))) == 2
    db.close()
    one.decide("3", marker="bo", points=0.25)  # has not seen the first: a conflict
    found, page, row = one.publish()
    assert float(row["final"]) == 1.5 and found["score"]["pending"] == 2.0
    assert "Well put." not in page


def test_a_page_that_cannot_be_made_has_the_points_and_stops_no_others(tmp_path: Path) -> None:
    one = Published(tmp_path / "class")
    one.one.hand_in([result({Q: "x"})], ["Ada"])
    one.decide("1", points=1.5)
    with mock.patch("grader.report.by_people.in_page", side_effect=IndexError):
        found, page, _ = one.publish()
    assert found["score"]["earned"] == 2.5
    assert "<h1>2.5 of 6 points</h1>" in page and "could not be made whole" in page
