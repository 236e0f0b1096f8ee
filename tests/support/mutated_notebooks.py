"""Notebooks that are broken in all ways that a seed thinks of: their bytes, their structure."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.support import handed_in

NAME = "Dropout.ipynb"
DEEP = "\x00deep"  # stands for lists in lists, which `json` would not write
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 3.5, 10**30, 10**400, float("nan"), float("inf"), "", "x" * 3_000, "\ud800",
    "\udfff\ud83d", "\x1b[31m\x00", "\u2028\x0c\r\n", "a,b", [], [[]], [None, 3, "x", {}], {},
    {"": None}, {"text/plain": []}, {"source": ["a\n", 7, None]}, ["cells"], DEEP, "code",
    "markdown", "heading", "## Inline Question 1\n## Answer:\nA", "import os\nos._exit(0)",
    "%%bash\nls",
)  # fmt: skip
KEYS = (
    "cells", "worksheets", "cell_type", "source", "input", "metadata", "outputs", "id", "tags",
    "nbformat", "nbformat_minor", "execution_count", "attachments", "level", "text", "code",
)  # fmt: skip


def bases() -> tuple[Any, ...]:
    """Return whole notebooks of several formats, as JSON has them."""
    template = json.loads((handed_in.ROOT / "student_template" / NAME).read_text(encoding="utf-8"))
    code = {
        "cell_type": "code", "source": ["x = 1\n", "print(x)"], "metadata": {"tags": ["a"]},
        "execution_count": 3, "id": "a",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo="}},
            {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["\x1b[0m"]},
        ],
    }  # fmt: skip
    text = {
        "cell_type": "markdown",
        "source": "## Inline Question 1\n## Answer:\nA",
        "metadata": {},
    }
    older = [
        {"cell_type": "heading", "source": "Title", "level": 2},
        {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": [],
         "prompt_number": 1},
    ]  # fmt: skip
    return (
        template,
        {"cells": [code, text, {**text, "cell_type": "raw"}], "metadata": {}, "nbformat": 4,
         "nbformat_minor": 5},
        {"worksheets": [{"cells": older}], "metadata": {"name": ""}, "nbformat": 3},
        {"cells": [{"cell_type": "text", "text": "a"}, {"cell_type": "code", "code": "1"}],
         "nbformat": 1},
    )  # fmt: skip


def mutant(number: int) -> bytes:
    """Return the bytes of a broken notebook; the same number gives the same bytes."""
    draw = random.Random(f"mutant/{number}")
    made = json.loads(json.dumps(draw.choice(bases())))
    for _ in range(draw.choice((0, 1, 1, 2, 5, 20))):
        made = draw.choice(CHANGES)(draw, made)
    text = json.dumps(made, ensure_ascii=draw.random() < 0.8)
    depth = draw.choice((10, 500, 5_000))
    text = text.replace(json.dumps(DEEP), "[" * depth + "]" * depth)
    if draw.random() < 0.2:  # a key that stands twice
        key = json.dumps(draw.choice(KEYS))
        text = text.replace("{", f"{{{key}: {json.dumps(draw.choice(ODD[:-4]))}, ", 1)
    data = text.encode(draw.choice(("utf-8",) * 6 + ("utf-8-sig", "utf-16")), "surrogatepass")
    for _ in range(draw.choice((0, 0, 0, 1, 1, 4, 50))):
        data = draw.choice(DAMAGES)(draw, data)
    return data


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (what holds it, key or index) of all that a value holds."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _somewhere(draw: random.Random, made: Any) -> tuple[Any, Any] | None:
    places = list(_places(made))
    return draw.choice(places) if places else None


def _replaced(draw: random.Random, made: Any) -> Any:
    if (place := _somewhere(draw, made)) is None or draw.random() < 0.02:
        return copy.deepcopy(draw.choice(ODD))
    place[0][place[1]] = copy.deepcopy(draw.choice(ODD))
    return made


def _deleted(draw: random.Random, made: Any) -> Any:
    if (place := _somewhere(draw, made)) is not None:
        del place[0][place[1]]
    return made


def _swapped(draw: random.Random, made: Any) -> Any:
    one, other = _somewhere(draw, made), _somewhere(draw, made)
    if one and other:
        first, second = one[0][one[1]], other[0][other[1]]
        one[0][one[1]] = json.loads(json.dumps(second))
        if other[1] in other[0] if isinstance(other[0], dict) else other[1] < len(other[0]):
            other[0][other[1]] = json.loads(json.dumps(first))
    return made


def _renamed(draw: random.Random, made: Any) -> Any:
    place = _somewhere(draw, made)
    if place and isinstance(place[0], dict):
        place[0][draw.choice(KEYS)] = place[0].pop(place[1])
    return made


def _added(draw: random.Random, made: Any) -> Any:
    place = _somewhere(draw, made)
    if place and isinstance(place[0], dict):
        place[0][draw.choice(KEYS)] = copy.deepcopy(draw.choice(ODD))
    elif place:
        place[0].insert(place[1], copy.deepcopy(draw.choice((*ODD, place[0][place[1]]))))
    return made


def _renumbered(draw: random.Random, made: Any) -> Any:
    if isinstance(made, dict):
        made["nbformat"] = draw.choice((0, 1, 2, 3, 4, 5, 99, "4", 4.0, -1, 10**400, None, True))
        made["nbformat_minor"] = draw.choice((0, 1, 2, 3, 4, 5, 6, 99, -1, "5", 10**400, None))
    return made


def _cut(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _flipped(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _without(draw: random.Random, data: bytes) -> bytes:
    start = draw.randrange(len(data) + 1)
    return data[:start] + data[start + draw.randrange(200) :]


def _twice(draw: random.Random, data: bytes) -> bytes:
    start = draw.randrange(len(data) + 1)
    end = start + draw.randrange(2_000)
    return data[:end] + data[start:end] + data[end:]


def _noise(draw: random.Random, data: bytes) -> bytes:
    start = draw.randrange(len(data) + 1)
    return data[:start] + draw.randbytes(draw.randrange(9)) + data[start:]


def _text(draw: random.Random, data: bytes) -> bytes:
    old = draw.choice((b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\n", b"source", b"null", b"1"))
    new = draw.choice((b"", b"NaN", b"-Infinity", b"1e999", b"\\ud800", b"9" * 5_000, b"[[", b"}}"))
    return data.replace(old, new, draw.choice((1, 3)))


Change = Callable[[random.Random, Any], Any]
CHANGES: tuple[Change, ...] = (
    _replaced, _replaced, _replaced, _deleted, _swapped, _renamed, _added, _added, _renumbered,
)  # fmt: skip
DAMAGES = (_cut, _flipped, _flipped, _without, _twice, _noise, _text)
