"""Read frames from a descriptor as they come, waiting no longer than agreed."""

from __future__ import annotations

import math
import os
import select
import time
from contextlib import suppress

from grader.errors import WireError
from grader.guest.wire import MAX_BODY, PREFIX, Late, Message, lengths, opened

AT_ONCE = 64 * 1024  # bytes of one read: a block that malloc has at hand
ROOM = 1024**2  # bytes for which room is made at once
# More frames are on their way while one is there: each that is waited for by itself costs three
# processes a change of task, which is as much as a small case.
GATHER_S = 0.002


class Orphaned(Exception):
    """Nobody is left who could hear the answer."""


class Incoming:
    """Frames from a descriptor; what has come of a frame is kept when time is up in its middle.

    `largest` bounds the body of a frame. Without `ahead` no byte of a next frame is taken, which
    may be another's to read. Waiting ends with Orphaned if the pipe `asker` is hung up meanwhile.
    """

    def __init__(
        self,
        descriptor: int,
        largest: int = MAX_BODY,
        ahead: bool = True,
        asker: int | None = None,
    ) -> None:
        self.descriptor = descriptor
        self._asker = asker
        self._both: select.poll | None = None
        self._largest = largest
        self._ahead = ahead
        self._bytes = bytearray()  # what was taken; behind that there may be room for the rest
        self._taken = 0

    def read(self, deadline: float = math.inf) -> Message | None:
        """Return the next frame, None at the end.

        Raises Late at the `deadline` (of time.monotonic), WireError for what is no frame.
        """
        return self.whole() if self._has_come(deadline) else None

    def take(self, deadline: float = math.inf) -> bytes | bytearray | None:
        """Return the bytes of the next frame, of which only the lengths were looked at; None at the
        end. Raises as `read`.
        """
        end = self._has_come(deadline)
        return self._cut(end) if end else None

    def ready(self) -> bytes | bytearray | None:
        """Return the bytes of the next frame, if all of it was taken. Raises WireError."""
        end = self._needed()
        return self._cut(end) if end <= self._taken else None

    def several(self, most: int, deadline: float = math.inf) -> tuple[int, bytes | bytearray]:
        """Return (how many, their bytes) of the frames that have come, one of them at least, as by
        `take`; none at the end.
        """
        if not self._has_come(deadline):
            return 0, b""
        ends = self._ends([], most)
        if len(ends) < most:
            time.sleep(GATHER_S)
            with suppress(WireError):  # whoever asks for what is no frame is told
                if self._comes(0) and self.advance():
                    self._ends(ends, most)
        return len(ends), self._cut(ends[-1])

    def _ends(self, ends: list[int], most: int) -> list[int]:
        """Add the ends of the frames that have come to `ends`, `most` at most; return them."""
        with suppress(WireError):
            while len(ends) < most and (end := self._needed(*ends[-1:])) <= self._taken:
                ends.append(end)
        return ends

    def _cut(self, end: int) -> bytes | bytearray:
        """Return the first bytes, and forget them."""
        if len(self._bytes) == end:  # nothing is copied
            frame, self._bytes, self._taken = self._bytes, bytearray(), 0
            return frame
        with memoryview(self._bytes) as view:
            frame = bytearray(view[:end])
        del self._bytes[:end]
        self._taken -= end
        return frame

    def _has_come(self, deadline: float) -> int:
        """Wait for all of the next frame; return its bytes, 0 at the end."""
        while self._taken < (needed := self._needed()):
            left = deadline - time.monotonic()
            if left < math.inf and (left <= 0 or not self._comes(left)):
                raise Late
            if not self.advance():
                return 0
        return needed

    def _comes(self, within_s: float) -> bool:
        """Wait for bytes or the end; return whether they came."""
        if self._asker is None:
            return bool(select.select([self.descriptor], [], [], within_s)[0])
        if self._both is None:
            self._both = select.poll()
            self._both.register(self.descriptor, select.POLLIN)
            self._both.register(self._asker, 0)  # whose hang-up is told all the same
        come = dict(self._both.poll(math.ceil(1000 * within_s)))
        if self._asker in come:
            raise Orphaned
        return bool(come)

    def advance(self) -> bool:
        """Take once what has come, or wait for it; return False at the end. Raises WireError."""
        missing = self._needed() - self._taken
        if missing > AT_ONCE:
            if self._taken == len(self._bytes):  # room is made rarely, and not for a long lie
                self._bytes += bytes(min(missing, ROOM))
            with memoryview(self._bytes) as view:
                count = os.readv(self.descriptor, [view[self._taken :]])
        else:
            part = os.read(self.descriptor, AT_ONCE if self._ahead else missing)
            self._bytes[self._taken :] = part
            count = len(part)
        if not count and self._taken:
            raise WireError("wire: a frame that ends too early")
        self._taken += count
        return bool(count)

    def whole(self) -> Message | None:
        """Return the next frame, if all of it was taken. Raises WireError for what is no frame."""
        frame = self.ready()
        return opened(frame) if frame is not None else None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not read yet."""
        return not self._taken and not select.select([self.descriptor], [], [], 0)[0]

    def _needed(self, at: int = 0) -> int:
        """Return where the frame that begins `at` a place ends, as far as it is known yet."""
        if self._taken < at + PREFIX.size:
            return at + PREFIX.size
        header, body = lengths(self._bytes, at)
        if body > self._largest:
            raise WireError("wire: a frame that is larger than agreed")
        return at + PREFIX.size + header + body
