"""Canvas: `[name_][LATE_]USER_ATTACHMENT_file`, all at the top of one zip.

The name is the sortable name (or the group's) without blanks and signs, in lower case. Only the
latest attempt is there. Source: canvas-lms, lib/content_zipper.rb.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grader.course.enrolled import Roster
from grader.course.records import Person, Proposal
from grader.course.sources.tree import Tree, renamed
from grader.course.sources.uploads import Reading, attempt_of

ABOUT = "a Canvas export"
_ONLINE = re.compile(r"(?P<start>.+_)?(?P<user>\d+|anon_[^_]+)_(?P<kind>text|link)(?:-\d+)?\.html")
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<user>anon_[^_]+)_(?P<attachment>\d+)_(?P<file>.+)")


@dataclass(frozen=True)
class _Entry:
    """One way to read the name of an entry."""

    path: str
    name: str
    late: bool
    user: str
    file: str
    is_online: bool = False
    attachment: str = ""


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Canvas export holds; None if it is none."""
    reading = Reading()
    readings = {path: _readings(path) for path in sorted(tree.files) if "/" not in path}
    if not any(readings.values()):
        return None
    for name in tree.children:
        if not readings.get(name):
            reading.stray(tree, name)
    usual = _usual(found[0] for found in readings.values() if len(found) == 1)
    chosen = []
    for found in filter(None, readings.values()):
        fits = _on_the_roster(found, roster) or found
        best = min(fits, key=lambda one: (_unlike(one, usual), not one.name, one.name))
        chosen.append(best)
        if len(fits) > 1:
            reading.proposals.append(_asked(tree, fits, best))
    _attempts(tree, chosen, roster, reading)
    return reading


def _readings(path: str) -> list[_Entry]:
    """Return all ways to read a name, the one with the shortest student's name first.

    Two parts of digits in a row are user and attachment. Canvas takes digits between underscores
    out of a name, so that a name cannot hold an earlier pair of them.
    """
    found = []
    if online := _ONLINE.fullmatch(path):
        name, late = _without_late((online["start"] or "").split("_")[:-1])
        found.append(_Entry(path, name, late, online["user"], path, True))
    if anonymous := _ANONYMOUS.fullmatch(path):
        late = bool(anonymous["late"])
        user, attachment = anonymous["user"], anonymous["attachment"]
        entry = _Entry(path, "", late, user, anonymous["file"], False, attachment)
        if not user.removeprefix("anon_").isdigit():
            return [entry]
        found.append(entry)  # or a student is called so
    parts = unicodedata.normalize("NFC", path).split("_")  # a Mac takes accents apart
    for at in range(len(parts) - 2):
        if not all(part.isascii() and part.isdigit() for part in parts[at : at + 2]):
            continue
        name, late = _without_late(parts[:at])
        if re.search(r"_\d+_", f"{name}_" if late else name):
            break
        file = "_".join(parts[at + 2 :])
        if file:
            found.append(_Entry(path, name, late, parts[at], file, False, parts[at + 1]))
    return found


def _without_late(parts: list[str]) -> tuple[str, bool]:
    """Return the name and whether it was late; a name itself is in lower case."""
    is_late = bool(parts) and (parts[-1] == "LATE" or len(parts) > 1 and parts[-1] == "late")
    return "_".join(parts[:-1] if is_late else parts), is_late


def _usual(entries: Iterable[_Entry]) -> tuple[int, int]:
    """Return how many digits the ids of users and attachments have where nothing is in doubt."""
    lengths = sorted((len(one.user), len(one.attachment)) for one in entries if one.attachment)
    return lengths[len(lengths) // 2] if lengths else (6, 8)


def _unlike(one: _Entry, usual: tuple[int, int]) -> int:
    attachment = 2 if one.is_online else abs(len(one.attachment) - usual[1])
    return abs(len(one.user) - usual[0]) + attachment


def _on_the_roster(found: list[_Entry], roster: Roster | None) -> list[_Entry]:
    """Return the readings whose user is in the gradebook, those with the user's own name first."""
    rows = {one: roster.with_id(one.user, "canvas") for one in found} if roster else {}
    fits = [one for one in found if rows.get(one)]
    named = [one for one in fits if (row := rows[one]) and sanitised(row.person.name) == one.name]
    return named or fits


def sanitised(name: str) -> str:
    """Return a sortable name as Canvas writes it into the name of a file.

    >>> sanitised("O'Brien, Zoë"), sanitised("_12_")
    ('obrienzoë', '12')
    """
    kept = re.sub(r"[^\w]", "", unicodedata.normalize("NFC", name).lower())
    return re.sub(r"_(\d+)_", r"\1", kept)


def _asked(tree: Tree, found: list[_Entry], best: _Entry) -> Proposal:
    users = " or ".join(f"user {one.user} ('{one.name}')" for one in found)
    what = f"the name can be read as that of {users}; a gradebook as --roster decides it"
    return Proposal(f"{tree.place}/{best.path}", what, f"user {best.user}")


def _attempts(tree: Tree, chosen: list[_Entry], roster: Roster | None, reading: Reading) -> None:
    """Add an attempt for each user."""
    users: dict[str, list[_Entry]] = defaultdict(list)
    for one in chosen:
        users[one.user].append(one)
    for user, entries in sorted(users.items()):
        names = sorted({one.name for one in entries})
        if len(names) > 1:
            what = f"files of user {user} bear {len(names)} names ({', '.join(names[:4])})"
            taken = "all of them as one student's"
            reading.proposals.append(Proposal(f"{tree.place}/{entries[0].path}", what, taken))
        row = roster.with_id(user, "canvas") if roster else None
        is_group = row is not None and sanitised(row.person.name) != names[0]
        person = Person(id=user, name=names[0])
        files = [renamed(tree.files[one.path], one.file) for one in entries if not one.is_online]
        texts = [tree.files[one.path] for one in entries if one.is_online]
        reading.covered += len(entries)
        reading.attempts.append(
            attempt_of(
                person,
                f"{tree.place}/{entries[0].path}",
                files,
                texts,
                late=any(one.late for one in entries),
                group=names[0] if is_group else "",
            )
        )
