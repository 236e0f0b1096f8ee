"""The student's own function with line numbers, coloured by pygments, suspect lines marked.

Docstrings are left out: they are the assignment's. What is shown is cut to a screen or two around
the lines that matter, and no more than once in a report.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.report.text import LINE, shown
from grader.types import ItemResult, Submission

MOST = 70  # lines of one listing
AROUND = 12  # lines kept before the first suspect line where it is cut
LONGEST = 200_000  # bytes of a file that is read
# The classes of the page's style, by the kinds that pygments knows: the first that fits.
COLOURS = (
    ("Keyword", "k"), ("Operator.Word", "k"), ("Literal.String", "s"), ("Literal.Number", "m"),
    ("Comment", "c"), ("Name.Function", "f"), ("Name.Class", "f"),
)  # fmt: skip
Piece = tuple[str, str]  # class, text


@dataclass(frozen=True)
class SourceLine:
    """One line; `why` it is marked, if it is. `number` 0 is a gap of lines that are left out."""

    number: int
    pieces: tuple[Piece, ...]
    why: str = ""


@dataclass(frozen=True)
class Listing:
    """The lines of one function or class; `also` names the card that shows them already."""

    place: str
    lines: tuple[SourceLine, ...]
    marked: tuple[int, ...]
    also: str = ""


def of(item: ItemResult, submission: Submission) -> Listing | None:
    """Return the function of an item as the student wrote it; None where there is none to show."""
    file, _, rest = item.where.partition(": ")
    name = re.split(r"\W", rest, maxsplit=1)[0]
    path = f"{submission.package}/{file}"
    data = submission.files.get(path, b"")
    if not name or not data or len(data) > LONGEST:
        return None
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    why = {one.line: one.message for one in item.suspects if one.file == path}
    found = _of_name(text, name)
    if found is None:
        return None
    whole, left_out = found
    texts = text.split("\n")
    numbers = [n for n in whole if n not in left_out and n <= len(texts)]
    while numbers and not texts[numbers[-1] - 1].strip():
        numbers.pop()
    kept = _cut(numbers, [n for n in numbers if n in why])
    coloured = dict(zip(kept, _coloured([texts[n - 1] for n in kept])))
    lines = tuple(_lines(kept, coloured, why))
    return Listing(f"{path}, {name}", lines, tuple(n for n in kept if n in why))


def _of_name(text: str, name: str) -> tuple[range, set[int]] | None:
    """Return the lines of a function or class, and of them those of docstrings.

    A file that cannot be parsed has the lines from its `def` to the next one that is not indented.
    """
    tree = _parsed(text)
    if tree is None:
        return _of_text(text, name)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [one for one in tree.body if isinstance(one, kinds) and one.name == name]
    if not nodes:
        return None
    node = nodes[-1]
    inside = [one for one in ast.walk(node) if isinstance(one, kinds)]
    return range(node.lineno, (node.end_lineno or node.lineno) + 1), set(_docstrings(inside))


@functools.lru_cache(maxsize=4)  # a file has many functions to show
def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _docstrings(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        first = getattr(node, "body", [None])[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            if isinstance(first.value.value, str):
                yield from range(first.lineno, (first.end_lineno or first.lineno) + 1)


def _of_text(text: str, name: str) -> tuple[range, set[int]] | None:
    lines = text.split("\n")
    begins = re.compile(rf"(?:def|class)\s+{re.escape(name)}\b")
    start = next((n for n, line in enumerate(lines, 1) if begins.match(line)), None)
    if start is None:
        return None
    after = (n for n, line in enumerate(lines, 1) if n > start and re.match(r"[^\s#)\]}]", line))
    return range(start, next(after, len(lines) + 1)), set()


def _cut(numbers: list[int], marked: list[int]) -> list[int]:
    """Return at most MOST lines, those around the first that is marked."""
    if len(numbers) <= MOST:
        return numbers
    first = numbers.index(marked[0]) if marked else 0
    start = max(0, min(first - AROUND, len(numbers) - MOST))
    return numbers[start : start + MOST]


def _lines(
    kept: list[int], coloured: Mapping[int, tuple[Piece, ...]], why: Mapping[int, str]
) -> Iterator[SourceLine]:
    before = kept[0] if kept else 0
    for number in kept:
        if number > before + 1:
            yield SourceLine(0, ())
        yield SourceLine(number, coloured[number], why.get(number, ""))
        before = number


def _coloured(texts: list[str]) -> list[tuple[Piece, ...]]:
    """Return each line in pieces of one colour; what is invisible is spelled out before."""
    clean = [shown(line, LINE) for line in texts]
    try:
        from pygments.lexers.python import PythonLexer  # only where something is not right
    except ImportError:  # a student's machine may lack it
        return [(("", line),) for line in clean]
    text = "\n".join(clean)
    lines: list[list[Piece]] = [[]]
    colours: dict[object, str] = {}
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        if kind not in colours:
            name = str(kind).removeprefix("Token.")
            colours[kind] = next((short for start, short in COLOURS if name.startswith(start)), "")
        colour = colours[kind]
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part and lines[-1] and lines[-1][-1][0] == colour:
                lines[-1][-1] = (colour, lines[-1][-1][1] + part)
            elif part:
                lines[-1].append((colour, part))
    return [tuple(line) for line in lines[: len(texts)]]
