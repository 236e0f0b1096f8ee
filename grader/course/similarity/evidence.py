"""The records: a submission that is compared, a reason, a pair, and what is usual in a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.course.similarity.traces import Traces

Answer = tuple[str, str]  # case, hash of the wrong numbers


@dataclass(frozen=True, eq=False)
class Entry:
    """A submission that is compared.

    `apart` are groups and declared partners that it belongs to: nothing is said of two that share
    one. `wrong` is item -> its wrong answers; items in `known` are mistakes that have a name. One
    of an `earlier` term is only hashes.
    """

    label: str
    traces: Traces
    name: str = ""
    link: str = ""
    upload: str = ""
    at: str = ""
    apart: frozenset[str] = frozenset()
    wrong: Mapping[str, frozenset[Answer]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    earlier: bool = False


@dataclass(frozen=True)
class Reason:
    """Something that two submissions share: in words and numbers.

    `weight` is minus the logarithm of how often it is shared in this class; it orders, and is no
    probability. `detail` are the shared things themselves.
    """

    kind: str
    says: str
    weight: float
    detail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two submissions by their places, what they share, and the two numbers about their code.

    `alike` is the Dice coefficient of their fingerprints, those of more than a fifth of the class
    left out; `rare` is how many they share that at most three submissions have.
    """

    one: int
    other: int
    alike: float
    rare: int
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> float:
        """What the reasons weigh together."""
        return sum(reason.weight for reason in self.reasons)


@dataclass(frozen=True)
class Usual:
    """What is usual in a class of so many: pairs above either number are listed."""

    entries: int
    pairs: int
    alike: float
    rare: int
