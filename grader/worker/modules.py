"""A student's files as modules: compiled from their source, found by our own finder.

The submission is never on sys.path, so a student's `random.py` cannot shadow the standard library,
and no .pyc of theirs is ever read. Compiling runs no student code, so it is done once; every child
then executes the compiled modules afresh.
"""

from __future__ import annotations

import ast
import importlib
import io
import marshal
import re
import sys
import tokenize
import types
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.worker import python2

GRADED = {
    "layers": "layers.py",
    "layer_utils": "layer_utils.py",
    "optim": "optim.py",
    "fc_net": "classifiers/fc_net.py",
}
MAX_LINE = 300  # characters of a student's line or message that are handed on
LOSSES = ("softmax_loss", "svm_loss")
# Modules of a notebook's or an old course year's world that a layer never needs: they import as
# inert objects instead of failing the whole file.
INERT = ("IPython", "matplotlib", "tqdm", "past", "future", "six", "pdb")
INERT_IN_PACKAGE = ("fast_layers", "im2col", "im2col_cython", "vis_utils")


class Source:
    """One file of a submission, compiled or with the error that prevented it.

    `text` is the student's own text; `marshalled` the code object's bytes or None; `error` is
    (type, message, line number, line); `repaired` says what was read otherwise than it stands, and
    `modernised` that it is no Python 3. With `old_division` whole numbers divide as in Python 2.
    """

    def __init__(self, path: str, data: bytes, old_division: bool = False) -> None:
        self.path = path
        self.repaired: str | None = None
        self.modernised = False
        self._old_division = old_division
        self.marshalled: bytes | None = None
        self.error: tuple[str, str, int, str] | None = None
        try:
            self.text = decode(data)
            code = self._compile()
        except SyntaxError as error:
            line = (error.text or "").rstrip("\n")[:MAX_LINE]
            message = str(error.msg)[:MAX_LINE]
            self.error = (type(error).__name__, message, error.lineno or 0, line)
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            self.error = (type(error).__name__, f"it cannot be compiled: {error}"[:MAX_LINE], 0, "")
        else:
            self.marshalled = marshal.dumps(code)

    def _compile(self) -> types.CodeType:
        renamed = python2.rename(self.text)
        if renamed != self.text:
            self.repaired = f"{self.path}: names of Python 2 were read as those of Python 3"
        try:
            return self._compiled(renamed)
        except SyntaxError:
            modern = python2.modernise(renamed)
            if modern == renamed:
                raise
            try:
                code = self._compiled(modern)
            except SyntaxError:
                code = None
            if code is None:
                raise
            self.repaired = f"{self.path}: Python 2 syntax was read as Python 3"
            self.modernised = True
            return code

    def _compiled(self, text: str) -> types.CodeType:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = python2.with_old_division(text) if self._old_division else text
            return compile(source, self.path, "exec", dont_inherit=True)


def decode(data: bytes) -> str:
    """Return the text by PEP 263, or as Latin-1 where the bytes are no valid UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except Exception:  # noqa: BLE001 - a file may name any codec, and codecs raise what they like
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


class Finder(MetaPathFinder, Loader):
    """Finds the modules of one submission by their dotted names; executes marshalled code.

    `after` maps a module's short name to a function called with the module right after it was
    executed, before anything imports from it.
    """

    def __init__(
        self,
        package: str,
        codes: Mapping[str, bytes],
        after: Mapping[str, Callable[[types.ModuleType], None]],
        aliases: Collection[str] = (),
    ) -> None:
        self._after = after
        self._aliases = set(aliases)
        self._codes = {_dotted(path): (path, code) for path, code in codes.items()}
        self._package = package
        self._folders = {package} | {
            ".".join(name.split(".")[:depth])
            for name in self._codes
            for depth in range(1, name.count(".") + 1)
        }

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module of the submission by its full name."""
        root, _, rest = name.partition(".")
        if root in self._aliases:
            return ModuleSpec(name, AliasLoader(f"{self._package}.{rest}".rstrip(".")))
        short = name.rpartition(".")[2]
        if name.startswith(self._package + ".") and short in INERT_IN_PACKAGE:
            return ModuleSpec(name, InertLoader(), is_package=True)
        if name in self._codes or name in self._folders:
            return ModuleSpec(name, self, is_package=name in self._folders)
        return None

    def beside(self, name: str) -> str | None:
        """Return the full name of a file beside layers.py that is imported by its short name."""
        inside = f"{self._package}.{name}"
        return inside if "." not in name and inside in self._codes else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make an ordinary module."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute the student's compiled source in the module."""
        name = module.__spec__.name if module.__spec__ else module.__name__
        if name not in self._codes:
            return
        path, code = self._codes[name]
        module.__file__ = path
        exec(marshal.loads(code), module.__dict__)
        short = name.rpartition(".")[2]
        if short in self._after:
            self._after[short](module)


