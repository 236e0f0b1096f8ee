"""What one notebook tells of its training runs, frame by frame, checked for form.

Training runs are claims: nothing here says that one is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grader.notebooks.claims import training_of
from grader.notebooks.commits import Commits
from grader.notebooks.spool import Spool
from grader.types import Arrays, Training

MAX_RUNS = 400


@dataclass
class Transcript:
    """What one notebook has told so far; a message without its form is passed over."""

    spool: Spool
    trainings: list[Training] = field(default_factory=list)
    _settings: tuple[Mapping[str, Any], Arrays] | None = None

    def __post_init__(self) -> None:
        """Begin without commitments."""
        self._commits = Commits(self.spool)

    @property
    def abandoned(self) -> int:
        """Return how many trainings have begun, and told nothing at their end."""
        ended = {one.log.number for one in self.trainings if one.log is not None}
        return self._commits.begun - len(ended)

    def take(self, cell: int, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take one message of a cell."""
        if "commit" in message or "shown" in message:
            self._settings = None
            self._commits.take(message, arrays)
        elif isinstance(settings := message.get("settings"), dict):
            self._settings = (settings, arrays)
            self.spool.take()
        elif "array" in message:
            if not self.spool.add(message, arrays.get("piece")):
                self._settings = None
        elif "whole" in message:
            settings, self._settings = self._settings, None
            arrays = self.spool.take() or {}
            if settings and arrays and len(self.trainings) < MAX_RUNS:
                log = self._commits.of(message.get("run"))
                training = training_of(cell, *settings, arrays)
                self.trainings += [replace(training, log=log)] if training else []
