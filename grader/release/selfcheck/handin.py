"""The zip that is handed in, looked through before it is.

Each finding is a sentence. Nothing is run here but a reader of zips and notebooks.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.errors import UsageError
from grader.notebooks import inline_answers
from grader.release.selfcheck import check, notebooks, own_python
from grader.release.selfcheck.notebooks import counted, listed
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.sources import Note, own_files, unread
from grader.submission import encodings
from grader.submission.intake import read_submission
from grader.submission.layout import CORE, NOTEBOOKS, homework_name
from grader.submission.written import Sources
from grader.types import Submission

LATER_S = 2  # a zip knows the time of a file to two seconds


def read(path: Path) -> Submission:
    """Return what the grader will see of a zip. Raises UnusableSubmission or UsageError."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file; make it with python make_submission.py")
    return read_submission(path)


def look_through(path: Path, submission: Submission, public: Public, root: Path) -> list[Note]:
    """Return what a student should know of a zip before it is handed in."""
    code = {name: data for name, data in submission.files.items() if name.endswith(".py")}
    notes = [*_names(submission, public, root), *_older(submission, root), *unread(code)]
    notes += _stubs(code, public)
    notes += own_python.remarks(submission.package, code, root)
    dates, records = _dates(path), []
    for name in _wanted_notebooks(public):
        if name in submission.files:
            record, found = notebooks.look(name, submission.files[name])
            records.append(record)
            notes += found
            notes += _behind(name, submission, dates)
    here = {record.name.rpartition(".")[0] for record in records}
    asked = [q for q in inline_answers.find(records, public) if q.id.partition("/")[0] in here]
    if blank := [question.id for question in asked if question.status == "blank"]:
        notes.append(Note(f"{counted(len(blank), 'question')} not answered: {listed(blank)}"))
    return notes


def _stubs(code: Mapping[str, bytes], public: Public) -> Iterator[Note]:
    """Yield a note on functions that are as they were handed out."""
    sources = Sources(code)
    open_items = [item.id for item in public.code if check.is_stub(item, sources)]
    if open_items:
        many = f"{len(open_items)} of {len(public.code)} functions"
        yield Note(f"{many} not written yet: {listed(open_items)}")


def _wanted_notebooks(public: Public) -> list[str]:
    asked = [item.file for item in public.table.items if item.kind == "notebook"]
    return [name for name in NOTEBOOKS if name in asked]


def _names(submission: Submission, public: Public, root: Path) -> Iterator[Note]:
    here = {homework_name(path.name): path.name for path in sorted(root.glob("*.ipynb"))}
    wanted = [f"{submission.package}/{core}" for core in CORE] + _wanted_notebooks(public)
    for name in wanted:
        if name not in submission.files:
            other = f": rename '{here[name]}' to this name" if name in here else ""
            yield Note(f"{name} is missing{other}")
    yield from (Note(says, serious=False) for says in (*submission.repaired, *submission.ignored))


def _older(submission: Submission, root: Path) -> Iterator[Note]:
    """Yield a note on files of the folder that changed since the zip was made."""
    changed = [
        name
        for name, path in own_files(root).items()
        if name in submission.files and _read(path) != submission.files[name]
    ]
    if changed:
        differ = "differs from the one" if len(changed) == 1 else "differ from those"
        yield Note(f"{listed(changed)} {differ} in your folder; make the zip again")


def _read(path: Path) -> bytes:
    """Return a file as a zip of it is read."""
    data = path.read_bytes()
    return encodings.as_utf8(data)[0] if path.suffix == ".py" else data


def _dates(path: Path) -> dict[str, float]:
    """Return when each member was changed, by its last name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.rpartition("/")[2]: time.mktime((*info.date_time, 0, 0, -1))
                for info in archive.infolist()
            }
    except (OSError, zipfile.BadZipFile, ValueError, OverflowError):
        return {}  # a folder, or no valid dates: then there is no note on them


def _behind(name: str, submission: Submission, dates: Mapping[str, float]) -> Iterator[Note]:
    """Yield a note if code is newer than the notebook whose pictures it made."""
    sources = [core.rpartition("/")[2] for core in CORE]
    later = [s for s in sources if dates.get(s, 0) > dates.get(name, float("inf")) + LATER_S]
    if later:
        says = f"{name} was saved before {listed(later)} changed; run all of it again and save it"
        yield Note(says)
