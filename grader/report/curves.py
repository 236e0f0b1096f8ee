"""Curves of one training run as SVG: loss on the left, accuracies on the right.

Behind each line is the band of the reference, if it has such a run. The picture carries its
numbers in words too, for those who cannot see it, and its lines and bands differ in more than
colour. A run takes about three kilobytes of the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from grader.report.text import count, number
from grader.types import Band, Trained, Training

# The first diagram; the second is SHIFT to the right. The frames are in curves.html.
LEFT, TOP, PANEL, TALL = 46, 12, 200, 130
SHIFT = 290
MOST = 72  # points of a line
EDGE = 26  # points of an edge of a band


@dataclass(frozen=True)
class Line:
    """A polyline; `style` is its class."""

    points: str
    style: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: int
    text: str


@dataclass(frozen=True)
class Panel:
    """One diagram; coordinates are those of the whole picture."""

    x: int
    name: str
    unit: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    lines: tuple[Line, ...]
    bands: tuple[Line, ...]


@dataclass(frozen=True)
class Curves:
    """Both diagrams of a run, and what they show in words and numbers; `beside` of the band."""

    panels: tuple[Panel, ...]
    alt: str
    beside: str


def curves(run: Trained) -> Curves | None:
    """Draw a run; None if it has no finite number."""
    training, band = run.training, run.band
    loss = training.loss_history
    accuracies = (training.train_acc_history, training.val_acc_history)
    if not np.isfinite(loss).any() and not any(np.isfinite(a).any() for a in accuracies):
        return None
    top = _top(loss, None if band is None else band.loss[1])
    named = list(zip(accuracies, ("train", "val")))
    edges = [] if band is None else [(band.train, "train"), (band.val, "val")]
    scales = [Scale(LEFT, top, training, band), Scale(LEFT + SHIFT, 1.0, training, band)]
    panels = (
        _panel("loss", scales[0], [(loss, "loss")], [(band.loss, "loss")] if band else []),
        _panel("accuracy", scales[1], named, edges),
    )
    return Curves(panels, _words(training), "" if band is None else _beside(band))


class Scale:
    """From numbers to places in one diagram: epochs across, up to `top` upwards."""

    def __init__(self, x: int, top: float, training: Training, band: Band | None) -> None:
        self.x, self.top = x, top
        self.last = max(1, training.num_epochs)
        self.band_ends = 1.0 if band is None else max(1, band.epochs) / self.last

    def place(self, share: float, value: float) -> str:
        """Return the point for a share of all epochs and a finite value."""
        up = min(1.0, max(0.0, value / self.top))
        return f"{self.x + share * PANEL:.0f},{TOP + (1 - up) * TALL:.0f}"


def _top(loss: np.ndarray, upper: np.ndarray | None) -> float:
    """Return the largest loss that is drawn.

    A few huge losses at the start would make a flat line of all the rest; so would a band far
    above the line.
    """
    known = loss[np.isfinite(loss)]
    top = float(np.percentile(known, 98)) if known.size else 0.0
    above = upper[np.isfinite(upper)] if upper is not None else np.zeros(0)
    if above.size and top > 0:
        top = max(top, min(float(above.max()), 3 * top))
    return top if top > 0 else 1.0


def _panel(
    name: str,
    scale: Scale,
    series: list[tuple[np.ndarray, str]],
    edges: list[tuple[np.ndarray, str]],
) -> Panel:
    steps = (0.0, 0.5, 1.0)
    return Panel(
        x=scale.x,
        name=name,
        unit="epoch",
        across=tuple(Tick(round(scale.x + s * PANEL), _epochs(s * scale.last)) for s in steps),
        up=tuple(Tick(round(TOP + (1 - s) * TALL + 4), number(s * scale.top)) for s in steps),
        lines=tuple(Line(p, style) for each, style in series if (p := _points(each, scale))),
        bands=tuple(Line(p, style) for both, style in edges if (p := _outline(both, scale))),
    )


def _epochs(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


def _points(values: np.ndarray, scale: Scale) -> str | None:
    """Return the points of a line, thinned; nan and inf are left out."""
    chosen = np.unique(np.linspace(0, len(values) - 1, min(MOST, len(values))).astype(int))
    places = [(i / max(1, len(values) - 1), float(values[i])) for i in chosen]
    return " ".join(scale.place(at, up) for at, up in places if np.isfinite(up)) or None


def _outline(edges: np.ndarray, scale: Scale) -> str | None:
    """Return the points around a band, up to the end of the diagram; None if there is none."""
    ends = min(1.0, scale.band_ends)
    across = np.linspace(0.0, scale.band_ends, edges.shape[1]) if edges.shape[1] > 1 else [0.0]
    at = np.linspace(0.0, ends, min(EDGE, max(2, edges.shape[1])))
    low, high = (np.interp(at, across, edge) for edge in edges)  # beside a nan it is nan
    good = np.isfinite(low) & np.isfinite(high)
    if good.sum() < 2:
        return None
    there = [scale.place(s, v) for s, v in zip(at[good], high[good], strict=True)]
    back = [scale.place(s, v) for s, v in zip(at[good], low[good], strict=True)]
    return " ".join([*there, *reversed(back)])


def _beside(band: Band) -> str:
    """Return the range of the reference: "The reference, 5 seeds: training 0.96 to 0.98 ..."."""
    sentences = [
        f"{what} {_best(edges[0]) or '0.00'} to {_best(edges[1]) or '0.00'} at best"
        for what, edges in (("training", band.train), ("validation", band.val))
    ]
    epochs = count(band.epochs, "epoch")
    return f"The reference, {band.seeds} seeds, {epochs}: {', '.join(sentences)}."


def _words(training: Training) -> str:
    loss = training.loss_history[np.isfinite(training.loss_history)]
    sentences = []
    if loss.size:
        sentences.append(
            f"Loss of {len(training.loss_history):,} iterations: {number(float(loss[0]))} at "
            f"first, {number(float(loss[-1]))} at the end."
        )
    train, val = (_best(a) for a in (training.train_acc_history, training.val_acc_history))
    if train and val:
        sentences.append(
            f"Accuracy over {training.num_epochs:,} epochs: training {train} at best, validation "
            f"{val} at best."
        )
    return " ".join(sentences)


def _best(values: Iterable[float]) -> str:
    finite = [float(value) for value in values if np.isfinite(value)]
    return f"{max(finite):.2f}" if finite else ""
