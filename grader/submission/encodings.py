"""How a Python file is saved: what Python itself reads, and what is read here all the same."""

from __future__ import annotations

import codecs
import io
import tokenize

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """Return a file as it is read, and how it is saved if Python itself does not read that.

    UTF-16 and UTF-32, as Windows' Notepad and PowerShell write it, become UTF-8.
    """
    if codec := _wide(data):
        try:
            return data.decode(codec).lstrip("\ufeff").encode(), f"saved as {codec[:6].upper()}"
        except UnicodeError:
            return data, ""  # then it is no text at all, and its error says so
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        data.decode(encoding)
    except (SyntaxError, LookupError, UnicodeError, ValueError):
        return data, "not saved as UTF-8"
    return data, ""


def text(data: bytes) -> str:
    """Return a file's text; a byte that is not UTF-8 is read as Latin-1."""
    read = as_utf8(data)[0]
    try:
        return read.decode("utf-8-sig")
    except UnicodeError:
        return read.decode("latin-1")


def _wide(data: bytes) -> str:
    """Return the codec of a file whose characters have two or four bytes, "" for others."""
    if known := next((codec for bom, codec in _BOMS if data.startswith(bom)), ""):
        return known
    even, odd, half = data[::2].count(0), data[1::2].count(0), len(data) // 4
    if len(data) % 2 or not (even or odd):
        return ""
    return "utf-16-le" if odd > half > even else "utf-16-be" if even > half > odd else ""
