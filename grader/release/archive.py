"""A zip that is the same bytes for the same files, whoever makes it, whenever and wherever."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3  # who made it: permissions are those of Unix


def pack(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """Return a zip of these files (path -> content), in the order of their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, files[name])
    return stream.getvalue()
