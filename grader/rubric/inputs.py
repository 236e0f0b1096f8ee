"""Arrays by name: the inputs of every case, derived from a seed and described in one short string.

    "4x6"                 uniform on (-2, 2)
    "2x3x4 *1024"         the same, times 1024
    "5x3 *1/64 +8"        scaled, then shifted
    "6x5 positive"        uniform on (0, 4)
    "6x5 nonnegative"     about a quarter exact zeros (where a slope is a matter of convention)
    "6x5 strided"         the same numbers, handed over in a non-contiguous array (see `is_strided`)
    "7 labels=5"          int64 class labels 0..4, every class present if there is room
    "3 zeros", "3 ones"   constants
    "2x3 halves"          the smallest multiples of 1/2 but 0, each once: numbers to check by hand

Every other number is k/2048 times a power of two with k an odd integer, so it is exact in float32
and above, never 0 unless asked for, and the same on every NumPy, BLAS and processor: it comes from
SHAKE-256 of "seed/case/name", not from a random generator. Adding a case moves no other.
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
from fractions import Fraction

import numpy as np

from grader.errors import UsageError
from grader.types import Case

KINDS = ("positive", "nonnegative", "zeros", "ones", "halves")
SHAPE = re.compile(r"^(?:\d+(?:x\d+)*|scalar)$")
FACTOR = re.compile(r"^[*+](-?\d+(?:/\d+)?)$")
LABELS = re.compile(r"^labels=(\d+)$")
MAX_ELEMENTS = 2_000_000
MAX_AXES = 8


def make(description: str, key: str) -> np.ndarray:
    """Return the float64 (labels: int64) array that `description` names, drawn from `key`.

    Raises UsageError for a description that does not follow the grammar above.
    """
    shape, words = _parse(description)
    if classes := sum(map(_classes, words)):
        return _labels(shape, classes, key)
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


def of_case(case: Case, seed: str) -> dict[str, np.ndarray]:
    """Return the read-only arrays that go into a case, by argument name.

    Parts of a case ("item/name/part") have the same arrays under the same names.
    """
    whole = "/".join(case.id.split("/")[:2])
    made = {
        name: make(text, case_key(seed, whole, name, case.public))
        for name, text in case.inputs.items()
    }
    for array in made.values():
        array.flags.writeable = False
    return made


@functools.cache
def _parse(description: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return (shape, words) of a description that can be meant. Raises UsageError."""
    first, *words = description.split() or [""]
    if not SHAPE.match(first):
        raise UsageError(f"input {description!r}: start with a shape such as 4x6 or scalar")
    shape = () if first == "scalar" else tuple(int(n) for n in first.split("x"))
    if len(shape) > MAX_AXES or math.prod(max(n, 1) for n in shape) > MAX_ELEMENTS:
        limits = f"at most {MAX_AXES} axes and {MAX_ELEMENTS} numbers"
        raise UsageError(f"input {description!r}: {limits}")
    for word in words:
        if FACTOR.match(word):
            _dyadic(word[1:], description)
        elif word not in (*KINDS, "strided") and not _classes(word):
            known = f"{', '.join(KINDS)}, strided, labels=N, *FACTOR, +SHIFT"
            raise UsageError(f"input {description!r}: unknown word {word!r}; use one of {known}")
    kinds = [word for word in words if word in KINDS or _classes(word)]
    if len(kinds) > 1 or (kinds and _classes(kinds[0]) and len(words) > 1):
        raise UsageError(f"input {description!r}: {words[0]!r} and {words[1]!r} exclude each other")
    return shape, tuple(words)


def _classes(word: str) -> int:
    """Return N of "labels=N", 0 for any other word."""
    match = LABELS.match(word)
    return int(match.group(1)) if match else 0


def _dyadic(text: str, description: str) -> float:
    top, _, bottom = text.partition("/")
    value = Fraction(int(top), int(bottom or 1) or 3)
    if value.denominator & (value.denominator - 1) or Fraction(float(value)) != value:
        raise UsageError(f"input {description!r}: {text} is no power-of-two fraction")
    return float(value)


def _base(shape: tuple[int, ...], words: tuple[str, ...], key: str) -> np.ndarray:
    if "zeros" in words or "ones" in words:
        return np.full(shape, float("ones" in words))
    if "halves" in words:
        return _halves(shape, key)
    array = (2 * (_uint16(shape, key) >> 4) - 4095) / 2048.0  # odd integers in [-4095, 4095]
    if "positive" in words:
        array = array + 2.0
    if "nonnegative" in words:
        array = np.where(array < -1.0, 0.0, np.abs(array))
    return np.asarray(array)


def _halves(shape: tuple[int, ...], key: str) -> np.ndarray:
    """Return distinct multiples of 1/2, as near to 0 as their number allows, but -2..2 at least."""
    count = math.prod(shape)
    most = max(4, -(-count // 2))
    order = np.argsort(_uint16((2 * most,), key), kind="stable")[:count]
    return (np.where(order < most, order - most, order - most + 1) / 2.0).reshape(shape)


def _uint16(shape: tuple[int, ...], key: str) -> np.ndarray:
    raw = hashlib.shake_256(key.encode()).digest(2 * math.prod(shape))
    return np.frombuffer(raw, dtype="<u2").astype(np.int64).reshape(shape)


def _labels(shape: tuple[int, ...], classes: int, key: str) -> np.ndarray:
    order = np.argsort(_uint16((math.prod(shape),), key), kind="stable")
    return (order % classes).astype(np.int64).reshape(shape)
