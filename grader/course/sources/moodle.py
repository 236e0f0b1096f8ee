"""Moodle: `Full Name_ID_assignsubmission_file/…`, or the same in front of each file's name.

The id is the participant's in this assignment, or a group's; names with an underscore have it as a
blank. Blind marking writes a word for "participant" instead of the name. Neither time nor lateness
is told. Source: mod/assign/classes/downloader.php.
"""

from __future__ import annotations

import re
from collections import defaultdict

from grader.course.enrolled import Roster
from grader.course.records import File, Person
from grader.course.sources.tree import Tree, renamed
from grader.course.sources.uploads import Reading, attempt_of

ABOUT = "a Moodle export"
_PART = re.compile(
    r"(?P<name>.*?)(?:_(?P<id>\d+))?_assign(?P<kind>submission|feedback)_(?P<type>[a-z]+)"
    r"(?:_(?P<rest>.*))?",
    re.DOTALL,
)
_BLIND = re.compile(r"(?i)participante?|teilnehmer\W?in|teilnehmer|deelnemer|partecipante|deltager")


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Moodle export holds; None if it is none."""
    reading = Reading()
    people: dict[tuple[str, str], dict[str, list[File]]] = defaultdict(lambda: defaultdict(list))
    for name, paths in tree.children.items():
        part = _PART.fullmatch(name)
        if part is None:
            reading.stray(tree, name)
            continue
        reading.covered += len(paths)
        if part["kind"] == "feedback":
            continue  # the teacher's own
        found = people[part["id"] or "", part["name"]]
        rest = (part["rest"] or "").lstrip("_")
        for path in paths:
            inside = path.partition("/")[2]
            own = "/".join(piece for piece in (rest, inside) if piece) or name
            found[part["type"]].append(renamed(tree.files[path], own))
        if not paths:
            found["file"] += []
    if not people:
        return None
    is_blind = _is_blind(people)
    # Only those in no group come without a number; then all others are groups, whose numbers may
    # be those of participants as well.
    is_team = sum(not number for number, _ in people) == 1
    for (number, name), kinds in sorted(people.items()):
        shown_name = f"{name} {number}" if is_blind else name
        online = [file for kind in kinds if kind != "file" for file in kinds[kind]]
        reading.attempts.append(
            attempt_of(
                Person(
                    f"group {number}" if is_team and number else number, name=shown_name.strip()
                ),
                f"{tree.place}/{name}_{number}".rstrip("_"),
                kinds["file"],
                online,
                group=name if is_team or not number else "",
            )
        )
    return reading


def _is_blind(people: dict[tuple[str, str], dict[str, list[File]]]) -> bool:
    """Return whether all bear one word instead of a name."""
    names = {name for _, name in people}
    word = min(names)
    is_word = bool(_BLIND.fullmatch(word)) or len(people) > 1 and " " not in word
    return len(names) == 1 and (len(people) > 2 or is_word)
