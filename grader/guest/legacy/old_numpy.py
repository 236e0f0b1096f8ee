"""Give student code what NumPy accepted from 1.9 on and later dropped.

Names that are gone are given back to NumPy (old_names): nothing else is changed there, for the
probes use it too. Whatever else was dropped raises today. So code runs on NumPy as it is; only
where it stops with one of these errors it runs once more, with a NumPy of its own and operators
that do what they did (old_operators). Each time that matters is noted, with the student's line.

Left out, as no error shows it: since NumPy 2 a float32 number times a Python number stays
float32 (NEP 50), and comparing with None is done cell by cell. Left out, as the course's own first
year (NumPy 1.10) refused it: adding floats into an array of integers in place.
"""

from __future__ import annotations

import functools
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

Place = tuple[str, str, int]  # what was repaired, file, line

# Each row: the text of its note, the error of today, and whether only years up to 2017 accepted it.
ROWS: Mapping[str, tuple[str, str, bool]] = {
    "newshape": ("np.reshape(newshape=...) was read as the shape, as NumPy before 2.4 took it",
                 r"unexpected keyword argument 'newshape'", False),
    "sum": ("np.sum of a generator was taken as Python's sum, as NumPy before 2.4 did",
            r"Calling np\.sum\(generator\)", False),
    "stack": ("a generator of arrays was taken as a list of them, as NumPy before 1.24 did",
              r"arrays to stack must be passed as a", False),
    "ragged": ("rows of different lengths became an array of objects, as in NumPy before 1.24",
               r"inhomogeneous|setting an array element with a sequence", False),
    "empty": ("an empty array counted as False, as in NumPy before 2.2",
              r"truth value of an empty array", False),
    "scalar": ("an array with one number was taken for that number, as in NumPy before 2.4",
               r"only 0-dimensional arrays|setting an array element with a sequence", False),
    "equal": ("arrays whose shapes do not fit were compared as a whole, as in NumPy before 1.25",
              r"could not be broadcast together", False),
    "copy": ("copy=False was read as `copy where needed`, as NumPy before 2.0 read it",
             r"Unable to avoid copy", False),
    "method": ("a method of arrays was read as NumPy before 2.0 had it",
               r"ndarray' object has no attribute '(?:ptp|itemset|newbyteorder|tostring)'", False),
    "fromstring": ("np.fromstring read bytes, as in NumPy before 2.3",
                   r"binary mode of fromstring", False),
    "keyword": ("an argument was read under its older name",
                r"unexpected keyword argument '(?:interpolation|normed)'", False),
    "slices": ("a list of slices was taken as an index of several axes, as in NumPy before 1.23",
               r"only integers, slices", False),
    "negative": ("minus a mask was read as the opposite mask, as in NumPy before 1.13",
                 r"numpy boolean negative", True),
    "subtract": ("a mask minus a mask was read as where they differ, as in NumPy before 1.13",
                 r"numpy boolean subtract", True),
    "float": ("a size or index was given as a float, which NumPy before 1.12 rounded down",
              r"'float' object cannot be interpreted|or a single integer, got '|"
              r"only integers, slices|slice indices must be integers", True),
}  # fmt: skip


def is_dropped(reply: Mapping[str, Any], is_2017: bool) -> bool:
    """Say whether an exception may come from what older NumPy accepted.

    `reply` is that of observe.raised. `is_2017`: the files are of 2017 or earlier, when NumPy
    accepted even more.
    """
    if reply.get("outcome") != "raised" or not reply["frames"]:
        return False
    return any(
        (is_2017 or not only_then)
        and re.search(pattern, reply["message"])
        and (name != "equal" or re.search(r"[=!]=", reply["frames"][-1][3]))
        for name, (_, pattern, only_then) in ROWS.items()
    )


