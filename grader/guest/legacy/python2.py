"""Give sources of the course years 2015 and 2016 what Python 2 meant.

Line numbers never change, so that an error still names the student's own line.
"""

from __future__ import annotations

import ast
import functools
import itertools
import math
import operator
import os
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from grader.guest.legacy import old_names
from grader.guest.legacy.old_operators import call_of, method_of

# What runs in Python 2 only, unless something else gives it a meaning; outside of a comment.
ONLY_OLD = re.compile(
    r"^[^#\n]*(?:\.iter(?:items|values|keys)\(\)|\.has_key\(|\bxrange\(|\braw_input\("
    r"|\bunicode\(|\bprint[ \t]*>>)",
    re.MULTILINE,
)
HINTS = (".iter", ".has_key", "xrange", "raw_input", "unicode", "print")  # found in less time
AWARE = re.compile(
    r"^[ \t]*from builtins import\b|^[ \t]*(?:from|import)\b.*\bxrange\b"
    r"|\b(?:xrange|unicode|raw_input)[ \t]*=",
    re.MULTILINE,
)


def rename(source: str) -> str:
    """Return `source` with dictionary and range methods that Python 3 dropped replaced."""
    if ".iter" in source:  # found in less time
        source = re.sub(r"\.iter(items|values|keys)\(\)", r".\1()", source)
    return re.sub(r"\bxrange\(", "range(", source) if "xrange" in source else source


def is_written_for(texts: Iterable[str], was_modernised: bool) -> bool:
    """Say whether files that run together can only have run under Python 2.

    `was_modernised` says that one of them is no Python 3 at all. If only a name points to it,
    a sign that the author knew of Python 3 is the stronger one.
    """
    whole = "\n".join(texts)
    if was_modernised or not any(hint in whole for hint in HINTS):
        return was_modernised
    return ONLY_OLD.search(whole) is not None and AWARE.search(whole) is None


def divide(one: Any, other: Any) -> Any:
    """Return one / other as Python 2 had it: whole numbers give a whole number, rounded down."""
    return one // other if _is_whole(one) and _is_whole(other) else one / other


def _divided_in_place(one: Any, other: Any) -> Any:
    """Do one /= other; return what the name then stands for."""
    is_whole = _is_whole(one) and _is_whole(other)
    divided: Any = operator.ifloordiv if is_whole else operator.itruediv
    return divided(one, other)


def _is_whole(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, int) or (isinstance(dtype, np.dtype) and dtype.kind in "iub")


# ------------------------------------------------------------------------------ builtins


def _map(function: Callable[..., Any] | None, *iterables: Iterable[Any]) -> list[Any]:
    rows = itertools.zip_longest(*iterables)
    if function is not None:
        return [function(*row) for row in rows]
    return [row if len(iterables) > 1 else row[0] for row in rows]


def _filter(function: Callable[[Any], Any] | None, values: Any) -> Any:
    kept = list(filter(function, values))
    if isinstance(values, str):
        return "".join(kept)
    return tuple(kept) if isinstance(values, tuple) else kept


def _round(number: Any, digits: int = 0) -> float:
    """Round half away from zero; what comes out is a float."""
    value, scale = float(number), 10.0**digits
    if not math.isfinite(value):
        return value
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


def _compare(one: Any, other: Any) -> int:
    return int(_ordered(one, "gt", other)) - int(_ordered(one, "lt", other))


def _sorted(values: Iterable[Any], cmp: Any = None, key: Any = None, reverse: bool = False) -> Any:
    return sorted(values, key=_key(cmp, key), reverse=reverse)


def _key(cmp: Any, key: Any) -> Any:
    order = functools.cmp_to_key(_compare if cmp is None else cmp)
    return order if key is None else lambda value: order(key(value))


# ------------------------------------------------------------------------------ operators


def _rank(value: Any) -> tuple[bool, str]:
    is_number = isinstance(value, (int, float, np.number))
    return value is not None, "" if is_number else type(value).__name__


def _ordered(one: Any, sign: str, other: Any) -> Any:
    """Return whether one is <, >, <= or >= other; `sign` is lt, gt, le or ge.

    Python 2 orders what Python 3 does not: None, then numbers, then others by the name of the type.
    """
    try:
        return getattr(operator, sign)(one, other)
    except TypeError:
        if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
            raise
        less = _rank(one) < _rank(other)
        return less if sign in ("lt", "le") else not less


def _method(one: Any, name: str, *args: Any, **options: Any) -> Any:
    """Call a method of Python 2 whose name is gone or that gives a list no more."""
    if isinstance(one, dict):
        if name == "has_key":
            return args[0] in one
        if name.startswith("view"):
            return getattr(one, name[4:])()
        if name.removeprefix("iter") in ("keys", "values", "items"):
            found = getattr(one, name.removeprefix("iter"))()
            return iter(found) if name.startswith("iter") else list(found)
    if name == "next" and not hasattr(one, "next"):
        return next(one)
    if name == "sort" and isinstance(one, list):
        cmp = args[0] if args else options.pop("cmp", None)
        return one.sort(key=_key(cmp, options.get("key")), reverse=options.get("reverse", False))
    return getattr(one, name)(*args, **options)


