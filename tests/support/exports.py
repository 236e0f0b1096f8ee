"""Exports of learning management systems as they come: files by path, as a zip or a folder.

`homework` makes the bytes of one upload; each `<lms>` function lays uploads out as that system
names them. An upload is (student, files); what else a system tells is told by its own arguments.
"""

from __future__ import annotations

import functools
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, bytes]
CORE = ("layers.py", "optim.py", "classifiers/fc_net.py", "layer_utils.py")


@dataclass(frozen=True)
class Student:
    """Who hands in; `number` is what the system knows the student by."""

    first: str
    last: str
    number: int
    login: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()

    @property
    def sortable(self) -> str:
        return f"{self.last}, {self.first}" if self.first else self.last

    @property
    def email(self) -> str:
        return f"{self.login}@school.example"


ADA = Student("Ada", "Lovelace", 40101, "ada01")
GRACE = Student("Grace", "Hopper", 40102, "grace02")
ALAN = Student("Alan", "Turing", 40103, "alan03")
# Names that break parsers of names.
HOSTILE = (
    Student("Zoë", "O'Brien", 40104, "zoe04"),
    Student("", "_12_", 40105, "twelve05"),
    Student("", "=1+1", 40106, "two06"),
    Student("李", "雷", 40107, "li07"),
    Student("N" * 150, "M" * 149, 40108, "long08"),
    Student("", "40101", 40109, "digits09"),
    Student("Bob", "LATE", 40110, "late10"),
    Student("Test", "Student", 40111, "test11"),
    Student("Jan", "van der Berg-Smith", 40112, "jan12"),
    Student("Ada", "Lovelace", 40113, "ada13"),
)


def package(tag: str = "") -> dict[str, bytes]:
    """Return a toy homework; `tag` makes it a student's own."""
    return {f"cs231n/{name}": f"# {name} {tag}\n".encode() for name in CORE}


def zipped(files: Files) -> bytes:
    """Return a zip of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, (2026, 3, 6, 16, 2, 0))
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return stream.getvalue()


def tarred(files: Files, mode: str = "w:gz") -> bytes:
    """Return a tar of files, packed by gzip unless `mode` says otherwise."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


@functools.cache
def homework(tag: str = "") -> bytes:
    """Return the zip that an ordinary student hands in."""
    return zipped(package(tag))


def spread(root: Path, files: Files) -> Path:
    """Write files below a folder; a path that ends with a slash is an empty folder."""
    for path, data in files.items():
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
    return root


def written(path: Path, files: Files) -> Path:
    """Write an export: a zip if the path says so, else a folder."""
    if path.suffix != ".zip":
        return spread(path, files)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files))
    return path


# ---------------------------------------------------------------------------------------- Canvas


def canvas(
    uploads: Iterable[tuple[Student, Files]], late: Iterable[int] = (), group: str = ""
) -> dict[str, bytes]:
    """Return a Canvas export; a name "text" or "link" is an entry made online.

    `late` are numbers of students, `group` stands in the place of every name.
    """
    found, attachment, late = {}, 990_001, set(late)
    for student, files in uploads:
        name = canvas_name(group or student.sortable)
        stem = "_".join(
            filter(None, (name, "LATE" * (student.number in late), str(student.number)))
        )
        for file, data in files.items():
            if file in ("text", "link"):
                found[f"{stem}_{file}.html"] = data
            else:
                found[f"{stem}_{attachment}_{file}"] = data
                attachment += 7
    return found


def canvas_name(name: str) -> str:
    """Return a name as Canvas writes it: no blanks and signs, in lower case."""
    plain = "".join(char for char in name.lower() if char.isalnum() or char == "_")
    return re.sub(r"_(\d+)_", r"\1", plain)


def canvas_gradebook(students: Iterable[Student]) -> bytes:
    """Return the gradebook that Canvas exports, with its rows that are no students."""
    rows = ["Student,ID,SIS Login ID,Section,A2 (4711)", ",,,,Manual Posting"]
    rows.append("    Points Possible,,,,100.00")
    for one in students:
        name = f'="{one.sortable}"' if one.sortable[:1] in "=+-@" else one.sortable
        rows.append(f'"{name.replace(chr(34), chr(34) * 2)}",{one.number},{one.login},Lab 1,')
    rows.append('"Student, Test",99999,f00ba4,Lab 1,')
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()


# ---------------------------------------------------------------------------------------- others


def moodle(uploads: Iterable[tuple[Student, Files]], style: str = "folders") -> dict[str, bytes]:
    """Return a Moodle export: "folders", "old" ones (before 4.1), "flat", "blind" or "blind de"."""
    found = {}
    for student, files in uploads:
        name = student.name.replace("_", " ").replace("/", "")
        name = {"blind": "Participant", "blind de": "Teilnehmerin"}.get(style, name)
        stem = f"{name}_{student.number}_assignsubmission_"
        for file, data in files.items():
            kind = "onlinetext" if file in ("text", "link") else "file"
            own = "onlinetext.html" if file in ("text", "link") else file
            slash = {"old": "_/", "flat": "_"}.get(style, "/")
            found[f"{stem}{kind}{slash}{own}"] = data
    return found


