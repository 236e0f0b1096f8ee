"""The words of the house: what was handed in, what was seen, what we conclude.

All records are frozen. A Report is the one record from which the terminal, the JSON and the HTML
writers read. Arrays are float64 unless a field says otherwise; times are seconds, sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Arrays = Mapping[str, np.ndarray]
Progress = Callable[[str, int, int], None]  # what is done, how many are, of how many

FaultKind = Literal[
    "shape", "value", "not_finite", "dtype", "error", "timeout", "memory", "died",
    "missing", "not_written", "mutated_input", "not_deterministic",
]  # fmt: skip
Status = Literal[
    "passed", "partial", "failed", "not_written", "missing", "error", "timeout",
    "skipped", "pending", "grader_fault",
]  # fmt: skip
Outcome = Literal[
    "answered", "raised", "timeout", "memory", "died", "missing", "not_written", "not_run"
]
# An item of these statuses was graded.
COUNTED: tuple[Status, ...] = (
    "passed", "partial", "failed", "not_written", "missing", "error", "timeout",
)  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """What was handed in.

    `files` maps the path inside the course folder, with forward slashes, to the bytes:
    "cs231n/layers.py", "Dropout.ipynb". `package` is the folder that holds layers.py ("cs231n";
    a flat upload gets that name). `sha256` is that of the upload itself (for a folder: of its
    sorted paths and contents). `repaired` and `ignored` are sentences for people. `doubles` maps a
    path of the upload that is not graded to the graded file whose name it bears, where it holds
    something else: {"old/layers.py": "cs231n/layers.py"}.
    """

    name: str
    sha256: str
    package: str
    files: Mapping[str, bytes]
    repaired: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    doubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One probe with named inputs.

    `id` is "item/name". `inputs` maps an argument of the probe to the description of an array (see
    grader.rubric.inputs) and `options` to a plain value. Students may see inputs and values of a
    public case. Outputs count towards the item's part that lists them, or all towards `part` where
    that is given; with `only`, those outputs alone are judged. A case whose `needs` are not all
    right says nothing.
    """

    id: str
    item: str
    probe: str
    inputs: Mapping[str, str]
    options: Mapping[str, Any]
    public: bool
    judge: str
    part: str | None
    only: tuple[str, ...]
    needs: tuple[str, ...]
    alternatives: tuple[str, ...]


@dataclass(frozen=True)
class Raised:
    """A student's exception, cut to what a person can use.

    `frames` are the student's own lines from the outermost to the innermost: (file, line number,
    function, source line). Frames of ours are left out.
    """

    type: str
    message: str
    frames: tuple[tuple[str, int, str, str], ...] = ()


@dataclass(frozen=True)
class Call:
    """One call of a layer by a net that ran over right layers.

    `line` of `file` is the student's own that made it. `numbers` holds four numbers of each
    argument that is an array (see grader.guest.calls): equal arrays have equal ones.
    """

    name: str
    file: str
    line: int
    numbers: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Evidence:
    """What happened when a case ran in the box.

    `refused` names outputs that are no plain numeric array, with what they were ("object array").
    `mutated` names the inputs that were changed in place. `text` is what was printed, bounded.
    `unstable`: another run of the same case was right. `unloaded` is the file that kept the case
    from running, as it is not in the submission or could not be imported ("cs231n/layers.py").
    `calls` are kept over right layers only.
    """

    case: str
    outcome: Outcome
    arrays: Arrays = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    raised: Raised | None = None
    mutated: tuple[str, ...] = ()
    text: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    unstable: bool = False
    unloaded: str = ""
    calls: tuple[Call, ...] = ()


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
    says: str
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
    expected shape came out, and then `says` or `raised` tells what did. `snippet` is three lines of
    Python that show it in the submission's own folder.
    """

    case: str
    part: str
    output: str
    says: str
    inputs: Arrays
    settings: str
    expected: np.ndarray
    got: np.ndarray | None
    wrong: np.ndarray | None
    raised: Raised | None
    snippet: str


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
    says: str
    certain: bool


@dataclass(frozen=True)
class Diagnosis:
    """The cause of an item's failure, and hints for it where the mistake is a known one.

    Beside a `whole` one nothing else needs to be said.
    """

    cause: Cause
    hints: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class ItemResult:
    """One item of the rubric, judged.

    `because_of` names the item whose failure explains this one. `checks` counts (right, all) of
    the cases that ran, `public_checks` likewise.
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


