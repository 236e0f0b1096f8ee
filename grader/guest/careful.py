"""JSON from strangers, read so that what comes out can be written again.

Texts are what UTF-8 can carry, numbers what 64 bits can hold, and nothing is nested deeply.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from grader.errors import WireError

MAX_DEPTH = 20  # of a message
MAX_DIGITS = 20  # of an integer
LONG_NUMBER = re.compile(rb"\d{19}")  # that 64 bits may not hold
SURROGATE = re.compile(rb"\\u[dD]")  # half of a character, perhaps


def read(text: bytes) -> Any:
    """Return what a text says; None for what is no number of JSON's, or has no finite value.

    Raises WireError.
    """
    try:
        # Looking at each number and text takes longer than reading it.
        decoder = CAREFUL if LONG_NUMBER.search(text) else DECODER
        parsed = decoder.decode(text.decode("utf-8"))
        return _carried(parsed, MAX_DEPTH) if SURROGATE.search(text) else parsed
    except (ValueError, RecursionError) as error:
        raise WireError(f"wire: a header that is no JSON ({error})") from None


def _integer(digits: str) -> int | None:
    value = int(digits) if len(digits.lstrip("-")) <= MAX_DIGITS else 2**64
    return value if -(2**63) <= value < 2**64 else None


def _real(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _nothing(_: str) -> None:
    """NaN and the infinities are not JSON: a reader of what we write would stop at them."""


DECODER = json.JSONDecoder(parse_float=_real, parse_constant=_nothing)
CAREFUL = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=_nothing)


def _carried(value: Any, depth: int) -> Any:
    """Return a value with texts that UTF-8 can carry. Raises WireError if it is nested deeper."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if not isinstance(value, (list, dict)):
        return value
    if not depth:
        raise WireError("wire: a message that is nested too deeply")
    if isinstance(value, list):
        return [_carried(one, depth - 1) for one in value]
    return {_carried(key, 1): _carried(one, depth - 1) for key, one in value.items()}


def check_depth(value: dict[str, Any], depth: int) -> None:
    """Raise WireError if a message is nested deeper; what lies beside it is read as a table."""
    level: list[Any] = [value]
    while level := [
        inner
        for one in level
        for inner in (one.values() if type(one) is dict else one)
        if type(inner) is dict or type(inner) is list
    ]:
        if not depth:
            raise WireError("wire: a message that is nested too deeply")
        depth -= 1
