"""Repeat stretches of training in the box: the reference's code from a state that a student told.

The worker gets the state, the images of each minibatch from this side, and the settings. Which
images those are follows from the Solver's generator, which is run on here. With the student's own
files the same shows whether their code is what the notebook ran.

An honest run on the same kind of machine comes to the very states that it committed to. So the
worker goes on from one stretch to the next as long as the hashes agree: states are handed to and
fro, and held against each other, only where they do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from grader.box.job import Gone, Job
from grader.box.worker import Worker
from grader.errors import WireError
from grader.grading.training.form import OutOfTime, TimeIsUp, Unrepeatable, per_epoch_of
from grader.grading.training.images import Images
from grader.guest import wire
from grader.guest.operations import REACHED
from grader.guest.training_state import State, packed, unpacked
from grader.guest.wire import Late
from grader.types import Training, TrainingLog

IMAGES = 6000  # different ones of one request, 18 MB
WORK = 2e11  # multiplications of one request: seconds
PASSES, OVERHEAD = 6, 10  # through the weights, for each image; images that an update is worth
STEPS = 2000  # of one request
WAIT_S = 120.0  # for one request
LATE = "the grader ran out of time for a stretch of it, which is no fault of the code"
Read = Callable[[], State]
MODULES = (*REACHED["fc_net"], "optim")


@dataclass(frozen=True)
class Run:
    """What it takes to repeat a run: `training` with its images by row, in the Solver's order."""

    training: Training
    log: TrainingLog
    dropout_p: str

    @property
    def request(self) -> dict[str, Any]:
        """Return the options of the probe that stay the same for the whole run."""
        training, told = self.training, self.log.settings
        setup: dict[str, Any] = {"reg": training.reg or 0.0}
        if training.normalization:
            setup["normalization"] = training.normalization
        if (p := training.dropout_keep_ratio) is not None:
            setup["keep"] = p if self.dropout_p == "keep" else 1 - p
            if type(told.get("seed")) is int and 0 <= told["seed"] < 2**32:
                setup["seed"] = told["seed"]
        return {
            "net": "FullyConnectedNet", "dims": list(training.layer_sizes), "setup": setup,
            "rule": training.update_rule, "lr_decay": training.lr_decay,
        }  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Steps to repeat; `hash` stands for the state behind them, "" if any will do.

    It stands for the whole state, or for what was learned. `read` gives that state.
    """

    steps: int
    hash: str = ""
    whole: bool = True
    read: Read = dict


@dataclass(frozen=True)
class Reached:
    """How far stretches led: the first `met` to the state they should, the next one to `state`.

    That is None if all were met. `losses` are those of each stretch.
    """

    met: int
    state: State | None
    losses: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Batches:
    """The minibatches of some steps: rows (steps, batch) of X_train; `after` some of the steps the
    states of the generator.

    After the steps `decays`, counted from 1, an epoch ends.
    """

    chosen: np.ndarray
    decays: tuple[int, ...]
    after: np.ndarray


def batches(run: Run, rng: np.ndarray, step: int, counts: Sequence[int]) -> Batches:
    """Return the minibatches after `step`, drawn as the Solver draws them.

    `counts` are the steps to each state of the generator that is asked for.
    """
    training, told = run.training, run.log.settings
    generator, per_epoch = np.random.RandomState(), per_epoch_of(training)
    generator.set_state(unpacked(rng))
    count, ends = sum(counts), set(np.cumsum(counts).tolist())
    chosen, decays, after = np.zeros((count, training.batch_size), dtype=np.int64), [], []
    for place in range(count):
        chosen[place] = generator.choice(training.num_train, training.batch_size)
        done = step + place + 1
        if done % per_epoch == 0:
            decays.append(place + 1)
        if done == 1 or done % per_epoch == 0:
            for all_of, some in (
                (training.num_train, told.get("train_samples")),
                (training.num_val, told.get("val_samples")),
            ):
                if type(some) is int and 0 <= some < all_of:
                    generator.choice(all_of, some, replace=False)
        if place + 1 in ends:
            after.append(packed(generator))
    return Batches(chosen, tuple(decays), np.array(after))


class Repeat:
    """The worker that repeats; `cpu_s` is what it has used, of `left_s`."""

    def __init__(self, worker: Worker, images: Images, left_s: float) -> None:
        self._worker, self._images = worker, images
        self.left_s = left_s
        self._open: Job | None = None
        self.cpu_s = 0.0

    def close(self) -> None:
        """End what is open in the worker."""
        if self._open is not None:
            self._worker.close()
            self._open = None

    def advance(
        self, job: Job, run: Run, read: Read, step: int, count: int, net: str = ""
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the state after `count` steps from one that is after `step`; and the losses.

        `read` gives that state, which is not kept here: the answer may be as large. `net` is the
        class to use; "" stands for the course's of any depth. Raises Unrepeatable.
        """
        reached = self.follow(job, run, read, step, [Stretch(count)], net)
        assert reached.state is not None
        return dict(reached.state), reached.losses[0]

    def follow(
        self,
        job: Job,
        run: Run,
        read: Read,
        step: int,
        stretches: Sequence[Stretch],
        net: str = "",
    ) -> Reached:
        """Return how far stretches lead that follow each other; see `advance`.

        A file that is not loaded in time, on a busy machine, gets a second try.
        """
        try:
            return self._followed(job, run, read, step, stretches, net)
        except _Unloaded:
            self.close()
            return self._followed(job, run, read, step, stretches, net)

    def _followed(
        self, job: Job, run: Run, read: Read, step: int, stretches: Sequence[Stretch], net: str
    ) -> Reached:
        losses: list[list[np.ndarray]] = [[] for _ in stretches]
        place, done = 0, 0  # the stretch at hand, and its steps that were done
        held = [read()]  # the state, until it is sent
        while place < len(stretches):
            asked = list(_at_once(run, stretches[place:], done))
            found = batches(run, held[0]["rng"], step, [one.steps for one in asked])
            answer, met = self._asked(job, run, held, found, asked, net)
            ends = np.cumsum([one.steps for one in asked])
            parts = np.split(np.ravel(answer.pop("losses")), ends[:-1])
            for number, part in enumerate(parts[: met + 1]):
                losses[place + number].append(part)
            step += int(ends[: met + 1][-1])
            place, done = place + met, 0 if met else done
            if met == len(asked):
                held = [stretches[place - 1].read()] if place < len(stretches) else []
                continue
            held, done = [{**answer, "rng": found.after[met]}], done + asked[met].steps
            del answer
            if done == stretches[place].steps:
                return Reached(place, held[0], _joined(losses[: place + 1]))
        return Reached(place, None, _joined(losses))

    def _asked(
        self,
        job: Job,
        run: Run,
        held: list[State],
        found: Batches,
        stretches: Sequence[Stretch],
        net: str,
    ) -> tuple[dict[str, np.ndarray], int]:
        """Ask the worker for the stretches of one request; return what it answered, and how many
        of them it met. The state is taken out of `held`.
        """
        if self.left_s < self.cpu_s:
            raise TimeIsUp("the grader's time for repeating was used up")
        told = [[one.steps, one.hash, one.whole] for one in stretches]
        options = {**run.request, **({"net": net} if net else {}), "decays": list(found.decays)}
        options |= {"stretches": told, "in_pieces": not net}  # the reference's rules can be cut
        wanted = {name for name in held[0] if name != "rng"}
        case = {
            "id": "stretch", "key": "stretch", "item": "stretch", "probe": "training.advance",
            "options": options, "strided": [], "modules": MODULES, "stuck_with": [],
            "careful": True, "room": job.room,
        }  # fmt: skip
        deadline = time.monotonic() + WAIT_S
        try:
            if self._open is not job:
                self.close()
                self._worker.open(job, deadline)
                self._open = job
            packed = [self._packed(run, held.pop(), found)]  # which ends once it is sent
            answers = self._worker.run([case], packed, deadline, "there")
            del packed
            _, reply, answer = next(answers)
        except WireError:
            raise Unrepeatable("its state is too large to be repeated") from None
        except (Gone, Late):
            self._open = None
            self._worker.restart()
            raise OutOfTime(LATE) from None
        spent = reply.get("cpu_s")
        self.cpu_s += spent if isinstance(spent, float) and 0 <= spent < WAIT_S else WAIT_S
        met = _met(answer.pop("met", None), stretches)
        wanted = {"losses"} | (wanted if met < len(stretches) else set())
        if reply.get("outcome") != "answered" or not wanted <= set(answer):
            raise _end(reply)
        return dict(answer), met

    def _packed(self, run: Run, state: State, found: Batches) -> wire.Piece:
        """Return a state and the images of minibatches, as a worker takes them."""
        rows = run.training.rows
        assert rows is not None  # others are never asked for
        used, places = np.unique(rows[found.chosen], return_inverse=True)
        arrays = {
            "images": self._images.pixels("training", used),
            "mean": self._images.mean,
            "labels": self._images.labels("training")[used],
            "chosen": places.reshape(found.chosen.shape).astype(np.int64),
            "after": found.after,
            **{name: array for name, array in state.items() if name != "rng"},
        }
        return wire.piece({f"stretch:{name}": array for name, array in arrays.items()})


