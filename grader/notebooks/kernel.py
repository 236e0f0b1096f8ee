"""The box as nbclient's kernel: its frames become Jupyter messages, requests become frames.

`Manager` and `Client` have what `nbclient.NotebookClient` asks of a jupyter_client pair that runs
already, and no more. There is no socket: what Jupyter calls channels are two queues of one process.
Every output is cleaned and bounded here, where it enters (see notebooks.outputs).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from queue import Empty
from typing import Any

from grader.box.evidence import raised_of
from grader.box.job import Gone
from grader.errors import WireError
from grader.guest.wire import Late
from grader.notebooks.frames import Frames
from grader.notebooks.outputs import MAX_TEXT, Budget, Room
from grader.types import Arrays, Raised

MAX_ID = 100  # characters of the id of a display
Message = dict[str, Any]
Heard = Callable[[int, Mapping[str, Any], Arrays], None]


class Manager:
    """A kernel that runs already: nbclient neither starts nor stops it, but may interrupt it.

    `files` are the student's, for the lines of an exception; `budget` bounds what is kept. Frames
    that are no output go to `heard`, with the number of the cell. `cell` is the number of the one
    that runs, or ran last, `count` what Jupyter shows beside it; `over` how the kernel ended, ""
    while it lives.
    """

    has_kernel = True

    def __init__(
        self,
        frames: Frames,
        files: Mapping[str, bytes],
        budget: Budget,
        heard: Heard,
        deadline: float,
    ) -> None:
        self.frames, self.files, self.budget, self.heard = frames, files, budget, heard
        self.deadline = deadline
        self.cell = self.count = 0
        self.text = ""
        self.over = ""
        self.fault: Exception | None = None

    def prepare(self, number: int, count: int, text: str) -> None:
        """Say which cell the next request to execute means, "In [count]", and what is run."""
        self.cell, self.count, self.text = number, count, text

    def client(self) -> Client:
        """Return the other half of the pair."""
        return Client(self)

    def interrupt_kernel(self) -> None:
        """Interrupt the cell that runs."""
        self.frames.interrupt(self.cell)

    def is_alive(self) -> bool:
        """Return whether the kernel can still be asked; a box that is silent is given up."""
        if time.monotonic() > self.deadline:
            self.over = self.over or "lost"
        return not self.over

    def shutdown_kernel(self, now: bool = False) -> None:
        """Leave it to the caller, whose box it is."""

    def cleanup_resources(self) -> None:
        """Leave nothing, as nothing was made."""


class Channel:
    """Messages on their way to nbclient, one behind the other."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()

    def put(self, message: Message | None) -> None:
        """Add a message; None if no other will come."""
        self._queue.put_nowait(message)

    async def get_msg(self, timeout: float | None = None) -> Message:
        """Return the next message. Raises Empty after `timeout` seconds, or if none will come."""
        try:
            message = await asyncio.wait_for(self._queue.get(), timeout)
        except TimeoutError:
            raise Empty from None
        if message is None:
            raise Empty
        return message


class Client:
    """What nbclient talks to; each request is answered by messages on the two channels."""

    allow_stdin = False

    def __init__(self, kernel: Manager) -> None:
        self.shell_channel, self.iopub_channel = Channel(), Channel()
        self._kernel = kernel
        self._taking: asyncio.Task[None] | None = None

    def is_alive(self) -> bool:
        """Return whether the kernel can still be asked."""
        return self._kernel.is_alive()

    def stop_channels(self) -> None:
        """Leave nothing, as nothing was opened."""

    def kernel_info(self) -> str:
        """Ask what language this is; return the id of the request."""
        content = {"status": "ok", "language_info": {"name": "python"}}
        self.shell_channel.put(_message("kernel_info_reply", "kernel_info", content))
        return "kernel_info"

    def execute(self, code: str, **_: Any) -> str:
        """Begin the cell that the manager was prepared for; return the id of the request."""
        request = f"execute {self._kernel.count}"
        cell = _CellMessages(request, self._kernel, self.iopub_channel)
        self._taking = asyncio.ensure_future(self._take(cell))
        return request

    async def _take(self, cell: _CellMessages) -> None:
        """Turn the frames of one cell into messages; the last of them is its reply."""
        kernel = self._kernel
        try:
            kernel.frames.ask(kernel.cell, kernel.text)
            while kernel.is_alive() and (frame := await kernel.frames.read()) is not None:
                if "over" in frame[0]:
                    kernel.over = str(frame[0]["over"])
                    break
                if (reply := cell.take(*frame)) is not None:
                    self.shell_channel.put(reply)
                    return
                await asyncio.sleep(0)  # let nbclient take what has come
        except (WireError, OSError, Gone, Late):
            pass
        except Exception as error:  # noqa: BLE001 - a fault of ours, which the caller raises
            kernel.fault = error
        cell.finish()
        kernel.over = kernel.over or "lost"
        self.shell_channel.put(None)