class Older:
    """NumPy and operators as they were, for the files `paths`; `places` is where that mattered."""

    def __init__(self, paths: Iterable[str], is_2017: bool) -> None:
        self.places: set[Place] = set()
        self._paths = frozenset(paths)
        self._is_2017 = is_2017

    def _note(self, row: str) -> bool:
        """Note the student's line that is being run; say whether the row holds for this year."""
        if ROWS[row][2] and not self._is_2017:
            return False
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename not in self._paths:
            frame = frame.f_back
        if frame is not None:
            self.places.add((row, frame.f_code.co_filename, frame.f_lineno))
        return True

    # -------------------------------------------------------------------------- operators

    def operators(self) -> dict[str, Any]:
        """Return what rewritten code calls, by the names in OldMeaning."""
        return {f"{name}_of_old_numpy": getattr(self, f"_{name}") for name in OPERATORS}

    def _truth(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.size == 0:
            self._note("empty")
            return False
        return value

    def _number(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim and value.size == 1:
            self._note("scalar")
            return value.reshape(())
        return value

    def _fitting(self, container: Any, value: Any) -> Any:
        is_cell = isinstance(container, np.ndarray) and container.dtype != object
        return self._number(value) if is_cell else value

    def _equality(self, one: Any, sign: str, other: Any) -> Any:
        try:
            return one == other if sign == "==" else one != other
        except ValueError:
            self._note("equal")
            return sign == "!="

    def _method(self, one: Any, name: str, *args: Any, **options: Any) -> Any:
        if not isinstance(one, np.ndarray) or hasattr(one, name):
            return getattr(one, name)(*args, **options)
        self._note("method")
        if name == "itemset":
            one[args[0] if len(args) > 1 else ...] = args[-1]
            return None
        if name == "newbyteorder":
            return one.view(one.dtype.newbyteorder(*args))
        return one.tobytes(*args) if name == "tostring" else np.ptp(one, *args, **options)

    def _negative(self, value: Any) -> Any:
        return ~value if _is_mask(value) and self._note("negative") else -value

    def _difference(self, one: Any, other: Any) -> Any:
        if _is_mask(one) and _is_mask(other) and self._note("subtract"):
            return one ^ other
        return one - other

    def _index(self, container: Any, index: Any) -> Any:
        if not isinstance(container, np.ndarray):
            return index
        whole = (slice, type(None), type(Ellipsis))
        if isinstance(index, list) and any(isinstance(one, whole) for one in index):
            self._note("slices")
            return tuple(index)
        return self._whole(index)

    def _whole(self, value: Any) -> Any:
        """Return a size or an index as whole numbers."""
        if isinstance(value, (tuple, list)):
            return type(value)([self._whole(one) for one in value])
        if isinstance(value, (float, np.floating)) and self._note("float"):
            return int(value)
        return value

    # -------------------------------------------------------------------------- functions

    def numpy(self) -> types.ModuleType:
        """Return NumPy with functions that take what they took; other names are its own."""
        facade = types.ModuleType("numpy", np.__doc__)
        facade.__dict__.update(np.__dict__)
        facade.__dict__["__getattr__"] = lambda name: getattr(np, name)
        for names, wrapped in (
            ("reshape", self._with_newshape), ("sum", self._with_generator),
            ("vstack hstack dstack column_stack stack row_stack", self._with_list),
            ("array asarray asanyarray copy", self._with_objects),
            ("percentile quantile nanpercentile nanquantile",
             functools.partial(self._renamed, "interpolation", "method")),
            ("histogram", functools.partial(self._renamed, "normed", "density")),
            ("fromstring", self._with_bytes),
            ("zeros ones empty full eye identity linspace tile", self._with_whole),
            ("negative", functools.partial(self._as_operator, self._negative)),
            ("subtract", functools.partial(self._as_operator, self._difference)),
        ):  # fmt: skip
            for name in names.split():
                if real := getattr(np, name, None):
                    setattr(facade, name, _wrapping(real, wrapped))
        return facade

    def _with_newshape(self, real: Any, a: Any, *args: Any, **options: Any) -> Any:
        if "newshape" in options:
            self._note("newshape")
            args = (options.pop("newshape"), *args)
        return real(a, *(self._whole(one) for one in args), **options)

    def _with_generator(self, real: Any, a: Any, *args: Any, **options: Any) -> Any:
        if isinstance(a, types.GeneratorType):
            self._note("sum")
            return sum(a)
        return real(a, *args, **options)

    def _with_list(self, real: Any, arrays: Any, *args: Any, **options: Any) -> Any:
        if isinstance(arrays, Iterator):
            self._note("stack")
            arrays = list(arrays)
        return real(arrays, *args, **options)

    def _with_objects(self, real: Any, a: Any, *args: Any, **options: Any) -> Any:
        if options.get("copy", True) is False:
            self._note("copy")
            options["copy"] = None
        try:
            return real(a, *args, **options)
        except ValueError as error:
            if args or "dtype" in options or "inhomogeneous" not in str(error):
                raise
            self._note("ragged")
            return np.array(a, dtype=object)  # as deep as the rows agree in their lengths

    def _renamed(self, old: str, new: str, real: Any, *args: Any, **options: Any) -> Any:
        if old in options:
            self._note("keyword")
            options[new] = options.pop(old)
        return real(*args, **options)

    def _with_bytes(
        self, real: Any, string: Any, dtype: Any = float, count: int = -1, sep: str = ""
    ) -> Any:
        if sep:
            return real(string, dtype, count, sep=sep)
        self._note("fromstring")
        data = string.encode("latin-1") if isinstance(string, str) else string
        return np.frombuffer(data, dtype, count).copy()

    def _with_whole(self, real: Any, *args: Any, **options: Any) -> Any:
        places = {"full": (0,), "linspace": (2,), "tile": (1,)}.get(real.__name__, (0, 1))
        taken = [self._whole(one) if n in places else one for n, one in enumerate(args)]
        if "shape" in options:
            options["shape"] = self._whole(options["shape"])
        return real(*taken, **options)

    def _as_operator(self, operator: Any, real: Any, *args: Any, **options: Any) -> Any:
        is_old = not options and self._is_2017 and all(_is_mask(one) for one in args)
        return operator(*args) if is_old else real(*args, **options)


def _wrapping(real: Any, wrapped: Any) -> Any:
    """Return a function that calls `wrapped(real, ...)`, under the name and text of `real`."""
    return functools.wraps(real)(lambda *args, **options: wrapped(real, *args, **options))


OPERATORS = ("truth", "number", "fitting", "equality", "method", "negative", "difference", "index")


def _is_mask(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.bool_)) and value.dtype == bool


def sentences(places: Iterable[Place]) -> list[str]:
    """Return the note on each repaired line, in the order of files and lines."""
    ordered = sorted(places, key=lambda place: (place[1], place[2], place[0]))
    return [f"{path}:{line}: {ROWS[row][0]}" for row, path, line in ordered]
