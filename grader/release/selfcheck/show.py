"""What the self-check says, in lines for a terminal, an editor or a log.

One line for each item; under it, where it is not right, what is wrong and where to look. Colour and
marks only where a terminal can show them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from grader.release.selfcheck.check import Checked
from grader.report.cards import label, lede
from grader.report.faults import ShownFault, chosen, in_one_line, show_fault
from grader.report.tables import ArrayTable
from grader.report.text import one_line, shown
from grader.rubric.records import Item

STYLES = {"good": "32", "bad": "31", "dim": "2", "bold": "1"}
NAME_WIDTH = 28
SIDE = 4  # rows and columns of a table
TEXT = 12  # lines of what a student printed


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


MARKS: Mapping[str, tuple[str, str]] = {
    "passed": ("ok", "good"),
    "not_written": ("-", "dim"),
    "missing": ("-", "bad"),
    "waits": ("..", "dim"),
    "wrong": ("no", "bad"),
}


def item(screen: Screen, checked: Checked, place: str, in_full: bool) -> None:
    """Write what became of one item; `in_full` with its numbers."""
    kind: str = "passed" if checked.passed else checked.status
    if kind not in MARKS:
        kind = "waits" if checked.waits_for else "wrong"
    words = f"{checked.right} of {len(checked.item.cases)} right"
    words = {"not_written": "not written yet", "missing": "missing"}.get(kind, words)
    screen.row(*MARKS[kind], checked.item.id, words, place if kind in ("wrong", "waits") else "")
    if kind == "waits" and not in_full:
        screen.line(f"it needs {checked.waits_for}, which is wrong too: start there", "dim", 7)
    elif kind in ("wrong", "waits", "missing"):
        _wrong(screen, checked, in_full)
    if in_full or kind == "passed":
        for warning in checked.verdict.warnings[: SIDE if in_full else 1]:
            screen.line(f"It costs nothing, but: {one_line(warning.message)}", "dim", 7)
    if in_full:
        _printed(screen, checked)


def _wrong(screen: Screen, checked: Checked, in_full: bool) -> None:
    picked = chosen(checked.verdict.faults)
    for fault in picked[: None if in_full else 1]:
        detail = show_fault(fault, SIDE if in_full else 0)
        screen.line(one_line(detail.message), "", 7)
        if in_full:
            _details(screen, detail)
    if text := lede(checked.parts):
        screen.line(text, "", 7)
    if checked.cause:
        screen.line(f"{label(checked.cause)} {one_line(checked.cause.message)}", "", 7)
    if in_full:
        rest = [f for f in checked.verdict.faults if all(f is not one for one in picked)]
        for fault in rest[:SIDE]:
            screen.line(in_one_line(fault), "dim", 7)
        if checked.waits_for:
            screen.line(f"It needs {checked.waits_for}, which is wrong too: start there.", "", 7)
        if checked.hint:
            screen.line(f"Hint: {checked.hint}", "", 7)


def _details(screen: Screen, detail: ShownFault) -> None:
    screen.line(f"({detail.check})", "dim", 7)
    for frame in detail.frames:
        screen.line(f"{frame.place}: {frame.source}", "", 9)
    if detail.example:
        for title, table in (("expected", detail.example.expected), ("yours", detail.example.got)):
            for text in table_lines(title, table):
                screen.line(text, "", 9)


def table_lines(title: str, table: ArrayTable) -> Iterator[str]:
    """Yield a small table as lines; a wrong number has a star."""
    yield f"{title} {table.name}, {table.shape}{'  ' + table.note if table.note else ''}"
    cells = [[cell.text + ("*" if cell.wrong else " ") for cell in row] for _, row in table.rows]
    width = max((len(text) for row in cells for text in row), default=0)
    for row in cells:
        yield "  " + " ".join(f"{text:>{width}}" for text in row).rstrip()


def _printed(screen: Screen, checked: Checked) -> None:
    """Show what the code printed in the first case that is not right, else in the first."""
    wrong = {fault.case for fault in checked.verdict.faults}
    order = sorted(checked.evidence.values(), key=lambda one: one.case not in wrong)
    text = next((one.text for one in order if one.text.strip()), "")
    if text and order[0].outcome != "not_run":
        screen.line("Your code printed:", "dim", 7)
        lines = shown(text, 2000).splitlines()
        for line in lines[:TEXT]:
            screen.line(line, "", 9)
        if len(lines) > TEXT:
            screen.line(f"... {len(lines) - TEXT} more lines", "dim", 9)


def place_of(item: Item, package: str, files: Mapping[str, bytes]) -> str:
    """Return the place of the function, as editors know it: "cs231n/layers.py:41"."""
    path = f"{package}/{item.file}"
    lines = files.get(path, b"").decode("utf-8", "replace").splitlines()
    pattern = re.compile(rf"\s*(?:def|class)\s+{re.escape(item.function)}\b")
    found = [number for number, line in enumerate(lines, start=1) if pattern.match(line)]
    return f"{path}:{found[-1]}" if found else path  # the last one is the one that counts


def summary(screen: Screen, checked: Sequence[Checked]) -> None:
    """Write how many public checks are right, and how many more will run."""
    right, many = counted(checked)
    more = f"{sum(one.hidden for one in checked)} more run when you hand in."
    screen.line()
    screen.line(f"Public checks: {right} of {many} right. {more}", "bold")


def counted(checked: Sequence[Checked]) -> tuple[int, int]:
    """Return how many public checks are right, and how many there are."""
    return sum(one.right for one in checked), sum(len(one.item.cases) for one in checked)


def next_item(checked: Sequence[Checked]) -> Checked | None:
    """Return what to work on: what is wrong by itself, then what is not written yet."""
    open_items = [one for one in checked if not one.passed]
    wrong = [one for one in open_items if one.status != "not_written"]
    return next(iter([one for one in wrong if not one.waits_for] + wrong + open_items), None)


def next_step(
    screen: Screen, checked: Sequence[Checked], places: Mapping[str, str], is_all: bool
) -> None:
    """Write what to do now: one thing. `is_all`: nothing was left out."""
    todo = next_item(checked)
    if todo is None:
        check_all = "selfcheck.py checks all that there is"
        command = "make_submission.py writes the zip to hand in" if is_all else check_all
        screen.line(f"Next: python {command}.")
        return
    verb = "write" if todo.status == "not_written" else "mend"
    screen.line(f"Next: {verb} {todo.item.id}, {places[todo.item.id]}")
    screen.line(f"python selfcheck.py {todo.item.id}", "", 6)
