"""Check a folder or a zip, and say what came out: where the pieces come together."""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import UnusableSubmission, UsageError
from grader.release.selfcheck import own_python, show
from grader.release.selfcheck.check import Checked, Checker
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.own_python import Unread
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.screen import Screen, command
from grader.release.selfcheck.sources import python_files
from grader.report.text import one_line
from grader.rubric.records import Item
from grader.submission import encodings
from grader.submission.layout import PACKAGE

if TYPE_CHECKING:
    from grader.release.selfcheck.notebooks import Note

RIGHT, WRONG = 0, 1
HINTS = 3  # of an item; a notebook folds them


@dataclass(frozen=True)
class Context:
    """What checking needs at hand; `page` is the HTML file to write, `in_full` shows numbers.

    `hints` says how many of them are wanted.
    """

    public: Public
    pool: Pool
    screen: Screen
    page: Path | None = None
    in_full: bool = False
    hints: int = 0


@dataclass(frozen=True)
class Results:
    """What checking came to: items with the places where they are written, and files.

    `remarks` say at which files the student's own Python stops.
    """

    checked: Sequence[Checked]
    places: Mapping[str, str]
    unread: Sequence[Unread] = ()
    remarks: Sequence[str] = ()


def chosen(public: Public, names: Sequence[str]) -> list[Item]:
    """Return the items meant by `names`, in the order of the work; all of them for none.

    Raises UsageError for a name that means nothing, with one that is near.
    """
    if not names:
        return list(public.code)
    known: dict[str, list[Item]] = {item.id: [item] for item in public.code}
    for item in public.code:
        file = item.file.rpartition("/")[2]
        for name in (item.section, file, file[: -len(".py")]):
            known.setdefault(name, []).append(item)
    wanted = {item.id for name in names for item in _items(name, known)}
    return [item for item in public.code if item.id in wanted]


def _items(name: str, known: dict[str, list[Item]]) -> list[Item]:
    last = name.replace("\\", "/").rpartition("/")[2]
    folded = {one.casefold(): one for one in known}
    if last.casefold() in folded:
        return known[folded[last.casefold()]]
    near = [folded[one] for one in difflib.get_close_matches(last.casefold(), folded, 3)]
    hint = f"did you mean {' or '.join(near)}? There are" if near else "use one of"
    raise UsageError(
        f"{one_line(name)}: no function, file or section is called so; {hint} {', '.join(known)}"
    )


def folder(root: Path, items: Sequence[Item], context: Context) -> int:
    """Check these items of the package in `root`; return the exit code."""
    return _conclude(_check(items, PACKAGE, python_files(root), context, root), context, [], root)


def card(root: Path, items: Sequence[Item], public: Public, pool: Pool) -> str:
    """Check these items; return what a notebook shows, {"text": ..., "html": ...}, in one line."""
    from grader.release.selfcheck import card

    lines = io.StringIO()
    context = Context(public, pool, Screen(lines), in_full=len(items) == 1, hints=HINTS)
    found = _check(items, PACKAGE, python_files(root), context, root)
    is_all = len(found.checked) == len(public.code)
    ask: Callable[[str], str] = lambda name: f'check("{name}")' if name else "check()"  # noqa: E731
    following = list(show.next_step(found.checked, found.places, is_all, found.unread, ask))
    ending = [*found.remarks, show.summary(found.checked)]
    ending += following[: 1 if context.in_full else None]
    text = "\n".join([lines.getvalue(), *ending])
    above = [str(one) for one in found.unread]
    page = card.html(found.checked, found.places, ending, above)
    return json.dumps({"text": text, "html": page})


def zipped(root: Path, path: Path, context: Context) -> int:
    """Check the very zip that will be handed in; return the exit code."""
    from grader.release.selfcheck import handin

    screen = context.screen
    try:
        given = handin.read(path)
    except UnusableSubmission as error:
        screen.line(f"This zip cannot be graded. {error}", "bad")
        return WRONG
    notes = handin.look_through(path, given, context.public, root)
    sources = {path: data for path, data in given.files.items() if path.endswith(".py")}
    found = _check(context.public.code, given.package, sources, context, root)
    return _conclude(found, context, notes, root)


def look_through(root: Path, path: Path, public: Public, screen: Screen) -> int:
    """Say what should be known of a zip that was just made; return the exit code."""
    from grader.release.selfcheck import handin

    given = handin.read(path)
    notes = [*handin.look_through(path, given, public, root)]
    notes += handin.source_notes(given, public, python_files(root), root)
    _notes(screen, notes)
    return WRONG if any(note.serious for note in notes) else RIGHT


def _check(
    items: Sequence[Item], package: str, saved: Mapping[str, bytes], context: Context, root: Path
) -> Results:
    """Check items and write a line for each as it is done; files that cannot be read come first.

    `saved` are the files as they are; `root` is where the student's notebooks import from.
    """
    files = {path: encodings.as_utf8(data)[0] for path, data in saved.items()}
    places = {item.id: show.place_of(item, package, files) for item in items}
    done: list[Checked] = []

    def working() -> None:
        if len(done) < len(items):
            name = items[len(done)].id
            context.screen.status(f"checking {name} ({len(done) + 1} of {len(items)})")

    cases = [case for item in items for case in context.public.cases_of(item.id)]
    unread = own_python.unread(package, files, cases)
    for file in unread:
        context.screen.line(str(file), "bad")
    working()
    small = context.in_full or context.page is not None  # each card has its smallest case
    names = {file.path for file in unread}
    checker = Checker(context.public, package, files, context.pool, small, names)
    for one in checker.check(items):
        show.item(context.screen, one, places[one.item.id], context.in_full, context.hints)
        done.append(one)
        working()
    return Results(done, places, unread, own_python.remarks(package, saved, root))


def _conclude(found: Results, context: Context, notes: list[Note], root: Path) -> int:
    context.screen.line()
    context.screen.line(show.summary(found.checked), "bold")
    for remark in found.remarks:
        context.screen.line(f"It costs nothing, but: {remark}")
    _notes(context.screen, notes)
    if context.page:
        from grader.release.selfcheck import page

        page.write(context.page, context.public, found)
        context.screen.line(f"As a page: {context.page}")
    serious = [note for note in notes if note.serious]
    if serious:
        context.screen.line(f"Next: {serious[0].message}")
    else:
        is_all = len(found.checked) == len(context.public.code)
        ask: Callable[[str], str] = lambda name: f"{command(root)} {name}"  # noqa: E731
        steps = show.next_step(found.checked, found.places, is_all, found.unread, ask)
        for number, line in enumerate(steps):
            context.screen.line(line, "", 6 if number else 0)
    return RIGHT if all(one.passed for one in found.checked) and not serious else WRONG


def _notes(screen: Screen, notes: Sequence[Note]) -> None:
    if notes:
        screen.line()
    for note in notes:
        screen.line(note.message, "" if note.serious else "dim", 2, "- ")
