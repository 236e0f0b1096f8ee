"""Curves of training runs over their epochs: one run alone, or several to compare.

Behind each line is the band of the reference, if it has such a run. What the lines show is said in
words and numbers as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.report.drawing import (
    STYLES,
    Axis,
    Chart,
    Frame,
    Key,
    Line,
    Mark,
    Panel,
    rounded_up,
    steps,
)
from grader.report.run_sets import RunSet
from grader.report.text import count, number
from grader.types import Band, Trained

MOST = 60  # points of a line
PIECES = 40  # of a loss, each drawn by its mean
MARKS = 5  # of a line
EDGE = 24  # points of an edge of a band
LOSS, TRAIN, VAL = "loss", "accuracy on training images", "accuracy on validation images"


@dataclass(frozen=True)
class Series:
    """One line: its numbers, spread evenly over `epochs`, and the band behind it, shape (2, n)."""

    name: str
    style: int
    values: np.ndarray
    epochs: int
    edges: np.ndarray | None
    edge_epochs: int


def draw(one: RunSet, trained: Sequence[Trained]) -> Chart | None:
    """Draw the first runs of a set; None if they have no finite number."""
    runs = [(name, trained[index]) for name, index in zip(one.names, one.runs)][:STYLES]
    if not any(np.isfinite(a).any() for _, run in runs for a in _histories(run)):
        return None
    rows = {what: [_series(name, i, run, what) for i, (name, run) in enumerate(runs, start=1)]
            for what in (LOSS, TRAIN, VAL)}  # fmt: skip
    legend: tuple[Key, ...] = tuple(
        Key(style, name, (index,), _both(run))
        for style, (index, (name, run)) in enumerate(zip(one.runs, runs), start=1)
    )
    panels = [(what, series) for what, series in rows.items()]
    if len(runs) == 1:
        (_, run), *_ = runs
        legend = (Key(1, LOSS), Key(2, TRAIN, value=_real(run.train_accuracy)),
                  Key(3, VAL, value=_real(run.val_accuracy)))  # fmt: skip
        both = [replace(rows[key.text][0], name=key.text, style=key.style) for key in legend[1:]]
        panels = [(LOSS, rows[LOSS]), ("accuracy", both)]
    notes = tuple(_notes(one, [run for _, run in runs]))
    return Chart(tuple(_panel(what, series) for what, series in panels), legend, notes)


def _histories(run: Trained) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    training = run.training
    return training.loss_history, training.train_acc_history, training.val_acc_history


def _series(name: str, style: int, run: Trained, what: str) -> Series:
    at, band = (LOSS, TRAIN, VAL).index(what), run.band
    edges = None if band is None else (band.loss, band.train, band.val)[at]
    epochs = max(1, run.training.num_epochs)
    edge_epochs = max(1, band.epochs) if band else epochs
    return Series(name, style, _histories(run)[at], epochs, edges, edge_epochs)


def _panel(what: str, rows: Sequence[Series]) -> Panel:
    last = max(row.epochs for row in rows)
    frame = Frame(Axis(0.0, float(last)), Axis(0.0, _top(what, rows)))
    marks: list[Mark] = []
    lines, bands = [], []
    for row in rows:
        smooth = _means(row.values) if what == LOSS else _thinned(row.values)
        places = [(row.epochs * share, value) for share, value in smooth]
        lines += [Line(points, row.style)] if (points := frame.points(places)) else []
        if outline := _band(frame, row):
            bands.append(Line(outline, row.style))
        marks += _marks(frame, places, row)
    return Panel(what, "epoch", " ".join(_words(what, row) for row in rows),
                 frame.across(steps(float(last))), frame.up(),
                 tuple(bands), tuple(lines), tuple(marks))  # fmt: skip


def _top(what: str, rows: Sequence[Series]) -> float:
    """Return the largest number that is drawn.

    A few huge losses at the start would make a flat line of all the rest; so would a band far above
    the lines, or one run that ran away.
    """
    tops, above = [], []
    for row in rows:
        known = row.values[np.isfinite(row.values)]
        if known.size:
            tops.append(float(np.percentile(known, 98 if what == LOSS else 100)))
        if row.edges is not None and np.isfinite(row.edges[1]).any():
            above.append(float(row.edges[1][np.isfinite(row.edges[1])].max()))
    positive = [top for top in tops if top > 0]
    limit = 3 * min(positive, default=0.0)
    top = max([min(each, limit) for each in (*positive, *above)], default=1.0)
    return rounded_up(top if what == LOSS else min(1.0, max([*positive, *above], default=1.0)))


def _thinned(values: np.ndarray) -> list[tuple[float, float]]:
    chosen = np.unique(np.linspace(0, len(values) - 1, min(MOST, len(values))).astype(int))
    return [(i / max(1, len(values) - 1), float(values[i])) for i in chosen]


def _means(values: np.ndarray) -> list[tuple[float, float]]:
    """Return (share of all, mean) of each piece of a long line; batches differ, and hide it."""
    pieces = np.array_split(values, min(PIECES, max(1, len(values))))
    ends = np.cumsum([len(piece) for piece in pieces])
    with np.errstate(all="ignore"):
        found = [float(piece.mean()) if len(piece) else math.nan for piece in pieces]
    return [((end - len(p) / 2) / max(1, len(values)), mean)
            for end, p, mean in zip(ends, pieces, found)]  # fmt: skip


def _marks(frame: Frame, places: Sequence[tuple[float, float]], row: Series) -> Iterator[Mark]:
    """Yield marks along a line: the last point, and some before it."""
    finite = [at for at in places if all(map(math.isfinite, at))]
    for step in sorted({round((len(finite) - 1) * i / (MARKS - 1)) for i in range(MARKS)}):
        if finite:
            x, y = finite[step]
            title = f"{row.name}: {number(y, 3)} at epoch {number(x, 3)}"
            yield Mark(*frame.at(x, y), row.style, title)


def _band(frame: Frame, row: Series) -> str:
    """Return the outline of the band behind a line, up to the end of the diagram."""
    if row.edges is None:
        return ""
    spans, many = float(row.edge_epochs), row.edges.shape[1]
    across = np.linspace(0.0, spans, many) if many > 1 else [0.0]
    at = np.linspace(0.0, min(frame.x.high, spans), min(EDGE, max(2, many)))
    low, high = (np.interp(at, across, edge) for edge in row.edges)  # beside a nan it is nan
    return frame.outline(list(map(float, at)), low, high)


def _words(what: str, row: Series) -> str:
    finite = row.values[np.isfinite(row.values)]
    if not finite.size:
        return f"{row.name}: no finite number."
    if what == LOSS:
        many = f"{len(row.values):,} iterations"
        ends = f"{number(float(finite[0]))} at first, {number(float(finite[-1]))} at the end"
        return f"{row.name}: {ends}, {many}."
    return f"{row.name}: {finite.max():.2f} at best, over {count(row.epochs, 'epoch')}."


def _real(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{accuracy:.3f}, computed again"


def _both(run: Trained) -> str:
    found = [("training", run.train_accuracy), ("validation", run.val_accuracy)]
    return ", ".join(f"{what} {known:.3f}" for what, known in found if known is not None)


def _notes(one: RunSet, runs: Sequence[Trained]) -> Iterator[str]:
    if len(one.runs) > len(runs):
        yield f"The first {len(runs)} of {len(one.runs)} runs are drawn."
    bands = [run.band for run in runs if run.band]
    if bands and len(runs) == 1:
        yield beside(bands[0])
    elif bands:
        yield f"Shaded: where the reference lies, {bands[0].seeds} seeds each."


def beside(band: Band) -> str:
    """Return the range of the reference: "Shaded: the reference, 5 seeds, ... 0.96 to 0.98"."""
    sentences = [
        f"{what} {best(edges[0]) or '0.00'} to {best(edges[1]) or '0.00'} at best"
        for what, edges in (("training", band.train), ("validation", band.val))
    ]
    epochs = count(band.epochs, "epoch")
    return f"Shaded: the reference, {band.seeds} seeds, {epochs}, {', '.join(sentences)}."


def best(values: Iterable[float]) -> str:
    """Return the largest finite value; empty if there is none."""
    finite = [float(value) for value in values if np.isfinite(value)]
    return f"{max(finite):.2f}" if finite else ""
