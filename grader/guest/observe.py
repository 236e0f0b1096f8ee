"""Run one case: call the probe, turn what comes back into plain arrays, name what went wrong.

Everything here runs in the child beside student code; it only ever reports what happened. Whether
that is right is decided elsewhere.
"""

from __future__ import annotations

import importlib
import io
import itertools
import random
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.guest.legacy.stubs import still_none
from grader.guest.probes.nn import BadReturn, Implementation, Missing, NotWritten
from grader.guest.wire import MAX_NDIM, Arrays, Message

AS_IT_IS = frozenset(map(np.dtype, ("<f8", "<f4", "<i8", "|b1")))
MATRIX = np.matrix  # as it is before any code of a student's
MAX_MESSAGE = 500
MAX_TEXT = 4_000
MAX_FRAMES = 12
MAX_WALK = 2_000  # frames of a traceback that are looked at
_cpu_s = time.process_time  # bound before student code runs


class BoundedText(io.TextIOBase):
    """A stdout that keeps the first characters and counts the rest."""

    _kept, _dropped = "", 0

    def writable(self) -> bool:
        """It takes text."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        room = MAX_TEXT - len(self._kept)
        part = plain_text(text[:room], room)
        self._kept += part
        self._dropped += len(text) - len(part)
        return len(text)

    def text(self) -> str:
        """Return what was kept, with a note on what was not."""
        more = f"\n... {self._dropped:,} more characters" if self._dropped else ""
        return self._kept + more


def observe(
    nn: Implementation, case: Mapping[str, Any], inputs: Arrays, texts: Mapping[str, str]
) -> Message:
    """Run one case; return (what happened, arrays). Never raises for what a student did.

    `case` has id, probe, options, strided (names of inputs to hand over non-contiguous) and `room`
    (bytes for its answer). If its probe is `careful`, which hands on copies alone, it gets the
    inputs themselves. `texts` maps the paths of the student's files to their text, for the lines of
    an exception.
    """
    random.seed(case["id"])
    np.random.seed(zlib.crc32(case["id"].encode()))
    sys.stdout = sys.stderr = sink = BoundedText()
    handed = dict(inputs) if case.get("careful") else _handed(case, inputs)
    started = _cpu_s()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outputs = probe(case["probe"])(nn, **handed, **case["options"])
        reply, arrays = _plain(outputs, case["room"])
    except BaseException as error:  # noqa: BLE001 - a student may raise anything
        reply, arrays = raised(error, texts), {}
    reply["mutated"] = [
        name
        for name, array in handed.items()
        if array is not inputs[name] and not _same(array, inputs[name])
    ]
    reply["text"] = sink.text()
    reply["cpu_s"] = _cpu_s() - started
    return reply, arrays


def _handed(case: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    return {n: strided(a) if n in case["strided"] else a.copy() for n, a in inputs.items()}


def warm(nn: Implementation, case: Mapping[str, Any], inputs: Arrays) -> None:
    """Ask a case of the same numbers in another order: what remembers an answer has a wrong one."""
    sys.stdout = sys.stderr = BoundedText()
    other = {name: array.ravel()[::-1].reshape(array.shape) for name, array in inputs.items()}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            probe(case["probe"])(nn, **_handed(case, other), **case["options"])
    except BaseException:  # noqa: BLE001 - a student may raise anything
        return


def probe(dotted: str) -> Any:
    """Return the probe "module.function" of grader.guest.probes."""
    module, _, function = dotted.partition(".")
    return getattr(importlib.import_module(f"grader.guest.probes.{module}"), function)


def strided(array: np.ndarray) -> np.ndarray:
    """Return equal numbers as every second element of a larger, Fortran-ordered array."""
    room = np.zeros(tuple(2 * n for n in array.shape), dtype=array.dtype, order="F")
    view = room[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def raised(error: BaseException, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person needs to know of an exception: the student's own frames, no other.

    An exception class may lie about every attribute; then only that it was raised is reported.
    """
    try:
        return _raised(error, texts)
    except BaseException:  # noqa: BLE001 - see above
        message = "an exception that cannot be described"
        return {"outcome": "raised", "type": "Exception", "message": message, "frames": []}


