"""What `grade desk` and its like do."""

from __future__ import annotations

import gc
import getpass
from collections.abc import Sequence
from pathlib import Path

import typer

from grader.course import decisions
from grader.course.desk import log, requests
from grader.course.desk.book import Book
from grader.course.desk.evidence import Shelf, questions
from grader.course.desk.pages import Setting
from grader.errors import UsageError
from grader.report.text import count

LONGEST = 60  # characters of a marker's name


def serve(folder: Path, port: int, marker: str, second: float, suggestions: Path | None) -> None:
    """Answer at 127.0.0.1 until Ctrl-C."""
    try:
        from grader.course.desk.server import Desk, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"grade desk: needs {error.name}, which is not installed; "
            "run `pip install 'backgrade[desk]'`, or mark without a server: `grade desk export`"
        ) from None
    book = Book(folder, _marker(marker), second)
    gc.freeze()  # what was read stays: it is not looked through for cycles again and again
    gc.enable()  # a long process, unlike others
    desk = Desk(book, lambda: setting(book, suggestions))
    try:
        serve(desk, port, lambda address: _told(address, book))
    finally:
        desk.close()
    typer.echo("The desk is closed; all that was decided is kept")


def _told(address: str, book: Book) -> None:
    typer.echo(f"The desk of {book.marker}: {address}")
    typer.echo("Only this machine can open it. Ctrl-C closes it")


def _marker(name: str) -> str:
    found = " ".join((name or getpass.getuser()).split())
    if not found or len(found) > LONGEST or not found.isprintable():
        raise UsageError(f"--marker: write a name of 1 to {LONGEST} characters")
    return found


def setting(book: Book, suggestions: Path | None) -> Setting:
    """Return what stands beside the answers of a class."""
    from grader import resources
    from grader.course import settings
    from grader.course.desk import suggestions as outside
    from grader.rubric.reading import read_rubric

    name = settings.read(book.folder).rubric or resources.DEFAULT_RUBRIC
    rubric = read_rubric(resources.rubric_path(name))
    asked = questions(rubric, resources.home() / "reference")
    found = outside.read(suggestions, book) if suggestions else {}
    return Setting(asked, Shelf(book.folder, rubric), found)


def read(folder: Path) -> None:
    """Read what waits for people out of results that are new."""
    from grader.course import current, decisions, settings, to_judge
    from grader.course.places import judged_by_people
    from grader.course.store import Store

    db = decisions.connect(folder)
    with Store(folder, reading=True) as store:
        places = current.places(store, settings.read(folder))
        to_judge.refresh(folder, db, judged_by_people(places))


def export(folder: Path, markers: int, output: Path, second: float) -> None:
    """Write one file for each marker."""
    from grader.course.desk import offline
    from grader.files import write

    book = Book(folder, "", second)
    try:
        for number, page in enumerate(
            offline.pages_for(book, setting(book, None), markers), start=1
        ):
            write(output / f"desk-{number}.html", page)
    finally:
        book.close()
    typer.echo(f"{count(markers, 'file')} in {output}; none has a name of a student")
    typer.echo(f"What comes back: `grade desk merge {folder} decisions-*.json`")


def merge(folder: Path, files: Sequence[Path]) -> None:
    """Join what came back; say what people do not agree on."""
    from grader.course.desk import offline

    book = Book(folder, "")
    try:
        tables = [path for path in files if path.suffix.casefold() == ".csv"]
        made = [(path, offline.read(path)) for path in files if path not in tables]
        for path, one in made:
            added, lost = offline.join(book, one, str(path))
            typer.echo(f"{path}: {count(added, 'new decision')} of {one.marker}")
            if lost:
                typer.echo(f"  {lost} about what is no longer there: left out", err=True)
        for path in tables:
            typer.echo(f"{path}: {count(requests.add(book, path), 'new request')}")
        found = list(offline.conflicts(book))
    finally:
        book.close()
    for line in found:
        typer.echo(f"in conflict: {line}")
    if found:
        typer.echo(f"{count(len(found), 'conflict')}: settle them with `grade desk {folder}`")


def history(folder: Path, student: str) -> None:
    """Say what people decided about a student, in order."""
    db = decisions.connect(folder)
    try:
        numbers = requests.people(db).get(student.casefold(), set())
        if len(numbers) != 1:
            raise UsageError(
                f"{student}: {count(len(numbers), 'student')} of the class have this id, login or "
                f"folder; {folder / 'grades.csv'} lists them"
            )
        lines = list(log.of_student(db, *numbers))
    finally:
        db.close()
    for line in lines or ["Nobody decided anything about this student"]:
        typer.echo(line)
