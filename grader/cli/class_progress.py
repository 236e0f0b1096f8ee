"""How far a class is, while it runs: a bar on a terminal, else a plain line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from grader.course.drive import Standing
from grader.report.text import count

PLAIN_S = 10.0  # seconds between lines where there is no terminal
SLOW, SLOW_S = 0.5, 30.0  # a second; seconds for the first, from which it is said why


@contextmanager
def progress() -> Iterator[Callable[[Standing], None]]:
    """Yield what shows how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("grading", total=None, facts="")

        def told(standing: Standing) -> None:
            bar.update(task, total=standing.total, completed=standing.done, facts=facts(standing))

        yield told


@contextmanager
def enrolling() -> Iterator[Callable[[str, int, int], None]]:
    """Yield what shows how many uploads are read: (what is done to them, done, all)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Plain()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def told(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, total=total, completed=done)

        yield told


class _Plain:
    """Prints a line every PLAIN_S seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PLAIN_S

    def __call__(self, what: str, done: int, total: int) -> None:
        """Print how many are done, if it is time for it."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PLAIN_S
            typer.echo(f"{what}: {done:,} of {count(total, 'upload')}", err=True)


class _Lines:
    """Prints a line every PLAIN_S seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PLAIN_S

    def __call__(self, standing: Standing) -> None:
        """Print how far it is, if it is time for it."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PLAIN_S
            done = f"{standing.done:,} of {standing.total:,} graded"
            typer.echo(f"{done}; {facts(standing)}", err=True)


def facts(standing: Standing) -> str:
    """Return rate, time left, the slowest one and faults, in one line."""
    found = [_pace(standing)]
    if standing.left_s is not None:
        found.append(f"about {_time(standing.left_s)} left")
    if standing.slowest[1] >= 1:
        found.append(f"slowest {standing.slowest[1]:.0f} s")
    if standing.faults:
        found.append(count(standing.faults, "fault"))
    return ", ".join(found)


def _pace(standing: Standing) -> str:
    """Return how fast it goes: notebooks take minutes each, and the first is long in coming."""
    if not standing.done:
        at_work = f"the first at work for {_time(standing.took_s)}"
        return f"{at_work} (notebooks take minutes each)" if standing.took_s >= SLOW_S else at_work
    if standing.rate < SLOW:
        return f"one every {_time(1 / standing.rate)}"
    return f"{standing.rate:.1f} a second"


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
