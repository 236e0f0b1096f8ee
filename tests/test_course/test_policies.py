"""What course.toml makes of points: the table of docs/class.md, and every border to the second."""

from __future__ import annotations

import re
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from grader.course import policies, settings
from grader.course.policies import Timing, due_of, timing
from grader.course.records import Person
from grader.course.roster import parse
from grader.course.scores import Ledger, Score, line, status_of
from grader.course.settings import Settings
from grader.course.store import Row, Student
from grader.errors import UsageError
from tests.support.graded import Upload, outcome, scored
from tests.support.handed_in import ROOT

PAGE = (ROOT / "docs" / "class.md").read_text(encoding="utf-8")
BERLIN = "Europe/Berlin"


def row(student: int, turn: int, one: Upload) -> Row:
    upload = None if one.problem else f"{student}-{turn}"
    return Row(student, student * 100 + turn, turn, "a.zip", one.at, one.late, upload, one.problem,
               "", False, "")  # fmt: skip


def scores(
    told: Settings, uploads: dict[str, list[Upload]], roster: str = "", **more: object
) -> dict[str, tuple[int, Score]]:
    """Return which attempt of each student counts and what it is worth, by login."""
    students = [Student(n, login, Person(login=login), "") for n, login in enumerate(uploads, 1)]
    table = parse(roster.encode(), "roster.csv") if roster else None
    ledger = Ledger(told, students, table, **more)  # type: ignore[arg-type]
    rows, results = [], {}
    for one in students:
        for turn, upload in enumerate(uploads[one.folder], 1):
            rows.append(row(one.number, turn, upload))
            if not upload.problem:
                results[one.number, rows[-1].attempt] = outcome(upload, "")
    found = ledger.of_class(rows, results)
    return {one.folder: (found[one.number][0].turn, found[one.number][1]) for one in students}


# ------------------------------------------------------------------------- the table of the page


def worked() -> tuple[Settings, str, list[list[str]]]:
    """Return the course.toml of the page, its roster, and the rows of its table."""
    part = PAGE.partition("## Worked example")[2].partition("\n## ")[0]
    toml = part.partition("```toml\n")[2].partition("```")[0]
    roster = part.partition("```csv\n")[2].partition("```")[0]
    rows = [
        [cell.strip().strip("`") for cell in text.strip("|").split("|")]
        for text in re.findall(r"^\|.*\|$", part, re.MULTILINE)
    ]
    return settings.parse(toml, "course.toml"), roster, rows[2:]


def test_the_worked_example_of_the_page_is_what_is_computed() -> None:
    told, roster, rows = worked()
    uploads: dict[str, list[Upload]] = {}
    expected = {}
    for login, handed_in, raw, counts, off, more, final, _ in rows:
        times, earned = handed_in.split("; "), raw.split("; ")
        uploads[login] = [
            scored(float(points), 60.0, at=f"2026-{at.replace(' ', 'T')}")
            for at, points in zip(times, earned)
        ]
        expected[login] = (int(counts), off, more, final)
    assert len(rows) >= 12
    found = {
        login: (turn, policies.points(score.penalty), policies.points(score.bonus),
                policies.points(score.final) if score.final is not None else "-")
        for login, (turn, score) in scores(told, uploads, roster).items()
    }  # fmt: skip
    assert found == expected


# -------------------------------------------------------------------------------------- borders

LATE = """
[late]
due = 2026-03-06T23:59:59
zone = "Europe/Berlin"
penalty = 10
"""


def one_score(toml: str, at: str, earned: float = 50.0, possible: float = 100.0) -> Score:
    told = settings.parse(toml, "course.toml")
    return scores(told, {"ada": [scored(earned, possible, at=at)]})["ada"][1]


