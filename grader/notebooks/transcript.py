"""What one notebook tells of its training runs, frame by frame, checked for form.

Training runs are claims: nothing here says that one is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.notebooks.claims import training_of
from grader.notebooks.spool import Spool
from grader.types import Arrays, Training

MAX_RUNS = 400


@dataclass
class Transcript:
    """What one notebook has told so far; a message without its form is passed over."""

    spool: Spool
    trainings: list[Training] = field(default_factory=list)
    _settings: tuple[Mapping[str, Any], Arrays] | None = None

    def take(self, cell: int, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take one message of a cell."""
        if isinstance(settings := message.get("settings"), dict):
            self._settings = (settings, arrays)
            self.spool.take()
        elif "array" in message:
            if not self.spool.add(message, arrays.get("piece")):
                self._settings = None
        elif "whole" in message:
            settings, self._settings = self._settings, None
            arrays = self.spool.take() or {}
            if settings and arrays and len(self.trainings) < MAX_RUNS:
                training = training_of(cell, *settings, arrays)
                self.trainings += [training] if training else []
