"""What is said on stderr while work lasts: nothing at first, then what has begun and how far."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from grader.cli.progress import Place, Progress

LINES = {  # (done, total, seconds since it began, seconds since the last was done) -> the line
    "nothing is done yet": ((0, 4, 30, 30), "hw: cell 1 of 4"),
    "as long as so far": ((2, 4, 60, 0), "hw: cell 3 of 4, about 60 s left"),
    "the cell has begun a while ago": ((2, 4, 80, 20), "hw: cell 3 of 4, about 40 s left"),
    "the cell takes longer than others": ((2, 4, 200, 140), "hw: cell 3 of 4"),
    "minutes": ((10, 40, 100, 0), "hw: cell 11 of 40, about 5 min left"),
    "all is done": ((4, 4, 100, 0), "hw: cell 4 of 4"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_says_how_far_it_is_and_what_is_left(what: str) -> None:
    (done, total, took, ago), line = LINES[what]
    place = Place("hw", "cell", done, total, began_s=1000, at_s=1000 + took - ago)
    assert place.line(1000 + took) == line


def comes(seen: Callable[[], bool]) -> bool:
    """Return whether it comes to that in some seconds."""
    until = time.monotonic() + 20
    while not seen() and time.monotonic() < until:
        time.sleep(0.005)
    return seen()


def test_short_work_says_nothing() -> None:
    out = io.StringIO()
    with Progress(Console(file=out), quiet_s=60) as progress:
        progress.at("hw", "cell", 0, 2)
    assert out.getvalue() == ""


def test_long_work_says_what_has_begun_and_from_time_to_time_how_far_it_is() -> None:
    out = io.StringIO()
    with Progress(Console(file=out), quiet_s=0.01, each_s=0.02) as progress:
        progress.at("first", "cell", 0, 2)
        assert comes(lambda: "first: cell 1 of 2\n" in out.getvalue())
        progress.at("first", "cell", 1, 2)
        assert comes(lambda: "first: cell 2 of 2" in out.getvalue())
        progress.at("second", "cell", 0, 3)
        assert comes(lambda: "second: cell 1 of 3\n" in out.getvalue())
    lines = out.getvalue().splitlines()
    assert [line for line in lines if ":" not in line] == ["first", "second"]
    assert lines[0] == "first" and lines.index("second") > lines.index("first: cell 1 of 2")
    assert not any(thread.name == "progress" for thread in threading.enumerate())


def test_what_began_before_anything_was_said_is_said_in_order() -> None:
    out = io.StringIO()
    with Progress(Console(file=out), quiet_s=0.2, each_s=60) as progress:
        progress.at("first", "cell", 0, 1)
        progress.at("second", "cell", 0, 1)
        assert comes(lambda: out.getvalue() == "first\nsecond\n")


def test_a_terminal_has_one_line_that_changes() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=True), quiet_s=0, each_s=0.01) as progress:
        progress.at("hw", "cell", 1, 2)
        assert comes(lambda: "hw: cell 2 of 2" in out.getvalue())
    assert "\x1b[?25l" in out.getvalue() and "hw\n" not in out.getvalue()


def test_where_nobody_reads_work_goes_on() -> None:
    out = io.StringIO()
    out.close()
    with Progress(Console(file=out), quiet_s=0, each_s=0.01) as progress:
        progress.at("hw", "cell", 0, 2)
        time.sleep(0.05)
        progress.at("other", "cell", 1, 2)
