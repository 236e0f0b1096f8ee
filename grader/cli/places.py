"""Where the result of one submission goes unless -o says it: graded/<name of the submission>/.

Many students call their upload submission.zip, so graded/.from/<name> keeps which path a name
stands for; another path of that name gets a folder called after its parent folder too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from grader.files import RESULT
from grader.submission.intake import name_of

ROOT = Path("graded")
CLAIMS = ".from"
LONGEST = 100  # characters of a folder's name


def default(path: Path, claim: bool) -> Path:
    """Return the folder for the result of the submission at `path`.

    With `claim` it is that path's own from now on: to be asked when there is something to write.
    Where nothing can be written it is graded/<name>/: whoever writes there says why it fails.
    """
    whole = os.path.realpath(path)
    names = list(_names(path, whole))
    with suppress(OSError):
        fits = (name for name in names if _is_its_own(name, whole, claim))
        return ROOT / next(fits, names[-1])
    return ROOT / names[0]


def _names(path: Path, whole: str) -> Iterator[str]:
    """Yield names for the folder, the last one like no other's."""
    name = file_name(name_of(path))
    yield name
    yield file_name(f"{os.path.basename(os.path.dirname(whole))}-{name}")
    digest = hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]
    yield f"{name[: LONGEST - 9]}-{digest}"


def _is_its_own(name: str, whole: str, claim: bool) -> bool:
    """Return whether a name is this path's; if it is nobody's it may be, and a claim makes it so.

    Of two that want it at once one makes the file, and the other reads something else in it. A
    result that nobody's name stands for was written by -o: whose it is, is not known.
    """
    file, ours = ROOT / CLAIMS / name, os.fsencode(whole)
    if not file.exists() and ((ROOT / name / RESULT).exists() or not claim):
        return not (ROOT / name / RESULT).exists()
    if claim:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), file.open("xb") as out:
            out.write(ours)
    return file.read_bytes() == ours


def file_name(name: str) -> str:
    """Return a submission's name as one harmless path component."""
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in name).strip(" .")
    return kept[:LONGEST] or "submission"
