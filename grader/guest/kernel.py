"""Run the cells of one notebook as they are asked for, in its own process, and report each.

A request is {"cell": n} with the array "text". Reported are what the cell shows, as it does (see
guest.cells), and {"ended": n} with its exception. Nothing reported here is believed.
"""

from __future__ import annotations

import builtins
import getpass
import itertools
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from IPython.core.error import StdinNotImplementedError

from grader.guest import modules, observe, unavailable
from grader.guest.cells import Loop, Shell
from grader.guest.children import Answer
from grader.guest.incoming import Incoming
from grader.guest.legacy import python2, statements
from grader.guest.wire import Arrays


class Kernel:
    """The process of the notebook `name`; its requests come one by one, answers go at once."""

    def __init__(self, shell: Shell, name: str, requests: Incoming, answer: Answer) -> None:
        self._shell, self._name, self._requests = shell, name, requests
        self._send, self._lock = answer, threading.Lock()
        self._asked = itertools.count(1)
        shell.outputs.answer = self.answer
        shell.loop_runner = Loop()
        builtins.input = getpass.getpass = sys.breakpointhook = _refuse

    def answer(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Send one frame whole, whatever other threads send, and if an interrupt comes."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            with self._lock:
                self._send(dict(message), arrays)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def ask(self, message: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
        """Send a frame that the relay replies to at once; return the reply, {} if there is none."""
        number = next(self._asked)
        self.answer({**message, "ask": number}, arrays)
        while (reply := self._requests.read()) is not None:
            if reply[0].get("to") == number:  # not one that an interrupted cell was waiting for
                return reply[0]
        return {}

    def serve(self, texts: dict[str, str]) -> None:
        """Run cells until there are no more requests.

        `texts` are the student's files by path; cells join them, for the lines of an exception.
        """
        while (request := self._requests.read()) is not None:
            if "cell" in request[0]:
                text = request[1]["text"].tobytes().decode()
                self._run(request[0]["cell"], text, texts)

    def _run(self, number: int, source: str, texts: dict[str, str]) -> None:
        place = f"{self._name}, cell {number}"
        texts[place] = source
        outputs = self._shell.begin(place)
        sys.stdout, sys.stderr = outputs.stdout, outputs.stderr
        try:
            signal.signal(signal.SIGINT, self._interrupted)
            text = _readable(self._shell, source)
            self._shell.user_ns["__builtins__"] = self._builtins()
            self._shell.run_cell(text, store_history=False).raise_error()
            reply: dict[str, Any] = {"outcome": "ran"}
        except BaseException as error:  # noqa: BLE001 - a cell may raise anything
            reply = observe.raised(error, texts)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        outputs.finish()
        self.answer(reply | {"ended": number}, {})

    def _interrupted(self, *_: Any) -> NoReturn:
        self._shell.outputs.hurry()
        raise KeyboardInterrupt

    def _builtins(self) -> dict[str, Any]:
        """Return the builtins of the cell: its imports are those of a student's file."""
        try:
            guarded = unavailable.guarded_lines(self._shell.compile.ast_parse(self._shell.source))
        except (SyntaxError, ValueError):
            return vars(builtins)
        for finder in sys.meta_path:
            if isinstance(finder, modules.Finder) and finder.importer:
                return _Builtins(finder.importer.builtins(guarded, {}, finder.owner))
        return vars(builtins)


class _Builtins(dict[str, Any]):
    """Builtins of a cell; what an earlier cell has put there since is found, too."""

    def __missing__(self, name: str) -> Any:
        return vars(builtins)[name]


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise StdinNotImplementedError("input was asked for, and there is nobody to give it")


def _readable(shell: Shell, source: str) -> str:
    """Return a cell with the names of Python 3, and in its syntax if that is all that is wrong."""
    renamed = python2.rename(source)
    for text in (renamed, statements.modernise(renamed)):
        shell.source = shell.transform_cell(text)
        try:
            shell.compile.ast_parse(shell.source)
        except (SyntaxError, ValueError):
            continue
        return text
    return source
