"""A student's files as modules: compiled from their source, found by our own finder.

The submission is never on sys.path, so a student's `random.py` cannot shadow the standard library,
and no .pyc of theirs is ever read. Compiling is done once (grader.guest.sources); every child then
executes the compiled modules afresh.
"""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.guest import sources
from grader.guest.calls import Watch
from grader.guest.legacy import compat, python2
from grader.guest.unavailable import Importer

GRADED = {
    "layers": "layers.py",
    "layer_utils": "layer_utils.py",
    "optim": "optim.py",
    "fc_net": "classifiers/fc_net.py",
}
LOSSES = ("softmax_loss", "svm_loss")


class Finder(MetaPathFinder, Loader):
    """Finds the modules of one submission by their dotted names; executes what was compiled.

    `broken` maps files that cannot be compiled to the error of sources.Source: importing one raises
    it. `after` maps a module's short name to a function called with the module right after it was
    executed, before anything imports from it. `lent` are files of ours that stand in.
    """

    def __init__(
        self,
        package: str,
        codes: Mapping[str, bytes],
        after: Mapping[str, Callable[[types.ModuleType], None]],
        aliases: Collection[str] = (),
        broken: Mapping[str, Sequence[Any]] | None = None,
        importer: Importer | None = None,
        lent: Collection[str] = (),
    ) -> None:
        self._after = after
        self._aliases = set(aliases)
        self._codes = {_dotted(path): (path, code) for path, code in codes.items()}
        self._broken = {_dotted(path): (path, error) for path, error in (broken or {}).items()}
        self._lent = {_dotted(path) for path in lent}
        self._package = package
        self._folders = {package} | {
            ".".join(name.split(".")[:depth])
            for name in (*self._codes, *self._broken)
            for depth in range(1, name.count(".") + 1)
        }
        self._importer = importer

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module of the submission by its full name."""
        root, _, rest = name.partition(".")
        if root in self._aliases:
            return ModuleSpec(name, AliasLoader(f"{self._package}.{rest}".rstrip(".")))
        short = name.rpartition(".")[2]
        if name.startswith(self._package + ".") and short in compat.INERT_IN_PACKAGE:
            return ModuleSpec(name, compat.InertLoader(), is_package=True)
        if name in self._codes or name in self._folders or name in self._broken:
            return ModuleSpec(name, self, is_package=name in self._folders)
        return None

    def owner(self, name: str) -> str | None:
        """Return the file of the submission that an import means; "" where there is none and it
        names the package, None where it names something else.
        """
        root, _, rest = name.partition(".")
        full = f"{self._package}.{rest}".rstrip(".") if root in self._aliases else name
        full = self.beside(full) or full
        if full in self._lent:
            return ""
        if full in self._codes or full in self._broken:
            return {**self._broken, **self._codes}[full][0]
        return "" if full.partition(".")[0] == self._package else None

    def beside(self, name: str) -> str | None:
        """Return the full name of a file beside layers.py that is imported by its short name."""
        inside = f"{self._package}.{name}"
        known = inside in self._codes or inside in self._broken
        return inside if "." not in name and known else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make an ordinary module."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute the student's compiled source in the module."""
        name = module.__spec__.name if module.__spec__ else module.__name__
        if name in self._broken:
            path, (kind, message, line, text) = self._broken[name]
            error = IndentationError if kind == "IndentationError" else SyntaxError
            raise error(message, (path, line, None, text))
        if name not in self._codes:
            return
        path, code = self._codes[name]
        module.__file__ = path
        sources.execute(code, module.__dict__, self._importer, self.owner)
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
    watch: Watch = lambda name, function: function,
    broken: Mapping[str, Sequence[Any]] | None = None,
    replaced: Mapping[str, Any] | None = None,
    names: Mapping[str, Any] | None = None,
    is_old: bool = False,
) -> None:
    """Make the submission importable by the names that its files use, and no other submission.

    `codes` maps paths to what sources.Source made. `given` holds the handed-out layers.py and
    layer_utils: their losses replace the student's (a student's own stay reachable as
    `own_softmax_loss`), and their sandwich layers stand in where the student's file lacks them.
    `graft` maps the short name of a module to code whose public names replace the student's: how a
    dependent item is tried again over right layers; `watch` returns what stands there for each.
    `aliases` are other names by which the files call the package. `after` maps more short names to
    what is done with a module once it is executed. `broken` is that of Finder, `replaced` and
    `names` those of Importer. `is_old`: it is of Python 2.
    """
    ours = (Finder, BesideFinder, compat.OldFinder)
    if any(isinstance(finder, ours) for finder in sys.meta_path):
        _forget(ours)
    patches = {name: _patcher(name, given.get(name), graft.get(name), watch) for name in GRADED}
    lent = [path for path, code in codes.items() if code is given.get("layer_utils")]
    after = {**patches, **(after or {})}
    importer = Importer(set(codes) | set(broken or {}), replaced or {}, names or {})
    finder = Finder(package, codes, after, aliases, broken, importer, lent)
    if is_old:
        python2.give_library()
    sys.meta_path.insert(0, finder)
    sys.meta_path += [BesideFinder(finder), compat.OldFinder(is_old)]


def _forget(ours: tuple[type, ...]) -> None:
    """Take away the finders, and the modules that they found."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ours)]
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if isinstance(getattr(spec, "loader", None), (Finder, AliasLoader, compat.InertLoader)):
            del sys.modules[name]


def _patcher(
    name: str, given: bytes | None, graft: bytes | None, watch: Watch
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
                setattr(module, public, watch(public, value))

    return patch


def _run_beside(code: bytes, module: types.ModuleType) -> dict[str, Any]:
    """Execute our code under the module's name; return the functions and classes it defines."""
    space: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__}
    sources.execute(code, space)
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
