"""Where the lines of the self-check go: a terminal has colours and drawn arrays, a log neither."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TextIO

from grader.release.selfcheck import drawn
from grader.report.tables import ArrayTable

STYLES = {"good": "32", "bad": "31", "dim": "2", "bold": "1"}
NAME_WIDTH = 28


class Screen:
    """Where lines go: coloured and wrapped for a terminal, plain elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.is_terminal = out.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self.is_terminal and not os.environ.get("NO_COLOR")
        if self._colour and sys.platform == "win32":
            os.system("")  # wakes up colours in the console of Windows
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="replace")  # a console may know fewer letters than we use
        self._draws = self.is_terminal and "utf" in (out.encoding or "utf-8").lower()
        self._width = min(shutil.get_terminal_size((80, 24)).columns, 100) - 1
        self._status = 0

    def line(self, text: str = "", style: str = "", indent: int = 0, mark: str = "") -> None:
        """Write one line, wrapped where it is a terminal; `mark` begins the first piece."""
        self.status("")
        room = self._width - indent - len(mark)
        lines = [text] if not self.is_terminal else textwrap.wrap(text, room)
        for number, each in enumerate(lines or [""]):
            space = " " * indent + (mark if number == 0 else " " * len(mark))
            self._out.write(f"{space}{self.styled(each, style)}".rstrip() + "\n")
        self._out.flush()

    def arrays(self, tables: Sequence[tuple[str, ArrayTable]], indent: int) -> None:
        """Write arrays with their titles: side by side where rich is there to draw them."""
        room = self._width - indent
        if picture := drawn.arrays(tables, room, self._colour) if self._draws else "":
            self._block(picture, indent)
            return
        for title, table in tables:
            for text in table_lines(title, table):
                self.line(text, "", indent)

    def code(self, text: str, indent: int) -> None:
        """Write Python to be copied: no line is broken."""
        picture = drawn.code(text, self._width - indent, self._colour) if self._draws else ""
        self._block(picture or text, indent)

    def _block(self, text: str, indent: int) -> None:
        self.status("")
        self._out.write("".join(f"{' ' * indent}{line}\n" for line in text.splitlines()))

    def styled(self, text: str, style: str) -> str:
        """Return the text in a style, where there are styles."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and self._colour else text

    def row(self, mark: str, style: str, name: str, words: str, place: str) -> None:
        """Write the line of one item."""
        self.status("")
        tail = self.styled(f"  {place}", "dim") if place else ""
        row = f"  {self.styled(f'{mark:<4}', style)} {name:<{NAME_WIDTH}} {words}"
        self._out.write(f"{row}{tail}\n")
        self._out.flush()

    def status(self, text: str) -> None:
        """Show on the last line what is going on; a log does not get to see it."""
        if not self.is_terminal or not (text or self._status):
            return
        self._out.write("\r" + " " * self._status + "\r" + text[: self._width])
        self._out.flush()
        self._status = min(len(text), self._width)


def table_lines(title: str, table: ArrayTable) -> Iterator[str]:
    """Yield a small table as lines; a wrong number has a star."""
    yield f"{title} {table.name}, {table.shape}{'  ' + table.note if table.note else ''}"
    cells = [[cell.text + ("*" if cell.wrong else " ") for cell in row] for _, row in table.rows]
    width = max((len(text) for row in cells for text in row), default=0)
    for row in cells:
        yield "  " + " ".join(f"{text:>{width}}" for text in row).rstrip()
