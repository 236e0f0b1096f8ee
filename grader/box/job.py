"""Records of what goes into the box and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

ANSWER = 4 * 1024**2  # bytes of the arrays of a case; the largest fair answer has 240,000
Child = Literal["there", "new", "alone", "again"]
Observed = tuple[str, dict[str, Any], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Loaded:
    """The result of opening a submission.

    `modules` maps each graded module to what importing it came to; `repaired` are sentences;
    `changed` are handed-out functions that give other values than ours. `codes` and `broken` are
    what the files compiled to, by path: bytes that no process of ours ever unpacks, and errors;
    `is_old` says that they are of Python 2.
    """

    modules: Mapping[str, Mapping[str, Any]]
    repaired: tuple[str, ...]
    changed: tuple[str, ...] = ()
    codes: Mapping[str, bytes] = field(default_factory=dict)
    broken: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    is_old: bool = False


@dataclass(frozen=True)
class Job:
    """What goes into the box for one submission: sources, never an answer.

    `given` and `graft` map the short names of modules to sources of ours (see guest.modules).
    `also` are short names of further files that notebooks import. `room` is for the arrays of one
    answer, in bytes. `known` is what opening these files came to before: nothing is compiled and
    tried again then.
    """

    package: str
    files: Mapping[str, bytes]
    conventions: Mapping[str, str]
    given: Mapping[str, bytes] = field(default_factory=dict)
    graft: Mapping[str, bytes] = field(default_factory=dict)
    load_s: float = 10.0
    case_s: float = 5.0
    also: tuple[str, ...] = ()
    room: int = ANSWER
    known: Loaded | None = None


@dataclass(frozen=True)
class Script:
    """The code cells of one notebook, and what they may take: wall seconds, bytes."""

    name: str
    cells: tuple[tuple[int, str], ...]
    cell_s: float
    notebook_s: float
    memory: int


class Gone(Exception):
    """The worker ended, or sent what is no frame: student code reached it."""
