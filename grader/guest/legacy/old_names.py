"""Give names back that NumPy and Python dropped, which changes nothing else."""

from __future__ import annotations

import ast
import collections
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

USED = re.compile(r"\b(?:np|numpy)\.(\w+)")  # compiled before a driver is forked


def _find_common_type(array_types: Sequence[Any], scalar_types: Sequence[Any]) -> Any:
    return np.result_type(*map(np.dtype, (*array_types, *scalar_types)))


def _asfarray(a: Any, dtype: Any = np.float64) -> Any:
    wanted = np.dtype(dtype)  # None stands for float64
    return np.asarray(a, dtype=wanted if wanted.kind in "fc" else np.float64)


def _issubclass(one: Any, other: Any) -> bool:
    try:
        return issubclass(one, other)
    except TypeError:
        return False


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing, whatever is asked."""


# Names of NumPy that are gone, and what they meant: a name of NumPy, or the thing itself.
NAMES: Mapping[str, Any] = {
    "int": int, "float": float, "bool": bool, "complex": complex, "object": object, "str": str,
    "long": int, "unicode": str, "float_": "float64", "complex_": "complex128",
    "unicode_": "str_", "string_": "bytes_", "cfloat": "complex128", "longfloat": "longdouble",
    "singlecomplex": "complex64", "clongfloat": "clongdouble", "longcomplex": "clongdouble",
    "bool8": "bool_", "int0": "intp", "uint0": "uintp", "object0": "object_", "str0": "str_",
    "bytes0": "bytes_", "void0": "void",
    "NaN": "nan", "Inf": "inf", "PINF": "inf", "infty": "inf", "Infinity": "inf",
    "NINF": -np.inf, "PZERO": 0.0, "NZERO": -0.0,
    "product": "prod", "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any",
    "row_stack": "vstack", "in1d": "isin", "round_": "round", "mat": "asmatrix",
    "unique1d": "unique", "setmember1d": "isin",
    "asfarray": _asfarray, "msort": lambda a: np.sort(a, axis=0), "trapz": "trapezoid",
    "issubclass_": _issubclass, "find_common_type": _find_common_type,
    "asscalar": lambda a: np.asarray(a).item(), "rank": np.ndim,
    "alen": lambda a: len(np.atleast_1d(a)),
    "fastCopyAndTranspose": lambda a: np.asarray(a).T.copy(),
    "issubsctype": lambda one, other: np.issubdtype(one, other),
    "issctype": lambda one: isinstance(one, type) and issubclass(one, np.generic),
    "obj2sctype": lambda one, default=None: np.dtype(one).type,
    "sctype2char": lambda one: np.dtype(one).char,
    "maximum_sctype": lambda one: np.dtype(one).type,
    "nbytes": collections.defaultdict(int, {t: np.dtype(t).itemsize for t in (
        np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_)}),
    "cast": {t: (lambda x, t=t: np.asarray(x).astype(t)) for t in (
        np.float16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8, np.bool_)},
    "typeDict": "sctypeDict",
    "disp": lambda mesg, *_, **__: print(mesg),
    "source": nothing, "lookfor": nothing, "who": nothing, "set_string_function": nothing,
    "geterrobj": lambda: [8192, 521, None], "seterrobj": nothing,
    "deprecate": lambda *args, **_: args[0] if args else (lambda function: function),
    "byte_bounds": lambda a: np.lib.array_utils.byte_bounds(a),
    "safe_eval": ast.literal_eval, "tracemalloc_domain": 389047,
    "math": math,
}  # fmt: skip
EXCEPTIONS = (
    "AxisError", "ComplexWarning", "VisibleDeprecationWarning", "ModuleDeprecationWarning",
    "TooHardError", "RankWarning",
)  # fmt: skip


def give(module: Any, names: Mapping[str, Any]) -> frozenset[str]:
    """Give a module the names that it lacks, and return them; a text is a name that it has."""
    missing = {name: old for name, old in names.items() if name not in vars(module)}
    for name, old in missing.items():
        setattr(module, name, getattr(module, old) if isinstance(old, str) else old)
    return frozenset(missing)


def give_names() -> frozenset[str]:
    """Give NumPy the names back that it dropped; return those that were missing."""
    moved = getattr(np, "exceptions", None)  # where NumPy has them since 1.25
    found = {name: getattr(moved, name) for name in EXCEPTIONS if hasattr(moved, name)}
    return give(np, {**NAMES, **found})


def names_used(texts: Mapping[str, str], missing: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for each line that uses a name which NumPy had to be given back."""
    for path, text in texts.items():
        for match in USED.finditer(text):
            if match[1] in missing:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {match[0]} was read as older NumPy meant it"
