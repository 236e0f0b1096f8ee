"""What came out of notebooks: cells, training runs, answers to inline questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from grader.types.evidence import Arrays, Raised


@dataclass(frozen=True)
class Cell:
    """One code cell as it ran; `number` counts all cells of the notebook from 1.

    `why` is a sentence for a cell that was skipped. `text` is what it printed, bounded; `images`
    are PNG files that were checked to be nothing else. Seconds are wall time. `place` counts code
    cells from 1, empty ones too. `count` is what Jupyter shows beside it, "In [count]", after a run
    from top to bottom: empty cells do not count there. Both are 0 where they are not known.
    """

    number: int
    source: str
    outcome: Literal["ran", "failed", "timeout", "died", "skipped", "not_run"]
    why: str = ""
    text: str = ""
    images: tuple[bytes, ...] = ()
    raised: Raised | None = None
    wall_s: float = 0.0
    count: int = 0
    place: int = 0

    @property
    def name(self) -> str:
        """Return what people call it: "code cell 12, In [11]"."""
        shown = f", In [{self.count}]" if self.count else ""
        return f"code cell {self.place}{shown}" if self.place else f"cell {self.number}"


@dataclass(frozen=True)
class Commit:
    """A state to which a run committed by hashes (see guest.training_state), after `step` steps.

    `look` are its accuracies on training and validation images, as told. If it was `asked` for,
    `shown` reads its arrays; `spent` says that there was no room for them. `epochs` are those that
    the run said it would take, by which it was drawn what to ask for.
    """

    step: int
    learned: str
    memory: str
    state: str
    look: tuple[float, float] | None
    asked: bool = False
    spent: bool = False
    shown: Callable[[], Arrays] | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class TrainingLog:
    """What a run committed to while it trained: nothing in it is believed yet.

    `number` counts the runs that began in a notebook. `settings` is what a stretch of the training
    depends on (see guest.training_log).
    """

    number: int
    settings: Mapping[str, Any]
    commits: tuple[Commit, ...]


@dataclass(frozen=True)
class Training:
    """One run of the Solver, as the notebook reports it: nothing in it is believed yet.

    The fields are those of cs231n.solver.Run, where they are explained. `rows` says which of the
    training images it was trained on, by their index in the data of the grader; None if they are
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
    log: TrainingLog | None = None


@dataclass(frozen=True)
class Notebook:
    """One notebook, executed in the box from its first cell to its last.

    `status` is "error" if a cell failed, "timeout" if time was up, "grader_fault" if a fault of
    ours stopped it; `message` is a sentence about the status, `markdown` maps the numbers of text
    cells to their text. `reused` says when it ran, if this is a cached run. `written` is the
    executed notebook as .ipynb, "" if there is none.
    `abandoned` counts trainings that began and did not end, `left_out` those that ended and for
    which there was no room; `committing_s` is the CPU time that committing to states and showing
    them took, if it ran now.
    """

    name: str
    status: Literal[
        "executed", "error", "timeout", "missing", "unreadable", "skipped", "grader_fault"
    ]
    message: str = ""
    cells: tuple[Cell, ...] = ()
    markdown: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    trainings: tuple[Training, ...] = ()
    repaired: tuple[str, ...] = ()
    reused: str = ""
    written: str = ""
    abandoned: int = 0
    left_out: int = 0
    committing_s: float = 0.0

    @property
    def failed_cell(self) -> int | None:
        """Return the number of the first cell that did not come to its end."""
        ended = ("failed", "timeout", "died")
        return next((cell.number for cell in self.cells if cell.outcome in ended), None)

    def cell_name(self, number: int) -> str:
        """Return what people call the cell with this number: "code cell 12, In [11]"."""
        named = (cell.name for cell in self.cells if cell.number == number)
        return next(named, f"cell {number}")


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
    """One run after it was recomputed: its claims, and what its parameters really do.

    Accuracies are shares of 0..1, recomputed on the trusted side; None if they cannot be, which
    `message` explains. `items` are the ids of the items that rest on this run; `band` shows where
    the reference lies, if it has such a run. `doubt` is a sentence if the training could not be
    repeated: then the run counts for nothing until a person has looked. `all_images` tells whether
    it was trained on no fewer images than the training images that there are.
    """

    notebook: str
    training: Training
    train_accuracy: float | None
    val_accuracy: float | None
    hidden_accuracy: float | None
    message: str = ""
    items: tuple[str, ...] = ()
    band: Band | None = None
    doubt: str = ""
    all_images: bool = False


@dataclass(frozen=True)
class TrainingGoal:
    """What one part of an item asks of training runs, as far as a chart of them needs it.

    `over` is the setting that has to vary in a sweep: "initial_scale" or "batch_size".
    """

    item: str
    judge: Literal["reaches", "beats", "sweeps"]
    over: str = ""


@dataclass(frozen=True)
class Question:
    """One inline question and its answer, as the student's Markdown, bounded."""

    id: str
    status: Literal["pending", "blank"]
    answer: str
    possible: float
