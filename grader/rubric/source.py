"""Where in the files of a rubric something stands: the file that has it, the line, the column."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

BEGINS = re.compile(r"\s*\[\[items\]\]")


def place_of(path: Path, item: str, key: str) -> str:
    """Return "file, line 3, column 1" of a key, of an item where that is given.

    It is looked for in the file, in what it includes, and in what it extends. Where it is not
    found, that is the item's line, or the file alone.
    """
    otherwise = ""
    for file in _files(path, ()):
        lines = file.read_text(encoding="utf-8").splitlines()
        start, end = _block(lines, item) if item else (0, len(lines))
        if start < 0:
            continue
        found = re.compile(rf"(?<![\w\"'.-]){re.escape(key)}[\"']?\s*=(?!=)")
        for number in range(start, end):
            code = lines[number].partition("#")[0]
            if match := found.search(code):
                return f"{file}, line {number + 1}, column {match.start() + 1}"
        if item and not otherwise:
            otherwise = f"{file}, line {start + 1}"
    return otherwise or str(path)


def _block(lines: list[str], item: str) -> tuple[int, int]:
    """Return the lines of an item's table, from [[items]] to the next; (-1, -1) without it."""
    starts = [n for n, line in enumerate(lines) if BEGINS.match(line)]
    own = re.compile(rf"id\s*=\s*[\"']{re.escape(item)}[\"']")
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        if any(own.match(line) for line in lines[start:end]):
            return start, end
    return -1, -1


def _files(path: Path, seen: tuple[Path, ...]) -> Iterator[Path]:
    """Yield a rubric's file, those that it includes, and those of the rubric that it extends."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    yield path
    included = table.get("include", ())
    for name in included if isinstance(included, list) else ():
        if (path.parent / str(name)).is_file():
            yield path.parent / str(name)
    base = table.get("extends")
    if isinstance(base, str) and path not in seen:
        yield from _files(path.parent / f"{base}.toml", (*seen, path))
