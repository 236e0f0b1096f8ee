"""Which stretches of a run are repeated: from which known state to which later one.

Known are the states that were shown, and what was handed to the log as learned at its best moments.
Each is held against the accuracies that were told of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from grader.grading.training import form
from grader.grading.training.agree import net_parts
from grader.grading.training.extent import DRAWN, Extent
from grader.grading.training.form import Contradiction
from grader.grading.training.images import Images, Split
from grader.grading.training.recompute import NO_ROWS, Net, accuracy, net_of
from grader.grading.training.repeat import Run
from grader.guest import training_state
from grader.guest.training_state import State
from grader.types import Commit

LOOK = 0.03  # accuracy that a told look may be off: another machine rounds in another way
SAMPLED = 3.5  # standard deviations, where a run looked at some images only


@dataclass(frozen=True)
class Known:
    """A state of a run that is known, after `step` steps; all of it, or what it learned.

    It is read anew each time, so that only those are in memory that are looked at.
    """

    step: int
    read: Callable[[], State]
    hash: str
    whole: bool = True

    @property
    def state(self) -> State:
        """Return the state. Raises what form.state_at raises."""
        return self.read()

    @classmethod
    def at(cls, commit: Commit) -> Known:
        """Return the state that was shown."""
        past: list[bool] = []

        def shown() -> State:
            state = form.state_at(commit, again=bool(past))
            past.append(True)
            return state

        return cls(commit.step, shown, commit.state)

    @classmethod
    def learned_at(cls, commit: Commit, read: Callable[[], State]) -> Known:
        """Return what was learned by then, of a state."""

        def learned() -> State:
            kept = read().items()
            return {name: array for name, array in kept if name.startswith(("params/", "bn/"))}

        return cls(commit.step, learned, commit.learned, whole=False)

    def is_met_by(self, state: State) -> bool:
        """Return whether this state has the hash that the run committed to."""
        found = training_state.digest(state) if self.whole else training_state.learned(state)
        return found == self.hash


@dataclass(frozen=True)
class Stretches:
    """The stretches of one run; `matched` are the alternatives of the student's code."""

    run: Run
    images: Images
    matched: tuple[str, ...]
    _shares: dict[tuple[int, Split], float] = field(default_factory=dict)  # of images, by step

    def upto(
        self, extent: Extent, past: Sequence[Commit], left: Known | None
    ) -> Iterator[tuple[Known, Known]]:
        """Yield the stretches to repeat, from a known state to a later one."""
        commits = self.run.log.commits
        asked = [commit for commit in commits if commit.asked]
        ends = list(self._ends(extent, past, left))
        seen: set[tuple[int, int, bool]] = set()
        for end in ends:
            for one, other in pairwise(self._chain(asked, end)):
                if (about := (one.step, other.step, other.whole)) not in seen:
                    seen.add(about)
                    yield one, other
        if extent.best:
            return
        repeated, last = max((end.step for end in ends), default=-1), None
        for earlier, commit in pairwise(commits):
            if commit.asked and commit.step > repeated:
                start = last if last and last.step == earlier.step else Known.at(earlier)
                last = Known.at(commit)
                yield start, last

    def _ends(self, extent: Extent, past: Sequence[Commit], left: Known | None) -> Iterator[Known]:
        """Yield the states up to which all is repeated; look at the best ones."""
        training, commits = self.run.training, self.run.log.commits
        moments = {"validation": (1, training.params, training.bn_statistics)}
        if training.fitted_params:
            fitted = (0, training.fitted_params, training.fitted_bn_statistics)
            moments["training"] = fitted
        known: dict[str, Known] = {}
        for on, (place, params, statistics) in moments.items():
            commit = form.committed(form.learned_at(params, statistics), place, [*past, *commits])
            if commit in commits:  # else it was in the run before, which is repeated as well
                read = functools.partial(form.state_of, params, statistics)
                known[on] = Known.learned_at(commit, read)
                # All gain that counts was told, so that it could be drawn.
                self.look(commit.step, known[on].state)
        wanted = set(extent.best)
        best = known.get("training" if "training" in moments else "validation")
        if any(commit.spent for commit in commits) and not wanted:
            wanted = {"training"}
        for on in sorted(wanted):
            if (end := known.get(on if on in moments else "validation")) is not None:
                yield end
        asked = [commit for commit in commits if commit.asked]
        if extent.learned and "training" not in wanted and best is not None:
            yield self._knows(extent.learned, best)
        if extent.to_last and asked:
            yield Known.at(asked[-1])
        if left is not None and extent != DRAWN:
            yield left

    def _knows(self, share: float, best: Known) -> Known:
        """Return the first state with this accuracy on the training images, at last the best."""
        for commit in self.run.log.commits:
            if commit.asked and commit.step < best.step:
                known = Known.at(commit)
                rows = form.rows_of(self.run.training, self.images).get("training", NO_ROWS)
                net = net_of(*net_parts(known.state))
                if self._share(known.step, net, "training", rows) >= share:
                    return known
        return best

    def _share(self, step: int, net: Net, split: Split, rows: np.ndarray) -> float:
        """Return the accuracy after a step, of which there is one state alone."""
        if (step, split) not in self._shares:
            self._shares[step, split] = accuracy(net, self.images, split, rows)
        return self._shares[step, split]

    def _chain(self, asked: Sequence[Commit], end: Known) -> Iterator[Known]:
        """Yield the known states of a run up to one, each read when it is needed."""
        for one in asked:
            if one.step <= end.step:
                yield Known.at(one)
        if not any(one.step == end.step for one in asked):
            yield end

    def look(self, step: int, state: State) -> None:
        """Raise Contradiction if a state is far from the accuracies that were told of it."""
        training, told = self.run.training, self.run.log.settings
        commit = next(one for one in self.run.log.commits if one.step == step)
        if commit.look is None or "starter_2016" in self.matched:
            return  # whose nets measure accuracy in training mode
        net = net_of(*net_parts(state))
        for split, rows in form.rows_of(training, self.images).items():
            place, name = (0, "train_samples") if split == "training" else (1, "val_samples")
            all_of = training.num_train if place == 0 else training.num_val
            some = told.get(name)
            seen = min(all_of, some) if type(some) is int and some > 0 else all_of
            fewest = min(seen, len(rows))
            noise = 0.0 if fewest == all_of else SAMPLED * (0.25 / fewest) ** 0.5
            found = self._share(step, net, split, rows)
            if abs(found - commit.look[place]) > LOOK + noise:
                raise Contradiction("its states have other accuracies than it told of")
