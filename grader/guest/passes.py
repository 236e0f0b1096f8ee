"""Count what a backward pass asks of the functions that its forward pass runs.

A backward pass that works out its formula calls none of them, or its forward pass once. One that
tries its forward pass out calls it often, or once on very much, or on complex numbers. Only calls
of the student's own functions are counted, and nothing is concluded here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import CodeType, FrameType
from typing import Any

import numpy as np

from grader.guest.operations import forward_of

MOST = 50  # functions that are counted
_size = np.ndarray.size.__get__  # bound before student code runs
_dtype = np.ndarray.dtype.__get__
Count = list[int]  # calls, numbers in the arrays handed over, calls with complex numbers


class Passes:
    """The calls of one case: by function, in forward passes and in backward passes."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = paths
        self._forward: dict[CodeType, Count] = {}
        self._backward: dict[CodeType, Count] = {}

    def run(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function of the assignment, and count what it calls."""
        counted = self._backward if forward_of(name) else self._forward
        kept, paths = sys.getprofile(), self._paths

        def note(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and frame.f_code.co_filename in paths:
                self._note(frame, counted)

        sys.setprofile(note)
        try:
            return function(*args, **kwargs)
        finally:
            sys.setprofile(kept)

    def counts(self) -> list[list[Any]]:
        """Return [function, its counts in backward passes, those in forward passes] of what ran in
        both.
        """
        both = [code for code in self._backward if code in self._forward]
        return [[code.co_name, self._backward[code], self._forward[code]] for code in both]

    def _note(self, frame: FrameType, counted: dict[CodeType, Count]) -> None:
        code = frame.f_code
        if code in counted or len(counted) < MOST:
            count = counted.setdefault(code, [0, 0, 0])
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            given = [frame.f_locals[name] for name in names if name in frame.f_locals]
            arrays = [one for one in given if issubclass(type(one), np.ndarray)]
            count[0] += 1
            count[1] += sum(map(_size, arrays))
            count[2] += any(_dtype(array).kind == "c" for array in arrays)
