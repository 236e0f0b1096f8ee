"""The table of `grade lint`, and under it what is wrong and what to do, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from grader.authoring.lint.checks import Check, Defect, counted

SHOWN = 12  # problems of one check; the first ones usually explain the others


def show(rows: Sequence[Check], took_s: float, console: Console) -> None:
    """Print one line for each check, then each problem with what to do next."""
    for row in rows:
        line = Text().append_text(_mark(row)).append(f"  {row.name:<15} ", "bold")
        console.print(line.append(_what(row)), soft_wrap=True)
    for row in rows:
        for found in filter(None, (row.problems, row.warnings)):
            console.print()
            for problem in found[:SHOWN]:
                _tell(problem, console)
            if len(found) > SHOWN:
                console.print(f"... and {len(found) - SHOWN} more of {row.name}")
    console.print()
    console.print(conclusion(rows, took_s))


def conclusion(rows: Sequence[Check], took_s: float) -> Text:
    """Return the last line."""
    problems = sum(len(row.problems) for row in rows)
    if problems:
        return Text(f"{counted(problems, 'problem')} found in {took_s:.0f} s.", "bold red")
    return Text(f"The assignment is right, as far as it was looked at ({took_s:.0f} s).", "green")


def _mark(row: Check) -> Text:
    if row.problems:
        return Text("wrong", "bold red")
    if row.warnings:
        return Text("look ", "yellow")
    return Text("-    ", "yellow") if row.left_out else Text("right", "green")


def _what(row: Check) -> str:
    left_out = f"not looked at: {row.left_out}" if row.left_out else ""
    found = counted(len(row.problems), "problem") if row.problems else ""
    warned = counted(len(row.warnings), "warning") if row.warnings else ""
    return ", ".join(filter(None, (row.looked_at, found, warned, left_out)))


def _tell(problem: Defect, console: Console) -> None:
    text = f"[bold]{escape(problem.place)}[/]: {escape(problem.message)}"
    console.print(text, soft_wrap=True, highlight=False)
    console.print(f"  {escape(problem.do)}", style="cyan", soft_wrap=True, highlight=False)
