"""Where an array is wrong, as a picture: one pixel a cell, a few hundred bytes, no library.

The image is an indexed PNG made with zlib and put into the page as a data: URI. Pale cells are
right; the darker a cell, the larger its error, a shade for every few powers of ten.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from grader.report.text import count, index, number
from grader.types import Comparison

WORST = 3  # cells that are named
MOST = 96  # pixels a side; larger arrays show the worst cell of each block
# The colour of a cell that is right, then the shades, each at least 3:1 against it.
_PALETTE = bytes.fromhex("ECEFF3 C95A1E B54127 982B34 741A3C 4C103B 220A2A")
_LAST = len(_PALETTE) // 3 - 2  # number of the darkest shade


@dataclass(frozen=True)
class Picture:
    """An image for the page; `alt` says in words and numbers what it shows."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str


def heat_map(comparison: Comparison) -> Picture | None:
    """Draw the errors of an array; None if shapes differ or there is nothing to draw."""
    if comparison.wrong is None or comparison.expected.size == 0:
        return None
    wrong = as_matrix(np.asarray(comparison.wrong, dtype=bool))
    errors = as_matrix(_errors(comparison))
    levels = np.where(wrong, 1 + _shade(errors, wrong), 0).astype(np.uint8)
    tall, wide = (-(-side // MOST) for side in levels.shape)
    levels = _blocks(levels, tall, wide)
    height, width = levels.shape
    zoom = max(1, min(10, 400 // width, 260 // height))
    caption = "Pale cells are right; the darker a cell, the larger its error."
    if tall * wide > 1:
        caption += f" One dot is the worst of {tall} × {wide} cells."
    uri = "data:image/png;base64," + base64.b64encode(png(levels)).decode("ascii")
    alt = _words(comparison, wrong, errors)
    return Picture(uri, width * zoom, max(height * zoom, 14), alt, caption)


def as_matrix(array: np.ndarray) -> np.ndarray:
    """Return the array in two axes: the last one across, all others down."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def png(levels: np.ndarray) -> bytes:
    """Write a matrix of palette numbers as a PNG."""
    height, width = levels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with filter 0
    rows[:, 1:] = levels
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", _PALETTE),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _errors(comparison: Comparison) -> np.ndarray:
    """Return the error of each cell over the array's scale; infinite for nan."""
    expected = np.asarray(comparison.expected, dtype=np.float64)
    with np.errstate(all="ignore"):
        got = np.asarray(comparison.got).real.astype(np.float64).reshape(expected.shape)
        errors = np.abs(got - expected) / (np.max(np.abs(expected)) or 1.0)
    return np.where(np.isnan(errors), np.inf, errors)


def _shade(errors: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Number the shades by the logarithm of the error, over at most twelve powers of ten."""
    finite = errors[wrong & np.isfinite(errors) & (errors > 0)]
    high = np.log10(finite.max()) if finite.size else 0.0
    low = max(np.log10(finite.min()), high - 12) if finite.size else 0.0
    with np.errstate(all="ignore"):
        height = (np.log10(errors) - low) / max(high - low, 1e-9)
        shade = np.clip(height, 0, 1) * (_LAST - 1)
        return np.where(np.isfinite(errors), shade, _LAST).astype(int)


def _blocks(levels: np.ndarray, tall: int, wide: int) -> np.ndarray:
    height, width = levels.shape
    padded = np.pad(levels, ((0, -height % tall), (0, -width % wide)))
    rows = padded.reshape(padded.shape[0] // tall, tall, padded.shape[1] // wide, wide)
    return np.asarray(rows.max(axis=(1, 3)))


def _words(comparison: Comparison, wrong: np.ndarray, errors: np.ndarray) -> str:
    rows, columns = int(wrong.any(axis=1).sum()), int(wrong.any(axis=0).sum())
    sentence = (
        f"{int(wrong.sum()):,} of {count(wrong.size, 'cell')} of {comparison.output} differ, "
        f"in {rows:,} of {count(wrong.shape[0], 'row')} "
        f"and {columns:,} of {count(wrong.shape[1], 'column')}"
    )
    shown = np.where(wrong, errors, -1.0)
    if not shown.max(initial=-1.0) > 0:
        return sentence + "."
    worst = np.argsort(-shown, axis=None, kind="stable")[:WORST]
    cells = [
        f"{comparison.output}{index([int(i) for i in at])} {_size(float(shown.flat[flat]))}"
        for flat in worst
        if shown.flat[flat] > 0
        for at in [np.unravel_index(int(flat), comparison.expected.shape)]
    ]
    return f"{sentence}. The worst: {'; '.join(cells)}."


def _size(error: float) -> str:
    return "is no finite number" if np.isinf(error) else f"has error {number(error)}"
