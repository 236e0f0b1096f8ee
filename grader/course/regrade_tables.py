"""A regrade for people: its page, its csv, and a notice for each student whose points moved."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from grader.course import current, generations
from grader.course.classroom import Course
from grader.course.comparison import Comparison, Difference, Moved, moved_items
from grader.course.generations import Generation
from grader.course.policies import points
from grader.course.scores import Score
from grader.course.student_pages import label
from grader.errors import UsageError
from grader.files import REPORT, write
from grader.report import regrade_page
from grader.report.regrade_page import MovedItem, MovedStudent, RegradePage
from grader.report.text import count, guarded

FOLDER = "regrade"


def write_all(folder: Path, found: Comparison, borders: Sequence[float], state: str) -> Path:
    """Write regrade/index.html and regrade/students.csv; return the page's place."""
    place = folder / FOLDER
    write(place / "students.csv", _csv(found, borders))
    others = [d for d in found.students if d.delta == 0 and (d.moved or d.is_kept)]
    plan = found.plan
    page = RegradePage(
        title=f"{folder.resolve().name}: {state}",
        lede=f"Against generation {plan.before.number}: {plan.why}. Graded again: "
        f"{', '.join(plan.run)}.",
        summary=f"{found.summary}.",
        up=tuple(_student(d, borders, found.unit) for d in found.up()),
        down=tuple(_student(d, borders, found.unit) for d in found.down()),
        others=tuple(_student(d, borders, found.unit) for d in others),
        items=tuple(_items(found)),
        notes=(*found.notes, *found.failed),
    )
    write(place / "index.html", regrade_page.render(page))
    return place / "index.html"


def crossed(one: Difference, borders: Sequence[float]) -> list[str]:
    """Say which borders somebody crosses: "falls below 50 %"."""
    old, new = _percent(one.old.final, one.old.possible), _percent(one.new.final, one.new.possible)
    if one.is_kept:
        return []
    found = [f"falls below {points(b)} %" for b in sorted(borders) if new < b <= old]
    return found + [f"reaches {points(b)} %" for b in sorted(borders) if old < b <= new]


def _percent(final: float | None, possible: float) -> float:
    return round(100 * (final or 0.0) / possible, 6) if possible else 0.0


def said(moved: Sequence[Moved]) -> str:
    """Say what moved: "adam 3 to 4, rmsprop failed to passed, relu_forward 2 of 2 to 3 of 3"."""
    return ", ".join(f"{one.item} {_change(one)}" for one in moved)


def _change(one: Moved) -> str:
    was, now = points(one.was), points(one.now)
    if one.before and one.after != "gone" and one.most_was != one.most_is:
        return f"{was} of {points(one.most_was)} to {now} of {points(one.most_is)}"
    if was != now:
        return f"{was} to {now}"
    return f"{one.before or 'new'} to {one.after}"


def _note(one: Difference, borders: Sequence[float]) -> str:
    parts = crossed(one, borders)
    if one.is_kept:
        parts.append(f"would have {points(one.now)}; keeps the higher")
    if one.looked_at:
        parts.append(f"look again: a person decided about {', '.join(one.looked_at)}")
    return "; ".join(parts)


def _student(one: Difference, borders: Sequence[float], unit: str) -> MovedStudent:
    now = one.was if one.is_kept else one.now
    return MovedStudent(
        label(one.student.person) or one.student.folder, f"{points(one.was)}{unit}",
        f"{points(now)}{unit}", _signed(one.delta), said(one.moved), _note(one, borders),
        f"../reports/{one.student.folder}/{REPORT}",
    )  # fmt: skip


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{points(abs(value))}"


def _items(found: Comparison) -> Iterator[MovedItem]:
    moved: dict[str, list[Moved]] = {}
    for one in found.students:
        for each in () if one.is_kept else one.moved:
            moved.setdefault(each.item, []).append(each)
    for item, those in moved.items():
        up, down = sum(m.now > m.was for m in those), sum(m.now < m.was for m in those)
        was, now = sum(m.was for m in those) / len(those), sum(m.now for m in those) / len(those)
        yield MovedItem(item, up, down, points(was), points(now))


def _csv(found: Comparison, borders: Sequence[float]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["id", "login", "name", "email", "raw was", "raw is", "possible was",
                    "possible is", "counted", "counts", "difference", "items", "note"])  # fmt: skip
    for one in found.students:
        person, new = one.student.person, one.old if one.is_kept else one.new
        numbers = [one.old.raw, new.raw, one.old.possible, new.possible, one.was]
        numbers.append(one.was if one.is_kept else one.now)
        cells = [person.id, person.login, person.name, person.email, *map(points, numbers)]
        table.writerow(
            [*map(guarded, cells), points(one.delta), said(one.moved), _note(one, borders)]
        )
    return out.getvalue()


# ---------------------------------------------------------------------------------- notices


def notices(course: Course) -> tuple[Path, int]:
    """Write a paragraph for each student whose score or its maximum moved. Raises UsageError.

    Return where they are, and how many.
    """
    store, told = course.store, course.settings
    every = {one.number: one for one in generations.every(store)}
    now = generations.current(store)
    was = every.get(now.before) if now and now.before else None
    if now is None or was is None:
        raise UsageError(
            f"{course.folder}: nothing was regraded, so there is nothing to tell; `grade regrade` "
            "with --apply comes first"
        )
    policy = current.policy_of(told)
    book = current.ledger(store, told, policy)
    titles = {item.id: item.title for item in policy.assignment.rubric.table.items}
    before, after = (current.by_policy(store, book, one.policy) for one in (was, now))
    out, texts = io.StringIO(), 0
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["email", "name", "login", "id", "text"])
    for one in book.students:
        if one.forgotten or one.number not in before.scores or one.number not in after.scores:
            continue
        (row, old), (new_row, new) = before.scores[one.number], after.scores[one.number]
        a = before.results.get((one.number, row.attempt))
        b = after.results.get((one.number, new_row.attempt))
        moved = tuple(moved_items(a, b)) if a and b else ()
        if not moved or old.final is None or new.final is None:
            continue
        if (old.final, old.possible) == (new.final, new.possible):
            continue
        text = _paragraph(moved, old, new, titles, now)
        person = one.person
        cells = [person.email, person.name, person.login, person.id, text]
        table.writerow([guarded(cell) for cell in cells])
        write(course.folder / FOLDER / "notices" / f"{one.folder}.txt", f"{text}\n")
        texts += 1
    path = course.folder / FOLDER / "notices.csv"
    write(path, out.getvalue())
    return path, texts


def _paragraph(
    moved: Sequence[Moved], old: Score, new: Score, titles: Mapping[str, str], made: Generation
) -> str:
    why = f" The reason: {made.reason.strip().rstrip('.')}." if made.reason.strip() else ""
    worth = [f"{points(one.final or 0.0)} of {points(one.possible)}" for one in (old, new)]
    what = "; ".join(f"{titles.get(one.item, one.item)}: {_change(one)}" for one in moved)
    return (
        f"Your homework was graded again on {made.at[:10]}.{why} {count(len(moved), 'item')} "
        f"changed: {what}. Your score is {worth[1]} now; it was {worth[0]}."
    )
