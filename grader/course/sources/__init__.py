"""A class as its teacher has it: exports of learning management systems, folders, zips.

Each format is a module with `read(tree, roster)`, which returns what it holds, or None if it is
something else. They are recognised by what they hold. Names only propose who is who: what can be
read in two ways is a Proposal, and stops a run unless a person says yes.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from grader.course import joining
from grader.course.records import Attempt, File, Found, Proposal
from grader.course.roster import Roster
from grader.course.sources import (
    blackboard,
    brightspace,
    canvas,
    folders,
    gradescope,
    moodle,
    names,
    nbgrader,
    repositories,
    sakai,
)
from grader.course.sources.tree import Tree, file_at, read_tree, tree_inside
from grader.course.sources.uploads import Reading, attempt_of
from grader.errors import UsageError
from grader.submission.upload import shown

_FORMATS: dict[str, ModuleType] = {
    "canvas": canvas,
    "moodle": moodle,
    "blackboard": blackboard,
    "brightspace": brightspace,
    "gradescope": gradescope,
    "sakai": sakai,
    "nbgrader": nbgrader,
    "repositories": repositories,
}
CALLED = ("folders", "nbgrader", "repositories")  # kinds where names alone say who is who
MOST_EXPORTS = 12  # zips in a folder that are looked into: a class has more
KINDS = ("auto", *_FORMATS, "folders", "submission")


def read(paths: Sequence[Path], kind: str = "auto", roster: Roster | None = None) -> Found:
    """Return all that lies at `paths`, joined with the roster.

    Raises UsageError if a path is not there, or holds nothing of the kind.
    """
    found = [_read(path, kind, roster, len(paths) == 1) for path in paths]
    kinds = sorted({name for name, _ in found})
    proposals = [one for _, reading in found for one in reading.proposals]
    if kind == "auto" and len(kinds) > 1:
        what = f"the paths are of {len(kinds)} kinds ({', '.join(kinds)})"
        proposals.append(Proposal(shown(str(paths[0]), 200), what, "all of them as one class"))
    attempts = [one for name, r in found for one in r.attempts if name != "folders"]
    plain, asked = _one_each(one for name, r in found for one in r.attempts if name == "folders")
    asked += _second_uploads(found, roster)
    result = Found(
        " and ".join(kinds),
        tuple(sorted((*attempts, *plain), key=_order)),
        tuple(line for _, reading in found for line in reading.problems),
        tuple((*proposals, *asked)),
    )
    return joining.joined(result, roster) if roster else result


def described(found: Found) -> str:
    """Return what was found in one line: "a Canvas export: 12 students, 14 uploads"."""
    about = [_about(kind) for kind in found.kind.split(" and ")]
    students = _counted(len(found.students), "student")
    return f"{' and '.join(about)}: {students}, {_counted(len(found.attempts), 'upload')}"


def students_in(path: Path) -> int:
    """Return how many students the path of one submission holds: 0 or 1, unless it is a class.

    Folders that may as well be copies of one homework are one student's.
    """
    try:
        tree = read_tree(path)
    except UsageError:
        return 0  # whoever reads the submission says what is wrong with it
    if tree is None:
        return 1
    if exports := _of_exports(tree, path, None):
        return len({attempt.person for attempt in exports[1].attempts})
    for part in tree.layers():
        reading = _recognised(part, None)
        if reading is not None:
            return len({attempt.person for attempt in reading[1].attempts})
        if names.students_of(part):
            return len({attempt.person for attempt in folders.recognised(part).attempts})
    return 1


def _about(kind: str) -> str:
    about = _FORMATS[kind].ABOUT if kind in _FORMATS else folders.ABOUT
    return str(about)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _order(attempt: Attempt) -> tuple[str, ...]:
    person = attempt.person
    return person.name, person.login, person.id, person.email, attempt.at, attempt.place


def _read(path: Path, kind: str, roster: Roster | None, alone: bool) -> tuple[str, Reading]:
    """Return the kind of what lies at a path, and what it holds."""
    tree = read_tree(path)
    if tree is None:
        return "folders", _lone(path)
    reading = _of_exports(tree, path, roster) if kind == "auto" else None
    reading = reading or _of_kind(tree, kind, roster, alone)
    if reading is None:
        choices = ", ".join(KINDS[1:])
        looked = f"no {kind} export in it" if kind != "auto" else "no upload of a student in it"
        raise UsageError(f"{tree.place}: {looked}; give another path or --from ({choices})")
    reading[1].problems += [
        f"{tree.place}/{shown(path, 200)}: {why}; left out, look at it"
        for path, why in sorted(tree.lost.items())
    ]
    return reading


def _of_kind(
    tree: Tree, kind: str, roster: Roster | None, alone: bool
) -> tuple[str, Reading] | None:
    if kind == "submission":
        return "folders", folders.read_one(tree)
    if kind == "folders":
        forced = folders.read(tree, roster)
        return ("folders", forced) if forced else None
    for part in tree.layers():
        if kind == "auto" and (found := _recognised(part, roster)):
            return found
        if kind != "auto" and (reading := _FORMATS[kind].read(part, roster)):
            return kind, reading
    if kind == "auto" and tree.children:
        return "folders", folders.recognised(tree, alone)
    return None


def _of_exports(tree: Tree, path: Path, roster: Roster | None) -> tuple[str, Reading] | None:
    """Return what zips in a folder hold, if each is an export.

    A student's own zip may be made to look like one, so it is asked about.
    """
    for part in tree.layers():
        below = path / part.place.removeprefix(tree.place).lstrip("/")
        if found := _of_exports_in(part, below if path.is_dir() else None, roster):
            return found
    return None


def _of_exports_in(
    tree: Tree, folder: Path | None, roster: Roster | None
) -> tuple[str, Reading] | None:
    """Return what the zips at the top of a tree hold; `folder` is where it is, if it is on disk."""
    zips = [name for name in tree.children if name in tree.files and name.endswith(".zip")]
    if not 0 < len(zips) <= MOST_EXPORTS:
        return None
    result, kinds = Reading(), set[str]()
    for name in zips:
        place = f"{tree.place}/{shown(name, 200)}"
        inner = read_tree(folder / name) if folder else tree_inside(tree.files[name], place)
        found = map(_recognised, inner.layers(), itertools.repeat(roster)) if inner else ()
        fits = next(filter(None, found), None)
        if fits is None or len({attempt.person for attempt in fits[1].attempts}) < 2:
            return None
        kinds.add(fits[0])
        result.attempts += fits[1].attempts
        result.problems += fits[1].problems
        result.proposals += fits[1].proposals
        many = _counted(len({attempt.person for attempt in fits[1].attempts}), "student")
        what = f"is {_about(fits[0])} of {many}, and lies in what was given"
        result.proposals.append(Proposal(place, what, "it as the class"))
    for name in tree.children:
        if name not in zips:
            result.stray(tree, name)
    return " and ".join(sorted(kinds)), result


def _recognised(tree: Tree, roster: Roster | None) -> tuple[str, Reading] | None:
    """Return the format that understands most of a tree, and no less than half of it."""
    readings = ((name, module.read(tree, roster)) for name, module in _FORMATS.items())
    fits = [(name, one) for name, one in readings if one and one.attempts]
    best = max(fits, key=lambda fit: fit[1].covered, default=None)
    return best if best and 2 * best[1].covered >= len(tree.files) else None


def _lone(path: Path) -> Reading:
    """Return a file that is no zip as the upload of one student."""
    file: File = file_at(path)
    return Reading([attempt_of(names.person_of(file.name), file.name, [file])])


def _second_uploads(
    found: Iterable[tuple[str, Reading]], roster: Roster | None
) -> Iterator[Proposal]:
    """Yield whose names differ as those of a second upload do, unless the roster knows them."""
    attempts = [one for name, reading in found if name in CALLED for one in reading.attempts]
    places = {one.person.login or one.person.name: one.place for one in attempts}
    people = {one.person.login or one.person.name: one.person for one in attempts}
    for several in names.one_or_several(places):
        if not roster or not all(roster.exact(people[name], "folders") for name in several):
            listed = ", ".join(f"'{shown(name)}'" for name in several[:6])
            what = f"{listed} may be uploads of one student; if so, give only the one that counts"
            yield Proposal(places[several[0]], what, _counted(len(several), "student"))


def _one_each(attempts: Iterable[Attempt]) -> tuple[list[Attempt], list[Proposal]]:
    """Return attempts whose people are one if their names differ by case, or in form, alone.

    Nothing but a name says whose a plain zip or folder is, so several of one name are asked about.
    """
    same: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        name = unicodedata.normalize("NFC", attempt.person.shown)  # a Mac takes accents apart
        same.setdefault(name.casefold(), []).append(attempt)
    result, proposals = [], []
    for found in same.values():
        first = min(found, key=lambda attempt: (attempt.person.shown, attempt.place)).person
        result += [replace(attempt, person=first) for attempt in found]
        if len(found) > 1:
            places = sorted(attempt.place for attempt in found)
            what = f"{len(found)} uploads bear one name (also {', '.join(places[1:4])})"
            proposals.append(Proposal(places[0], what, "attempts of one student"))
    return result, proposals
