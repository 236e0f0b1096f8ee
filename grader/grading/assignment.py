"""What every submission is graded against: the rubric, golden answers, and what else it takes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.box.job import Loaded
from grader.errors import RubricError
from grader.golden.bands import Bands
from grader.golden.misconceptions import Misconceptions
from grader.golden.store import Golden
from grader.grading import dependencies
from grader.grading.agreed import Agreed
from grader.grading.training.images import Images
from grader.grading.verdicts import Evaluator
from grader.judges import find
from grader.rubric.cases import Rubric
from grader.rubric.patterns import fits
from grader.rubric.records import Item
from grader.types import Call


@dataclass(frozen=True)
class Assignment:
    """What every submission is graded against.

    `given` holds the handed-out layers.py and layer_utils.py (short name -> source). `grafts` holds
    the reference's layers.py under "layers" if this machine has it: without it an item that
    fails because of another cannot be tried over right layers. `solved` holds the files of the
    reference's nets and layers likewise, laid out as a submission. `mistakes` is the folder of
    golden wrong answers, read once something has failed. `images` are those on which training is
    recomputed; only executed notebooks need them. `bands` are drawn beside a student's curves.
    `trainer` holds the reference's package with its alternatives, by which trainings are repeated.
    What opening `solved` came to is kept: it is the same for every submission; so are answers that
    were right: `agreed`, and what the reference's nets call in a case: `calls`, by case.
    """

    rubric: Rubric
    golden: Golden
    given: Mapping[str, bytes] = field(default_factory=dict)
    grafts: Mapping[str, bytes] = field(default_factory=dict)
    solved: Mapping[str, bytes] = field(default_factory=dict)
    images: Images | None = None
    mistakes: Path | None = None
    bands: Bands = field(default_factory=Bands)
    trainer: Mapping[str, bytes] = field(default_factory=dict)
    _opened: list[Loaded] = field(default_factory=list, init=False, compare=False, repr=False)
    agreed: Agreed = field(default_factory=Agreed, init=False, compare=False, repr=False)
    calls: dict[str, tuple[Call, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @functools.cached_property
    def wrong(self) -> Misconceptions:
        """What the misconceptions give. Raises GoldenError if it cannot be read."""
        if self.mistakes is None:
            return Misconceptions.none()
        return Misconceptions.read(self.mistakes, self.golden.reference)

    @property
    def opened(self) -> Loaded | None:
        """What opening `solved` in the box came to, once that was done."""
        return self._opened[0] if self._opened else None

    def keep_opened(self, loaded: Loaded) -> None:
        """Keep what opening `solved` came to, if all of it could be loaded."""
        outcomes = {one["outcome"] for one in loaded.modules.values()}
        if loaded.codes and outcomes <= {"loaded", "absent"}:
            self._opened[:] = [loaded]

    def only(self, *items: str) -> Assignment:
        """Return the assignment with these items and all that their points can hang on.

        Raises UsageError for an item that is not there.
        """
        return replace(self, rubric=dependencies.only(self.rubric, items))

    def alone(self, *items: str) -> Assignment:
        """Return the assignment with these items, of a submission in which what they need is
        right: their own cases, and nothing else, are asked for.
        """
        return replace(self, rubric=dependencies.alone(self.rubric, items))

    def check(self) -> None:
        """Raise GoldenError or RubricError if the parts do not belong together."""
        cases = (*self.rubric.cases, *self.rubric.ladder)
        with_golden = tuple(case for case in cases if find(case.judge).golden)
        self.golden.check(with_golden, self.rubric.table.seed)
        evaluator = Evaluator(self.rubric, self.golden)
        for item in self.rubric.table.items:
            self._check_item(item, evaluator)

    def _check_item(self, item: Item, evaluator: Evaluator) -> None:
        """Raise RubricError if a part could never be earned, or names what no case gives."""
        place, cases = f"{self.rubric.place}: item '{item.id}'", self.rubric.cases_of(item.id)
        named = [(f"case '{c.id}', only", c.only, evaluator.outputs(c)) for c in cases]
        every = tuple(dict.fromkeys(name for _, _, names in named for name in names))
        named += [(f"part '{part.id}', outputs", part.outputs, every) for part in item.parts]
        for where, patterns, names in named:
            for pattern in patterns:
                if not any(fits(name, pattern) for name in names):
                    what = f"no output is called '{pattern}'; there are {', '.join(names)}"
                    raise RubricError(f"{place}, {where}: {what}")
        decided = {item.part_of(name, case) for case in cases for name in evaluator.names(case)}
        for part in item.parts:
            if part.goal is None and part.id not in decided:
                what = "no case decides it; add a case, or name its outputs"
                raise RubricError(f"{place}, part '{part.id}': {what}")
