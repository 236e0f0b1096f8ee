"""What the page says about notebooks: how each ended, its runs, recomputed too, and its answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.report.cells import REPORT, file_of, link_to, named
from grader.report.drawing import Chart
from grader.report.faults import ShownFault, show_fault
from grader.report.prose import from_markdown
from grader.report.run_sets import SETTINGS, RunSet
from grader.report.text import count, one_line, shown
from grader.types import Cell, Fault, ItemResult, Notebook, Question, Report, Trained

MOST_RUNS = 40  # rows of a table
MOST_CHARTS = 20  # of a page
MOST_CELLS = 3  # failed cells of a notebook that are shown
ANSWER = 6_000  # characters of an answer that are shown
Link = tuple[str, str]  # what it says, and where it leads; empty where there is nothing

STATES: Mapping[str, str] = {
    "executed": "ran from the first cell to the last",
    "error": "ran, but not every cell came to its end",
    "timeout": "took too long",
    "missing": "is not in the upload",
    "unreadable": "could not be read",
    "grader_fault": "could not be run: our fault",
    "skipped": "was not run",
}


@dataclass(frozen=True)
class Row:
    """One run in the table of a chart; accuracies are text, those that it tells of first."""

    name: str
    cell: Link
    shares: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class LegendRow:
    """One entry of a legend, with the cells that its runs come from."""

    style: int
    text: str
    value: str
    cells: tuple[Link, ...]


@dataclass(frozen=True)
class Runs:
    """Runs that stand together: a chart where there is one, and a table; `items` rest on them."""

    anchor: str
    title: str
    shared: str
    items: tuple[Link, ...]
    chart: Chart | None
    legend: tuple[LegendRow, ...]
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True)
class Book:
    """One notebook; `page` leads to it as it ran, and is empty if it did not run."""

    name: str
    state: str
    page: str
    stopped: tuple[tuple[str, str, str, ShownFault | None], ...]
    more_stopped: int
    sets: tuple[Runs, ...]
    plots: tuple[Link, ...]
    repaired: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One inline question; `html` is safe to put into a page, and empty if nothing is written."""

    item: str
    title: str
    where: str
    blank: bool
    worth: str
    html: str
    by_person: bool = False


def anchors(sets: Sequence[RunSet]) -> dict[str, str]:
    """Return the anchor of the first runs that each item rests on."""
    found: dict[str, str] = {}
    for number, one in enumerate(sets, start=1):
        for item in one.items:
            found.setdefault(item, f"runs-{number}")
    return found


def anchors_of_cell(
    report: Report, sets: Sequence[RunSet], notebook: str
) -> dict[int, tuple[Link, ...]]:
    """Return where the report has the runs of each cell of a notebook, by the cell's number."""
    titles = {item.id: item.title for item in report.items}
    found: dict[int, list[Link]] = {}
    for number, one in enumerate(sets, start=1):
        items = tuple((titles.get(item, item), "") for item in one.items)
        runs = [report.trained[index] for index in one.runs]
        for cell in sorted({run.training.cell for run in runs if run.notebook == notebook}):
            found.setdefault(cell, []).append((_title(one, items), f"{REPORT}#runs-{number}"))
    return {cell: tuple(links) for cell, links in found.items()}


def books(report: Report, sets: Sequence[RunSet], links: Mapping[str, str]) -> tuple[Book, ...]:
    """Return what became of each notebook; `links` leads from an item to its card or its row."""
    titles = {item.id: item.title for item in report.items}
    notebooks = {notebook.name: notebook for notebook in report.notebooks}
    made: dict[str, list[Runs]] = {}
    for number, one in enumerate(sets, start=1):
        items = tuple((titles.get(item, item), links.get(item, "")) for item in one.items)
        name = report.trained[one.runs[0]].notebook
        chart = _draw(one, report.trained) if number <= MOST_CHARTS else None
        made.setdefault(name, []).append(
            _runs(f"runs-{number}", one, items, chart, report.trained, notebooks)
        )
    return tuple(_book(each, tuple(made.get(each.name, ()))) for each in report.notebooks)


