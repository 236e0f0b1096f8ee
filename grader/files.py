"""Files that commands write: whole or not at all."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from grader.box.folders import start_of
from grader.errors import UsageError
from grader.report.result import NOTEBOOKS

RESULT, REPORT = "result.json", "report.html"
PART = re.compile(r"\.backgrade-(\d+)-(\d+)\.(\d+|result)")  # process, its start, which file
LARGEST = 64 * 1024**2  # bytes of a result.json of ours


def check_writable(folder: Path) -> None:
    """Raise UsageError where `folder` cannot be made or written to: asked before the work."""
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
    except OSError as error:  # a name that is too long
        raise _unwritable(folder, error) from None
    if not place.is_dir():
        raise UsageError(f"{folder}: cannot be written ({place} is no folder); choose another -o")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: cannot be written (no right to); choose another -o")
    if place == folder:
        _check_regular(folder, (RESULT, REPORT))


def check_apart(folder: Path, submission: Path) -> None:
    """Raise UsageError where the files of a result would replace some that were handed in.

    What lies in a folder of a submission is the student's, unless a result there lists it.
    """
    with suppress(OSError, RuntimeError):  # what cannot be followed is told by who reads it
        ours, theirs = folder.resolve(), submission.resolve()
        if (ours == theirs or theirs in ours.parents) and ours.is_dir() and any(ours.iterdir()):
            if not _former(ours):
                raise UsageError(
                    f"{folder}: is a folder of the submission, whose files would be replaced; "
                    "choose another -o"
                )


Text = str | bytes | Iterable[str]


def write(path: Path, text: Text) -> None:
    """Write `text`, pieces of one, or bytes, to `path` whole or not at all, making its folder.

    The same bytes everywhere. Raises UsageError.
    """
    real = Path(os.path.realpath(path))  # what a link leads to
    part = None
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(real) and not stat.S_ISREG(real.lstat().st_mode):
            with real.open("wb") as out:  # a pipe cannot be replaced
                out.writelines(_bytes(text))
            return
        with suppress(FileNotFoundError):
            real.lstat()  # a name that is too long is told before anything is written
        part = real.with_name(f"{_prefix()}0")
        _write_part(part, text)
        part.replace(real)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        _unlink(part)


def write_result(folder: Path, files: Mapping[str, str], forced: bool = True) -> None:
    """Make `folder` hold the files of one result, result.json among them, and no other result's.

    All are complete beside the former ones before any of those goes, and result.json comes last:
    whenever it is there, the pages are its own. What is not ours is not touched. Unless `forced`
    to the disk they may be empty after a power cut, and it takes a hundredth of the time. Raises
    UsageError, with the former files as they were.
    """
    parts: dict[str, Path] = {}
    complete = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        abandoned, former = _abandoned(folder), _former(folder)
        _check_regular(folder, sorted(former | files.keys()))
        for number, name in enumerate(sorted(files, key=lambda name: name == RESULT)):
            parts[name] = folder / f"{_prefix()}{'result' if name == RESULT else number}"
            _write_part(parts[name], files[name], forced)
        complete = True
        for name in (*sorted((former | files.keys()) - {RESULT}), RESULT):
            (folder / name).unlink(missing_ok=True)
        for name, part in parts.items():
            part.replace(folder / name)
        for part in abandoned:
            _unlink(part)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        if not complete:  # else what is left of them tells the next run what is ours
            for part in parts.values():
                _unlink(part)


def _write_part(part: Path, text: Text, forced: bool = True) -> None:
    """Write a new file and have it on the disk: renaming is only worth something after that."""
    with part.open("xb") as out:
        out.writelines(_bytes(text))
        out.flush()
        if forced:
            os.fsync(out.fileno())


def _bytes(text: Text) -> Iterator[bytes]:
    if isinstance(text, bytes):
        yield text
    else:
        pieces = (text,) if isinstance(text, str) else text
        yield from (piece.encode("utf-8") for piece in pieces)


def _check_regular(folder: Path, names: tuple[str, ...] | list[str]) -> None:
    """Raise UsageError if what is to be replaced is a link, a folder or a special file."""
    for name in names:
        file = folder / name
        if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
            raise UsageError(
                f"{file}: cannot be written (no ordinary file); remove it or choose another -o"
            )


def _ours() -> frozenset[str]:
    pages = (name.replace(".ipynb", ".html") for name in NOTEBOOKS)
    return frozenset({RESULT, REPORT, *NOTEBOOKS, *pages})


def _former(folder: Path) -> set[str]:
    """Return the files of the results that are in a folder, whole or half written."""
    known = (folder / RESULT, *_abandoned(folder))
    return {name for file in known for name in _listed(file)} & _ours()


def _listed(file: Path) -> Iterator[str]:
    """Yield the files that a result.json says were written with it; none if it is not ours."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode) or file.stat().st_size > LARGEST:
            return
        found = json.loads(file.read_bytes())
        notebooks = found.get("notebooks", []) if str(found["schema"])[:9] == "backgrade" else None
        pages = [(str(one["name"]), str(one["page"])) for one in notebooks or () if one["page"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return
    if notebooks is None:
        return
    yield from (RESULT, REPORT)
    for name, page in pages:
        yield from (Path(name).name, page)


def _abandoned(folder: Path) -> list[Path]:
    """Return the parts that a process left which no longer lives."""
    found = []
    for file in sorted(folder.iterdir()):
        known = PART.fullmatch(file.name)
        if known and start_of(int(known[1])) != known[2]:
            found.append(file)
    return found


def _prefix() -> str:
    return f".backgrade-{os.getpid()}-{start_of(os.getpid())}."


def _unlink(part: Path | None) -> None:
    if part is not None:
        with suppress(OSError):
            part.unlink()


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written ({error.strerror}); choose another -o")
