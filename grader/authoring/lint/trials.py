"""Mutants of the reference under the very same probes and judges as a student's code.

The reference is imported once. A mutant is a function with other code in it, in a forked child with
limits. It runs the cases that reach the function, nearest first, until it has cost a point in every
rubric. What hangs or dies has cost one.
"""

from __future__ import annotations

import functools
import math
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from grader.authoring.fixtures import reference
from grader.authoring.fixtures.misconceptions import functions
from grader.authoring.lint import side_by_side
from grader.authoring.lint.mutations import Mutant, mutants
from grader.box.evidence import asked as asked_of
from grader.box.evidence import evidence_of
from grader.errors import GraderFault
from grader.golden import store
from grader.golden.store import Golden
from grader.grading.verdicts import Evaluator
from grader.guest import children, limits
from grader.guest.observe import observe
from grader.guest.probes.nn import Implementation
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence, Progress

LIMIT_S = 10.0  # wall seconds for all cases of one mutant, which take a tenth of a second


@dataclass
class SharedCase:
    """One case as each rubric that has it judges it, what it reaches, and how long it takes."""

    rubrics: list[tuple[Rubric, Evaluator, Case]]
    reaches: set[str] = field(default_factory=set)
    took_s: float = 0.0

    @functools.cached_property
    def names(self) -> set[str]:
        """The ids of the rubrics."""
        return {rubric.table.id for rubric, _, _ in self.rubrics}


@dataclass(frozen=True)
class Survivor:
    """A mutant that costs no point, and the rubrics in which it lives."""

    mutant: Mutant
    rubrics: tuple[str, ...]


@dataclass(frozen=True)
class MutantResults:
    """How many mutants there are that some case reaches, all of them, and those that live."""

    mutants: tuple[Mutant, ...]
    survivors: tuple[Survivor, ...]

    def within(self, rubrics: Collection[str]) -> MutantResults:
        """Return the same for some of the rubrics."""
        alive = [
            Survivor(one.mutant, names)
            for one in self.survivors
            if (names := tuple(name for name in one.rubrics if name in rubrics))
        ]
        return MutantResults(self.mutants, tuple(alive))


def run(
    rubrics: Sequence[Rubric],
    folder: Path,
    golden: Golden,
    progress: Progress = lambda what, i, n: None,
    only: Callable[[Mutant], bool] = lambda one: True,
) -> MutantResults:
    """Try every mutant of the reference in `folder` that a case of the rubrics reaches.

    A rubric asks nothing of what only items that it leaves out can notice: there it does not live.
    """
    files = sources(folder)
    items = {one.table.id: {item.id for item in one.table.items} for one in rubrics}
    with reference.implementation(folder) as nn:
        known = loaded(files)
        trials = _trials(rubrics, golden)
        _measure(nn, trials, known)
        reached = set().union(*(trial.reaches for trial in trials))
        all_of_them = tuple(one for one in mutants(files) if one.function in reached and only(one))

        def ask(mutant: Mutant) -> Mapping[str, Any]:
            near = [trial for trial in trials if mutant.function in trial.reaches]
            near.sort(key=lambda trial: (len(trial.reaches), trial.took_s))
            lives, noticed_by = _lives(nn, near)  # what reaches little else comes first
            asked = [n for n in sorted(lives) if not noticed_by or noticed_by & items[n]]
            return {"lives": asked}

        lives: dict[int, tuple[str, ...]] = {}
        for step, (number, said) in enumerate(one_by_one(all_of_them, known, ask), start=1):
            progress("mutants", step, len(all_of_them))
            lives[number] = tuple(said.get("lives", ()))
    survivors = tuple(
        Survivor(all_of_them[number], names) for number, names in sorted(lives.items()) if names
    )
    return MutantResults(all_of_them, survivors)


def sources(folder: Path) -> dict[str, str]:
    """Return the files of the reference, by path."""
    return {path: data.decode() for path, data in reference.of_package(folder / "cs231n").items()}


def _trials(rubrics: Sequence[Rubric], golden: Golden) -> list[SharedCase]:
    """Return each case once, with all rubrics that have it."""
    found: dict[tuple[str, ...], SharedCase] = {}
    for rubric in rubrics:
        evaluator = Evaluator(rubric, golden)
        for case in rubric.cases:
            key = (case.id, store.definition(case, rubric.table.seed))
            found.setdefault(key, SharedCase([])).rubrics.append((rubric, evaluator, case))
    return list(found.values())


