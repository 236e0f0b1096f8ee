"""What one notebook tells of its training runs, frame by frame, checked for form.

Training runs are claims: nothing here says that one is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grader.notebooks.claims import training_of
from grader.notebooks.commits import Commits
from grader.notebooks.outputs import Budget
from grader.notebooks.spool import Spool
from grader.types import Arrays, Training

MAX_RUNS = 1_000
CURVES = 16 * 1024**2  # bytes of curves, and of rows that differ, of one submission


@dataclass
class Transcript:
    """What one notebook has told so far; a message without its form is passed over."""

    spool: Spool
    budget: Budget = field(default_factory=lambda: Budget(CURVES, CURVES))
    trainings: list[Training] = field(default_factory=list)
    left_out: int = 0  # trainings that ended, and for which there was no room
    _settings: tuple[Mapping[str, Any], Arrays] | None = None
    _rows: np.ndarray | None = None
    _has_room: bool = True  # for the curves of the run at hand

    def __post_init__(self) -> None:
        """Begin without commitments."""
        self._commits = Commits(self.spool)

    @property
    def abandoned(self) -> int:
        """Return how many trainings have begun, and told nothing at their end."""
        ended = {one.log.number for one in self.trainings if one.log is not None}
        return self._commits.begun - len(ended)

    @property
    def committing_s(self) -> float:
        """Return the CPU time that committing and showing took."""
        return self._commits.cpu_s

    def take(self, cell: int, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take one message of a cell."""
        if "commit" in message or "shown" in message:
            self._settings = None
            self._commits.take(message, arrays)
        elif isinstance(settings := message.get("settings"), dict):
            kept = self._bounded(arrays)
            self._has_room = kept is not None
            self._settings = None if kept is None else (settings, kept)
            self.spool.take()
            self._commits.took(message.get("cpu_s"))
        elif "array" in message:
            if not self.spool.add(message, arrays.get("piece")):
                self._settings = None
        elif "few" in message:
            if not self.spool.add_all(arrays):
                self._settings = None
        elif "whole" in message:
            settings, self._settings = self._settings, None
            arrays = self.spool.take() or {}
            full = not self._has_room or (self.spool.is_full and not arrays)
            if full or len(self.trainings) >= MAX_RUNS:
                self.left_out += 1
            elif settings and arrays:
                log = self._commits.of(message.get("run"))
                training = training_of(cell, *settings, arrays)
                self.trainings += [replace(training, log=log)] if training else []

    def _bounded(self, arrays: Arrays) -> Arrays | None:
        """Return what comes with the settings of a run, if there is room for it.

        Most runs are trained on the same rows as the one before: these are kept once.
        """
        rows, last = arrays.get("rows"), self._rows
        if rows is not None and last is not None and np.array_equal(rows, last):
            arrays = {**arrays, "rows": last}
        new = [array.nbytes for array in arrays.values() if array is not last]
        if not self.budget.take(sum(new)):
            return None
        self._rows = arrays.get("rows")
        return arrays
