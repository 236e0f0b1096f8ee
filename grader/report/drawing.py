"""From numbers to places in a diagram, for those that the page draws itself as SVG.

A chart is one or more panels of one size with one legend. Its lines differ by colour, dashes and
the shape of their marks: the styles 1 to STYLES, which report.css and marks.html have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader.report.text import number

# Frame of a panel; the numbers of its viewBox are in chart.html.
LEFT, TOP, WIDE, TALL = 44, 26, 276, 216
STYLES = 6
MOST_LABELS = 9  # values of a sweep that stand beside their marks
ROOM = 30  # between the labels of two ticks


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: int
    text: str


@dataclass(frozen=True)
class Line:
    """A polyline, or the outline of a band."""

    points: str
    style: int


@dataclass(frozen=True)
class Mark:
    """A point of a line; `title` is what it says, a `hollow` one is only told of."""

    x: int
    y: int
    style: int
    title: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Label:
    """A value beside a mark."""

    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Panel:
    """One diagram: `name` is what goes up, `unit` what goes across, `words` all of it in words."""

    name: str
    unit: str
    words: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    bands: tuple[Line, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Key:
    """One entry of a legend; `runs` are the numbers of its runs in the report."""

    style: int
    text: str
    runs: tuple[int, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Chart:
    """All panels of a set of runs; `notes` are sentences below the legend."""

    panels: tuple[Panel, ...]
    legend: tuple[Key, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Axis:
    """A range of numbers, all positive if it is a logarithmic one."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Return how far along the axis a finite value is: 0 to 1, also for one beyond an end."""
        low, high = self._of(self.low), self._of(self.high)
        along = (self._of(value) - low) / (high - low) if high > low else 0.5
        return min(1.0, max(0.0, along))

    def _of(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.log else value


@dataclass(frozen=True)
class Frame:
    """The place of a panel between its two axes."""

    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Return the place of a point."""
        return (round(LEFT + self.x.share(x) * WIDE), round(TOP + (1 - self.y.share(y)) * TALL))

    def points(self, places: Iterable[tuple[float, float]]) -> str:
        """Return a polyline through what is finite."""
        finite = (at for at in places if all(map(math.isfinite, at)))
        return " ".join("{},{}".format(*self.at(x, y)) for x, y in finite)

    def outline(self, across: Sequence[float], low: np.ndarray, high: np.ndarray) -> str:
        """Return the outline of a band; one that has a single place is a narrow bar."""
        good = [i for i in range(len(across)) if math.isfinite(low[i]) and math.isfinite(high[i])]
        if len(good) == 1:
            x, top = self.at(across[good[0]], high[good[0]])
            _, bottom = self.at(across[good[0]], low[good[0]])
            return f"{x - 4},{top} {x + 4},{top} {x + 4},{bottom} {x - 4},{bottom}"
        there = [(across[i], float(high[i])) for i in good]
        back = [(across[i], float(low[i])) for i in reversed(good)]
        return self.points([*there, *back])

    def up(self) -> tuple[Tick, ...]:
        """Return the ticks of the axis that goes up, which begins at 0."""
        return tuple(Tick(self.at(self.x.low, v)[1], number(v)) for v in steps(self.y.high))

    def across(self, values: Iterable[float]) -> tuple[Tick, ...]:
        """Return ticks at these values, without those that there is no room for."""
        return tuple(self._apart([Tick(self.at(v, 0)[0], _short(v)) for v in values]))

    def _apart(self, ticks: Iterable[Tick]) -> Iterator[Tick]:
        free = 0
        for tick in ticks:
            if tick.at >= free:
                free = tick.at + max(ROOM, 7 * len(tick.text))
                yield tick


def rounded_up(value: float) -> float:
    """Return the end of an axis from 0 that holds a value: a whole number of steps."""
    if not math.isfinite(value) or value < 1e-300:
        return 1.0
    step = _step(value)
    return step * math.ceil(value / step - 1e-9)


def steps(high: float) -> list[float]:
    """Return round numbers from 0 to the end of an axis."""
    step = _step(high)
    return [step * i for i in range(1 + math.floor(high / step + 1e-9))]


def decades(axis: Axis) -> list[float]:
    """Return the powers of ten on a logarithmic axis."""
    low, high = (math.log10(end) for end in (axis.low, axis.high))
    return [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]


def _step(high: float) -> float:
    """Return the step of four to eight ticks: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(high))
    return next(power * part for part in (0.2, 0.5, 1.0, 2.0) if high <= 6 * power * part)


def _short(value: float) -> str:
    whole = value >= 100 or value == int(value)
    return f"{value:,.0f}" if whole and value < 1e6 else number(value)
