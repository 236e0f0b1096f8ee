"""Plain zips and folders: each child of a folder is a student, and a lone upload is one."""

from __future__ import annotations

from posixpath import basename

from grader.course.enrolled import Roster
from grader.course.records import Proposal
from grader.course.sources import names
from grader.course.sources.tree import Tree
from grader.course.sources.uploads import Reading, attempt_of
from grader.submission.upload import shown

ABOUT = "zips or folders"


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return every child of a folder or zip as a student."""
    reading = Reading()
    for name in tree.children:
        is_folder = tree.is_folder(name)
        if not is_folder and not name.lower().endswith((*names.ARCHIVES, ".py", ".ipynb")):
            reading.stray(tree, name)
            continue
        person = names.person_of(name, is_folder)
        files = tree.below(name).files.values() if is_folder else [tree.files[name]]
        reading.attempts.append(attempt_of(person, f"{tree.place}/{name}", files))
    return reading if reading.attempts else None


def recognised(tree: Tree, alone: bool = True) -> Reading:
    """Return the students of a folder or zip, or the one whose homework it is.

    What could be either is taken as one student's, and asked about; where it is not `alone`, but
    one of several paths, each is a student's unless the names speak against it.
    """
    parts = [part for part in tree.layers() if names.students_of(part)]
    if parts:
        return _by_sections(parts[0]) or read(parts[0], None) or Reading()
    reading = read_one(tree)
    uploads = [] if names.is_homework(tree) else names.upload_names(tree)
    words = {names.own_words(name) for name in uploads} - {""}
    if len(uploads) == 1 and words and not names.own_words(basename(tree.place)):
        return read(tree, None) or reading
    if len(uploads) > 1 and (alone or len(words) > 1):
        listed = ", ".join(map(shown, uploads[:4]))
        what = f"{len(uploads)} uploads in it may be students' ({listed}); --from folders makes "
        what += "each a student"
        reading.proposals.append(Proposal(tree.place, what, "it as one student's"))
    return reading


def read_one(tree: Tree) -> Reading:
    """Return a zip or folder as the upload of one student, who is called like it."""
    files = [tree.whole] if tree.whole else list(tree.files.values())
    person = names.person_of(basename(tree.place), tree.whole is None)
    return Reading([attempt_of(person, tree.place, files)])


def _by_sections(tree: Tree) -> Reading | None:
    """Return the students of all folders in a folder, if each holds a class of its own."""
    below = [tree.below(name) for name in names.upload_names(tree) if tree.is_folder(name)]
    if not below or not all(names.students_of(one) for one in below):
        return None
    reading = Reading()
    for one in below:
        inner = read(one, None) or Reading()
        reading.attempts += inner.attempts
        reading.problems += inner.problems
        reading.proposals += inner.proposals
    for name in tree.children.keys() - {basename(one.place) for one in below}:
        reading.stray(tree, name)
    return reading