# (more of [late], when, what is taken off of 50 of 100)
BORDERS = [
    ("", "2026-03-06T23:59:58+01:00", 0), ("", "2026-03-06T23:59:59+01:00", 0),
    ("", "2026-03-07T00:00:00+01:00", 10), ("", "2026-03-07T23:59:59+01:00", 10),
    ("", "2026-03-08T00:00:00+01:00", 20),
    ("", "2026-03-06T22:59:59Z", 0), ("", "2026-03-06T23:00:00Z", 10),
    ("", "2026-03-06T14:59:59-08:00", 0), ("", "2026-03-06T15:00:00-08:00", 10),
    ("", "2026-03-06T23:59:59", 0), ("", "2026-03-07T00:00:00", 10),
    ("", "", 0),
    ("grace_minutes = 15", "2026-03-07T00:14:59", 0),
    ("grace_minutes = 15", "2026-03-07T00:15:00", 10),
    ("grace_minutes = 15", "2026-03-08T00:14:59", 10),
    ("grace_minutes = 15", "2026-03-08T00:15:00", 20),
    ('per = "hour"', "2026-03-07T00:59:59", 10), ('per = "hour"', "2026-03-07T01:00:00", 20),
    ('of = "earned"', "2026-03-07T12:00:00", 5), ('of = "points"', "2026-03-07T12:00:00", 10),
    ("most = 25", "2026-03-08T12:00:00", 20), ("most = 25", "2026-03-09T12:00:00", 25),
    ("most = 25", "2026-04-09T12:00:00", 25), ("", "2026-04-09T12:00:00", 50),
    ("free_days = 1", "2026-03-07T23:59:59", 0), ("free_days = 1", "2026-03-08T00:00:00", 10),
    ("free_days = 3\nfree_days_most = 1", "2026-03-08T12:00:00", 10),
    ('free_days = 1\nper = "hour"', "2026-03-08T00:59:59", 10),
    ('free_days = 1\nper = "hour"', "2026-03-07T23:59:59", 0),
    ('grace_minutes = 15\nper = "hour"', "2026-03-07T01:14:59", 10),
    ('grace_minutes = 15\nper = "hour"', "2026-03-07T01:15:00", 20),
    ("closes_after_days = 2", "2026-03-08T23:59:59", 20),
    ("closes_after_days = 2", "2026-03-09T00:00:00", 50),
    ("closes_after_days = 2\ngrace_minutes = 15", "2026-03-09T00:14:59", 20),
    ("closes_after_days = 2\ngrace_minutes = 15", "2026-03-09T00:15:00", 50),
    ("closes_after_days = 1\nfree_days = 3", "2026-03-07T23:59:59", 0),
    ("closes_after_days = 1\nfree_days = 3", "2026-03-08T00:00:00", 50),
    ('free_days = 1\nper = "hour"\ngrace_minutes = 15', "2026-03-08T00:14:59", 0),
    ('free_days = 1\nper = "hour"\ngrace_minutes = 15', "2026-03-08T00:15:00", 10),
    ('free_days = 3\nfree_days_most = 1\nper = "hour"', "2026-03-08T01:00:00", 20),
    ("free_days = 2\nfree_days_most = 3", "2026-03-09T12:00:00", 10),
    ('of = "earned"\nmost = 15', "2026-03-08T12:00:00", 7.5),
    ('of = "points"\nmost = 15', "2026-03-08T12:00:00", 15),
    ('of = "points"\nper = "hour"', "2026-03-07T05:59:59", 50),
    ("free_days = 3\n[used_days]\nada = 5", "2026-03-08T12:00:00", 20),
    ("free_days = 3\n[used_days]\nada = 3", "2026-03-07T12:00:00", 10),
    ("closes_after_days = 1\n[extensions]\nada = 2", "2026-03-09T23:59:59", 10),
    ("closes_after_days = 1\n[extensions]\nada = 2", "2026-03-10T00:00:00", 50),
]  # fmt: skip


@pytest.mark.parametrize(("more", "at", "off"), BORDERS)
def test_a_border_is_in_time_and_a_second_later_is_not(more: str, at: str, off: float) -> None:
    score = one_score(f"{LATE}{more}\n", at)
    assert score.penalty == off and score.final == 50.0 - off
    assert bool(score.reason) == (off > 0 or "grace" in more or "free" in more)


