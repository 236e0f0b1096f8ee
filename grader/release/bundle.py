"""One release: all archives of an assignment, and their checksums.

    student.zip       for students: nothing hidden, or no release at all
    gradescope.zip    for Gradescope: an autograder, with the answers
    staff.zip         for those who grade: the program and all answers; it grades by itself
    SHA256SUMS        what `sha256sum --check` reads

Same inputs, same bytes. An archive for a platform is one more entry of `FOR_STAFF`.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grader
from grader.errors import GraderFault, UsageError
from grader.grading.assignment import Assignment
from grader.release import gradescope, modules, program, public, secret_scan, shape
from grader.release.selfcheck import page
from grader.release.selfcheck.public import FILE
from grader.release.template import template_files
from grader.rubric.reading import read_rubric
from grader.submission.layout import SELFCHECK

MOST = 3_000_000  # bytes of student.zip
IDEAS = 2  # the hint level from which on a student may read the idea of a function
HANDOUT = ("selfcheck.py", "make_submission.py")
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip


@dataclass(frozen=True)
class ReleaseInputs:
    """What a release is made from: the assignment, and the folder that holds what is shipped."""

    assignment: Assignment
    home: Path

    def leaks(self, files: Mapping[str, bytes]) -> Iterator[str]:
        """Yield what files give away that students must not have."""
        rubrics = [read_rubric(path) for path in sorted((self.home / "rubrics").glob("*.toml"))]
        known = {rubric.table.id: rubric for rubric in (*rubrics, self.assignment.rubric)}
        golden, wrong = self.assignment.golden, self.assignment.wrong
        solution = shape.marked(self.home / "reference", self.assignment.rubric.table)
        secrets = secret_scan.secrets([*known.values()], golden, wrong, solution)
        for name, data in files.items():
            for leak in secrets.leaks(name, data):
                yield f"{leak.place} gives away {leak.what}"


def zipped(
    files: Mapping[str, bytes], folder: str = "", runnable: frozenset[str] = frozenset()
) -> bytes:
    """Return a zip of `files` inside `folder`: sorted, one date, plain modes.

    What is in `runnable` may be executed.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, DATE)
            info.create_system = 3  # Unix, on every machine
            info.external_attr = (0o100755 if name in runnable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name], compresslevel=9)
    return written.getvalue()


def student_files(assignment: Assignment, home: Path) -> dict[str, bytes]:
    """Return what students get: path -> content. `home` holds reference/ and docs/."""
    texts = template_files(home / "reference", assignment.rubric.table)
    handout = Path(__file__).resolve().parent / "handout"
    texts |= {name: (handout / name).read_text(encoding="utf-8") for name in HANDOUT}
    texts["README.md"] = _guide(home / "docs" / "student.md")
    texts |= _notes(home / "docs" / "notes", assignment)
    package = Path(grader.__file__).resolve().parent
    cases = [case for case in assignment.rubric.cases if case.public]
    texts |= {f"{SELFCHECK}/{path}": text for path, text in modules.files(package, cases).items()}
    for sheet in page.SHEETS:
        path = f"grader/report/templates/{sheet}"
        texts[f"{SELFCHECK}/{path}"] = (package.parent / path).read_text(encoding="utf-8")
    found = {path: text.encode("utf-8") for path, text in texts.items()}
    found[f"{SELFCHECK}/{FILE}"] = public.file_of(assignment)
    return found


def _notes(folder: Path, assignment: Assignment) -> dict[str, str]:
    """Return the notes on what is asked: derivations, where students get ideas as hints at all."""
    table = assignment.rubric.table
    asked = {item.function for item in table.items} if table.hint_level >= IDEAS else set()
    paths = [path for path in sorted(folder.glob("*.md")) if path.stem in asked]
    return {f"notes/{path.name}": path.read_text(encoding="utf-8") for path in paths}


def _guide(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); students get it as README.md: restore it"
        ) from None


def student_zip(source: ReleaseInputs) -> bytes:
    """Return student.zip. Raises GraderFault if something hidden would be handed out."""
    files = student_files(source.assignment, source.home)
    if found := list(source.leaks(files)):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise GraderFault(f"student.zip: {found[0]}{more}; nothing was released")
    data = zipped(files, source.assignment.rubric.table.id)
    if len(data) > MOST:
        raise GraderFault(f"student.zip: {len(data):,} bytes, at most {MOST:,} are handed out")
    return data


def staff_zip(source: ReleaseInputs) -> bytes:
    """Return staff.zip, which grades by itself. Raises UsageError if a part of it is missing."""
    rubric, handout = source.assignment.rubric, program.PACKAGE / "release" / "handout" / "staff"
    files = program.files(source.home, ("rubrics", "reference", "student_template", "docs"))
    files["grade.py"] = program.read(handout / "grade.py")
    guide = program.read(handout / "README.md").decode().replace("@TITLE@", rubric.table.title)
    files["README.md"] = guide.replace("@RUBRIC@", Path(rubric.place).stem).encode()
    return zipped(files, f"{rubric.table.id}-staff")


def gradescope_zip(source: ReleaseInputs) -> bytes:
    """Return gradescope.zip. Raises UsageError if something it needs is missing."""
    files = gradescope.files(source.home, Path(source.assignment.rubric.place))
    return zipped(files, runnable=gradescope.SCRIPTS)


# Archives that no student sees, by name: each is made from a ReleaseInputs alone.
FOR_STAFF: Mapping[str, Callable[[ReleaseInputs], bytes]] = {
    "gradescope.zip": gradescope_zip,
    "staff.zip": staff_zip,
}


def write(folder: Path, source: ReleaseInputs) -> dict[str, int]:
    """Write a release into `folder`, all of it or nothing; return the bytes of each archive.

    Raises GraderFault if student.zip would give something away, UsageError where nothing can
    be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; choose another")
    made = {"student.zip": student_zip(source)}
    made |= {name: make(source) for name, make in FOR_STAFF.items()}
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(made.items())]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in {**made, "SHA256SUMS": "".join(lines).encode()}.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from None
    return {name: len(data) for name, data in made.items()}
