"""Cloned classroom repositories: folders `CLASSROOM-ASSIGNMENT-login`, each with its .git.

When they were handed in is not asked of git: a student's repository may not run anything here.
"""

from __future__ import annotations

import os

from grader.course.enrolled import Roster
from grader.course.records import Person
from grader.course.sources import names
from grader.course.sources.tree import Tree
from grader.course.sources.uploads import Reading, attempt_of

ABOUT = "cloned repositories"


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return the students of a folder of clones; None if it is something else."""
    known = {*tree.folders, *tree.files}  # of a submodule or a worktree .git is a file
    clones = [name for name in tree.children if f"{name}/.git" in known]
    if len({names.own_words(name) for name in clones} - {""}) < 2:
        return None
    start = _common_start(clones, roster)
    reading = Reading()
    for name, paths in tree.children.items():
        if name not in clones:
            reading.stray(tree, name, "is no clone")
            continue
        reading.covered += len(paths)
        person = Person(login=name.removeprefix(start))
        files = tree.below(name).files.values()
        reading.attempts.append(attempt_of(person, f"{tree.place}/{name}", files))
    return reading


def _common_start(clones: list[str], roster: Roster | None) -> str:
    """Return what all names begin with, down to a hyphen: "cs231n-a2-".

    That is the longest, unless more logins of the roster are left behind a shorter one.
    """
    start = os.path.commonprefix(clones)
    logins = {row.person.login for row in roster.rows} if roster else set()
    cuts = [0, *(place for place, sign in enumerate(start, start=1) if sign == "-")]
    return start[: max(cuts, key=lambda cut: (len({c[cut:] for c in clones} & logins), cut))]
