"""The files of a student's folder that are homework."""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError
from grader.submission.layout import NOTEBOOKS, PACKAGE
from grader.submission.upload import needed


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