METHODS = {
    *("keys", "values", "items", "has_key", "next", "sort"),
    *(f"{how}{what}" for how in ("iter", "view") for what in ("keys", "values", "items")),
}
SIGNS: Mapping[type[ast.cmpop], str] = {ast.Lt: "lt", ast.Gt: "gt", ast.LtE: "le", ast.GtE: "ge"}
BUILTINS: dict[str, Any] = {
    "range": lambda *limits: list(range(*limits)), "xrange": range,
    "zip": lambda *iterables: list(zip(*iterables)), "map": _map, "filter": _filter,
    "round": _round, "cmp": _compare, "sorted": _sorted, "reduce": functools.reduce,
    "apply": lambda function, args=(), options=None: function(*args, **(options or {})),
    "unicode": str, "basestring": str, "long": int, "unichr": chr,
    "raw_input": input, "intern": sys.intern, "buffer": memoryview, "file": open,
    "StandardError": Exception,
    "divide_as_python_2": divide, "divide_in_place_as_python_2": _divided_in_place,
    "order_as_python_2": _ordered, "method_as_python_2": _method,
}  # fmt: skip
# Names of the standard library that Python 2 had: they are only ever added.
LIBRARY: Mapping[Any, Mapping[str, Any]] = {
    itertools: {
        "izip": zip, "imap": map, "ifilter": filter, "ifilterfalse": itertools.filterfalse,
        "izip_longest": itertools.zip_longest,
    },
    string: {
        "letters": "ascii_letters", "lowercase": "ascii_lowercase",
        "uppercase": "ascii_uppercase", "maketrans": str.maketrans,
        "join": lambda words, by=" ": by.join(words), "split": str.split, "strip": str.strip,
        "replace": str.replace, "lower": str.lower, "upper": str.upper,
    },
    sys: {"maxint": sys.maxsize},
    os: {"getcwdu": os.getcwd},
}  # fmt: skip


def give_library() -> None:
    """Give modules of the standard library the names back that they had in Python 2."""
    for module, names in LIBRARY.items():
        old_names.give(module, names)


# ------------------------------------------------------------------------------ sources


class OldMeaning(ast.NodeTransformer):
    """Rewrites what Python 2 understood otherwise as calls of the functions above.

    `divides` says that `/` of whole numbers gives a whole number.
    """

    def __init__(self, divides: bool) -> None:
        self._divides = divides

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Replace a division, and those inside of it."""
        self.generic_visit(node)
        if not self._divides or not isinstance(node.op, ast.Div):
            return node
        return call_of(node, "divide_as_python_2", node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Replace `name /= value`, and `a[i] /= value` of which the parts are plain names."""
        self.generic_visit(node)
        if not self._divides or not isinstance(node.op, ast.Div) or not _is_plain(node.target):
            return node
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        for part in ast.walk(read):
            ast.copy_location(part, node)
        value = call_of(node, "divide_in_place_as_python_2", read, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Replace a comparison by order, as Python 2 could order everything."""
        self.generic_visit(node)
        sign, right = SIGNS.get(type(node.ops[0])), node.comparators[0]
        if sign is None or len(node.ops) > 1:
            return node
        return call_of(node, "order_as_python_2", node.left, ast.Constant(sign), right)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Replace methods of dictionaries, lists and iterators."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in METHODS:
            return node
        return method_of(node, node.func, "method_as_python_2")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Take apart the parameters that stood in brackets (see grader.guest.legacy.statements)."""
        self.generic_visit(node)
        for name, parts in reversed(list(_unpacked(node.args))):
            target = ast.Tuple([ast.Name(part, ast.Store()) for part in parts], ast.Store())
            taken = ast.Assign([target], ast.Name(name, ast.Load()))
            node.body.insert(0, ast.copy_location(taken, node.body[0]))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Take apart the one parameter of a lambda that stood in brackets."""
        self.generic_visit(node)
        for name, parts in _unpacked(node.args):
            names = [ast.arg(part) for part in parts]
            inner = ast.Lambda(ast.arguments([], names, None, [], [], None, []), node.body)
            packed = ast.Starred(ast.Name(name, ast.Load()), ast.Load())
            node.body = ast.copy_location(ast.Call(inner, [packed], []), node)
        return node


def _unpacked(arguments: ast.arguments) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each parameter that stood in brackets, and the names inside of it."""
    names = (one.arg for one in arguments.args if one.arg.startswith("unpacked__"))
    yield from ((name, name.split("__")[1:]) for name in names)


def _is_plain(target: ast.expr) -> bool:
    """Say whether reading a target twice does nothing twice."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Slice, ast.Tuple,
             ast.expr_context, ast.UnaryOp, ast.USub, ast.BinOp, ast.operator)  # fmt: skip
    return all(isinstance(part, kinds) for part in ast.walk(target))


def with_old_meaning(text: str) -> ast.Module:
    """Return the parsed text with the meaning of Python 2."""
    future = re.search(r"^from __future__ import\b.*\bdivision\b", text, re.MULTILINE)
    tree: ast.Module = OldMeaning(divides=future is None).visit(ast.parse(text))
    return ast.fix_missing_locations(tree)
