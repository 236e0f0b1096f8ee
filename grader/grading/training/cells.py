"""Which cell of a notebook an item without a run goes back to, and what is said of it.

A cell that is not written yet is no mistake. Of the others, one that stopped in a training says
most; else it is the first that stopped, for later ones may need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.types import Cell, ItemResult, Notebook, Raised, Status

TRAINS = "solver.py"  # handed out: what stops below it stopped a training
Done = Mapping[str, ItemResult]


@dataclass(frozen=True)
class Stop:
    """What stopped an item: a sentence, its status, and the code item that explains it, if any.

    `unwritten` is the function of the cell that is not written. `raised` is what to look at.
    """

    says: str
    status: Status
    root: str | None = None
    raised: Raised | None = None
    unwritten: str = ""


def stop_of(item: Item, rubric: Rubric, notebook: Notebook, done: Done) -> Stop | None:
    """Return what stopped an item of which there is no run; None if no cell has stopped."""
    items = [one.id for one in rubric.table.items if one.kind == "notebook"]
    cell, unwritten = _cell(item.id, items, notebook)
    if cell is None:
        return None
    where = f"{notebook.name}, {cell.name}"
    root = needed(item, done, cell.raised)
    # A function that is not written comes first: the cell could not run without it.
    if unwritten and not (root and done[root].status == "not_written"):
        return Stop(f"{where} is not written yet: {unwritten}", "not_written", unwritten=unwritten)
    status: Status = "timeout" if cell.outcome == "timeout" else "error"
    codes = [one.id for one in rubric.table.items if one.kind == "code"]
    if by_shape := _shape(cell.raised, codes, done):
        return Stop(by_shape, status)
    said = f"{where}: {cell.why or 'stopped with an error'}. No run that counts came after it"
    # The cell is what to mend, unless a code item is: the reader is sent there already.
    tail = "" if root else ": mend this cell first, for later ones may need it"
    return Stop(said + tail, status, root, cell.raised)


def needed(item: Item, done: Done, raised: Raised | None = None) -> str | None:
    """Return the code item without which there could be no run.

    A cell that raised in its own lines is the root itself, unless a function is not there at all.
    """
    wrong = [name for name in item.needs if name in done and done[name].status != "passed"]
    if raised and raised.frames and not any(path.endswith(".py") for path, *_ in raised.frames):
        wrong = [name for name in wrong if done[name].status not in ("partial", "failed")]
    return wrong[0] if wrong else None


def _cell(item: str, items: Iterable[str], notebook: Notebook) -> tuple[Cell | None, str]:
    """Return the cell that stopped an item, and its function if that is not written."""
    first = next((c for c in notebook.cells if c.number == notebook.failed_cell), None)
    stopped = [cell for cell in notebook.cells if cell.raised]
    blank = {cell.number: name for cell in stopped if (name := _unwritten(cell))}
    theirs = {number: _meant(name, items) for number, name in blank.items()}
    own = [cell for cell in stopped if theirs.get(cell.number) == item]
    others = [cell for cell in stopped if theirs.get(cell.number, item) in (item, "")]
    trains = [cell for cell in others if any(f[0].endswith(TRAINS) for f in _frames(cell))]
    if first is not None and theirs.get(first.number, item) not in (item, ""):
        first = next(iter(others), None)
    cell = next(iter((*own, *trains)), first)
    return cell, blank.get(cell.number, "") if cell else ""


def _unwritten(cell: Cell) -> str:
    """Return the function of a cell that only says that it is not written; else ""."""
    frames = _frames(cell)
    is_stub = cell.raised and cell.raised.type == "NotImplementedError"
    if not is_stub or (frames and frames[-1][0].endswith(".py")):
        return ""
    name = frames[-1][2] if frames else ""
    return name if name.isidentifier() else "it has a stub"


def _frames(cell: Cell) -> tuple[tuple[str, int, str, str], ...]:
    return cell.raised.frames if cell.raised else ()


def _meant(function: str, items: Iterable[str]) -> str:
    """Return the item that a function is for, whose id shares most words with its name; or ""."""
    words = set(function.split("_"))
    shared = {item: len(words & set(item.split("_"))) for item in items}
    most = max(shared.values(), default=0)
    found = [item for item, many in shared.items() if many == most]
    return found[0] if most and len(found) == 1 else ""


def _shape(raised: Raised | None, names: Iterable[str], done: Done) -> str:
    """Return what stopped a training by a gradient that has an axis of length 1 too many; else "".

    Its values are right, so nothing was taken off where it is judged: this is the place to say it.
    """
    if raised is None or not any(f[0].endswith(TRAINS) for f in raised.frames):
        return ""
    shapes = set(re.findall(r"\([\d, ]+\)", raised.message))
    sides = {tuple(n for n in re.findall(r"\d+", one) if n != "1") for one in shapes}
    if len(shapes) < 2 or len(sides) != 1:
        return ""
    for name in names:
        for fault in done[name].warnings if name in done else ():
            both = fault.comparison
            if both and fault.output.startswith("d") and both.got.shape != both.expected.shape:
                return (
                    f"{name} returns {fault.output} in shape {both.got.shape} instead of "
                    f"{both.expected.shape}: every training stops at its first step. The numbers "
                    "are right; take that axis of length 1 away, which a sum with keepdims=True "
                    "leaves"
                )
    return ""
