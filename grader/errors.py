"""Everything that Backgrade raises on purpose, as one tree.

    BackgradeError                 exit code
      UnusableSubmission           2   nothing in the upload can be graded
      UsageError                   2   the command line or a file that people write is wrong
        RubricError                2   a rubric file: names file, item and field
      GraderFault                  3   our own fault; costs the student nothing
        GoldenError                3   a golden file is missing, corrupt or foreign
        WireError                  3   bytes from the worker that are no valid frame
        BoxError                   3   the worker could not be started or vanished

A message starts with the place ("rubrics/a2.toml: item 'adam': …") and ends with what to do next.
A student's own exceptions never appear here: they are Evidence (see grader.types). An exception of
ours that costs one item or one explanation is caught there, and kept by `log_fault`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

MOST_FILES = 100  # of the folder of faults; the oldest go first
MOST_CHARACTERS = 20_000  # of one file; the end of a traceback says most
Found = TypeVar("Found")
Other = TypeVar("Other")


class BackgradeError(Exception):
    """Base of all; `exit_code` is what the command line ends with.

    As a text it is one line that a terminal shows as it is, whatever a name in it holds.
    """

    exit_code = 3

    def __str__(self) -> str:
        """Return the message, with what is invisible spelled out."""
        return "".join(map(_visible, super().__str__()))


class UnusableSubmission(BackgradeError):
    """The upload as a whole cannot be graded; the message says what, where and what to do."""

    exit_code = 2


class UsageError(BackgradeError):
    """A command line, option or configuration that cannot be followed."""

    exit_code = 2


class RubricError(UsageError):
    """A rubric that is not valid TOML or does not say what it must."""


class GraderFault(BackgradeError):
    """Our own fault: reported as such, and never scored."""


class GoldenError(GraderFault):
    """Golden fixtures that are missing, corrupt, out of date or made for another rubric."""


class WireError(GraderFault):
    """A frame that breaks the wire format."""


class BoxError(GraderFault):
    """The confined worker could not be started, or broke the protocol by itself."""


def _visible(char: str) -> str:
    """Return a character, or its escape if it is neither printed nor a kind of blank."""
    is_blank = char.isspace() and char > "\x85" and char not in "\u2028\u2029"
    return char if char.isprintable() or is_blank else char.encode("unicode_escape").decode()


def exhausted(error: BaseException) -> str:
    """Return which room an error says is used up, and what to do; "" if it says no such thing."""
    if isinstance(error, MemoryError):
        return "memory is used up; allow more (`ulimit -v`)"
    number = error.errno if isinstance(error, OSError) else None
    place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    todo = {
        errno.ENOSPC: "the disk is full; make room, or set TMPDIR to a folder with room",
        errno.EDQUOT: "your share of the disk is full; make room, or set TMPDIR elsewhere",
        errno.EFBIG: "files may not be that large; allow larger ones (`ulimit -f`)",
        errno.EMFILE: "too many files are open; allow more (`ulimit -n`)",
        errno.ENFILE: "the system has too many open files; close some",
        errno.EAGAIN: "no further process may be started; allow more (`ulimit -u`)",
        errno.ENOMEM: "memory is used up; allow more (`ulimit -v`)",
    }
    return place + todo[number] if number in todo else ""


def log_fault(where: str) -> str:
    """Keep the traceback of the exception being handled; return the file's path, or where it is.

    `where` says what was being done. The folder is $XDG_STATE_HOME/backgrade/faults, or else
    ~/.local/state/backgrade/faults, and the home folder is written "~" in what is returned. With
    BACKGRADE_DEBUG, or if nothing can be written, the traceback goes to standard error. Never
    raises.
    """
    text = f"{where}\n{traceback.format_exc()}"[-MOST_CHARACTERS:]
    if not os.environ.get("BACKGRADE_DEBUG"):
        # Named by its contents, so that processes which meet one fault write the same bytes.
        name = f"{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:12]}.txt"
        home = os.path.expanduser("~")
        state = os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")
        file = Path(state, "backgrade", "faults", name)
        if file.is_absolute():  # without a home folder it would lie in the submission's
            with suppress(OSError, ValueError):
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with file.open("w", encoding="utf-8", errors="replace", newline="\n") as out:
                    out.write(text)
                _keep_newest(file.parent)
                inside = file.is_relative_to(home)
                return f"~/{file.relative_to(home).as_posix()}" if inside else str(file)
    with suppress(OSError, ValueError):  # standard error may be closed
        print(text, file=sys.stderr)
    return "standard error"


@contextmanager
def explaining(doing: str) -> Iterator[None]:
    """Go on if what explains breaks: it is logged, and the report does without the explanation."""
    try:
        yield
    except BackgradeError:
        raise
    except Exception:  # noqa: BLE001 - a fault of ours in explaining may not cost a grade
        log_fault(doing)


def explained(doing: str, find: Callable[[], Found], otherwise: Other) -> Found | Other:
    """Return what `find` finds; if it breaks it is logged, and `otherwise` stands for it."""
    with explaining(doing):
        return find()
    return otherwise


def _keep_newest(folder: Path) -> None:
    """Delete all but the newest MOST_FILES; others may do the same at the same time."""
    ages = []
    for file in folder.glob("*.txt"):
        with suppress(OSError):
            ages.append((file.stat().st_mtime, file))
    for _, file in sorted(ages)[:-MOST_FILES]:
        with suppress(OSError):
            file.unlink()
