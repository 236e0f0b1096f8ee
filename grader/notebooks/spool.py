"""Arrays that come in pieces, kept on disk: a hundred networks would not fit beside the grader."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from types import TracebackType
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
        self._size = 0
        self._open: dict[str, tuple[int, tuple[int, ...], int]] = {}

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, say: Mapping[str, Any], piece: np.ndarray | None) -> bool:
        """Take the next piece of an array; say whether it fits what came before.

        The pieces of an array must come one behind the other, with nothing between them.
        """
        name, shape = say.get("array"), say.get("shape")
        if not isinstance(name, str) or not isinstance(shape, list) or len(shape) > MAX_NDIM:
            return False
        if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
            return False
        whole = math.prod(shape)
        if piece is None or piece.dtype != FLOAT or whole * FLOAT.itemsize > MAX_BYTES:
            return False
        start, known, filled = self._open.get(name[:100], (self._size, tuple(shape), 0))
        ends_here = start + filled * FLOAT.itemsize == self._size
        if known != tuple(shape) or filled + piece.size > whole or not ends_here:
            return False
        if self._size + piece.nbytes > MAX_BYTES or len(self._open) > MAX_NAMES:
            return False
        self._file.write(piece.tobytes())
        self._size += piece.nbytes
        self._open[name[:100]] = (start, known, filled + piece.size)
        return True

    def take(self) -> dict[str, np.ndarray] | None:
        """Return the arrays of one run and begin the next; None where one is not whole.

        They are views of one mapping: each mapping holds a descriptor, of which there are few.
        """
        self._file.flush()
        taken, self._open = self._open, {}
        if any(filled != math.prod(shape) for _, shape, filled in taken.values()):
            return None
        first = min((start for start, _, _ in taken.values()), default=self._size)
        if first == self._size:
            return {name: np.zeros(shape, FLOAT) for name, (_, shape, _) in taken.items()}
        whole = np.memmap(self._file, FLOAT, "r", first, ((self._size - first) // FLOAT.itemsize,))
        return {
            name: whole[at : at + filled].reshape(shape)
            for name, (start, shape, filled) in taken.items()
            for at in [(start - first) // FLOAT.itemsize]
        }
