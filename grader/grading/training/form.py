"""Does what a run tells of itself hang together? The lengths, the settings, the hashes, the start.

Everything here is cheap and needs no second training. Each check gives a sentence, or "".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grader.grading.training.images import Images, Split
from grader.grading.training.recompute import Refused, accuracy, net_of
from grader.guest import training_state
from grader.guest.operations import OPERATIONS
from grader.guest.training_state import WORDS, State
from grader.types import Commit, Training, TrainingLog

MEMORY = {"sgd": (), "sgd_momentum": ("velocity",), "rmsprop": ("cache",), "adam": ("m", "v", "t")}
SETTINGS = {"learning_rate", "epsilon"}  # of every rule, besides its defaults
STARTS_BELOW, CHANCE = 0.2, 0.1  # accuracy of a net that has learned nothing: at most, on average
SPIKE = 1.1  # times (sqrt m + sqrt n) sigma: the largest singular value of random weights
SAME = 1e-9
SAMPLE = 500  # training images on which a shown state is tried


class Contradiction(Refused):
    """What a run tells cannot all be true."""


class Unrepeatable(Refused):
    """What a run tells may be true, and cannot be repeated here."""


class OutOfTime(Unrepeatable):
    """There was no time left to repeat it; another day there may be."""


class TimeIsUp(OutOfTime):
    """What there is for all runs of a submission was used up."""


class Differs(Unrepeatable):
    """The student's own code does something else now than what the run tells of."""


def steps_of(training: Training) -> list[int]:
    """Return after how many steps a run commits to its state."""
    per_epoch = per_epoch_of(training)
    ends = {epoch * per_epoch for epoch in range(1, training.num_epochs + 1)}
    return sorted({0, 1} | ends)


