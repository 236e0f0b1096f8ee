"""The summary on the terminal: the verdict, what to fix, and where the full report is.

On a terminal it has colour and fits the window; in a pipe it is one plain line for each fact.
Student text never goes through rich's markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from grader.errors import log_fault
from grader.report import page
from grader.report.cards import Card
from grader.report.page import Page
from grader.report.text import count, one_line, shown
from grader.types import Report

MOST = 8  # things to fix that are shown; the page has them all


def show(
    report: Report,
    console: Console,
    report_path: Path | None,
    noted: Callable[[str], object] = lambda log: None,
    advice: str = "",
) -> None:
    """Print the summary of one report, with a line of advice for whoever grades.

    Where that breaks by a fault of ours the points are printed, and `noted` gets the place of the
    traceback.
    """
    try:
        lines: list[Text | Padding] = list(_summary(report, console, report_path, advice))
    except Exception:  # noqa: BLE001 - the points are known
        noted(log_fault("making the summary"))
        lines = [Text(f"{report.score.earned} of {report.score.possible} points")]
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal, highlight=False)


def _summary(
    report: Report, console: Console, report_path: Path | None, advice: str
) -> Iterator[Text | Padding]:
    content = page.make(report, version="", sources=False)
    path = shown(str(report_path)) if report_path is not None else ""
    for indent, line in _lines(content, path, advice):
        plain = Text(" " * indent + one_line(line.plain))
        yield Padding(line, (0, 0, 0, indent), expand=False) if console.is_terminal else plain


def _lines(content: Page, path: str, advice: str) -> Iterator[tuple[int, Text]]:
    if content.unsafe:
        yield 0, Text(f"Not isolated. {content.unsafe}", "bold red")
    yield 0, Text.assemble((content.score, "bold"), f" · {content.verdict}")
    for line in content.changes:
        yield 0, Text(line)
    for note in content.notes:
        yield 0, Text(note, "dim")
    for number, card in enumerate(content.cards[:MOST], start=1):
        yield from _card(number, card)
    if len(content.cards) > MOST:
        yield 2, Text(f"… and {count(len(content.cards) - MOST, 'more thing')} to fix")
    if content.unwritten:
        first = content.unwritten[0]
        if content.untouched:  # the verdict says with what to start
            yield 0, Text(f"Open {first.where}")
        else:
            yield 0, Text(f"Not written yet: go on with {first.title}")
            yield 2, Text(first.where, "dim")
    if advice:
        yield 0, Text(advice, "dim")
    if path:
        yield 0, Text(f"Full report: {path}")


def _card(number: int, card: Card) -> Iterator[tuple[int, Text]]:
    gain = f"+{card.gain}" if card.gain[0].isdigit() else card.gain
    yield 0, Text.assemble(f"{number}. ", (card.title, "bold"), ("  " + gain, "yellow"))
    if card.cause:
        sure = "" if card.cause.certain else "Perhaps: "
        yield 3, Text(sure + one_line(card.cause.message))
    for problem in card.problems[:1]:
        yield 3, Text(one_line(problem.message))
    if card.consequences:
        titles = "; ".join(each.title for each in card.consequences)
        yield 3, Text(f"Also affected: {titles}", "dim")
    yield 3, Text(card.where, "dim")
