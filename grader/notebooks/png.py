"""PNG files from strangers: taken apart and put together again from what a picture needs.

Source: ISO/IEC 15948 (PNG), sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_SIDE = 4_000  # pixels
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def checked(data: bytes) -> bytes | None:
    """Return the picture without text and other extras; None if it is no whole PNG."""
    if not data.startswith(MAGIC):
        return None
    kept, place, kinds = [MAGIC], len(MAGIC), []
    while place + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        stop = place + 12 + size
        crc = zlib.crc32(data[place + 4 : stop - 4]).to_bytes(4, "big")
        if stop > len(data) or data[stop - 4 : stop] != crc:
            return None
        if kind in NEEDED:
            kinds.append(kind)
            kept.append(data[place:stop])
        place = stop
        if kind == b"IEND":
            break
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        return None
    size, width, height = struct.unpack_from(">I4xII", data, len(MAGIC))
    is_small = size == 13 and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    return b"".join(kept) if place == len(data) and is_small else None
