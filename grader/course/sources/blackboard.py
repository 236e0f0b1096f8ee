"""Blackboard: `Assignment_login_attempt_DATE_file`, and a text for each attempt that tells more.

Names are mangled, so the text is asked first who it was and what the files were called. What a
student writes stands in the same text: only its first lines and its last list are Blackboard's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.course.enrolled import Roster
from grader.course.records import File, Person
from grader.course.sources.texts import decoded
from grader.course.sources.tree import Tree, renamed
from grader.course.sources.uploads import Reading, attempt_of
from grader.errors import UnusableSubmission

ABOUT = "a Blackboard export"
_ENTRY = re.compile(
    r"(?P<stem>(?P<assignment>.+?)_(?P<login>[^_]+)_attempt_(?P<date>\d{4}(?:-\d{2}){5}))"
    r"(?:_(?P<file>.+)|\.txt)",
    re.DOTALL,
)
# The words before the colons are those of the site's language.
_NAME = re.compile(r"[^:]{1,20}:\s*(?P<name>.*?)\s*\((?P<login>[^()]+)\)\s*")
_FILE = re.compile(r"^\s[^:\n]+:[ \t]*(.*?)\s*\n\s[^:\n]+:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
MOST_TEXT = 2_000_000  # bytes of the text of an attempt


@dataclass
class _Attempt:
    """All entries of one stem: whose it is as far as the names tell, its files, and its text."""

    login: str
    date: str
    files: dict[str, File] = field(default_factory=dict)
    text: File | None = None


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Blackboard export holds; None if it is none."""
    reading = Reading()
    stems: dict[str, _Attempt] = {}
    for path in tree.children:
        entry = _ENTRY.fullmatch(path) if path in tree.files else None
        if entry is None:
            reading.stray(tree, path)
            continue
        reading.covered += 1
        one = stems.setdefault(entry["stem"], _Attempt(entry["login"], entry["date"]))
        if entry["file"]:
            one.files[path] = renamed(tree.files[path], entry["file"])
        else:
            one.text = tree.files[path]
    told = {stem: _told(one.text) for stem, one in stems.items()}
    people = _people(stems, told)
    for stem, one in sorted(stems.items()):
        originals = told[stem][1]
        files = [renamed(file, originals.get(path, file.name)) for path, file in one.files.items()]
        texts = [renamed(one.text, "text.txt")] if one.text and not files else []
        day, clock = one.date[:10], one.date[11:].replace("-", ":")
        place = f"{tree.place}/{stem}"
        reading.attempts.append(attempt_of(people[stem], place, files, texts, at=f"{day}T{clock}"))
    return reading if stems else None


def _people(
    stems: Mapping[str, _Attempt], told: Mapping[str, tuple[Person | None, dict[str, str]]]
) -> dict[str, Person]:
    """Return whose each stem is.

    A login may hold underscores: where no text tells it, it is what follows the assignment's name,
    which other texts give away.
    """
    starts = set()
    for stem, (person, _) in told.items():
        before = stem.rpartition("_attempt_")[0]
        if person and before.endswith(f"_{person.login}"):
            starts.add(before.removesuffix(person.login))
    people: dict[str, Person] = {}
    for stem, one in stems.items():
        before = stem.rpartition("_attempt_")[0]
        logins = [before.removeprefix(start) for start in starts if before.startswith(start)]
        people[stem] = told[stem][0] or Person(login=min(logins, key=len, default=one.login))
    named = {person.login: person for person in people.values() if person.name}
    return {stem: named.get(person.login, person) for stem, person in people.items()}


def _told(text: File | None) -> tuple[Person | None, dict[str, str]]:
    """Return who an attempt's text says it is of, and each file's own name by its entry."""
    if text is None or text.size > MOST_TEXT:
        return None, {}
    try:
        lines = decoded(text.read()).replace("\r\n", "\n")
    except UnusableSubmission:
        return None, {}
    name = _NAME.fullmatch(lines.partition("\n")[0])
    person = Person(login=name["login"], name=name["name"]) if name else None
    listed = lines.rpartition("\nFiles:")[2]
    return person, {entry: own for own, entry in _FILE.findall(listed)}
