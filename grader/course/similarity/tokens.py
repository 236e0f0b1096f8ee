"""Python source as tokens by function, whatever Python it is and whether or not it parses.

Names become one token and numbers another, so that renaming changes nothing; words of the language
and of NumPy stay. Comments, docstrings and layout are left out, and kept apart.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<text>[rRbBuUfF]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))"
    r"|(?P<number>(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[jJlL]?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<line>\n[ \t]*)"
    r"|(?P<space>[ \t\r\f]+|\\\n)"
    r"|(?P<sign>\*\*=|//=|>>=|<<=|\*\*|//|[-+*/%@&|^=!<>]=|->|.)",
    re.DOTALL,
)
_START = re.compile(r"^(?=(?:def|class|async[ \t]+def)\b)", re.MULTILINE)


@dataclass(frozen=True)
class Token:
    """A token as it is compared, the text it stood as, and its line from 1."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Function:
    """A function with its tokens; a method is "Class.name". Lines count in its block."""

    name: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Block:
    """A top-level definition of a file: its functions, and the comments in it."""

    functions: tuple[Function, ...]
    comments: tuple[str, ...]


def blocks(text: str) -> list[tuple[int, str]]:
    """Return (line, text) of each top-level definition of a file, in order."""
    text = text[:MOST].replace("\r\n", "\n").replace("\r", "\n").expandtabs(8)
    starts = [match.start() for match in _START.finditer(text)]
    ends = [*starts[1:], len(text)]
    return [(text.count("\n", 0, a) + 1, text[a:b]) for a, b in zip(starts, ends)]


def read(block: str) -> Block:
    """Return the functions of a top-level definition."""
    tokens, comments, starts = _tokens(block)
    return Block(tuple(_functions(tokens, starts)), tuple(comments))


def _tokens(block: str) -> tuple[list[Token], list[str], dict[int, int]]:
    """Return tokens, comments, and place of a token that starts a statement -> its column."""
    tokens: list[Token] = []
    comments: list[str] = []
    starts = {0: 0}
    line, column, depth, fresh = 1, 0, 0, True
    for match in _TOKEN.finditer(block):
        kind, text = match.lastgroup, match[0]
        if kind == "line":
            line += 1
            if depth == 0:
                column, fresh = len(text) - 1, True
            continue
        if kind == "comment":
            comments.append(text)
            continue
        if kind != "space":
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
    return tokens, comments, starts


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