# (of, bonus) -> points more for 50 of 200 two days early
EARLY = {("maximum", 5): 10, ("earned", 5): 2.5, ("points", 5): 5}


@pytest.mark.parametrize(("of", "bonus"), EARLY)
def test_what_is_early_is_counted_like_what_is_late(of: str, bonus: float) -> None:
    early = f"early = [{{ hours = 24, bonus = {bonus} }}, {{ hours = 12, bonus = 1 }}]"
    score = one_score(f'{LATE}of = "{of}"\n{early}\n', "2026-03-04T12:00:00", 50.0, 200.0)
    assert (score.bonus, score.final) == (EARLY[of, bonus], 50.0 + EARLY[of, bonus])


def test_a_time_that_is_told_goes_before_the_mark_of_the_lms() -> None:
    told = settings.parse(LATE, "course.toml")
    for at, late, off in (("2026-03-06T10:00:00", True, 0), ("2026-03-07T10:00:00", False, 10)):
        score = scores(told, {"ada": [scored(50.0, 100.0, at=at, late=late)]})["ada"][1]
        assert score.penalty == off


# On 2026-03-29 clocks in Berlin go from 2 to 3, on 2026-10-25 from 3 back to 2.
NIGHTS = [
    ("2026-03-28T23:59:59", "2026-03-29T23:59:59+02:00", 1),  # a day of 23 hours
    ("2026-03-28T23:59:59", "2026-03-30T00:00:00+02:00", 2),
    ("2026-10-24T23:59:59", "2026-10-25T23:59:59+01:00", 1),  # a day of 25 hours
    ("2026-10-24T23:59:59", "2026-10-26T00:00:00+01:00", 2),
    ("2026-10-25T02:30:00", "2026-10-25T02:30:00+01:00", 0),  # due twice: the later counts
    ("2026-10-25T02:30:00", "2026-10-25T02:30:01+01:00", 1),
    ("2026-10-25T02:30:00", "2026-10-25T02:30:01", 0),  # handed in at one of two: the earlier
    ("2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00", 0),  # due at no time: clocks had gone on
    ("2026-03-29T02:30:00", "2026-03-29T03:30:01+02:00", 1),
    ("2026-10-24T02:30:00", "2026-10-25T02:30:00+01:00", 1),  # the border falls into the night
    ("2026-10-24T02:30:00", "2026-10-25T02:30:01+01:00", 2),
]


@pytest.mark.parametrize(("due", "at", "days"), NIGHTS)
def test_the_night_when_clocks_change_costs_nobody_an_hour(due: str, at: str, days: int) -> None:
    late = settings.Late(due=datetime.fromisoformat(due), zone=BERLIN, penalty=10)
    assert timing(at, None, due_of(late), late, 0).units == days


@pytest.mark.parametrize("day", range(1, 60))
def test_any_number_of_days_is_counted_as_the_calendar_has_it(day: int) -> None:
    late = settings.Late(due=datetime(2026, 3, 1, 12), zone=BERLIN, penalty=1)
    border = datetime(2026, 3, 1, 12) + timedelta(days=day)
    due = due_of(late)
    assert timing(border.isoformat(), None, due, late, 0).units == day
    after = (border + timedelta(seconds=1)).isoformat()
    assert timing(after, None, due, late, 0).units == day + 1


# ------------------------------------------------------------------------------ students' own


EXTENDED = [
    ("2", "2026-03-08T23:59:59", 0, "extended to 2026-03-08 23:59"),
    ("2", "2026-03-09T00:00:00", 10, "1 day late"),
    ('"36 hours"', "2026-03-08T11:59:59", 0, "extended to 2026-03-08 11:59"),
    ('"36 hours"', "2026-03-08T12:00:00", 10, "1 day late"),
    ("2026-03-10", "2026-03-10T23:59:59", 0, "extended to 2026-03-10 23:59"),
    ("2026-03-10T12:00:00", "2026-03-10T12:00:01", 10, "1 day late"),
    ('"2026-03-10T12:00"', "2026-03-10T12:00:00", 0, "extended"),
    ("2026-03-01", "2026-03-06T23:59:59", 0, ""),  # before everybody's: no harm
    ("2026-03-01", "2026-03-07T00:00:00", 10, "1 day late; 10 points off"),
]


