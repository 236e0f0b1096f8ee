"""The standard library and NumPy, for a child that gave up the right to reach them.

Where the grader runs as root, a Python under a private home folder (as pyenv installs it for root)
cannot be read any more once the uid is dropped. The folders are opened before that, and modules are
then found through the open descriptors. They lead to nothing but what lies below these folders.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np

MAX_SOURCE = 4 * 1024 * 1024  # bytes
# Extension modules are loaded by path, so those that pure Python modules lean on come first.
EXTENSIONS = (
    "_bisect", "_csv", "_datetime", "_decimal", "_heapq", "_json", "_opcode", "_pickle", "_queue",
    "_random", "_statistics", "_struct", "_uuid", "_zoneinfo", "array", "binascii", "cmath",
    "fcntl", "math", "select", "unicodedata", "zlib",
)  # fmt: skip


class Library(MetaPathFinder, Loader):
    """Finds modules below open folders: (descriptor, package that it is searched for, or "")."""

    def __init__(self, folders: Sequence[tuple[int, str]]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a module whose source lies below one of the folders."""
        for descriptor, only in self._folders:
            if only and name.partition(".")[0] != only:
                continue
            stem = name.replace(".", "/")
            for file in (f"{stem}/__init__.py", f"{stem}.py"):
                if (source := _read(descriptor, file)) is not None:
                    package = file.endswith("__init__.py")
                    spec = ModuleSpec(name, self, origin=file, is_package=package)
                    spec.loader_state = source
                    return spec
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make an ordinary module."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute the source that find_spec has read."""
        assert module.__spec__ is not None
        origin = module.__spec__.origin or ""
        exec(compile(module.__spec__.loader_state, origin, "exec"), module.__dict__)


def keep_readable() -> tuple[int, ...]:
    """Open what a child could not reach after giving up root; return the descriptors to keep.

    There are none where everyone may read these folders, or where there is no root to give up.
    """
    wanted = [(Path(os.__file__).parent, ""), (Path(np.__file__).parent.parent, "numpy")]
    private = [(folder, only) for folder, only in wanted if not _open_to_all(folder)]
    if os.geteuid() != 0 or not private:
        return ()
    for name in EXTENSIONS:
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # not every Python has them all, and some build them in
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    folders = [(os.open(folder, flags), only) for folder, only in private]
    sys.meta_path.append(Library(folders))
    return tuple(descriptor for descriptor, _ in folders)


def _open_to_all(folder: Path) -> bool:
    """Say whether every folder on the way may be searched by everyone, and the last one read."""
    searchable = all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
    return searchable and bool(folder.stat().st_mode & 0o004)


def _read(descriptor: int, file: str) -> bytes | None:
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=descriptor)
    except OSError:
        return None
    with os.fdopen(opened, "rb") as stream:
        return stream.read(MAX_SOURCE)