class _CellMessages:
    """The messages that one cell becomes, in order."""

    def __init__(self, request: str, kernel: Manager, iopub: Channel) -> None:
        self._request, self._kernel, self._iopub = request, kernel, iopub
        self._room = Room(kernel.budget)
        self._name, self._printed = "stdout", ""

    def take(self, message: Mapping[str, Any], arrays: Arrays) -> Message | None:
        """Take one frame; return the reply to the request if it was the last one of the cell."""
        if "ended" in message:
            return self._reply(message)
        if "stream" in message:
            self._print("stderr" if message["stream"] == "stderr" else "stdout", message)
        elif "clear" in message:
            self._flush()
            self._room.clear()
            self._send("clear_output", {"wait": bool(message["clear"])})
        elif "show" in message or "update" in message:
            self._show(message, arrays)
        else:
            self._kernel.heard(self._kernel.cell, message, arrays)
        return None

    def finish(self) -> None:
        """Send what waits, a note on what was too much, and that the cell has ended."""
        self._flush()
        for output in self._room.note():
            self._send(output["output_type"], output)
        self._send("status", {"execution_state": "idle"})

    def _print(self, name: str, message: Mapping[str, Any]) -> None:
        """Keep text until something else comes, so that it is one output, as people see it."""
        text = message.get("text")
        if name != self._name:
            self._flush()
        self._name = name
        if isinstance(text, str) and len(self._printed) <= 2 * MAX_TEXT:
            self._printed += text[: 2 * MAX_TEXT]

    def _flush(self) -> None:
        text, self._printed = self._printed, ""
        if text:
            self._output({"output_type": "stream", "name": self._name, "text": text})

    def _show(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Send what was displayed: a picture if it is one, else text."""
        self._flush()
        kind = "execute_result" if message.get("show") == "execute_result" else "display_data"
        png = arrays.get("png")
        shown = {"text/plain": message.get("text")}
        if png is not None:
            shown = {"image/png": png.tobytes()}
        output = {"output_type": kind, "data": shown, "execution_count": self._kernel.count}
        name = message.get("update", message.get("id"))
        named = name[:MAX_ID] if isinstance(name, str) else ""
        self._output(output, named, "update_display_data" if "update" in message else "")

    def _output(self, output: Message, display: str = "", kind: str = "") -> None:
        """Send an output as far as it may be kept."""
        made = self._room.made(output)
        if made is not None:
            more = {"transient": {"display_id": display}} if display else {}
            self._send(kind or made["output_type"], made | more)

    def _reply(self, message: Mapping[str, Any]) -> Message:
        """Send the exception and the end; return the reply, with what a Cell has besides."""
        raised = None
        content: Message = {"status": "ok", "execution_count": self._kernel.count}
        if message.get("outcome") != "ran":
            raised = raised_of(message, self._kernel.files)
            error = _error(raised)
            content |= {"status": "error"} | error
            self._flush()
            self._output({"output_type": "error"} | error)
        self.finish()
        interrupted, wall_s = bool(message.get("interrupted")), float(message["wall_s"])
        content |= {"raised": raised, "interrupted": interrupted, "wall_s": wall_s}
        return _message("execute_reply", self._request, content)

    def _send(self, kind: str, content: Message) -> None:
        self._iopub.put(_message(kind, self._request, content))


def _message(kind: str, request: str, content: Message) -> Message:
    """Return a message as jupyter_client has them, with the fields that nbclient reads."""
    header = {"msg_type": kind}
    return {
        "header": header, "msg_type": kind, "parent_header": {"msg_id": request},
        "content": content, "metadata": {},
    }  # fmt: skip


def _error(raised: Raised) -> Message:
    lines = [f"{path}, line {line}: {text}" for path, line, _, text in raised.frames]
    last = f"{raised.type}: {raised.message}"
    return {"ename": raised.type, "evalue": raised.message, "traceback": [*lines, last]}
