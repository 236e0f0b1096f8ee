"""The smallest case that fails, laid out: what goes in, what should come out, what came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.report.faults import Frame, frames
from grader.report.tables import SIDE, ArrayTable, differing, pair, table
from grader.report.text import one_line
from grader.types import Smallest

OPEN = 24  # numbers that go in; where there are more, they are folded


@dataclass(frozen=True)
class Small:
    """One small case; `got` is None if nothing of use came out: `message` has the reason."""

    message: str
    settings: str
    inputs: tuple[ArrayTable, ...]
    folded: bool
    expected: ArrayTable
    got: ArrayTable | None
    differ: str
    error: str
    error_message: str
    frames: tuple[Frame, ...]
    code: str

    @property
    def cells(self) -> int:
        """Return how many numbers are shown."""
        shown = (self.expected, *((self.got,) if self.got else ()), *self.inputs)
        return sum(one.cells for one in shown)


def make(smallest: Smallest | None) -> Small | None:
    """Lay out the smallest case of an item, if there is one."""
    if smallest is None:
        return None
    want, got, wrong, raised = smallest.expected, smallest.got, smallest.wrong, smallest.raised
    alone = table(smallest.output, want, None, 6, SIDE), None
    expected, yours = alone if got is None else pair(smallest.output, want, got, wrong, SIDE)
    return Small(
        message=one_line(smallest.message),
        settings=smallest.settings,
        inputs=tuple(table(name, a, None, 6, SIDE) for name, a in smallest.inputs.items()),
        folded=sum(int(np.size(array)) for array in smallest.inputs.values()) > OPEN,
        expected=expected,
        got=yours,
        differ=differing(wrong),
        error=raised.type if raised and raised.frames else "",
        error_message=raised.message if raised else "",
        frames=frames(raised) if raised else (),
        code=smallest.snippet,
    )
