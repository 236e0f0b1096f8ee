"""Python source as tokens by function, whatever Python it is and whether or not it parses.

Names become one token and numbers another, so that renaming changes nothing; words of the language
and of NumPy stay. Comments, docstrings and layout are left out, and kept apart.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MOST = 200_000  # characters of a file that are read: homework comes to less
NUMPY = frozenset(  # what follows a dot
    "sum mean var std sqrt dot exp log zeros zeros_like ones ones_like empty_like maximum "
    "minimum max min argmax reshape shape size T transpose newaxis arange random rand randn seed "
    "astype copy where abs square power prod axis keepdims einsum matmul outer clip tile "
    "ravel flatten multiply add subtract divide".split()
)
PLAIN = frozenset(  # what stands by itself
    "np numpy len range xrange print enumerate zip sum max min abs".split()
) | frozenset(keyword.kwlist)
NAME, NUMBER, TEXT = "I", "N", "S"
_TEXT = (
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<text>[rRbBuUfF]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))"
)
_COMMENT = re.compile(_TEXT, re.DOTALL)
_TOKEN = re.compile(
    _TEXT + r"|(?P<number>(?:0[xXbBoO][\da-fA-F_]+"
    r"|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[jJlL]?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<line>\n[ \t]*)"
    r"|(?P<space>[ \t\r\f]+|\\\n)"
    r"|(?P<sign>\*\*=|//=|>>=|<<=|\*\*|//|[-+*/%@&|^=!<>]=|->|.)",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d]\w{4,}")
_START = re.compile(r"^(?=(?:def|class|async[ \t]+def)\b)", re.MULTILINE)


class Token(NamedTuple):
    """A token as it is compared, the text it stood as, and its line from 1."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Function:
    """A function with its tokens; a method is "Class.name". Lines count in its block."""

    name: str
    tokens: tuple[Token, ...]


def blocks(text: str) -> list[tuple[int, str]]:
    """Return (line, text) of each top-level definition of a file, in order."""
    text = text[:MOST].replace("\r\n", "\n").replace("\r", "\n").expandtabs(8)
    starts = [match.start() for match in _START.finditer(text)]
    ends = [*starts[1:], len(text)]
    return [(text.count("\n", 0, a) + 1, text[a:b]) for a, b in zip(starts, ends)]


def functions(block: str) -> list[Function]:
    """Return the functions of a top-level definition, whether or not it parses."""
    return list(_functions(*_tokens(block)))


def comments(block: str) -> list[str]:
    """Return the comments of a top-level definition."""
    return [match[0] for match in _COMMENT.finditer(block) if match.lastgroup == "comment"]


def names(block: str) -> set[str]:
    """Return the words of a top-level definition that are no comment, text or Python."""
    return set(_WORD.findall(_COMMENT.sub(" ", block))) - PLAIN - NUMPY


def _tokens(block: str) -> tuple[list[Token], dict[int, int]]:
    """Return tokens, and place of a token that starts a statement -> its column."""
    tokens: list[Token] = []
    starts = {0: 0}
    line, column, depth, fresh = 1, 0, 0, True
    for match in _TOKEN.finditer(block):
        kind, text = match.lastgroup, match[0]
        if kind == "line":
            line += 1
            if depth == 0:
                column, fresh = len(text) - 1, True
            continue
        if kind not in ("space", "comment"):
            if fresh and kind == "text" and _ends_statement(block, match.end()):
                line += text.count("\n")
                continue  # a docstring, or code that was switched off as one
            if fresh:
                starts[len(tokens)] = column
                fresh = False
            if text in "([{":
                depth += 1
            elif text in ")]}":
                depth = max(0, depth - 1)
            after_dot = bool(tokens) and tokens[-1].text == "."
            tokens.append(Token(_kind(kind or "", text, after_dot), text, line))
        line += text.count("\n")
    return tokens, starts


def _kind(kind: str, text: str, after_dot: bool) -> str:
    if kind == "name":
        return text if text in (NUMPY if after_dot else PLAIN) else NAME
    return {"number": NUMBER, "text": TEXT}.get(kind, text)


def _ends_statement(block: str, place: int) -> bool:
    end = block.find("\n", place)
    rest = block[place : len(block) if end < 0 else end].strip()
    return not rest or rest.startswith("#")


def _functions(tokens: list[Token], starts: dict[int, int]) -> Iterator[Function]:
    """Yield each function with all that is indented below it; an inner one belongs to its outer."""
    owner, until = "", -1
    places = sorted(place for place in starts if place < len(tokens))
    for place in places:
        if place < until:
            continue
        word = tokens[place].text
        if word == "class" and place + 1 < len(tokens):
            owner = tokens[place + 1].text
        elif word in ("def", "async"):
            ends = (p for p in places if p > place and starts[p] <= starts[place])
            until = next(ends, len(tokens))
            head = place + (2 if word == "async" else 1)
            if head < until:
                name = tokens[head].text
                name = f"{owner}.{name}" if owner and starts[place] > 0 else name
                yield Function(name, tuple(tokens[place:until]))
