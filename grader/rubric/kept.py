"""What a rubric file came to, kept beside it by the rules of Python for what modules compile to.

It is found again as long as no byte of the files has changed, nor of the code that reads them. It
says no more than those files, and whoever may read or change them may read or change it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import operator
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from grader.rubric.records import TABLES, RubricFile

RECORDS: Mapping[str, type[Any]] = {
    "RubricFile": RubricFile,
    **{one.__name__: one for one in TABLES.values()},
}
FOLDER = "__pycache__"
READERS = ("rubric", "judges", "guest/operations.py", "guest/small.py")  # decide what is valid


def find(path: Path) -> tuple[RubricFile, str] | None:
    """Return what a rubric file came to, and the hash of what it says; None if it must be read."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        said = json.loads(_place(path).read_bytes(), object_hook=_meant)
        files = {name: _hash((path.parent / name).read_bytes()) for name in said["files"]}
        if said["files"] == files and path.name in files and said["code"] == _code():
            table, digest = said["table"], said["sha256"]
            if isinstance(table, RubricFile) and isinstance(digest, str):
                return table, digest
    return None


def keep(path: Path, texts: Mapping[Path, bytes], table: RubricFile, digest: str) -> None:
    """Keep what a rubric file, and others that it names, came to; unless that is not allowed."""
    if sys.dont_write_bytecode:
        return
    files = {os.path.relpath(one, path.parent): _hash(data) for one, data in texts.items()}
    said = {"files": files, "code": _code(), "sha256": digest, "table": table}
    place = _place(path)
    new = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError, TypeError):  # TypeError: an option that is a date
        data, modes = json.dumps(_plain(said)), [one.stat().st_mode & 0o666 for one in texts]
        place.parent.mkdir(exist_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            try:
                file.write(data)
                new.chmod(functools.reduce(operator.and_, modes))
                new.replace(place)
            finally:
                new.unlink(missing_ok=True)


def _place(path: Path) -> Path:
    return path.parent / FOLDER / f"{path.stem}.rubric.json"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@functools.cache
def _code() -> str:
    """Return the hash of the code by which a rubric is read."""
    return _hash(b"".join(path.read_bytes() for path in _sources()))


def _sources() -> Iterator[Path]:
    home = Path(__file__).parents[1]
    for name in READERS:
        yield from sorted((home / name).rglob("*.py")) if (home / name).is_dir() else [home / name]


def _plain(value: Any) -> Any:
    """Return records, tuples and dictionaries as {what it is: what is in it}."""
    if is_dataclass(value) and not isinstance(value, type):
        each = [[field.name, _plain(getattr(value, field.name))] for field in fields(value)]
        return {type(value).__name__: each}
    if isinstance(value, tuple):
        return {"tuple": [_plain(one) for one in value]}
    if isinstance(value, Mapping):
        return {"dict": [[name, _plain(one)] for name, one in value.items()]}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _meant(read: dict[str, Any]) -> Any:
    """Return what such a dictionary stands for."""
    ((kind, inside),) = read.items()
    if kind == "tuple":
        return tuple(inside)
    return dict(inside) if kind == "dict" else RECORDS[kind](**dict(inside))
