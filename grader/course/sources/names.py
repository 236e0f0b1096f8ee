"""Which names of folders and zips are students', and which are versions of one homework.

`ada/` and `bob/` are two students, `final/` and `final_old/` are one homework twice. What is left
of a name without the words for work and versions decides it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from posixpath import dirname

from grader.course.records import Person
from grader.course.sources.tree import Tree
from grader.submission.layout import homework_name

ARCHIVES = (
    ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".tbz2", ".txz",
    ".rar", ".7z",  # which cannot be read, and were handed in all the same
)  # fmt: skip
_ENDS = re.compile(r"(?i)(?:\.tar(?:-\d+)?)?\.(?:zip|tgz|gz|bz2|xz|tar|tbz2|txz|rar|7z|ipynb|py)$")
_WORK = frozenset("""
a affine all archive assignment assignments assn attempt backup backups bad bak batchnorm before
after branch broken build class classifiers clean cluster code colab copia copie copy course cpu cs
csn data deep dev dist done draft dropout ex exercise exercises everything export extracted fall
autumn winter spring summer fc fc_net final first fix fixed full git good gpu handout home homework
hw improved kopie lab labs laptop last latest layer layernorm layers learning linux local mac macos
main master mine my net nets network networks new newest nn notebook notebooks numpy old older optim
orig original our ours output part partial partner project py python redo relu release remote repo
result results resubmission resubmit save saved second server solution solutions solved source src
starter submission submissions submit submitted task template temp test tests third tmp todo
package training try unzipped update updated upload ver version v week wip win windows work working
the of and to for with january february march april may june july august september october november
december jan feb mar apr jun jul aug sep sept oct nov dec
""".split())  # fmt: skip
_NUMBERED = frozenset("""
group groups gruppe grp member pair participant person student team user
""".split())  # fmt: skip

_AGAIN = """
attempt backup bak copia copie copy corrected draft edited final finished fixed intento kopie last
late latest new newest old older redo resubmission resubmit resubmitted retard retry revised second
spät take tarde tentative try updated upload v ver version verspätet versuch
""".split()
_SUFFIX = re.compile(
    rf"(?i)(?:\s*\((?:(?:{'|'.join(_AGAIN)})?\s*\d{{0,2}})\)"
    rf"|[\s._-]+(?:(?P<word>{'|'.join(_AGAIN)})[\s._-]*\d{{0,2}}|\d{{1,2}}))$"
)


def person_of(name: str, is_folder: bool = False) -> Person:
    """Return whom a file or folder is called after: a login, an address or a name."""
    plain = name if is_folder else _ENDS.sub("", name) or name
    if re.fullmatch(r"[^@\s]+@[\w-]+(\.[\w-]+)+", plain):
        return Person(login=plain, email=plain)
    return Person(login=plain) if re.fullmatch(r"[\w.+-]+", plain, re.ASCII) else Person(name=plain)


def own_words(name: str) -> str:
    """Return what a name says besides work and versions; "" if nothing.

    >>> own_words("ada_a2_final.zip"), own_words("assignment2 (1)"), own_words("team_7")
    ('ada', '', 'team 7')
    """
    kept: list[str] = []
    for word in re.findall(r"[^\W_]+", _ENDS.sub("", name).casefold()):
        letters = re.sub(r"\d", "", word)  # "cs231n" is a course as "csn" is
        if letters and letters not in _WORK:
            kept.append(word)
        elif not letters and (len(word) > 4 or kept[-1:] and kept[-1] in _NUMBERED):
            kept.append(word)
    return " ".join(kept)


def one_or_several(found: Iterable[str]) -> Iterator[list[str]]:
    """Yield names that differ only in what people add to a second upload, as one's or several's.

    "ada", "ada (1)" and "ada-late" do. A bare number counts only beside the name without it.
    """
    groups: dict[str, list[str]] = {}
    sure: set[str] = set()
    for name in sorted({one.casefold(): one for one in found}.values()):
        plain = name
        while suffix := _SUFFIX.search(plain):
            plain = plain[: suffix.start()]
            if suffix["word"] or ")" in suffix[0]:
                sure.add(name)
        groups.setdefault(plain.casefold(), []).append(name)
    for plain, several in groups.items():
        is_number = plain.split()[-1:] and re.split(r"[\s._-]", plain)[-1] in _NUMBERED
        has_plain = plain in map(str.casefold, several)
        told = several if has_plain else [] if is_number else [n for n in several if n in sure]
        if plain and len(told) > 1:
            yield told


def upload_names(tree: Tree) -> list[str]:
    """Return the children of a folder that hold homework: archives, and folders with some in."""
    return [
        name
        for name, paths in tree.children.items()
        if (name if not tree.is_folder(name) else "").lower().endswith(ARCHIVES)
        or tree.is_folder(name)
        and any(homework_name(path) or path.lower().endswith(ARCHIVES) for path in paths)
    ]


def is_homework(tree: Tree) -> bool:
    """Return whether a file of the homework lies at the top."""
    return any(homework_name(path) for path in tree.files if "/" not in path)


def students_of(tree: Tree) -> list[str]:
    """Return the children that are surely students: no fewer than two, of names of their own.

    Two folders have to be alike as well: layers.py lies at the same place in both.
    """
    names = [name for name in upload_names(tree) if own_words(name)]
    if is_homework(tree) or len({own_words(name) for name in names}) < 2:
        return []
    folders = [name for name in names if tree.is_folder(name)]
    places = {_place_of_layers(tree.children[name]) for name in folders}
    return names if len(names) > 2 or len(places) < 2 else []


def _place_of_layers(paths: list[str]) -> str:
    """Return in which folder of a student's folder layers.py lies."""
    layers = [path for path in paths if homework_name(path) == "layers.py"]
    found = [dirname(path).partition("/")[2] for path in layers]
    return min(found, key=lambda folder: (folder.count("/"), folder), default="none")
