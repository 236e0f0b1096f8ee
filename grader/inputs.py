"""Arrays by name: the inputs of every case, derived from a seed and described in one short string.

    "4x6"                 uniform on (-2, 2)
    "2x3x4 *1024"         the same, times 1024
    "5x3 *1/64 +8"        scaled, then shifted
    "6x5 positive"        uniform on (0, 4)
    "6x5 nonnegative"     about a quarter exact zeros (where a slope is a matter of convention)
    "6x5 strided"         the same numbers, handed over in a non-contiguous array (see `is_strided`)
    "7 labels=5"          int64 class labels 0..4, every class present if there is room
    "3 zeros", "3 ones"   constants

Every number is k/2048 times a power of two with k an odd integer, so it is exact in float32 and
above, never 0 unless asked for, and the same on every NumPy, BLAS and processor: it comes from
SHAKE-256 of "seed/case/name", not from a random generator. Adding a case moves no other.
"""

from __future__ import annotations

import hashlib
import math
import re
from fractions import Fraction

import numpy as np

from grader.errors import UsageError

WORDS = ("positive", "nonnegative", "strided", "zeros", "ones")
SHAPE = re.compile(r"^(?:\d+(?:x\d+)*|scalar)$")
FACTOR = re.compile(r"^[*+](-?\d+(?:/\d+)?)$")
LABELS = re.compile(r"^labels=(\d+)$")
MAX_ELEMENTS = 2_000_000


def make(description: str, key: str) -> np.ndarray:
    """Return the float64 (labels: int64) array that `description` names, drawn from `key`.

    Raises UsageError for a description that does not follow the grammar above.
    """
    shape, words = _parse(description)
    labels = next((m for w in words if (m := LABELS.match(w))), None)
    if labels:
        return _labels(shape, int(labels.group(1)), key)
    array = _base(shape, words, key)
    for word in words:
        if factor := FACTOR.match(word):
            value = _dyadic(factor.group(1), description)
            array = array * value if word[0] == "*" else array + value
    return np.asarray(array)


def is_strided(description: str) -> bool:
    """Say whether the worker hands this input over in a non-contiguous array."""
    return "strided" in _parse(description)[1]


def check(description: str) -> None:
    """Raise UsageError when `description` is not one that `make` understands."""
    _parse(description)


def case_key(seed: str, case_id: str, name: str, public: bool) -> str:
    """Return the key of one input: public cases do not depend on the instructor's seed."""
    return f"{'public' if public else seed}/{case_id}/{name}"


def _parse(description: str) -> tuple[tuple[int, ...], list[str]]:
    first, *words = description.split()[:12] or [""]
    if not SHAPE.match(first):
        raise UsageError(f"input {description!r}: start with a shape such as 4x6 or scalar")
    shape = () if first == "scalar" else tuple(int(n) for n in first.split("x"))
    if math.prod(shape) > MAX_ELEMENTS:
        raise UsageError(f"input {description!r}: at most {MAX_ELEMENTS} numbers")
    for word in words:
        if FACTOR.match(word):
            _dyadic(word[1:], description)
        elif word not in WORDS and not LABELS.match(word):
            raise UsageError(
                f"input {description!r}: unknown word {word!r}; use one of "
                f"{', '.join(WORDS)}, labels=N, *FACTOR, +SHIFT"
            )
    return shape, words


def _dyadic(text: str, description: str) -> float:
    value = Fraction(text)
    if value.denominator & (value.denominator - 1):
        raise UsageError(f"input {description!r}: {text} is no power-of-two fraction")
    return float(value)


def _base(shape: tuple[int, ...], words: list[str], key: str) -> np.ndarray:
    if "zeros" in words:
        return np.zeros(shape)
    if "ones" in words:
        return np.ones(shape)
    k = 2 * (_uint16(shape, key) >> 4) - 4095  # odd integers in [-4095, 4095]
    array = k / 2048.0
    if "positive" in words:
        array = array + 2.0
    if "nonnegative" in words:
        array = np.where(array < -1.0, 0.0, np.abs(array))
    return np.asarray(array)


def _uint16(shape: tuple[int, ...], key: str) -> np.ndarray:
    count = math.prod(shape)
    raw = hashlib.shake_256(key.encode()).digest(2 * count)
    return np.frombuffer(raw, dtype="<u2").astype(np.int64).reshape(shape)


def _labels(shape: tuple[int, ...], classes: int, key: str) -> np.ndarray:
    count = math.prod(shape)
    order = np.argsort(_uint16((count,), key), kind="stable")
    return (order % classes).astype(np.int64).reshape(shape)
