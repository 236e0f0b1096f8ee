"""Reports on their way to students: the zip that an LMS takes back, named so that each arrives.

Only files of reports/STUDENT/ go in: the report, and what it links to. Nothing of staff/ or of
results/ is read here.
"""

from __future__ import annotations

import csv
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from grader.course import archive
from grader.course.classroom import Course
from grader.course.places import Place
from grader.course.publish import reason
from grader.course.scores import status_of
from grader.course.student_pages import label
from grader.files import REPORT, RESULT
from grader.report.class_page import WORDS
from grader.report.text import guarded
from grader.submission.upload import shown

Files = Mapping[str, bytes]
_LINK = re.compile(r'href="([^"#:?]+)"')
_TARS = ((".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz"),
         (".tar", "w"))  # fmt: skip
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


@dataclass
class Packet:
    """Files of the zip by name, and who gets none and why."""

    files: dict[str, bytes] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    students: int = 0


@dataclass(frozen=True)
class Sent:
    """The report of one student: the attempt, where in the source it lay, and the files."""

    place: Place
    source: str
    files: Files

    @property
    def entry(self) -> str:
        """The last part of where the upload lay."""
        return self.source.rpartition("/")[2]


class NotTaken(Exception):
    """An LMS takes nothing back for this student; the message says why."""


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the report in a student's folder and the files beside it that it leads to."""
    found = {REPORT: (folder / REPORT).read_bytes()}
    waiting = [REPORT]
    while waiting:
        for link in _LINK.findall(found[waiting.pop()].decode("utf-8", "replace")):
            name = unquote(link)
            path = folder / name
            if name in found or name != PurePosixPath(name).name or name == RESULT:
                continue
            if path.is_file() and not path.is_symlink():
                found[name] = path.read_bytes()
                waiting += [name] if name.endswith(".html") else []
    return found


def packed(course: Course, kind: str) -> Packet:
    """Return the files of the zip for an LMS, one of KINDS, or for a mail merge.

    Pages that are not up to date are written first.
    """
    packet, owners = Packet(), dict[str, str]()
    rows, sources = [], dict(course.store.rows("SELECT number, place FROM attempt"))
    for place in course.refresh():
        if not place.counts or place.student.forgotten:
            continue
        who = shown(label(place.student.person) or place.student.folder)
        try:
            one = Sent(place, sources[place.row.attempt], _report(course, place))
            made = KINDS[kind](one)
        except NotTaken as why:
            packet.left.append(f"{who}: {why}")
            rows.append([*_who(place), "", str(why)])
            continue
        twice = next((owners[name] for name in made if name in owners), None)
        if twice is not None:
            packet.left.append(f"{who}: the files would arrive under the name of {twice}, too")
            continue
        owners.update(dict.fromkeys(made, who))
        packet.files.update(made)
        packet.students += 1
        rows.append([*_who(place), min(made, key=len), ""])
    if kind == "folder" and packet.students:
        packet.files["mail.csv"] = _csv(rows)
    return packet


def _who(place: Place) -> list[str]:
    person = place.student.person
    return [person.email, person.name, person.login, person.id]


def _report(course: Course, place: Place) -> Files:
    """Return the files for a student whose attempt that counts has a report."""
    result = course.store.result(place.key)
    status = status_of(place.row, result)
    if status != "graded":
        why = reason(place.row, result)
        raise NotTaken(f"no report, {WORDS[status]}{f': {why}' if why else ''}")
    return files_of(course.folder / place.folder)


