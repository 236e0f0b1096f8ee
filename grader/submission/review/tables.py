"""Numbers and shapes that were known beforehand: tables, encoded texts, special inputs."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice

import numpy as np

from grader.rubric.cases import Rubric
from grader.submission.review.source import DEPTH, Remark, SourceFile
from grader.types import Case

TABLE = 50  # numbers in one table; homework has none of more than a dozen
ENCODED = 1_000  # characters without the blanks of a language
DIGITS = 6  # significant digits from which on a number tells where it is from
MATCHES = 4
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.\d+(?:[eE][-+]?\d+)?(?![\w.])")
_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_JOINTS = (*_DISPLAYS, ast.UnaryOp, ast.BinOp)
_GROUPED = (ast.Constant, *_JOINTS)


def remarks(source: SourceFile) -> Iterator[Remark]:
    """Yield large tables, texts that look encoded, and what treats one input on its own."""
    for whole, (numbers, texts) in _groups(source).items():
        count = len(numbers) + sum(len(_NUMBER.findall(text[:100_000])) for text in texts)
        length = sum(map(len, texts))
        if count >= TABLE and not isinstance(whole, ast.Module):
            message = f"holds a table of {count:,} numbers: look at where they come from"
            yield source.remark("constants", message, whole)
        elif length >= ENCODED and _looks_encoded("".join(texts)):
            message = f"holds a text of {length / 1000:,.0f} kB that looks encoded"
            yield source.remark("constants", message, whole)
    for compare in source.all(ast.Compare):
        if not any(isinstance(one, ast.Assert) for one in islice(source.above(compare), DEPTH)):
            yield from _compared(source, compare)
    for subscript in source.all(ast.Subscript):
        yield from _looked_up(source, subscript)
    for call in source.all(ast.Call):
        yield from _looked_up(source, call)


@functools.lru_cache(maxsize=8)  # both rules ask for it
def _groups(source: SourceFile) -> dict[ast.AST, tuple[list[float], list[str]]]:
    """Return the numbers and texts of each outermost list, tuple, set or dict.

    Single numbers are those of the whole file; a single text is a group of its own.
    """
    groups: dict[ast.AST, tuple[list[float], list[str]]] = {}
    tops: dict[ast.AST, ast.AST] = {}  # of nodes in a display or a sum; outer nodes first
    for node in source.nodes:
        if not isinstance(node, _GROUPED):
            continue
        parent = source.parents.get(node)
        top = tops.get(parent, node) if parent is not None else node
        if not isinstance(node, ast.Constant):
            tops[node] = top
        else:
            value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(value, str):
                # A docstring or a comment in quotes is used for nothing.
                if not isinstance(source.parents.get(top), ast.Expr) or _looks_encoded(value):
                    groups.setdefault(top, ([], []))[1].append(value)
            elif isinstance(value, float) or type(value) is int and abs(value) < 10**15:
                whole = top if isinstance(top, _DISPLAYS) else source.tree
                groups.setdefault(whole, ([], []))[0].append(float(value))
    return groups


def _looks_encoded(text: str) -> bool:
    """Return whether a long text lacks the blanks of any language and of any code."""
    head = text[:20_000]
    blanks = sum(map(head.count, " \n\t"))
    return len(head) >= 200 and blanks < 0.04 * len(head) and len(set(head)) > 10


# ------------------------------------------------------------------------------ special inputs


def _compared(source: SourceFile, node: ast.Compare) -> Iterator[Remark]:
    sides = (node.left, *node.comparators)
    for side in sides:
        if _is_shape(side) and (shape := next(filter(None, map(_literal_shape, sides)), None)):
            message = f"treats an input of shape {shape} on its own: no layer needs that"
            yield source.remark("special_input", message, node)
            return
        if (number := _number(side)) is not None and _digits(number) >= DIGITS:
            message = f"compares with {number!r}: this looks like asking for one input"
            yield source.remark("special_input", message, node)
            return


def _is_shape(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", "") == "shape"
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _literal_shape(node: ast.AST) -> str | None:
    """Return a shape of two or more plain sizes, or the first in a collection of shapes."""
    if isinstance(node, ast.Tuple) and len(node.elts) >= 2:
        sizes = [e.value for e in node.elts if isinstance(e, ast.Constant)]
        if len(sizes) == len(node.elts) and all(type(s) is int and 0 <= s < 10**9 for s in sizes):
            return str(tuple(sizes))
    inner = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    return next((shape for e in inner if e is not None and (shape := _literal_shape(e))), None)


def _looked_up(source: SourceFile, node: ast.Subscript | ast.Call) -> Iterator[Remark]:
    """Yield tables by shape, and arrays taken as bytes or hashed."""
    if isinstance(node, ast.Call):
        name = source.dotted(node.func) or ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method in ("tobytes", "tostring") or name == "hash" and not source.is_local(node.func):
            message = f"uses {method or name} on an input: this is how an input is known again"
            yield source.remark("special_input", message, node)
        elif method in ("get", "setdefault") and node.args and _is_shape(node.args[0]):
            yield source.remark("special_input", _BY_SHAPE, node)
    elif _is_shape(node.slice):
        yield source.remark("special_input", _BY_SHAPE, node)


_BY_SHAPE = "looks something up by the shape of an input: no layer needs that"


# ------------------------------------------------------------------------------ known numbers


def known_numbers(
    sources: Iterable[SourceFile], rubric: Rubric, answers: Callable[[Case], Iterable[np.ndarray]]
) -> Iterator[Remark]:
    """Yield tables that hold inputs or answers of public cases, to the digits they are written."""
    known: np.ndarray | None = None
    for source in sources:
        for whole, (numbers, texts) in _groups(source).items():
            words = (word for text in texts for word in _NUMBER.findall(text[:100_000]))
            every = (*numbers, *map(float, words))
            telling = {abs(number) for number in every if _digits(number) >= DIGITS}
            if len(telling) < MATCHES:
                continue
            known = _public(rubric, answers) if known is None else known
            found = sum(_is_among(number, known) for number in telling)
            if found >= max(MATCHES, len(telling) / 10):
                message = f"holds {found:,} numbers that are inputs or answers of public checks"
                yield source.remark("constants", message, whole)


def _public(rubric: Rubric, answers: Callable[[Case], Iterable[np.ndarray]]) -> np.ndarray:
    """Return the size of every number that students are shown, sorted."""
    arrays = [
        np.abs(np.asarray(array, dtype=np.float64)).ravel()
        for case in rubric.cases
        if case.public
        for array in (*rubric.case_inputs(case).values(), *answers(case))
    ]
    return np.unique(np.concatenate([np.zeros(1), *arrays]))


def _is_among(number: float, known: np.ndarray) -> bool:
    """Return whether a known number would be written like this one with as many digits."""
    exponent = Decimal(repr(number)).as_tuple().exponent
    half = 0.500001 * 10.0 ** int(exponent)
    at = int(np.searchsorted(known, number - half))
    return at < len(known) and bool(known[at] <= number + half)


def _digits(number: float) -> int:
    """Return the significant digits of a number as it is written: 6 for 0.0123456, 1 for 1e-5."""
    digits = Decimal(repr(number)).as_tuple().digits  # none of nan, a 0 of inf
    return len("".join(map(str, digits)).strip("0"))


def _number(node: ast.AST) -> float | None:
    """Return the plain float that an expression is."""
    value = getattr(node.operand if isinstance(node, ast.UnaryOp) else node, "value", None)
    return value if isinstance(value, float) else None
