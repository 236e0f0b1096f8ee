"""An executed notebook as a page: what stands in the .ipynb beside it, for people to read.

Cells have the names and the anchors by which the report leads to them; one that did not come to its
end says why, with the line that stopped it. The page is bounded, whatever a notebook holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.report.cells import REPORT, anchor, named, place
from grader.report.faults import Frame, frames
from grader.report.origin import unsafe
from grader.report.prose import with_headings
from grader.report.run_sets import RunSet
from grader.report.text import cleaned, one_line, shown
from grader.report.training import STATES, Link, anchors_of_cell
from grader.types import Cell, Notebook, Report

SOURCE, TEXT = 40_000, 10_000  # characters of one cell, and of one output
MOST_TEXT, MOST_IMAGES = 2_000_000, 12_000_000  # characters of a page, and of its pictures
WORDS: Mapping[str, str] = {
    "ran": "",
    "failed": "stopped with an error",
    "timeout": "took too long",
    "died": "ended Python",
    "skipped": "skipped",
    "not_run": "not run",
}


@dataclass(frozen=True)
class SourceLine:
    """A line of a cell; `marked` if an exception went through it, `last` if it began there."""

    text: str
    marked: bool = False
    last: bool = False


@dataclass(frozen=True)
class Output:
    """What a cell showed: a picture by its `uri`, or text."""

    text: str
    uri: str = ""


@dataclass(frozen=True)
class Stop:
    """The exception that ended a cell, as frames.html shows it."""

    error: str
    error_message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class ShownCell:
    """One cell: `html` of a text cell, which is safe; or the source of a code cell, and its end."""

    anchor: str
    name: str = ""
    html: str = ""
    outcome: str = ""
    why: str = ""
    source: tuple[SourceLine, ...] = ()
    outputs: tuple[Output, ...] = ()
    stop: Stop | None = None
    runs: tuple[Link, ...] = ()


@dataclass(frozen=True)
class NotebookPage:
    """All that the page of a notebook says; nothing of it is escaped yet."""

    name: str
    who: str
    assignment: str
    report: str
    state: str
    unsafe: str
    cells: tuple[ShownCell, ...]
    stopped: tuple[Link, ...]
    left: int


def make(report: Report, notebook: Notebook, sets: Sequence[RunSet]) -> NotebookPage:
    """Return the page of a notebook that was executed; `sets` are those of the report's runs."""
    written = json.loads(notebook.written)["cells"]
    filled = [(n, cell) for n, cell in enumerate(written, start=1) if _text(cell["source"]).strip()]
    cells = tuple(_cells(notebook, filled, anchors_of_cell(report, sets, notebook.name)))
    state = STATES[notebook.status]
    return NotebookPage(
        name=one_line(shown(notebook.name)),
        who=one_line(shown(report.submission.name)),
        assignment=one_line(shown(report.rubric_title or report.rubric)),
        report=REPORT,
        state=f"{state}: {one_line(shown(notebook.message))}" if notebook.message else state,
        unsafe="" if report.box.isolated else unsafe(report.box),
        cells=cells,
        stopped=tuple((c.name, f"#{c.anchor}") for c in cells if c.outcome in STOPPED),
        left=len(filled) - len(cells),
    )


STOPPED = [WORDS[outcome] for outcome in ("failed", "timeout", "died")]


def _cells(
    notebook: Notebook,
    written: Sequence[tuple[int, Mapping[str, Any]]],
    runs: Mapping[int, tuple[Link, ...]],
) -> Iterator[ShownCell]:
    """Yield the cells, given with their numbers, up to the bound of the page."""
    known = {cell.number: cell for cell in notebook.cells}
    text, images, level = MOST_TEXT, MOST_IMAGES, 1
    for number, cell in written:
        source, at = _text(cell["source"]), anchor(number)
        if (text := text - len(source)) < 0:
            return
        if cell["cell_type"] == "markdown":
            html, level = with_headings(shown(source, SOURCE), level)
            yield ShownCell(at, html=html)
            continue
        ran = known.get(number)
        outputs = tuple(_outputs(cell.get("outputs", ()), ran, images))
        images -= sum(len(output.uri) for output in outputs)
        text -= sum(len(output.text) for output in outputs)
        yield ShownCell(
            at,
            name=ran.name if ran else "",
            outcome=WORDS[ran.outcome] if ran else "",
            why=one_line(shown(ran.why)) if ran else "",
            source=tuple(_source(source, notebook, ran)),
            outputs=outputs,
            stop=_stop(notebook, ran) if ran else None,
            runs=runs.get(number, ()),
        )


def _source(source: str, notebook: Notebook, cell: Cell | None) -> Iterator[SourceLine]:
    """Yield the lines of the source, those marked that its exception went through."""
    lines = shown(source, SOURCE).split("\n")
    raised = cell.raised.frames if cell and cell.raised else ()
    where = place(notebook, cell.number) if cell else ""
    marked = {line for file, line, *_ in raised if file == where}
    last = raised[-1][1] if raised and raised[-1][0] == where else 0
    for number, line in enumerate(lines, start=1):
        yield SourceLine(line, number in marked, number == last)


def _outputs(
    outputs: Sequence[Mapping[str, Any]], cell: Cell | None, left: int
) -> Iterator[Output]:
    """Yield texts and pictures; an exception is told by itself where its lines are known."""
    note = f"[{cell.outcome}: {cell.why}]\n" if cell else ""
    for output in outputs:
        data = output.get("data", {})
        if image := _text(data.get("image/png", "")).replace("\n", ""):
            left -= len(image)
            if left < 0:
                yield Output("A picture stands in the .ipynb only: this page would be too large.")
            else:
                yield Output("", f"data:image/png;base64,{image}")
        elif output["output_type"] == "error" and not (cell and cell.raised):
            yield Output(shown(f"{output['ename']}: {output['evalue']}", TEXT))
        elif said := _text(output.get("text") or data.get("text/plain", "")).removesuffix(note):
            yield Output(shown(said.rstrip("\n"), TEXT))


def _text(lines: str | Sequence[str]) -> str:
    """Return a text as nbformat writes it: whole, or line by line."""
    return lines if isinstance(lines, str) else "".join(lines)


def _stop(notebook: Notebook, cell: Cell) -> Stop | None:
    if cell.raised is None:
        return None
    raised = cleaned(named(cell.raised, notebook))
    return Stop(one_line(raised.type), raised.message, frames(raised))
