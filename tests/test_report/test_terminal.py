"""The summary: plain lines in a pipe, nothing of a student's that the terminal would obey."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from grader.report import terminal
from tests.test_report import samples
from tests.test_report.samples import ALL

EXPECTED = {
    "perfect": ["42 of 45 points, code only · Everything that was graded is right"],
    "three_mistakes": [
        "30.33 of 45 points, code only · 4 things to fix, the first is worth 6 points",
        "1. Affine layer, forward +6 points",
        "   Also affected: Two-layer net; Net of any depth",
        "   layers.py: affine_forward",
        "   the way of x through the mean is left out of dx",
        "Full report: graded/mia/report.html",
    ],
    "untouched": [
        "0 of 45 points, code only · Nothing is written yet: start with affine_forward",
        "Open layers.py: affine_forward",
    ],
    "syntax_error": ["1. layers.py, line 12 +24 points"],
    "our_fault": ["A part could not be graded. This is our fault and costs you nothing."],
    "eighty_faults": ["  … and 12 more things to fix"],
}


def printed(name: str, *, is_terminal: bool = False, width: int = 80) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=width, legacy_windows=False)
    terminal.show(ALL[name](), console, Path("graded/mia/report.html"))
    return out.getvalue()


@pytest.mark.parametrize("name", EXPECTED)
def test_plain_lines(name: str) -> None:
    lines = printed(name, width=20).splitlines()  # a pipe has no width: nothing is wrapped
    for line in EXPECTED[name]:
        assert line in lines


@pytest.mark.parametrize("name", ALL)
def test_it_is_short_and_says_nothing_twice(name: str) -> None:
    lines = printed(name).splitlines()
    assert len(lines) < 45 and all(line.strip() for line in lines)
    assert "\x1b" not in printed(name)


def test_a_terminal_gets_colour_within_its_width() -> None:
    said = printed("three_mistakes", is_terminal=True, width=60)
    assert "\x1b[1m" in said
    plain = Console(file=io.StringIO())
    assert all(plain.render_str(line).cell_len < 400 for line in said.splitlines())


@pytest.mark.parametrize("is_terminal", [False, True])
def test_hostile_text_has_no_effect(is_terminal: bool) -> None:
    said = printed("hostile", is_terminal=is_terminal, width=5000)
    for control in ("\x1b]", "\x1b[31m", "\x07", "\u202e", "\r"):
        assert control not in said
    assert "[bold]x[/bold] :smile:" in said  # no markup, no emoji
    assert not any(line.startswith(("Full points", "100 of 100")) for line in said.splitlines())
    assert len(said) < 20_000


def test_no_isolation_is_said_first() -> None:
    assert printed("unisolated").startswith("Not isolated. The submitted code was not isolated")


def test_without_a_report_file() -> None:
    out = io.StringIO()
    terminal.show(samples.perfect(), Console(file=out), None)
    assert "Full report" not in out.getvalue()
