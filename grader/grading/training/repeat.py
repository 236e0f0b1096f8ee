"""Repeat a stretch of training in the box: the reference's code from a state that a student told.

The worker gets the state, the images of each minibatch from this side, and the settings. Which
images those are follows from the Solver's generator, which is run on here. With the student's own
files the same shows whether their code is what the notebook ran.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
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

IMAGES = 4000  # of one request
WAIT_S = 120.0  # for one request
LATE = "the grader ran out of time for a stretch of it, which is no fault of the code"
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
class Batches:
    """The minibatches of some steps: rows (steps, batch) of X_train, and the generator after them.

    After the steps `decays`, counted from 1, an epoch ends.
    """

    chosen: np.ndarray
    decays: tuple[int, ...]
    rng: np.ndarray


def batches(run: Run, rng: np.ndarray, step: int, count: int) -> Batches:
    """Return the minibatches of `count` steps after `step`, drawn as the Solver draws them."""
    training, told = run.training, run.log.settings
    generator, per_epoch = np.random.RandomState(), per_epoch_of(training)
    generator.set_state(unpacked(rng))
    chosen, decays = np.zeros((count, training.batch_size), dtype=np.int64), []
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
    return Batches(chosen, tuple(decays), packed(generator))


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
        self, job: Job, run: Run, state: State, step: int, count: int, net: str = ""
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the state after `count` steps from `state`, that is after `step`; and the losses.

        `net` is the class to use; "" stands for the course's of any depth. Raises Unrepeatable.
        """
        losses, at_once = [], max(1, IMAGES // run.training.batch_size)
        if run.training.batch_size > 4 * IMAGES:
            raise Unrepeatable("its batches are too large to be repeated")
        while count:
            these = min(count, at_once)
            found = batches(run, state["rng"], step, these)
            answer = self._asked(job, run, state, found, net)
            losses.append(answer.pop("losses"))
            state = {**answer, "rng": found.rng}
            step, count = step + these, count - these
        return dict(state), np.concatenate(losses)

    def _asked(
        self, job: Job, run: Run, state: State, found: Batches, net: str
    ) -> dict[str, np.ndarray]:
        """Ask the worker for the steps of one request; return what it answered."""
        if self.left_s < self.cpu_s:
            raise TimeIsUp("the grader's time for repeating was used up")
        rows = run.training.rows
        assert rows is not None  # others are never asked for
        used, places = np.unique(rows[found.chosen], return_inverse=True)
        options = {**run.request, **({"net": net} if net else {}), "decays": list(found.decays)}
        arrays = {
            "images": self._images.pixels("training", used),
            "mean": self._images.mean,
            "labels": self._images.labels("training")[used],
            "chosen": places.reshape(found.chosen.shape).astype(np.int64),
            **{name: array for name, array in state.items() if name != "rng"},
        }
        case = {
            "id": "stretch", "key": "stretch", "item": "stretch", "probe": "training.advance",
            "options": options, "strided": [], "modules": MODULES, "stuck_with": [],
            "room": job.room,
        }  # fmt: skip
        inputs = wire.piece({f"stretch:{name}": array for name, array in arrays.items()})
        reply, answer = self._answered(job, case, inputs)
        if _is_unloaded(reply):  # on a busy machine; it was loaded when the notebook ran
            self.close()
            reply, answer = self._answered(job, case, inputs)
        wanted = {name for name in state if name != "rng"} | {"losses"}
        if reply.get("outcome") in ("timeout", "died") or _is_unloaded(reply):
            raise OutOfTime(LATE)
        if reply.get("outcome") != "answered" or not wanted <= set(answer):
            raise Unrepeatable(f"a stretch of it stopped: {_why(reply)}")
        return dict(answer)

    def _answered(
        self, job: Job, case: dict[str, Any], inputs: wire.Piece
    ) -> tuple[Mapping[str, Any], Mapping[str, np.ndarray]]:
        """Return what the worker says to one request, and count the time that it took."""
        deadline = time.monotonic() + WAIT_S
        try:
            if self._open is not job:
                self.close()
                self._worker.open(job, deadline)
                self._open = job
            _, reply, answer = next(iter(self._worker.run([case], [inputs], deadline, "there")))
        except WireError:
            raise Unrepeatable("its state is too large to be repeated") from None
        except (Gone, Late):
            self._open = None
            self._worker.restart()
            raise OutOfTime(LATE) from None
        spent = reply.get("cpu_s")
        self.cpu_s += spent if isinstance(spent, float) and 0 <= spent < WAIT_S else WAIT_S
        return reply, answer


def _is_unloaded(reply: Mapping[str, Any]) -> bool:
    """Return whether a file was not loaded in time: a run that used it has come to its end."""
    said = str(reply.get("message"))
    return reply.get("outcome") == "missing" and said.endswith(".py could not be loaded")


def _why(reply: Mapping[str, Any]) -> str:
    said = reply.get("message")
    return said[:200] if isinstance(said, str) and said else str(reply.get("outcome"))[:20]
