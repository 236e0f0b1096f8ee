"""One zip of whatever was handed in: what is kept of an attempt, and what is graded.

A zip stays as it was received. All else becomes a zip of ours with the same bytes on every machine:
nothing is compressed, names are sorted, dates are fixed. Kinds of archives are told by their first
bytes, for an LMS may change names ("a2.tar-1.gz"). Nothing is inflated beyond the bounds that every
upload has.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import basename

from grader.course import tarballs
from grader.course.records import Attempt
from grader.errors import UnusableSubmission
from grader.submission import upload
from grader.submission.archive import member_names, read_members, with_slashes
from grader.submission.layout import homework_name
from grader.submission.upload import LIMITS, UploadLimits, megabytes, refusal, shown

DEEPEST = 3  # archives in archives
ENDINGS = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".rar", ".7z")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_FOREIGN = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"\x28\xb5\x2f\xfd": "a "
            "Zstandard archive"}  # fmt: skip


@dataclass(frozen=True)
class Packed:
    """A zip and its hash; `name` is what was handed in, `notes` say what was done to get here."""

    name: str
    data: bytes
    sha256: str
    notes: tuple[str, ...] = ()


def pack(attempt: Attempt, limits: UploadLimits = LIMITS) -> Packed:
    """Return an attempt as one zip. Raises UnusableSubmission if there is nothing to be packed."""
    if attempt.problem:
        raise refusal(attempt.place, attempt.problem.partition(";")[0], upload.AGAIN)
    received = {file.name: file for file in attempt.files if _is_wanted(file.name)}
    total = sum(file.size for file in received.values())
    if total > limits.total_bytes:
        smaller = {path: file for path, file in received.items() if _is_homework(path)}
        received = smaller or received
        total = sum(file.size for file in received.values())
    if total > limits.archive_bytes:
        what = f"more than {megabytes(limits.archive_bytes)} large"
        raise refusal(attempt.place, what, upload.SMALLER)
    files = {name: file.read() for name, file in sorted(received.items())}
    has_layers = any(homework_name(name) == "layers.py" for name in files)
    archives = [name for name, data in files.items() if not has_layers and _archive(data, name)]
    if len(archives) == 1 and not any(upload.needed(name) for name in files):
        return _one_archive(archives[0], files[archives[0]], limits)
    notes: list[str] = []
    opened = _opened(files, attempt.place, limits, notes) if archives else files
    name = next(iter(files)) if len(files) == 1 else "upload.zip"
    return _packed(basename(name), _checked(opened, attempt.place, limits), notes)


def _is_wanted(path: str) -> bool:
    return upload.skipped_folder(path) is None


def _is_homework(path: str) -> bool:
    return upload.needed(path) or path.lower().endswith(ENDINGS)


def _archive(data: bytes, name: str) -> bool:
    """Return whether a file is an archive; a document of an office program is a zip, and none."""
    if data.startswith(_ZIP):
        return not name.lower().endswith((".docx", ".xlsx", ".pptx", ".odt", ".npz", ".jar"))
    return tarballs.is_packed(data) or data.startswith(tuple(_FOREIGN))


def _one_archive(name: str, data: bytes, limits: UploadLimits) -> Packed:
    """Return the zip as it was received, unless it has to be made readable first."""
    notes: list[str] = []
    if data.startswith(_ZIP):
        repaired = with_slashes(data)
        if repaired != data:
            notes.append(f"'{shown(name)}' has names with backslashes, read as folders")
        if not _wraps_archives(repaired, name, limits):
            digest = hashlib.sha256(repaired).hexdigest()
            return Packed(basename(name), repaired, digest, tuple(notes))
        data = repaired
    files = _opened({name: data}, name, limits, notes)
    return _packed(basename(name), _checked(files, name, limits), notes)


def _wraps_archives(data: bytes, name: str, limits: UploadLimits) -> bool:
    """Return whether a zip that can be read has no layers.py, but an archive that may have one."""
    names = [path for path in member_names(data) if _is_wanted(path)]
    if any(homework_name(path) == "layers.py" for path in names):
        return False
    if not any(path.lower().endswith(ENDINGS) for path in names):
        return False
    try:
        files = read_members(data, name, limits)
    except UnusableSubmission:
        return False  # whoever grades it says why
    return any(_archive(inner, path) for path, inner in files.items())


def _opened(
    files: Mapping[str, bytes], place: str, limits: UploadLimits, notes: list[str], depth: int = 0
) -> dict[str, bytes]:
    """Return files with archives replaced by what they hold; several get a folder each."""
    archives = {name for name, data in files.items() if _archive(data, name)}
    result = {name: data for name, data in files.items() if name not in archives}
    room = limits.total_bytes - sum(map(len, result.values()))
    homes = 0
    for name in sorted(archives):
        inner = _unpacked(files[name], f"{place}/{name}" if depth else place, limits)
        notes.append(f"'{shown(name)}' was unpacked")
        if depth < DEEPEST and not any(homework_name(path) == "layers.py" for path in inner):
            inner = _opened(inner, place, limits, notes, depth + 1)
        homes += any(homework_name(path) == "layers.py" for path in inner)
        if depth and homes > 1:  # it is not for us to choose, and they may be several students'
            what = "holds several archives with a layers.py each"
            raise refusal(place, what, "ask for one of them, or grade it as a class")
        folder = f"{_stem(name)}/" if len(archives) > 1 else ""
        room -= sum(map(len, inner.values()))
        if room < 0:
            what = f"holds more than {megabytes(limits.total_bytes)}"
            raise refusal(place, what, upload.SMALLER)
        for path, data in inner.items():
            result.setdefault(f"{folder}{path}", data)
    return result


def _stem(name: str) -> str:
    """Return a name for the folder of an archive."""
    return re.sub(r"(?i)(\.tar)?(-\d+)?\.(zip|tgz|tar|gz|bz2|xz)$", "", name) or "archive"


def _unpacked(data: bytes, name: str, limits: UploadLimits) -> dict[str, bytes]:
    if data.startswith(_ZIP):
        return dict(read_members(with_slashes(data), name, limits))
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise refusal(name, f"not a zip but {kind}")
    return tarballs.unpacked(data, name, limits)


def _checked(files: Mapping[str, bytes], place: str, limits: UploadLimits) -> dict[str, bytes]:
    """Return the files that may be in a zip; raises if one that is needed may not."""
    kept = {}
    for path, data in files.items():
        fault = upload.fault_in_name(path, limits)
        if fault and upload.needed(path):
            raise refusal(place, f"'{shown(path)}' {fault[0]}", fault[1])
        if not fault and upload.skipped_folder(path) is None:
            kept[upload.tidy(path)] = data
    if twins := upload.colliding(sorted(kept)):
        raise upload.same_name(place, *twins)
    if len(kept) > limits.entries:
        raise refusal(place, f"holds more than {limits.entries:,} files", upload.SMALLER)
    if not any(upload.needed(path) for path in kept):
        names = ", ".join(f"'{shown(path)}'" for path in sorted(kept)[:3])
        what = f"no Python file and no notebook in it ({names})" if kept else "it is empty"
        raise refusal(place, what, "ask for a zip of the homework")
    return kept


def _packed(name: str, files: Mapping[str, bytes], notes: Iterable[str]) -> Packed:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, data)
    packed = stream.getvalue()
    return Packed(name, packed, hashlib.sha256(packed).hexdigest(), tuple(notes))
