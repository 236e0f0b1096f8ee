"""The files of one result as one file, results/KE/KEY.zip: there whole or not at all.

    outcome.json   what the table keeps of it (grader.course.tasks.Outcome)
    record.json    what its report was made from (grader.course.assembled.Record): for a regrade
    page.json      what its report says (grader.report.page.Page), but for whose it is
    result.json, Dropout.html, ...   as a student gets them, but for the name

It holds everything that a row of the table says, so that the table can be made from these files.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from grader.errors import UsageError

OUTCOME, RECORD, PAGE = "outcome.json", "record.json", "page.json"
OURS = (OUTCOME, RECORD, PAGE)  # what no student gets
DAY_ONE = (1980, 1, 1, 0, 0, 0)  # the same files give the same bytes
LARGEST = 256 * 1024**2  # bytes of all files together, which a merge may be handed by anybody


def pack(files: Mapping[str, str]) -> bytes:
    """Return files as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, DAY_ONE), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpack(data: bytes, ending: str = "") -> dict[str, str]:
    """Return the files of a zip whose names end so. Raises ValueError unless it is of ours."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise ValueError("too large for a result")
            names = [name for name in archive.namelist() if name.endswith(ending)]
            return {name: archive.read(name).decode("utf-8") for name in names}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise ValueError(str(error)) from None


def member(path: Path, name: str) -> str:
    """Return one file of a zip. Raises OSError, ValueError or KeyError."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > LARGEST:
                raise ValueError("too large for a result")
            return archive.read(name).decode("utf-8")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise ValueError(str(error)) from None


def place_of(folder: Path, key: str) -> Path:
    """Return where the result of a key lies in the folder of a class."""
    return folder / "results" / key[:2] / f"{key}.zip"


def keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, beside others that may be written now. Raises UsageError.

    It is not forced to the disk: what a power cut damages is noticed, and done again.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise UsageError(
            f"{path.parent}: cannot be written ({error.strerror}); make room, and run the same "
            "command again: what was graded is kept"
        ) from None
