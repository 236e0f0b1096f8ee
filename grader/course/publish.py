"""What a class leaves for people: reports/STUDENT/, grades.csv, index.html.

A page is made from a result and from whose it is: students with equal uploads share a result, never
a page. What is up to date is not written again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.course import archive, policies, student_pages
from grader.course.dashboard import page
from grader.course.dashboard.absent import Absent
from grader.course.dashboard.facts import Facts, Kept
from grader.course.dashboard.pupils import Pupil
from grader.course.places import Place, Places
from grader.course.scores import Ledger, Score, line, status_of
from grader.course.sentences import Says, told
from grader.course.store import Row, in_parts
from grader.course.student_pages import Added, label, origin
from grader.course.tasks import UPLOAD, Outcome
from grader.files import REPORT, RESULT, write, write_result
from grader.grading.assignment import Assignment
from grader.report import by_people, class_page
from grader.report.class_page import ClassRow
from grader.report.text import guarded, points
from grader.types import COUNTED

NO_FACTS = Facts()


def reports(folder: Path, found: Places) -> int:
    """Write the pages of attempts whose result is there and whose pages are not up to date.

    Return how many. An earlier attempt has its pages under attempts/N.
    """
    return sum(_reports(folder, found, some) for some in in_parts(found))


def _reports(folder: Path, found: Places, some: Sequence[Place]) -> int:
    store, ledger = found.store, found.ledger
    sentences, done = ledger.settings.sentences, store.graded(place.key for place in some)
    stale: list[tuple[Place, str, Says]] = []
    for place in some:
        says = told(store.result(place.key), sentences) if sentences else {}
        stamp, row = _stamp(place, says), place.row
        if place.key not in done or place.student.forgotten:
            continue
        if stamp != row.shown or not _whole(folder / place.folder):
            stale.append((place, stamp, says))
    if shown := [("", p.student.number, p.row.attempt) for p, _, _ in stale if p.row.shown]:
        with store.writing():  # whoever is killed below leaves none that passes for the former one
            store.set_shown(shown)
    written = [
        (stamp, place.student.number, place.row.attempt)
        for place, stamp, says in stale
        if _write(folder, place, ledger, says)
    ]
    if written:
        with store.writing():
            store.set_shown(written)
    return len(written)


def _write(folder: Path, place: Place, ledger: Ledger, says: Says) -> bool:
    """Write the pages of an attempt; return whether its result could be read."""
    path, row, target = archive.place_of(folder, place.key), place.row, folder / place.folder
    try:
        stored = student_pages.read(path)
    except (OSError, ValueError, KeyError, TypeError):  # damaged: without it, it is work again
        path.unlink(missing_ok=True)
        return False
    score = ledger.score(row, stored.outcome.status, stored.outcome)
    added = Added(
        place.student.person,
        row,
        place.generation,
        line(score, ledger.settings.grades.decimals),
        by_people.given_of(ledger.judged.get(place.student.number, {}), ledger.titles),
        ledger.bonus,
        says,
    )
    write_result(target, student_pages.files_of(stored, added), forced=False)
    if place.counts:  # it may have been an earlier one that counted
        shutil.rmtree(target / "attempts" / str(row.turn), ignore_errors=True)
    return True


def _whole(folder: Path) -> bool:
    """Whether pages are there: they are not forced to the disk, and a power cut may empty them."""
    try:
        with os.scandir(folder) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries}
    except OSError:
        return False
    return RESULT in sizes and all(sizes.values())


def _stamp(place: Place, says: Says) -> str:
    row = place.row
    who = place.student.person
    facts: list[object] = [place.key, place.folder, who.name, who.login, who.id]
    facts += [row.turn, row.at, row.late, origin(place.generation)]
    facts += [place.facts, *([says] if says else [])]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


# ---------------------------------------------------------------------------- tables


def tables(
    folder: Path, found: Places, title: str, notes: Sequence[str], assignment: Assignment
) -> None:
    """Write grades.csv, with the attempts that count, and index.html. Raises UsageError."""
    decided = found.ledger.settings
    write(folder / "grades.csv", _csv(found))
    absent = Absent(decided.roster, found.store.forgotten())
    pupils = _pupils(folder, found, absent)
    setting = page.Setting(
        title, assignment.rubric, decided.data != "synthetic", decided.sentences, folder
    )
    made = page.make(pupils, setting, [*notes, *absent.notes])
    here = (place.student.person for place in found if place.counts and decided.roster)
    missing = absent.table(here)
    made = replace(made, tables=(*missing, *made.tables))
    write(folder / "index.html", class_page.pieces(made))


def _pupils(folder: Path, found: Places, absent: Absent) -> list[Pupil]:
    """Return everybody whose attempt counts, with the scores of earlier ones."""
    kept, turns = Kept(folder, found.store), list[tuple[int, float]]()
    pupils, student = list[Pupil](), 0
    for some in in_parts(found.with_results()):
        facts = kept.of(place.key for place, _ in some if place.key and place.counts)
        for place, result in some:
            if place.student.number != student:
                student, turns = place.student.number, []
            row = _row(place, result, absent.section(place.student.person), found.ledger)
            if row.share is not None:
                turns.append((place.row.turn, row.share))
            if place.counts:
                own = facts.get(place.key, NO_FACTS)
                shares = tuple(turns) if len(turns) > 1 else ()
                pupils.append(Pupil(row, result, own, shares))
    return pupils


class _Line:
    """What csv.writer writes to: keeps one line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _csv(found: Places) -> Iterator[str]:
    """Yield a line for each student, after one with the names of the columns.

    An item has what people gave, where they did, and `pending` is what still waits for them.
    """
    given: dict[int, dict[str, float]] = {}  # what people gave goes before what the machine did
    for (student, item), worth in found.ledger.decisions.items():
        given.setdefault(student, {})[item] = worth
    results = (one for place, one in found.with_results() if place.counts and one)
    items = list(dict.fromkeys(item[0] for one in results for item in one.items))
    line = _Line()
    table = csv.writer(line, lineterminator="\r\n")
    table.writerow(
        ["id", "login", "name", "email", "group", "attempt", "handed in", "late", "status",
         "score", "possible", "pending", "bonus", *POLICY, *items, "reason", "report"]
    )  # fmt: skip
    yield line.text
    for place, result in found.with_results():
        if place.counts:
            by_people = given.get(place.student.number, {})
            table.writerow(_cells(place, result, items, found.ledger, by_people))
            yield line.text


