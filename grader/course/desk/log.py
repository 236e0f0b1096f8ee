"""All decisions as they were made, for people and other programs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from dataclasses import asdict, fields

from grader.course import decisions
from grader.course.opinions import Decision
from grader.report.text import guarded

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
