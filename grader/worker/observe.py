"""One case: call the probe, turn what comes back into plain arrays, name what went wrong.

Everything here runs in the child beside student code; it only ever reports what happened. Whether
that is right is decided elsewhere.
"""

from __future__ import annotations

import importlib
import random
import sys
import traceback
import warnings
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.probes.nn import BadReturn, Implementation, Missing, NotWritten
from grader.worker.modules import still_none

MAX_ANSWER = 32 * 1024 * 1024  # bytes of all arrays of one case
MAX_MESSAGE = 500
MAX_TEXT = 4_000
MAX_FRAMES = 12
Found = tuple[dict[str, Any], dict[str, np.ndarray]]


class BoundedText:
    """A stdout that keeps the first characters and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._room = MAX_TEXT
        self.dropped = 0
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        part = text[: self._room]
        if part:
            self._kept.append(str(part))
            self._room -= len(part)
        self.dropped += len(text) - len(part)
        return len(text)

    def flush(self) -> None:
        """There is nothing behind it to flush to."""

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def text(self) -> str:
        """Return what was kept, with a note on what was not."""
        more = f"\n... {self.dropped:,} more characters" if self.dropped else ""
        return "".join(self._kept) + more


def observe(
    nn: Implementation,
    case: Mapping[str, Any],
    inputs: dict[str, np.ndarray],
    texts: Mapping[str, str],
) -> Found:
    """Run one case; return (what happened, arrays). Never raises for what a student did.

    `case` has id, probe, options and strided (names of inputs to hand over non-contiguous);
    `texts` maps the paths of the student's files to their text, for the lines of an exception.
    """
    random.seed(case["id"])
    np.random.seed(zlib.crc32(case["id"].encode()))
    sink = BoundedText()
    sys.stdout = sys.stderr = sink
    handed = {
        name: strided(array) if name in case["strided"] else array.copy()
        for name, array in inputs.items()
    }
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outputs = probe(case["probe"])(nn, **handed, **case["options"])
        say, arrays = _plain(outputs)
    except BaseException as error:  # noqa: BLE001 - a student may raise anything
        say, arrays = raised(error, texts), {}
    say["mutated"] = [name for name, array in handed.items() if not _same(array, inputs[name])]
    say["text"] = sink.text()
    return say, arrays


def probe(dotted: str) -> Any:
    """Return the probe "module.function" of grader.probes."""
    module, _, function = dotted.partition(".")
    return getattr(importlib.import_module(f"grader.probes.{module}"), function)


def strided(array: np.ndarray) -> np.ndarray:
    """Return equal numbers as every second element of a larger, Fortran-ordered array."""
    room = np.zeros(tuple(2 * n for n in array.shape), dtype=array.dtype, order="F")
    view = room[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def raised(error: BaseException, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person needs to know of an exception: the student's own frames, no other."""
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename
        if path in texts:
            lines = texts[path].splitlines()
            source = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
            frames.append([path, line, frame.f_code.co_name, source])
    say: dict[str, Any] = {
        "outcome": "raised",
        "type": type(error).__name__[:80],
        "message": _text_of(error),
        "frames": frames[:2] + frames[2:][-(MAX_FRAMES - 2) :],
    }
    if isinstance(error, SyntaxError) and error.lineno:
        say["frames"].append([error.filename or "", error.lineno, "", (error.text or "").strip()])
    if isinstance(error, (NotWritten, NotImplementedError)):
        say["outcome"] = "not_written"
    elif isinstance(error, Missing):
        say["outcome"] = "missing"
    elif isinstance(error, MemoryError):
        say["outcome"] = "memory"
    elif isinstance(error, BadReturn):
        say["type"] = "ReturnValue"
    elif "NoneType" in say["message"] and frames:
        path, function = str(frames[-1][0]), str(frames[-1][2])
        if still_none(texts[path], function):
            say["outcome"] = "not_written"
    return say


def _plain(outputs: Mapping[str, Any]) -> Found:
    """Return outputs as arrays of whitelisted dtypes; name those that are none in `refused`."""
    arrays: dict[str, np.ndarray] = {}
    dtypes: dict[str, str] = {}
    refused: dict[str, str] = {}
    room = MAX_ANSWER
    for name, value in outputs.items():
        if value is None:
            refused[name] = "None"
            continue
        try:
            array = np.asarray(value)
        except (ValueError, TypeError) as error:
            refused[name] = f"a {type(value).__name__} that is no array ({_text_of(error)[:100]})"
            continue
        dtypes[name] = str(array.dtype)
        room -= array.size * array.itemsize
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8 or array.dtype == np.float16:
            refused[name] = f"an array of dtype {array.dtype}"
        elif room < 0:
            refused[name] = f"an array of shape {array.shape}, too large for an answer"
        else:
            arrays[name] = np.array(array, dtype=_wire_dtype(array.dtype), subok=False)
    outcome = "not_written" if not arrays and set(refused.values()) == {"None"} else "answered"
    return {"outcome": outcome, "dtypes": dtypes, "refused": refused}, arrays


def _wire_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind in "iu":
        return np.dtype("<i8")
    return dtype.newbyteorder("<")


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:  # noqa: BLE001 - str() of a student's exception may raise anything
        return "an exception whose str() fails"


def _same(changed: np.ndarray, original: np.ndarray) -> bool:
    return changed.shape == original.shape and np.array_equal(changed, original)
