"""Serve modules of notebooks and old course years that are not installed beside the student.

`past`, `future` and `six` mean what they mean; plots, progress bars and debuggers do nothing.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import types
from collections.abc import Callable, Iterator, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.guest.legacy import python2
from grader.guest.legacy.old_names import nothing

INERT = ("IPython", "matplotlib", "tqdm", "pdb")
INERT_IN_PACKAGE = ("fast_layers", "im2col", "im2col_cython", "vis_utils")
# Modules of the standard library that Python 3 renamed, as six.moves and Python 2 call them.
MOVED = {
    "cPickle": "pickle", "pickle": "pickle", "queue": "queue", "Queue": "queue", "urllib": "urllib",
    "configparser": "configparser", "copyreg": "copyreg", "StringIO": "io", "cStringIO": "io",
    "__builtin__": "builtins", "future_builtins": "builtins", "ConfigParser": "configparser",
}  # fmt: skip
# Modules of older NumPy whose names stand in a package of today.
MOVED |= {
    f"numpy.lib.{name}": "numpy" for name in (
        "function_base", "shape_base", "arraysetops", "twodim_base", "index_tricks", "type_check",
        "nanfunctions", "polynomial", "ufunclike", "utils", "npyio",
    )
}  # fmt: skip
MOVED |= {
    "numpy.linalg.linalg": "numpy.linalg", "numpy.fft.fftpack": "numpy.fft",
    "numpy.testing.utils": "numpy.testing",
}  # fmt: skip
ONLY_OLD = ("cPickle", "Queue", "StringIO", "cStringIO", "__builtin__", "ConfigParser")


def _views(prefix: str, give: Any) -> dict[str, Any]:
    """Return iteritems, itervalues and iterkeys under another prefix."""

    return {
        f"{prefix}{name}": lambda one, _name=name, **options: give(getattr(one, _name)(**options))
        for name in ("items", "values", "keys")
    }


def _same(value: Any) -> Any:
    return value


TEXT = {
    "PY2": False, "PY3": True, "PY34": True, "text_type": str, "binary_type": bytes,
    "string_types": (str,), "integer_types": (int,), "class_types": (type,),
    "with_metaclass": lambda meta, *bases: meta("WithMetaclass", bases, {}),
    "u": _same, "python_2_unicode_compatible": _same,
    "ensure_str": str, "ensure_text": str, "add_metaclass": lambda meta: _same,
}  # fmt: skip
MOVES = {
    "range": range, "xrange": range, "zip": zip, "map": map, "filter": filter, "input": input,
    "reduce": functools.reduce, "getcwd": nothing,
}  # fmt: skip
FUTURE = {
    **TEXT, **_views("iter", iter), **_views("view", _same), **_views("list", list),
    "lrange": python2.BUILTINS["range"], "lzip": python2.BUILTINS["zip"],
    "lmap": python2.BUILTINS["map"], "lfilter": python2.BUILTINS["filter"],
    "native": _same, "old_div": python2.divide, "PY26": False, "PY27": False,
}  # fmt: skip
# What a module of past, future or six holds; a name that is not here is not there.
NAMES: Mapping[str, Mapping[str, Any]] = {
    "past": {}, "past.utils": {**FUTURE, "old_div": python2.divide},
    "past.builtins": {**python2.BUILTINS, "str": str, "dict": dict},
    "future": {}, "future.utils": FUTURE, "future.builtins": vars(builtins),
    "future.standard_library": dict.fromkeys(
        ("install_aliases", "install_hooks", "remove_hooks", "suspend_hooks"), nothing
    ),
    "six": {**TEXT, **_views("iter", iter), **_views("view", _same), "next": next},
    "six.moves": MOVES,
    "future_builtins": vars(builtins),
    "imp": {"reload": importlib.reload},  # until Python 3.11
}  # fmt: skip


class Inert:
    """Takes every call and attribute and does nothing: stands in for plotting and debugging."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if args else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *_: object) -> None:
        return None


# What IPython adds to the builtins of all that it imports.
NOTEBOOK = {"get_ipython": Inert(), "display": nothing}


class MadeLoader(Loader):
    """Serves the module that `make(name)` returns; there is nothing to execute."""

    def __init__(self, make: Callable[[str], types.ModuleType]) -> None:
        self._make = make

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return the module for the import system to register."""
        return self._make(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """It is whole already."""


def _holding(name: str, names: Mapping[str, Any]) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(names)
    return module


def inert_module(name: str) -> types.ModuleType:
    """Return a module on which every name exists and does nothing."""
    every = Inert().__getattr__
    return _holding(name, {"__path__": [], "__all__": [], "__getattr__": every, "trange": range})


class OldFinder(MetaPathFinder):
    """Last on the meta path: serves what is not installed; with `is_old`, to files of Python 2."""

    def __init__(self, is_old: bool = False) -> None:
        self._is_old = is_old

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module that does nothing, or means what it meant."""
        if name.partition(".")[0] in INERT:
            return ModuleSpec(name, MadeLoader(inert_module), is_package=True)
        if name in NAMES:
            names = {n: value for n, value in NAMES[name].items() if not n.startswith("__")}
            make = functools.partial(_holding, names=names)
            return ModuleSpec(name, MadeLoader(make), is_package=True)
        moved = name.removeprefix("six.moves.")
        if moved in MOVED and (moved != name or self._is_old or moved not in ONLY_OLD):
            names = vars(importlib.import_module(MOVED[moved]))
            return ModuleSpec(name, MadeLoader(functools.partial(_holding, names=names)))
        return None
