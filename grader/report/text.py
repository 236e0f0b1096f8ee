"""Text from strangers, made fit to be seen: bounded, and with nothing in it that is invisible.

`cleaned` goes through a whole record once, so that no writer has to remember it. HTML is not
escaped here: that is what the template's autoescape is for.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from grader.types import Raised, Smallest

Record = TypeVar("Record")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
LIMIT = 600  # characters of one text
LINE = 160  # characters of one line of source
FRAMES = 8  # the innermost lines of an exception
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by category, blank by looks
_NO_TEXT = frozenset({bool, int, float})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # what terminals act on
_EXPONENT = re.compile(r"e([+-])0*(\d)")


def cleaned(record: Record) -> Record:
    """Return a record with every text in it cut and its invisible characters spelled out."""
    known: Record = _clean(record)
    return known


def _clean(value: Any) -> Any:
    """Return a value with clean texts; it is the same one if there was nothing to clean."""
    if value is None or value.__class__ in _NO_TEXT:
        return value
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, tuple):
        each = tuple(map(_clean, value))
        return value if all(map(operator.is_, each, value)) else each
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    if isinstance(value, Raised):
        value = replace(value, frames=value.frames[-FRAMES:])
    if isinstance(value, Smallest):  # its snippet is Python of ours: cut short it would not run
        return replace(_fields(value), snippet=value.snippet)
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    return value


def _fields(value: Any) -> Any:
    given = ((name, getattr(value, name)) for name in _names(value.__class__))
    changed = {name: clean for name, one in given if (clean := _clean(one)) is not one}
    return replace(value, **changed) if changed else value


@functools.cache
def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


def shown(text: str, limit: int = LIMIT) -> str:
    """Return at most `limit` characters, controls, bidi and zero width marks as escapes."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    head = text[:limit]
    if not head.isprintable() or not head.isascii():
        head = "".join(
            char
            if char in "\n\t" or char.isprintable() and char not in _LOOK_EMPTY
            else char.encode("unicode_escape").decode("ascii")
            for char in head
        )
    left = len(text) - limit
    return f"{head}… {left:,} more characters" if left > 0 else head


def one_line(text: str) -> str:
    """Return the text without line breaks: nobody can add lines of his own to a list of ours."""
    return " ".join(text.split())


def number(value: float, digits: int = 2) -> str:
    """Write a number as people do: 0.42, 1e-9, nan."""
    return _EXPONENT.sub(lambda m: f"e{m[1].replace('+', '')}{m[2]}", f"{value:.{digits}g}")


def points(value: float) -> str:
    """Write points without needless digits: 61.5, 64, 0.25."""
    rounded = round(value, 2) if math.isfinite(value) else 0.0
    return f"{rounded:.2f}".rstrip("0").rstrip(".") if rounded else "0"


def count(many: float, one: str, more: str = "") -> str:
    """Return "1 point", "2.5 points", "3 checks"."""
    amount = f"{many:,}" if isinstance(many, int) else points(many)
    return f"{amount} {one if amount == '1' else more or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def index(at: Sequence[int]) -> str:
    """Return the index as it is written in Python: [2, 0]."""
    return f"[{', '.join(map(str, at))}]" if at else ""


def guarded(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, and no terminal for a command.

    Numbers of ours stay numbers.
    """
    if isinstance(cell, float):
        return points(cell)
    if isinstance(cell, str):
        plain = _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), cell)
        return f"'{plain}" if cell.startswith(FORMULA) else plain
    return cell
