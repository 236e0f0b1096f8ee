"""result.json, read back and checked: nothing is exported from what we did not write."""

from __future__ import annotations

import json
import math
from pathlib import Path

from grader.errors import UsageError
from grader.report.result_form import SCHEMA, ResultJson

NAME = "result.json"
LIMIT = 64 * 1024**2  # bytes


def read_result(path: Path) -> ResultJson:
    """Return the result.json at `path`, or in the folder `path`. Raises UsageError."""
    file = path / NAME if path.is_dir() else path
    try:
        size = file.stat().st_size
        data = file.read_bytes() if size <= LIMIT else b""
    except OSError as error:
        raise UsageError(f"{file}: {_why(path, error)}") from None
    if size > LIMIT:
        raise UsageError(f"{file}: is {size:,} bytes and no result of ours; grade again")
    return parse(data, str(file))


def is_of_another(path: Path, name: str, sha256: str) -> bool:
    """Say whether the result.json at `path` may be that of another upload of this name.

    Nothing else of it is looked at: to check all of it takes as long as to read a rubric.
    """
    try:
        said = json.loads(path.read_bytes() if path.stat().st_size <= LIMIT else b"")["submission"]
        return bool(said["name"] == name and said["sha256"] != sha256)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False


def beside(path: Path, result: ResultJson) -> dict[str, str]:
    """Return the executed notebooks that lie beside the result at `path`, as text by name."""
    folder, found = path if path.is_dir() else path.parent, {}
    for book in result["notebooks"]:
        file = folder / book["name"].replace("\\", "/").rpartition("/")[2]
        try:
            if "page" in book and file.stat().st_size <= LIMIT:
                found[book["name"]] = file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            pass  # it is not there any more: the result itself is whole without it
    return found


def parse(data: bytes, place: str) -> ResultJson:
    """Return a result from its bytes. Raises UsageError that starts with `place`."""
    from pydantic import TypeAdapter, ValidationError  # only here: it takes long to import

    try:
        read = json.loads(data, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        says = str(error).splitlines()[0][:200]
        raise UsageError(f"{place}: is no JSON that grade writes ({says}); grade again") from None
    known = read.get("schema") if isinstance(read, dict) else None
    if known != SCHEMA:
        raise UsageError(
            f"{place}: schema is {str(known)[:60]!r}, this version reads {SCHEMA!r}; grade again"
        )
    handed_in = read.get("submission")
    if isinstance(handed_in, dict) and isinstance(why := handed_in.get("refused"), str):
        raise UsageError(f"{place}: the submission was refused and has no score to export: {why}")
    try:
        return TypeAdapter(ResultJson).validate_python(read, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        says = first["msg"][0].lower() + first["msg"][1:]
        raise UsageError(f"{place}: {field}: {says}; grade again") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no number of points")
    return number


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        near = sorted(path.glob(f"*/{NAME}"))
        if near:
            return f"there is none in this folder; one of those below it is {near[0].parent}"
        where = "there is none in this folder" if path.is_dir() else "is not there"
        return f"{where}; give what `grade SUBMISSION -o DIR` wrote: DIR, or its {NAME}"
    return f"cannot be read ({error.strerror})"
