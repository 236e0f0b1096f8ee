"""What came out of one notebook, message by message: cells and training runs, checked for form.

Text and pictures are evidence, training runs are claims: nothing here says that one is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.box.evidence import raised_of
from grader.notebooks import png
from grader.notebooks.claims import training_of
from grader.notebooks.spool import Spool
from grader.types import Arrays, Cell, Training

MAX_TEXT = 8_000  # characters of what one cell printed
MAX_RUNS = 400
MAX_IMAGES = 20  # of one cell


@dataclass
class Transcript:
    """What one notebook has sent so far; a message without its form is passed over."""

    name: str
    sources: Mapping[int, str]
    files: Mapping[str, bytes]
    spool: Spool
    ended: dict[int, Cell] = field(default_factory=dict)
    current: int | None = None
    began: int = 0
    interrupted: bool = False
    trainings: list[Training] = field(default_factory=list)
    _settings: tuple[Mapping[str, Any], Arrays] | None = None

    def take(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take one message."""
        if "began" in message:
            number = message["began"]
            self.current = number if type(number) is int and number in self.sources else None
            self.began += 1
        elif "ended" in message:
            self._end(message, arrays)
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
                training = training_of(self.current or 0, *settings, arrays)
                self.trainings += [training] if training else []

    def _end(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        number = self.current
        self.interrupted |= bool(message.get("interrupted"))
        if number is None or message["ended"] != number or number in self.ended:
            return
        outcome = "ran" if message.get("outcome") == "ran" else "failed"
        if message.get("interrupted") and outcome == "failed":
            outcome = "timeout"
        places = {f"{self.name}, cell {n}": text.encode() for n, text in self.sources.items()}
        images = [png.checked(array.tobytes()) for array in list(arrays.values())[:MAX_IMAGES]]
        text = message.get("text")
        self.ended[number] = Cell(
            number=number,
            source=self.sources[number],
            outcome=outcome,  # type: ignore[arg-type]
            text=text[:MAX_TEXT] if isinstance(text, str) else "",
            images=tuple(image for image in images if image),
            raised=raised_of(message, {**self.files, **places}) if outcome == "failed" else None,
            wall_s=float(message["wall_s"]),
        )
