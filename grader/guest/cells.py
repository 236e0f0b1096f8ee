"""A shell in which the cells of a notebook run, and what they show.

This is a Jupyter notebook's world without its network: IPython runs the cells in the child itself,
so that magics, the value of a last line, plots and `await` work as a student knows them, while the
child needs no socket, no second process and no file. What a cell shows is told frame by frame:

    {"stream": "stdout", "text": …}                          printed since the last frame
    {"show": "display_data" | "execute_result", "text": …, "id": …}     with the array "png"
    {"update": id, "text": …}                                an earlier display, changed
    {"clear": wait}                                          as clear_output(wait)

HTML, scripts and widgets are dropped: a page must be able to show all that comes from here.
"""

from __future__ import annotations

import asyncio
import base64
import contextvars
import importlib
import io
import math
import os
import sys
import threading
import time
from asyncio import selector_events
from collections.abc import Coroutine, Mapping
from typing import Any

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

from grader.guest.children import Answer
from grader.guest.observe import MAX_TEXT, plain_text

MAX_IMAGE, MAX_IMAGES = 1024**2, 12  # bytes of one picture, pictures that stand below a cell
# Extension modules with libraries of the system, which nobody may open any more in the box.
NEED_LIBRARIES = ("PIL._imaging", "matplotlib.ft2font", "matplotlib.backends._backend_agg")
NEW_STYLES = "seaborn-v0_8"
AT_ONCE = 1000  # characters that are printed before a frame is sent
DRAWING_S = 1.0  # for open figures, once a cell was interrupted: guest.relay does not wait long


class Outputs:
    """What a cell shows: bounded by what stands below it, so that clearing makes room."""

    def __init__(self) -> None:
        self.answer: Answer = lambda message, arrays: None
        self.stdout, self.stderr = Stream(self, "stdout"), Stream(self, "stderr")
        self._lock = threading.RLock()
        self._until, self._then = math.inf, _nothing
        self._begin()

    def _begin(self) -> None:
        self._name, self._waiting = "stdout", ""
        self._left, self._images = MAX_TEXT, MAX_IMAGES
        self._more = {"characters": 0, "pictures": 0}  # than there is room for

    def print(self, name: str, text: str) -> None:
        """Take what was printed to a stream."""
        with self._lock:
            if name != self._name:
                self._flush()
            self._name = name
            self._waiting += self._room(text)
            if len(self._waiting) >= AT_ONCE:
                self._flush()

    def show(self, kind: str, data: Mapping[str, Any], name: str = "") -> None:
        """Show the picture or else the text of `data`; `name` is the id of a display."""
        text, image = "", _picture(data.get("image/png"))
        if image is not None and (len(image) > MAX_IMAGE or not self._images):
            self._more["pictures"] += 1
            return
        with self._lock:
            self._flush()
            self._images -= image is not None
            if image is None and not (text := self._room(str(data.get("text/plain", "")))):
                return
            named = {"update": name} if kind == "update" else {"show": kind, "id": name}
            png = {} if image is None else {"png": np.frombuffer(image, dtype=np.uint8)}
            self.answer({**named, "text": text}, png)

    def hurry(self) -> None:
        """Let what is yet to be drawn take little time: the cell was interrupted."""
        self._until = time.monotonic() + DRAWING_S
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib is not None and matplotlib.is_interactive():
            matplotlib.interactive(False)  # else it draws all figures once more, for nobody
            self._then = lambda: matplotlib.interactive(True)

    def draws(self) -> bool:
        """Return whether there is room and time for one more figure; count it if not."""
        can = self._images > 0 and time.monotonic() < self._until
        self._more["pictures"] += not can
        return can

    def clear(self, wait: bool) -> None:
        """Take away what stands below the cell; if `wait`, when something else is shown."""
        with self._lock:
            self._flush()
            self._begin()
            self.answer({"clear": bool(wait)}, {})

    def finish(self) -> None:
        """Tell the rest of what a cell printed, and how much was too much; begin the next cell."""
        with self._lock:
            for what, count in self._more.items():
                self._waiting += f"\n... {count:,} more {what}" if count else ""
            self._flush()
            self._begin()
            self._then()
            self._until, self._then = math.inf, _nothing

    def _room(self, text: str) -> str:
        """Return as much of a text as there is room for."""
        kept = plain_text(text[: self._left], self._left)
        self._left -= len(kept)
        self._more["characters"] += len(text) - len(kept)
        return kept

    def _flush(self) -> None:
        text, self._waiting = self._waiting, ""
        if text:
            self.answer({"stream": self._name, "text": text}, {})


def _nothing() -> None:
    """Do nothing: there was nothing to set back."""


def _picture(data: Any) -> bytes | None:
    """Return a picture that is given as bytes or in base64; None for what is neither."""
    try:
        return base64.b64decode(data) if isinstance(data, str) else bytes(memoryview(data))
    except (TypeError, ValueError):
        return None


