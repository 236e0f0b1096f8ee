"""Files that commands write."""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError


def write(path: Path, text: str) -> None:
    """Write `text` to `path` as the same bytes on every system, making its folder.

    Raises UsageError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); choose another -o"
        ) from None