def _at_once(run: Run, stretches: Sequence[Stretch], done: int) -> Iterator[Stretch]:
    """Yield what one request can hold of stretches, of whose first some steps were `done`."""
    training = run.training
    if training.batch_size > 4 * IMAGES:
        raise Unrepeatable("its batches are too large to be repeated")
    weights = sum(one * other for one, other in pairwise(training.layer_sizes))
    work = max(1, weights) * PASSES * (training.batch_size + OVERHEAD)
    few = STEPS if training.num_train <= IMAGES else IMAGES // training.batch_size
    left = max(1, min(STEPS, few, int(WORK / work)))
    for stretch in stretches:
        steps = min(left, stretch.steps - done)
        is_whole = steps == stretch.steps - done
        yield replace(stretch, steps=steps, hash=stretch.hash if is_whole else "")
        left, done = left - steps, 0
        if not left:
            return


def _met(told: np.ndarray | None, stretches: Sequence[Stretch]) -> int:
    """Return how many stretches were met, as far as there is a hash that can be."""
    free = [place for place, one in enumerate(stretches) if not one.hash]
    most = free[0] if free else len(stretches)
    count = int(told) if told is not None and told.shape == () and told.dtype.kind == "i" else 0
    return min(max(count, 0), most)


def _joined(losses: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate(parts) for parts in losses)


class _Unloaded(OutOfTime):
    """A file was not loaded in time: the run that used it has come to its end."""


def _end(reply: Mapping[str, Any]) -> Unrepeatable:
    """Return what a reply without an answer means: our limit, or a net that cannot be repeated."""
    outcome, said = reply.get("outcome"), str(reply.get("message"))
    if outcome == "missing" and said.endswith(".py could not be loaded"):
        return _Unloaded(LATE)
    if outcome in ("timeout", "died"):
        return OutOfTime(LATE)
    return Unrepeatable(f"a stretch of it stopped: {_why(reply)}")


def _why(reply: Mapping[str, Any]) -> str:
    said = reply.get("message")
    return said[:200] if isinstance(said, str) and said else str(reply.get("outcome"))[:20]
