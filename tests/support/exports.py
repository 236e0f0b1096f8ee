"""Exports of learning management systems as they come: files by path, as a zip or a folder.

`homework` makes the bytes of one upload; each `<lms>` function lays uploads out as that system
names them. An upload is (student, files); what else a system tells is told by its own arguments.
"""

from __future__ import annotations

import io
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
    parts = plain.split("_")
    return parts[1] if len(parts) == 3 and not parts[0] and parts[1].isdigit() else plain


def canvas_gradebook(students: Iterable[Student]) -> bytes:
    """Return the gradebook that Canvas exports, with its rows that are no students."""
    rows = ["Student,ID,SIS Login ID,Section,A2 (4711)", ",,,,Manual Posting"]
    rows.append("    Points Possible,,,,100.00")
    for one in students:
        name = f'="{one.sortable}"' if one.sortable[:1] in "=+-@" else one.sortable
        rows.append(f'"{name.replace(chr(34), chr(34) * 2)}",{one.number},{one.login},Lab 1,')
    rows.append('"Student, Test",99999,f00ba4,Lab 1,')
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()
