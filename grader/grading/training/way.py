"""The way of a run, stretch by stretch, as the reference goes it: many at once if all is equal.

Where the reference comes to the very state that a run committed to, nothing is left to compare: the
worker goes on from there by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.box.job import Job
from grader.grading.training.repeat import Repeat, Run, Stretch
from grader.grading.training.stretches import Known
from grader.guest.training_state import State


class Way:
    """The stretches of one run in order, and what the reference makes of them.

    `jobs` are the reference by any convention that the run may follow: the one that it followed
    last is tried first.
    """

    def __init__(
        self, repeat: Repeat, run: Run, jobs: Sequence[Job], pairs: Sequence[tuple[Known, Known]]
    ) -> None:
        self.run, self.jobs, self.pairs = run, jobs, pairs
        self._repeat = repeat
        self._follows = jobs[0]
        self._met: dict[int, np.ndarray] = {}  # the losses of stretches that came out equal

    def order(self) -> list[Job]:
        """Return the jobs in the order in which they are tried."""
        return sorted(self.jobs, key=lambda job: job is not self._follows)

    def follows(self, job: Job) -> None:
        """Note that the last stretch came out by this job."""
        self._follows = job

    def after(self, job: Job, place: int) -> tuple[State | None, np.ndarray]:
        """Return the state that the reference comes to over one stretch, and the losses.

        The state is None if it is bit by bit the one that the run committed to, which is finite.
        Raises Unrepeatable.
        """
        start, end = self.pairs[place]
        if place not in self._met:
            reached = self._repeat.follow(
                job, self.run, start.read, start.step, list(self._from(place))
            )
            self._met |= dict(enumerate(reached.losses[: reached.met], start=place))
            if not reached.met:
                return reached.state, reached.losses[0]
        if not end.whole and not all(np.isfinite(array).all() for array in end.state.values()):
            return end.state, self._met[place]
        return None, self._met[place]

    def _from(self, place: int) -> list[Stretch]:
        """Return this stretch, and those that begin where the one before them ends."""
        found: list[Stretch] = []
        last: Known | None = None
        for start, end in self.pairs[place:]:
            if last is not None and not (last.whole and start.whole and last.hash == start.hash):
                break
            found.append(Stretch(end.step - start.step, end.hash, end.whole, end.read))
            last = end
        return found
