"""What all sources share: files of one student become an attempt, or a reason why not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.course.records import Attempt, File, Person, Proposal
from grader.course.sources.tree import Tree, renamed
from grader.submission.upload import shown

EMPTY = "nothing was handed in: the folder is empty"
TEXT = "a text was handed in and no file; ask for a zip of the homework"
LINK = "a link was handed in and no file; ask for a zip of the homework"


@dataclass
class Reading:
    """What a source's reader has met so far; `covered` are the paths that it understood."""

    attempts: list[Attempt] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    covered: int = 0

    def stray(self, tree: Tree, path: str, what: str = "belongs to no student") -> None:
        """Note a file or folder that is no upload of anybody."""
        self.problems.append(f"{tree.place}/{shown(path, 200)}: {what}; left out, look at it")


def _of_own_names(files: Iterable[File]) -> tuple[File, ...]:
    """Return files in the order of their names; of several with one name all but one get a number.

    An LMS may send back "a.py" of two fields of a form.
    """
    named: dict[str, File] = {}
    for file in sorted(files, key=lambda file: (file.name, file.size)):
        stem, dot, ending = file.name.rpartition(".")
        numbered = (f"{stem}-{number}{dot}{ending}" for number in itertools.count(1))
        name = file.name
        while name in named:
            name = next(numbered)
        named[name] = renamed(file, name)
    return tuple(named[name] for name in sorted(named))


def attempt_of(
    person: Person,
    place: str,
    files: Iterable[File],
    texts: Iterable[File] = (),
    *,
    at: str = "",
    late: bool | None = None,
    group: str = "",
    members: tuple[Person, ...] = (),
) -> Attempt:
    """Return the attempt that consists of `files`; `texts` are what was written or linked online.

    The order of the files does not matter.
    """
    kept = _of_own_names(files)
    written = tuple(sorted(texts, key=lambda file: file.name))
    problem = ""
    if not kept:
        is_link = any("link" in file.name.casefold() for file in written)
        problem = (LINK if is_link else TEXT) if written else EMPTY
    return Attempt(person, shown(place, 300), (*kept, *written), at, late, problem, group, members)
