"""From a path on disk to the Python files and notebooks there: a zip, a folder, or a zip in one.

Paths come from people and LMS exports, so nothing is opened before it is known to be a regular
file: a FIFO would block for ever, a link may lead anywhere. Links are never followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from grader.submission import upload
from grader.submission.archive import read_whole, read_zip
from grader.submission.layout import find_layout
from grader.submission.upload import Upload, UploadLimits, megabytes, refusal, shown

_WANTED = ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in _WANTED)


def read_upload(path: Path, limits: UploadLimits = upload.LIMITS) -> tuple[Upload, str | None]:
    """Return what lies at `path`, and the name of the zip if a folder or a zip holds just that."""
    place = path.name or str(path)
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            return _read_folder(path, limits)
        data = read_regular(path, limits.archive_bytes + 1)
    except (OSError, ValueError) as error:
        what = f"cannot be read ({_reason(error)})"
        raise refusal(place, what, "give a zip or a folder that exists") from error
    return read_whole(data, place, limits)


def read_regular(path: Path, size: int) -> bytes:
    """Return at most `size` bytes of a regular file. Raises OSError for anything else, at once."""
    _must_be_regular(os.lstat(path).st_mode)
    with open(os.open(path, _FLAGS), "rb") as stream:
        seen = os.fstat(stream.fileno())
        _must_be_regular(seen.st_mode)
        return stream.read(min(size, seen.st_size + 1))


def _must_be_regular(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise OSError("is a link; links are not followed")
    if not stat.S_ISREG(mode):
        raise OSError("is no regular file")


def _reason(error: Exception) -> str:
    return shown(getattr(error, "strerror", None) or str(error)).lower()


@dataclass
class _Walk:
    """What was met on the way through a folder, by path below it."""

    root: Path
    limits: UploadLimits
    place: str
    needed: list[str] = field(default_factory=list)
    zips: list[str] = field(default_factory=list)
    unneeded: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    met: int = 0

    def visit(self, folder: str = "") -> None:
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    self._meet(entry, f"{folder}{entry.name}")
        except OSError as error:
            if not folder:
                raise
            self.unusable[folder] = f"cannot be read ({_reason(error)})"

    def _meet(self, entry: os.DirEntry[str], path: str) -> None:
        self.met += 1
        if self.met > self.limits.entries:
            what = f"holds more than {self.limits.entries:,} files"
            raise refusal(self.place, what, "leave out what is no homework and hand it in again")
        if entry.is_symlink():
            self.unusable[path] = "is a link; links are not followed"
        elif entry.is_dir(follow_symlinks=False):
            if upload.skipped_folder(path + "/"):
                self.unneeded.append(path + "/")
            elif path.count("/") + 1 >= self.limits.depth:
                self.unusable[path + "/"] = f"lies more than {self.limits.depth} folders deep"
            else:
                self.visit(path + "/")
        elif upload.needed(path):
            self.needed.append(path)
        elif path.lower().endswith(".zip") and not entry.name.startswith("."):
            self.zips.append(path)
        else:
            self.unneeded.append(path)


def _read_folder(path: Path, limits: UploadLimits) -> tuple[Upload, str | None]:
    place = path.name or path.resolve().name or "folder"
    walk = _Walk(path, limits, place)
    walk.visit()
    if walk.zips and find_layout(walk.needed) is None:
        return _read_only_zip(walk)
    for name in walk.needed:
        if fault := upload.fault_in_name(name, limits):
            raise refusal(place, f"'{shown(name)}' {fault[0]}", fault[1])
    if twins := upload.colliding(sorted(walk.needed)):
        raise upload.same_name(place, *twins)
    files = _read_needed(walk)
    rows = (p.encode() + b"\0" + hashlib.sha256(files[p]).digest() for p in sorted(files))
    digest = hashlib.sha256(b"".join(rows)).hexdigest()
    unneeded = tuple(sorted(walk.unneeded + walk.zips))
    return Upload(place, digest, files, unneeded, walk.unusable), None


def _read_only_zip(walk: _Walk) -> tuple[Upload, str]:
    if len(walk.zips) > 1:
        what = f"holds {len(walk.zips)} zips and no layers.py"
        raise refusal(walk.place, what, "give one of the zips, or grade the folder as a class")
    name = walk.zips[0]
    place = f"{walk.place}/{name}"
    try:
        data = read_regular(walk.root / name, walk.limits.archive_bytes + 1)
    except OSError as error:
        raise refusal(place, f"cannot be read ({_reason(error)})", upload.AGAIN) from error
    return read_zip(data, place, walk.limits), name


def _read_needed(walk: _Walk) -> dict[str, bytes]:
    """Return the needed files that can be read; note the others as unusable."""
    files: dict[str, bytes] = {}
    room = walk.limits.total_bytes
    for path in sorted(walk.needed):
        try:
            data = read_regular(walk.root / path, walk.limits.of(path) + 1)
        except OSError as error:
            walk.unusable[path] = f"cannot be read ({_reason(error)})"
            continue
        if len(data) > walk.limits.of(path):
            walk.unusable[path] = walk.limits.too_large(path)
            continue
        files[path] = data
        room -= len(data)
        if room < 0:
            what = f"holds more than {megabytes(walk.limits.total_bytes)} of Python and notebooks"
            raise refusal(walk.place, what, upload.SMALLER)
    return files
