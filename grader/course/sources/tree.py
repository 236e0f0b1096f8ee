"""A zip or a folder as one thing: files by path, read when they are asked for.

Exports come to gigabytes, so a zip stays on disk and is read member by member. Its names come from
strangers: what leads outside, is a link, or is too large is not taken, and is told. Nothing is
written anywhere.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from grader.course.records import File
from grader.errors import UnusableSubmission, UsageError
from grader.submission import upload
from grader.submission.archive import damaged_is_one_line, kind_of_fault
from grader.submission.folder import read_regular
from grader.submission.upload import megabytes, refusal, shown
from grader.submission.zip_names import meant_name

MOST_ENTRIES = 200_000  # of an export: a class of 1,000 that leaves its caches in has 50,000
MOST_DIRECTORY = 100_000_000  # bytes of a zip's directory, before zipfile makes objects of it
DEEPEST = 40
_JUNK = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_CLOSED = ("node_modules", "site-packages", "__pycache__")  # folders that are not looked into


@dataclass(frozen=True)
class Tree:
    """Files by path below the top, folders by path without a slash at the end, and what was left.

    `place` is the name of the zip or folder; `lost` says of a path why it was not taken; `whole` is
    the zip itself.
    """

    place: str
    files: Mapping[str, File]
    folders: frozenset[str] = frozenset()
    lost: Mapping[str, str] = field(default_factory=dict)
    whole: File | None = None

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Return the names at the top, each with the paths of the files below it."""
        found: dict[str, list[str]] = {}
        for path in self.folders:
            found.setdefault(path.partition("/")[0], [])
        for path in self.files:
            found.setdefault(path.partition("/")[0], []).append(path)
        return {name: sorted(found[name]) for name in sorted(found)}

    def is_folder(self, name: str) -> bool:
        """Return whether a name at the top is that of a folder."""
        return name not in self.files

    def below(self, folder: str) -> Tree:
        """Return what lies below a folder, by path from there."""
        top, _, rest = folder.partition("/")
        cut = len(top) + 1
        inside = [path for path in self.children.get(top, ()) if "/" in path]
        tree = Tree(
            f"{self.place}/{top}",
            {path[cut:]: renamed(self.files[path], path[cut:]) for path in inside},
            frozenset(path[cut:] for path in self._folders_in.get(top, ()) if "/" in path),
        )
        return tree.below(rest) if rest else tree

    @cached_property
    def _folders_in(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.folders:
            found.setdefault(path.partition("/")[0], []).append(path)
        return found

    def layers(self) -> Iterator[Tree]:
        """Yield the tree, and what is in it as long as its top is one folder and nothing else."""
        tree = self
        for _ in range(4):
            yield tree
            names = list(tree.children)
            if len(names) != 1 or not tree.is_folder(names[0]):
                return
            tree = tree.below(names[0])


def renamed(file: File, name: str) -> File:
    """Return a file under another name."""
    return File(name, file.size, file.read)


def read_tree(path: Path) -> Tree | None:
    """Return the zip or folder at a path; None if it is another file.

    Raises UsageError if there is nothing, or if it cannot be read.
    """
    place = shown(path.name or path.resolve().name or str(path), 200)
    try:
        if path.is_dir():
            return _folder(path, place)
        if not path.is_file():
            raise UsageError(f"{place}: there is no such file or folder; check the path")
        if not _begins_as_zip(path):
            return None
        return _zip(path, place, file_at(path))
    except UnusableSubmission as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError) as error:
        reason = shown(getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{place}: cannot be read ({reason}); download it again") from error


def is_junk(path: str) -> bool:
    """Return whether a path is what computers leave behind beside files, and no upload."""
    parts = path.casefold().split("/")
    return any(part in _JUNK for part in parts) or parts[-1].startswith("._")


def _beside_junk(path: str) -> str:
    """Return the folder that holds the junk of a path: maybe of somebody who handed in no more."""
    parts = path.split("/")
    return "/".join(itertools.takewhile(lambda part: not is_junk(part), parts[:-1]))


def _is_closed(folder: str) -> bool:
    return folder.startswith(".") or folder.casefold() in _CLOSED


# -------------------------------------------------------------------------------------- folders


def _folder(root: Path, place: str) -> Tree:
    files: dict[str, File] = {}
    folders: set[str] = set()
    lost: dict[str, str] = {}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            if not folder:
                raise
            lost[folder.rstrip("/")] = f"cannot be read ({(error.strerror or '').lower()})"
            continue
        for entry in entries:
            path = f"{folder}{entry.name}"
            if is_junk(path):
                continue
            _bounded(len(files) + len(folders) + len(lost), place)
            if entry.is_dir(follow_symlinks=False):
                folders.add(path)
                if path.count("/") >= DEEPEST:
                    lost[path] = f"lies more than {DEEPEST} folders deep"
                elif not _is_closed(entry.name):
                    waiting.append(f"{path}/")
            else:
                _meet(entry, path, root / path, files, lost)
    return Tree(place, files, frozenset(folders), lost)


def _meet(
    entry: os.DirEntry[str], path: str, file: Path, files: dict[str, File], lost: dict[str, str]
) -> None:
    """Note a file of a folder, or why it is not taken."""
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        lost[path] = "is a link; links are not followed"
    elif not stat.S_ISREG(status.st_mode):
        lost[path] = "is no regular file"
    else:
        files[path] = File(path, status.st_size, _reader_of(file, path, status.st_size))


def _reader_of(file: Path, path: str, size: int) -> Callable[[], bytes]:
    def read() -> bytes:
        check_size(path, size)
        try:
            data = read_regular(file, upload.LIMITS.archive_bytes + 1)
        except OSError as error:
            reason = shown(error.strerror or str(error)).lower()
            raise refusal(path, f"cannot be read ({reason})") from error
        check_size(path, len(data))
        return data

    return read


def check_size(path: str, size: int) -> None:
    """Raise UnusableSubmission if a file is larger than any upload may be."""
    if size > upload.LIMITS.archive_bytes:
        what = f"more than {megabytes(upload.LIMITS.archive_bytes)} large"
        raise refusal(path, what, upload.SMALLER)


# ----------------------------------------------------------------------------------------- zips


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in _ZIP


def tree_inside(file: File, place: str) -> Tree | None:
    """Return the zip that a file is, in memory; None if it is none, damaged or too large."""
    try:
        data = file.read()
        return _zip(io.BytesIO(data), place, None) if data.startswith(_ZIP) else None
    except (UnusableSubmission, UsageError):
        return None


def _zip(stream: Path | io.BytesIO, place: str, whole: File | None) -> Tree:
    _check_directory(stream, place)
    with damaged_is_one_line(place):
        archive = zipfile.ZipFile(stream)
    files: dict[str, File] = {}
    folders: set[str] = set()
    lost: dict[str, str] = {}
    _bounded(len(archive.infolist()), place)
    for info in archive.infolist():
        name = meant_name(info)
        name = name.replace("\\", "/")  # as tools of Windows write; no system of files keeps both
        path_in = upload.tidy(name)
        if not path_in or is_junk(path_in):
            folders.update(_folders_above(_beside_junk(path_in))[0])
            continue
        if _leads_outside(name):
            lost[shown(path_in, 200)] = "leads outside the export"
            continue
        above, is_closed = _folders_above(path_in if name.endswith("/") else parent(path_in))
        folders.update(above)
        if name.endswith("/") or is_closed:
            continue
        if fault := _fault(name, info):
            lost[path_in] = fault
        elif path_in in files:
            lost[path_in] = "is in it twice; the first is read"
        else:
            read = _member_reader(archive, info, path_in)
            files[path_in] = File(path_in, info.file_size, read)
    return Tree(place, files, frozenset(folders), lost, whole)


def file_at(path: Path) -> File:
    """Return a file on disk, as it is."""
    size = path.stat().st_size
    return File(path.name, size, _reader_of(path, path.name, size))


def _folders_above(folder: str) -> tuple[list[str], bool]:
    """Return a folder with those above it, down to one that is not looked into, if any is."""
    parts = [part for part in folder.split("/") if part]
    closed = next((n for n, part in enumerate(parts, start=1) if _is_closed(part)), 0)
    reached = parts[: closed or len(parts)]
    return ["/".join(reached[:depth]) for depth in range(1, len(reached) + 1)], bool(closed)


def parent(path: str) -> str:
    """Return the folder of a path, "" for the top."""
    return path.rpartition("/")[0]


def _leads_outside(name: str) -> bool:
    is_absolute = name.startswith("/") or re.match(r"[A-Za-z]:/", name) is not None
    return is_absolute or ".." in name.split("/")


def _fault(name: str, info: zipfile.ZipInfo) -> str:
    if name.count("/") > DEEPEST:
        return f"lies more than {DEEPEST} folders deep"
    fault = kind_of_fault(info, name)
    return fault[0] if fault else ""


def _member_reader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str
) -> Callable[[], bytes]:
    def read() -> bytes:
        check_size(path, info.file_size)
        with damaged_is_one_line(path), archive.open(info) as stream:
            data = stream.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise refusal(path, "is not as large as it says", "download the export again")
        return data

    return read


def _check_directory(archive: Path | io.BytesIO, place: str) -> None:
    """Refuse a zip whose directory alone would fill the memory.

    Its size stands in the last record; all ones there mean that it is told in a longer one.
    """
    with archive.open("rb") if isinstance(archive, Path) else nullcontext(archive) as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(end - 66_000, 0))
        tail = stream.read(66_000)
    at = tail.rfind(b"PK\x05\x06")
    size = struct.unpack("<L", tail[at + 12 : at + 16])[0] if 0 <= at <= len(tail) - 22 else 0
    longer = tail.rfind(b"PK\x06\x06")
    if size == 0xFFFFFFFF and 0 <= longer <= len(tail) - 56:
        size = struct.unpack("<Q", tail[longer + 40 : longer + 48])[0]
    if size > MOST_DIRECTORY:
        raise UsageError(f"{place}: holds too many entries; unpack it, and give parts of it")


def _bounded(count: int, place: str) -> None:
    if count > MOST_ENTRIES:
        what = f"holds more than {MOST_ENTRIES:,} files"
        raise UsageError(f"{place}: {what}; give a folder that holds uploads only")
