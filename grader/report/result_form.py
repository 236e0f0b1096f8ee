"""The form of result.json, which the contract fixes: fields are only added.

Where a field is NotRequired, results of earlier versions lack it, or it says nothing.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from grader.types import Status

SCHEMA = "backgrade/result/1"


class StudentJson(TypedDict):
    """Whose it is, as far as the class's source tells; "" is what it does not tell."""

    id: str
    login: str
    name: str


class AttemptJson(TypedDict):
    """Which attempt of the student's it is, from 1; `late` as the source marks it."""

    number: int
    at: str
    late: bool | None


class SubmissionJson(TypedDict):
    """What was handed in; in a class, by whom."""

    name: str
    sha256: str
    files: list[str]
    repaired: list[str]
    ignored: list[str]
    student: NotRequired[StudentJson]
    attempt: NotRequired[AttemptJson]


class RubricJson(TypedDict):
    """What it was graded against, by hash; `why` this rubric, where that needs saying.

    `only`: what was asked for, if not all was. `visibility`: when students of Gradescope see it.
    """

    id: str
    sha256: str
    golden: str
    why: NotRequired[str]
    visibility: NotRequired[str]
    only: NotRequired[list[str]]


class ScoreJson(TypedDict):
    """Points."""

    earned: float
    possible: float
    pending: float
    bonus: float


class PartJson(TypedDict):
    """One part of an item, and what it is about."""

    id: str
    about: NotRequired[str]
    earned: float
    possible: float
    status: str


class FaultJson(TypedDict):
    """What is wrong, where, by how much; null where that makes no sense or is hidden."""

    case: str
    part: str
    kind: str
    says: str
    error: float | None
    allowed: float | None
    at: list[int] | None


class LineJson(TypedDict):
    """A line of the student's to look at first, and why."""

    file: str
    line: int
    says: str


class CauseJson(TypedDict):
    """The mistake behind the faults, and whether the answers match it exactly."""

    id: str
    says: str
    certain: bool


class SmallestJson(TypedDict):
    """The smallest public case that fails, and three lines of Python that show it."""

    case: str
    part: str
    says: str
    snippet: str


class CriterionJson(TypedDict):
    """One criterion that was met, or missed at a cost, and its points."""

    says: str
    points: float


class PeopleJson(TypedDict):
    """What people gave for an item, whose points and status are by them then."""

    points: float
    comment: str
    criteria: list[CriterionJson]


class ItemJson(TypedDict):
    """One item; `smallest` only where a small case fails, `teacher_says` if a teacher wrote it.

    `suspects` are there where a line is known, `hints` where points were lost, `people` where
    people graded it.
    """

    id: str
    title: NotRequired[str]
    section: str
    status: Status
    earned: float
    possible: float
    parts: list[PartJson]
    faults: list[FaultJson]
    cause: CauseJson | None
    because_of: str | None
    followed_through: bool
    hints: NotRequired[list[str]]
    suspects: NotRequired[list[LineJson]]
    smallest: NotRequired[SmallestJson]
    people: NotRequired[PeopleJson]
    teacher_says: NotRequired[list[str]]


class RunJson(TypedDict):
    """One training run: what it tells of itself, and what its parameters do; null: not known.

    `cell` counts all cells from 1; `cell_name` is what Jupyter shows, which earlier results lack.
    """

    cell: int
    cell_name: NotRequired[str]
    net: list[int]
    normalization: str | None
    dropout_keep_ratio: float | None
    update_rule: str
    batch_size: int
    epochs: int
    train: int
    best_train_accuracy: float | None
    best_val_accuracy: float | None
    recomputed_train_accuracy: float | None
    recomputed_val_accuracy: float | None
    recomputed_hidden_accuracy: float | None
    says: str
    items: list[str]


class NotebookJson(TypedDict):
    """One notebook; `page` is the file that shows it as it ran, if there is one."""

    name: str
    page: NotRequired[str]
    status: Literal[
        "executed", "error", "timeout", "missing", "unreadable", "skipped", "grader_fault"
    ]
    cells: int
    failed_cell: int | None
    runs: list[RunJson]


class QuestionJson(TypedDict):
    """One inline question, graded by a person."""

    id: str
    answer: str
    status: Literal["pending", "blank", "graded"]
    possible: float
    earned: float | None


class FlagJson(TypedDict):
    """Something for a person to look at."""

    kind: str
    says: str
    where: str


class BoxJson(TypedDict):
    """How student code was confined."""

    outer: str
    inner: list[str]
    isolated: bool


class MeasuredJson(TypedDict):
    """What differs from run to run. `reused` says when notebooks ran that did not run again.

    `items` has the cpu seconds of each item's cases: at most 0.1, 1, 10 or 100. `digits` has how
    many agree and how many are asked for, of each right item where it is closest to wrong in what
    students see.
    """

    started: str
    wall_s: float
    cpu_s: float
    host: str
    cpu: NotRequired[str]
    reused: NotRequired[dict[str, str]]
    items: NotRequired[dict[str, float]]
    digits: NotRequired[dict[str, list[int]]]
    versions: dict[str, str]


class GenerationJson(TypedDict):
    """In which grading of a class the result was made: when, by whom, why, and by what.

    `rubric` and `golden` are hashes, `at` is in UTC, `who` the account that ran it.
    """

    number: int
    at: str
    who: str
    reason: str
    rubric: str
    golden: str
    version: str


class ResultJson(TypedDict):
    """The whole file; `generation` in a class only."""

    schema: str
    submission: SubmissionJson
    rubric: RubricJson
    score: ScoreJson
    items: list[ItemJson]
    notebooks: list[NotebookJson]
    questions: list[QuestionJson]
    flags: list[FlagJson]
    box: BoxJson
    measured: MeasuredJson
    generation: NotRequired[GenerationJson]
