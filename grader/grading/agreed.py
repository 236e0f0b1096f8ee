"""Answers that were found right before: the same bytes for the same case are right again.

Most right submissions of a class draw the same numbers and give the same arrays, to the last bit.
What a judge says follows from the case and these arrays alone, so it need not be worked out anew.
"""

from __future__ import annotations

import hashlib

from grader.types import Evidence

MANY = 200  # different right answers of a case that are kept, 32 bytes each


class Agreed:
    """Digests of answers that were right in every output, by case; of one rubric and its rules."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], set[bytes]] = {}

    def has(self, evidence: Evidence) -> bool:
        """Return whether this very answer was right before."""
        known = self._known.get((evidence.case, evidence.single))
        return known is not None and _digest(evidence) in known

    def keep(self, evidence: Evidence) -> None:
        """Keep an answer that is right in every output."""
        known = self._known.setdefault((evidence.case, evidence.single), set())
        if len(known) < MANY:
            known.add(_digest(evidence))


def _digest(evidence: Evidence) -> bytes:
    digest = hashlib.sha256(repr(sorted(evidence.refused)).encode())
    for name, array in evidence.arrays.items():
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.digest()