class Stream(io.TextIOBase):
    """A stdout or a stderr that becomes an output of the cell."""

    def __init__(self, outputs: Outputs, name: str) -> None:
        self._outputs, self._stream = outputs, name

    def writable(self) -> bool:
        """It takes text."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        self._outputs.print(self._stream, text)
        return len(text)


class Displays(DisplayPublisher):
    """Where `display` and plots go."""

    shell: Any

    def publish(
        self, data: Any, *_: Any, transient: Any = None, update: bool = False, **__: Any
    ) -> None:
        """Show the data, or change what was shown under the same id."""
        name = plain_text((transient or {}).get("display_id") or "", 100)
        if name or not update:
            self.shell.outputs.show("update" if update else "display_data", data, name)

    def clear_output(self, wait: bool = False) -> None:
        """Take away what stands below the cell."""
        self.shell.outputs.clear(wait)


class Formatter(DisplayFormatter):
    """What makes pictures and texts of values; figures that nobody would see are not drawn."""

    parent: Any

    def format(self, obj: Any, *args: Any, **options: Any) -> Any:
        """Return the forms of a value, and what is to be known of them."""
        figure = getattr(sys.modules.get("matplotlib.figure"), "Figure", ())
        if isinstance(obj, figure) and not self.parent.outputs.draws():
            return {}, {}
        return super().format(obj, *args, **options)


class Results(DisplayHook):
    """Where the value of a cell's last line goes."""

    shell: Any

    def quiet(self) -> bool:
        """Return whether the cell ends in a semicolon, which shows no value."""
        return bool(self.semicolon_at_end_of_expression(self.shell.source))

    def write_output_prompt(self) -> None:
        """The number is not known here."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Show the value."""
        self.shell.outputs.show("execute_result", format_dict)

    def finish_displayhook(self) -> None:
        """Nothing is left open."""


class Shell(InteractiveShell):
    """IPython without a terminal and without a history; exceptions are returned, not printed."""

    displayhook_class = Type(Results)
    display_pub_class = Type(Displays)
    outputs: Outputs
    source = ""  # of the cell, as Python

    def begin(self, place: str) -> Outputs:
        """Get ready for the cell that tracebacks shall call `place`; return what it shows on."""
        vars(self.compile)["get_code_name"] = lambda *_: place
        return self.outputs

    def prepare(self) -> None:
        """Make names of cells stand in tracebacks."""
        self.outputs = Outputs()
        self.begin("")

    def init_display_formatter(self) -> None:
        """Draw no more than can be shown."""
        self.display_formatter = Formatter(parent=self)
        configurables: Any = self.configurables
        configurables.append(self.display_formatter)

    def should_run_async(self, *_: Any, **__: Any) -> bool:
        """Run each cell in the loop, as Jupyter does: plain ones may begin tasks, too."""
        return isinstance(self.loop_runner, Loop)

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Draw pictures, whatever kind of plots was asked for: there is nothing else here."""
        return super().enable_matplotlib("inline")

    def ask_exit(self) -> None:
        """End the cell as sys.exit does: this is what `exit()` asks for."""
        raise SystemExit("exit() ends a cell here, and the next one runs")

    def debugger(self, force: bool = False) -> None:
        """Let %pdb and %debug do nothing: there is nobody to type into a debugger."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window."""

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """See guest.kernel; what IPython would say of it takes long to make."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """See guest.kernel."""


def warm(plots: bool) -> Shell:
    """Return the shell, after it has done once what every notebook needs from files.

    Without `plots` matplotlib can be imported all the same, which takes a second then: what it
    needs of the system is open, and MPLBACKEND, which the box sets, makes pictures of its plots.
    """
    shell: Shell = Shell.instance()  # the one that IPython.display asks for
    shell.prepare()
    if not plots:
        for name in NEED_LIBRARIES:
            importlib.import_module(name)
        return shell
    shell.run_line_magic("matplotlib", "inline")
    _give_old_styles()
    drawn: list[Mapping[str, Any]] = []
    shell.outputs.answer = lambda message, arrays: drawn.append(arrays)
    shell.run_cell(
        "import matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], label=r'$x^2$'); plt.title('text'); plt.legend(); plt.show()"
    )
    assert any("png" in arrays for arrays in drawn), "no picture was drawn: matplotlib is not whole"
    shell.reset(new_session=False)
    return shell


def _give_old_styles() -> None:
    """Give matplotlib the names back under which seaborn's styles were before version 3.6."""
    library = importlib.import_module("matplotlib.style").library
    for name in [name for name in library if name.startswith(NEW_STYLES)]:
        library.setdefault(name.replace(NEW_STYLES, "seaborn"), library[name])


class Loop:
    """Runs each cell of one notebook to its end in one loop, which needs no socket.

    It is made in the notebook's own process: what a loop has open is lost with a fork.
    """

    def __init__(self) -> None:
        selector_events.BaseSelectorEventLoop._make_self_pipe = _make_self_pipe  # type: ignore
        self._loop = asyncio.new_event_loop()
        self._context = contextvars.copy_context()  # np.seterr of one cell counts in the next

    def __call__(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return what the coroutine returns; interrupted while it waits, it is cancelled."""
        task = self._loop.create_task(coroutine, context=self._context)
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            return self._loop.run_until_complete(task)


class _PipeEnd:
    """One end of a pipe, as an event loop asks its own sockets."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._file = descriptor

    def fileno(self) -> int:
        return self._file

    def recv(self, size: int) -> bytes:
        return os.read(self._file, size)

    def send(self, data: bytes) -> int:
        return os.write(self._file, data)

    def close(self) -> None:
        os.close(self._file)


def _make_self_pipe(loop: Any) -> None:
    """Make the pipe by which other threads wake a loop; asyncio has a pair of sockets there."""
    loop._ssock, loop._csock = map(_PipeEnd, os.pipe())
    loop._internal_fds += 1
    loop._add_reader(loop._ssock.fileno(), loop._read_from_self)
