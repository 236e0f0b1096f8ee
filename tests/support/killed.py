"""Commands that are killed at a chosen moment, each in a process of its own.

A moment is a number: of files opened for writing, renamed and removed, and of folders made and
removed. `python -m tests.support.killed` imports the grader once and forks for each command.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


@dataclass(frozen=True)
class Ended:
    """What a command came to: its code, -9 if it was killed; what it said; its moments."""

    code: int
    said: str
    moments: int


class Commands:
    """Runs commands; a context manager."""

    def __enter__(self) -> Commands:
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(self, *arguments: object, at: int | None = None) -> Ended:
        """Run a command; kill it `at` a moment."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps([list(map(str, arguments)), at]) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))


def _serve() -> None:
    from grader.cli import class_run, grades_run, regrade_run  # noqa: F401 - once for all

    for line in sys.stdin:
        arguments, at = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _one(arguments, at, writing)
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            said = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        text, _, moments = said.rpartition("\0")
        found = {"code": code, "said": text, "moments": int(moments or 0)}
        print(json.dumps(found), flush=True)


def _one(arguments: Sequence[str], at: int | None, telling: int) -> None:
    """Run one command in this process, tell what it said, and end."""
    from grader import cli

    seen, own = 0, os.getpid()

    def hook(event: str, told: tuple[object, ...]) -> None:
        nonlocal seen
        opened = event == "open" and isinstance(told[2], int) and told[2] & os.O_CREAT
        if (opened or event in MOMENTS) and os.getpid() == own:
            seen += 1
            if seen == at:
                os.kill(own, signal.SIGKILL)

    out, code = io.StringIO(), 0
    sys.argv = ["grade", *arguments]
    sys.addaudithook(hook)
    with redirect_stdout(out), redirect_stderr(out):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    os.write(telling, f"{out.getvalue()}\0{seen}".encode())
    os._exit(code)


if __name__ == "__main__":
    _serve()
