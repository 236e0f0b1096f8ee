"""Is a training run what it says? Its form, its start, then stretches of it, computed again.

While it trained the run committed to its states, and after each commitment the driver drew whether
the state had to be shown (guest.draws). Here the reference starts from a shown state, takes the
same minibatches, and must come to the next one. Where it does not, rounding may have grown: then
the student's own code gives a state every few steps, which must end at the state that the run
committed to, and the reference is held against each of them.

What cannot be repeated is doubted with a sentence, for a person; nobody is accused by it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from grader.box.job import Job
from grader.grading.training import form
from grader.grading.training.agree import agrees, deviation, distance, memory_off, net_parts
from grader.grading.training.aside import Aside
from grader.grading.training.extent import DRAWN, Extent
from grader.grading.training.form import Contradiction, Differs, OutOfTime, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.recompute import Refused, accuracy, net_of
from grader.grading.training.reference import ROOM, Reference
from grader.grading.training.repeat import Repeat, Run
from grader.grading.training.stretches import Known, Stretches
from grader.grading.training.way import Way
from grader.guest.operations import NETS
from grader.guest.training_state import State
from grader.types import Commit, Training, TrainingLog

PIECE = 8  # steps between two states of the student's own code
AT_ONCE = 64 * 1024**2  # bytes of such states that are put aside
LOSS = 0.05  # of a told loss that it may be off: another machine rounds in another way
MEMORY = 0.1  # of the size of what an update rule remembers, likewise
SOME = 200  # numbers of a parameter by which copies of a run are known
FIRST_EPOCH, LATER = 50.0, 5.0  # times, where rounding grew; the accuracy must hold as well
ROUGH_MEMORY = 50.0  # likewise, of what an update rule remembers: it is off by its own size
GRACE, EXCUSED = 0.01, 1  # of accuracy, there; how often after the first epoch
Link = tuple[Training, Extent, Known | None]  # a run, and how much of it is repeated


@dataclass(frozen=True)
class Code:
    """The code that can repeat a run.

    `reference` gives the job of the reference with some alternatives; `matched` are those of the
    student's items. `own` is the job of the student's files. `dropout_p` is the year's convention.
    """

    reference: Callable[[tuple[str, ...]], Job]
    matched: tuple[str, ...]
    own: Job
    dropout_p: str

    @classmethod
    def of(
        cls, trainer: Mapping[str, bytes], matched: tuple[str, ...], own: Job, dropout_p: str
    ) -> Code | None:
        """Return the code for a submission; None without the reference's files."""
        # One job for the same alternatives: it stays open in the worker.
        job = functools.cache(Reference(trainer).job)
        own = replace(own, room=ROOM)
        return cls(job, matched, own, dropout_p) if trainer else None


