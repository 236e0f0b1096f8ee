"""From a zip that anybody may have made to its Python files and notebooks, in memory.

Nothing is ever written to disk and nothing is taken on trust: every name is judged before one byte
is inflated, what is inflated is bounded by what was declared, and that by `UploadLimits`. A zip
that breaks a rule is refused as a whole with one line for people; a member that is only unneeded,
or too large to be homework, is left out and listed.
"""

from __future__ import annotations

import copy
import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from grader.errors import UnusableSubmission
from grader.submission import upload
from grader.submission.layout import find_layout
from grader.submission.upload import SMALLER, Upload, UploadLimits, megabytes, refusal, shown
from grader.submission.zip_names import (
    UTF8,
    fields,
    is_of_a_code_page,
    meant_name,
    other_names,
    raw_name,
)

_NOT_ZIP = {
    b"\x1f\x8b": "a gzip archive (.tgz)", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive",
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"\x28\xb5\x2f\xfd": "a Zstandard "
    "archive", b"%PDF": "a PDF", b"<": "a web page", b"{": "a notebook or JSON file",
}  # fmt: skip
_FOREIGN = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, LookupError,
    struct.error, OverflowError,
)  # fmt: skip
_DESCRIBED = 0x8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_ZIP64 = 1  # a kind of extra field
_LOCAL, _CENTRAL, _EMPTY = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64 = b"PK\x06\x06"


def read_zip(data: bytes, place: str, limits: UploadLimits = upload.LIMITS) -> Upload:
    """Return the needed files of the zip `data`. Raises UnusableSubmission if it breaks a rule."""
    with _checked(data, place, limits) as (archive, members):
        wanted = {path: info for path, info in members.items() if upload.needed(path)}
        large = {p: limits.too_large(p) for p in wanted if wanted[p].file_size > limits.of(p)}
        taken = sorted(wanted.keys() - large)
        files = {path: _inflate(data, archive, wanted[path], place) for path in taken}
    unneeded = tuple(sorted(members.keys() - wanted.keys()))
    return Upload(place, hashlib.sha256(data).hexdigest(), files, unneeded, large)


def read_whole(
    data: bytes, place: str, limits: UploadLimits = upload.LIMITS
) -> tuple[Upload, str | None]:
    """Return what `read_zip` does, or that of the one zip in it; with the name of that one.

    Zipping twice is a common slip. A zip is opened only where no layers.py is beside it, and none
    inside of it.
    """
    found = read_zip(data, place, limits)
    zips = [path for path in found.unneeded if path.lower().endswith(".zip")]
    inner = [path for path in zips if upload.skipped_folder(path) is None]
    if len(inner) != 1 or found.unusable or find_layout(found.files) is not None:
        return found, None
    with _checked(data, place, limits) as (archive, members):
        packed = _inflate(data, archive, members[inner[0]], place)
    below = read_zip(packed, shown(f"{place}/{inner[0]}", 200), limits)
    return replace(below, place=place, sha256=found.sha256), inner[0]


def read_members(data: bytes, place: str, limits: UploadLimits = upload.LIMITS) -> dict[str, bytes]:
    """Return all files of the zip but datasets and the like. Raises UnusableSubmission."""
    with _checked(data, place, limits) as (archive, members):
        kept = sorted(path for path in members if not upload.is_bulk(path))
        return {path: _inflate(data, archive, members[path], place) for path in kept}


def member_names(data: bytes) -> list[str]:
    """Return the names in a zip; none if it cannot be read. Nothing is inflated."""
    with suppress(UnusableSubmission), damaged_is_one_line(""):
        _check_format(data, "", upload.LIMITS)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [meant_name(info) for info in archive.infolist()]
    return []


def with_slashes(data: bytes) -> bytes:
    """Return a zip whose names hold backslashes, as old tools of Windows wrote, with "/" instead.

    Only if no file's name has a "/" is it sure what was meant; else the zip is returned as it is.
    """
    names = member_names(data)
    if not any("\\" in name for name in names) or any("/" in name.rstrip("/") for name in names):
        return data
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.start_dir
        for info in archive.infolist():
            for header, size_at, name_at in ((info.header_offset, 26, 30), (entry, 28, 46)):
                if data[header : header + 4] not in (_LOCAL, _CENTRAL):
                    return data
                (length,) = struct.unpack("<H", data[header + size_at : header + size_at + 2])
                name = slice(header + name_at, header + name_at + length)
                changed[name] = data[name].replace(b"\\", b"/")
            sizes = struct.unpack("<HHH", data[entry + 28 : entry + 34])
            entry += 46 + sum(sizes)
    return bytes(changed)


