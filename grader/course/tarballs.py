"""What tar, gzip, bzip2 and xz hold, in memory and within the bounds of an upload."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import tarfile
import zlib
from posixpath import basename
from typing import Protocol

from grader.submission import upload
from grader.submission.upload import UploadLimits, megabytes, refusal, shown

_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_FOREIGN = (
    tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, OSError, OverflowError,
)  # fmt: skip
_MOST_PARTS = 100  # of a compressed file: each copies what comes after it
_ROOM_FOR_XZ = 256_000_000  # bytes of its dictionary
_DAMAGED = "is truncated or damaged"


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def is_packed(data: bytes) -> bool:
    """Return whether the first bytes are those of a tar, or of something gzip, bzip2 or xz made."""
    return data.startswith((_GZIP, _BZIP2, _XZ)) or _is_tar(data)


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def unpacked(data: bytes, name: str, limits: UploadLimits) -> dict[str, bytes]:
    """Return the files in a tar, or the one file that was compressed. Raises UnusableSubmission."""
    try:
        plain = data if _is_tar(data) else _inflated(data, name, limits)
        if not _is_tar(plain):
            if is_packed(plain) or len(plain) >= 1024 and not any(plain[:1024]):
                raise refusal(name, _DAMAGED)
            return {_without_ending(name): plain}
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            return _members(archive, name, limits)
    except _FOREIGN as error:
        raise refusal(name, f"{_DAMAGED} ({shown(str(error))})") from error


def _without_ending(name: str) -> str:
    return re.sub(r"(?i)\.(gz|bz2|xz)$", "", basename(name)) or "file"


def _inflated(data: bytes, name: str, limits: UploadLimits) -> bytes:
    """Return what was compressed, at most as much as an upload may hold, with room for headers."""
    most = limits.total_bytes + 2048 * limits.entries
    out = bytearray()
    for _ in range(_MOST_PARTS):
        inflater = _inflater(data)
        if inflater is None:
            break  # zeros or rubbish behind the last part, as gzip allows
        out += inflater.decompress(data, most + 1 - len(out))
        if len(out) > most:
            what = f"holds more than {megabytes(limits.total_bytes)}"
            raise refusal(name, what, upload.SMALLER)
        if not inflater.eof:
            raise refusal(name, _DAMAGED)
        data = inflater.unused_data
    return bytes(out)


def _inflater(data: bytes) -> _Inflater | None:
    if data.startswith(_GZIP):
        return zlib.decompressobj(31)
    if data.startswith(_BZIP2):
        return bz2.BZ2Decompressor()
    if data.startswith(_XZ):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, _ROOM_FOR_XZ)
    return None


def _members(archive: tarfile.TarFile, name: str, limits: UploadLimits) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = limits.total_bytes
    for count, member in enumerate(archive, start=1):
        path = upload.tidy(member.name)
        if count > limits.entries:
            raise refusal(name, f"has more than {limits.entries:,} entries", upload.SMALLER)
        if member.isdir() or basename(path).startswith("._"):
            continue
        if fault := upload.fault_in_name(member.name, limits):
            raise refusal(name, f"entry '{shown(path)}' {fault[0]}", fault[1])
        if upload.skipped_folder(path):
            continue
        if not member.isreg():
            if upload.needed(path):
                what = f"entry '{shown(path)}' is a link or a special file"
                raise refusal(name, what, "put the file itself into it and hand it in again")
            continue
        room -= member.size
        if room < 0:
            what = f"holds more than {megabytes(limits.total_bytes)}"
            raise refusal(name, what, upload.SMALLER)
        stream = archive.extractfile(member)
        files[path] = stream.read(member.size) if stream else b""
        if len(files[path]) != member.size:
            raise refusal(name, _DAMAGED)
    return files