def moodle_worksheet(students: Iterable[Student]) -> bytes:
    """Return the grading worksheet of Moodle."""
    rows = ['Identifier,"Full name","Email address",Status,Grade,"Last modified (grade)"']
    rows += [f'"Participant {one.number}","{one.name}",{one.email},-,,-' for one in students]
    return "\n".join(rows).encode()


def blackboard(
    uploads: Iterable[tuple[Student, Files]], start: str = "2026-03-06-16-02-11"
) -> dict[str, bytes]:
    """Return a Blackboard export; of several uploads of one student each is a minute later."""
    found, minutes = {}, 0
    for student, files in uploads:
        stem = f"A2_{student.login}_attempt_{start[:14]}{minutes:02d}{start[16:]}"
        minutes += 1
        text = files.get("text", b"There is no student submission text data.").decode()
        lines = [
            f"Name: {student.name} ({student.login})", "Assignment: A2",
            "Date Submitted: Friday, 6 March 2026 16:02:11 o'clock GMT",
            "Current Grade: Needs Grading", "", "Submission Field:", text, "",
            "Comments:", "Name: Somebody Else (else99)", "Files:", "", "Files:",
        ]  # fmt: skip
        for file, data in files.items():
            if file != "text":
                mangled = file.replace(" ", "_")
                found[f"{stem}_{mangled}"] = data
                lines += [f"\tOriginal filename: {file}", f"\tFilename: {stem}_{mangled}", ""]
        found[f"{stem}.txt"] = "\r\n".join(lines).encode()
    return found


def brightspace(
    uploads: Iterable[tuple[Student, Files]], folders: bool = False, when: str = "Mar 6, 2026"
) -> dict[str, bytes]:
    """Return a Brightspace export; of several uploads of one student each is an hour later."""
    found, hours = {"index.html": b"<html>"}, 0
    for student, files in uploads:
        hours += 1
        stem = f"{student.number}-80551 - {student.name} - {when} {hours}05 PM"
        for file, data in files.items():
            found[f"{stem}/{file}" if folders else f"{stem} - {file}"] = data
    return found


def gradescope(uploads: Iterable[tuple[Student, Files]], partner: Student | None = None) -> Files:
    """Return a Gradescope export; with a `partner` every upload is that student's too."""
    found, lines = {}, ["---"]
    for number, (student, files) in enumerate(uploads, start=70_001):
        folder = f"submission_{number}"
        lines += [f"{folder}:", "  :submitters:"]
        for one in filter(None, (student, partner)):
            name = one.name.replace("'", "''")
            lines += [f"  - :name: '{name}'", f"    :sid: '{one.number}'"]
            lines += [f"    :email: {one.email}"]
        lines += ["  :created_at: 2026-03-06 16:02:11.123000000 -06:00", "  :score: 1.5"]
        lines += ["  :results:", "    tests:", "    - output: |-", "        submission_9:"]
        lines += ["          :submitters:", '        x: "open', "  :history: []"]
        for file, data in files.items():
            found[f"assignment_7_export/{folder}/{file}"] = data
    found["assignment_7_export/submission_metadata.yml"] = ("\n".join(lines) + "\n").encode()
    return found


def sakai(
    uploads: Iterable[tuple[Student, Files]], late: Iterable[int] = (), attached: str = ""
) -> dict[str, bytes]:
    """Return a Sakai export; `attached` is another word for the folder of what was handed in."""
    late, attached = set(late), attached or "Submission attachment(s)"
    rows = ["A2,Points", "Display ID,ID,Last Name,First Name,grade,Submission date,Late submission"]
    found = {}
    for student, files in uploads:
        folder = f"A2/{student.last}, {student.first}({student.login})"
        found[f"{folder}/timestamp.txt"] = b"20260306160211345"
        found[f"{folder}/comments.txt"] = b""
        found[f"{folder}/feedbackText.html"] = b"<p>"
        found[f"{folder}/Feedback Attachment(s)/report.html"] = b"<p>"
        for file, data in files.items():
            is_text = file == "text"
            text = f"{student.last}, {student.first}({student.login})_submissionText.html"
            found[f"{folder}/{text}" if is_text else f"{folder}/{attached}/{file}"] = data
        rows.append(
            f'{student.login},{student.number},"{student.last}","{student.first}",,'
            f"2026-03-06 16:02,{str(student.number in late).lower()}"
        )
    found["A2/grades.csv"] = "\n".join(rows).encode()
    return found


def nbgrader(uploads: Iterable[tuple[Student, Files]], zone: str = "UTC") -> dict[str, bytes]:
    """Return nbgrader's folder of a course."""
    found = {"nbgrader_config.py": b"", "source/a2/layers.py": b""}
    for student, files in uploads:
        folder = f"submitted/{student.login}/a2"
        found[f"{folder}/timestamp.txt"] = f"2026-03-06 16:02:11.948203 {zone}".encode()
        found |= {f"{folder}/{file}": data for file, data in files.items()}
    return found


def repositories(uploads: Iterable[tuple[Student, Files]]) -> dict[str, bytes]:
    """Return a folder of cloned repositories."""
    found = {}
    for student, files in uploads:
        folder = f"cs231n-spring-a2-{student.login}"
        found[f"{folder}/.git/config"] = b"[core]\n\tfsmonitor = /bin/false\n"
        found |= {f"{folder}/{file}": data for file, data in files.items()}
    return found
