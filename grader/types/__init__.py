"""The words of the house: what was handed in, what was seen, what we conclude.

All records are frozen. A Report is the one record from which the terminal, the JSON and the HTML
writers read. Arrays are float64 unless a field says otherwise; times are seconds, sizes are bytes.

evidence    a submission, a case, and what happened when the case ran
items       what is concluded about one item of the rubric
notebooks   cells, training runs, answers to inline questions

All of them are imported from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grader.types.evidence import (
    Arrays,
    Call,
    Case,
    CaseOutcome,
    Evidence,
    Outcome,
    PassCount,
    Raised,
    Seen,
    Submission,
)
from grader.types.items import (
    COUNTED,
    Cause,
    Comparison,
    Diagnosis,
    Fault,
    FaultKind,
    ItemResult,
    PartResult,
    Smallest,
    Status,
    Suspect,
)
from grader.types.notebooks import (
    Band,
    Cell,
    Commit,
    Notebook,
    Question,
    Trained,
    Training,
    TrainingGoal,
    TrainingLog,
)

__all__ = [
    "COUNTED", "Arrays", "Band", "BoxState", "Call", "Case", "CaseOutcome", "Cause", "Cell",
    "Commit", "Comparison", "Diagnosis", "Evidence", "Fault", "FaultKind", "Flag", "ItemResult",
    "Notebook", "Outcome", "PartResult", "PassCount", "Progress", "Question", "Raised",
    "Report", "Score", "Seen", "Smallest", "Status", "Submission", "Suspect", "Trained", "Training",
    "TrainingGoal", "TrainingLog",
]  # fmt: skip

Progress = Callable[[str, int, int], None]  # what is done, how many are, of how many


@dataclass(frozen=True)
class Flag:
    """Something for a person to look at; it never changes a score by itself."""

    kind: str
    message: str
    where: str


@dataclass(frozen=True)
class Score:
    """Points; `pending` ones wait for a person, and are part of `possible` unless a bonus."""

    earned: float
    possible: float
    pending: float
    bonus: float


@dataclass(frozen=True)
class BoxState:
    """How the student's code was confined while it ran."""

    outer: str
    inner: tuple[str, ...]
    isolated: bool


@dataclass(frozen=True)
class Report:
    """All that we conclude about one submission; every writer reads this and nothing else.

    `why_rubric` says which course years it was graded as and why, where that needs saying. `only`
    names the items that were asked for where others were left out. `visibility` says when students
    see it on Gradescope, `changes` what is different from an earlier result. `cases` are for staff:
    no page and no result.json has them.
    """

    submission: Submission
    rubric: str
    rubric_title: str
    rubric_sha256: str
    golden_sha256: str
    score: Score
    sections: tuple[tuple[str, str], ...]
    items: tuple[ItemResult, ...]
    flags: tuple[Flag, ...]
    box: BoxState
    measured: Mapping[str, Any]
    notebooks: tuple[Notebook, ...] = ()
    trained: tuple[Trained, ...] = ()
    questions: tuple[Question, ...] = ()
    why_rubric: str = ""
    only: tuple[str, ...] = ()
    visibility: str = "visible"
    changes: tuple[str, ...] = ()
    goals: tuple[TrainingGoal, ...] = ()
    cases: tuple[CaseOutcome, ...] = ()
