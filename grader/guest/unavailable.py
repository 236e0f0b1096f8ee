"""Stand in for a student's imports that cannot be resolved: an object that raises when used.

An import that an editor put there, or that serves ungraded code only, must not take the whole file.
What a student guards themselves (`try: import x` with `except ImportError`) stays an ImportError,
so that their own fallback runs, and a mistake in a file of the submission stays what it is.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import sys
import traceback
import types
from collections.abc import Callable, Collection, Mapping
from typing import Any

from grader.guest.legacy import compat

CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
# Operators that give an object: in a function they are a use; while a module is being imported
# what they give is again unavailable, so that one line at module level does not take the file.
GIVES = (
    "call getitem enter add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod "
    "pow rpow matmul rmatmul neg pos abs invert and rand or ror xor rxor lshift rshift "
    "setattr setitem"
).split()
# What needs a value that nobody knows is a use anywhere.
NEEDS = (
    "len iter next contains int float complex index eq ne lt le gt ge array array_ufunc "
    "array_function instancecheck subclasscheck delitem round await reversed"
).split()
Owner = Callable[[str], Any]  # see Importer
OPTIMIZED = 0x1  # set in the code of functions, not in that of modules and classes (inspect)


class ImportUnavailable(ImportError):
    """What a student's import names is not there for the grader, and was used."""


class Unavailable:
    """Stands for what could not be imported; every use raises ImportUnavailable.

    `what` is its dotted name, `why` the rest of the sentence.
    """

    __slots__ = ("_what", "_why")

    def __init__(self, what: str, why: str) -> None:
        object.__setattr__(self, "_what", what)
        object.__setattr__(self, "_why", why)

    def __getattr__(self, name: str) -> Any:
        if name in Unavailable.__slots__ or (name.startswith("__") and name != "__version__"):
            raise AttributeError(name)
        return Unavailable(f"{self._what}.{name}", self._why)

    def __exit__(self, *_: object) -> None:
        return None

    def __bool__(self) -> bool:
        """Say no at module level: "cuda" if torch.cuda.is_available() else "cpu"."""
        _used(self, sys._getframe(1))
        return False

    def __repr__(self) -> str:
        return f"<{self._what} {self._why}>"

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        """Let a class be defined on it; making an object of that class is the use."""
        sentence = f"{self._what} {self._why}"

        def new(cls: type, *_: Any, **__: Any) -> Any:
            raise ImportUnavailable(sentence)

        return (type(self._what.rpartition(".")[2], (), {"__new__": new}),)

    __hash__ = object.__hash__


def _used(one: Unavailable, frame: types.FrameType) -> Unavailable:
    """Raise, unless a module is being imported and the use can wait until its result is used."""
    if frame.f_code.co_flags & OPTIMIZED:
        raise ImportUnavailable(f"{one._what} {one._why}")
    if ", used" in one._why:
        return one
    return Unavailable(one._what, one._why.replace(")", f", used in line {frame.f_lineno})", 1))


def _operator(name: str) -> Callable[..., Any]:
    def gives(self: Unavailable, *_: Any, **__: Any) -> Any:
        return _used(self, sys._getframe(1))

    def needs(self: Unavailable, *_: Any, **__: Any) -> Any:
        if name in ("eq", "ne") and sys._getframe(1).f_globals.get("__name__") == "typing":
            return NotImplemented  # Optional[...] compares with types of its own
        raise ImportUnavailable(f"{self._what} {self._why}")

    return gives if name in GIVES else needs


for _name in (*GIVES, *NEEDS):
    setattr(Unavailable, f"__{_name}__", _operator(_name))


class Partly:
    """A module of which some names are missing, as `from module import names` looks at it."""

    def __init__(self, module: Any, missing: Mapping[str, Any]) -> None:
        self._module = module
        self._missing = missing

    def __getattr__(self, name: str) -> Any:
        return self._missing[name] if name in self._missing else getattr(self._module, name)


class Names(dict[str, Any]):
    """The builtins of a module whose `from x import *` failed: an unknown name may be one of x."""

    def __init__(self, names: Mapping[str, Any], why: str) -> None:
        super().__init__(names)
        self._why = why

    def __missing__(self, name: str) -> Any:
        raise NameError(f"name {name!r} is not defined; {self._why}")


