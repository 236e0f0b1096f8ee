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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from grader.box.job import Job
from grader.grading.training import form
from grader.grading.training.agree import agrees, deviation, memory_off, net_parts
from grader.grading.training.form import Contradiction, Differs, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.recompute import accuracy, net_of
from grader.grading.training.reference import ROOM, Reference
from grader.grading.training.repeat import Repeat, Run
from grader.guest import training_state
from grader.guest.operations import NETS
from grader.guest.training_state import State
from grader.rubric.records import On
from grader.types import Commit, Training, TrainingLog

PIECE = 8  # steps between two states of the student's own code
AT_ONCE = 64 * 1024**2  # bytes of such states that are kept
LOOK = 0.03  # accuracy that a told look may be off: another machine rounds in another way
SAMPLED = 3.5  # standard deviations, where a run looked at some images only
LOSS = 0.05  # of a told loss, likewise
MEMORY = 0.1  # of the size of what an update rule remembers, likewise
SOME = 200  # numbers of a parameter by which copies of a run are known
FIRST_EPOCH, LATER = 50.0, 5.0  # times, where rounding grew; the accuracy must hold as well
ROUGH_MEMORY = 50.0  # likewise, of what an update rule remembers: it is off by its own size
GRACE, EXCUSED = 0.01, 1  # of accuracy, there; how often after the first epoch


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
class Known:
    """A state of a run that is known, after `step` steps; all of it, or what it learned."""

    step: int
    state: State
    hash: str
    whole: bool = True

    def is_met_by(self, state: State) -> bool:
        """Return whether this state has the hash that the run committed to."""
        found = training_state.digest(state) if self.whole else training_state.learned(state)
        return found == self.hash