def zipped(files: Files) -> bytes:
    """Return files as a zip: the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, archive.DAY_ONE)
            info.external_attr = 0o100644 << 16
            made.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ------------------------------------------------------------------------------- each LMS's way


def _canvas(one: Sent) -> Files:
    """Return what Canvas hands out as a comment, under the name of the student's own upload.

    So it has to be what that name says: a zip for a zip. A name in front of the ids is kept unless
    Canvas could read digits of it as ids. Source: abstract_assignment.rb, which takes the first two
    parts of digits.
    """
    found = _canvas_ids(one)
    if found is None:
        raise NotTaken("a text or a link was handed in, which Canvas takes no file for")
    start, user, attachment, file = found
    is_clear = not any(part.isdigit() or part == "anon" for part in start.rstrip("_").split("_"))
    stem = f"{start if is_clear else ''}{user}_{attachment}"
    low = re.sub(r"-\d+(?=\.)", "", file.lower())
    if low.endswith(".zip"):
        return {f"{stem}_report.zip": zipped(one.files)}
    for ending, mode in _TARS:
        if low.endswith(ending):
            return {f"{stem}_report{ending}": _tarred(one.files, mode)}
    raise NotTaken(
        f"'{shown(file, 60)}' was handed in, and Canvas would show the report under that name; "
        "give it by hand"
    )


def _canvas_ids(one: Sent) -> tuple[str, str, str, str] | None:
    """Return the name in front, user, attachment and file, as Canvas wrote them."""
    user = one.place.student.person.id
    found = list(re.finditer(rf"(?:^|(?<=_)){re.escape(user)}_(?=(\d+)_(.+))", one.entry))
    if not user or not found:
        return None
    usual = [match for match in found if match[1] != user] or found
    match = usual[0]
    return one.entry[: match.start()], user, match[1], match[2]


def _moodle(one: Sent) -> Files:
    """Return a participant's folder: the number between underscores is what counts."""
    number = one.place.student.person.id
    if not number.isdigit():
        raise NotTaken(
            "handed in as a team, for which Moodle takes no feedback zip; the worksheet of `grade "
            "gradebook` has a comment for each member"
        )
    name = _UNSAFE.sub("", one.entry.removesuffix(f"_{number}").replace("_", " ")).strip(" .~")
    folder = f"{name or 'Participant'}_{number}_assignsubmission_file"
    return {f"{folder}/{file}": data for file, data in one.files.items()}


def _brightspace(one: Sent) -> Files:
    if not re.match(r"\d+-\d+ - ", one.entry):
        raise NotTaken("was not read from a Brightspace export, whose folders the zip has to have")
    return {f"{one.entry}/{file}": data for file, data in one.files.items()}


def _sakai(one: Sent) -> Files:
    parts = one.source.split("/")
    if len(parts) < 2 or not parts[-1]:
        raise NotTaken("was not read from a Sakai export, whose folders the zip has to have")
    folder = f"{parts[-2].removesuffix('.zip')}/{parts[-1]}/Feedback Attachment(s)"
    return {f"{folder}/{file}": data for file, data in one.files.items()}


def _folder(one: Sent) -> Files:
    return {f"{one.place.student.folder}/{file}": data for file, data in one.files.items()}


KINDS: Mapping[str, Callable[[Sent], Files]] = {
    "canvas": _canvas, "moodle": _moodle, "brightspace": _brightspace, "sakai": _sakai,
    "folder": _folder,
}  # fmt: skip
BACK = {
    "canvas": "In Canvas: the assignment's page > Upload submissions. Who handed in again since "
    "the export gets nothing, and a second upload adds a second comment: export and grade afresh "
    "first.",
    "moodle": "In Moodle: the assignment > Upload multiple feedback files in a zip. A second "
    "upload replaces the first.",
    "brightspace": "In Brightspace: the assignment > Add Feedback Files. It replaces feedback "
    "files that are there.",
    "sakai": "In Sakai: the assignment > Upload All, with 'Feedback attachments' ticked, and "
    "nothing else.",
    "folder": "mail.csv has a row for each student: address, name, and the file to attach, or a "
    "note on why there is none.",
}


def _tarred(files: Files, mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as made:  # type: ignore[call-overload]
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["email", "name", "login", "id", "report", "note"])
    table.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