@pytest.mark.parametrize(("told", "at", "off", "says"), EXTENDED)
def test_an_extension_moves_the_date_of_one_student(
    told: str, at: str, off: float, says: str
) -> None:
    score = one_score(f"{LATE}[extensions]\nada = {told}\n", at)
    assert score.penalty == off and says in score.reason


def test_an_extension_is_read_on_the_wall_in_the_night_when_clocks_change() -> None:
    late = settings.Late(due=datetime(2026, 3, 28, 23, 59, 59), zone=BERLIN, penalty=10)
    due = due_of(late, timedelta(days=1))  # a day of 23 hours
    assert timing("2026-03-29T23:59:59+02:00", None, due, late, 0).units == 0
    assert timing("2026-03-30T00:00:00+02:00", None, due, late, 0).units == 1
    late = settings.Late(due=datetime(2026, 10, 20, 2, 30), zone=BERLIN, penalty=10)
    for told in (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25).date()):  # twice that night
        due = due_of(late, told)
        assert timing("2026-10-25T02:30:00+01:00", None, due, late, 0).units == 0
        assert timing("2026-10-25T02:30:01+01:00", None, due, late, 0).units == 1


def test_without_a_zone_times_are_read_in_that_of_the_due_date() -> None:
    toml = "[late]\ndue = 2026-03-06T23:59:59-08:00\npenalty = 10\n"
    assert one_score(toml, "2026-03-06T23:59:59").penalty == 0
    assert one_score(toml, "2026-03-07T00:00:00").penalty == 10
    assert one_score(toml, "2026-03-07T08:00:00Z").penalty == 10


SAID = {  # more of [late], when -> the reason
    ("most = 15", "2026-03-08T12:00:00"):
        "2 days late; 15 points off (15 % of all points, the most there is)",
    ('of = "earned"', "2026-03-08T12:00:00"):
        "2 days late; 10 points off (10 % of what was earned for each of 2 started days)",
    ('of = "points"\nper = "hour"', "2026-03-07T01:30:00"):
        "1 day late; 20 points off (10 for each of 2 started hours)",
    ("closes_after_days = 1", "2026-03-08T12:00:00"):
        "2 days late; handed in after it closed; 50 points off",
    ("free_days = 1", "2026-03-07T12:00:00"): "1 day late; 1 free late day used",
    ("early = [{ hours = 1, bonus = 2 }]", "2026-03-06T12:00:00"):
        "2 points more for handing in early",
    ("most = 20", "2026-03-08T12:00:00"):
        "2 days late; 20 points off (10 % of all points for each of 2 started days)",
}  # fmt: skip


@pytest.mark.parametrize(("more", "at"), SAID)
def test_the_reason_says_what_was_counted_and_how(more: str, at: str) -> None:
    assert one_score(f"{LATE}{more}\n", at).reason == SAID[more, at]


def test_an_extension_comes_before_free_days_and_costs_none() -> None:
    toml = f"{LATE}free_days = 2\n[extensions]\nada = 1\n"
    assert one_score(toml, "2026-03-07T20:00:00").free_days == 0
    after = one_score(toml, "2026-03-09T20:00:00")
    assert (after.free_days, after.penalty) == (2, 0)
    assert one_score(toml, "2026-03-10T20:00:00").penalty == 10


def test_days_that_went_to_other_assignments_are_not_there_any_more() -> None:
    toml = f"{LATE}free_days = 3\n[used_days]\nada = 2\n"
    score = one_score(toml, "2026-03-08T12:00:00")
    assert (score.free_days, score.penalty) == (1, 10)


