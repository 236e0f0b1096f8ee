"""Serve the standard library and NumPy to a child that gave up the right to read them.

If the grader runs as root, a Python under a private home folder (as pyenv installs it for root)
cannot be read any more once the uid is dropped. The sources are then read before that and kept in
memory: a child gets modules, and no descriptor that leads anywhere.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Mapping
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np

MAX_SOURCE = 1024 * 1024  # bytes of one file
# Packages of the standard library that a homework may import; single files are all taken.
PACKAGES = (
    "asyncio", "collections", "concurrent", "email", "encodings", "html", "importlib", "json",
    "logging", "unittest", "urllib", "xml",
)  # fmt: skip
NOT_WANTED = ("tests", "f2py", "distutils")
# Extension modules are loaded by path, so those that pure Python modules lean on come first.
EXTENSIONS = (
    "_asyncio", "_bisect", "_contextvars", "_csv", "_datetime", "_decimal", "_heapq", "_json",
    "_opcode", "_pickle", "_posixsubprocess", "_queue", "_random", "_socket", "_statistics",
    "_struct", "_uuid", "_zoneinfo", "array", "binascii", "cmath", "fcntl", "math", "select",
    "unicodedata", "zlib",
)  # fmt: skip


class Library(MetaPathFinder, Loader):
    """Finds modules among sources in memory: dotted name -> (source, is it a package)."""

    def __init__(self, sources: Mapping[str, tuple[bytes, bool]]) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module whose source was kept."""
        if name not in self._sources:
            return None
        return ModuleSpec(name, self, origin=f"<{name}>", is_package=self._sources[name][1])

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute the source that was kept."""
        source, _ = self._sources[module.__name__]
        exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)


def keep_readable() -> None:
    """Keep what a child could not read after giving up root; nothing if everyone may read it."""
    if os.geteuid() != 0:
        return
    standard, numpy = Path(os.__file__).parent, Path(np.__file__).parent
    sources: dict[str, tuple[bytes, bool]] = {}
    if not _open_to_all(standard):
        for name in EXTENSIONS:
            with suppress(ImportError):  # not every Python has them all, and some build them in
                importlib.import_module(name)
        inner = (file for name in PACKAGES for file in (standard / name).rglob("*.py"))
        sources |= _read([*standard.glob("*.py"), *inner], standard)
    if not _open_to_all(numpy):
        sources |= _read(list(numpy.rglob("*.py")), numpy.parent)
    if sources:
        sys.meta_path.append(Library(sources))


def _open_to_all(folder: Path) -> bool:
    """Say whether every folder on the way may be searched by everyone, and the last one read."""
    searchable = all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
    return searchable and bool(folder.stat().st_mode & 0o004)


def _read(files: list[Path], root: Path) -> dict[str, tuple[bytes, bool]]:
    found = {}
    for file in files:
        parts = list(file.relative_to(root).with_suffix("").parts)
        if set(parts) & set(NOT_WANTED) or file.stat().st_size > MAX_SOURCE:
            continue
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        if name not in sys.modules:
            found[name] = (file.read_bytes(), package)
    return found