@dataclass(frozen=True)
class Replay:
    """Repeats the runs of one notebook, which are in the order in which they ended."""

    runs: Sequence[Training]
    repeat: Repeat
    images: Images
    code: Code
    # What became of runs, for others may go on from them: of a chain each is repeated once.
    _known: dict[tuple[int, Extent, int], Training | Refused] = field(default_factory=dict)

    def verify(self, training: Training, extent: Extent, left: Known | None = None) -> Training:
        """Return a run with what is known now of its first weights and its epochs.

        It is repeated to this `extent`, and as far as the state that was `left` to another run.
        Raises Contradiction, or Unrepeatable, with a sentence.
        """
        chain = [(training, extent, left)]
        while (before := self._begins_with(*chain[-1][:2])) and _about(*before) not in self._known:
            chain.append(before)
        for one in reversed(chain):  # from the first on, as hundreds may go on from each other
            if (about := _about(*one)) not in self._known:
                try:
                    self._known[about] = self._verified(*one)
                except OutOfTime:
                    raise
                except Refused as refused:
                    self._known[about] = type(refused)(str(refused))  # that one holds states
        if isinstance(known := self._known[_about(*chain[0])], Refused):
            raise type(known)(str(known))
        return known

    def _verified(self, training: Training, extent: Extent, left: Known | None) -> Training:
        log = training.log
        if log is None or not log.commits:
            raise Contradiction("nothing was told while it trained")
        if training.rows is None or len(training.rows) != training.num_train:
            raise Unrepeatable("it was trained on other images than the grader has")
        net = net_of(training.params, training.bn_statistics)
        training = replace(training, layer_sizes=net.sizes, normalization=net.normalization)
        del net
        goes_on = self._goes_on(training)
        form.check(training, log, goes_on)
        begins = Known.at(log.commits[0])
        epochs = self._begin(training, log, goes_on, begins, extent)
        stds = tuple(float(w.std()) for w in _weights(begins.state))
        # Of which only the settings are looked at from here.
        first = {name: array for name, array in begins.state.items() if not array.ndim}
        run = Run(training, log, self.code.dropout_p)
        past: list[Commit] = []
        while goes_on is not None and goes_on.log is not None:
            past, goes_on = [*goes_on.log.commits, *past], self._goes_on(goes_on)
        excused, seen = 0, set[int]()
        stretches = Stretches(run, self.images, self.code.matched)
        way = Way(self.repeat, run, self._jobs(run), list(stretches.upto(extent, past, left)))
        for place, (start, end) in enumerate(way.pairs):
            for known in (start, end):
                if known.whole and known.step not in seen:
                    seen.add(known.step)
                    state = known.state
                    form.check_state(state, training, known.step, first)
                    stretches.look(known.step, state)
                    del state  # of which there are few in memory
            excused += self._stretch(way, place) and start.step > 1
            if excused > EXCUSED:
                raise Differs("its own code comes to other states than those it told of")
        return replace(training, num_epochs=epochs + training.num_epochs, initial_weight_std=stds)

    def _begin(
        self,
        training: Training,
        log: TrainingLog,
        goes_on: Training | None,
        begins: Known,
        extent: Extent,
    ) -> int:
        """Return after how many epochs a run began. Raises Unrepeatable unless it began afresh, or
        with what another run had learned.
        """
        if (left := self._begins_with(training, extent)) is None:
            if goes_on is not None:
                raise Unrepeatable("it goes on from a training that did not come to its end")
            if faults := list(form.starts_fresh(begins.state, training, self.images)):
                raise Unrepeatable(faults[0])
            return 0
        before, epochs = left[0], self.verify(*left).num_epochs
        if goes_on is not None and goes_on is not before:
            epochs = max(epochs, self.verify(goes_on, extent.of_before).num_epochs)
        kept = {name: array.ndim for name, array in begins.state.items()}
        if names := [name for name, axes in kept.items() if name[:7] == "config/" and axes]:
            self._remembers(goes_on or before, begins, names)
        return epochs

    def _remembers(self, before: Training, begins: Known, names: Sequence[str]) -> None:
        """Raise Unrepeatable unless a run left what the update rule of the next one remembers.

        Whatever stands there, by these names, moves the parameters with the next step. The run is
        repeated from the last state that it showed.
        """
        log = before.log
        assert log is not None
        known = [commit for commit in log.commits if commit.shown is not None]
        last, steps = Known.at(known[-1]), log.commits[-1].step - known[-1].step
        run = Run(before, log, self.code.dropout_p)
        for job in self._jobs(run):
            if steps:
                ours, _ = self.repeat.advance(job, run, last.read, last.step, steps)
            else:
                ours = dict(last.state)
            told = begins.state
            if all(name in ours for name in names):
                off = np.hypot.reduce([distance(told[name], ours[name]) for name in names])
                if off <= MEMORY * np.hypot.reduce([distance(ours[name]) for name in names]):
                    return
        raise Unrepeatable("its update rule remembers other steps than those that were recorded")

    def _jobs(self, run: Run) -> list[Job]:
        """Return the reference with what the student's code follows, by either rule of dropout."""
        jobs = [self.code.reference(self.code.matched)]
        if run.training.dropout_keep_ratio not in (None, 0, 1):
            jobs += [self.code.reference((*self.code.matched, "dropout_mask_high"))]
        return jobs

    def _begins_with(self, training: Training, extent: Extent) -> Link | None:
        """Return the run that learned what this one begins with, and how much of it is repeated."""
        if (log := training.log) is None or not log.commits:
            return None
        begins = log.commits[0]
        for other in reversed(self.runs):
            known = other.log
            if known is not None and known.number < log.number:
                for commit in known.commits[1:]:
                    if commit.learned == begins.learned:
                        left = Known.learned_at(commit, Known.at(begins).read)
                        return other, extent.of_before, left
        return None

    def _goes_on(self, training: Training) -> Training | None:
        """Return the run of the same Solver whose histories this one goes on with.

        What it learned last need not be what this one begins with: best parameters come back.
        """
        assert training.log is not None
        if not (count := training.log.settings.get("losses")):
            return None
        for other in reversed(self.runs):
            if other.log is not None and other.log.number < training.log.number:
                losses = other.loss_history
                if len(losses) == count and np.array_equal(losses, training.loss_history[:count]):
                    return other
        raise Unrepeatable("it goes on from a training that did not come to its end")

    def _stretch(self, way: Way, place: int) -> bool:
        """Raise Contradiction or Unrepeatable unless training leads from one state to the next.

        Return whether it only did so roughly.
        """
        run, (start, end) = way.run, way.pairs[place]
        losses = run.training.loss_history[-run.log.commits[-1].step :]
        for job in way.order():
            found, told = way.after(job, place)
            is_one = end.step - start.step == 1
            if found is None or agrees(run, start.state, end.state, found, end.step, is_one):
                self._losses(told, losses[start.step : end.step])
                way.follows(job)
                return False
        assert found is not None
        last = Aside(found)
        del found  # there is memory for few states
        try:
            self._own_way(run, start, end, way.jobs)
        except Differs:
            if not self._as_good(run, start, end, last.read()):
                raise
            return True
        return False

    def _as_good(self, run: Run, start: Known, end: Known, found: State) -> bool:
        """Return whether the reference learns as much over a stretch in which rounding grew.

        The student's code agrees with the reference step by step, and yet not with what it did
        before: its sums are taken in another order each time. Then the stretch must have gone
        roughly the same way, and the reference must be as good at its end.
        """
        off = deviation(start.state, end.state, found, run.training.normalization)
        if off > (FIRST_EPOCH if start.step <= 1 else LATER):
            return False
        kind = run.training.normalization
        if end.whole and memory_off(end.state, found, kind) > ROUGH_MEMORY:
            return False
        theirs, ours = (net_of(*net_parts(state)) for state in (end.state, found))
        return all(
            accuracy(theirs, self.images, split, rows)
            <= accuracy(ours, self.images, split, rows) + GRACE
            for split, rows in form.rows_of(run.training, self.images).items()
        )

    def _own_way(self, run: Run, start: Known, end: Known, jobs: Sequence[Job]) -> None:
        """Hold the reference against the student's own code, a few steps at a time."""
        net = str(run.log.settings.get("net"))
        if net not in NETS:
            raise Unrepeatable("its net is none of the course's, and computes something else")
        last, step = Aside(start.state), start.step
        while step < end.step:
            states, place = [last], step
            room = AT_ONCE // max(1, last.size)
            while place < end.step and len(states) <= max(1, room):
                count = min(PIECE, end.step - place)
                last = self._own(run, last, place, count, net)
                states.append(last)
                place += count
            for one, other in pairwise(states):
                count = min(PIECE, end.step - step)
                if not any(self._piece(job, run, one, other, step, count, net) for job in jobs):
                    raise Unrepeatable("its code computes something else there than the reference")
                step += count
        if not end.is_met_by(last.state):
            raise Differs("its own code comes to another state than the one it told of")

    def _own(self, run: Run, start: Aside, step: int, count: int, net: str) -> Aside:
        """Return the state that the student's own code comes to."""
        return Aside(self.repeat.advance(self.code.own, run, start.read, step, count, net)[0])

    def _piece(
        self, job: Job, run: Run, start: Aside, end: Aside, step: int, count: int, net: str
    ) -> bool:
        """Return whether the reference agrees over a few steps, or over each of their halves."""
        found, _ = self.repeat.advance(job, run, start.read, step, count)
        if agrees(run, start.state, end.state, found, step + count, count == 1):
            return True
        del found  # there is memory for few states
        if count == 1:
            return False
        half = count // 2
        middle = self._own(run, start, step, half, net)
        return self._piece(job, run, start, middle, step, half, net) and self._piece(
            job, run, middle, end, step + half, count - half, net
        )

    def _losses(self, found: np.ndarray, told: np.ndarray) -> None:
        """Raise Unrepeatable if the losses of a repeated stretch are not those that were told."""
        with np.errstate(all="ignore"):
            off = np.abs(found - told) / (np.abs(found) + LOSS)
        if len(found) != len(told) or not np.median(off) <= LOSS:
            raise Unrepeatable("its losses are other ones than the reference's")


def _about(training: Training, extent: Extent, left: Known | None) -> tuple[int, Extent, int]:
    """Return what is asked of a run; of what is drawn the state that it left is no end."""
    return id(training), extent, left.step if left and extent != DRAWN else 0


def moved(training: Training) -> np.ndarray:
    """Return some first parameters of a verified run, and how it has moved them: (2, n)."""
    assert training.log is not None
    first, _ = net_parts(form.state_at(training.log.commits[0]))
    pairs = [
        [array.ravel()[:: array.size // SOME | 1] for array in (first[name], training.params[name])]
        for name in sorted(first)
    ]
    return np.concatenate([np.stack([one, other - one]) for one, other in pairs], axis=1)


def _weights(state: State) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    while (W := state.get(f"params/W{len(found) + 1}")) is not None:
        found.append(W)
    return found
