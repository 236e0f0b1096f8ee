"""Arrays that come in pieces, kept on disk: a hundred networks would not fit beside the grader."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.box.folders import nameless_file

MAX_BYTES = 2048 * 1024**2  # of all arrays of one submission
MAX_NAMES = 2000  # arrays of one run, or of one state of it
MAX_NDIM = 4
FLOAT = np.dtype(np.float32)
KINDS = (FLOAT, np.dtype(np.float64), np.dtype(np.int64))
Layout = tuple[tuple[int, ...], np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array begins in the file, and what it is."""

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Kept:
    """Arrays in the file, read when they are called for."""

    file: Any
    layout: Mapping[str, Place]

    def __call__(self) -> dict[str, np.ndarray]:
        """Return the arrays."""
        found = {}
        for name, place in self.layout.items():
            found[name] = array = np.empty(place.shape, place.dtype)
            view, start = array.reshape(-1).view(np.uint8).data, place.start
            while view:
                done = os.preadv(self.file.fileno(), [view], start)
                if not done:
                    raise OSError("a file of ours that ends too early")
                view, start = view[done:], start + done
        return found


class Mapped(Mapping[str, np.ndarray]):
    """The float32 arrays of one run, mapped from the file while one of them is in use.

    Pages that were read count as memory of this process: so nothing is mapped for longer. They are
    views of one mapping, for each mapping holds a descriptor, of which there are few.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._start = min((place.start for place in kept.layout.values()), default=0)
        self._count = sum(math.prod(place.shape) for place in kept.layout.values())
        self._flat: Any = lambda: None

    def __getitem__(self, name: str) -> np.ndarray:
        """Return one array, read-only."""
        place = self._kept.layout[name]
        if (flat := self._flat()) is None:
            flat = np.zeros(0, FLOAT)  # of which no mapping can be made
            if self._count:
                flat = np.memmap(self._kept.file, FLOAT, "r", self._start, (self._count,))
            self._flat = weakref.ref(flat)
        first = (place.start - self._start) // FLOAT.itemsize
        array: np.ndarray = flat[first : first + math.prod(place.shape)].reshape(place.shape)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept.layout)

    def __len__(self) -> int:
        return len(self._kept.layout)


class Spool:
    """A file without a name that holds arrays one behind the other."""

    def __init__(self) -> None:
        self._file = nameless_file()
        self._run: dict[str, Layout] = {}  # of the run, or the state, at hand
        self._due = 0  # bytes that they have when they are whole
        self._start = self._end = 0  # bytes of the file that it takes
        self.is_full = False  # whether something was refused for want of room

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what still waits to be written belongs to nothing that is kept
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
        if piece is None or piece.dtype not in KINDS:
            return False
        name, layout = name[:100], (tuple(shape), piece.dtype)
        is_next = self._is_whole()
        if name in self._run if is_next else (name, layout) != next(reversed(self._run.items())):
            return False
        due = self._due + (math.prod(shape) * piece.dtype.itemsize if is_next else 0)
        end = self._end + piece.nbytes
        if end > self._start + due:
            return False
        if max(end, self._start + due) > MAX_BYTES:
            self.is_full = True
            return False
        if len(self._run) + is_next > MAX_NAMES:
            return False
        self._file.write(np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data)
        self._run[name], self._due, self._end = layout, due, end
        return True

    def add_all(self, arrays: Mapping[str, np.ndarray]) -> bool:
        """Take whole arrays, one behind the other; return whether all fit."""
        return all(
            self.add({"array": name, "shape": list(array.shape)}, array.reshape(-1))
            for name, array in arrays.items()
        )

    def keep(self) -> Kept | None:
        """Return the arrays at hand, to be read later, and begin the next; None unless whole."""
        self._file.flush()
        whole, layout, start = self._is_whole(), dict[str, Place](), self._start
        for name, (shape, dtype) in self._run.items():
            layout[name] = place = Place(start, shape, dtype)
            start += place.nbytes
        self._run, self._due, self._start = {}, 0, self._end
        return Kept(self._file, layout) if whole else None

    def take(self) -> Mapped | None:
        """Return the float32 arrays of one run and begin the next; None unless all are whole."""
        kept = self.keep()
        if kept is None or any(p.dtype != FLOAT for p in kept.layout.values()):
            return None
        return Mapped(kept)

    def _is_whole(self) -> bool:
        return self._end - self._start == self._due
