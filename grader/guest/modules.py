"""Import a student's files: our own finder serves what was compiled from their source.

The submission is never on sys.path, so a student's `random.py` cannot shadow the standard library,
and no .pyc of theirs is ever read. Compiling is done once (grader.guest.sources); every process
then executes the compiled modules afresh.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.guest import sources
from grader.guest.calls import Watch
from grader.guest.legacy import compat, python2
from grader.guest.legacy.compat import MadeLoader
from grader.guest.unavailable import Importer

GRADED = {
    "layers": "layers.py",
    "layer_utils": "layer_utils.py",
    "optim": "optim.py",
    "fc_net": "classifiers/fc_net.py",
}
LOSSES = ("softmax_loss", "svm_loss")
After = Mapping[str, Callable[[types.ModuleType], None]]


class Finder(MetaPathFinder, Loader):
    """Finds the modules of one submission by their dotted names; executes what was compiled.

    Importing a file that could not be compiled raises its error. `after` maps a module's short name
    to a function called with the module right after it was executed, before anything imports from
    it.
    """

    def __init__(
        self, compiled: sources.Compiled, after: After, importer: Importer | None = None
    ) -> None:
        self._after = after
        self.importer = importer
        self._package = compiled.package
        self._aliases = compiled.aliases
        self._lent = {_dotted(path) for path in compiled.lent}
        codes = {**compiled.codes, **compiled.lent}
        self._codes = {_dotted(path): (path, code) for path, code in codes.items()}
        self._broken = {_dotted(path): (path, error) for path, error in compiled.broken.items()}
        self._folders = {self._package} | {
            ".".join(name.split(".")[:depth])
            for name in (*self._codes, *self._broken)
            for depth in range(1, name.count(".") + 1)
        }

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module of the submission by its full name."""
        root, _, rest = name.partition(".")
        if root in self._aliases:
            return _alias(name, f"{self._package}.{rest}".rstrip("."))
        short = name.rpartition(".")[2]
        if name.startswith(self._package + ".") and short in compat.INERT_IN_PACKAGE:
            return ModuleSpec(name, MadeLoader(compat.inert_module), is_package=True)
        if name in self._codes or name in self._folders or name in self._broken:
            return ModuleSpec(name, self, is_package=name in self._folders)
        return None

    def owner(self, name: str) -> str | None:
        """Return the file of the submission that an import means.

        Return "" if it names the package, but no file of it; None if it names something else.
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
        sources.execute(code, module.__dict__, self.importer, self.owner)
        if (after := self._after.get(name.rpartition(".")[2])) is not None:
            after(module)


class BesideFinder(MetaPathFinder):
    """Serves `import layers` from inside the package: after the standard library, never before."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec that stands for the module under its full name."""
        full = self._finder.beside(name)
        return _alias(name, full) if full else None


def _alias(name: str, full: str) -> ModuleSpec:
    """Return a spec by which `name` means the module of the full name: one module, two names."""
    return ModuleSpec(name, MadeLoader(lambda _: importlib.import_module(full)))


def import_graded(
    package: str, names: Iterable[str] = tuple(GRADED)
) -> Iterator[tuple[str, types.ModuleType | BaseException]]:
    """Import graded modules of an installed package; yield (short name, module or exception)."""
    for name in names:
        try:
            yield name, importlib.import_module(_dotted(f"{package}/{GRADED[name]}"))
        except BaseException as error:  # noqa: BLE001 - a student may raise anything at import
            yield name, error


def install(
    compiled: sources.Compiled,
    after: After | None = None,
    watch: Watch = lambda name, function: function,
    replaced: Mapping[str, Any] | None = None,
    names: Mapping[str, Any] | None = None,
) -> None:
    """Make the submission importable by the names that its files use, and no other submission.

    The losses of the handed-out layers.py replace the student's (a student's own stay reachable as
    `own_softmax_loss`), and sandwich layers of the handed-out layer_utils.py stand in if the
    student's file lacks them. Public names of `compiled.graft` replace the student's: how a
    dependent item is tried again over right layers; `watch` returns what stands there for each.
    `after` is as in Finder, `replaced` and `names` are those of Importer.
    """
    _forget()
    given, graft = compiled.given, compiled.graft
    patches = {name: _patcher(name, given.get(name), graft.get(name), watch) for name in GRADED}
    paths = {*compiled.codes, *compiled.lent, *compiled.broken}
    importer = Importer(paths, replaced or {}, names or {})
    finder = Finder(compiled, {**patches, **(after or {})}, importer)
    if compiled.is_old:
        python2.give_library()
    sys.meta_path.insert(0, finder)
    sys.meta_path += [BesideFinder(finder), compat.OldFinder(compiled.is_old)]


def _forget() -> None:
    """Take away the finders of an earlier `install`, and the modules that they found."""
    ours = (Finder, BesideFinder, compat.OldFinder)
    kept = [finder for finder in sys.meta_path if not isinstance(finder, ours)]
    if len(kept) == len(sys.meta_path):
        return
    sys.meta_path[:] = kept
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if isinstance(getattr(spec, "loader", None), (Finder, MadeLoader)):
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


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
