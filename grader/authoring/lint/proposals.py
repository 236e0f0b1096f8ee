"""A case that would notice a mutant: inputs like those of its item, tried until one shows it.

The cases of the item are the patterns: their arrays get other shapes, sizes and kinds of numbers,
their options other values. The first that the reference passes and the mutant fails is written as
the line to paste into the rubric.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from grader import judges
from grader.authoring.fixtures import reference
from grader.authoring.lint.mutations import Mutant
from grader.authoring.lint.trials import Survivor, loaded, one_by_one, sources
from grader.box.evidence import asked, evidence_of
from grader.errors import UsageError
from grader.guest.observe import observe
from grader.guest.probes.nn import Implementation
from grader.judges import Attempt, Rules
from grader.rubric import inputs
from grader.rubric.cases import Rubric, case_of
from grader.rubric.records import CaseRow, Item
from grader.types import Arrays, Case, Evidence

BUDGET_S = 6.0  # wall seconds for one mutant, less than its child is given
BARE = CaseRow("")  # with nothing written in it
NEW = "shows_a_change"  # the name of the case; a person finds a better one
# What may stand behind the shape of an array, and what numbers of an option are multiplied by.
WORDS = ("", "nonnegative", "positive", "*1024", "*1/1024", "+8", "*1/65536", "halves", "zeros")
FACTORS = (1.0, 0.5, 2.0)
SHAPES: Sequence[Callable[[int], int]] = (
    lambda n: n, lambda n: n + 1, lambda n: 2 * n, lambda n: 1, lambda n: max(n, 2),
)  # fmt: skip


def run(survivors: Sequence[Survivor], rubrics: Sequence[Rubric], folder: Path) -> dict[Any, str]:
    """Return the case that notices each mutant, by the mutant's key; none where none was found.

    `folder` is reference/.
    """
    by_id = {rubric.table.id: rubric for rubric in rubrics}
    tried = [one.mutant for one in survivors]
    found = {}
    with reference.implementation(folder) as nn:
        known = loaded(sources(folder))
        right = {one.function: known[one.function].__code__ for one in tried}
        of = {one.mutant.key: by_id[one.rubrics[0]] for one in survivors}

        def ask(mutant: Mutant) -> Mapping[str, Any]:
            def observed(case: Case, given: Arrays, changed: bool) -> Evidence:
                code = mutant.code if changed else right[mutant.function]
                known[mutant.function].__code__ = code
                return _observed(nn, case, given)

            return {"line": _line(observed, of[mutant.key], mutant.function, folder)}

        for number, said in one_by_one(tried, known, ask):
            if said.get("line"):
                found[tried[number].key] = str(said["line"])
    return found


# What a case gives on the reference, as it is or changed to the mutant.
Observed = Callable[[Case, Arrays, bool], Evidence]


def _line(observed: Observed, rubric: Rubric, function: str, folder: Path) -> str:
    until = time.monotonic() + BUDGET_S
    for item, row in _candidates(rubric, function):
        if time.monotonic() > until:
            return ""
        case = case_of(item, row)
        try:
            given = inputs.of_case(case, rubric.table.seed)
        except UsageError:  # words that exclude each other
            continue
        right = observed(case, given, False)
        if right.outcome != "answered" or _costs(right, [right], case, given, rubric):
            continue
        got = observed(case, given, True)
        if not _costs(got, [right], case, given, rubric):
            continue
        if _costs(got, [right, *_others(case, given, folder)], case, given, rubric):
            return f"{item.id}: {_written(row)}"
    return ""


def _candidates(rubric: Rubric, function: str) -> Iterator[tuple[Item, CaseRow]]:
    """Yield rows like those of the items that are about a function, the smallest change first."""
    name = function.partition(".")[0]
    about = [i for i in rubric.table.items if i.kind == "code" and name in i.function]
    rows = [(i, row) for i in about for row in {r.probe: r for r in reversed(i.cases)}.values()]
    for shape, split, factor, words in itertools.product(SHAPES, (False, True), FACTORS, WORDS):
        for item, row in rows:
            for one in row.inputs if split else (None,):
                changed = {n: _array(t, shape, n == one, words) for n, t in row.inputs.items()}
                options = {
                    n: value * factor if isinstance(value, float) else value
                    for n, value in row.options.items()
                }
                yield item, replace(row, id=NEW, inputs=changed, options=options, public=False)


def _array(text: str, shape: Callable[[int], int], split: bool, words: str) -> str:
    """Return the description of another array; `split` makes two axes of its last one."""
    size, _, said = text.partition(" ")
    if "labels" in said:
        return text
    axes = [] if size == "scalar" else [shape(int(n)) for n in size.split("x")]
    if split and axes and axes[-1] % 2 == 0:
        axes[-1:] = [2, axes[-1] // 2]
    return " ".join(filter(None, ("x".join(map(str, axes)) or size, said, words)))


def _observed(nn: Implementation, case: Case, given: Arrays) -> Evidence:
    return evidence_of(case, *observe(nn, asked(case), dict(given), {}), {})


def _others(case: Case, given: Arrays, folder: Path) -> Iterator[Evidence]:
    """Yield what the other conventions give that the item accepts."""
    for name in case.alternatives:
        with reference.implementation(folder, name) as nn:
            other = _observed(nn, case, given)
        if other.outcome == "answered":
            yield other


def _costs(
    got: Evidence, conventions: Sequence[Evidence], case: Case, given: Arrays, rubric: Rubric
) -> bool:
    """Say whether an answer would lose a part that is worth points."""
    if got.outcome != "answered":
        return True
    item, judge, judging = rubric.item(case.item), judges.find(case.judge), rubric.table.judging
    rules = Rules.of(item.tolerance, judging.unit_axes, judging.float32)
    expected = tuple(one.arrays for one in conventions) if judge.golden else ()
    attempt = Attempt(case, given, got.arrays, got.refused, expected, rules)
    with np.errstate(all="ignore"):
        right = {one.output for one in judge.decide(attempt) if one.right}
    worth = {part.id for part in item.parts if part.points > 0}
    names = [n for n in judge.names(case, expected) if item.part_of(n, case) in worth]
    return not right.issuperset(names)


def _written(row: CaseRow) -> str:
    """Return a row as it stands in a rubric."""
    return _toml({name: value for name, value in vars(row).items() if value != getattr(BARE, name)})


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_toml(one)}' for name, one in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
