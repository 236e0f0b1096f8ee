"""Small texts and tables inside an export, read as far as that goes: none of them stops a run."""

from __future__ import annotations

import csv
import io
import re


def decoded(data: bytes) -> str:
    """Return the text of a csv as spreadsheets write it: UTF-8, UTF-16 with a mark, or cp1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def table(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a csv with commas, semicolons or tabs."""
    lines = re.sub(r"\r\n?", "\n", text.replace("\0", "")).lstrip("\n ")
    head = lines.partition("\n")[0]
    delimiter = max(",;\t", key=lambda sign: (head.count(sign), sign == ","))
    reader = csv.reader(io.StringIO(lines), delimiter=delimiter)
    rows = [row for row in ([_cell(cell) for cell in cells] for cells in reader) if any(row)]
    return (rows[0], rows[1:]) if rows else ([], [])


def _cell(cell: str) -> str:
    """Return what a cell says, without the sign that keeps a spreadsheet from counting it."""
    cell = cell.strip()
    guarded = re.fullmatch(r'="(.*)"', cell, re.DOTALL)
    return guarded[1].replace('""', '"') if guarded else cell
