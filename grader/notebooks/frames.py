"""Where the frames of a notebook come from: the box that runs it, or a run that was kept.

Both are asked for one cell after another, and tell the same: guest.kernel and guest.cells say what.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import numpy as np

from grader.box.job import Gone, Script
from grader.box.worker import Worker
from grader.errors import WireError
from grader.guest import wire
from grader.guest.wire import Late
from grader.notebooks.run_cache import RunRecorder


class Frames(Protocol):
    """One notebook that runs, or is run again from its frames."""

    def ask(self, number: int, text: str) -> None:
        """Begin a cell. Raises Late or Gone."""

    def interrupt(self, number: int) -> None:
        """Interrupt a cell, if it is still the one that runs."""

    async def read(self) -> wire.Message | None:
        """Return the next frame, None at the end. Raises WireError."""

    def end(self) -> str:
        """End the notebook; return how it ended: a word of guest.relay, "lost" if unknown."""


class Live:
    """A notebook that runs in the box; its frames go to `recorder` too."""

    def __init__(
        self, worker: Worker, script: Script, deadline: float, recorder: RunRecorder | None
    ) -> None:
        self._worker, self._deadline, self._recorder = worker, deadline, recorder
        self._incoming = worker.begin(script, deadline)

    def ask(self, number: int, text: str) -> None:
        """Begin a cell. Raises Late or Gone."""
        source = np.frombuffer(text.encode(), dtype=np.uint8)
        self._request("cell", number, {"text": source})

    def interrupt(self, number: int) -> None:
        """Interrupt a cell, if it is still the one that runs."""
        with suppress(Gone, Late):  # which reading will tell
            self._request("interrupt", number, {})

    async def read(self) -> wire.Message | None:
        """Return the next frame, None at the end. Raises WireError."""
        while (message := self._incoming.whole()) is None:
            if not select.select([self._incoming.descriptor], [], [], 0)[0]:
                await _readable(self._incoming.descriptor)
            if not self._incoming.advance():
                return None
        return self._kept(message)

    def end(self) -> str:
        """End the notebook; return how it ended."""
        try:
            self._request("end", 0, {})
            while (message := self._incoming.read(self._deadline)) is not None:
                if "over" in self._kept(message)[0]:
                    return str(message[0]["over"])
        except (Gone, Late, WireError):
            pass
        return "lost"

    def _request(self, what: str, number: int, arrays: wire.Arrays) -> None:
        self._worker.request({"do": what, "number": number}, arrays, self._deadline)

    def _kept(self, message: wire.Message) -> wire.Message:
        if self._recorder:
            self._recorder.add(*message)
        return message


class Recorded:
    """A notebook that ran before, frame by frame."""

    def __init__(self, messages: Iterator[wire.Message]) -> None:
        self._messages = messages

    def ask(self, number: int, text: str) -> None:
        """What it said is there already."""

    def interrupt(self, number: int) -> None:
        """It ended long ago."""

    async def read(self) -> wire.Message | None:
        """Return the next frame, None at the end. Raises WireError or OSError."""
        return next(self._messages, None)

    def end(self) -> str:
        """Return how it ended."""
        message = next(self._messages, None)
        return str(message[0].get("over", "lost")) if message else "lost"


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def come() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, come)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
