"""Check a folder or a zip, and say what came out: where the pieces come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import UnusableSubmission
from grader.release.selfcheck import show
from grader.release.selfcheck.check import Checked, Checker
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.show import Screen
from grader.release.selfcheck.sources import python_files
from grader.rubric.records import Item
from grader.submission.layout import PACKAGE

if TYPE_CHECKING:
    from grader.release.selfcheck.notebooks import Note
    from grader.types import Submission

RIGHT, WRONG = 0, 1


@dataclass(frozen=True)
class Desk:
    """What checking needs at hand; `page` is the HTML file to write, `in_full` shows numbers."""

    public: Public
    pool: Pool
    screen: Screen
    page: Path | None = None
    in_full: bool = False


def folder(root: Path, items: Sequence[Item], desk: Desk) -> int:
    """Check these items of the package in `root`; return the exit code."""
    checked, places = _check(items, PACKAGE, python_files(root), desk)
    return _told(checked, places, desk, [])


def zipped(root: Path, path: Path, desk: Desk) -> int:
    """Check the very zip that will be handed in; return the exit code."""
    from grader.release.selfcheck import handin

    screen = desk.screen
    try:
        given = handin.read(path)
    except UnusableSubmission as error:
        screen.line(f"This zip cannot be graded. {error}", "bad")
        return WRONG
    notes = handin.look_through(path, given, desk.public, root)
    checked, places = _check(desk.public.code, given.package, _python(given), desk)
    return _told(checked, places, desk, notes)


def make(root: Path, public: Public, screen: Screen) -> int:
    """Write submission.zip and say what is in it; return the exit code."""
    from grader.release.selfcheck import handin

    path, sizes = handin.make(root)
    notes = handin.look_through(path, handin.read(path), public, root)
    screen.line(f"{path.name} is written. In it:", "bold")
    for name, size in sizes.items():
        screen.line(f"{max(size, 1000) / 1000:6,.0f} kB  {name}", "", 2)
    _notes(screen, notes)
    screen.line()
    screen.line(f"Next: python selfcheck.py {path.name}")
    screen.line("checks the zip itself, as it will be handed in", "", 6)
    return WRONG if any(note.serious for note in notes) else RIGHT


def _python(given: Submission) -> dict[str, bytes]:
    return {path: data for path, data in given.files.items() if path.endswith(".py")}


def _check(
    items: Sequence[Item], package: str, files: Mapping[str, bytes], desk: Desk
) -> tuple[list[Checked], dict[str, str]]:
    """Check items and write a line for each as it is done; return them, and where they stand."""
    places = {item.id: show.place_of(item, package, files) for item in items}
    done: list[Checked] = []

    def working() -> None:
        if len(done) < len(items):
            name = items[len(done)].id
            desk.screen.status(f"checking {name} ({len(done) + 1} of {len(items)})")

    working()
    for one in Checker(desk.public, package, files, desk.pool).check(items):
        show.item(desk.screen, one, places[one.item.id], desk.in_full)
        done.append(one)
        working()
    return done, places


def _told(
    checked: Sequence[Checked], places: Mapping[str, str], desk: Desk, notes: list[Note]
) -> int:
    show.summary(desk.screen, checked)
    _notes(desk.screen, notes)
    if desk.page:
        from grader.release.selfcheck import page

        page.write(desk.page, desk.public, checked, places)
        desk.screen.line(f"As a page: {desk.page}")
    serious = [note for note in notes if note.serious]
    if serious:
        desk.screen.line(f"Next: {serious[0].says}")
    else:
        show.next_step(desk.screen, checked, places, len(checked) == len(desk.public.code))
    return RIGHT if all(one.passed for one in checked) and not serious else WRONG


def _notes(screen: Screen, notes: Sequence[Note]) -> None:
    if notes:
        screen.line()
    for note in notes:
        screen.line(note.says, "" if note.serious else "dim", 2, "- ")
