"""Sakai: a folder `Last, First(eid)` for each student, with a time, a text, and attachments.

An anonymous one is called after the submission. Who is late stands in grades.csv at the top. The
folder of what was handed in is told from that of feedback by its name, which may be translated, and
if that is in no language known here, by how many students have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from grader.course.records import File, Person, Proposal
from grader.course.roster import Roster
from grader.course.sources.texts import decoded, table
from grader.course.sources.tree import Tree, renamed
from grader.course.sources.uploads import Reading, attempt_of
from grader.errors import UnusableSubmission
from grader.submission.upload import shown

ABOUT = "a Sakai export"
_FOLDER = re.compile(r"(?P<name>.*?)\s*\((?P<login>[^()]+)\)")
_FEEDBACK = re.compile(
    r"(?i)feedback|r[üu]ckmeldung|retroalimentaci|comentario|commentaires|återkoppling"
)
_ATTACHED = "submission attachment"
_TEXT = "_submissiontext.html"
_LATE = {"true": True, "yes": True, "late": True, "1": True, "false": False, "no": False,
         "on time": False, "0": False}  # fmt: skip
MOST_BYTES = 5_000_000  # of grades.csv


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Sakai export holds; None if it is none."""
    folders = [name for name in tree.children if tree.is_folder(name)]
    if not any(_is_students(name, tree) for name in folders):
        return None
    reading = Reading()
    attached = _attached(tree, folders, reading)
    late, groups = _graded(tree.files.get("grades.csv"))
    for name, paths in tree.children.items():
        if not tree.is_folder(name):
            if name.lower() not in ("grades.csv", "grades.xls"):
                reading.stray(tree, name)
            reading.covered += 1
            continue
        folder = _FOLDER.fullmatch(name)
        login = folder["login"] if folder else ""
        person = Person("" if folder else name, login, folder["name"] if folder else "")
        files, texts, at = _handed_in(tree.below(name), attached)
        reading.covered += len(paths)
        place = f"{tree.place}/{name}"
        reading.attempts.append(
            attempt_of(
                person,
                place,
                files,
                texts,
                at=at,
                late=late.get(login or name),
                group=groups.get(login, ""),
            )
        )
    return reading


def _is_students(name: str, tree: Tree) -> bool:
    """Return whether a folder is laid out as Sakai does it."""
    inside = [path.removeprefix(f"{name}/").lower() for path in tree.children[name]]
    texts = [path for path in inside if path.endswith(_TEXT) and "/" not in path]
    if texts or any(path.startswith(_ATTACHED) for path in inside):
        return True
    stamp = tree.files.get(f"{name}/timestamp.txt")
    return stamp is not None and bool(_time(stamp))


def _attached(tree: Tree, students: list[str], reading: Reading) -> str:
    """Return which folder in a student's holds what was handed in; "" if none does."""
    inside = {tuple(path.split("/")[:2]) for name in students for path in tree.children[name]
              if path.count("/") > 1}  # fmt: skip
    counts = Counter(folder for _, folder in inside if not _FEEDBACK.search(folder))
    found = sorted(counts, key=lambda one: (_ATTACHED not in one.lower(), -counts[one], one))
    if len(found) < 2:
        return "".join(found)
    listed = ", ".join(f"'{shown(one)}' of {counts[one]}" for one in found[:4])
    what = f"{len(found)} folders may hold what students handed in ({listed}); if it is "
    what += "another, take the wrong one out of the export"
    reading.proposals.append(Proposal(tree.place, what, f"'{shown(found[0])}' alone"))
    return found[0]


def _handed_in(student: Tree, attached: str) -> tuple[list[File], list[File], str]:
    """Return the attachments, the texts written online, and the time."""
    files, texts, at = [], [], ""
    for path, file in student.files.items():
        folder, _, name = path.partition("/")
        if name and folder == attached:
            files.append(renamed(file, name))
        elif not name and path == "timestamp.txt":
            at = _time(file)
        elif not name and path.lower().endswith(_TEXT) and file.size:
            texts.append(file)
    return files, texts, at


def _time(stamp: File) -> str:
    """Return the time in a timestamp.txt ("20260306160211345") in ISO format, else ""."""
    digits = _text(stamp, 100).strip()
    if not re.fullmatch(r"\d{14,17}", digits):
        return ""
    try:
        return datetime.strptime(digits[:14], "%Y%m%d%H%M%S").isoformat()
    except ValueError:
        return ""


def _text(file: File, most: int) -> str:
    if file.size > most:
        return ""
    try:
        return decoded(file.read())
    except UnusableSubmission:
        return ""


def _graded(grades: File | None) -> tuple[Mapping[str, bool | None], Mapping[str, str]]:
    """Return who is late by grades.csv, and what a group is called, both by login."""
    text = _text(grades, MOST_BYTES) if grades else ""
    start = re.search(r'(?m)^"?(?:Display ID|Group)"?[,;]', text)
    header, rows = table(text[start.start() :]) if start else ([], [])
    groups = {row[1]: row[0] for row in rows if header[0] == "Group" and len(row) > 1}
    late: dict[str, bool | None] = {}
    at = header.index("Late submission") if "Late submission" in header else len(header)
    for row in rows:
        for login in row[:2]:
            late[login] = _LATE.get(row[at].strip().lower()) if at < len(row) else None
    return late, groups
