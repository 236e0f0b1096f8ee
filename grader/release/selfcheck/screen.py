"""Where the lines of the self-check go: a terminal, an editor or a log. Needs no NumPy."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TextIO

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

    def raw(self, text: str) -> None:
        """Write a line as it is, to be copied."""
        self.status("")
        self._out.write(f"{text}\n")

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


def seen_from_here(path: Path) -> str:
    """Return a path as it is typed in the folder where the command was given."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # on another drive
        near = str(path)
    near = near if len(near) <= len(str(path)) else str(path)
    return f'"{near}"' if " " in near else near


def command(root: Path) -> str:
    """Return how the self-check of the folder `root` is called from here."""
    return f"python {seen_from_here(root / 'selfcheck.py')}"
