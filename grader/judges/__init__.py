"""Deciding whether an answer is right, in a process that never imported student code.

A judge looks at one case: its inputs, the arrays that came out of the box, and the golden answers
where there are any. It yields one Finding for each output or property that it decides, right or
wrong; a rubric names it by module and instance ("values.close"). What yields no finding earns
nothing: a judge must speak for a point to be given.

    values    arrays against golden arrays, within the tolerance of the operation
    dropout   random masks, by their properties
    nets      initial values and dropout inside a net, by their properties
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from grader.errors import RubricError
from grader.types import Arrays, Case, FaultKind


@dataclass(frozen=True)
class Rules:
    """The rubric's rules: rtol by dtype, and what to do about form."""

    float64: float
    float32: float
    unit_axes: str = "warn"
    float32_policy: str = "warn"


@dataclass(frozen=True)
class Look:
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
    def sizes(self) -> tuple[dict[str, float], ...]:
        """The largest absolute value of each output, for each golden answer."""
        return tuple(
            {name: float(np.abs(array).max(initial=0.0)) for name, array in one.items()}
            for one in self.expected
        )


@dataclass(frozen=True)
class Finding:
    """One output or property, decided. `kind` None means right; a `warning` costs nothing.

    `hidden` is what may be said where inputs and sizes of the case are not to be shown.
    """

    output: str
    kind: FaultKind | None = None
    says: str = ""
    hidden: str = ""
    error: float | None = None
    allowed: float | None = None
    at: tuple[int, ...] | None = None
    wrong: np.ndarray | None = None
    expected: np.ndarray | None = None
    got: np.ndarray | None = None
    warning: bool = False


@dataclass(frozen=True)
class Judge:
    """`decide` yields the findings; `names` says in advance what they will be about.

    `golden` says whether the case has golden arrays at all.
    """

    decide: Callable[[Look], Iterator[Finding]]
    names: Callable[[Case, tuple[Arrays, ...]], tuple[str, ...]]
    golden: bool = True


@functools.cache
def find(dotted: str) -> Judge:
    """Return the judge "module.name"; raises RubricError where there is none."""
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