def test_the_column_of_a_roster_extends_and_course_toml_goes_before_it() -> None:
    told = settings.parse(f"{LATE}[extensions]\ngrace = 1\n", "course.toml")
    roster = "login,extension\nada,2 days\ngrace,5 days\nalan,soon\n"
    late = [scored(50.0, 100.0, at="2026-03-08T20:00:00")]
    found = scores(told, {"ada": late, "grace": late, "alan": late}, roster)
    assert [found[who][1].penalty for who in ("ada", "grace", "alan")] == [0, 10, 20]


def test_handing_in_early_earns_by_everybodys_date_not_by_ones_own() -> None:
    toml = LATE + "early = [{ hours = 24, bonus = 2.5 }, { hours = 48, bonus = 5 }]\n"
    for at, more in (("2026-03-06T00:00:00", 0), ("2026-03-05T23:59:59", 2.5),
                     ("2026-03-04T23:59:59", 5), ("2026-03-05T00:00:00", 2.5)):  # fmt: skip
        assert one_score(toml, at).bonus == more
    assert one_score(f"{toml}[extensions]\nada = 5\n", "2026-03-06T12:00:00").bonus == 0
    capped = one_score(f"{toml}[grades]\ncapped = true\n", "2026-03-01T12:00:00", 98.0)
    assert capped.final == 100.0


def test_who_is_late_by_an_export_that_tells_no_time_is_told_and_charged_nothing() -> None:
    told = settings.parse(LATE, "course.toml")
    score = scores(told, {"ada": [scored(50.0, 100.0, late=True)]})["ada"][1]
    assert score.penalty == 0 and "by how much, the export does not tell" in score.reason
    told = settings.parse(f"{LATE}[handed_in]\nada = 2026-03-08T10:00:00\n", "course.toml")
    score = scores(told, {"ada": [scored(50.0, 100.0, late=True)]})["ada"][1]
    assert score.penalty == 20
    in_time = [scored(50.0, 100.0, at="2026-03-06T10:00:00")]  # what is told counts
    assert scores(told, {"ada": in_time})["ada"][1].penalty == 0


def test_who_is_excused_has_no_score() -> None:
    told = settings.parse('excused = ["ADA"]\n', "course.toml")
    score = scores(told, {"ada": [scored(50.0)]})["ada"][1]
    assert (score.status, score.final) == ("excused", None)


FACTS = {  # what else is said -> whose pages are written again: "ada", "grace" or both
    "penalty = 20\n[extensions]\ngrace = 1\n": {"ada", "grace"},
    "penalty = 10\n[extensions]\ngrace = 2\n": {"grace"},
    "penalty = 10\n[extensions]\ngrace = 1\n[pinned]\nada = 1\n": {"ada"},
    "penalty = 10\n[extensions]\ngrace = 1\n[grades]\ncapped = true\n": {"ada", "grace"},
    "penalty = 10\n[extensions]\ngrace = 1\n[grades]\nscale = 100\n": set(),
}


@pytest.mark.parametrize("text", FACTS)
def test_pages_are_written_again_for_whom_something_changes(text: str) -> None:
    due = "[late]\ndue = 2026-03-06T23:59:59Z\n"
    students = [Student(n, who, Person(login=who), "") for n, who in enumerate(("ada", "grace"))]

    def facts(more: str, **given: object) -> list[str]:
        ledger = Ledger(settings.parse(due + more, "x"), students, **given)  # type: ignore[arg-type]
        return [ledger.facts(one.number) for one in students]

    usual = "penalty = 10\n[extensions]\ngrace = 1\n"
    before, after = facts(usual), facts(text)
    assert {one.folder for one, a, b in zip(students, before, after) if a != b} == FACTS[text]
    decided = facts(usual, decisions={(0, "adam"): 1.0})
    assert decided[0] != before[0] and decided[1] == before[1]
    assert facts(usual, decisions={(0, "adam"): 2.0})[0] != decided[0]


def test_a_name_that_nobody_has_is_a_problem() -> None:
    told = settings.parse('excused = ["adda"]\n[pinned]\ngrace = 1\n', "course.toml")
    ledger = Ledger(told, [Student(1, "grace", Person(login="grace"), "")])
    assert ledger.problems == ["course.toml: excused: 'adda' is not one student who handed in"]


