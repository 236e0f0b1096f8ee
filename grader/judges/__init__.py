"""Deciding whether an answer is right, in a process that never imported student code.

A judge decides one case: its inputs, the arrays that came out of the box, and the golden answers if
there are any. It yields one Finding for each output or property, right or wrong; a rubric names it
by module and instance ("values.close"). What yields no finding earns nothing: a judge must decide
for a point to be given.

    values    arrays against golden arrays, within the tolerance of the operation
    dropout   random masks, by their properties
    nets      initial values and dropout inside a net, by their properties
    masked    loss and gradients of a net with dropout, by the masks that its run shows
    own       a backward pass against its own forward pass
    wording   the sentences about findings, for public and for hidden cases
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Union

import numpy as np

from grader.errors import RubricError
from grader.judges.tolerances import TOLERANCES
from grader.judges.wording import REASONS
from grader.types import Arrays, Case, FaultKind

FLOOR = 1e-3  # of the largest value in the case: below it an array is judged by that scale
Fact = Union[float, tuple[int, ...]]  # noqa: UP007 - the self-check runs on Python 3.9


@dataclass(frozen=True)
class Rules:
    """The rubric's rules: rtol by dtype, and what to do about form."""

    float64: float
    float32: float
    unit_axes: str = "warn"
    float32_policy: str = "warn"

    @classmethod
    def of(cls, tolerance: str, unit_axes: str, float32_policy: str) -> Rules:
        """Return the rules with the tolerances of one row of TOLERANCES."""
        row = TOLERANCES[tolerance]
        return cls(row.float64, row.float32, unit_axes, float32_policy)


class Answer(dict[str, np.ndarray]):
    """One accepted answer of a case, by output, with what every judge asks of it."""

    @functools.cached_property
    def sizes(self) -> Mapping[str, float]:
        """The largest absolute value of each output."""
        return {name: float(np.abs(array).max(initial=0.0)) for name, array in self.items()}

    @functools.cached_property
    def whole(self) -> np.ndarray:
        """All numbers of all outputs, one behind the other, in float64."""
        return np.concatenate([np.zeros(0), *map(np.ravel, self.values())])

    @functools.cached_property
    def scales(self) -> np.ndarray:
        """What the error of each of these numbers is measured in."""
        least = FLOOR * max(self.sizes.values(), default=0.0)
        each = [max(size, least) or 1.0 for size in self.sizes.values()]
        return np.repeat(each, [array.size for array in self.values()])


@dataclass(frozen=True)
class Attempt:
    """One case as a judge sees it; `expected` holds the golden answer and its alternatives."""

    case: Case
    inputs: Arrays
    arrays: Arrays
    refused: Mapping[str, str]
    expected: tuple[Arrays, ...]
    rules: Rules

    @functools.cached_property
    def single_precision(self) -> bool:
        """Whether anything that came out of the case is float32."""
        return any(array.dtype == np.float32 for array in self.arrays.values())

    @functools.cached_property
    def sizes(self) -> tuple[Mapping[str, float], ...]:
        """The largest absolute value of each output, for each golden answer."""
        return tuple(
            one.sizes if isinstance(one, Answer) else Answer(one).sizes for one in self.expected
        )


@dataclass(frozen=True)
class Finding:
    """One output or property, decided: data and no text, which is made by grader.judges.wording.

    `reason` is a row of REASONS, "" means right; a `warning` costs nothing. `subject` is the output
    that the reason speaks of, if it is another one. `facts` are numbers and shapes of the case.
    """

    output: str
    reason: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    error: float | None = None
    allowed: float | None = None
    at: tuple[int, ...] | None = None
    wrong: np.ndarray | None = None
    expected: np.ndarray | None = None
    got: np.ndarray | None = None
    warning: bool = False
    subject: str = ""

    def __post_init__(self) -> None:
        """Raise TypeError if a judge hands over text of its own."""
        if not (self.reason or self.facts or self.subject) and self.output.isidentifier():
            return
        facts = self.facts.values()
        numbers = [n for fact in facts for n in (fact if isinstance(fact, tuple) else (fact,))]
        if (
            not all(name.isidentifier() for name in (self.output, self.subject or self.output))
            or self.reason not in ("", *REASONS)
            or not all(isinstance(number, (int, float)) for number in numbers)
        ):
            raise TypeError(f"finding about {self.output!r}: name a row of REASONS, no text")

    @property
    def kind(self) -> FaultKind | None:
        """The kind of the fault; None means right."""
        return REASONS[self.reason].kind if self.reason else None

    @property
    def right(self) -> bool:
        """Whether it costs nothing: it is right, or a warning."""
        return not self.reason or self.warning

    def under(self, output: str) -> Finding:
        """Return the finding as that about another output, for which this one is the reason."""
        return replace(self, output=output, subject=self.subject or self.output)


@dataclass(frozen=True)
class Judge:
    """`decide` yields the findings; `outputs` gives in advance what they will be about.

    A `golden` judge needs the case's golden arrays, whose names are its outputs. What a judge that
    `repeats` decides was asked again and again in one case.
    """

    decide: Callable[[Attempt], Iterator[Finding]]
    outputs: Callable[[Case], Iterable[str]] = lambda case: ()
    golden: bool = False
    repeats: bool = False
    agrees: Callable[[Attempt, bool], bool] = lambda attempt, single: False

    def names(self, case: Case, expected: tuple[Arrays, ...]) -> tuple[str, ...]:
        """Return the outputs of a case that it will decide."""
        return tuple(expected[0] if self.golden else self.outputs(case))


@functools.cache
def find(dotted: str) -> Judge:
    """Return the judge "module.name". Raises RubricError if there is none."""
    module, _, name = dotted.partition(".")
    try:
        judge = getattr(importlib.import_module(f"grader.judges.{module}"), name)
    except (ImportError, AttributeError, ValueError):
        judge = None
    if not isinstance(judge, Judge):
        raise RubricError(
            f"judge {dotted!r}: grader/judges has none of that name; see its docstring"
        )
    return judge
