"""Records as text, and back: what is kept beside a result and read again by the same program."""

from __future__ import annotations

import base64
import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

R = TypeVar("R")
AS_THEY_ARE = (str, int, float, bool, type(None))  # a number of NumPy's may be a float, too


def dumps(record: object) -> str:
    """Return a record, or several, as JSON with all that it holds: arrays, bytes, mappings."""
    return json.dumps(_plain(record), ensure_ascii=True)


def loads(text: str, kind: type[R]) -> R:
    """Return what was written. Raises ValueError, KeyError or TypeError unless it is of a kind."""
    every: Any = kind  # mypy holds that not each class has a hash
    try:
        found = _record(json.loads(text), {each.__name__: each for each in kinds(every)})
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, kind):
        raise ValueError(f"is no {kind.__name__}")
    return found


@cache
def kinds(kind: Any) -> tuple[Any, ...]:
    """Return a dataclass and all that its fields may hold."""
    return tuple(_within(kind, set()))


def _within(hint: Any, seen: set[Any]) -> Iterator[Any]:
    if is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        yield hint
        for each in typing.get_type_hints(hint).values():
            yield from _within(each, seen)
    for each in typing.get_args(hint):
        yield from _within(each, seen)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: what "is" says is a record, an array, bytes or a mapping."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        told = {name: _plain(each) for name, each in vars(value).items()}
        return {"is": type(value).__name__, **told}
    if isinstance(value, np.ndarray | np.generic):  # one number of NumPy's is no array
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        data = base64.b64encode(value.tobytes()).decode()
        return {"is": kind, "dtype": value.dtype.str, "shape": value.shape, "data": data}
    if isinstance(value, bytes):
        return {"is": "bytes", "data": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):  # whose names may be numbers
        return {"is": "mapping", "of": [[name, _plain(each)] for name, each in value.items()]}
    return value


def _record(value: Any, known: Mapping[str, Any]) -> Any:
    """Return what was made plain. Raises ValueError, KeyError or TypeError."""
    if isinstance(value, list):
        return tuple(_record(each, known) for each in value)
    if not isinstance(value, dict):
        return value
    kind = value["is"]
    if kind == "mapping":
        return {name: _record(each, known) for name, each in value["of"]}
    if kind == "bytes":
        return base64.b64decode(value["data"])
    if kind in ("array", "scalar"):
        dtype = np.dtype(value["dtype"])
        if dtype.kind not in "biuf":
            raise ValueError(f"{dtype} is no number")
        array = np.frombuffer(base64.b64decode(value["data"]), dtype).reshape(value["shape"]).copy()
        return array if kind == "array" else array[()]
    found = {name: _record(each, known) for name, each in value.items() if name != "is"}
    return known[kind](**found)
