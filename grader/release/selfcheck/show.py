"""What the self-check says, in lines for a terminal, an editor or a log.

One line for each item; under it, where it is not right, what is wrong and where to look. Colour and
marks only where a terminal can show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from grader.release.selfcheck.check import Checked
from grader.release.selfcheck.own_python import Unread
from grader.release.selfcheck.screen import Screen
from grader.report.cards import label, lede
from grader.report.faults import Frame, ShownFault, chosen, in_one_line, show_fault
from grader.report.small import Small, make
from grader.report.tables import ArrayTable
from grader.report.text import one_line, shown
from grader.rubric.records import Item

SIDE = 4  # rows and columns of a table
TEXT = 12  # lines of what a student printed


MARKS: Mapping[str, tuple[str, str]] = {
    "passed": ("ok", "good"),
    "not_written": ("-", "dim"),
    "missing": ("-", "bad"),
    "waits": ("..", "dim"),
    "wrong": ("no", "bad"),
}


def stands(checked: Checked) -> tuple[str, str, str]:
    """Return how an item stands: a mark, its style, and words."""
    return *MARKS[_kind(checked)], _words(checked)


def _kind(checked: Checked) -> str:
    kind: str = "passed" if checked.passed else checked.status
    if kind not in MARKS:
        kind = "waits" if checked.waits_for or checked.unread else "wrong"
    return kind


def _words(checked: Checked) -> str:
    words = f"{checked.right} of {len(checked.item.cases)} right"
    words = "not checked" if checked.unread else words
    return {"not_written": "not written yet", "missing": "missing"}.get(_kind(checked), words)


def item(screen: Screen, checked: Checked, place: str, in_full: bool, hints: int = 0) -> None:
    """Write what became of one item; `in_full` with its numbers, and as many of its hints."""
    kind, (mark, style, words) = _kind(checked), stands(checked)
    screen.row(mark, style, checked.item.id, words, place if kind in ("wrong", "waits") else "")
    if in_full and kind in ("wrong", "waits", "missing"):
        _wrong(screen, checked)
    if in_full and not checked.passed:
        _hints(screen, checked, hints)
    for line in () if in_full else in_short(checked):
        screen.line(line, "dim" if kind in ("waits", "passed") else "", 7)
    if in_full:
        for warning in checked.verdict.warnings[:SIDE]:
            screen.line(f"It costs nothing, but: {one_line(warning.message)}", "dim", 7)
        _printed(screen, checked)


def in_short(checked: Checked) -> Iterator[str]:
    """Yield the lines on an item that stands among others."""
    kind = _kind(checked)
    if kind == "waits":
        yield waits(checked)
    elif kind in ("wrong", "missing"):
        for fault in chosen(checked.verdict.faults)[:1]:
            yield one_line(show_fault(fault, 0).message)
        yield from _why(checked)
    elif kind == "passed":
        for warning in checked.verdict.warnings[:1]:
            yield f"It costs nothing, but: {one_line(warning.message)}"


def _why(checked: Checked) -> Iterator[str]:
    """Yield the likely cause, and what is right beside what is not."""
    if checked.cause:
        yield f"{label(checked.cause)} {one_line(checked.cause.message)}"
    if text := lede(checked.parts):
        yield text


def waits(checked: Checked) -> str:
    """Return what has to be mended before an item can be judged; it may be right by itself."""
    if checked.unread:
        return f"waits for {checked.unread}, which cannot be read"
    return f"waits for {checked.waits_for}, which is not right yet: start there"


def _wrong(screen: Screen, checked: Checked) -> None:
    """Write the card of the report: the cause, the smallest case, a larger check, the rest."""
    if checked.unread:
        screen.line(waits(checked), "", 7)
        return
    picked, small = chosen(checked.verdict.faults), make(checked.smallest)
    for line in _why(checked):
        screen.line(line, "", 7)
    if small:
        _smallest(screen, small)
    for fault in picked:
        detail = show_fault(fault, 0 if small else SIDE)
        screen.line(one_line(detail.message), "", 7)
        _details(screen, detail)
    rest = [f for f in checked.verdict.faults if all(f is not one for one in picked)]
    for fault in rest[:SIDE]:
        screen.line(in_one_line(fault), "dim", 7)
    if checked.waits_for:
        screen.line(waits(checked), "", 7)


def _hints(screen: Screen, checked: Checked, wanted: int) -> None:
    """Write the hints that were asked for, else how to ask: a hint is on demand."""
    for number, hint in enumerate(checked.hints[:wanted], start=1):
        screen.line(f"Hint {number}: {hint}", "", 7)
    if wanted < len(checked.hints):
        more = "next hint" if wanted else "hint"
        ask = " ".join(["--hint"] * (wanted + 1))
        screen.line(f"For the {more}: python selfcheck.py {checked.item.id} {ask}", "dim", 7)


SMALLEST = "The smallest case that fails:"
TO_SEE = "To see it, paste these lines into Python, or into a cell:"


def _smallest(screen: Screen, small: Small) -> None:
    """Show the smallest case: what goes in, what should come out, what came out."""
    settings = f" ({small.settings})" if small.settings else ""
    screen.line(f"{SMALLEST} {small.message}{settings}", "", 7)
    _frames(screen, small.frames)
    tables = [("with", table) for table in small.inputs] + [("expected", small.expected)]
    for title, table in [*tables, *([("yours", small.got)] if small.got else [])]:
        for line in table_lines(title, table):
            screen.line(line, "", 9)
    screen.line(TO_SEE, "", 7)
    for line in small.code.splitlines():
        screen.raw(" " * 9 + line)


def _frames(screen: Screen, frames: Sequence[Frame]) -> None:
    for frame in frames:
        screen.line(f"{frame.place}: {frame.source}", "", 9)


def _details(screen: Screen, detail: ShownFault) -> None:
    screen.line(f"({detail.check})", "dim", 7)
    _frames(screen, detail.frames)
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


def printed(checked: Checked) -> str:
    """Return what the code printed in the first case that is not right, else in the first."""
    wrong = {fault.case for fault in checked.verdict.faults}
    ran = [one for one in checked.evidence.values() if one.outcome != "not_run"]
    order = sorted(ran, key=lambda one: one.case not in wrong)
    text = next((one.text for one in order if one.text.strip()), "")
    lines = shown(text, 2000).splitlines()
    more = [f"... {len(lines) - TEXT} more lines"] if len(lines) > TEXT else []
    return "\n".join([*lines[:TEXT], *more])


def _printed(screen: Screen, checked: Checked) -> None:
    if text := printed(checked):
        screen.line("Your code printed:", "dim", 7)
        for line in text.splitlines():
            screen.line(line, "", 9)


def place_of(item: Item, package: str, files: Mapping[str, bytes]) -> str:
    """Return the place of the function, as editors know it: "cs231n/layers.py:41"."""
    path = f"{package}/{item.file}"
    lines = files.get(path, b"").decode("utf-8", "replace").splitlines()
    pattern = re.compile(rf"\s*(?:def|class)\s+{re.escape(item.function)}\b")
    found = [number for number, line in enumerate(lines, start=1) if pattern.match(line)]
    return f"{path}:{found[-1]}" if found else path  # the last one is the one that counts


def summary(checked: Sequence[Checked]) -> str:
    """Return how many public checks are right, and how many more will run."""
    right, many = counted(checked)
    more = f"{sum(one.hidden for one in checked)} more run when you hand in."
    return f"Public checks: {right} of {many} right. {more}"


def counted(checked: Sequence[Checked]) -> tuple[int, int]:
    """Return how many public checks are right, and how many there are."""
    return sum(one.right for one in checked), sum(len(one.item.cases) for one in checked)


def next_item(checked: Sequence[Checked]) -> Checked | None:
    """Return what to work on: what is wrong by itself, then what is not written yet."""
    open_items = [one for one in checked if not one.passed]
    wrong = [one for one in open_items if one.status != "not_written"]
    return next(iter([one for one in wrong if not one.waits_for] + wrong + open_items), None)


def next_step(
    checked: Sequence[Checked],
    places: Mapping[str, str],
    is_all: bool,
    unread: Sequence[Unread] = (),
    ask: Callable[[str], str] = "python selfcheck.py {}".format,
) -> Iterator[str]:
    """Yield what to do now: one thing; first of all a file that cannot be read.

    `is_all`: nothing was left out. `ask` returns how the self-check is asked for a name, or for
    everything if it is "".
    """
    todo = next_item(checked)
    if unread:
        yield f"Next: mend {unread[0].place}"
        yield ask("").strip()
    elif todo is None and is_all:
        yield "Next: python make_submission.py writes the zip to hand in."
    elif todo is None:
        yield f"Next: {ask('').strip()} checks all that there is."
    else:
        verb = "write" if todo.status == "not_written" else "mend"
        yield f"Next: {verb} {todo.item.id}, {places[todo.item.id]}"
        yield ask(todo.item.id)
