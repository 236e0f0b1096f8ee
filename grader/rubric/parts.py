"""Which part of an item an output counts towards."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterable
from typing import Protocol

from grader.types import Case


class Part(Protocol):
    """A part of an item: its name, and the names or patterns of its outputs."""

    @property
    def id(self) -> str: ...

    @property
    def outputs(self) -> tuple[str, ...]: ...


def part_of(parts: Iterable[Part], output: str, case: Case) -> str | None:
    """Return the part that this output of the case counts towards; None: only looked at."""
    if case.only and not _matches(output, case.only):
        return None
    if case.part is not None:
        return case.part
    for part in parts:
        if _matches(output, part.outputs or (part.id,)):
            return part.id
    return None


@functools.cache
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
