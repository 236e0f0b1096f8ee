"""What is concluded about one item of the rubric: parts, faults, the cause, the smallest case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from grader.types.evidence import Arrays, Raised

FaultKind = Literal[
    "shape", "value", "not_finite", "dtype", "error", "timeout", "memory", "died",
    "missing", "not_written", "mutated_input", "not_deterministic",
]  # fmt: skip
Status = Literal[
    "passed", "partial", "failed", "not_written", "missing", "error", "timeout",
    "skipped", "pending", "grader_fault",
]  # fmt: skip
# An item of these statuses was graded.
COUNTED: tuple[Status, ...] = (
    "passed", "partial", "failed", "not_written", "missing", "error", "timeout",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Expected beside got, for the report; only ever made from a public case.

    `wrong` marks the cells outside the tolerance; shapes agree unless `wrong` is None.
    """

    output: str
    expected: np.ndarray
    got: np.ndarray
    wrong: np.ndarray | None
    inputs: Arrays


@dataclass(frozen=True)
class Fault:
    """What is wrong, where and by how much.

    `error` is the largest error in units of the array's scale, `allowed` its limit in the same
    units; `at` is the index of the worst cell. `public` says whether inputs and values may be
    shown. A `warning` costs no point.
    """

    case: str
    part: str
    output: str
    kind: FaultKind
    message: str
    public: bool
    error: float | None = None
    allowed: float | None = None
    at: tuple[int, ...] | None = None
    raised: Raised | None = None
    comparison: Comparison | None = None
    warning: bool = False


@dataclass(frozen=True)
class Smallest:
    """The smallest public case that an item fails, as a student would call it.

    `inputs` are arrays by the names of the call (a net's parameters among them) and `expected` is
    what `output` should be; `got` and `wrong` (the cells that differ) are None where nothing of the
    expected shape came out, and then `message` or `raised` has the reason. `snippet` is three lines
    of Python that show it in the submission's own folder.
    """

    case: str
    part: str
    output: str
    message: str
    inputs: Arrays
    settings: str
    expected: np.ndarray
    got: np.ndarray | None
    wrong: np.ndarray | None
    raised: Raised | None
    snippet: str


@dataclass(frozen=True)
class Suspect:
    """A line of the student's to look at first, and why: where it stopped, where dx is set."""

    file: str
    line: int
    message: str


@dataclass(frozen=True)
class PartResult:
    """One part of an item: earned only when every case of it is right."""

    id: str
    about: str
    earned: float
    possible: float
    status: Status


@dataclass(frozen=True)
class Cause:
    """Why it is wrong; `certain` only when the wrong answers match that mistake exactly."""

    id: str
    message: str
    certain: bool


@dataclass(frozen=True)
class Diagnosis:
    """The cause of an item's failure, and hints for it where the mistake is a known one.

    A `whole` one explains the failure alone.
    """

    cause: Cause
    hints: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class ItemResult:
    """One item of the rubric, judged.

    `because_of` names the item whose failure explains this one. `checks` counts (right, all) of
    the cases that ran, `public_checks` likewise. `lesson` is where a notebook leads to it.
    """

    id: str
    title: str
    section: str
    where: str
    status: Status
    earned: float
    possible: float
    parts: tuple[PartResult, ...]
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    hints: tuple[str, ...] = ()
    cause: Cause | None = None
    smallest: Smallest | None = None
    because_of: str | None = None
    followed_through: bool = False
    checks: tuple[int, int] = (0, 0)
    public_checks: tuple[int, int] = (0, 0)
    suspects: tuple[Suspect, ...] = ()
    lesson: str = ""
