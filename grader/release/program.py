"""The program and what it reads, as files: what an archive needs that grades by itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.errors import UsageError

PACKAGE = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock"


def files(home: Path, folders: Iterable[str]) -> dict[str, bytes]:
    """Return the package, these folders of `home` and the lock: path -> content.

    `home` is the folder of rubrics/ and reference/. Raises UsageError if a part is missing.
    """
    made = {LOCK: read(home / LOCK)}
    for folder in (PACKAGE, *(home / name for name in folders)):
        # An installed package has its data inside: that is `home`, and goes beside the package.
        root, apart = (PACKAGE.parent, PACKAGE / "data") if folder == PACKAGE else (home, None)
        paths = sorted(path for path in folder.rglob("*") if apart not in path.parents)
        found = [p for p in paths if p.is_file() and p.parent.name != "__pycache__"]
        if not found:
            raise UsageError(f"{folder}: holds no file; restore it, or set BACKGRADE_HOME")
        made |= {path.relative_to(root).as_posix(): read(path) for path in found}
    return made


def read(path: Path) -> bytes:
    """Return the content of a file of ours. Raises UsageError that names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); restore it") from None
