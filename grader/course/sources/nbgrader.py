"""nbgrader: `submitted/STUDENT/ASSIGNMENT/…`, with the time in timestamp.txt.

What students sent and nobody collected lies in the exchange's `inbound/`, all attempts of it:
`STUDENT+ASSIGNMENT+TIME[+RANDOM]/…`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from posixpath import basename
from zoneinfo import ZoneInfo

from grader.course.records import File, Person, Proposal
from grader.course.roster import Roster
from grader.course.sources.tree import Tree
from grader.course.sources.uploads import Reading, attempt_of
from grader.errors import UnusableSubmission
from grader.submission.layout import homework_name
from grader.submission.upload import shown

ABOUT = "nbgrader's submitted folder"
_SENT = re.compile(r"(?P<login>[^+]+)\+(?P<of>[^+]+)\+(?P<at>\d{4}-\d\d-\d\d [^+]+)(?:\+[^+]+)?")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(\S*)")


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what nbgrader collected; None if it is something else.

    Of several assignments the one that most students handed in is taken, and asked about.
    """
    exchange = tree.below("inbound") if tree.is_folder("inbound") else tree
    if sent := {name: one for name in exchange.children if (one := _SENT.fullmatch(name))}:
        return _inbound(exchange, sent)
    others = 0
    if "submitted" in tree.children and tree.is_folder("submitted"):
        is_course = bool({"gradebook.db", "nbgrader_config.py", "source"} & tree.children.keys())
        others = len(tree.files) if is_course else 0
        tree = tree.below("submitted")
    elif basename(tree.place) != "submitted" and not _has_stamps(tree):
        return None
    if not _has_stamps(tree) and any(homework_name(p) for p in tree.files if p.count("/") < 2):
        return None
    pairs = sorted({tuple(path.split("/")[:2]) for path in tree.folders if path.count("/") == 1})
    if not pairs:
        return None
    reading = Reading(covered=others)
    chosen = _chosen((assignment for _, assignment in pairs), tree, reading)
    for student, assignment in pairs:
        inside = tree.below(f"{student}/{assignment}")
        reading.covered += len(inside.files)
        if assignment != chosen:
            reading.stray(tree, f"{student}/{assignment}", "is another assignment")
            continue
        stamp = inside.files.get("timestamp.txt")
        _add(reading, student, inside, _time(stamp) if stamp else "")
    for path in tree.files:
        if path.count("/") < 2:
            reading.stray(tree, path)
    students = {student for student, _ in pairs}
    for name in sorted(name for name in tree.children if tree.is_folder(name)):
        if name not in students:
            reading.attempts.append(attempt_of(Person(login=name), f"{tree.place}/{name}", ()))
    return reading


def _inbound(tree: Tree, sent: Mapping[str, re.Match[str]]) -> Reading:
    """Return what lies in the exchange."""
    reading = Reading()
    chosen = _chosen((one["of"] for one in sent.values()), tree, reading)
    for name, paths in tree.children.items():
        one = sent.get(name)
        if one is None or one["of"] != chosen:
            reading.stray(tree, name, "is another assignment" if one else "belongs to no student")
            continue
        reading.covered += len(paths)
        _add(reading, one["login"], tree.below(name), _told(one["at"]))
    return reading


def _chosen(assignments: Iterable[str], tree: Tree, reading: Reading) -> str:
    """Return the assignment that most handed in; of several it asks."""
    counts = Counter(assignments)
    chosen = min(counts, key=lambda name: (-counts[name], name))
    if len(counts) > 1:
        what = f"there are {len(counts)} assignments ({', '.join(map(shown, sorted(counts)[:6]))})"
        reading.proposals.append(Proposal(tree.place, what, f"'{shown(chosen)}' alone"))
    return chosen


def _add(reading: Reading, login: str, inside: Tree, at: str) -> None:
    files = [file for file in inside.files.values() if file.name != "timestamp.txt"]
    reading.attempts.append(attempt_of(Person(login=login), inside.place, files, at=at))


def _has_stamps(tree: Tree) -> bool:
    """Return whether timestamp.txt lies where nbgrader puts it, and is one of its own."""
    places = (path for path in tree.files if re.fullmatch(r"[^/]+/[^/]+/timestamp\.txt", path))
    return any(_time(tree.files[path]) for path in itertools.islice(places, 5))


def _time(stamp: File) -> str:
    """Return the time in a timestamp.txt in ISO format, else ""."""
    try:
        return _told(stamp.read().decode("utf-8", "replace")) if stamp.size < 200 else ""
    except UnusableSubmission:
        return ""


def _told(text: str) -> str:
    """Return "2026-03-06 16:02:11.5 America/Chicago" or "… UTC" in ISO format, else ""."""
    match = _STAMP.match(text.strip())
    if match is None:
        return ""
    day, clock, zone = match.groups()
    try:
        if re.fullmatch(r"[+-]\d\d:?\d\d", zone):
            return datetime.fromisoformat(f"{day}T{clock}{zone}").isoformat()
        time = datetime.fromisoformat(f"{day}T{clock}")
        return time.replace(tzinfo=ZoneInfo(zone)).isoformat() if zone else time.isoformat()
    except (ValueError, OSError, LookupError):  # a zone that this computer does not know
        return f"{day}T{clock}"
