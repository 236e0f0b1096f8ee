"""Trainings recorded without a box: the frames that a notebook's child would have told."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from grader import resources
from grader.grading.training.images import Images
from grader.guest import training_log
from grader.guest.draws import Draws
from grader.notebooks.spool import Spool
from grader.notebooks.transcript import Transcript
from grader.types import Arrays, Training

Course = Callable[[str], Any]


@contextmanager
def course(folder: Path, files: Mapping[str, bytes]) -> Iterator[Course]:
    """Lay out a submission with the given files; yield a function that imports a module of it."""
    given = {f"cs231n/{name}": data for name, data in resources.given_files().items()}
    for path, data in {**files, **given, "cs231n/__init__.py": b""}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    others = {name: sys.modules.pop(name) for name in _imported()}  # the reference's own tests
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield lambda name: importlib.import_module(f"cs231n.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in _imported():
            del sys.modules[name]
        sys.modules.update(others)


def _imported() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "cs231n"]


@contextmanager
def watched(course: Course, tape: Tape) -> Iterator[None]:
    """Let a tape listen to the Solver of a course, for a while."""
    solver, data_utils = course("solver"), course("data_utils")
    before = solver.Solver.train, solver.Solver._look, data_utils.get_CIFAR10_data
    tape.watch(course)
    try:
        yield
    finally:
        solver.Solver.train, solver.Solver._look, data_utils.get_CIFAR10_data = before


class Tape:
    """Listens to the runs of one notebook as the driver does.

    `asks` decides what is asked for, by the commitment; without it that is drawn.
    """

    def __init__(
        self, images: Images, spool: Spool, asks: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> None:
        self.images, self.transcript = images, Transcript(spool)
        self._draws, self._asks = Draws(), asks

    @property
    def runs(self) -> list[Training]:
        """The runs that have come to their end."""
        return self.transcript.trainings

    def watch(self, course: Course) -> None:
        """Watch the Solver, and know the training images again."""
        after = training_log.watch(self.answer, self.ask)
        after["solver"](course("solver"))
        data_utils = course("data_utils")
        every = self.data(self.images.count("training"))
        data_utils.get_CIFAR10_data = lambda: every
        after["data_utils"](data_utils)
        data_utils.get_CIFAR10_data()

    def answer(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take a frame."""
        self.transcript.take(1, message, arrays)

    def ask(self, message: Mapping[str, Any], arrays: Arrays) -> Mapping[str, Any]:
        """Take a frame, and say what was drawn."""
        reply = dict(self._draws.reply(message) or {})
        if self._asks is not None:
            reply["asked"] = self._asks(message["commit"])
        self.answer({**message, **reply}, arrays)
        return reply

    def data(self, count: int) -> dict[str, np.ndarray]:
        """Return the first training images, and the validation images, as a notebook has them."""
        rows = {
            "train": ("training", count),
            "val": ("validation", self.images.count("validation")),
        }
        found = {}
        for name, (split, many) in rows.items():
            pixels = self.images.pixels(split, np.arange(many)).astype(np.float64)  # type: ignore[arg-type]
            found[f"X_{name}"] = (pixels - self.images.mean).reshape(-1, 3, 32, 32)
            found[f"y_{name}"] = self.images.labels(split)[:many]  # type: ignore[arg-type]
        return found