def per_epoch_of(training: Training) -> int:
    """Return the steps of an epoch."""
    return max(training.num_train // max(training.batch_size, 1), 1)


def check(training: Training, log: TrainingLog, before: Training | None) -> None:
    """Raise Contradiction if lengths, settings or hashes of a run do not fit each other.

    `before` is the run of the same Solver whose histories this one goes on with.
    """
    if [commit.step for commit in log.commits] != steps_of(training):
        raise Contradiction("its states do not fit its epochs and batches")
    if any(commit.epochs != training.num_epochs for commit in log.commits):
        raise Contradiction("it told of other epochs while it trained")
    _settings_agree(training, log)
    looks = [commit.look for commit in log.commits[1:]]
    if any(look is None for look in looks):
        raise Contradiction("it does not tell its accuracies")
    old = (before.loss_history, before.train_acc_history, before.val_acc_history) if before else ()
    past = [list(one) for one in old] or [[], [], []]
    told = [np.array([look[place] for look in looks if look]) for place in (0, 1)]
    histories = (training.loss_history, training.train_acc_history, training.val_acc_history)
    lengths = (log.commits[-1].step, len(looks), len(looks))
    for history, first, length in zip(histories, past, lengths):
        if len(history) != len(first) + length or list(history[: len(first)]) != first:
            raise Contradiction("its histories are not as long as its epochs and batches ask for")
    for history, first, values in zip(histories[1:], past[1:], told):
        if not np.array_equal(history[len(first) :], values):
            raise Contradiction("its histories are not those that it told while it trained")
    if abs(training.best_val_acc - max(training.val_acc_history)) > SAME:
        raise Contradiction("its best accuracy is not the largest of its history")


def _settings_agree(training: Training, log: TrainingLog) -> None:
    told = log.settings
    pairs = {
        "rule": training.update_rule, "lr_decay": training.lr_decay, "reg": training.reg,
        "batch_size": training.batch_size, "p": training.dropout_keep_ratio,
    }  # fmt: skip
    if any(told.get(name) != value for name, value in pairs.items()):
        raise Contradiction("its settings are not those that it told before it trained")


def state_of(params: object, statistics: Sequence[Mapping[str, np.ndarray]]) -> State:
    """Return parameters and averages that were handed to the log as a state names them."""
    state: dict[str, np.ndarray] = {}
    for name, array in params.items() if isinstance(params, Mapping) else ():
        state[f"params/{name}"] = np.asarray(array)
    for layer, averages in enumerate(statistics, start=1):
        state |= {f"bn/{layer}/{key}": np.asarray(value) for key, value in averages.items()}
    return state


def learned_at(params: object, statistics: Sequence[Mapping[str, np.ndarray]]) -> str:
    """Return the hash of parameters and averages that were handed to the log."""
    return training_state.learned(state_of(params, statistics))


def committed(learned: str, place: int, commits: Sequence[Commit]) -> Commit:
    """Return the first commitment to the best accuracy, 0: training or 1: validation.

    Raises Contradiction unless it is to these parameters.
    """
    found = [commit for commit in commits if commit.look is not None]
    best = max(found, key=lambda commit: commit.look[place] if commit.look else 0.0)
    if best.learned != learned:
        raise Contradiction("its parameters are not those that it committed to while it trained")
    return best


def state_at(commit: Commit, again: bool = False) -> State:
    """Return the state that a run showed. Raises Contradiction for another than it committed to,
    and Unrepeatable for one that was not kept. What is read `again` was held against its hash.
    """
    if commit.shown is None and commit.spent:
        raise Unrepeatable("the runs before it were so many or so large that it was not kept")
    if commit.shown is None:
        raise Contradiction("it was asked for a state, and did not show it")
    state = commit.shown()
    if again:
        return state
    found = training_state.hashes(state)
    if (found.state, found.learned) != (commit.state, commit.learned):
        raise Contradiction("it shows another state than the one it committed to")
    return state


def check_state(state: State, training: Training, step: int, first: State) -> None:
    """Raise Contradiction or Unrepeatable for a state that training cannot have led to.

    `first` is the state before the first step.
    """
    for name in ("rng", "noise"):
        numbers = state.get(name)
        if numbers is None or numbers.shape != (WORDS + 1,):
            raise Contradiction("its random generator has no state")
        try:
            training_state.unpacked(numbers)
        except ValueError:
            raise Contradiction("its random generator has an impossible state") from None
    if training.update_rule not in MEMORY:
        raise Unrepeatable(f"{training.update_rule} is no update rule of the course")
    allowed = {*OPERATIONS[training.update_rule].defaults, *SETTINGS}
    allowed |= set(MEMORY[training.update_rule])
    shapes = {n.removeprefix("params/"): a.shape for n, a in state.items() if n[:7] == "params/"}
    decays = step // per_epoch_of(training)
    for name, array in state.items():
        if array.dtype.kind == "f" and array.size and not np.isfinite(array).all():
            raise Unrepeatable("its numbers are not all finite")
        kind, _, rest = name.partition("/")
        if kind != "config":
            continue
        parameter, _, key = rest.partition("/")
        if key not in allowed or (array.ndim and array.shape != shapes.get(parameter)):
            raise Contradiction(f"{training.update_rule} keeps what it does not need: {key[:30]}")
        before = float(first[name]) if name in first and not array.ndim else None
        if key == "t":
            if float(array) - (before or 0.0) - step not in (0.0, 1.0):
                raise Contradiction("the count of its steps does not fit the steps it tells of")
        elif array.ndim == 0 and before is not None:
            factor = training.lr_decay**decays if key == "learning_rate" else 1.0
            if abs(float(array) - before * factor) > SAME * abs(before):
                raise Contradiction(f"its {key} does not follow from its settings")


def starts_fresh(state: State, training: Training, images: Images) -> Iterator[str]:
    """Yield what keeps a first state from being that of a net that has learned nothing."""
    params = {n.removeprefix("params/"): a for n, a in state.items() if n.startswith("params/")}
    for name, array in params.items():
        if name[0] == "b" and np.any(array) or name.startswith("gamma") and np.any(array != 1):
            yield f"it begins with a {name} that is not {int(name.startswith('gamma'))}"
    if any(n.startswith("config/") and a.ndim and np.any(a) for n, a in state.items()):
        yield "its update rule remembers steps that were not recorded"
    for name, array in params.items():
        if name[0] == "W" and array.ndim == 2 and _has_a_direction(array):
            yield f"it begins with weights {name} that are not random"
    averages: list[dict[str, np.ndarray]] = []
    if training.normalization == "batchnorm":
        hidden = training.layer_sizes[1:-1]
        averages = [{"running_mean": np.zeros(n), "running_var": np.ones(n)} for n in hidden]
    net = net_of(params, averages)
    for split, rows in rows_of(training, images).items():
        # Of few images chance alone gets more right.
        most = STARTS_BELOW + 3 * (CHANCE * (1 - CHANCE) / len(rows)) ** 0.5
        if accuracy(net, images, split, rows) > most:
            yield f"it begins with a net that knows {split} images already"


def rows_of(training: Training, images: Images) -> dict[Split, np.ndarray]:
    """Return the rows of images on which a state is tried: some of the training images, and all
    validation images.
    """
    rows = np.zeros(0, dtype=np.int64) if training.rows is None else training.rows
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(np.int64)]
    every = np.arange(images.count("validation"))
    return {"training": some, "validation": every} if len(rows) else {"validation": every}


def _has_a_direction(weights: np.ndarray) -> bool:
    """Return whether weights stretch a direction as random ones of their size never do."""
    wide = weights.astype(np.float64)
    sigma = wide.std()
    vector = np.ones(wide.shape[1])
    for _ in range(30):
        vector = wide.T @ (wide @ vector)
        size = float(np.linalg.norm(vector))
        if not size or not np.isfinite(size):
            return False
        vector /= size
    largest = float(np.linalg.norm(wide @ vector))
    return bool(largest > SPIKE * (sum(n**0.5 for n in wide.shape)) * sigma)