@dataclass(frozen=True)
class Cell:
    """One code cell as it ran; `number` counts all cells of the notebook from 1.

    `why` is a sentence for a cell that was skipped. `text` is what it printed, bounded; `images`
    are PNG files that were checked to be nothing else. Seconds are wall time.
    """

    number: int
    source: str
    outcome: Literal["ran", "failed", "timeout", "died", "skipped", "not_run"]
    why: str = ""
    text: str = ""
    images: tuple[bytes, ...] = ()
    raised: Raised | None = None
    wall_s: float = 0.0


@dataclass(frozen=True)
class Training:
    """One run of the Solver, as the notebook told of it: nothing in it is believed yet.

    The fields are those of cs231n.solver.Run, where they are explained. `rows` says which of the
    training images it was trained on, by their index in the data of the grader; None where they are
    other images, or prepared in another way.
    """

    cell: int
    layer_sizes: tuple[int, ...]
    normalization: str | None
    dropout_keep_ratio: float | None
    initial_weight_std: tuple[float, ...]
    reg: float | None
    update_rule: str
    learning_rate: float | None
    lr_decay: float
    batch_size: int
    num_epochs: int
    num_train: int
    num_val: int
    train_sha256: str
    val_sha256: str
    loss_history: np.ndarray
    train_acc_history: np.ndarray
    val_acc_history: np.ndarray
    best_val_acc: float
    params: Arrays
    bn_statistics: tuple[Arrays, ...]
    rows: np.ndarray | None
    fitted_params: Arrays = field(default_factory=dict)
    fitted_bn_statistics: tuple[Arrays, ...] = ()


@dataclass(frozen=True)
class Notebook:
    """One notebook, executed in the box from its first cell to its last.

    `status` is "error" where a cell failed, "timeout" where time was up; `says` is a sentence about
    the status, `markdown` maps the numbers of text cells to their text. `reused` says when it ran,
    where what it told was kept from then.
    """

    name: str
    status: Literal["executed", "error", "timeout", "missing", "unreadable", "skipped"]
    says: str = ""
    cells: tuple[Cell, ...] = ()
    markdown: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    trainings: tuple[Training, ...] = ()
    repaired: tuple[str, ...] = ()
    reused: str = ""

    @property
    def failed_cell(self) -> int | None:
        """The number of the first cell that did not come to its end."""
        ended = ("failed", "timeout", "died")
        return next((cell.number for cell in self.cells if cell.outcome in ended), None)


@dataclass(frozen=True)
class Band:
    """Where the curves of the reference lie for a run of the same kind, over some seeds.

    Each array has a lower and an upper edge, shape (2, n). `loss` holds equal steps of all
    `epochs`, `train` and `val` accuracies as in a Training. What was not finite is nan.
    """

    seeds: int
    epochs: int
    loss: np.ndarray
    train: np.ndarray
    val: np.ndarray


@dataclass(frozen=True)
class Trained:
    """One run after it was looked at: what it told, and what its parameters really do.

    Accuracies are shares of 0..1, recomputed on the trusted side; None where they cannot be, which
    `says` explains. `items` are the ids of the items that rest on this run; `band` shows where the
    reference lies, where it has such a run.
    """

    notebook: str
    training: Training
    train_accuracy: float | None
    val_accuracy: float | None
    hidden_accuracy: float | None
    says: str = ""
    items: tuple[str, ...] = ()
    band: Band | None = None


@dataclass(frozen=True)
class Question:
    """One inline question and its answer, as the student's Markdown, bounded."""

    id: str
    status: Literal["pending", "blank"]
    answer: str
    possible: float


@dataclass(frozen=True)
class Flag:
    """Something for a person to look at; it never changes a score by itself."""

    kind: str
    says: str
    where: str


@dataclass(frozen=True)
class Score:
    """Points; what could not be graded yet is `pending` and not part of `possible`."""

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

    `why_rubric` says which course years it was graded as and why, where that needs saying.
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