# ------------------------------------------------------------------------------------- attempts

IN_TIME, ONE_DAY = "2026-03-06T12:00:00", "2026-03-07T12:00:00"
TWO = {  # attempts -> (settings, which counts, what it is worth)
    "the last": (f'attempts = "last"\n{LATE}', [(60, IN_TIME), (65, ONE_DAY)], 2, 55),
    "the best after what is taken off": (
        f'attempts = "best"\n{LATE}', [(60, IN_TIME), (65, ONE_DAY)], 1, 60),
    "a late one that is worth it": (
        f'attempts = "best"\n{LATE}', [(60, IN_TIME), (75, ONE_DAY)], 2, 65),
    "the newest of equals": (f'attempts = "best"\n{LATE}', [(60, IN_TIME), (70, ONE_DAY)], 2, 60),
    "the pinned one": (
        f'attempts = "pinned"\n{LATE}[pinned]\nada = 1\n', [(60, IN_TIME), (65, ONE_DAY)], 1, 60),
    "a pinned one in any case": (
        f'attempts = "best"\n{LATE}[pinned]\nada = 2\n', [(60, IN_TIME), (65, ONE_DAY)], 2, 55),
    "one before it closed": (
        f'attempts = "last"\n{LATE}closes_after_days = 1\n',
        [(60, IN_TIME), (90, "2026-03-08T12:00:00")], 1, 60),
    "one after it closed if there is no other": (
        f'attempts = "last"\n{LATE}closes_after_days = 1\n', [(60, "2026-03-09T12:00:00")], 1, 0),
}  # fmt: skip


@pytest.mark.parametrize("what", TWO)
def test_the_attempt_that_counts(what: str) -> None:
    toml, uploads, turn, final = TWO[what]
    theirs = [scored(earned, 100.0, at=at) for earned, at in uploads]
    found = scores(settings.parse(toml, "course.toml"), {"ada": theirs})["ada"]
    assert (found[0], found[1].final) == (turn, final)


def test_an_attempt_with_nothing_to_grade_does_not_count_before_one_with_something() -> None:
    uploads = [scored(50.0), scored(0.0, problem="a text was handed in")]
    assert scores(Settings(), {"ada": uploads})["ada"][0] == 1
    assert status_of(row(1, 1, uploads[1]), None) == "nothing to grade"


# --------------------------------------------------------------------------------- what counts

ITEMS = Upload({"a": (1.0, 4.0), "b": (3.0, 3.0), "c": (5.0, 10.0)}, pending=3.0)
COUNTS = [  # (settings, decisions, raw, possible, pending)
    ("", {}, 9.0, 20.0, 3.0),
    ("", {(1, "question"): 2.5}, 11.5, 20.0, 0.0),
    ("", {(1, "a"): 4.0}, 12.0, 20.0, 3.0),
    ("", {(2, "a"): 4.0}, 9.0, 20.0, 3.0),
    ('drop_items = ["c"]', {}, 4.0, 10.0, 3.0),
    ('drop_items = ["question"]', {}, 9.0, 17.0, 0.0),
    ("drop_lowest = 1", {}, 8.0 * 20 / 16, 20.0, 3.0),  # a: a quarter of its points
    ("drop_lowest = 2", {(1, "question"): 1.5}, 4.5 * 20 / 6, 20.0, 0.0),  # a, then the larger half
    ("drop_lowest = 9", {}, 9.0, 20.0, 3.0),
]


@pytest.mark.parametrize(("grades", "given", "raw", "possible", "pending"), COUNTS)
def test_what_people_gave_and_what_is_dropped_makes_the_raw_points(
    grades: str, given: dict[tuple[int, str], float], raw: float, possible: float, pending: float
) -> None:
    told = settings.parse(f"[grades]\n{grades}\n", "course.toml")
    score = scores(told, {"ada": [ITEMS]}, decisions=given)["ada"][1]
    assert (score.raw, score.possible, score.pending) == pytest.approx((raw, possible, pending))