@contextmanager
def _checked(
    data: bytes, place: str, limits: UploadLimits
) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Open a zip and yield it with its files by path, once all that it says is in order."""
    _check_format(data, place, limits)
    with damaged_is_one_line(place), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = _members(archive, place, limits)
        _check_sizes(members, place, limits)
        _check_overlap(data, archive, place)
        _check_count(data, len(archive.infolist()), place)
        for info in archive.infolist():
            _check_told_alike(data, info, place)
        yield archive, members


@contextmanager
def damaged_is_one_line(place: str) -> Iterator[None]:
    """Raise whatever zipfile says about foreign bytes as one line."""
    try:
        yield
    except _FOREIGN as error:
        why = "its end is missing" if "not a zip file" in str(error) else shown(str(error))
        raise refusal(place, f"this zip is truncated or damaged ({why})") from error


def _check_format(data: bytes, place: str, limits: UploadLimits) -> None:
    if len(data) > limits.archive_bytes:
        raise refusal(place, f"more than {megabytes(limits.archive_bytes)} large", SMALLER)
    if not data:
        raise refusal(place, "the file is empty")
    if not data.startswith((_LOCAL, _EMPTY)):
        kind = next((kind for magic, kind in _NOT_ZIP.items() if data.startswith(magic)), None)
        kind = "a tar archive" if data[257:262] == b"ustar" else kind
        raise refusal(place, f"not a zip but {kind}" if kind else "not a zip")
    if data.count(_CENTRAL) > 10 * limits.entries:  # before zipfile makes an object of each
        raise refusal(place, f"has more than {limits.entries:,} entries", SMALLER)
    if _directory_bytes(data) > limits.directory_bytes:  # and reads all that is told of each
        what = f"tells of its entries in more than {megabytes(limits.directory_bytes)}"
        raise refusal(place, what)


def _directory_bytes(data: bytes) -> int:
    """Return how large the directory of a zip is, by its end; 0 if there is none."""
    end = _end_of(data)
    if end < 0 or end + 22 > len(data):
        return 0
    (size,) = struct.unpack_from("<L", data, end + 12)
    wide = data.rfind(_END64, 0, end)
    if size == 0xFFFFFFFF and 0 <= wide <= len(data) - 48:
        (size,) = struct.unpack_from("<Q", data, wide + 40)
    return int(size)


def _end_of(data: bytes) -> int:
    """Return where the end of a zip starts, as zipfile finds it; -1 if there is none."""
    if data[-22:-18] == _EMPTY and data[-2:] == b"\0\0":
        return len(data) - 22
    return data.rfind(_EMPTY)


def _members(
    archive: zipfile.ZipFile, place: str, limits: UploadLimits
) -> dict[str, zipfile.ZipInfo]:
    """Return the files of the archive by tidy path, once all names and kinds are in order."""
    if (count := len(archive.infolist())) > limits.entries:
        raise refusal(place, f"has {count:,} entries, {limits.entries:,} are allowed", SMALLER)
    files: list[tuple[str, zipfile.ZipInfo]] = []
    folders: list[str] = []
    for info in archive.infolist():
        name = meant_name(info)
        if fault := upload.fault_in_name(name, limits) or kind_of_fault(info, name):
            raise refusal(place, f"entry '{shown(name)}' {fault[0]}", fault[1])
        if name.endswith("/"):
            folders.append(upload.tidy(name))
        else:
            files.append((upload.tidy(name), info))
    # Of a name whose encoding is not told, nobody knows what is a capital letter.
    known = (path for path, info in files if upload.needed(path) or not is_of_a_code_page(info))
    if twins := upload.colliding(known, folders):
        raise upload.same_name(place, *twins)
    return dict(files)


def kind_of_fault(info: zipfile.ZipInfo, name: str) -> tuple[str, str] | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK and not upload.skipped_folder(f"{name}/"):  # as of an environment
        return "is a link", "put the file itself into the zip and hand it in again"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return "is a special file and no regular one", upload.AGAIN
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted", "make the zip without a password and hand it in again"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an unusual way", "make an ordinary zip (Deflate) and hand it in again"
    return None


def _check_sizes(members: Mapping[str, zipfile.ZipInfo], place: str, limits: UploadLimits) -> None:
    """Refuse bombs by what they declare; what lies under datasets and the like is never inflated.

    Deflate can reach 1:1032, honest homework is around 1:4.
    """
    total = 0
    for path, info in members.items():
        size = info.file_size
        if size >= limits.bomb_bytes and size > limits.bomb_ratio * info.compress_size:
            what = f"entry '{shown(path)}' would grow to {megabytes(size)}: a zip bomb"
            raise refusal(place, what, "leave it out and hand it in again")
        total += 0 if upload.is_bulk(path) else size
    if total > limits.total_bytes:
        what = f"holds {megabytes(total)}, {megabytes(limits.total_bytes)} are allowed"
        raise refusal(place, what, SMALLER)


def _check_overlap(data: bytes, archive: zipfile.ZipFile, place: str) -> None:
    """Refuse entries that share bytes: 50 entries with one body are a bomb in disguise."""
    end, entries = 0, sorted(archive.infolist(), key=lambda info: info.header_offset)
    for info in entries:
        start = info.header_offset
        if start < 0 or data[start : start + 4] != _LOCAL:
            raise zipfile.BadZipFile("an entry is not where the directory says")
        if start < end:
            raise refusal(place, f"entry '{shown(meant_name(info))}' overlaps another")
        if _LOCAL in data[end:start]:
            what = f"before entry '{shown(meant_name(info))}' lie others that its directory hides"
            raise refusal(place, what)
        if start and info is entries[0]:
            raise refusal(place, "there are bytes before its first entry")
        name_and_extra = sum(struct.unpack("<HH", data[start + 26 : start + 30]))
        end = start + 30 + name_and_extra + info.compress_size
    if end > archive.start_dir:
        raise zipfile.BadZipFile("the last entry runs into the directory")
    if _LOCAL in data[end : archive.start_dir] or _LOCAL in data[_end_of(data) :]:
        raise refusal(place, "after its last entry lie others that its directory hides")


def _check_count(data: bytes, count: int, place: str) -> None:
    """Refuse an archive whose end counts other entries than its directory has, or is one of many.

    Some programs go by the count, others by the directory's size. All ones stand for ZIP64.
    """
    end = _end_of(data)
    disk, first, here, all_of = struct.unpack("<4H", data[end + 4 : end + 12])
    if {here, all_of} - {count, 0xFFFF} or {disk, first} - {0, 0xFFFF}:
        raise refusal(place, "its end tells another number of entries than there are")


def _check_told_alike(data: bytes, info: zipfile.ZipInfo, place: str) -> None:
    """Refuse an entry whose headers, or two names, would be unpacked in different ways."""
    start = info.header_offset
    flags, method = struct.unpack("<HH", data[start + 6 : start + 10])
    *sizes, length, more = struct.unpack("<LLHH", data[start + 18 : start + 30])
    name = data[start + 30 : start + 30 + length]
    extra = data[start + 30 + length : start + 30 + length + more]
    differs = name != raw_name(info)
    differs |= is_of_a_code_page(info) and bool(flags & UTF8)
    differs |= method != info.compress_type or bool((flags ^ info.flag_bits) & _ENCRYPTED)
    told = [info.compress_size, info.file_size]
    open_to = {0xFFFFFFFF, 0} if flags & _DESCRIBED else {0xFFFFFFFF}  # else told elsewhere
    differs |= any(one not in {is_so, *open_to} for one, is_so in zip(sizes, told))
    if flags & _DESCRIBED:
        differs |= not _described(data[start + 30 + length + more + told[0] :][:24], told)
    elif 0xFFFFFFFF in sizes:
        wide = [told[n] for n in (1, 0) if sizes[n] == 0xFFFFFFFF]
        told_there = b"".join(fields(extra, _ZIP64))
        differs |= not told_there.startswith(struct.pack(f"<{len(wide)}Q", *wide))
    if differs:
        raise refusal(place, f"entry '{shown(meant_name(info))}' is told in two ways by this zip")
    if other_names(extra + info.extra) - {meant_name(info).encode("utf-8", "replace")}:
        raise refusal(place, f"entry '{shown(meant_name(info))}' has a second name")


def _described(after: bytes, sizes: list[int]) -> bool:
    """Return whether what lies behind the data of an entry does not belie its sizes."""
    if not after.startswith(b"PK\x07\x08"):
        return True  # it may come without a mark
    short, long = after[8:16], after[8:24]
    return struct.pack("<LL", *sizes) == short or struct.pack("<QQ", *sizes) == long


def _inflate(data: bytes, archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> bytes:
    """Return the bytes of one member, exactly as many as declared.

    zipfile stops at the declared size without a word, so it is asked for one byte more. It wants
    the name as the local header has it, whose flag for UTF-8 may be another.
    """
    probe = copy.copy(info)
    probe.file_size += 1
    (flags,) = struct.unpack("<H", data[info.header_offset + 6 : info.header_offset + 8])
    probe.orig_filename = raw_name(info).decode("utf-8" if flags & UTF8 else "cp437")
    with archive.open(probe) as stream:
        found = stream.read(probe.file_size)
    if len(found) != info.file_size:
        raise refusal(place, f"entry '{shown(meant_name(info))}' is not as large as it says")
    return found
