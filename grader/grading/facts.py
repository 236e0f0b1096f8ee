"""What is known of a submission once its cases ran and were judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from grader.golden.misconceptions import Misconceptions
from grader.grading.verdicts import Evaluator, Verdict
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence

SLOW = ("timeout", "memory", "died")
UP_TO = (0.1, 1.0, 10.0, 100.0)  # seconds that are told apart


class Known(Protocol):
    """Whatever can read the golden answers of misconceptions."""

    @property
    def wrong(self) -> Misconceptions:
        """The misconceptions and their answers."""


@dataclass(frozen=True)
class Again:
    """An item that was tried again: part -> right, and what happened, by case.

    `root` is the item whose mistake was taken out of its way, where one was. `held`: its gradients
    are those of its own forward pass, which may be no normalization at all.
    """

    right: Mapping[str, bool]
    evidence: Mapping[str, Evidence]
    root: str | None
    held: bool


@dataclass(frozen=True)
class Facts:
    """What was asked, what happened, and what was decided.

    `evidence` is by case, `verdicts` and `followed` (what follow-through found) by item.
    """

    rubric: Rubric
    known: Known
    evaluator: Evaluator
    evidence: Mapping[str, Evidence]
    verdicts: Mapping[str, Verdict]
    followed: Mapping[str, Again] = field(default_factory=dict)

    def failed(self) -> dict[str, Verdict]:
        """Return the verdict of each item that is written, could be judged, and is not right."""
        return {
            name: verdict
            for name, verdict in self.verdicts.items()
            if not verdict.passed and verdict.written and not verdict.broken
        }

    def is_slow(self, name: str) -> bool:
        """Return whether an item ran out of time or memory: no more of either is spent on it."""
        return any(fault.kind in SLOW for fault in self.verdicts[name].faults)

    def right(self, name: str) -> dict[str, bool]:
        """Return part -> whether it is right, by itself or with its dependencies put right."""
        again = self.followed.get(name)
        later = {part: True for part, right in again.right.items() if right} if again else {}
        return {**self.verdicts[name].right, **later}

    def lost(self, name: str) -> list[str]:
        """Return the parts of an item that are worth points and not right, as `right` says."""
        right = self.right(name)
        parts = self.verdicts[name].item.parts
        return [part.id for part in parts if part.points > 0 and not right.get(part.id, False)]

    def seconds(self) -> dict[str, float]:
        """Return the cpu seconds that the cases of each item took at most: 0.1, or 1, 10, 100.

        With more digits code that waits could tell what it was asked.
        """
        found = dict.fromkeys(self.verdicts, 0.0)
        for case in self.rubric.cases:
            if case.id in self.evidence:
                found[case.item] += self.evidence[case.id].cpu_s
        return {name: _up_to(seconds) for name, seconds in found.items()}

    def cases(self, name: str) -> list[Case]:
        """Return the cases of an item."""
        return [case for case in self.rubric.cases if case.item == name]


def _up_to(seconds: float) -> float:
    """Return the first of UP_TO that is not exceeded, the last one beyond."""
    return next((most for most in UP_TO if seconds <= most), UP_TO[-1])
