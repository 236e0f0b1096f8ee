"""A sweep: the accuracy that each run comes to, over the value of one setting.

Each normalization is a line of its own. Behind it is the band of the reference, as far as it has
such runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader.report.drawing import (
    MOST_LABELS,
    STYLES,
    Axis,
    Chart,
    Frame,
    Key,
    Label,
    Line,
    Mark,
    Panel,
    decades,
    rounded_up,
)
from grader.report.run_sets import SETTINGS, WITHOUT, RunSet
from grader.report.text import number
from grader.types import Trained

TRAIN, VAL = "accuracy on training images", "accuracy on validation images"
FEW = 6  # values that all get a tick
AIR = 0.06  # of a logarithmic axis that is free at both ends


@dataclass(frozen=True)
class Point:
    """A run: the value of its setting, its accuracy, and where the reference lies.

    `recomputed`: it was computed again, and nobody has to look at it.
    """

    at: float
    accuracy: float
    recomputed: bool
    low: float
    high: float


def draw(one: RunSet, trained: Sequence[Trained]) -> Chart | None:
    """Draw a sweep; None if no run has a value and an accuracy."""
    names = sorted(set(one.series), key=lambda name: (name == WITHOUT, name))[:STYLES]
    panels = []
    for what in (TRAIN, VAL):
        points = {name: _known(_points(one, trained, name, what)) for name in names}
        panels.append(_panel(what, one.over, points))
    if not any(panel.marks for panel in panels):
        return None
    legend = tuple(
        Key(style, name, tuple(run for run, each in zip(one.runs, one.series) if each == name))
        for style, name in enumerate(names, start=1)
    )
    return Chart(tuple(panels), legend, tuple(_notes(one, trained, panels)))


def _points(one: RunSet, trained: Sequence[Trained], series: str, what: str) -> Iterator[Point]:
    for index, at, name in zip(one.runs, one.values, one.series):
        run, training = trained[index], trained[index].training
        real = run.train_accuracy if what == TRAIN else run.val_accuracy
        told = training.train_acc_history if what == TRAIN else training.val_acc_history
        accuracy = max(map(float, told), default=math.nan) if real is None else real
        low, high = math.nan, math.nan
        if run.band is not None:
            edges = run.band.train[:, -1] if what == TRAIN else _best(run.band.val)
            low, high = float(edges[0]), float(edges[1])
        if name == series and at > 0 and math.isfinite(at) and math.isfinite(accuracy):
            yield Point(at, accuracy, real is not None and not run.doubt, low, high)


def _known(points: Iterable[Point]) -> list[Point]:
    """Return points in order, those that a run only tells of where there is no other."""
    found = sorted(points, key=lambda point: (point.at, not point.recomputed))
    real = {point.at for point in found if point.recomputed}
    return [point for point in found if point.recomputed or point.at not in real]


def _best(edges: np.ndarray) -> list[float]:
    return [max(filter(math.isfinite, map(float, edge)), default=math.nan) for edge in edges]


def _panel(what: str, over: str, series: dict[str, list[Point]]) -> Panel:
    every = [point for points in series.values() for point in points]
    values = sorted({point.at for point in every}) or [1.0]
    tops = [top for p in every for top in (p.accuracy, p.high) if math.isfinite(top)]
    free = max(1.2, (values[-1] / values[0]) ** AIR)
    across = Axis(values[0] / free, values[-1] * free, log=True)
    frame = Frame(across, Axis(0.0, min(1.0, rounded_up(max(tops, default=1.0)))))
    labelled = len(values) <= MOST_LABELS
    return Panel(
        name=what,
        unit=SETTINGS[over].axis,
        words=" ".join(map(_words, series, series.values())),
        across=frame.across(values if len(values) <= FEW else decades(across)),
        up=frame.up(),
        bands=tuple(_bands(frame, series)),
        lines=tuple(
            Line(frame.points(_line(points)), style)
            for style, points in enumerate(series.values(), start=1)
            if points
        ),
        marks=tuple(_marks(frame, series)),
        labels=tuple(_labels(frame, series)) if labelled else (),
    )


def _line(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return the best run for each value: the line goes through those."""
    found: dict[float, float] = {}
    for point in points:
        found[point.at] = max(point.accuracy, found.get(point.at, 0.0))
    return list(found.items())


def _bands(frame: Frame, series: dict[str, list[Point]]) -> Iterator[Line]:
    for style, points in enumerate(series.values(), start=1):
        known = {point.at: point for point in points if math.isfinite(point.low + point.high)}
        edges = (np.array([getattr(p, edge) for p in known.values()]) for edge in ("low", "high"))
        if known:
            yield Line(frame.outline(list(known), *edges), style)


def _marks(frame: Frame, series: dict[str, list[Point]]) -> Iterator[Mark]:
    for style, (name, points) in enumerate(series.items(), start=1):
        for point in points:
            title = f"{name}: {point.accuracy:.3f} at {number(point.at)}"
            place = frame.at(point.at, point.accuracy)
            yield Mark(*place, style, title, not point.recomputed)


def _labels(frame: Frame, series: dict[str, list[Point]]) -> Iterator[Label]:
    """Yield the values of the highest and the lowest line, above and below them."""
    lines = [dict(_line(points)) for points in series.values()]
    for at in sorted({at for line in lines for at in line}):
        there = sorted({line[at] for line in lines if at in line})
        x, top = frame.at(at, there[-1])
        yield Label(x, top - 8, f"{there[-1]:.2f}")
        if len(there) > 1:
            yield Label(x, frame.at(at, there[0])[1] + 17, f"{there[0]:.2f}")


def _words(name: str, points: Sequence[Point]) -> str:
    told = (f"{point.accuracy:.2f} at {number(point.at)}" for point in points)
    return f"{name}: {', '.join(told) or 'nothing'}."


def _notes(one: RunSet, trained: Sequence[Trained], panels: Sequence[Panel]) -> Iterator[str]:
    if any(mark.hollow for panel in panels for mark in panel.marks):
        yield "A hollow mark is what a run tells of: it could not be computed again or repeated."
    bands = [band for index in one.runs if (band := trained[index].band)]
    if bands:
        yield f"Shaded: where the reference lies, {bands[0].seeds} seeds each."
