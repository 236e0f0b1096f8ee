"""The record of a notebook that ran: each cell, the status, the file that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.guest.scratch import BYTES, FILES
from grader.notebooks import ipynb, outputs
from grader.notebooks.ipynb import Runnable
from grader.rubric.records import NotebookLimits
from grader.types import Cell, Notebook, Training

ROOM = f"{BYTES // 1024**2} MB, {FILES:,} files"
SKIP, RAISES = "skip-execution", "raises-exception"  # tags that nbclient knows


@dataclass
class Driven:
    """How a notebook ran: the content of the reply of each cell by number, and its end."""

    replies: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    last: int = 0  # the cell that ran last
    over: str = ""  # as in Frames.end


@dataclass(frozen=True)
class Ran:
    """A notebook after it ran: how, with its outputs in `node`, and what it told of training."""

    driven: Driven
    node: NotebookNode
    trainings: tuple[Training, ...]
    abandoned: int
    committing_s: float = 0.0
    left_out: int = 0


def record(
    name: str,
    ran: Ran,
    ready: Sequence[Runnable],
    code: Sequence[int],
    limits: NotebookLimits,
    reused: str,
) -> Notebook:
    """Return the record of a notebook; `code` are the numbers of all its code cells in order."""
    node = ran.node
    cells = tuple(
        replace(_cell(cell, ran, limits), count=count, place=code.index(cell.number) + 1)
        for count, cell in enumerate(ready, start=1)
    )
    for cell in cells:
        written = node.cells[cell.number - 1]
        written.execution_count = None if cell.outcome == "not_run" else cell.count
        if cell.why:
            note = f"[{cell.outcome}: {cell.why}]\n"
            written.outputs.append(new_output("stream", name="stderr", text=note))
    status, sentence = _status(ran.driven, cells, limits)
    numbered = dict(enumerate(node.cells, start=1))
    tags = {n: tuple(cell.metadata.get("tags", ())) for n, cell in numbered.items()}
    return Notebook(
        name=name,
        status=status,
        message=sentence,
        cells=cells,
        markdown={n: c.source for n, c in numbered.items() if c.cell_type == "markdown"},
        tags={n: named for n, named in tags.items() if named},
        trainings=ran.trainings,
        abandoned=ran.abandoned,
        left_out=ran.left_out,
        committing_s=0.0 if reused else ran.committing_s,
        repaired=tuple(
            f"{name}, {cell.name}: {line}"
            for cell, known in zip(cells, ready, strict=True)
            for line in known.repaired
        ),
        reused=reused,
        written=ipynb.write(node),
    )


def _cell(ready: Runnable, ran: Ran, limits: NotebookLimits) -> Cell:
    """Return what became of a code cell, also of one that sent nothing."""
    driven, number = ran.driven, ready.number
    node = ran.node.cells[number - 1]
    shown = outputs.bounded(node.outputs)
    reply: Mapping[str, Any] = driven.replies.get(number, {})
    outcome, why = _outcome(ready, driven, node.metadata.get("tags", ()), limits)
    return Cell(
        number=number,
        source=node.source,
        outcome=outcome,
        why=why,
        text=outputs.text_of(shown),
        images=outputs.images_of(shown),
        raised=reply.get("raised") if outcome == "failed" else None,
        wall_s=reply.get("wall_s", 0.0),
    )


def _outcome(
    ready: Runnable, driven: Driven, tags: Sequence[str], limits: NotebookLimits
) -> tuple[Any, str]:
    """Return the outcome of a cell, and a sentence if it did not come to its end."""
    number, reply = ready.number, driven.replies.get(ready.number)
    over = f"stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
    if ready.why:
        return "skipped", ready.why
    if reply and reply["status"] == "ok":
        return "ran", ""
    if reply and reply["interrupted"]:
        return "timeout", over
    if reply:
        return "ran" if RAISES in tags else "failed", ""
    if number != driven.last:
        return "not_run", "the notebook had ended before"
    if driven.over == "timeout":
        return "timeout", f"the notebook's {limits.notebook_s:g} s were used up"
    if driven.over == "full":
        return "died", f"wrote more than notebooks may: {ROOM}"
    if driven.over == "stuck":
        return (
            "timeout",
            f"did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s, so all was stopped",
        )
    return "died", "the box ended" if driven.over == "lost" else "ended the whole kernel"


def _status(driven: Driven, cells: Sequence[Cell], limits: NotebookLimits) -> tuple[Any, str]:
    """Return the status of a notebook, and a sentence if it did not run to its end."""
    last = next((cell.name for cell in cells if cell.number == driven.last), "the start")
    if driven.over == "timeout":
        return "timeout", f"stopped after {limits.notebook_s:g} s of {limits.notebook_s:g} s"
    if driven.over == "stuck":
        return "timeout", f"{last} did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s"
    if driven.over == "full":
        return "error", f"{last} wrote more than notebooks may: {ROOM}; what ran before it is kept"
    if driven.over in ("died", "killed"):
        return "error", f"the kernel ended in {last}; what ran before it is kept"
    if driven.over != "done":
        return "error", "the box ended; what ran before it is kept"
    outcomes = {cell.outcome for cell in cells}
    if "timeout" in outcomes:
        return "timeout", f"a cell was stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
    return ("error" if "failed" in outcomes else "executed"), ""
