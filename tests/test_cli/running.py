"""The command line in this process: what it ends with, and what it says."""

from __future__ import annotations

import gc
import sys
from typing import NamedTuple

import pytest

from grader import cli


class Ended(NamedTuple):
    """Exit code, and the two outputs."""

    code: int
    out: str
    err: str


def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> Ended:
    """Run `grade` with these arguments; whatever is no exit is raised."""
    monkeypatch.setattr(sys, "argv", ["grade", *arguments])
    capfd.readouterr()
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    finally:
        gc.enable()
    said = capfd.readouterr()
    return Ended(code if isinstance(code, int) else 1, said.out, said.err)
