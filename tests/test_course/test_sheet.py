"""A delimited file of somebody else's: what is not replaced keeps every byte."""

from __future__ import annotations

import csv
import io
import random

import pytest

from grader.course.sheet import Sheet
from grader.errors import UsageError

NAMES = (
    "O'Brien, Zoë", "_12_", "=1+1", "李 雷", "van der Berg-Smith", "N" * 300, 'Ada "A" Lovelace',
    "", " ", "line\nbreak", "a;b", "a\tb", "a|b", '="01"', "-5", "13,5", "00123", "\u2028x",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1")


def made(seed: int, rows: int = 12) -> tuple[bytes, list[list[str]], str]:
    """Return the bytes of a csv as some program writes it, what it says, and its delimiter."""
    draw = random.Random(seed)
    delimiter = draw.choice(",;\t")
    encoding = draw.choice(ENCODINGS)
    ends = draw.choice(["\n", "\r\n", "\r"])
    names = [name.encode(encoding, "ignore").decode(encoding) for name in NAMES]
    width = draw.randrange(2, 9)
    table = [[f"h{column}" for column in range(width)]]
    table += [[draw.choice(names) for _ in range(width)] for _ in range(rows)]
    text = ""
    for record in table:
        tokens = [_token(cell, delimiter, draw) for cell in record]
        text += delimiter.join(tokens) + ends
    if draw.random() < 0.3:
        text = text.removesuffix(ends)
    return text.encode(encoding), table, delimiter


def _token(cell: str, delimiter: str, draw: random.Random) -> str:
    needed = any(sign in cell for sign in f'"\r\n{delimiter}')
    return '"' + cell.replace('"', '""') + '"' if needed or draw.random() < 0.4 else cell


@pytest.mark.parametrize("seed", range(60))
def test_a_file_says_what_a_csv_reader_finds_and_comes_back_byte_for_byte(seed: int) -> None:
    data, table, delimiter = made(seed)
    sheet = Sheet(data, "a.csv")
    assert sheet.delimiter == delimiter
    assert sheet.with_cells({}) == data
    said = [[cell.value for cell in record] for record in sheet.records]
    assert said == table


@pytest.mark.parametrize("seed", range(60))
def test_one_cell_changes_and_all_before_and_behind_it_stays(seed: int) -> None:
    data, table, delimiter = made(seed)
    draw, sheet = random.Random(seed), Sheet(data, "a.csv")
    row, column = draw.randrange(1, len(table)), draw.randrange(len(table[0]))
    value = draw.choice(["12.50", "12,5", 'a "b"', "x\ny"])
    new = Sheet(sheet.with_cells({(row, column): value}), "a.csv")
    table[row][column] = value
    assert [[cell.value for cell in record] for record in new.records] == table
    before = sheet.with_cells({(row, column): "@@@"}).partition("@@@".encode(sheet.encoding))
    after = sheet.with_cells({(row, column): "###"}).partition("###".encode(sheet.encoding))
    assert (before[0], before[2]) == (after[0], after[2])
    assert data.startswith(before[0].rstrip(b'"\0')) and data.endswith(before[2].lstrip(b'"\0'))


CASES = {  # text, (row, column), value -> text
    "quotes stay": ('a,b\n"x","1"\n', (1, 1), "2", 'a,b\n"x","2"\n'),
    "no quotes where there were none": ("a,b\n x ,1\n", (1, 1), "2", "a,b\n x ,2\n"),
    "a row in quotes gets a cell in quotes": ('a,b\n"x","1"\n', (1, 2), "2", 'a,b\n"x","1","2"\n'),
    "a row that ends early is filled up": ("a,b,c,d\nx\ny,,,\n", (1, 3), "2",
                                           "a,b,c,d\nx,,,2\ny,,,\n"),
    "a decimal comma is put in quotes": ("a,b\nx,1\n", (1, 1), "2,5", 'a,b\nx,"2,5"\n'),
    "the same value changes nothing": ('a,b\nx,"1"\n', (1, 1), "1", 'a,b\nx,"1"\n'),
    "a line like sep=; stays": ("sep=;\na;b\nx;1\n", (2, 1), "2", "sep=;\na;b\nx;2\n"),
    "mixed line ends stay": ("a,b\r\nx,1\ny,2\r\n", (1, 1), "3", "a,b\r\nx,3\ny,2\r\n"),
    "text behind a quoted part stays elsewhere": ('a,b\n"x"y,1\n', (1, 1), "2", 'a,b\n"x"y,2\n'),
    "blank lines stay": ("\n\na,b\n\nx,1\n\n", (4, 1), "2", "\n\na,b\n\nx,2\n\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_a_replaced_cell_is_written_as_its_file_writes(what: str) -> None:
    text, place, value, expected = CASES[what]
    assert Sheet(text.encode(), "a.csv").with_cells({place: value}).decode() == expected


def test_ten_thousand_rows_are_read_as_a_csv_reader_reads_them() -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([[name, str(number), ""] for number in range(600) for name in NAMES])
    sheet = Sheet(stream.getvalue().encode(), "a.csv")
    assert len(sheet.records) == 600 * len(NAMES)
    edited = sheet.with_cells({(row, 2): "1" for row in range(len(sheet.records))})
    assert all(row[2] == "1" for row in csv.reader(io.StringIO(edited.decode(), newline="")))


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"PK\x03\x04rest", "workbook"), (b"\xd0\xcf\x11\xe0rest", "Excel"), (b"<html>", "web page"),
     (b'a,b\nx,1\n"y,2\n', "line 3: a quotation mark")],
)  # fmt: skip
def test_what_is_no_delimited_text_is_told(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Sheet(data, "a.csv")
