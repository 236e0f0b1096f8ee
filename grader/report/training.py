"""What the page says about notebooks: how each ended, its runs, recomputed too, and its answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from grader.report.curves import Curves, curves
from grader.report.faults import ShownFault, show_fault
from grader.report.prose import from_markdown
from grader.report.text import count, one_line, shown
from grader.types import Cell, Fault, ItemResult, Notebook, Question, Report, Trained

MOST_RUNS = 40  # rows of a table
MOST_CURVES = 40  # pictures of a page
MOST_CELLS = 3  # failed cells of a notebook that are shown
ANSWER = 6_000  # characters of an answer that are shown

STATES: Mapping[str, str] = {
    "executed": "ran from the first cell to the last",
    "error": "ran, but not every cell came to its end",
    "timeout": "took too long",
    "missing": "is not in the upload",
    "unreadable": "could not be read",
    "grader_fault": "could not be run: our fault",
    "skipped": "was not run",
}
NORMALS = {"batchnorm": "batch normalization", "layernorm": "layer normalization"}


@dataclass(frozen=True)
class Run:
    """One run: a row of the table, and its curves where an item rests on it.

    `claimed` and `real` are accuracies on training and validation images, as text; `items` are
    (title, link) with an empty link where there is no card.
    """

    anchor: str
    title: str
    claimed: tuple[str, str]
    real: tuple[str, str]
    hidden: str
    message: str
    items: tuple[tuple[str, str], ...]
    curves: Curves | None


@dataclass(frozen=True)
class Book:
    """One notebook; `ran` says whether it was executed at all."""

    name: str
    state: str
    ran: bool
    stopped: tuple[tuple[str, ShownFault | None], ...]
    more_stopped: int
    runs: tuple[Run, ...]
    more_runs: int
    repaired: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One inline question; `html` is safe to put into a page, and empty if nothing is written."""

    title: str
    where: str
    blank: bool
    worth: str
    html: str


def anchors(report: Report) -> dict[str, str]:
    """Return the anchor of the first run that each item rests on."""
    found: dict[str, str] = {}
    for number, run in enumerate(report.trained, start=1):
        for item in run.items:
            found.setdefault(item, f"run-{number}")
    return found


def books(report: Report, links: Mapping[str, str]) -> tuple[Book, ...]:
    """Return what became of each notebook; `links` leads from an item to its card or its row."""
    titles = {item.id: item.title for item in report.items}
    left = MOST_CURVES
    made = []
    for notebook in report.notebooks:
        runs: list[Run] = []
        mine = [(n, r) for n, r in enumerate(report.trained, 1) if r.notebook == notebook.name]
        # Runs that items rest on come first where there are too many for the table.
        chosen = sorted(sorted(mine, key=lambda pair: not pair[1].items)[:MOST_RUNS],
                        key=lambda pair: pair[0])  # fmt: skip
        for number, run in chosen:
            items = tuple((titles.get(name, name), links.get(name, "")) for name in run.items)
            runs.append(_run(number, run, items, bool(run.items and left)))
            left -= runs[-1].curves is not None
        made.append(_book(notebook, tuple(runs), len(mine) - len(chosen)))
    return tuple(made)


def _book(notebook: Notebook, runs: tuple[Run, ...], more_runs: int) -> Book:
    failed = [cell for cell in notebook.cells if cell.outcome in ("failed", "timeout", "died")]
    state = STATES[notebook.status]
    if notebook.message and notebook.status != "missing":
        state = f"{state}: {one_line(notebook.message)}"
    return Book(
        name=one_line(notebook.name),
        state=state,
        ran=notebook.status not in ("missing", "unreadable", "skipped", "grader_fault"),
        stopped=tuple(map(_stopped, failed[:MOST_CELLS])),
        more_stopped=max(0, len(failed) - MOST_CELLS),
        runs=runs,
        more_runs=more_runs,
        repaired=tuple(map(one_line, notebook.repaired[:MOST_RUNS])),
    )


def _stopped(cell: Cell) -> tuple[str, ShownFault | None]:
    sentence = f"Cell {cell.number} {one_line(cell.why) or 'stopped with an error'}"
    if cell.raised is None:
        return sentence, None
    return sentence, show_fault(Fault("", "", "", "error", sentence, True, raised=cell.raised), 0)


def _run(number: int, run: Trained, links: tuple[tuple[str, str], ...], drawn: bool) -> Run:
    best = max((float(a) for a in run.training.train_acc_history if math.isfinite(a)), default=None)
    return Run(
        anchor=f"run-{number}",
        title=_title(run),
        claimed=(_share(best), _share(run.training.best_val_acc)),
        real=(_share(run.train_accuracy), _share(run.val_accuracy)),
        hidden=_share(run.hidden_accuracy),
        message=one_line(run.message),
        items=links,
        curves=curves(run) if drawn else None,
    )


def _title(run: Trained) -> str:
    """Return which run it is: "Cell 12: 3072-100-10, adam, batches of 50, 10 epochs, ..."."""
    claim = run.training
    images = claim.num_train if claim.rows is None else len(claim.rows)
    phrases = ["-".join(map(str, claim.layer_sizes[:12])) or "a net", one_line(claim.update_rule)]
    if claim.normalization:
        phrases.append(NORMALS.get(claim.normalization, one_line(claim.normalization)))
    if claim.dropout_keep_ratio is not None and 0 < claim.dropout_keep_ratio < 1:
        phrases.append(f"dropout {claim.dropout_keep_ratio:g}")
    if claim.initial_weight_std:
        phrases.append(f"first weights {claim.initial_weight_std[0]:.1g}")
    phrases += [f"batches of {claim.batch_size:,}", count(claim.num_epochs, "epoch"),
             f"{images:,} images"]  # fmt: skip
    return f"Cell {claim.cell}: {', '.join(phrases)}"


def _share(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def answers(questions: tuple[Question, ...], items: tuple[ItemResult, ...]) -> tuple[Answer, ...]:
    """Make the answers fit to be read; the Markdown reader is loaded only where there are some."""
    known = {item.id: (item.title, item.where) for item in items}
    return tuple(
        Answer(
            *known.get(question.id, (question.id, question.id)),
            blank=question.status == "blank",
            worth=count(question.possible, "point"),
            html=from_markdown(shown(question.answer, ANSWER)) if question.answer else "",
        )
        for question in questions
    )
