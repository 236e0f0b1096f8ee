"""What `grade desk` and its like do."""

from __future__ import annotations

import getpass
from pathlib import Path

import typer

from grader import resources
from grader.course import settings
from grader.course.desk import suggestions as outside
from grader.course.desk.book import Book
from grader.course.desk.evidence import Shelf, questions
from grader.course.desk.pages import Setting
from grader.errors import UsageError
from grader.rubric.reading import read_rubric

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
    name = settings.read(book.folder).rubric or resources.DEFAULT_RUBRIC
    rubric = read_rubric(resources.rubric_path(name))
    asked = questions(rubric, resources.home() / "reference")
    found = outside.read(suggestions, book) if suggestions else {}
    return Setting(asked, Shelf(book.folder, rubric), found)


def read(folder: Path) -> None:
    """Read what waits for people out of results that are new."""
    from grader.course import current, decisions, generations, publish, to_judge
    from grader.course.store import Store

    db = decisions.connect(folder)
    with Store(folder, reading=True) as store:
        told = settings.read(folder)
        keys = generations.keys(store, current.policy_sha256(store, told))
        places = publish.places(store, keys, current.ledger(store, told))
        to_judge.refresh(folder, db, publish.judged_by_people(places, store.keys()))
