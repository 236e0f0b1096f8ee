"""Serve the standard library and NumPy to children from memory: they open no file for it.

What a process reads stays in the page cache of the machine, where a later one can tell by the time
that a read takes what was read before it. So a child that runs student code reads no file: its
modules were read by the worker, all of them, whatever a submission imports. It also needs no
right to this Python, which may lie under a private home folder, once the uid is dropped.

A box for notebooks has files all the same (fonts, IPython): `warm` reads them all, always.
"""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import os
import struct
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

import numpy as np

MAX_SOURCE = 1024 * 1024  # bytes of one file
# Folders that no homework imports from; those of other modules begin with these words.
NOT_WANTED = {
    "__pycache__", "site-packages", "dist-packages", "lib-dynload", "test", "tests", "idlelib",
    "lib2to3", "ensurepip", "tkinter", "turtledemo", "pydoc_data", "venv", "f2py", "distutils",
}  # fmt: skip
# Extension modules that are slow to load, need a screen or a terminal, or are made for tests: no
# homework needs them, and what has a part in Python does without.
NOT_LOADED = (
    "_ssl", "_sqlite3", "_zoneinfo", "_elementtree", "_asyncio", "_codecs_", "_tkinter", "_curses",
    "_gdbm", "_dbm", "_crypt", "_interp", "_remote_debugging", "_test", "_ctypes_test", "_xx", "xx",
    "audioop", "nis", "ossaudiodev", "readline", "spwd",
)  # fmt: skip
HEADER = 16  # bytes of a .pyc: magic number, flags, time and size of its source


class Library(MetaPathFinder, Loader):
    """Finds modules in memory: dotted name -> (source, or the .pyc of it; is it a package)."""

    def __init__(self, kept: Mapping[str, tuple[bytes, bool]]) -> None:
        self._kept = kept

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module that was kept."""
        if name not in self._kept:
            return None
        return ModuleSpec(name, self, origin=f"<{name}>", is_package=self._kept[name][1])

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute what was kept."""
        name = module.__name__
        data, _ = self._kept[name]
        compiled = data.startswith(importlib.util.MAGIC_NUMBER)
        code = marshal.loads(data[HEADER:]) if compiled else compile(data, f"<{name}>", "exec")
        exec(code, module.__dict__)


def keep() -> None:
    """Keep the standard library and NumPy in memory; later imports of them find them there."""
    standard, numpy = Path(os.__file__).parent, Path(np.__file__).parent
    for name in _extensions(standard / "lib-dynload"):
        with suppress(ImportError):  # one whose shared library is not installed
            importlib.import_module(name)
    kept = dict(_read(str(standard), ""))
    kept |= {name: one for name, one in _read(str(numpy), "numpy.") if name != "numpy"}
    finders = [getattr(one, "__name__", "") for one in sys.meta_path]
    sys.meta_path.insert(finders.index(PathFinder.__name__), Library(kept))
    sys.path_importer_cache.clear()  # lists of folders that nobody may look into any more


def warm(paths: Iterable[str]) -> None:
    """Have every page of these files, and of those below these folders, in the page cache.

    Who reads them later leaves no trace: neither there nor in the time of their last use.
    """
    for path in paths:
        below = [(folder, files) for folder, _, files in os.walk(path)]
        for folder, files in below or [("", [path])]:
            for file in files:
                with suppress(OSError):  # one that nobody can read leaves no trace
                    _warm(os.path.join(folder, file))


def _warm(path: str) -> None:
    if os.path.isfile(path):  # devices, which may be read, too, have no pages
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.read(opened, 1)
            os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(opened)


def _extensions(folder: Path) -> list[str]:
    files = os.listdir(folder) if folder.exists() else ()
    found = sorted({name.partition(".")[0] for name in files})
    return [n for n in found if n not in sys.modules and not n.startswith(NOT_LOADED)]


def _read(folder: str, above: str) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """Yield the modules below a folder that are not imported yet: (name, (data, is a package))."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py") and entry.is_file():  # Debian has links out of the box
                package = entry.name == "__init__.py"
                name = above[:-1] if package else above + entry.name[:-3]
                if name not in sys.modules and entry.stat().st_size <= MAX_SOURCE:
                    yield name, (_compiled(folder, entry) or _bytes(entry.path), package)
            elif "." not in entry.name and entry.name not in NOT_WANTED and entry.is_dir():
                yield from _read(entry.path, f"{above}{entry.name}.")


def _compiled(folder: str, source: os.DirEntry[str]) -> bytes | None:
    """Return the .pyc of a file, if Python itself would take it for that file's."""
    tag = sys.implementation.cache_tag
    try:
        data = _bytes(f"{folder}/__pycache__/{source.name[:-3]}.{tag}.pyc")
    except OSError:
        return None
    seen = source.stat()
    stamp = struct.pack("<III", 0, int(seen.st_mtime) & 0xFFFFFFFF, seen.st_size & 0xFFFFFFFF)
    return data if data.startswith(importlib.util.MAGIC_NUMBER + stamp) else None


def _bytes(path: str) -> bytes:
    """Return what is in a file, which is small; there are hundreds of them at each start."""
    opened = os.open(path, os.O_RDONLY)
    try:
        return os.read(opened, os.fstat(opened).st_size)
    finally:
        os.close(opened)
