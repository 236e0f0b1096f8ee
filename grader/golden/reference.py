"""The reference as an implementation under test, plain or with an alternative convention."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.errors import GoldenError
from grader.golden import mistakes, portable
from grader.probes.nn import Conventions, Implementation
from grader.worker.modules import GRADED, Finder
from grader.worker.sources import Source

PACKAGE = "reference_under_test"


@contextmanager
def implementation(
    reference: Path, alternative: str = "", change: mistakes.Change | None = None
) -> Iterator[Implementation]:
    """Yield the reference in folder `reference` (which holds cs231n/), changed by `alternative`.

    Names joined by "+" apply together; `change` is made in the text of the reference. Nothing stays
    imported afterwards.
    Raises GoldenError for a name that reference/alternatives does not know.
    """
    patches = _patches(reference, alternative)
    codes = {}
    if not (reference / "cs231n" / "layers.py").exists():
        raise GoldenError(f"{reference / 'cs231n'}: is missing; restore it to build fixtures")
    folder = reference / "cs231n"
    paths = sorted(folder.rglob("*.py"))
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files = mistakes.applied(files, change or {})
    for inside, data in files.items():
        codes[f"{PACKAGE}/{inside}"] = _compiled(str(folder / inside), data)
    finder = Finder(PACKAGE, codes, patches)
    sys.meta_path.insert(0, finder)
    try:
        modules = {
            name: importlib.import_module(f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}")
            for name, path in GRADED.items()
        }
        yield Implementation(modules, Conventions())
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@functools.lru_cache(maxsize=64)
def _compiled(path: str, data: bytes) -> bytes:
    source = Source(path, data)
    if source.marshalled is None:
        raise GoldenError(f"{path}: cannot be compiled ({source.error}); mend the reference")
    return source.marshalled


def sha256(reference: Path) -> str:
    """Return the hash of every source that golden answers depend on."""
    digest = hashlib.sha256()
    patterns = ("cs231n/**/*.py", "alternatives/*.py", f"{mistakes.FOLDER}/*.toml")
    for path in sorted(path for pattern in patterns for path in reference.glob(pattern)):
        digest.update(path.relative_to(reference).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _patches(reference: Path, alternative: str) -> dict[str, Callable[[ModuleType], None]]:
    by_module: dict[str, list[Callable[[Any], None]]] = {"layers": [portable.use]}
    known = _alternatives(reference) if alternative else {}
    for name in filter(None, alternative.split("+")):
        if name not in known:
            raise GoldenError(
                f"alternative {name!r}: reference/alternatives has {', '.join(sorted(known))}"
            )
        module, patch = known[name]
        by_module.setdefault(module, []).append(patch)
    return {module: _in_turn(patches) for module, patches in by_module.items()}


def _in_turn(patches: list[Callable[[Any], None]]) -> Callable[[ModuleType], None]:
    def apply(module: ModuleType) -> None:
        for patch in patches:
            patch(module)

    return apply


def _alternatives(reference: Path) -> dict[str, tuple[str, Callable[[Any], None]]]:
    folder = reference / "alternatives"
    name = f"{PACKAGE}_alternatives"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not (folder / "__init__.py").exists():
        raise GoldenError(f"{folder}: is missing; restore it to build alternatives")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:  # another folder's alternatives must not be taken for these
        for one in [n for n in sys.modules if n.partition(".")[0] == name]:
            del sys.modules[one]
    return dict(module.ALTERNATIVES)
