"""Record which numbers a student's lines make: each value once, with the line that made it first.

A value is an array or a number, in a variable, a dictionary, a tuple or a list, or returned. Five
numbers of each are kept, which tell it from others, whatever its shape. Only plain types are looked
at, so that no method of the student's is ever called; lines, values and their sizes are bounded.
Nothing is concluded here.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

# The columns of a step; `again` is 1 if the value was there before, and only its variable is new.
NUMBERS = ("file", "line", "again", "size", "sum", "absolute", "square", "ordered")
MOST_STEPS, MOST_LOOKS = 1_000, 20_000  # values that are kept, and that are looked at
TABLE = ":steps"  # the name under which a table travels: no output has it
LARGEST = 4_096  # numbers in an array that is looked at
MOST_VALUES, DEEPEST = 64, 2  # of one container, and containers in one another
SCALARS = (float, int, np.float64, np.float32, np.longdouble, np.int64)
ARRAY, CONTAINERS = np.ndarray, (dict, tuple, list)
_weights = 1.0 + np.arange(LARGEST) * 7 % 11  # exact, and in another order another sum
_array, _float64 = np.array, np.dtype(np.float64)  # bound before student code runs
_sum, _absolute, _dtype, _size = np.add.reduce, np.absolute, ARRAY.dtype.__get__, ARRAY.size.__get__


def fingerprint(value: Any) -> tuple[float, ...] | None:
    """Return (size, sum, sum of absolutes, of squares, of weighted numbers) of an array or number.

    None for anything else, and for numbers that are not finite.
    """
    if type(value) is ARRAY:
        if _dtype(value).kind not in "fiu" or not 0 < _size(value) <= LARGEST:
            return None
    elif type(value) not in SCALARS:
        return None
    try:
        flat = _array(value)
        flat = flat.ravel() if flat.dtype.kind == "f" else flat.astype(_float64).ravel()
    except (OverflowError, ValueError, TypeError):
        return None
    sums = (flat, _absolute(flat), flat * flat, flat * _weights[: flat.size])
    found = [float(_sum(one)) for one in sums]
    return (float(flat.size), *found) if all(map(math.isfinite, found)) else None


class Steps:
    """The steps of one case, in lines of the files `paths`: a value that is new, or that a variable
    is given.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = {path: number for number, path in enumerate(paths)}
        self._seen: set[tuple[Any, ...]] = set()
        self._steps: list[tuple[float, ...]] = []
        self._looks = 0

    def watch(self, function: Callable[[], Any]) -> Any:
        """Call a function; note what the student's lines below it make, if lines are watched."""
        if not self._files:
            return function()
        kept = sys.gettrace()
        sys.settrace(self._called)
        try:
            return function()
        finally:
            sys.settrace(kept)

    def table(self) -> np.ndarray:
        """Return a row of NUMBERS for each value, in the order in which they were made."""
        return np.array(self._steps, dtype=_float64).reshape(-1, len(NUMBERS))

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        """Note what a function is called with: the line that calls it made that."""
        code = frame.f_code
        if event != "call" or code.co_filename not in self._files or self._is_full():
            return None
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = {name: frame.f_locals[name] for name in names if name in frame.f_locals}
        caller = frame.f_back
        if caller is not None and caller.f_code.co_filename in self._files:
            self._note(caller.f_code, caller.f_lineno, {None: list(given.values())})
        self._note(code, 0, given)
        last = [code.co_firstlineno]

        def follow(frame: FrameType, event: str, result: Any) -> Any:
            if event == "exception":
                return follow
            self._note(code, last[0], frame.f_locals)
            if event == "return":
                self._note(code, last[0], {None: result})
            last[0] = frame.f_lineno
            return None if self._is_full() else follow

        return follow

    def _is_full(self) -> bool:
        return self._looks >= MOST_LOOKS or len(self._steps) >= MOST_STEPS

    def _note(self, code: CodeType, line: int, variables: Mapping[Any, Any]) -> None:
        """Note what of these is new; in line 0, only that it is known."""
        for name, variable in itertools.islice(variables.items(), MOST_VALUES):
            for value in values_in([variable]):
                self._looks += 1
                found = fingerprint(value)
                if found is None or self._is_full():
                    continue
                again = found in self._seen
                named = name is not None and value is variable
                if not again or named and (code, name, found) not in self._seen:
                    self._seen |= {found, (code, name, found)}
                    if line:
                        self._steps.append((self._files[code.co_filename], line, again, *found))


def values_in(values: Iterable[Any], depth: int = DEEPEST) -> Iterator[Any]:
    """Yield values, and in their place what is in a container."""
    for value in itertools.islice(values, MOST_VALUES):
        kind = type(value)
        if kind not in CONTAINERS:
            yield value
        elif depth:
            some = value.values() if kind is dict else value
            yield from values_in(list(itertools.islice(some, MOST_VALUES)), depth - 1)