class BesideFinder(MetaPathFinder):
    """Serves `import layers` from inside the package: after the standard library, never before."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec that stands for the module under its full name."""
        full = self._finder.beside(name)
        return ModuleSpec(name, AliasLoader(full)) if full else None


class AliasLoader(Loader):
    """`import layers` from inside the package means the package's own module."""

    def __init__(self, full_name: str) -> None:
        self._full_name = full_name

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return the module under its full name."""
        return importlib.import_module(self._full_name)

    def exec_module(self, module: types.ModuleType) -> None:
        """It is executed already."""


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


class InertLoader(Loader):
    """Makes inert modules; the names of `past` and `six` that loops use keep their meaning."""

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return a module on which every name exists."""
        module = types.ModuleType(spec.name)
        module.__dict__.update(
            __path__=[], __all__=["xrange"], __getattr__=Inert().__getattr__,
            range=range, xrange=range, trange=range, zip=zip, map=map, input=input,
        )  # fmt: skip
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to execute."""


class InertFinder(MetaPathFinder):
    """Last on the meta path: serves the names in INERT where they are not installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for an inert module."""
        if name.partition(".")[0] in INERT:
            return ModuleSpec(name, InertLoader(), is_package=True)
        return None


def import_graded(
    package: str, names: Iterable[str] = tuple(GRADED)
) -> Iterator[tuple[str, types.ModuleType | BaseException]]:
    """Import graded modules of an installed package one after the other, by their short names;
    yield each with its module or its exception.
    """
    for name in names:
        try:
            yield name, importlib.import_module(_dotted(f"{package}/{GRADED[name]}"))
        except BaseException as error:  # noqa: BLE001 - a student may raise anything at import
            yield name, error


def install(
    package: str,
    codes: Mapping[str, bytes],
    given: Mapping[str, bytes],
    graft: Mapping[str, bytes],
    aliases: Collection[str] = (),
    after: Mapping[str, Callable[[types.ModuleType], None]] | None = None,
) -> None:
    """Make the submission importable by the names that its files use.

    `codes` maps paths to marshalled code. `given` holds the handed-out layers.py and layer_utils:
    their losses replace the student's (a student's own stay reachable as `own_softmax_loss`), and
    their sandwich layers stand in where the student's file lacks them. `graft` maps the short name
    of a module to marshalled code whose public names replace the student's: how a dependent item
    is tried again over right layers. `aliases` are other names by which the files call the package.
    `after` maps more short names to what is done with a module once it is executed.
    """
    patches = {name: _patcher(name, given.get(name), graft.get(name)) for name in GRADED}
    finder = Finder(package, codes, {**patches, **(after or {})}, aliases)
    sys.meta_path.insert(0, finder)
    sys.meta_path += [BesideFinder(finder), InertFinder()]


def _patcher(
    name: str, given: bytes | None, graft: bytes | None
) -> Callable[[types.ModuleType], None]:
    def patch(module: types.ModuleType) -> None:
        if given is not None:
            ours = _run_beside(given, module)
            for public, value in ours.items():
                if public in LOSSES:
                    setattr(module, f"own_{public}", getattr(module, public, None))
                    setattr(module, public, value)
                elif name == "layer_utils" and not hasattr(module, public):
                    setattr(module, public, value)
        if graft is not None:
            for public, value in _run_beside(graft, module).items():
                setattr(module, public, value)

    return patch


def _run_beside(code: bytes, module: types.ModuleType) -> dict[str, Any]:
    """Execute our code under the module's name; return the functions and classes it defines."""
    space: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__}
    exec(marshal.loads(code), space)
    return {
        public: value
        for public, value in space.items()
        if getattr(value, "__module__", None) == module.__name__ and not public.startswith("_")
    }


def called(texts: Iterable[str]) -> set[str]:
    """Return the names by which the files import their own package: `from NAME.layers import *`."""
    pattern = re.compile(
        r"^[ \t]*(?:from|import)[ \t]+(\w+)\."
        r"(?:layers|layer_utils|fast_layers|optim|classifiers)\b",
        re.MULTILINE,
    )
    return {name for text in texts for name in pattern.findall(text)}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def still_none(text: str, function: str) -> bool:
    """Say whether `function` in `text` has a name that is only ever set to None: a stub.

    The handed-out stubs of some course years assign None and then use it, which raises before
    they can return.
    """
    try:
        tree = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            assigned: dict[str, list[bool]] = {}
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                    _note(inner, assigned)
            return any(all(values) for values in assigned.values())
    return False


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.parse(python2.modernise(text))


def _note(
    node: ast.Assign | ast.AugAssign | ast.AnnAssign, assigned: dict[str, list[bool]]
) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    for target in targets:
        value = node.value
        if isinstance(target, (ast.Tuple, ast.List)):
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [None] * 99
            pairs += list(zip(target.elts, parts))
        else:
            pairs.append((target, value))
    for target, value in pairs:
        if isinstance(target, ast.Name):
            is_none = isinstance(value, ast.Constant) and value.value is None
            assigned.setdefault(target.id, []).append(is_none)
