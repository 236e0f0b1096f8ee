"""States of training that wait on disk: each may have 32 MB, and there is memory for few."""

from __future__ import annotations

import numpy as np

from grader.box.folders import nameless_file
from grader.guest.training_state import State


class Aside:
    """One state, put aside into a file of its own until it is read. `size` are its bytes."""

    def __init__(self, state: State) -> None:
        self._file = nameless_file()
        self._layout = {name: (array.shape, array.dtype) for name, array in state.items()}
        for array in state.values():
            self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        self.size = self._file.tell()

    @property
    def state(self) -> State:
        """Return the state."""
        return self.read()

    def read(self) -> State:
        """Return the state, read anew."""
        self._file.seek(0)
        found = {}
        for name, (shape, dtype) in self._layout.items():
            found[name] = np.empty(shape, dtype)
            self._file.readinto(found[name].reshape(-1).view(np.uint8).data)  # type: ignore[attr-defined]
        return found
