"""Frames: what goes in comes out, and nothing malformed is believed."""

from __future__ import annotations

import json
import os
import random
import struct
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from grader.errors import WireError
from grader.guest import wire
from grader.guest.incoming import Incoming
from tests.support import processes

PREFIX = 16  # b"BGF1", u32, u64


def frame(header: bytes, body: bytes = b"") -> bytes:
    """A frame written by hand, with honest lengths."""
    return b"BGF1" + struct.pack("<IQ", len(header), len(body)) + header + body


def header(table: Any, say: Any = None) -> bytes:
    return json.dumps({"say": {} if say is None else say, "arrays": table}).encode()


def read(data: bytes) -> wire.Message | None:
    return next(iter(messages(data, 1)))


def messages(data: bytes, count: int) -> list[wire.Message | None]:
    """Read `count` frames from a descriptor that holds `data`."""
    descriptor = os.memfd_create("frames")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        incoming = Incoming(descriptor)
        return [incoming.read() for _ in range(count)]
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------- round trips

ARRAYS = {
    "float64": np.array([[1.5, -2.25], [np.inf, 1e-310]]),
    "float32": np.array([0.1, 3e38], dtype=np.float32),
    "int64": np.array([-(2**63), 2**63 - 1]),
    "int32": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "bool": np.array([True, False, True]),
    "uint8": np.array([0, 255], dtype=np.uint8),
    "0-d": np.array(7.0),
    "empty": np.zeros((0,)),
    "empty with axes": np.zeros((3, 0, 2), dtype=np.float32),
    "eight axes": np.arange(12.0).reshape(1, 2, 1, 3, 1, 2, 1, 1),
    "every second column": np.arange(24.0).reshape(4, 6)[:, ::2],
    "reversed": np.arange(5)[::-1],
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "broadcast": np.broadcast_to(np.array([1.0, 2.0]), (3, 2)),
    "big-endian float": np.arange(4, dtype=">f8"),
    "big-endian int": np.array([1, 256, 65536], dtype=">i4"),
    "read-only": np.frombuffer(struct.pack("<2d", 1.0, 2.0)),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array_comes_out_as_it_went_in(array: np.ndarray) -> None:
    message = read(wire.pack({"id": "a/b"}, {"x": array}))
    assert message is not None
    say, arrays = message
    got = arrays["x"]
    assert say == {"id": "a/b"} and list(arrays) == ["x"]
    assert got.shape == array.shape
    assert got.dtype == array.dtype.newbyteorder("<")
    assert np.array_equal(got, array)


def test_nan_keeps_its_place() -> None:
    _, arrays = read(wire.pack({}, {"x": np.array([1.0, np.nan, -np.inf])})) or ({}, {})
    assert np.array_equal(arrays["x"], [1.0, np.nan, -np.inf], equal_nan=True)


def test_the_bytes_are_those_that_the_docstring_draws() -> None:
    data = wire.pack({"n": 1}, {"x": np.array([1, 2], dtype=np.int32)})
    text = b'{"say": {"n": 1}, "arrays": [["x", "<i4", [2]]]}'
    assert data == frame(text, struct.pack("<2i", 1, 2))


def test_several_arrays_keep_their_order_and_their_own_bytes() -> None:
    given = {"b": np.arange(3.0), "a": np.array([True]), "é/ü": np.zeros((2, 0)), "c": np.int64(5)}
    _, arrays = read(wire.pack({}, {n: np.asarray(a) for n, a in given.items()})) or ({}, {})
    assert list(arrays) == list(given)
    assert all(np.array_equal(arrays[name], array) for name, array in given.items())


def test_what_comes_out_is_a_writable_copy_of_its_own() -> None:
    data = wire.pack({}, {"x": np.zeros(3), "y": np.zeros(3)})
    _, arrays = wire.unpack(data[PREFIX:-48], data[-48:])
    arrays["x"][:] = 1
    assert np.array_equal(arrays["y"], np.zeros(3)) and data.endswith(bytes(48))


@pytest.mark.parametrize("say", [{}, {"a": [1, {"b": None}], "c": "ä\n😀\u2028"}, {"f": 0.1}])
def test_plain_values_come_back_equal(say: dict[str, Any]) -> None:
    assert read(wire.pack(say)) == (say, {})


def test_two_frames_are_read_one_after_the_other_and_then_comes_the_end() -> None:
    data = wire.pack({"n": 1}, {"x": np.ones(2)}) + wire.pack({"n": 2})
    assert [m and m[0] for m in messages(data, 3)] == [{"n": 1}, {"n": 2}, None]


SAID = {
    "half of a pair": (b'"\\ud800"', "\ufffd"),
    "halves that meet": (b'"\\ud83d\\ude00"', "😀"),
    "half of a pair in a name": (b'{"\\udfff": ["\\ud800a"]}', {"\ufffd": ["\ufffda"]}),
    "the largest numbers": (b"[18446744073709551615, -9223372036854775808]", [2**64 - 1, -(2**63)]),
    "one more, and one less": (b"[18446744073709551616, -9223372036854775809]", [None, None]),
    "400 digits": (b"1" + b"0" * 400, None),
    "10,000 digits": (b"-" + b"9" * 10_000, None),
    "what is no number": (b"[NaN, Infinity, -Infinity, 1e999, -1e999]", [None] * 5),
    "eighteen lists": (b"[" * 18 + b"]" * 18, json.loads("[" * 18 + "]" * 18)),
}


@pytest.mark.parametrize("what", SAID)
def test_what_is_handed_on_can_be_written_again(what: str) -> None:
    given, expected = SAID[what]
    message, _ = read(frame(b'{"say": {"x": ' + given + b'}, "arrays": []}')) or ({}, {})
    assert message == {"x": expected}
    json.dumps(message, ensure_ascii=False, allow_nan=False).encode()


def test_a_frame_takes_no_more_memory_than_its_bytes_and_the_arrays() -> None:
    data = wire.pack({}, {"x": np.zeros(2**20)})
    tracemalloc.start()
    assert read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * len(data)


# ---------------------------------------------------------------- what may not be sent

REFUSED = {
    "complex": np.zeros(2, dtype=complex),
    "object": np.array([None, {}], dtype=object),
    "text": np.array(["a"]),
    "bytes": np.array([b"a"]),
    "long double": np.zeros(1, dtype=np.longdouble),
    "half": np.zeros(1, dtype=np.float16),
    "uint64": np.zeros(1, dtype=np.uint64),
    "int8": np.zeros(1, dtype=np.int8),
    "date": np.zeros(1, dtype="M8[s]"),
    "record": np.zeros(1, dtype=[("a", "<f8")]),
    "nine axes": np.zeros((1,) * 9),
    "too large": np.broadcast_to(np.zeros(1, np.uint8), (wire.MAX_BODY + 1,)),
}


@pytest.mark.parametrize("array", REFUSED.values(), ids=REFUSED.keys())
def test_an_array_that_no_reader_would_take_is_not_sent(array: np.ndarray) -> None:
    with pytest.raises(WireError, match="^wire: "):
        wire.pack({}, {"x": array})


def test_a_header_over_the_limit_is_not_sent() -> None:
    with pytest.raises(WireError, match="too large to send"):
        wire.pack({"text": "a" * wire.MAX_HEADER})


# ---------------------------------------------------------------- what may not be believed

D = "<f8"
DEEP = b"[" * 100_000 + b"]" * 100_000
# name -> (header, body); every one must be refused
MALFORMED: dict[str, tuple[bytes, bytes]] = {
    "no header": (b"", b""),
    "no JSON": (b"{", b""),
    "no UTF-8": (b'{"say": {"a": "\xff"}, "arrays": []}', b""),
    "pickle": (b"\x80\x04K\x01.", b""),
    "two values": (b'{"say": {}, "arrays": []} {}', b""),
    "deep": (b'{"say": {"a": ' + DEEP + b'}, "arrays": []}', b""),
    "deep table": (b'{"say": {}, "arrays": ' + DEEP + b"}", b""),
    "deep shape": (b'{"say": {}, "arrays": [["x", "<f8", ' + DEEP + b"]]}", b""),
    "nineteen lists": (b'{"say": {"a": ' + b"[" * 19 + b"]" * 19 + b'}, "arrays": []}', b""),
    "a list": (b"[]", b""),
    "null": (b"null", b""),
    "no say": (b'{"arrays": []}', b""),
    "say is a list": (b'{"say": [], "arrays": []}', b""),
    "no table": (b'{"say": {}}', b""),
    "table is null": (header(None), b""),
    "table is an object": (header({"x": [D, [1]]}), bytes(8)),
    "row is text": (header(["xyz"]), b""),
    "row is null": (header([None]), b""),
    "row is an object": (header([{"0": "x"}]), b""),
    "row too short": (header([["x", D]]), b""),
    "row too long": (header([["x", D, [1], 0]]), bytes(8)),
    "name is a number": (header([[5, D, [1]]]), bytes(8)),
    "name is null": (header([[None, D, [1]]]), bytes(8)),
    "name is a list": (header([[["x"], D, [1]]]), bytes(8)),
    "one name twice": (header([["x", D, [1]], ["x", D, [1]]]), bytes(16)),
    "dtype object": (header([["x", "|O", [1]]]), bytes(8)),
    "dtype O8": (header([["x", "O8", [1]]]), bytes(8)),
    "dtype big-endian": (header([["x", ">f8", [1]]]), bytes(8)),
    "dtype by another name": (header([["x", "float64", [1]]]), bytes(8)),
    "dtype text": (header([["x", "<U2", [1]]]), bytes(8)),
    "dtype half": (header([["x", "<f2", [4]]]), bytes(8)),
    "dtype unsigned": (header([["x", "<u8", [1]]]), bytes(8)),
    "dtype record": (header([["x", "f8,f8", [1]]]), bytes(16)),
    "dtype a list": (header([["x", [["a", "<f8"]], [1]]]), bytes(8)),
    "dtype null": (header([["x", None, [1]]]), bytes(8)),
    "dtype a number": (header([["x", 8, [1]]]), bytes(8)),
    "shape a number": (header([["x", D, 1]]), bytes(8)),
    "shape null": (header([["x", D, None]]), bytes(8)),
    "shape text": (header([["x", D, "1"]]), bytes(8)),
    "shape an object": (header([["x", D, {"0": 1}]]), bytes(8)),
    "shape nested": (header([["x", D, [[1]]]]), bytes(8)),
    "size true": (header([["x", D, [True]]]), bytes(8)),
    "size false": (header([["x", D, [False]]]), b""),
    "size 1.0": (header([["x", D, [1.0]]]), bytes(8)),
    "size text": (header([["x", D, ["1"]]]), bytes(8)),
    "size null": (header([["x", D, [None]]]), bytes(8)),
    "size nan": (header([["x", D, [float("nan")]]]), bytes(8)),
    "size infinite": (header([["x", D, [float("inf")]]]), bytes(8)),
    "size -1": (header([["x", D, [-1]]]), bytes(8)),
    "sizes -1 and -1": (header([["x", D, [-1, -1]]]), bytes(8)),
    "size 2**40": (header([["x", D, [2**40]]]), bytes(8)),
    "size 2**64": (header([["x", D, [2**64]]]), b""),
    "product 2**64": (header([["x", D, [2**16] * 4]]), b""),
    "product 2**64 + 1 item": (header([["x", "|u1", [2**16] * 4 + [1]]]), bytes(1)),
    "product 2**61, times 8 is 0": (header([["x", D, [2**20, 2**20, 2**21]]]), b""),
    "nine axes": (header([["x", D, [1] * 9]]), bytes(8)),
    "one number too few": (header([["x", D, [2]]]), bytes(8)),
    "one byte too few": (header([["x", D, [1]]]), bytes(7)),
    "one byte too many": (header([["x", D, [1]]]), bytes(9)),
    "a body without arrays": (header([]), bytes(1)),
    "no body": (header([["x", D, []]]), b""),
    "bytes between arrays": (header([["x", D, [1]], ["y", D, [1]]]), bytes(24)),
    "second array missing": (header([["x", D, [1]], ["y", D, [1]]]), bytes(8)),
    "too many arrays": (header([[str(i), D, [0]] for i in range(wire.MAX_ARRAYS + 1)]), b""),
}


@pytest.mark.parametrize(("head", "body"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_frame_is_refused(head: bytes, body: bytes) -> None:
    with pytest.raises(WireError, match="^wire: "):
        wire.unpack(head, body)


@pytest.mark.parametrize("shape", [[0] + [2**26] * 7, [2**26, 2**26, 2**26, 0]])
def test_a_size_of_zero_does_not_hide_impossible_ones(shape: list[int]) -> None:
    with pytest.raises(WireError, match="^wire: "):
        wire.unpack(header([["x", D, shape]]), b"")


def test_as_many_arrays_as_are_allowed_are_read() -> None:
    _, arrays = wire.unpack(header([[str(i), D, [0]] for i in range(wire.MAX_ARRAYS)]), b"")
    assert len(arrays) == wire.MAX_ARRAYS


PREFIXES = {
    "other magic": struct.pack("<4sIQ", b"BGF2", 2, 0),
    "an npy file": b"\x93NUMPY\x01\x00v\x00{'descr'"[:PREFIX],
    "header one over the limit": struct.pack("<4sIQ", b"BGF1", wire.MAX_HEADER + 1, 0),
    "body one over the limit": struct.pack("<4sIQ", b"BGF1", 2, wire.MAX_BODY + 1),
    "body 2**63": struct.pack("<4sIQ", b"BGF1", 2, 2**63),
    "all ones": b"BGF1" + b"\xff" * 12,
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES.keys())
def test_a_length_is_checked_before_anything_is_received(prefix: bytes) -> None:
    receiving, sending = os.pipe()  # left open: reading on would wait for ever
    os.write(sending, prefix)
    with processes.no_longer_than(5), pytest.raises(WireError, match="^wire: "):
        Incoming(receiving).read()
    os.close(receiving)
    os.close(sending)


def test_what_came_of_a_frame_is_kept_when_time_is_up() -> None:
    receiving, sending = os.pipe()
    incoming, data = Incoming(receiving), wire.pack({"n": 1}, {"x": np.ones(2)})
    for piece in (data[:7], data[7:40]):
        os.write(sending, piece)
        with pytest.raises(wire.Late):
            incoming.read(time.monotonic() + 0.02)
    os.write(sending, data[40:])
    message = incoming.read(time.monotonic() + 5)
    assert message is not None
    assert message[0] == {"n": 1}
    os.close(receiving)
    os.close(sending)


def test_a_body_may_be_bounded_more_closely() -> None:
    receiving, sending = os.pipe()
    os.write(sending, struct.pack("<4sIQ", b"BGF1", 2, 101))
    with pytest.raises(WireError, match="larger than agreed"):
        Incoming(receiving, 100).read()
    os.close(receiving)
    os.close(sending)


ONE = wire.pack({}, {"x": np.arange(40_000.0)})  # is read in several parts
COMES = {
    "nothing": (b"", 9, 0, b""),
    "one": (ONE, 9, 1, ONE),
    "two": (ONE * 2, 9, 2, ONE * 2),
    "more than are wanted": (ONE * 3, 2, 2, ONE * 2),
    "one and a half": (ONE + ONE[:100], 9, 1, ONE),
    "one and what is no frame": (ONE + b"garbage" * 9, 9, 1, ONE),
    "small ones": (wire.pack({}) * 5, 4, 4, wire.pack({}) * 4),
}


@pytest.mark.parametrize("name", COMES)
def test_several_frames_are_taken_as_they_came(name: str) -> None:
    sent, most, count, frames = COMES[name]
    receiving, sending = os.pipe()
    writing = threading.Thread(target=wire.send_all, args=(sending, sent))
    writing.start()
    incoming = Incoming(receiving)
    while incoming._taken < len(sent):
        incoming.advance()
    writing.join()
    os.close(sending)
    assert incoming.several(most) == (count, frames)
    os.close(receiving)


def test_what_comes_while_one_frame_is_there_is_taken_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiving, sending = os.pipe()
    frame = wire.pack({"n": 1})
    os.write(sending, frame)
    monkeypatch.setattr(time, "sleep", lambda _: os.write(sending, frame + frame[:5]))
    incoming = Incoming(receiving)
    assert incoming.several(1) == (1, frame)  # no more are wanted: nobody waits
    os.write(sending, frame)
    assert incoming.several(9) == (2, frame * 2)
    os.write(sending, frame[5:])
    os.close(sending)
    monkeypatch.undo()
    assert [incoming.several(9), incoming.several(9)] == [(1, frame), (0, b"")]
    os.close(receiving)


def test_numbers_lie_at_addresses_of_theirs() -> None:
    for name in ("x", "xx", "xxx", "a longer name"):
        frame = wire.pack({"said": name}, {name: np.arange(3.0)})
        assert wire.opened(frame, copied=False)[1][name].flags.aligned
        assert len(wire.opened(frame)[1][name]) == 3


def test_the_limits_themselves_are_allowed() -> None:
    prefix = struct.pack("<4sIQ", b"BGF1", wire.MAX_HEADER, wire.MAX_BODY)
    assert wire.lengths(prefix) == (512 * 1024, 64 * 1024 * 1024)


@pytest.mark.parametrize("lie", [[2**26], [2**23], [2**13, 2**13]], ids=str)
def test_nothing_is_allocated_for_a_shape_that_lies(lie: list[int]) -> None:
    head = header([["x", "|u1", lie]])
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            wire.unpack(head, bytes(8))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


WHOLE = wire.pack({"n": 1}, {"x": np.arange(3.0), "y": np.array([True])})


@pytest.mark.parametrize("length", range(PREFIX, len(WHOLE)))
def test_a_frame_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(WireError, match="^wire: "):
        read(WHOLE[:length])


def test_a_header_that_is_cut_off_is_refused_even_where_it_is_whole_json() -> None:
    with pytest.raises(WireError, match="too early"):
        read(frame(header([]) + b"   ")[:-2])


@pytest.mark.parametrize("length", [1, 4, 8, PREFIX - 1])
def test_a_prefix_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(WireError, match="^wire: "):
        read(WHOLE[:length])


def test_a_name_of_any_length_does_not_fill_the_message() -> None:
    for code, shape in (("|O", [1]), (D, [-1]), (D, [1])):
        with pytest.raises(WireError) as caught:
            wire.unpack(header([["n" * 100_000, code, shape]]), b"")
        assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_raises_wire_errors_and_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    whole = wire.pack({"id": "a", "n": [1, 2]}, {"x": np.ones((2, 3)), "y": np.arange(4)})
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(4, len(data))
            match draw.randrange(4):
                case 0:
                    data[place] ^= 1 << draw.randrange(8)
                case 1:
                    data[place] = draw.choice(b'0123456789[]{}",-.eE tfn\\\x00\xff')
                case 2:
                    del data[place]
                case _:
                    data.insert(place, draw.choice(b"0123456789[],"))
        head_length = min(len(whole) - PREFIX - 80, len(data) - PREFIX)
        head, body = bytes(data[PREFIX : PREFIX + head_length]), bytes(data[PREFIX + head_length :])
        try:
            _, arrays = wire.unpack(head, body)
        except WireError:
            refused += 1
        else:  # then every array is what its header says, and every byte is accounted for
            assert all(a.dtype.str in wire.DTYPES for a in arrays.values())
            assert sum(a.nbytes for a in arrays.values()) == len(body)
    assert refused > 100
