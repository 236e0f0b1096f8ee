"""Check a folder or a zip, and say what came out: where the pieces come together."""

from __future__ import annotations

import difflib
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UnusableSubmission, UsageError
from grader.release.selfcheck import own_python, show
from grader.release.selfcheck.check import Checked, Checker
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.packing import seen_from_here
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.screen import Screen
from grader.release.selfcheck.sources import Note, python_files, unread
from grader.report.text import one_line
from grader.rubric.records import Item
from grader.submission import encodings
from grader.submission.layout import PACKAGE

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
    hint = f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(known)}"
    raise UsageError(f"{one_line(name)}: no function, file or section is called so; {hint}")


def folder(root: Path, items: Sequence[Item], context: Context) -> int:
    """Check these items of the package in `root`; return the exit code."""
    files = python_files(root)
    checked, places = _check(items, PACKAGE, files, context)
    told = {file for file, _ in show.unreadable(checked)}
    reached = {f"{PACKAGE}/{one.item.file}" for one in checked} - told
    reachable = {name: data for name, data in files.items() if name in reached}
    notes = [*unread(reachable), *own_python.remarks(PACKAGE, reachable, root)]
    return _conclude(checked, places, context, notes)


def card(root: Path, items: Sequence[Item], public: Public, pool: Pool) -> str:
    """Check these items; return what a notebook shows, {"text": ..., "html": ...}, in one line."""
    from grader.release.selfcheck import card

    lines = io.StringIO()
    context = Context(public, pool, Screen(lines), in_full=len(items) == 1, hints=HINTS)
    checked, places = _check(items, PACKAGE, python_files(root), context)
    is_all = len(checked) == len(public.code)
    ask: Callable[[str], str] = lambda name: f'check("{name}")' if name else "check()"  # noqa: E731
    following = list(show.next_step(checked, places, is_all, ask))
    ending = [show.summary(checked), *following[: 1 if context.in_full else None]]
    text = "\n".join([lines.getvalue(), *ending])
    return json.dumps({"text": text, "html": card.html(checked, places, ending)})


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
    checked, places = _check(context.public.code, given.package, sources, context)
    return _conclude(checked, places, context, notes)


def made(root: Path, path: Path, sizes: Mapping[str, int], public: Public, screen: Screen) -> int:
    """Say what is in submission.zip, which was just written; return the exit code."""
    from grader.release.selfcheck import handin

    notes = handin.look_through(path, handin.read(path), public, root)
    here = seen_from_here(path)
    screen.line(f"{here} is written. In it:", "bold")
    for name, size in sizes.items():
        screen.line(f"{max(size, 1000) / 1000:6,.0f} kB  {name}", "", 2)
    _notes(screen, notes)
    screen.line()
    screen.line(f"Next: python {os.path.join(os.path.dirname(here), 'selfcheck.py')} {here}")
    screen.line("checks the zip itself, as it will be handed in", "", 6)
    return WRONG if any(note.serious for note in notes) else RIGHT


def _check(
    items: Sequence[Item], package: str, files: Mapping[str, bytes], context: Context
) -> tuple[list[Checked], dict[str, str]]:
    """Check items and write a line for each as it is done; return them, and where they stand."""
    files = {path: encodings.as_utf8(data)[0] for path, data in files.items()}
    places = {item.id: show.place_of(item, package, files) for item in items}
    done: list[Checked] = []

    def working() -> None:
        if len(done) < len(items):
            name = items[len(done)].id
            context.screen.status(f"checking {name} ({len(done) + 1} of {len(items)})")

    working()
    small = context.in_full or context.page is not None  # each card has its smallest case
    checker = Checker(context.public, package, files, context.pool, small)
    told: dict[str, str] = {}
    for one in checker.check(items):
        for file, why in show.unreadable([one]):
            if file not in told and not context.in_full:
                show.file_row(context.screen, file, why)
            told[file] = why
        show.item(context.screen, one, places[one.item.id], context.in_full, context.hints)
        done.append(one)
        working()
    return done, places


def _conclude(
    checked: Sequence[Checked], places: Mapping[str, str], context: Context, notes: list[Note]
) -> int:
    context.screen.line()
    context.screen.line(show.summary(checked), "bold")
    _notes(context.screen, notes)
    if context.page:
        from grader.release.selfcheck import page

        page.write(context.page, context.public, checked, places)
        context.screen.line(f"As a page: {context.page}")
    serious = [note for note in notes if note.serious]
    if serious:
        context.screen.line(f"Next: {serious[0].message}")
    else:
        is_all = len(checked) == len(context.public.code)
        for number, line in enumerate(show.next_step(checked, places, is_all)):
            context.screen.line(line, "", 6 if number else 0)
    return RIGHT if all(one.passed for one in checked) and not serious else WRONG


def _notes(screen: Screen, notes: Sequence[Note]) -> None:
    if notes:
        screen.line()
    for note in notes:
        screen.line(note.message, "" if note.serious else "dim", 2, "- ")
