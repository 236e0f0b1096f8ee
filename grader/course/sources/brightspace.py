"""Brightspace: `13394-80551 - Ada Lovelace - Mar 29, 2018 1205 PM - file`, or a folder so called.

All uploads of a student are there, each with its time. A file's own name may hold " - " too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from grader.course.records import File, Person, Proposal
from grader.course.roster import Roster
from grader.course.sources.tree import Tree, renamed
from grader.course.sources.uploads import Reading, attempt_of
from grader.submission.upload import shown

ABOUT = "a Brightspace export"
_ENTRY = re.compile(
    r"(?P<key>\d+-\d+) - (?P<name>.+?) - "
    r"(?P<when>(?=[^-]*\b\d{4}\b)[^-]{8,40}?)(?: - (?P<file>.+))?",
    re.DOTALL,
)
_TIME = re.compile(
    r"(?P<month>[A-Z][a-z]{2})[a-z]*\.? (?P<day>\d{1,2}), (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2})[:_]?(?P<minute>\d{2}) (?P<half>[AP])M"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Brightspace export holds; None if it is none."""
    reading = Reading()
    uploads: dict[tuple[str, str, str], list[File]] = defaultdict(list)
    for name, paths in tree.children.items():
        entry = _ENTRY.fullmatch(name)
        if entry is None:
            if name.lower() != "index.html":  # a list of what is beside it
                reading.stray(tree, name)
            continue
        reading.covered += len(paths)
        found = uploads[entry["key"], entry["name"], entry["when"]]
        for path in paths:
            inside = path.partition("/")[2]
            own = "/".join(piece for piece in (entry["file"], inside) if piece) or name
            found.append(renamed(tree.files[path], own))
    for (key, name, when), files in sorted(uploads.items()):
        place = f"{tree.place}/{key} - {name} - {when}"
        at = _time(when)
        reading.attempts.append(attempt_of(Person(key, name=name), place, files, at=at))
    _ask_about_names(uploads, tree, reading)
    return reading if uploads else None


def _time(when: str) -> str:
    """Return "Mar 29, 2018 1205 PM" in ISO format; "" if it is in another language."""
    told = _TIME.fullmatch(when)
    if told is None:
        return ""
    hour = int(told["hour"]) % 12 + 12 * (told["half"] == "P")
    try:
        month = _MONTHS.index(told["month"].lower()) + 1
        day = datetime(int(told["year"]), month, int(told["day"]), hour, int(told["minute"]))
        return day.isoformat()
    except ValueError:
        return ""


def _ask_about_names(
    uploads: dict[tuple[str, str, str], list[File]], tree: Tree, reading: Reading
) -> None:
    """Ask about names under several numbers: whether that is one student is told nowhere."""
    keys: dict[str, set[str]] = defaultdict(set)
    for key, name, _ in uploads:
        keys[name].add(key)
    for name, found in sorted(keys.items()):
        if len(found) > 1:
            what = (
                f"'{shown(name)}' stands beside {len(found)} numbers ({', '.join(sorted(found))})"
            )
            reading.proposals.append(Proposal(tree.place, what, f"{len(found)} students"))
