"""What students ask people to look at again: a CSV with the columns student, item and text."""

from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
from pathlib import Path

from grader.course import decisions
from grader.course.desk.book import Book
from grader.course.opinions import Decision
from grader.errors import UsageError

COLUMNS = ("student", "item", "text")
LARGEST = 16 * 1024**2  # bytes
LONGEST = 4000  # characters of a request
MOST = 10  # lines that are named


def add(book: Book, path: Path) -> int:
    """Add the requests of a file; return how many were not there yet. Raises UsageError.

    All are added or none: a line that fits nobody is named.
    """
    whose, found, wrong = people(book.db), list[Decision](), list[str]()
    for number, row in enumerate(_rows(path), start=2):
        numbers = whose.get(row["student"].strip().casefold(), set())
        item, text = row["item"].strip(), row["text"].strip()[:LONGEST]
        if len(numbers) != 1:
            many = "no" if not numbers else "more than one"
            wrong.append(f"line {number}: {many} student is '{row['student'][:60]}'")
            continue
        (student,) = numbers
        known = book.db.execute(
            "SELECT evidence FROM to_judge WHERE student = ? AND item = ?", (student, item)
        ).fetchone()
        if not known or not text:
            what = f"no item is '{item[:60]}'" if not known else "the text is empty"
            wrong.append(f"line {number}: {what}")
            continue
        name = hashlib.sha256(f"{student}\0{item}\0{text}".encode()).hexdigest()[:32]
        found.append(
            Decision(name, student, item, "", decisions.now(), "request", comment=text,
                     evidence=known[0])
        )  # fmt: skip
    if wrong:
        more = f"; and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
        raise UsageError(
            f"{path}: {'; '.join(wrong[:MOST])}{more}; put it right, nothing was added"
        )
    with decisions.writing(book.db):
        added = decisions.add(book.db, found)
    book.update()
    return added


def people(db: sqlite3.Connection) -> dict[str, set[int]]:
    """Return who is meant by an id, a login, an address or the name of a folder, casefolded."""
    found: dict[str, set[int]] = {}
    rows = db.execute("SELECT number, id, login, email, folder FROM student WHERE forgotten = 0")
    for number, *names in rows:
        for name in filter(None, names):
            found.setdefault(name.casefold(), set()).add(number)
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, whatever spreadsheet wrote it."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path}: is larger than {LARGEST // 1024**2} MB; cut it in parts")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another file") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8; save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = [(name or "").strip().casefold() for name in table.fieldnames or ()]
        table.fieldnames = names
        rows = [{name: row.get(name) or "" for name in COLUMNS} for row in table]
    except csv.Error as error:
        raise UsageError(f"{path}: is no CSV ({error}); save it as CSV in UTF-8") from None
    if missing := [name for name in COLUMNS if name not in names]:
        raise UsageError(
            f"{path}: has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
        )
    return rows
