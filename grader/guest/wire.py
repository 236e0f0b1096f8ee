"""Pack and read frames: a JSON header and bare array bytes, all bounded.

    frame  = b"BGF1" + u32 header length + u64 body length + header (UTF-8 JSON) + body
             (the header ends in spaces, so that numbers lie at addresses of theirs)
    header = {"say": message, "arrays": [[name, dtype, shape], ...]}
    body   = the arrays' bytes in that order, C-contiguous, little-endian

Nothing here is ever unpickled, evaluated or opened by name. A reader believes no length before it
has checked it: dtypes come from a whitelist, and shape times itemsize must equal the bytes that
are there. What it hands on can be written again: texts are what UTF-8 can carry, numbers what 64
bits can hold, and nothing is nested deeply.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import select
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import WireError
from grader.guest import careful

FITTED = "fitted "  # begins the names of what did best on training images, in a run
DTYPES = ("<f8", "<f4", "<i8", "<i4", "|b1", "|u1")
KNOWN = {code: np.dtype(code) for code in DTYPES}
USUAL = {dtype: code for code, dtype in KNOWN.items()}
MAX_HEADER = 512 * 1024
MAX_BODY = 64 * 1024 * 1024
MAX_ARRAYS = 2_000
MAX_NDIM = 8
MAX_NAME = 200  # characters of an array's name
MAGIC = b"BGF1"
ALIGNED = 8  # bytes of the longest number
LARGE = 64 * 1024  # bytes of an array that is sent as it lies in memory
PREFIX = struct.Struct("<4sIQ")
NOTE = struct.Struct("<II")

_quoted = json.encoder.encode_basestring_ascii  # as json.dumps, of a str only
Arrays = Mapping[str, np.ndarray]
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Piece:
    """Arrays that were packed for a frame: the rows of its table as JSON, and the bytes.

    The bytes are strings, and the memory of arrays that are large.
    """

    arrays: Arrays
    rows: tuple[str, ...]
    bodies: tuple[bytes | memoryview, ...]

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return sum(map(len, self.bodies))


def piece(arrays: Arrays) -> Piece:
    """Return packed arrays, for frames to come. Raises WireError for a dtype not in the list."""
    rows: list[str] = []
    bodies: list[bytes | memoryview] = []
    for name, array in arrays.items():
        code = USUAL.get(array.dtype) or array.dtype.newbyteorder("<").str
        if code not in DTYPES or array.ndim > MAX_NDIM:
            raise WireError(f"wire: array {name!r} has dtype {array.dtype}; send one of {DTYPES}")
        rows.append(f'[{_quoted(name)}, "{code}", {list(array.shape)}]')
        if array.nbytes > LARGE:
            bodies.append(np.ascontiguousarray(array, dtype=code).reshape(-1).view(np.uint8).data)
        else:
            bodies.append(np.asarray(array, dtype=KNOWN[code]).tobytes())
    return Piece(arrays, tuple(rows), tuple(_joined(bodies)))


def _joined(bodies: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Yield what is large as it is, and what lies between as one string."""
    for is_small, group in itertools.groupby(bodies, lambda body: isinstance(body, bytes)):
        if is_small:
            yield b"".join(group)
        else:
            yield from group


def pack(message: Mapping[str, Any], arrays: Arrays | None = None) -> bytes:
    """Return one frame; arrays must have a whitelisted dtype (raises WireError otherwise)."""
    return pack_pieces(message, [piece(arrays)] if arrays else [])


def pack_pieces(message: Mapping[str, Any], pieces: Sequence[Piece]) -> bytes:
    """Return one frame with the arrays of all pieces. Raises WireError if they are too many."""
    return b"".join(parts(message, pieces))


def parts(message: Mapping[str, Any], pieces: Sequence[Piece]) -> list[bytes | memoryview]:
    """Return the parts of such a frame: what is large is not copied. Raises WireError."""
    try:
        said = json.dumps(dict(message))
    except (TypeError, ValueError) as error:
        raise WireError(f"wire: what is to be said is no JSON ({error})") from None
    rows = [row for one in pieces for row in one.rows]
    header = f'{{"say": {said}, "arrays": [{", ".join(rows)}]}}'.encode("utf-8", "replace")
    header += b" " * (-len(header) % ALIGNED)
    if len(rows) > MAX_ARRAYS:
        raise WireError(f"wire: {len(rows)} arrays are too many for a frame")
    size = sum(one.size for one in pieces)
    if len(header) > MAX_HEADER or size > MAX_BODY:
        raise WireError(f"wire: a frame of {len(header)} + {size} bytes is too large to send")
    bodies = (body for one in pieces for body in one.bodies)
    return list(_joined([PREFIX.pack(MAGIC, len(header), size), header, *bodies]))


