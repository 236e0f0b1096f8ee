"""The files of a student's folder that are homework, and what Python itself makes of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path

from grader.errors import UsageError
from grader.submission.layout import NOTEBOOKS, PACKAGE
from grader.submission.upload import needed


@dataclass(frozen=True)
class Note:
    """One sentence on what would be handed in; `serious` where it can cost points."""

    message: str
    serious: bool = True


def own_files(root: Path) -> dict[str, Path]:
    """Return what belongs into the zip, by its name there: the package and the notebooks."""
    package = root / PACKAGE
    found = {
        path.relative_to(root).as_posix(): path
        for path in sorted(package.rglob("*.py"))
        if needed(path.relative_to(root).as_posix()) and path.is_file()
    }
    return found | {name: root / name for name in NOTEBOOKS if (root / name).is_file()}


def python_files(root: Path) -> dict[str, bytes]:
    """Return the Python files of the package. Raises UsageError if there is none."""
    files = {}
    for name, path in own_files(root).items():
        if name.endswith(".py"):
            try:
                files[name] = path.read_bytes()
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    if not files:
        raise UsageError(
            f"{root / PACKAGE}: no Python files here; keep selfcheck.py beside the folder {PACKAGE}"
        )
    return files


def unread(files: Mapping[str, bytes]) -> Iterator[Note]:
    """Yield a note on each file that this Python does not read: the grader reads more than it.

    It knows Python 2 and other encodings; a notebook that imports the file does not.
    """
    for name, data in files.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(decode_source(data), name, "exec")
        except (SyntaxError, ValueError) as error:
            line, why = getattr(error, "lineno", None), getattr(error, "msg", str(error))
            place = f"{name}, line {line}" if line else name
            yield Note(f"{place}: Python cannot read this file ({why}), so no notebook can either")
        except (RecursionError, MemoryError):
            pass  # too deep for this Python: its own words say more, once it is imported
