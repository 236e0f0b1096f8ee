"""How much of a run is repeated: that follows from the goals that it serves.

What a run gains in an epoch may have been put there earlier, by weights whose worth shows only
later, or by what the update rule was made to remember. So a gain counts if all before it was
repeated: up to the best moment, where accuracies are compared; up to a state that knows enough,
where a goal only asks that a net has learned something. Of the run that is to be beaten no gain
counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.grading.training.runs import fits, learned
from grader.rubric.records import Goal, On
from grader.types import Trained


@dataclass(frozen=True)
class Extent:
    """What is repeated of a run; nothing stands for the stretches that were drawn.

    `best`: all up to its best moments on these images. `learned`: all up to the first state drawn
    that knows so large a share of the training images, or to the best. `is_firm`: no less will do.
    `to_last`: up to the last state drawn as well, for another run goes on from it.
    """

    best: frozenset[On] = frozenset()
    learned: float = 0.0
    is_firm: bool = False
    to_last: bool = False

    def __or__(self, other: Extent) -> Extent:
        return Extent(
            self.best | other.best,
            max(self.learned, other.learned),
            self.is_firm or other.is_firm,
            self.to_last or other.to_last,
        )

    @property
    def of_before(self) -> Extent:
        """Return what is repeated of the run that this one goes on from."""
        return replace(self, to_last=True) if self.best or self.learned else self


DRAWN = Extent()


def needed(goals: Iterable[Goal], run: Trained) -> Extent:
    """Return how much of a run is to be repeated, of all that these goals may rest on."""
    found = DRAWN
    for goal in goals:
        for wanted, gains in ((goal.runs, goal.judge != "sweeps"), (goal.against, False)):
            if wanted is not None and fits(run, wanted) and learned(run, wanted):
                best = frozenset({goal.on}) if gains else frozenset[On]()
                found |= Extent(best, wanted.learned, goal.judge == "reaches")
    return found
