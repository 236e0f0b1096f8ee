"""All decisions as they were made, for people and other programs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, fields

from grader.course import decisions
from grader.course.opinions import Decision
from grader.report.text import guarded, one_line, points

COLUMNS = tuple(field.name for field in fields(Decision))


def as_csv(db: sqlite3.Connection) -> str:
    """Return a row for each decision, with the login or the id of its student."""
    rows = db.execute(
        "SELECT number, coalesce(nullif(login, ''), nullif(id, ''), name) FROM student"
    )
    who, out = dict(rows.fetchall()), io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["who", *COLUMNS])
    for _, one in decisions.read(db):
        cells = [getattr(one, name) for name in COLUMNS]
        plain = [" ".join(cell) if isinstance(cell, tuple) else cell for cell in cells]
        table.writerow([guarded(cell) for cell in (who.get(one.student, ""), *plain)])
    return out.getvalue()


def as_json(db: sqlite3.Connection) -> str:
    """Return every decision with all its fields."""
    return json.dumps([asdict(one) for _, one in decisions.read(db)], indent=1) + "\n"


def of_student(db: sqlite3.Connection, student: int) -> Iterator[str]:
    """Yield a line for each decision about a student, in the order in which they came in."""
    texts = {c.id: c for each in decisions.criteria(db).values() for c in each.values()}
    every = {one.id: one for _, one in decisions.read(db, student=student)}
    for one in every.values():
        gone = sorted(every[name].at[:19] for name in one.replaces if name in every)
        met = [f"{points(texts[name].points)} {texts[name].text}" for name in one.criteria
               if name in texts]  # fmt: skip
        facts = [
            f"{points(one.points)} points typed" if one.points is not None else "",
            f"criteria: {'; '.join(met)}" if met else "",
            f"comment: {one.comment}" if one.comment else "",
            f"reason: {one.reason}" if one.reason else "",
            f"replaces what was said at {', '.join(gone)}" if gone else "",
            f"by {one.how}" if one.how else "",
        ]
        who = one.marker or "the student"
        said = "; ".join(filter(None, facts))
        yield one_line(f"{one.at[:19]} {one.item}: {one.action} by {who}. {said}")