ROUNDED = [(2.675, 2, "2.68"), (2.665, 2, "2.67"), (0.125, 2, "0.13"), (1.005, 2, "1.01"),
           (0.1 + 0.2, 2, "0.3"), (2.5, 0, "3"), (1.4999, 0, "1"), (61.0, 2, "61")]  # fmt: skip


@pytest.mark.parametrize(("value", "decimals", "text"), ROUNDED)
def test_points_are_rounded_half_up(value: float, decimals: int, text: str) -> None:
    assert policies.points(value, decimals) == text


def test_a_policy_that_changes_later_gives_what_it_would_have_given_before() -> None:
    uploads = {"ada": [scored(50.0, 100.0, at=ONE_DAY), scored(60.0, 100.0, at=IN_TIME)]}
    first = settings.parse(LATE, "course.toml")
    second = settings.parse(LATE.replace("10", "30") + 'per = "hour"\n', "course.toml")
    scores(first, uploads)
    assert scores(second, uploads) == scores(second, dict(uploads))


def test_the_line_of_a_page_says_what_was_taken_off_and_why() -> None:
    score = one_score(LATE, ONE_DAY)
    assert line(score, 2) == (
        "50 of 100 points earned. 1 day late; 10 points off (10 % of all points for each of 1 "
        "started day). Counts as 40."
    )
    assert line(one_score(LATE, IN_TIME), 2) == ""


# ------------------------------------------------------------------------------------ settings


WRONG = {
    "[late]\npenalti = 3\n": "course.toml, line 2: late.penalti: there is no such setting; there",
    "[late]\ndue = 2026-03-06T10:00:00\n": "line 1: late: due has no zone",
    '[late]\n\nzone = "Foo/Bar"\n': "line 3: late.zone: no zone is called 'Foo/Bar'",
    "[extensions]\nada = true\n": "line 2: extensions.ada",
    '[extensions]\nada = "soon"\n': "'soon' is no extension",
    "[late]\ndue = 2026-03-06T10:00:00Z\npenalty = -1\n": "line 3: late.penalty",
    'attempts = "first"\n': "line 1: attempts: input should be 'last', 'best' or 'pinned'",
    '[pinned]\n"ada@x.y" = 0\n': "line 2: pinned.ada@x.y",
    "[late]\npenalty = 3\n": "nothing is late without a date",
    "late = 3\n": "line 1: late: is a table",
    "[grades]\ndecimals = 9\n": "line 2: grades.decimals",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_setting_that_is_wrong_is_told_with_its_line(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(WRONG[text])):
        settings.parse(text, "course.toml")


@pytest.fixture
def no_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a computer without a database of zones, and without the package that holds one."""
    for name in ("tzdata", "tzdata.zoneinfo"):
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


def test_a_computer_without_zones_is_told_what_to_install(no_zones: None) -> None:
    with pytest.raises(UsageError, match="line 3: late.zone: .*pip install tzdata"):
        settings.parse('[late]\ndue = 2026-03-06T10:00:00\nzone = "Europe/Berlin"\n', "course.toml")
    told = "[late]\ndue = 2026-03-06T10:00:00+01:00\npenalty = 1\n"
    offset = settings.parse(told, "course.toml")
    due = due_of(offset.late)
    assert due and due.usual == datetime(2026, 3, 6, 9, tzinfo=UTC)


def test_every_example_of_the_first_course_toml_can_be_used(tmp_path: Path) -> None:
    text = settings.text_of(Settings(rubric="cs231n-a2"))
    assert settings.parse(text, "course.toml") == Settings(rubric="cs231n-a2")
    every = re.sub(r"(?m)^# (?=\[|\w+ += )", "", text)
    told = settings.parse(every, "course.toml")
    assert set(told.model_fields_set) == set(Settings.model_fields)
    assert set(told.late.model_fields_set) == set(settings.Late.model_fields)
    assert set(told.grades.model_fields_set) == set(settings.Grades.model_fields)


def test_no_due_date_charges_nothing() -> None:
    assert timing(ONE_DAY, True, due_of(settings.Late()), settings.Late(), 0) == Timing()
