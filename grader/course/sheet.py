"""A delimited file of somebody else's: cells are replaced in its own text, and no other byte is.

Encoding, mark, delimiter, quotes, line ends and the order of all are whatever they were. An
ordinary csv reader and writer would put quotes elsewhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from grader.errors import UsageError

DELIMITERS = ",;\t|"
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NO_TEXT = {
    b"PK\x03\x04": "is a workbook or a zip",
    b"\xd0\xcf\x11\xe0": "is a workbook of Excel",
    b"%PDF": "is a PDF",
}
_SEP = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)


class Cell(NamedTuple):
    """One cell: where its token stands in the text, and what it says without its quotes."""

    start: int
    end: int
    value: str
    is_quoted: bool


class Sheet:
    """The records of a file, blank lines too; `place` is what messages call it."""

    def __init__(self, data: bytes, place: str) -> None:
        """Read the bytes. Raises UsageError if they are no delimited text."""
        self.place = place
        for start, what in NO_TEXT.items():
            if data.startswith(start):
                raise UsageError(f"{place}: {what}; export it as CSV, or save it as such")
        self._bom, self.encoding, self._text = _decoded(data)
        if self._text.lstrip()[:1] == "<":
            raise UsageError(f"{place}: is a web page under another name; export it as CSV")
        told = _SEP.match(self._text)
        self.delimiter = told[1] if told else self._likely_delimiter()
        self.records = self._records(self.delimiter)

    @property
    def is_guess(self) -> bool:
        """Whether the encoding is only the likeliest."""
        return self.encoding in ("cp1252", "latin-1")

    def value(self, row: int, column: int | None) -> str:
        """Return what a cell says, stripped, without the sign that keeps it from being counted."""
        record = self.records[row]
        if column is None or not 0 <= column < len(record):
            return ""
        text = record[column].value.strip()
        guarded = re.fullmatch(r'="(.*)"', text, re.DOTALL)
        return guarded[1].replace('""', '"') if guarded else text

    def row(self, number: int) -> list[str]:
        """Return what the cells of a record say."""
        return [self.value(number, column) for column in range(len(self.records[number]))]

    @cached_property
    def filled(self) -> list[int]:
        """The numbers of the records that say anything, but for a line like "sep=;"."""
        return [
            number
            for number, record in enumerate(self.records)
            if any(cell.value.strip() for cell in record)
            and not (number == 0 and _SEP.fullmatch(self._text[: record[-1].end]))
        ]

    def line(self, row: int) -> int:
        """Return the line in the file where a record starts, from 1."""
        return self._lines[row]

    @cached_property
    def _lines(self) -> list[int]:
        found, line, at = [], 1, 0
        for record in self.records:
            line += len(re.findall(r"\r\n|\r|\n", self._text[at : record[0].start]))
            at = record[0].start
            found.append(line)
        return found

    def with_cells(self, cells: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file with other values at (row, column); a cell that says so already stays."""
        edits: list[tuple[int, int, str]] = []
        missing: dict[int, dict[int, str]] = {}
        for (row, column), value in cells.items():
            record = self.records[row]
            if column >= len(record):
                missing.setdefault(row, {})[column] = value
            elif record[column].value != value:
                cell = record[column]
                edits.append((cell.start, cell.end, self._token(value, cell.is_quoted, record)))
        for row, found in missing.items():  # a record that ends before its last columns
            record = self.records[row]
            end, added = record[-1].end, ""
            for column in range(len(record), max(found) + 1):
                value = found.get(column, "")
                added += self.delimiter + (self._token(value, False, record) if value else "")
            edits.append((end, end, added))
        parts, at = [], 0
        for start, stop, token in sorted(edits):
            parts += [self._text[at:start], token]
            at = stop
        text = "".join([*parts, self._text[at:]])
        return self._bom + text.encode(self.encoding, _errors(self.encoding, "replace"))

    def _token(self, value: str, was_quoted: bool, record: list[Cell]) -> str:
        """Return a value as it is written here: in quotes where it needs them, or all have them."""
        all_quoted = len(record) > 1 and all(cell.is_quoted for cell in record)
        if was_quoted or all_quoted or re.search(f'[{re.escape(self.delimiter)}"\r\n]', value):
            return '"' + value.replace('"', '""') + '"'
        return value

    def _likely_delimiter(self) -> str:
        """Return the sign that makes the most cells of the first line that it makes several of.

        A sign that leaves a quotation mark inside a cell without quotes stands in a title.
        """
        start = self._text[:200_000]
        for place in _starts(start, 12):
            lines = {sign: _record(start, place, sign)[0] for sign in DELIMITERS}
            whole = {sign: not any(map(_is_torn, cells)) for sign, cells in lines.items()}
            if max(map(len, lines.values())) > 1:
                return max(DELIMITERS, key=lambda sign: (whole[sign], len(lines[sign])))
        return DELIMITERS[0]

    def _records(self, delimiter: str) -> list[list[Cell]]:
        records, at = [], 0
        while at < len(self._text):
            record, at = _record(self._text, at, delimiter)
            open_cell = next((c for c in record if c.value[:1] == '"' and not c.is_quoted), None)
            if open_cell is not None:
                line = len(re.findall(r"\r\n|\r|\n", self._text[: open_cell.start])) + 1
                raise UsageError(
                    f"{self.place}, line {line}: a quotation mark begins there and never ends; "
                    "export the file again"
                )
            records.append(record)
            at += 2 if self._text.startswith("\r\n", at) else 1
        return records


