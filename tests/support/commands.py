"""The command line in this process, for tests that capture nothing themselves.

What grades a class are processes of their own all the same: a module that grades here imports
`no_server_is_left`, too.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest import mock

import pytest

from grader import cli
from tests.support import processes


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module", autouse=True)
def no_server_is_left() -> Iterator[None]:
    """End what multiprocessing keeps for the next command."""
    yield
    processes.end_servers()


def run(*arguments: object) -> Ended:
    """Run the command line here."""
    code, out, err = 0, io.StringIO(), io.StringIO()
    argv = ["grade", *map(str, arguments)]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    assert "Traceback" not in err.getvalue() + out.getvalue(), err.getvalue()
    return Ended(code, out.getvalue(), err.getvalue())
