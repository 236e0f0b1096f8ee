"""Arrays that come in pieces, kept on disk: a hundred networks would not fit beside the grader."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_BYTES = 768 * 1024**2  # of all arrays of one submission
MAX_NAMES = 200  # arrays of one run
MAX_NDIM = 4
FLOAT = np.dtype(np.float32)


class Spool:
    """A file without a name that holds float32 arrays one behind the other."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="backgrade-")
        self._run: dict[str, tuple[int, ...]] = {}  # shapes of the run at hand
        self._start = self._end = 0  # bytes of the file that this run takes

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, message: Mapping[str, Any], piece: np.ndarray | None) -> bool:
        """Take the next piece of an array; return whether it fits what came before.

        The pieces of an array must come one behind the other, with nothing between them.
        """
        name, shape = message.get("array"), message.get("shape")
        if not isinstance(name, str) or not isinstance(shape, list) or len(shape) > MAX_NDIM:
            return False
        if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
            return False
        this, begun = (name[:100], tuple(shape)), [*self._run.items()]
        if this[0] in self._run if self._is_whole() else this != begun[-1]:
            return False
        run = dict([*begun, this])
        if piece is None or piece.dtype != FLOAT or len(run) > MAX_NAMES:
            return False
        end = self._end + piece.nbytes
        if end > self._start + _bytes_of(run) or end > MAX_BYTES or _bytes_of(run) > MAX_BYTES:
            return False
        self._file.write(piece.tobytes())
        self._run, self._end = run, end
        return True

    def take(self) -> dict[str, np.ndarray] | None:
        """Return the arrays of one run and begin the next; None if one is not whole.

        They are views of one mapping: each mapping holds a descriptor, of which there are few.
        """
        self._file.flush()
        whole, run, start = self._is_whole(), self._run, self._start
        self._run, self._start = {}, self._end
        if not whole:
            return None
        ends = np.cumsum([0, *(math.prod(shape) for shape in run.values())])
        flat = np.zeros(0, FLOAT)  # of which no mapping can be made
        if ends[-1]:
            flat = np.memmap(self._file, FLOAT, "r", start, (int(ends[-1]),))
        pieces = np.split(flat, ends[1:-1])
        return {name: piece.reshape(shape) for (name, shape), piece in zip(run.items(), pieces)}

    def _is_whole(self) -> bool:
        return self._end - self._start == _bytes_of(self._run)


def _bytes_of(run: Mapping[str, tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in run.values()) * FLOAT.itemsize