def _is_torn(cell: Cell) -> bool:
    """Return whether a cell without quotes holds some, but for what keeps it from being counted."""
    return not cell.is_quoted and '"' in cell.value.strip().removeprefix('="').removesuffix('"')


def _decoded(data: bytes) -> tuple[bytes, str, str]:
    """Return mark, encoding and text, from which exactly these bytes can be made again."""
    for bom, encoding in BOMS:
        if data.startswith(bom):
            tries = [(bom, encoding)]
            break
    else:
        tries = [(b"", "utf-8"), (b"", "cp1252")]
        if len(data) % 2 == 0 and data[1:400:2].count(0) > len(data[1:400:2]) * 0.7:
            tries = [(b"", "utf-16-le")]
        elif len(data) % 2 == 0 and data[0:400:2].count(0) > len(data[0:400:2]) * 0.7:
            tries = [(b"", "utf-16-be")]
    for bom, encoding in tries:
        body, errors = data[len(bom) :], _errors(encoding, "strict")
        try:
            text = body.decode(encoding, errors)
            if text.encode(encoding, errors) == body:
                return bom, encoding, text
        except UnicodeError:
            pass
    return b"", "latin-1", data.decode("latin-1")


def _errors(encoding: str, otherwise: str) -> str:
    return "surrogatepass" if encoding.startswith("utf-16") else otherwise


def _starts(text: str, most: int) -> list[int]:
    """Return where the first lines start."""
    found = [0]
    for end in re.finditer(r"\r\n|\r|\n", text):
        if len(found) == most or end.end() == len(text):
            break
        found.append(end.end())
    return found


def _record(text: str, at: int, delimiter: str) -> tuple[list[Cell], int]:
    """Return the cells of the record that starts at a place, and where its line ends."""
    pattern = _pattern(delimiter)
    record = []
    while True:
        found = pattern.match(text, at)
        assert found is not None  # it matches nothing, too
        inner, rest = found["inner"], found["rest"]
        value = found[0] if inner is None else inner.replace('""', '"') + rest
        record.append(Cell(found.start(), found.end(), value, inner is not None))
        at = found.end()
        if at >= len(text) or text[at] != delimiter:
            return record, at
        at += 1


def _pattern(delimiter: str) -> re.Pattern[str]:
    ends = f"[^{re.escape(delimiter)}\r\n]*"
    return re.compile(f'"(?P<inner>[^"]*(?:""[^"]*)*)"(?P<rest>{ends})|{ends}')
