"""Arrays as small tables: a window of the cells that matter, with their indices and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.report.pictures import Picture, as_matrix, heat_map
from grader.report.text import count, number, shown
from grader.types import Comparison

SIDE = 8  # rows and columns of a table at most
SMALL = 64  # cells; larger arrays get a picture
_CODE_CELLS = 150
_DIGITS = (4, 6, 9, 12, 17)


@dataclass(frozen=True)
class TableCell:
    """One number."""

    text: str
    wrong: bool = False


@dataclass(frozen=True)
class ArrayTable:
    """A window of an array; `rows` are (index, cells) and `note` says what is left out."""

    name: str
    shape: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[TableCell, ...]], ...]
    note: str

    @property
    def cells(self) -> int:
        """Return how many numbers are shown."""
        return len(self.rows) * max(1, len(self.columns))


@dataclass(frozen=True)
class Example:
    """Expected beside got, for one output of one public check."""

    output: str
    expected: ArrayTable
    got: ArrayTable
    inputs: tuple[ArrayTable, ...]
    picture: Picture | None
    code: str
    differ: str

    @property
    def cells(self) -> int:
        """Return how many numbers are shown."""
        return sum(table.cells for table in (self.expected, self.got, *self.inputs))


def cells(comparison: Comparison) -> int:
    """Return how much there is to look at; the smallest example teaches best."""
    arrays = (comparison.expected, comparison.got, *comparison.inputs.values())
    return sum(int(np.size(array)) for array in arrays)


def example(comparison: Comparison, side: int = SIDE) -> Example:
    """Make the tables of a comparison, and the picture where the array is large."""
    want, got, wrong = comparison.expected, comparison.got, comparison.wrong
    expected, yours = pair(comparison.output, want, got, wrong, side)
    if wrong is not None and (wrong.shape != want.shape or got.size != want.size):
        wrong = None
    return Example(
        output=comparison.output,
        expected=expected,
        got=yours,
        inputs=tuple(
            table(key, each, None, 6, min(side, 6)) for key, each in comparison.inputs.items()
        ),
        picture=heat_map(comparison) if wrong is not None and wrong.size > SMALL else None,
        code=_code(comparison),
        differ=differing(wrong),
    )


def pair(
    name: str, want: np.ndarray, got: np.ndarray, wrong: np.ndarray | None, side: int
) -> tuple[ArrayTable, ArrayTable]:
    """Lay out expected and got, with as many digits as it takes to see them differ."""
    if wrong is not None and got.shape != want.shape and got.size == want.size:
        got = got.reshape(want.shape)  # an extra axis of length 1
    if wrong is None or wrong.shape != want.shape or got.shape != want.shape:
        wrong = None
    digits = _digits(want, got, wrong)
    if wrong is not None and wrong.any():  # what is right is so but for rounding: the same number
        got = np.where(wrong, got, want)
    return table(name, want, wrong, digits, side), table(name, got, wrong, digits, side)


def differing(wrong: np.ndarray | None) -> str:
    """Return how many cells differ, if there is more than one cell."""
    if wrong is None or wrong.size < 2:
        return ""
    return f"{int(wrong.sum()):,} of {count(wrong.size, 'cell')} differ"


def table(name: str, array: Any, wrong: np.ndarray | None, digits: int, side: int) -> ArrayTable:
    """Lay out a window of the array, with the first wrong cell in it."""
    array, name = np.asarray(array), shown(name, 40)
    if array.size == 0:
        return ArrayTable(name, _shape(array), (), (), "no numbers in it")
    matrix = as_matrix(array)
    marks = np.zeros(matrix.shape, bool) if wrong is None else as_matrix(wrong)
    top, left = _corner(marks, side)
    window, marked = (a[top : top + side, left : left + side] for a in (matrix, marks))
    labels = [_label(array.shape, top + row) for row in range(window.shape[0])]
    rows = tuple(
        (label, tuple(TableCell(_text(v, digits), bool(m)) for v, m in zip(line, bad, strict=True)))
        for label, line, bad in zip(labels, window, marked, strict=True)
    )
    columns = tuple(str(left + column) for column in range(window.shape[1] if array.ndim else 0))
    return ArrayTable(name, _shape(array), columns, rows, _left_out(matrix.shape, window.shape))


def _corner(marks: np.ndarray, side: int) -> tuple[int, int]:
    """Choose where the window begins: at the start, unless all wrong cells are outside."""
    if not marks.any() or marks[:side, :side].any():
        return 0, 0
    top, left = (
        max(0, min(at - side // 2, size - side)) if at >= side else 0
        for at, size in zip(map(int, np.argwhere(marks)[0]), marks.shape, strict=True)
    )
    return top, left


def _label(shape: Sequence[int], row: int) -> str:
    """Name a row by its indices: "2", or "1, 0" where several axes go down."""
    at = np.unravel_index(row, tuple(shape[:-1])) if len(shape) > 1 else ()
    return ", ".join(str(int(i)) for i in at)


def _shape(array: np.ndarray) -> str:
    axes = ", the last axis across, the others down" if array.ndim > 2 else ""
    return f"shape {array.shape}{axes}" if array.ndim else "one number"


def _left_out(whole: Sequence[int], window: Sequence[int]) -> str:
    rows, columns = (a - b for a, b in zip(whole, window, strict=True))
    more = [count(rows, "more row")] * (rows > 0) + [count(columns, "more column")] * (columns > 0)
    return f"… {' and '.join(more)}" if more else ""


def _digits(want: np.ndarray, got: np.ndarray, wrong: np.ndarray | None) -> int:
    """Choose as many digits as it takes to see the difference in every cell that differs."""
    if wrong is None or not wrong.any():
        return _DIGITS[1]
    pairs = list(zip(want[wrong].flat[:SMALL], got[wrong].flat[:SMALL], strict=True))
    enough = (d for d in _DIGITS if all(_text(a, d) != _text(b, d) for a, b in pairs))
    return next(enough, _DIGITS[-1])


def _text(value: Any, digits: int) -> str:
    is_float = isinstance(value, np.floating)
    return number(float(value), digits) if is_float else shown(str(value), 24)


def _code(comparison: Comparison) -> str:
    """Write the example as Python that can be pasted; "" where it would be long."""
    named = {**comparison.inputs, f"expected_{comparison.output}": comparison.expected}
    if cells(comparison) > _CODE_CELLS or not all(name.isidentifier() for name in named):
        return ""
    lines = [f"{name} = np.array({_literal(np.asarray(each))})" for name, each in named.items()]
    return "\n".join(["import numpy as np", "", *lines])


def _literal(array: np.ndarray) -> str:
    text = repr(array.tolist()) if array.size else f"[]).reshape({array.shape}"
    return text.replace("nan", "np.nan").replace("inf", "np.inf")
