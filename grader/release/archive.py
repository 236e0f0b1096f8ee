"""Zips that are the same bytes whenever the same files go in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip


def zipped(
    files: Mapping[str, bytes], folder: str = "", runnable: frozenset[str] = frozenset()
) -> bytes:
    """Return a zip of `files` inside `folder`: sorted, one date, plain modes.

    What is in `runnable` may be executed.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, DATE)
            info.create_system = 3  # Unix, on every machine
            info.external_attr = (0o100755 if name in runnable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name], compresslevel=9)
    return written.getvalue()
