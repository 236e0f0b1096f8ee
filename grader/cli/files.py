"""Files that commands write."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from grader.errors import UsageError


def check_writable(folder: Path) -> None:
    """Raise UsageError where `folder` cannot be made or written to: asked before the work."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"{folder}: cannot be written ({place} is no folder); choose another -o")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: cannot be written (no right to); choose another -o")


def write(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all, making its folder; the same bytes everywhere.

    Raises UsageError.
    """
    real = Path(os.path.realpath(path))  # what a link leads to
    special = real.exists() and not real.is_file()  # a pipe or a terminal cannot be replaced
    part = real if special else real.with_name(f".{real.name[:200]}.{os.getpid()}")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(real)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); choose another -o"
        ) from None
    finally:
        if part != real:
            with suppress(OSError):
                part.unlink()
