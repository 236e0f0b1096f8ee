"""The zip that is handed in: written from the student's folder, and looked through.

What is found is said in sentences. Nothing is run here but a reader of zips and notebooks.
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import answers, ipynb
from grader.errors import UnusableSubmission, UsageError
from grader.intake import read_submission
from grader.layout import CORE, NOTEBOOKS, PACKAGE
from grader.selfcheck.public import Public
from grader.types import Cell, Notebook, Submission
from grader.upload import needed

NAME = "submission.zip"
LATER_S = 2  # a zip knows the time of a file to two seconds
SOME = 6  # names of a long list that are told


@dataclass(frozen=True)
class Note:
    """One sentence on what would be handed in; `serious` where it can cost points."""

    says: str
    serious: bool = True


def own_files(root: Path) -> dict[str, Path]:
    """Return what belongs into the zip, by its name there: the package and the notebooks."""
    package = root / PACKAGE
    found = {
        path.relative_to(root).as_posix(): path
        for path in sorted(package.rglob("*.py"))
        if needed(path.relative_to(root).as_posix()) and path.is_file()
    }
    return found | {name: root / name for name in NOTEBOOKS if (root / name).is_file()}


def make(root: Path) -> tuple[Path, dict[str, int]]:
    """Write submission.zip into `root`; return its path, and the sizes of what is in it by name.

    Raises UsageError where there is nothing to hand in, or where it cannot be written.
    """
    files = own_files(root)
    if not any(name.endswith(".py") for name in files):
        raise UsageError(
            f"{root}: no {PACKAGE}/layers.py here; run this beside the folder {PACKAGE}"
        )
    target, sizes = root / NAME, {}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            try:
                data, changed = path.read_bytes(), time.localtime(path.stat().st_mtime)
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
            info = zipfile.ZipInfo(name, max(changed[:6], (1980, 1, 1, 0, 0, 0)))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
            sizes[name] = len(data)
    try:
        half = target.with_name(f"{NAME}.part")
        half.write_bytes(written.getvalue())
        os.replace(half, target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}); close it") from None
    return target, sizes


def read(path: Path) -> Submission:
    """Return what the grader will see of a zip. Raises UnusableSubmission or UsageError."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file; make it with python make_submission.py")
    return read_submission(path)


def look_through(path: Path, submission: Submission, public: Public, root: Path) -> list[Note]:
    """Return what a student should know of a zip before it is handed in."""
    notes = [*_names(submission, public), *_older(submission, root)]
    dates = _dates(path)
    records = []
    for name in _wanted_notebooks(public):
        if name in submission.files:
            record, found = _notebook(name, submission.files[name])
            records.append(record)
            notes += found
            notes += _behind(name, submission, dates)
    blank = [one.id for one in answers.find(records, _Questions(public)) if one.status == "blank"]  # type: ignore[arg-type]
    here = {record.name.rpartition(".")[0] for record in records}
    blank = [name for name in blank if name.partition("/")[0] in here]
    if blank:
        notes.append(Note(f"{_count(len(blank), 'question')} not answered: {_listed(blank)}"))
    return notes


class _Questions:
    """The questions of an assignment, in the form in which grader.answers asks for them."""

    def __init__(self, public: Public) -> None:
        self.table = public.table


def _wanted_notebooks(public: Public) -> list[str]:
    asked = [item.where for item in public.table.items if item.kind == "notebook"]
    return [name for name in NOTEBOOKS if name in asked]


def _names(submission: Submission, public: Public) -> Iterator[Note]:
    wanted = [f"{submission.package}/{core}" for core in CORE] + _wanted_notebooks(public)
    for name in wanted:
        if name not in submission.files:
            yield Note(f"{name} is missing")
    yield from (Note(says, serious=False) for says in (*submission.repaired, *submission.ignored))


def _older(submission: Submission, root: Path) -> Iterator[Note]:
    """Say which files of the folder beside were changed since the zip was made."""
    changed = [
        name
        for name, path in own_files(root).items()
        if name in submission.files and path.read_bytes() != submission.files[name]
    ]
    if changed:
        says = f"{_listed(changed)} differs from the one in your folder; make the zip again"
        yield Note(
            says
            if len(changed) == 1
            else says.replace(" differs from the one", " differ from those")
        )


def _dates(path: Path) -> dict[str, float]:
    """Return when each member was changed, by its last name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.rpartition("/")[2]: time.mktime((*info.date_time, 0, 0, -1))
                for info in archive.infolist()
            }
    except (OSError, zipfile.BadZipFile, ValueError, OverflowError):
        return {}  # a folder, or dates that are none: then nothing is said of them


def _behind(name: str, submission: Submission, dates: Mapping[str, float]) -> Iterator[Note]:
    """Say where code is newer than the notebook whose pictures it made."""
    sources = [core.rpartition("/")[2] for core in CORE]
    later = [s for s in sources if dates.get(s, 0) > dates.get(name, float("inf")) + LATER_S]
    if later:
        says = f"{name} was saved before {_listed(later)} changed; run all of it again and save it"
        yield Note(says)


def _notebook(name: str, data: bytes) -> tuple[Notebook, list[Note]]:
    """Return the record of a notebook that nobody runs here, and what is to be said of it."""
    try:
        cells, raw = ipynb.read(data, name), ipynb.raw_cells(data, name)
    except UnusableSubmission as error:
        return Notebook(name, "unreadable"), [Note(str(error))]
    record = Notebook(
        name,
        "skipped",
        cells=tuple(Cell(c.number, c.text, "not_run") for c in cells if c.kind == "code"),
        markdown={c.number: c.text for c in cells if c.kind == "markdown"},
        tags={c.number: c.tags for c in cells if c.tags},
    )
    code = [(c.number, r) for c, r in zip(cells, raw) if c.kind == "code" and c.text.strip()]
    return record, list(_stale(name, code))


def _stale(name: str, code: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Note]:
    again = "; use 'Restart and run all', then save"
    ran = [
        (number, cell.get("execution_count", cell.get("prompt_number"))) for number, cell in code
    ]
    missing = [number for number, count in ran if not isinstance(count, int)]
    if len(missing) == len(ran) and ran:
        yield Note(f"{name} was never run: no cell has an output{again}")
        return
    if missing:
        yield Note(
            f"{name}: {_count(len(missing), 'cell')} not run, the first is cell {missing[0]}{again}"
        )
    counts = [count for _, count in ran if isinstance(count, int)]
    if counts != sorted(counts):
        yield Note(f"{name} was run in another order than it stands in{again}")
    for number, cell in code:
        outputs = cell.get("outputs")
        kinds = [o.get("output_type") for o in outputs or () if isinstance(o, dict)]
        if "error" in kinds or "pyerr" in kinds:
            yield Note(f"{name}: cell {number} stops with an error")
            return


def _count(many: int, one: str) -> str:
    return f"1 {one} is" if many == 1 else f"{many} {one}s are"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SOME
    if more > 0:
        return f"{', '.join(names[:SOME])} and {more} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