def _draw(one: RunSet, trained: Sequence[Trained]) -> Chart | None:
    if not one.drawn:
        return None
    from grader.report import curves, sweep

    return sweep.draw(one, trained) if one.over else curves.draw(one, trained)


def _runs(
    anchor: str,
    one: RunSet,
    items: tuple[Link, ...],
    chart: Chart | None,
    trained: Sequence[Trained],
    notebooks: Mapping[str, Notebook],
) -> Runs:
    def cell(index: int) -> Link:
        run = trained[index]
        notebook = notebooks.get(run.notebook) or Notebook(run.notebook, "skipped")
        where = notebook.cell_name(run.training.cell)
        elsewhere = run.notebook != trained[one.runs[0]].notebook
        return (f"{run.notebook}, {where}" if elsewhere else where,
                link_to(notebook, run.training.cell))  # fmt: skip

    legend = tuple(
        LegendRow(key.style, key.text, key.value, tuple(dict.fromkeys(map(cell, key.runs))))
        for key in (chart.legend if chart else ())
    )
    rows = [
        Row(name, cell(index), _shares(trained[index]), _message(trained[index]))
        for name, index in zip(one.names, one.runs)
    ]
    left = max(0, len(rows) - MOST_RUNS)
    return Runs(anchor, _title(one, items), one.shared, items, chart, legend,
                tuple(rows[:MOST_RUNS]), left)  # fmt: skip


def _message(run: Trained) -> str:
    """Return what is odd about a run: why it could not be computed again, or not be repeated."""
    doubt = f"not repeated: {run.doubt}" if run.doubt and run.doubt != run.message else ""
    return one_line("; ".join(filter(None, (run.message, doubt))))


def _title(one: RunSet, items: tuple[Link, ...]) -> str:
    if items:
        return "; ".join(title for title, _ in items)
    if not one.drawn or not one.differ:
        return "Other runs"
    return f"One net, several {SETTINGS[one.over or one.differ[0]].many}"


def _shares(run: Trained) -> tuple[str, ...]:
    told = run.training
    train = max((float(a) for a in told.train_acc_history if math.isfinite(a)), default=None)
    real = (run.train_accuracy, run.val_accuracy, run.hidden_accuracy)
    return tuple(map(_share, (train, told.best_val_acc, *real)))


def _share(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def _book(notebook: Notebook, sets: tuple[Runs, ...]) -> Book:
    failed = [cell for cell in notebook.cells if cell.outcome in ("failed", "timeout", "died")]
    state = STATES[notebook.status]
    if notebook.message and notebook.status != "missing":
        state = f"{state}: {one_line(notebook.message)}"
    return Book(
        name=one_line(notebook.name),
        state=state,
        page=file_of(notebook),
        stopped=tuple(_stopped(notebook, cell) for cell in failed[:MOST_CELLS]),
        more_stopped=max(0, len(failed) - MOST_CELLS),
        sets=sets,
        plots=tuple(
            (f"{cell.name}: {count(len(cell.images), 'plot')}", link_to(notebook, cell.number))
            for cell in notebook.cells
            if cell.images
        ),
        repaired=tuple(map(one_line, notebook.repaired[:MOST_RUNS])),
    )


def _stopped(notebook: Notebook, cell: Cell) -> tuple[str, str, str, ShownFault | None]:
    """Return what to say of a cell that stopped: its name, a link, what became of it, and where."""
    why, link = one_line(cell.why) or "stopped with an error", link_to(notebook, cell.number)
    if cell.raised is None:
        return cell.name, link, why, None
    fault = Fault("", "", "", "error", why, True, raised=named(cell.raised, notebook))
    return cell.name, link, why, show_fault(fault, 0)


def answers(questions: tuple[Question, ...], items: tuple[ItemResult, ...]) -> tuple[Answer, ...]:
    """Make the answers fit to be read; the Markdown reader is loaded only where there are some."""
    known = {item.id: (item.title, item.where) for item in items}
    return tuple(
        Answer(
            question.id,
            *known.get(question.id, (question.id, question.id)),
            blank=question.status == "blank",
            worth=count(question.possible, "point"),
            html=from_markdown(shown(question.answer, ANSWER)) if question.answer else "",
        )
        for question in questions
    )