def loaded(files: Mapping[str, str]) -> dict[str, FunctionType]:
    """Return the functions and methods of the reference that is imported now, by name."""
    found: dict[str, FunctionType] = {}
    for path, source in files.items():
        dotted = path.removesuffix(".py").partition("/")[2].replace("/", ".")
        module = sys.modules.get(f"{reference.PACKAGE}.{dotted}")
        for name, _ in functions(source) if module else ():
            one: Any = functools.reduce(getattr, name.split("."), module)
            found.setdefault(name, one)
    return found


def _measure(
    nn: Implementation, trials: Sequence[SharedCase], known: Mapping[str, FunctionType]
) -> None:
    """Run every case on the reference, to learn which functions it reaches."""
    names = {function.__code__: name for name, function in known.items()}
    for trial in trials:

        def watch(frame: FrameType, event: str, _: Any, trial: SharedCase = trial) -> None:
            if event == "call" and frame.f_code in names:
                trial.reaches.add(names[frame.f_code])

        started = time.process_time()
        sys.setprofile(watch)
        try:
            _lives_in(nn, trial)
        finally:
            sys.setprofile(None)
        trial.took_s = time.process_time() - started


def one_by_one(
    tried: Sequence[Mutant],
    known: Mapping[str, FunctionType],
    ask: Callable[[Mutant], Mapping[str, Any]],
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (number, what `ask` says) for each mutant, asked in a child where it is in place.

    A mutant that ends its child or hangs says nothing, and leaves the rest a fresh child.
    """

    def in_child(say: dict[str, Any], _: Any, answer: children.Answer) -> None:
        for name in say["names"]:
            mutant = tried[int(name)]
            function = known[mutant.function]
            right, function.__code__ = function.__code__, mutant.code
            try:
                answer(dict(ask(mutant)), {})
            finally:
                function.__code__ = right

    def work(numbers: Sequence[int], tell: side_by_side.Tell) -> None:
        names = [str(number) for number in numbers]
        confine = functools.partial(limits.bound, room=limits.FOR_CODE)
        child = children.StudentProcess(in_child, math.ceil(LIMIT_S) * len(names), confine)
        for name, said, _ in child.ask({}, {}, names, LIMIT_S):
            if said.get("outcome") == "died" and said.get("exit") == 0:
                raise GraderFault(f"mutant {tried[int(name)].key}: could not be tried; report it")
            tell({"number": int(name), "said": said})
        child.end()

    for one in side_by_side.run(len(tried), work, "mutants"):
        yield one["number"], one["said"]


def _lives(nn: Implementation, trials: Sequence[SharedCase]) -> tuple[set[str], set[str]]:
    """Return the rubrics in which no case costs a point, and the items that cost one elsewhere."""
    left = {name for trial in trials for name in trial.names}
    noticed_by: set[str] = set()
    for trial in trials:
        asked = left & trial.names
        if asked and (gone := asked - _lives_in(nn, trial)):
            left -= gone
            noticed_by.add(trial.rubrics[0][2].item)
        if not left:
            break
    return left, noticed_by


def _lives_in(nn: Implementation, trial: SharedCase) -> set[str]:
    """Run one case; return the rubrics in which no part that is worth points is lost by it."""
    rubric, _, case = trial.rubrics[0]
    stdout, stderr = sys.stdout, sys.stderr
    try:
        say, arrays = observe(nn, asked_of(case), rubric.case_inputs(case), {})
    finally:
        sys.stdout, sys.stderr = stdout, stderr
    evidence = evidence_of(case, say, arrays, {})
    lives = set()
    for rubric, evaluator, case in trial.rubrics:
        item = rubric.item(case.item)
        worth = {part.id for part in item.parts if part.points > 0}
        names = [name for name in evaluator.names(case) if item.part_of(name, case) in worth]
        if _right(evaluator, case, evidence).issuperset(names):
            lives.add(rubric.table.id)
    return lives


def _right(evaluator: Evaluator, case: Case, evidence: Evidence) -> set[str]:
    """Return the outputs that are right; all of them where a judge breaks, for it costs nothing."""
    if evidence.outcome != "answered":
        return set()
    try:
        found = evaluator.findings(case, evidence)
    except Exception:  # noqa: BLE001 - as in Evaluator.verdict, which then says grader_fault
        return set(evaluator.names(case))
    return {one.output for one in found if one.right}