@dataclass(frozen=True)
class Replay:
    """Repeats the runs of one notebook, which are in the order in which they ended."""

    runs: Sequence[Training]
    repeat: Repeat
    images: Images
    code: Code

    def verify(self, training: Training, on: On, whole: bool) -> Training:
        """Return a run with what is known now of its first weights and its epochs.

        All of it is repeated if it is to be `whole`, up to its best moment `on` these images; else
        what was drawn. Raises Contradiction, or Unrepeatable, with a sentence.
        """
        log = training.log
        if log is None or not log.commits:
            raise Contradiction("nothing was told while it trained")
        if training.rows is None or len(training.rows) != training.num_train:
            raise Unrepeatable("it was trained on other images than the grader has")
        net = net_of(training.params, training.bn_statistics)
        training = replace(training, layer_sizes=net.sizes, normalization=net.normalization)
        before = self._before(training, log)
        goes_on = before if log.settings.get("losses") else None
        if log.settings.get("losses") and before is None:
            raise Unrepeatable("it goes on from a training that did not come to its end")
        form.check(training, log, goes_on)
        first = form.state_at(log.commits[0])
        epochs = 0
        if before is not None:
            epochs = self.verify(before, on, whole).num_epochs
            if any(name.startswith("config/") and array.ndim for name, array in first.items()):
                self._remembers(before, first)
        elif faults := list(form.starts_fresh(first, training, self.images)):
            raise Unrepeatable(faults[0])
        run = Run(training, log, self.code.dropout_p)
        past = goes_on.log.commits if goes_on is not None and goes_on.log is not None else ()
        excused, seen = 0, set[int]()
        for start, end in self._stretches(training, log, on, whole, past):
            for known in (start, end):
                if known.whole and known.step not in seen:
                    seen.add(known.step)
                    form.check_state(known.state, training, known.step, first)
                    self._look(run, known)
            excused += self._stretch(run, start, end) and start.step > 1
            if excused > EXCUSED:
                raise Differs("its own code comes to other states than those it told of")
        stds = tuple(float(w.std()) for w in _weights(first))
        return replace(training, num_epochs=epochs + training.num_epochs, initial_weight_std=stds)

    def _remembers(self, before: Training, first: State) -> None:
        """Raise Unrepeatable unless a run left what the update rule of the next one remembers.

        Whatever stands there moves the parameters with the next step. The run is repeated from the
        last state that it showed.
        """
        log = before.log
        assert log is not None
        known = [commit for commit in log.commits if commit.shown is not None]
        last, steps = form.state_at(known[-1]), log.commits[-1].step - known[-1].step
        run = Run(before, log, self.code.dropout_p)
        for job in self._jobs(run):
            found = last
            if steps:
                found, _ = self.repeat.advance(job, run, last, known[-1].step, steps)
            names = [n for n, array in first.items() if n[:7] == "config/" and array.ndim]
            told, ours = (np.concatenate([np.ravel(s[n]) for n in names if n in s]) for s in
                          (first, found))  # fmt: skip
            if told.shape == ours.shape:
                off = float(np.linalg.norm(told - ours))
                if off <= MEMORY * float(np.linalg.norm(ours)):
                    return
        raise Unrepeatable("its update rule remembers other steps than those that were recorded")

    def _jobs(self, run: Run) -> list[Job]:
        """Return the reference with what the student's code follows, by either rule of dropout."""
        jobs = [self.code.reference(self.code.matched)]
        if run.training.dropout_keep_ratio not in (None, 0, 1):
            jobs += [self.code.reference((*self.code.matched, "dropout_mask_high"))]
        return jobs

    def _before(self, training: Training, log: TrainingLog) -> Training | None:
        """Return the run that ended with the parameters that this one begins with."""
        for other in reversed(self.runs):
            known = other.log
            if known is not None and known.number < log.number:
                if log.commits[0].learned in {one.learned for one in known.commits[1:]}:
                    return other
        return None

    def _stretches(
        self,
        training: Training,
        log: TrainingLog,
        on: On,
        whole: bool,
        past: Sequence[Commit],
    ) -> Iterator[tuple[Known, Known]]:
        """Yield the stretches to repeat, from a known state to a later one."""
        asked = [commit for commit in log.commits if commit.asked]
        whole = whole or any(commit.spent for commit in log.commits)
        moments = [(1, training.params, training.bn_statistics)]
        if training.fitted_params:
            moments += [(0, training.fitted_params, training.fitted_bn_statistics)]
        best: dict[int, tuple[Commit, State]] = {}
        for place, params, statistics in moments:
            learned = form.learned_at(params, statistics)
            commit = form.committed(learned, place, [*past, *log.commits])
            best[place] = commit, form.state_of(params, statistics)
            if commit in log.commits:  # all gain that counts was told, so that it could be drawn
                moment = Known(commit.step, best[place][1], commit.learned, whole=False)
                self._look(Run(training, log, self.code.dropout_p), moment)
        if not whole:
            last: Known | None = None
            for earlier, commit in pairwise(log.commits):
                if commit.asked:
                    known = last is not None and last.step == earlier.step
                    start = last if known and last else self._known(earlier)
                    last = self._known(commit)
                    yield start, last
            return
        commit, learned_state = best.get(0 if on == "training" else 1, best[1])
        if commit not in log.commits:
            return  # the best moment was in the run before, which is repeated as well
        yield from pairwise(self._chain(asked, commit, learned_state))

    def _chain(self, asked: Sequence[Commit], best: Commit, learned: State) -> Iterator[Known]:
        """Yield the known states of a run up to its best moment, each read when it is needed."""
        for one in asked:
            if one.step <= best.step:
                yield self._known(one)
        if not any(one.step == best.step for one in asked):
            yield Known(best.step, learned, best.learned, whole=False)

    def _known(self, commit: Commit) -> Known:
        return Known(commit.step, form.state_at(commit), commit.state)

    def _stretch(self, run: Run, start: Known, end: Known) -> bool:
        """Raise Contradiction or Unrepeatable unless training leads from one state to the next.

        Return whether it only did so roughly.
        """
        jobs = self._jobs(run)
        losses = run.training.loss_history[-run.log.commits[-1].step :]
        for job in jobs:
            found, told = self.repeat.advance(
                job, run, start.state, start.step, end.step - start.step
            )
            if agrees(run, start.state, end.state, found, end.step, end.step - start.step == 1):
                self._losses(told, losses[start.step : end.step])
                return False
        try:
            self._own_way(run, start, end, jobs)
        except Differs:
            if not self._as_good(run, start, end, found):
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
        state, step = start.state, start.step
        while step < end.step:
            states, place = [state], step
            room = AT_ONCE // max(1, sum(array.nbytes for array in state.values()))
            while place < end.step and len(states) <= max(1, room):
                count = min(PIECE, end.step - place)
                state, _ = self.repeat.advance(self.code.own, run, state, place, count, net)
                states.append(state)
                place += count
            for one, other in pairwise(states):
                count = min(PIECE, end.step - step)
                if not any(self._piece(job, run, one, other, step, count, net) for job in jobs):
                    raise Unrepeatable("its code computes something else there than the reference")
                step += count
        if not end.is_met_by(state):
            raise Differs("its own code comes to another state than the one it told of")

    def _piece(
        self, job: Job, run: Run, start: State, end: State, step: int, count: int, net: str
    ) -> bool:
        """Return whether the reference agrees over a few steps, or over each of their halves."""
        found, _ = self.repeat.advance(job, run, start, step, count)
        if agrees(run, start, end, found, step + count, count == 1):
            return True
        if count == 1:
            return False
        half = count // 2
        middle, _ = self.repeat.advance(self.code.own, run, start, step, half, net)
        return self._piece(job, run, start, middle, step, half, net) and self._piece(
            job, run, middle, end, step + half, count - half, net
        )

    def _look(self, run: Run, known: Known) -> None:
        """Raise Contradiction if a shown state is far from the accuracies that were told of it."""
        training, told = run.training, run.log.settings
        commit = next(one for one in run.log.commits if one.step == known.step)
        if commit.look is None or "starter_2016" in self.code.matched:
            return  # whose nets measure accuracy in training mode
        params, averages = net_parts(known.state)
        net = net_of(params, averages)
        for split, rows in form.rows_of(training, self.images).items():
            place, name = (0, "train_samples") if split == "training" else (1, "val_samples")
            all_of = training.num_train if place == 0 else training.num_val
            some = told.get(name)
            seen = min(all_of, some) if type(some) is int and some > 0 else all_of
            fewest = min(seen, len(rows))
            noise = 0.0 if fewest == all_of else SAMPLED * (0.25 / fewest) ** 0.5
            if abs(accuracy(net, self.images, split, rows) - commit.look[place]) > LOOK + noise:
                raise Contradiction("its states have other accuracies than it told of")

    def _losses(self, found: np.ndarray, told: np.ndarray) -> None:
        """Raise Unrepeatable if the losses of a repeated stretch are not those that were told."""
        with np.errstate(all="ignore"):
            off = np.abs(found - told) / (np.abs(found) + LOSS)
        if len(found) != len(told) or not np.median(off) <= LOSS:
            raise Unrepeatable("its losses are other ones than the reference's")


def moved(training: Training) -> np.ndarray:
    """Return some first parameters of a verified run, and how it has moved them: (2, n)."""
    assert training.log is not None
    first, _ = net_parts(form.state_at(training.log.commits[0]))
    both = [
        np.stack([first[name].ravel(), (training.params[name] - first[name]).ravel()])
        for name in sorted(first)
    ]
    return np.concatenate([pair[:, :: pair.shape[1] // SOME | 1] for pair in both], axis=1)


def _weights(state: State) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    while (W := state.get(f"params/W{len(found) + 1}")) is not None:
        found.append(W)
    return found