def lengths(frame: bytes | bytearray, at: int = 0) -> tuple[int, int]:
    """Return (header length, body length) by the PREFIX.size bytes `at` a place, both checked."""
    if len(frame) < at + PREFIX.size:
        raise WireError("wire: a frame that ends too early")
    magic, header, body = PREFIX.unpack_from(frame, at)
    if magic != MAGIC or header > MAX_HEADER or body > MAX_BODY:
        raise WireError("wire: bytes that are no frame, or a frame over the limit")
    return header, body


def opened(frame: bytes | bytearray, most: int = MAX_HEADER, copied: bool = True) -> Message:
    """Return (message, arrays) of one whole frame with a header of at most `most` bytes.

    Unless they are `copied`, the arrays lie in the frame, at any address. Raises WireError.
    """
    header, body = lengths(frame)
    start = PREFIX.size + header
    if header > most or len(frame) != start + body:
        raise WireError("wire: a frame of another length than it says")
    return unpack(bytes(frame[PREFIX.size : start]), memoryview(frame)[start:], copied)


def unpack(header: bytes, body: bytes | memoryview, copied: bool = True) -> Message:
    """Return (message, arrays) of one frame, each array a fresh copy if they are to be `copied`.

    What is no number of JSON's, or has no finite value, is None. Raises WireError.
    """
    parsed = careful.read(header)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("say"), dict):
        raise WireError("wire: a header without 'say'")
    if header.count(b"[") + header.count(b"{") > careful.MAX_DEPTH - 2:  # else none is so deep
        careful.check_depth(parsed["say"], careful.MAX_DEPTH - 2)
    table = parsed.get("arrays")
    if not isinstance(table, list) or len(table) > MAX_ARRAYS:
        raise WireError("wire: a header without a table of arrays, or with too many")
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for row in table:
        name, code, shape = _checked_row(row)
        dtype = KNOWN[code]
        stop = start + math.prod(shape) * dtype.itemsize
        if stop > len(body) or name in arrays:
            raise WireError(f"wire: array {name[:60]!r} does not fit its frame")
        array = np.ndarray(shape, dtype, body, start)
        arrays[name] = array.copy() if copied else array
        start = stop
    if start != len(body):
        raise WireError("wire: a frame with bytes that no array claims")
    return parsed["say"], arrays


def _checked_row(row: Any) -> tuple[str, str, tuple[int, ...]]:
    if not (isinstance(row, list) and len(row) == 3 and isinstance(row[0], str)):
        raise WireError("wire: a row of the table of arrays is malformed")
    name, code, shape = row[0][:MAX_NAME], *row[1:]
    if code not in DTYPES or type(shape) is not list or len(shape) > MAX_NDIM:
        raise WireError(f"wire: array {name[:60]!r} has a dtype or rank that is not allowed")
    room = MAX_BODY
    for size in shape:
        if type(size) is not int or not 0 <= size <= room:
            raise WireError(f"wire: array {name[:60]!r} has an impossible shape")
        room //= size or 1
    return name, code, tuple(shape)


def note(first: int, count: int) -> bytes:
    """Return a frame of two numbers, without a header: so many answers follow, from that one on."""
    return PREFIX.pack(MAGIC, 0, NOTE.size) + NOTE.pack(first, count)


def noted(frame: bytes | bytearray) -> tuple[int, int] | None:
    """Return the two numbers of a note; None if the frame is none."""
    is_note = frame[: PREFIX.size] == PREFIX.pack(MAGIC, 0, NOTE.size)
    return NOTE.unpack(frame[PREFIX.size :]) if is_note else None


def send_all(descriptor: int, frames: bytes | bytearray | memoryview) -> None:
    """Write all of these bytes to a blocking descriptor."""
    view = memoryview(frames)
    while view:
        view = view[os.write(descriptor, view) :]


def write(descriptor: int, message: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write one frame to a blocking descriptor; what is large is not copied."""
    for part in parts(message, [piece(arrays)] if arrays else []):
        send_all(descriptor, part)


class Late(Exception):
    """No whole frame has come, or could be sent, in time."""


def send(descriptor: int, frame: bytes | bytearray | memoryview, deadline: float) -> None:
    """Write a frame to a non-blocking descriptor. Raises Late, or BrokenPipeError at its end."""
    view = memoryview(frame)
    while view:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([], [descriptor], [], left)[1]:
            raise Late
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            continue  # there is room for less than one write; wait again
