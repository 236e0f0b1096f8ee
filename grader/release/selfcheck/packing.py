"""Write submission.zip from the student's folder. Needs no NumPy."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

from grader.errors import UsageError
from grader.release.selfcheck.sources import own_files
from grader.submission.layout import PACKAGE

NAME = "submission.zip"


def make(root: Path) -> tuple[Path, dict[str, int]]:
    """Write submission.zip into `root`; return its path, and the sizes of what is in it by name.

    Raises UsageError if there is nothing to hand in, or where it cannot be written.
    """
    files = own_files(root)
    if not any(name.endswith(".py") for name in files):
        raise UsageError(
            f"{root}: no {PACKAGE}/layers.py here; run this beside the folder {PACKAGE}"
        )
    target, sizes = root / NAME, {}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            try:
                data, changed = path.read_bytes(), time.localtime(path.stat().st_mtime)
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
            info = zipfile.ZipInfo(name, max(changed[:6], (1980, 1, 1, 0, 0, 0)))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
            sizes[name] = len(data)
    try:
        half = target.with_name(f"{NAME}.part")
        half.write_bytes(written.getvalue())
        os.replace(half, target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}); close it") from None
    return target, sizes


def seen_from_here(path: Path) -> str:
    """Return a path as it is typed in the folder where the command was given."""
    try:
        return os.path.relpath(path)  # it lies beside the homework, wherever this was called
    except ValueError:  # on another drive of Windows
        return str(path)
