"""Check what pydantic cannot know: sums, ids that are used elsewhere, and names that exist."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from grader import judges
from grader.errors import RubricError, UsageError
from grader.guest.operations import operation_of
from grader.judges.tolerances import TOLERANCES
from grader.rubric import inputs
from grader.rubric.cases import large_rows
from grader.rubric.records import LARGE, CaseRow, Item, RubricFile

# By the annotation of a probe's argument: what TOML may hold for it.
OPTIONS: Mapping[str, type | tuple[type, ...]] = {
    "float": (int, float), "int": int, "str": str, "list": list, "dict": dict,
}  # fmt: skip
# By the judge of a goal: the field that it cannot do without.
NEEDED = {"reaches": "at_least", "beats": "against", "sweeps": "over"}
GOALS = "parts of notebook items have a goal, and only they have one or are a bonus"


def check(path: Path, table: RubricFile) -> None:
    """Raise RubricError unless a rubric fits together, and all that it names exists."""
    for problem in _problems(table):
        raise RubricError(f"{path}: {problem}")


def _problems(table: RubricFile) -> Iterator[str]:
    """Yield what is wrong; each step may rely on the ones before, as only the first is raised."""
    yield from _of_items(table, _of_goals, _of_sums, _of_cases)
    yield from _of_ids(table)
    yield from _of_items(table, _of_names)


def _of_items(table: RubricFile, *steps: Callable[[Item], Iterator[str]]) -> Iterator[str]:
    for step in steps:
        for item in table.items:
            yield from (f"item '{item.id}'{problem}" for problem in step(item))


def _of_goals(item: Item) -> Iterator[str]:
    for part in item.parts:
        judge = part.goal.judge if part.goal else ""
        if judge and getattr(part.goal, NEEDED[judge]) is None:
            what = f"a goal with judge '{judge}' needs '{NEEDED[judge]}'"
            yield f", part '{part.id}', goal: {what}"


def _of_sums(item: Item) -> Iterator[str]:
    if item.kind == "question":
        return
    if not item.where:
        yield ": where is missing; name file and function: 'layers.py: relu_forward'"
    for twice in _doubled([part.id for part in item.parts]):
        yield f": two parts are called {twice!r}"
    total = sum(part.points for part in item.parts if not part.bonus)
    if abs(total - item.points) > 1e-9:
        yield f": points is {item.points:g} but its parts add up to {total:g}"
    for part in item.parts:
        if (part.goal is None) != (item.kind == "code") or (part.bonus and not part.goal):
            yield f": part '{part.id}': {GOALS}"


def _of_cases(item: Item) -> Iterator[str]:
    if item.kind == "code" and not item.cases:
        yield ": a code item needs at least one case"
    names = sorted(part.id for part in item.parts)
    for row in item.cases if item.kind == "code" else ():
        if row.id == LARGE:
            yield f": case '{row.id}': the input in `large` has this name; use another"
        if row.part is not None and row.part not in names:
            yield f": case '{row.id}': part '{row.part}' is none of {names}"
        if row.behind is not None and row.behind not in names:
            yield f": case '{row.id}': behind '{row.behind}', which is none of {names}"
        for name in row.refuses:
            if name not in item.alternatives:
                yield f": case '{row.id}': refuses '{name}', which the item does not accept"
        if not (row.probe or item.probe):
            yield f": case '{row.id}': name a probe, here or in the item"


def _of_ids(table: RubricFile) -> Iterator[str]:
    """Yield what is named by an id that nothing has, or that two have."""
    sections = [section.id for section in table.sections]
    for _ in _doubled(sections):
        yield "sections: two of them have the same id"
    above: set[str] = set()
    for item in table.items:
        place = f"item '{item.id}'"
        if item.section not in sections:
            yield f"{place}: section '{item.section}' is not in [[sections]]"
        for need in (*item.needs, *(need for row in item.cases for need in row.needs)):
            if need not in above:
                yield f"{place}: needs '{need}', which no item above has as id"
        for part in item.parts:
            if part.goal and part.goal.besides not in (None, *above):
                what = f"besides '{part.goal.besides}', which no item above has as id"
                yield f"{place}, part '{part.id}': {what}"
        if item.id in above:
            yield f"{place}: there are two items with this id"
        above.add(item.id)
        for twice in _doubled([row.id for row in item.cases]):
            yield f"{place}: two cases are called {twice!r}"


def _doubled(ids: Sequence[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})


def _of_names(item: Item) -> Iterator[str]:
    """Yield names that point nowhere: of a tolerance, an array, a judge, a probe or an argument."""
    if item.tolerance not in TOLERANCES:
        yield f", tolerance: use one of {', '.join(TOLERANCES)}"
    for row in (*item.cases, *large_rows(item)):
        for name, text in row.inputs.items():
            try:
                inputs.check(text)
            except UsageError as error:
                yield f", case '{row.id}', input '{name}': {error}"
        try:
            judges.find(row.judge or item.judge)
            _check_call(row.probe or item.probe or "", row)
        except RubricError as error:
            yield f", case '{row.id}': {error}"


def _check_call(dotted: str, row: CaseRow) -> None:
    """Raise RubricError unless the probe exists and takes the case's inputs and options."""
    module, _, name = dotted.partition(".")
    try:
        probe = getattr(importlib.import_module(f"grader.guest.probes.{module}"), name)
    except (ImportError, AttributeError, ValueError):
        probe = None
    if not inspect.isfunction(probe) or name.startswith("_"):
        raise RubricError(f"probe {dotted!r}: grader/guest/probes has none of that name")
    try:
        operation_of(dotted, row.options)
    except KeyError:
        what = "no operation has it; add a row to grader/guest/operations.py"
        raise RubricError(f"probe {dotted!r}: {what}") from None
    signature = inspect.signature(probe)
    try:
        signature.bind(None, **row.inputs, **row.options)
    except TypeError as error:
        raise RubricError(f"probe {dotted!r}: {error}; compare inputs and options") from None
    for option, value in row.options.items():
        known = signature.parameters.get(option)
        wanted = str(known.annotation).partition(" |")[0].partition("[")[0] if known else ""
        if wanted in OPTIONS and not isinstance(value, OPTIONS[wanted]):
            what = "a " + wanted.replace("str", "text").replace("float", "number")
            raise RubricError(f"options, {option}: {value!r} is not {what}, as {dotted} takes it")
