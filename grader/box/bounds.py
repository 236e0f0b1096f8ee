"""What the answers of one submission may take: memory here, and seconds that they may claim."""

from __future__ import annotations

import time
from dataclasses import replace

from grader.types import Evidence

ROOM = 24 * 1024**2  # bytes of answers that are kept of a session; right ones take a tenth of it
SMALL = 256 * 1024  # bytes of an answer that is kept in any case


class Bounds:
    """Keeps count of both from the beginning of a session on."""

    def __init__(self) -> None:
        self._room = ROOM
        self._worked_until = time.monotonic()  # when it began, and what cases took, added up

    def kept(self, given: Evidence) -> Evidence:
        """Return the evidence without arrays that there is no room for: of these the shape is told.

        No case can take the room of another one that gives what is asked: that is small. A child
        may claim no more seconds than have passed: what it says could spell an input.
        """
        cpu_s = min(given.cpu_s, time.monotonic() - self._worked_until)
        self._worked_until += cpu_s
        evidence = given if cpu_s == given.cpu_s else replace(given, cpu_s=cpu_s)
        size = sum(array.nbytes for array in evidence.arrays.values())
        if size > max(SMALL, self._room):
            large = {
                name: f"an array of shape {array.shape}, too large for an answer"
                for name, array in evidence.arrays.items()
            }
            return replace(evidence, arrays={}, refused={**evidence.refused, **large})
        self._room -= size
        return evidence