def _cells(
    place: Place,
    result: Outcome | None,
    items: Sequence[str],
    ledger: Ledger,
    given: Mapping[str, float],
) -> list[object]:
    """Return a student's line of grades.csv."""
    person, row = place.student.person, place.row
    counted = [item for item in result.items if item[1] in COUNTED] if result else []
    earned = {item[0]: item[2] for item in counted} | dict(given)
    score = ledger.score(row, status_of(row, result), result)
    graded = result is not None and result.status == "graded"
    numbers: Sequence[object] = [""] * 4
    if result and graded:
        numbers = _numbers(result, given, ledger.bonus)
    late = {None: "", True: "late", False: "in time"}[row.late]
    who = [person.id, person.login, person.name, person.email, place.student.group]
    facts = [row.turn, row.at, late, status_of(row, result)]
    report = _link(place) if graded else ""
    policy = _by_policy(score, ledger)
    cells = [*who, *facts, *numbers, *policy, *(earned.get(name, "") for name in items)]
    return [*map(guarded, cells), guarded(reason(row, result)), guarded(report)]


def _numbers(
    result: Outcome, given: Mapping[str, float], bonus: Collection[str]
) -> tuple[float, float, float, float]:
    """Return (score, possible, pending, bonus) of the machine, without what people decided.

    Their points stand beside it: score, bonus and those add up to what was earned.
    """
    score, possible, pending, extra = result.earned, result.possible, result.pending, result.bonus
    for name, status, got, most, *_ in result.items:
        if name not in given:
            continue
        if status in COUNTED:
            beyond = got if name in bonus else max(0.0, got - most)
            score, extra = score - (got - beyond), extra - beyond
        elif status == "pending":
            pending -= most
        elif name not in bonus:
            possible += most
    clean = [max(0.0, float(f"{value:.9f}")) for value in (score, possible, pending, extra)]
    return clean[0], clean[1], clean[2], clean[3]


POLICY = ("by people", "raw", "penalty", "for early", "final", "free days used", "policy")


def _by_policy(score: Score, ledger: Ledger) -> list[object]:
    """Return the cells on what course.toml makes of the points, called POLICY."""
    if score.final is None:
        return [*[""] * 6, score.reason]
    made = (score.people, score.raw, score.penalty, score.bonus)
    final = policies.points(score.final, ledger.settings.grades.decimals)
    return [*map(policies.points, made), final, score.free_days, score.reason]


def _link(place: Place) -> str:
    return "" if place.student.forgotten else f"{place.folder}/{REPORT}"


def reason(row: Row, result: Outcome | None) -> str:
    """Return why an attempt has no score, or what is odd about it."""
    if row.problem or result is None:
        return row.problem
    if result.other_rubric:
        return f"the files have the marks of {result.other_rubric}"
    return result.why.removeprefix(f"{UPLOAD}: ")


def _row(place: Place, result: Outcome | None, section: str, ledger: Ledger) -> ClassRow:
    row = place.row
    status = status_of(row, result)
    score = ledger.score(row, status, result)
    has_score = score.final is not None
    final = policies.points(score.final or 0.0, ledger.settings.grades.decimals)
    return ClassRow(
        name=label(place.student.person),
        status=score.status,
        score=f"{final} of {points(score.possible)}" if has_score else "",
        share=(score.final or 0.0) / score.possible if has_score and score.possible else None,
        pending=points(score.pending) if score.pending else "",
        handed_in=" ".join(_when(row)),
        reason=reason(row, result),
        link=_link(place) if status == "graded" else "",
        flags=len(result.flags) if result else 0,
        group=section or place.student.group,
    )


def _when(row: Row) -> Iterator[str]:
    if row.at:
        yield row.at
    if row.late:
        yield "late"
    if row.turn > 1:
        yield f"attempt {row.turn}"
