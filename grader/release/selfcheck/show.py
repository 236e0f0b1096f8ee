"""What the self-check says, in lines for a terminal, an editor or a log.

One line for each item; under it, where it is not right, what is wrong and where to look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from grader.release.selfcheck.check import Checked
from grader.release.selfcheck.screen import Screen
from grader.report import order
from grader.report.cards import label, lede
from grader.report.faults import Frame, ShownFault, chosen, in_one_line, show_fault
from grader.report.small import Small, make
from grader.report.text import one_line, shown
from grader.rubric.records import Item
from grader.types import ItemResult

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
    if checked.unloaded or kind not in MARKS:
        kind = "waits" if checked.waits_for or checked.unloaded else "wrong"
    return kind


def _words(checked: Checked) -> str:
    if checked.unloaded:
        return f"waits for {checked.unloaded.rpartition('/')[2]}"
    words = f"{checked.right} of {len(checked.item.cases)} right"
    return {"not_written": "not written yet", "missing": "missing"}.get(_kind(checked), words)


def unreadable(checked: Sequence[Checked]) -> Iterator[tuple[str, str]]:
    """Yield each file of which nothing can be checked, and why: it is one thing, said once."""
    told = set[str]()
    for one in checked:
        if one.unloaded and one.unloaded not in told:
            told.add(one.unloaded)
            why = one_line(chosen(one.verdict.faults)[0].message).rstrip(".")
            yield one.unloaded, f"{why}. Nothing in it can be checked until that is mended."


def file_row(screen: Screen, file: str, why: str) -> None:
    """Write the line of a file of which nothing can be checked."""
    screen.row("no", "bad", file, "", "")
    screen.line(why, "", 7)


def item(screen: Screen, checked: Checked, place: str, in_full: bool, hints: int = 0) -> None:
    """Write what became of one item; `in_full` with its numbers, and as many of its hints."""
    kind, (mark, style, words) = _kind(checked), stands(checked)
    shown_place = kind == "wrong" or (kind == "waits" and not checked.unloaded)
    screen.row(mark, style, checked.item.id, words, place if shown_place else "")
    if in_full and kind in ("wrong", "waits", "missing"):
        _wrong(screen, checked)
    if in_full and not checked.passed and not checked.unloaded:
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
    if kind == "waits" and checked.waits_for:
        yield waits(checked)
    elif kind in ("wrong", "missing"):
        for fault in chosen(checked.verdict.faults, checked.item.file)[:1]:
            yield one_line(show_fault(fault, 0).message)
        yield from _why(checked)
    elif kind == "passed":
        for warning in checked.verdict.warnings[:1]:
            yield f"It costs nothing, but: {one_line(warning.message)}"


def _why(checked: Checked) -> Iterator[str]:
    """Yield the likely cause, and what is right beside what is not."""
    told = {fault.message.rstrip(".") for fault in checked.verdict.faults}
    if checked.cause and checked.cause.message.rstrip(".") not in told:
        yield f"{label(checked.cause)} {one_line(checked.cause.message)}"
    if text := lede(checked.parts):
        yield text


def waits(checked: Checked) -> str:
    """Return the sentence on what an item rests on."""
    return f"It calls {checked.waits_for}, which is not right yet: mend that first."


def _wrong(screen: Screen, checked: Checked) -> None:
    """Write the card of the report: the cause, the smallest case, and what else is not right."""
    faults, small = checked.verdict.faults, make(checked.smallest)
    for line in _why(checked):
        screen.line(line, "", 7)
    if small:
        _smallest(screen, small)
    shown_faults = () if small else chosen(faults, checked.item.file)
    for fault in shown_faults:
        detail = show_fault(fault, SIDE)
        screen.line(one_line(detail.message), "", 7)
        _details(screen, detail)
    told = {small.message if small else "", *(fault.message for fault in shown_faults)}
    others = {fault.message: in_one_line(fault) for fault in reversed(faults)}
    rest = [line for message, line in reversed(others.items()) if message not in told]
    for line in rest[:SIDE]:
        screen.line(line, "dim", 7)
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
STAR = "* is where the numbers differ"
TO_SEE = "To see it, paste these lines into Python, or into a cell:"


def _smallest(screen: Screen, small: Small) -> None:
    """Show the smallest case: what goes in, what should come out, what came out."""
    settings = f" ({small.settings})" if small.settings else ""
    screen.line(f"{SMALLEST} {small.message}{settings}", "", 7)
    _frames(screen, small.frames)
    screen.arrays([("with", table) for table in small.inputs], 9)
    yours = [("yours", small.got)] if small.got else []
    screen.arrays([("expected", small.expected), *yours], 9)
    screen.line(STAR if yours else "", "dim", 9)
    screen.line(TO_SEE, "", 7)
    screen.code(small.code, 9)


def _frames(screen: Screen, frames: Sequence[Frame]) -> None:
    for frame in frames:
        screen.line(f"{frame.place}: {frame.source}", "", 9)


def _details(screen: Screen, detail: ShownFault) -> None:
    screen.line(f"({detail.check})", "dim", 7)
    _frames(screen, detail.frames)
    if detail.example:
        example = detail.example
        screen.arrays([("expected", example.expected), ("yours", example.got)], 9)
        screen.line(STAR, "dim", 9)


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


def next_item(checked: Sequence[Checked]) -> tuple[Checked, str] | None:
    """Return what to work on, in the report's order: what costs most with all that rests on it.

    With it the one line that stops all of its checks, as editors know it, if there is one. What is
    not written yet comes after what is wrong.
    """
    todo = {one.item.id: one for one in checked if not one.passed}
    results = [_result(one) for one in todo.values()]
    for root in (*order.roots(results), *order.unwritten(results)):
        file, line = order.stop(root.item) or ("", 0)
        return todo[root.item.id], f"{file}:{line}" if line else ""
    return next(((one, "") for one in todo.values()), None)


def _result(one: Checked) -> ItemResult:
    """Return an item as the report has it, as far as its order asks."""
    earned = sum(part.earned for part in one.parts)
    possible = sum(part.possible for part in one.parts)
    return ItemResult(
        one.item.id, one.item.title, one.item.section, one.item.where, one.status, earned,
        possible, one.parts, one.verdict.faults, because_of=one.waits_for,
    )  # fmt: skip


def next_step(
    checked: Sequence[Checked],
    places: Mapping[str, str],
    is_all: bool,
    ask: Callable[[str], str] = "python selfcheck.py {}".format,
) -> Iterator[str]:
    """Yield what to do now: one thing.

    `is_all`: nothing was left out. `ask` returns how the self-check is asked for a name, or for
    everything if it is "".
    """
    found = next_item(checked)
    if found is None and is_all:
        yield "Next: python make_submission.py writes the zip to hand in."
    elif found is None:
        yield f"Next: {ask('').strip()} checks all that there is."
    elif found[0].unloaded:
        yield f"Next: mend {found[1] or found[0].unloaded}"
        yield ask("").strip()
    else:
        todo, line = found
        verb = "write" if todo.status == "not_written" else "mend"
        yield f"Next: {verb} {todo.item.id}, {line or places[todo.item.id]}"
        yield "then the same again" if len(checked) == 1 else ask(todo.item.id)
