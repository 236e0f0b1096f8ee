"""Brightspace: `13394-80551 - Ada Lovelace - Mar 29, 2018 1205 PM - file`, or a folder so called.

All uploads of a student are there, each with its time. A file's own name may hold " - " too.
"""

from __future__ import annotations

import re
import unicodedata
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
    r"(?P<when>(?=[^-]*(?<!\d)\d{4}(?!\d))[^-]{8,40}?|\d{4}-\d\d-\d\d \d{1,2}[:_. ]?\d\d)"
    r"(?: - (?P<file>.+))?",
    re.DOTALL,
)
_TIME = re.compile(
    r"(?i)(?:(?P<month>[^\W\d]+)\.? (?P<day>\d{1,2})"
    r"|(?P<day2>\d{1,2})\.? (?:de )?(?P<month2>[^\W\d]+)\.?),? (?:de )?(?P<year>\d{4}),? "
    r"(?P<hour>\d{1,2}?)[:_. ]?(?P<minute>\d{2})(?: ?(?P<half>[AP])\.? ?M\.?)?"
)
_IN_NUMBERS = re.compile(  # 2026-03-06 1405, 2026年3月6日 14:05
    r"(?P<year>\d{4})[-年] ?(?P<month>\d{1,2})[-月] ?(?P<day>\d{1,2})日? "
    r"(?P<hour>\d{1,2}?)[:_. ]?(?P<minute>\d{2})"
)
# How the months begin in the languages of sites: English, German, French, Spanish, Portuguese,
# Italian, Dutch, Swedish, Danish, Turkish.
_MONTHS = tuple(
    tuple(starts.split())
    for starts in (
        "jan ene gen oca", "feb fév fev şub", "mar mär maa mrt", "apr avr abr nis",
        "may mai mei maj mag", "jun juin giu haz", "jul juil lug tem", "aug aoû ago ağu",
        "sep set eyl", "oct okt out ott eki", "nov kas", "dec dez déc dic des ara",
    )
)  # fmt: skip


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
    _ask_about_times(uploads, tree, reading)
    return reading if uploads else None


def _time(when: str) -> str:
    """Return "Mar 29, 2018 1205 PM" or "29 mars 2018 1205" in ISO format; "" if it is neither."""
    if numbers := _IN_NUMBERS.fullmatch(when):
        return _date(*map(int, numbers.group("year", "month", "day", "hour", "minute")))
    told = _TIME.fullmatch(when)
    if told is None:
        return ""
    hour = int(told["hour"])
    if told["half"]:
        hour = hour % 12 + 12 * (told["half"].upper() == "P")
    word = unicodedata.normalize("NFC", told["month"] or told["month2"]).lower()
    fits = {
        month
        for month, starts in enumerate(_MONTHS, start=1)
        for start in starts
        if word.startswith(start)
    }
    if len(fits) != 1:
        return ""
    day, minute = int(told["day"] or told["day2"]), int(told["minute"])
    return _date(int(told["year"]), fits.pop(), day, hour, minute)


def _date(*numbers: int) -> str:
    try:
        return datetime(*numbers).isoformat()  # type: ignore[arg-type]
    except ValueError:
        return ""


def _ask_about_times(
    uploads: dict[tuple[str, str, str], list[File]], tree: Tree, reading: Reading
) -> None:
    """Ask about several uploads of a student if a time cannot be read: which one is the last?"""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, name, when in sorted(uploads):
        told[key, name].append(when)
    for (key, name), whens in told.items():
        if len(whens) > 1 and not all(map(_time, whens)):
            last = max(enumerate(whens), key=lambda one: (_time(one[1]), one[0]))[1]
            what = f"the times of {len(whens)} uploads cannot be read ({', '.join(whens[:4])})"
            place = f"{tree.place}/{shown(f'{key} - {name}', 200)}"
            reading.proposals.append(Proposal(place, what, f"that of {last} as the last"))


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