class Importer:
    """What `import` does in the files of one submission.

    An Owner returns the file of the submission that a full name means, "" for one that should be
    there and is not, None for what belongs to others.

    `paths` are those files. `replaced` maps a module's name to what student code gets in its place;
    `names` are builtins of theirs beside those of Python.
    """

    def __init__(
        self, paths: Collection[str], replaced: Mapping[str, Any], names: Mapping[str, Any]
    ) -> None:
        self._paths = paths
        self._replaced = replaced
        self._names = names

    def builtins(
        self, guarded: frozenset[int], more: Mapping[str, Any], owner: Owner
    ) -> dict[str, Any]:
        """Return the builtins of one module: those of Python, of which `more` replaces some, and
        our `import`. `guarded` are the lines of imports that the student is ready to see fail.
        """

        def imported(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            line = sys._getframe(1).f_lineno
            space = {} if globals is None else globals
            wanted = tuple(fromlist or ())
            full = _full(name, space, level)
            where = "in the submission" if owner(full) is not None else "available to the grader"
            why = f"(imported in line {line}) is not {where}"
            try:
                module = builtins.__import__(name, space, locals, wanted, level)
            except Exception as error:
                if self._is_theirs(error):
                    raise
                if line in guarded:
                    if isinstance(error, ImportError):
                        raise
                    raise ImportError(f"{full} cannot be imported: {error}") from error
                module = _instead(full, wanted, why)
            else:
                module = self._replaced.get(getattr(module, "__name__", ""), module)
                if line not in guarded and not owner(full):
                    module = _whole_of(module, full, wanted, why)
            if "*" in wanted and isinstance(module, Unavailable):
                star = f"from {module._what} import * in line {line} could not be resolved"
                space["__builtins__"] = Names(space["__builtins__"], star)
                return types.ModuleType(module._what)
            return module

        return {
            **compat.NOTEBOOK,
            **builtins.__dict__,
            **self._names,
            **more,
            "__import__": imported,
        }

    def _is_theirs(self, error: Exception) -> bool:
        """Say whether it is a mistake in a file of the submission that stops an import."""
        if isinstance(error, SyntaxError):
            return error.filename in self._paths
        frames = traceback.walk_tb(error.__traceback__)
        return any(frame.f_code.co_filename in self._paths for frame, _ in frames)


def _instead(full: str, wanted: tuple[str, ...], why: str) -> Any:
    """Return what an import gives that failed: the module of which names are taken, or its root."""
    root, _, rest = full.partition(".")
    if wanted or not rest:
        return Unavailable(full, why)
    try:
        top = importlib.import_module(root)
    except Exception:  # noqa: BLE001 - a package may raise anything
        return Unavailable(root, why)
    return _whole(top, root, rest, why)


def _whole_of(module: Any, full: str, wanted: tuple[str, ...], why: str) -> Any:
    """Return a module on which the names that are taken from it and missing are unavailable."""
    names = [one for one in wanted if one != "*" and not _has(module, one)]
    return Partly(module, {n: Unavailable(f"{full}.{n}", why) for n in names}) if names else module


def _whole(module: Any, path: str, rest: str, why: str) -> Any:
    """Return a package, known as `path`, on which the part `rest` is unavailable if missing."""
    name, _, deeper = rest.partition(".")
    if not name:
        return module
    if not _has(module, name):
        return Partly(module, {name: Unavailable(f"{path}.{name}", why)})
    inner = getattr(module, name)
    whole = _whole(inner, f"{path}.{name}", deeper, why)
    return module if whole is inner else Partly(module, {name: whole})


def _full(name: str, space: Mapping[str, Any], level: int) -> str:
    if not level:
        return name
    package = space.get("__package__") or space.get("__name__", "").rpartition(".")[0]
    try:
        return importlib.util.resolve_name("." * level + name, package)
    except ImportError:
        return name


def _has(module: Any, name: str) -> bool:
    try:
        return hasattr(module, name)
    except Exception:  # noqa: BLE001 - a package's __getattr__ may raise anything
        return False


def guarded_lines(tree: ast.AST) -> frozenset[int]:
    """Return the lines of imports whose failure the student is ready for."""
    found: set[int] = set()
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)) and ready:
            found.add(node.lineno)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            ready = False
        body = ready or _is_ready(node)
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    stack.append((child, body if name == "body" else ready))
    return frozenset(found)


def _is_ready(node: ast.AST) -> bool:
    """Say whether a failing import in the body of this statement is caught by it."""
    if isinstance(node, ast.Try):
        return any(one.type is None or _names(one.type) & CAUGHT for one in node.handlers)
    return isinstance(node, ast.With) and any(_names(w.context_expr) & CAUGHT for w in node.items)


def _names(node: ast.AST) -> set[str]:
    return {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(node)}
