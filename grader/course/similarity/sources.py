"""What is compared: the submissions of a class, and those of earlier terms as hashes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from grader import resources
from grader.course import current
from grader.course.dashboard.facts import result_of
from grader.course.enrol import upload_path
from grader.course.records import Person
from grader.course.similarity import traces
from grader.course.similarity.evidence import Entry
from grader.course.similarity.traces import Traces
from grader.course.store import Row, Store, Student
from grader.course.tasks import Outcome
from grader.errors import UnusableSubmission, UsageError
from grader.submission.intake import read_submission

FORMAT = "backgrade/traces/1"
HASHED = "\0"  # starts what is kept as a hash only
ALONE = 60  # submissions, up to which other processes are not worth their start


@dataclass(frozen=True)
class Handed:
    """An upload that is compared, whose it is, and what it came to."""

    students: tuple[Student, ...]
    row: Row
    key: str
    outcome: Outcome | None


def handed_in(folder: Path, store: Store) -> list[Handed]:
    """Return the uploads that count, one for all of a group, with what they came to."""
    now = current.read(folder, store)
    students = {one.number: one for one in now.ledger.students if not one.forgotten}
    together: dict[int, list[Row]] = {}
    for row, _ in now.scores.values():
        if row.upload and row.student in students:
            together.setdefault(row.attempt, []).append(row)
    return [
        Handed(
            tuple(students[row.student] for row in rows),
            rows[0],
            now.key(rows[0]),
            now.results.get((rows[0].student, rows[0].attempt)),
        )
        for _, rows in sorted(together.items())
    ]


def entries(
    folder: Path, found: Sequence[Handed], partners: Mapping[str, frozenset[str]]
) -> list[Entry]:
    """Return what is compared, under labels that tell nothing of who it is."""
    order = sorted(range(len(found)), key=lambda place: _blind(found[place]))
    label = {place: f"S{number:04d}" for number, place in enumerate(order, start=1)}
    work = [(upload_path(folder, one.row.upload or ""), one.key) for one in found]
    every = _all_traces(folder, work)
    return [
        _entry(one, label[place], left, partners)
        for place, (one, left) in enumerate(zip(found, every, strict=True))
        if left is not None
    ]


def _blind(one: Handed) -> str:
    return hashlib.sha256(one.students[0].folder.encode()).hexdigest()


def _all_traces(folder: Path, work: Sequence[tuple[Path, str]]) -> list[Traces | None]:
    read = partial(_traces, folder, resources.given_files())
    if len(work) <= ALONE:
        return [read(one) for one in work]
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores) as pool:
        return list(pool.map(read, work, chunksize=max(1, min(64, len(work) // (4 * cores)))))


def _traces(folder: Path, given: Mapping[str, bytes], work: tuple[Path, str]) -> Traces | None:
    """Return the traces of an upload; None where nothing of it can be read."""
    files = files_of(work[0], given)
    if files is None:
        return None
    result = result_of(folder, work[1]) if work[1] else {}
    said = {one["id"]: one["answer"] for one in result.get("questions", ()) if one["answer"]}
    return traces.of_files(files, said)


def files_of(path: Path, given: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """Return the files of an upload as they were handed in; None where it cannot be read."""
    try:
        return read_submission(
            Path("upload"), data=path.read_bytes(), partial=True, given=given
        ).files
    except (OSError, UnusableSubmission):
        return None


def _entry(one: Handed, label: str, left: Traces, partners: Mapping[str, frozenset[str]]) -> Entry:
    groups = {f"group {each.group}" for each in one.students if each.group}
    for each in one.students:
        for text in names_of(each.person):
            groups |= partners.get(text, frozenset())
    items = {item[0]: item for item in one.outcome.items} if one.outcome else {}
    wrong: dict[str, set[tuple[str, str]]] = {}
    for case, outcome, digest in one.outcome.cases if one.outcome else ():
        item = items.get(case.partition("/")[0])
        if outcome == "answered" and digest and item and item[2] < item[3] and not item[5]:
            wrong.setdefault(item[0], set()).add((case, digest))
    people = ", ".join(each.person.shown for each in one.students)
    return Entry(
        label=label,
        traces=left,
        name=people,
        link=f"../../reports/{one.students[0].folder}/report.html",
        upload=one.row.upload or "",
        at=one.row.at,
        apart=frozenset(groups),
        wrong={item: frozenset(each) for item, each in wrong.items()},
        known=frozenset(item for item in wrong if items[item][4]),
    )


def names_of(person: Person) -> list[str]:
    """Return what a person may be called in a list of partners."""
    texts = (person.id, person.login, person.email, person.name)
    return [text.strip().casefold() for text in texts if text.strip()]


def partners_of(path: Path) -> dict[str, frozenset[str]]:
    """Return who may work together: a csv with an id, login, address or name in each cell.

    Raises UsageError.
    """
    try:
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"--partners {path}: cannot be read ({error}); give a csv") from None
    found: dict[str, set[str]] = {}
    for number, row in enumerate(rows):
        for cell in row:
            if cell.strip():
                found.setdefault(cell.strip().casefold(), set()).add(f"partners of row {number}")
    return {name: frozenset(each) for name, each in found.items()}


# ---------------------------------------------------------------------------- earlier terms


def kept(found: Iterable[Entry], term: str) -> str:
    """Return submissions as hashes, for a later term: no name, no source, no comment."""
    rows = [
        {
            "label": f"{term} {one.label}",
            "prints": sorted(one.traces.prints),
            "forms": {name: list(form) for name, form in one.traces.forms.items()},
            "comments": sorted(map(hashed, one.traces.comments)),
            "names": sorted(map(hashed, one.traces.names)),
            "books": sorted(map(hashed, one.traces.books)),
            "wrong": {item: sorted(map(list, each)) for item, each in one.wrong.items()},
            "known": sorted(one.known),
        }
        for one in found
        if not one.earlier
    ]
    return json.dumps({"format": FORMAT, "submissions": rows}, separators=(",", ":")) + "\n"


def earlier(path: Path) -> Iterator[Entry]:
    """Yield the submissions of an earlier term. Raises UsageError for a file that is not ours."""
    try:
        found = json.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise ValueError(f"its format is {str(found['format'])[:40]!r}")
        made = [_earlier(row) for row in found["submissions"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"--earlier {path}: cannot be read ({error}); give a file that --keep wrote"
        ) from None
    yield from made


def _earlier(row: Mapping[str, Any]) -> Entry:
    left = Traces(
        prints=frozenset(map(int, row["prints"])),
        forms={str(name): (str(form[0]), int(form[1])) for name, form in row["forms"].items()},
        comments=frozenset(map(str, row["comments"])),
        names=frozenset(map(str, row["names"])),
        books=frozenset(map(str, row["books"])),
    )
    wrong = {
        str(item): frozenset((str(case), str(digest)) for case, digest in each)
        for item, each in row["wrong"].items()
    }
    known = frozenset(map(str, row["known"]))
    return Entry(str(row["label"])[:80], left, wrong=wrong, known=known, earlier=True)


def hashed(text: str) -> str:
    """Return a text as it is compared with those of which only hashes are kept."""
    if text.startswith(HASHED):
        return text
    return HASHED + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
