"""What an entry of a zip is called: many programs write names in ways of their own."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress

UTF8 = 0x800  # the flag of a name in UTF-8
_WINDOWS = 0  # or DOS: which system made an entry
_UNICODE_PATH = 0x7075  # a kind of extra field, Info-ZIP's


def meant_name(info: zipfile.ZipInfo) -> str:
    """Return the name as it was meant, with slashes between its parts.

    Many tools write UTF-8 without the flag for it, or the bytes of their own code page, with or
    without the name in Unicode beside it. Some of Windows write backslashes for slashes.
    """
    if (told := _unicode_path(info)) is not None:
        name = told
    elif is_of_a_code_page(info):
        # A character may have two bytes, the second of them a backslash or a bar.
        return re.sub(r"(?<=[^\x00-\x7f])[\\|]", "_", info.orig_filename)
    else:
        name = raw_name(info).decode("utf-8")
    return name.replace("\\", "/") if info.create_system == _WINDOWS else name


def raw_name(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a name."""
    encoding = "utf-8" if info.flag_bits & UTF8 else "cp437"
    return info.orig_filename.encode(encoding, "surrogatepass")


def is_of_a_code_page(info: zipfile.ZipInfo) -> bool:
    """Return whether the bytes of a name are in an encoding that is not told."""
    try:
        raw_name(info).decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _unicode_path(info: zipfile.ZipInfo) -> str | None:
    """Return the name in Unicode that stands beside one for older programs, if it is the same."""
    raw = raw_name(info)
    for one in other_names(info.extra):
        with suppress(UnicodeDecodeError):
            name = one.decode("utf-8")
            if _says_the_same(raw.split(b"/"), name.split("/")):
                return name
    return None


def _says_the_same(parts: list[bytes], names: list[str]) -> bool:
    """Return whether a path for older programs differs only by what those cannot write.

    What is ASCII must be the same, the ending too; for other characters any stand in.
    """
    if len(parts) != len(names):
        return False
    for part, name in zip(parts, names):
        if name.isascii() and part != name.encode():
            return False
        ending = name.rpartition(".")[2].encode()
        if ending.isascii() and part.rpartition(b".")[2] != ending:
            return False
        left = iter(part)
        if not all(ord(char) in left for char in name if char.isascii()):
            return False
        if not name.isascii() and part.isascii() and not set(part) & set(b"?_#"):
            return False
    return True


def other_names(extra: bytes) -> set[bytes]:
    """Return the names in the extra fields of an entry."""
    return {one[5:] for one in fields(extra, _UNICODE_PATH)}


def fields(extra: bytes, wanted: int) -> Iterator[bytes]:
    """Yield the extra fields of one kind."""
    at = 0
    while at + 4 <= len(extra):
        kind, count = struct.unpack_from("<HH", extra, at)
        if kind == wanted:
            yield extra[at + 4 : at + 4 + count]
        at += 4 + count
