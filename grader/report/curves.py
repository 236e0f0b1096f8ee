"""Curves of one training run as SVG: loss on the left, accuracies on the right.

The picture carries its numbers in words too, for those who cannot see it, and its lines differ in
more than colour. A run takes about two kilobytes of the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from grader.report.text import number
from grader.types import Training

# The first diagram; the second lies SHIFT to the right. The frames stand in report.html.
LEFT, TOP, PANEL, TALL = 46, 12, 200, 130
SHIFT = 290
MOST = 72  # points of a line


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


@dataclass(frozen=True)
class Curves:
    """Both diagrams of a run, and what they show in words and numbers."""

    panels: tuple[Panel, ...]
    alt: str


def curves(training: Training) -> Curves | None:
    """Draw a run; None where it tells nothing that could be drawn."""
    loss = training.loss_history
    accuracies = (training.train_acc_history, training.val_acc_history)
    if not np.isfinite(loss).any() and not any(np.isfinite(a).any() for a in accuracies):
        return None
    last = max(1, training.num_epochs)
    panels = (
        _panel(LEFT, "loss", "iteration", len(loss), [(loss, "loss")]),
        _panel(LEFT + SHIFT, "accuracy", "epoch", last, list(zip(accuracies, ("train", "val"))), 1),
    )
    return Curves(panels, _words(training))


def _panel(
    x: int,
    name: str,
    unit: str,
    last: int,
    series: list[tuple[np.ndarray, str]],
    top: float | None = None,
) -> Panel:
    if top is None:
        # A few huge losses at the start would make a flat line of all the rest.
        known = [values[np.isfinite(values)] for values, _ in series]
        top = max((float(np.percentile(v, 98)) for v in known if v.size), default=1.0) or 1.0
    steps = (0.0, 0.5, 1.0)
    return Panel(
        x=x,
        name=name,
        unit=unit,
        across=tuple(Tick(round(x + share * PANEL), f"{share * last:,.0f}") for share in steps),
        up=tuple(Tick(round(TOP + (1 - share) * TALL + 4), number(share * top)) for share in steps),
        lines=tuple(
            Line(points, style)
            for values, style in series
            if (points := _points(values, x, top)) is not None
        ),
    )


def _points(values: np.ndarray, x: int, top: float) -> str | None:
    """Return the points of a line, thinned; what is no finite number is left out."""
    chosen = np.unique(np.linspace(0, len(values) - 1, min(MOST, len(values))).astype(int))
    places = [(i / max(1, len(values) - 1), float(values[i])) for i in chosen]
    kept = [(at, min(1.0, max(0.0, value / top))) for at, value in places if np.isfinite(value)]
    if not kept:
        return None
    return " ".join(f"{x + at * PANEL:.0f},{TOP + (1 - up) * TALL:.0f}" for at, up in kept)


def _words(training: Training) -> str:
    loss = training.loss_history[np.isfinite(training.loss_history)]
    said = []
    if loss.size:
        said.append(
            f"Loss of {len(training.loss_history):,} iterations: {number(float(loss[0]))} at "
            f"first, {number(float(loss[-1]))} at the end."
        )
    train, val = (_best(a) for a in (training.train_acc_history, training.val_acc_history))
    if train and val:
        said.append(
            f"Accuracy over {training.num_epochs:,} epochs: training {train} at best, validation "
            f"{val} at best."
        )
    return " ".join(said)


def _best(values: Iterable[float]) -> str:
    finite = [float(value) for value in values if np.isfinite(value)]
    return f"{max(finite):.2f}" if finite else ""
