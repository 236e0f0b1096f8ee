"""What `grade gradebook` and `grade feedback` do, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from grader.cli.class_folder import opened
from grader.course import current, gradebooks, settings
from grader.course import feedback as reports
from grader.course.gradebooks.filling import PENDING, Filled, How, fill, refusal
from grader.course.policies import points
from grader.course.settings import Settings
from grader.course.store import Store
from grader.errors import UsageError
from grader.files import write
from grader.report.text import count
from grader.submission.folder import read_regular
from grader.submission.upload import shown

MOST_BYTES = 100_000_000
SCALES = {
    "points": "points as they are",
    "percent": "percent of the possible points",
    "maximum": "points scaled to the maximum of the column",
}


@dataclass(frozen=True)
class Asked:
    """The options of `grade gradebook`."""

    folder: Path
    export: Path
    output: Path | None
    column: str
    scale: str
    pending_as_zero: bool
    only_complete: bool
    allow_missing: bool
    by_name: bool
    dry_run: bool


def gradebook(asked: Asked) -> None:
    """Fill a gradebook. Raises UsageError if a score would be lost, with the list of whose."""
    data = _checked(asked)
    told = settings.read(asked.folder)
    with Store(asked.folder, reading=True) as store:
        found, gone = current.read(asked.folder, store, told), store.forgotten()
    how = How(
        _scale(asked.scale, told), asked.pending_as_zero, asked.only_complete,
        asked.allow_missing, asked.by_name,
    )  # fmt: skip
    book = gradebooks.read(data, shown(asked.export.name, 200), asked.column)
    filled = fill(book, found.ledger, found.scores, how, gone)
    _describe(filled, how, found)
    if asked.dry_run:
        _table(filled)
    _lists(filled)
    refused = refusal(filled, how)
    if refused:
        raise UsageError(f"{shown(asked.export.name, 200)}: nothing was written: {refused}")
    if asked.dry_run or asked.output is None:
        typer.echo("Nothing was written: that was a dry run")
        return
    write(asked.output, filled.data)
    typer.echo(f"Gradebook: {asked.output}")
    typer.echo(book.back)


def _checked(asked: Asked) -> bytes:
    """Return the bytes of the export. Raises UsageError for it, or for options that clash."""
    if asked.output is None and not asked.dry_run:
        raise UsageError("-o: say where the filled gradebook goes, or look first with --dry-run")
    if asked.pending_as_zero and asked.only_complete:
        raise UsageError("--only-complete: cannot be had with --pending-as; give one of them")
    try:
        data = read_regular(asked.export, MOST_BYTES + 1)
        is_same = asked.output is not None and asked.output.resolve() == asked.export.resolve()
    except (OSError, ValueError) as error:
        why = shown(getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(
            f"{asked.export}: cannot be read ({why}); give the gradebook that your LMS exports"
        ) from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{asked.export}: is larger than any gradebook; export it as CSV")
    if is_same:
        raise UsageError(f"{asked.output}: is the export itself, which stays; choose another -o")
    return data


def _scale(text: str, told: Settings) -> str | float:
    if not text:
        return told.grades.scale
    if text in SCALES:
        return text
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        names = ", ".join(SCALES)
        raise UsageError(f"--scale {shown(text)}: use {names}, or what all points are worth")
    return number


def _describe(filled: Filled, how: How, found: current.Current) -> None:
    """Say what was recognised, which column is filled, and how points become grades."""
    book = filled.book
    typer.echo(f"{book.sheet.place}: {book.about}, {count(len(book.lines), 'row')} of students")
    if book.sheet.is_guess:
        typer.echo(f"  its encoding is not told; read and written as {book.sheet.encoding}")
    most = book.column.maximum
    limit = f", at most {points(most)}" if most is not None else ""
    typer.echo(f"Column {book.column.shown}{limit}")
    possible = sorted({s.possible for _, s in found.scores.values() if s.final is not None})
    of = " or ".join(map(points, possible[-3:])) or "0"
    if isinstance(how.scale, str):
        typer.echo(f"Scale: {SCALES[how.scale]}; {of} points are possible")
    else:
        typer.echo(f"Scale: all of the {of} possible points are worth {points(how.scale)}")
    if how.scale == "points" and most is not None and possible and possible[-1] != most:
        typer.echo(
            f"  the column's maximum is {points(most)}: --scale maximum makes {of} points "
            f"{points(most)}"
        )
    if book.decimal_sign == ",":
        typer.echo("  numbers are written with a comma, as in the file")


def _table(filled: Filled) -> None:
    """Print every change."""
    if not filled.changes:
        return
    widest = max(len(change.who) for change in filled.changes)
    typer.echo(f"  {'line':>5}  {'student':{widest}}  {'was':>10}  {'now':>10}")
    for one in filled.changes:
        was = shown(one.was, 40) or "-"
        typer.echo(
            f"  {one.line:>5}  {one.who:{widest}}  {was:>10}  {one.now:>10}  {one.reason}".rstrip()
        )


def _lists(filled: Filled) -> None:
    """Print how many cells change, and every list of people."""
    same = f", {filled.same:,} say so already" if filled.same else ""
    typer.echo(f"{count(len(filled.changes), 'cell')} to change{same}")
    for note in filled.notes:
        typer.echo(f"  {note}")
    for what, whose in filled.told.items():
        typer.echo(f"{what} ({len(whose):,}):", err=what == PENDING)
        for one in whose:
            typer.echo(f"  {one}", err=what == PENDING)


def feedback(folder: Path, to: str, output: Path) -> None:
    """Pack the reports of those who have one. Raises UsageError."""
    with opened(folder) as one:
        packet = reports.packed(one, to)
    left = packet.left
    if not packet.students:
        for line in left:
            typer.echo(f"  {line}", err=True)
        raise UsageError(f"{folder}: there is no report that could go; see above")
    if to == "folder" and output.suffix.lower() != ".zip":
        for name, data in packet.files.items():
            write(output / name, data)
    else:
        write(output, reports.zipped(packet.files))
    typer.echo(f"Reports of {count(packet.students, 'student')}: {output}")
    if left:
        typer.echo(f"Without ({len(left):,}):")
        for line in left:
            typer.echo(f"  {line}")
    typer.echo(reports.BACK[to])
