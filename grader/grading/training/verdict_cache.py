"""What became of a training when it was repeated, kept with the runs of its notebook.

A verdict follows from what the notebook's runs told, from the code that repeats them, and from the
images. Whoever keeps it keeps it under the hash of all these, so one that is found is still right.
What only time decided is never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from grader.grading.training.extent import Extent
from grader.grading.training.form import Contradiction, Differs, OutOfTime, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.recompute import Refused
from grader.grading.training.replay import Code
from grader.types import Training

REFUSALS = {kind.__name__: kind for kind in (Contradiction, Differs, Unrepeatable, Refused)}


class Store(Protocol):
    """Keeps small answers on this machine, where nobody else may write."""

    def name(self, *parts: bytes) -> str:
        """Return the name of an answer that follows from these parts."""

    def recall(self, name: str) -> Mapping[str, Any] | None:
        """Return an answer, None unless it is there and whole."""

    def remember(self, name: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer; where that fails, all goes on."""


class VerdictCache:
    """The verdicts on the runs of one notebook."""

    def __init__(self, store: Store, runs: Sequence[Training], code: Code, images: Images) -> None:
        digest = hashlib.sha256()
        for path in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(path.read_bytes())
        own = replace(code.own, known=None)  # what it compiled to differs, and says nothing more
        _feed(digest, [code.reference(code.matched), code.matched, own, code.dropout_p, runs])
        self._store, self._common = store, digest.digest()
        self._images = images.name.encode()
        self._places = {id(run): place for place, run in enumerate(runs)}

    def verify(
        self, run: Training, extent: Extent, verify: Callable[[Training, Extent], Training]
    ) -> Training:
        """Return what `verify` says of a run, or said before. Raises what it raises, or raised."""
        asked = f"{self._places[id(run)]} {sorted(extent.best)} {extent.learned}".encode()
        name = self._store.name(self._common, self._images, asked)
        answer = self._store.recall(name)
        if answer is None:
            return self._new(name, run, extent, verify)
        if refusal := REFUSALS.get(str(answer["refused"])):
            raise refusal(answer["message"])
        stds = tuple(map(float, answer["stds"]))
        return replace(run, initial_weight_std=stds, num_epochs=int(answer["epochs"]))

    def _new(
        self, name: str, run: Training, extent: Extent, verify: Callable[..., Training]
    ) -> Training:
        try:
            known = verify(run, extent)
        except OutOfTime:
            raise
        except Refused as refused:
            answer = {"refused": type(refused).__name__, "message": str(refused)}
            self._store.remember(name, answer)
            raise
        found = {"stds": list(known.initial_weight_std), "epochs": known.num_epochs}
        self._store.remember(name, {"refused": "", **found})
        return known


def _feed(digest: Any, value: object) -> None:
    """Add a value to a digest: records, mappings, sequences, arrays and what is plain."""
    digest.update(f"{type(value).__name__} ".encode())
    if callable(value):
        return  # a state that was shown has the hash that stands beside it
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).data if value.size else b"")
    elif isinstance(value, bytes):
        digest.update(f"{len(value)} ".encode() + value)
    elif isinstance(value, Mapping):
        _feed(digest, sorted(value))
        for name in sorted(value):
            _feed(digest, value[name])
    elif isinstance(value, (tuple, list)):
        digest.update(f"{len(value)} ".encode())
        for one in value:
            _feed(digest, one)
    elif is_dataclass(value):
        for field in fields(value):
            _feed(digest, getattr(value, field.name))
    else:
        digest.update(f"{value!r} ".encode())
