"""Trainings of the reference, recorded without a box: what a notebook's child would have told."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from grader import resources
from grader.grading.training.images import Images
from grader.guest import training_log
from grader.guest.draws import Draws
from grader.notebooks.spool import Spool
from grader.notebooks.transcript import Transcript
from grader.types import Arrays


@contextmanager
def course() -> Iterator[Any]:
    """Import the reference as `cs231n`, alone; yield a function that imports a module of it."""
    folder = str(resources.home() / "reference")
    before = [name for name in sys.modules if name.partition(".")[0] == "cs231n"]
    assert not before, "cs231n is imported already"
    sys.path.insert(0, folder)
    try:
        yield lambda name: importlib.import_module(f"cs231n.{name}")
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "cs231n"]:
            del sys.modules[name]


class Tape:
    """Listens to runs as the driver does: `data` are the images as a notebook has them."""

    def __init__(self, spool: Spool, images: Images, asks: bool | None = None) -> None:
        self.transcript, self._images, self._asks = Transcript(spool), images, asks
        self._draws = Draws()
        self.frames: list[tuple[Mapping[str, Any], Arrays]] = []

    def watch(self, course: Any) -> None:
        """Watch the Solver, and know the training images again."""
        after = training_log.watch(self.answer, self.ask)
        after["solver"](course("solver"))
        data_utils = course("data_utils")
        data = self.data(len(self._images.labels("training")))
        data_utils.get_CIFAR10_data = lambda: data
        after["data_utils"](data_utils)
        data_utils.get_CIFAR10_data()

    def answer(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take a frame."""
        self.frames.append((message, arrays))
        self.transcript.take(1, message, arrays)

    def ask(self, message: Mapping[str, Any], arrays: Arrays) -> Mapping[str, Any]:
        """Take a frame, and say what was drawn."""
        reply = self._draws.reply(message) or {}
        if self._asks is not None:
            reply["asked"] = self._asks or message["commit"]["step"] < 2
        self.answer({**message, **reply}, arrays)
        return reply

    def data(self, count: int, validation: int | None = None) -> dict[str, np.ndarray]:
        """Return the first training images, and the validation images, as a notebook has them."""
        found = {}
        for split, name, many in (("training", "train", count), ("validation", "val", validation)):
            rows = np.arange(self._images.count(split) if many is None else many)
            pixels = self._images.pixels(split, rows).astype(np.float64) - self._images.mean
            found[f"X_{name}"] = pixels.reshape(-1, 3, 32, 32)
            found[f"y_{name}"] = self._images.labels(split)[rows]
        return found