def _raised(error: BaseException, texts: Mapping[str, str]) -> dict[str, Any]:
    frames: list[list[Any]] = []
    for frame, line in itertools.islice(traceback.walk_tb(error.__traceback__), MAX_WALK):
        path = frame.f_code.co_filename
        if path in texts:
            frames.append([path, line, plain_text(frame.f_code.co_name, 100)])
    message = _text_of(error)
    name = type.__dict__["__name__"].__get__(type(error))  # whatever the class makes of it
    kept = frames[:2] + frames[2:][-(MAX_FRAMES - 2) :]  # only these: recursion has a thousand
    shown = [[path, line, where, _line(texts[path], line)] for path, line, where in kept]
    if isinstance(error, SyntaxError) and type(error.lineno) is int:
        path, source = plain_text(error.filename or "", 200), plain_text(error.text or "", 200)
        shown.append([path, error.lineno, "", source.strip()])
    return {
        "outcome": _outcome(error, message, frames, texts),
        "type": "ReturnValue" if type(error) is BadReturn else plain_text(name, 80),
        "message": message,
        "frames": shown,
    }


def _outcome(
    error: BaseException, message: str, frames: list[list[Any]], texts: Mapping[str, str]
) -> str:
    if isinstance(error, (NotWritten, NotImplementedError)):
        return "not_written"
    if isinstance(error, Missing):
        return "missing"
    if isinstance(error, MemoryError):
        return "memory"
    path, _, function = frames[-1] if frames else ("", 0, "")
    is_stub = path and "NoneType" in message and still_none(texts[path], function)
    return "not_written" if is_stub else "raised"


def _line(text: str, number: int) -> str:
    lines = python_lines(text)
    return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""


def python_lines(text: str) -> list[str]:
    """Return the lines as Python counts them; `str.splitlines` knows more ends than it does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def plain_text(value: Any, size: int) -> str:
    """Return a str, and no subclass of it, of at most `size` characters that UTF-8 can carry."""
    return str.encode(str(value), "utf-8", "replace").decode("utf-8")[:size]


def _plain(outputs: Mapping[str, Any], room: int) -> Message:
    """Return outputs as arrays of whitelisted dtypes, of at most `room` bytes together.

    Those that are none, or too large, are named in `refused`.
    """
    arrays: dict[str, np.ndarray] = {}
    refused: dict[str, str] = {}
    for name, value in outputs.items():
        if value is None:
            refused[name] = "None"
            continue
        if type(value) is np.ndarray and value.dtype in AS_IT_IS and value.ndim <= MAX_NDIM:
            if value.nbytes <= room:  # the usual answer; what follows would say the same of it
                room -= value.nbytes
                arrays[name] = value.copy()
                continue
        if isinstance(value, MATRIX):  # the next layer would be given another kind of product
            refused[name] = "a np.matrix, whose * is the matrix product"
            continue
        try:
            array = np.asarray(value)
        except (ValueError, TypeError) as error:
            refused[name] = f"a {type(value).__name__} that is no array ({_text_of(error)[:100]})"
            continue
        size = array.size * _wire_dtype(array.dtype).itemsize
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8 or array.dtype == np.float16:
            refused[name] = f"an array of dtype {array.dtype}"[:200]
        elif array.ndim > MAX_NDIM:
            refused[name] = f"an array with {array.ndim} axes"
        elif size > room:
            refused[name] = f"an array of shape {array.shape}, too large for an answer"
        else:
            room -= size
            arrays[name] = np.array(array, dtype=_wire_dtype(array.dtype), subok=False)
    outcome = "not_written" if not arrays and set(refused.values()) == {"None"} else "answered"
    return {"outcome": outcome, "refused": refused}, arrays


def _wire_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("<i8") if dtype.kind in "iu" else dtype.newbyteorder("<")


def _text_of(error: BaseException) -> str:
    try:
        return plain_text(error, MAX_MESSAGE)
    except BaseException:  # noqa: BLE001 - str() of a student's exception may raise anything
        return "an exception whose str() fails"


def _same(changed: np.ndarray, original: np.ndarray) -> bool:
    alike = (changed.shape, changed.dtype) == (original.shape, original.dtype)
    return alike and (changed.tobytes() == original.tobytes() or np.array_equal(changed, original))
