"""Run the cells of a notebook in one shell, beside the grader's Solver, and report each.

This is a Jupyter notebook's world without its network: IPython runs the cells in the child itself,
so that magics, the value of a last line and plots work as a student knows them, while the child
needs no socket, no second process and no file. Reported are, in order: a cell has begun; a run of
the Solver, with what it learned; a cell has ended, with its text, its pictures and its exception.

Nothing reported here is believed. Text and pictures are shown as evidence, and parameters are tried
on images that this process has never seen.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from grader.guest import observe
from grader.guest.children import Answer
from grader.guest.legacy import python2, statements

MAX_IMAGE, MAX_IMAGES = 1024**2, 12  # bytes of one picture, pictures of one cell


class Pictures(DisplayPublisher):
    """Keeps the pictures that a cell displays; HTML, scripts and widgets are dropped."""

    kept: list[bytes]

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        """Keep a PNG, or print the plain text of what has none."""
        image = data.get("image/png")
        if image is not None:
            image = base64.b64decode(image) if isinstance(image, str) else bytes(image)
            if len(image) <= MAX_IMAGE and len(self.kept) < MAX_IMAGES:
                self.kept.append(image)
        elif "text/plain" in data:
            print(data["text/plain"])

    def clear_output(self, wait: bool = False) -> None:
        """Evidence stays."""


class Shell(InteractiveShell):
    """IPython without a terminal and without a history; exceptions are returned, not printed."""

    def begin(self, place: str) -> None:
        """Get ready for the cell that tracebacks shall call `place`."""
        self.pictures.kept = []
        vars(self.compile)["get_code_name"] = lambda *_: place

    def prepare(self) -> None:
        """Make plots become pictures, and names of cells stand in tracebacks."""
        self.display_pub = self.pictures = Pictures(parent=self)
        self.begin("")
        self.run_line_magic("matplotlib", "inline")

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        """See `run`."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """See `run`."""


def warm() -> Shell:
    """Return the shell, after it has done once what every notebook needs from files."""
    shell: Shell = Shell.instance()  # the one that IPython.display asks for
    shell.prepare()
    shell.run_cell(
        "import matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], label=r'$x^2$'); plt.title('text'); plt.legend(); plt.show()"
    )
    assert shell.pictures.kept, "no picture was drawn: matplotlib is not whole"
    shell.reset(new_session=False)
    return shell


def run(
    shell: Shell, cells: Sequence[tuple[int, str]], name: str, texts: dict[str, str], answer: Answer
) -> None:
    """Run `cells` (number, source) of the notebook `name` from top to bottom.

    `texts` are the student's files by path; the cells join them, for the lines of an exception.
    """
    for number, source in cells:
        place = f"{name}, cell {number}"
        texts[place] = source
        shell.begin(place)
        answer({"began": number}, {})
        sink = observe.BoundedText()
        sys.stdout = sys.stderr = sink
        try:
            shell.run_cell(_readable(shell, source), store_history=False).raise_error()
            reply: dict[str, Any] = {"outcome": "ran"}
        except BaseException as error:  # noqa: BLE001 - a cell may raise anything
            reply = observe.raised(error, texts)
        kept = enumerate(shell.pictures.kept)
        images = {str(place): np.frombuffer(image, dtype=np.uint8) for place, image in kept}
        answer(reply | {"ended": number, "text": sink.text()}, images)


def _readable(shell: Shell, source: str) -> str:
    """Return a cell in the syntax of Python 3, if that of Python 2 is all that is wrong."""
    for text in (source, statements.modernise(python2.rename(source))):
        try:
            compile(shell.transform_cell(text), "a cell", "exec")
        except (SyntaxError, ValueError):
            continue
        return text
    return source
