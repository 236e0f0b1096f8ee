"""What is asked: sections, items, parts, cases and tolerances, read from a TOML file.

A rubric is written by people, so every error names file, item and field and says what would be
right. `extends = "other"` starts from another rubric beside the file: its tables are merged, and an
item with a known id changes that item. Nothing is registered anywhere else: a probe or judge is
named by its module and function, and a name that points nowhere is an error here.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from grader import inputs, judges, ladder, parts
from grader.errors import RubricError, UsageError
from grader.goals import BelievingTable, DataTable, GoalTable, ProfileTable, RunsTable, Table
from grader.judges.tolerances import TOLERANCES
from grader.types import Case


class ConventionsTable(Table):
    """What the course year means by its words."""

    dropout_p: Literal["keep", "drop"] = Field(
        default="keep", description="Is dropout's p the probability to keep or to drop a unit?"
    )


class LimitsTable(Table):
    """Wall seconds; they are shown in the report when they are hit."""

    load_s: float = Field(default=10.0, gt=0, le=120, description="to import one module")
    case_s: float = Field(default=5.0, gt=0, le=120, description="for one case")
    large_s: float = Field(
        default=0.15, gt=0, le=120,
        description="CPU seconds for an item's large input, above which a person should look",
    )  # fmt: skip
    submission_s: float = Field(default=120.0, gt=0, le=3600, description="for all code items")


class NotebooksTable(Table):
    """What notebooks may take; shown in the report when it is hit."""

    cell_s: float = Field(default=300.0, gt=0, le=7200, description="wall seconds of one cell")
    notebook_s: float = Field(default=900.0, gt=0, le=14400, description="of one notebook")
    memory_mb: int = Field(default=4096, ge=512, le=65536, description="megabytes of memory")


class JudgingTable(Table):
    """Rules about what is right in value but not in form."""

    unit_axes: Literal["warn", "fail"] = Field(
        default="warn", description="extra axes of length 1 around right values"
    )
    float32: Literal["warn", "fail"] = Field(
        default="warn", description="answers in single precision, right to single precision"
    )
    mutated_input: Literal["allow", "warn", "fail"] = Field(
        default="warn", description="arguments that were changed in place"
    )


class ReadingTable(Table):
    """What the source of a submission is looked through for; it raises flags, never costs a point.

    A name stands for a module and all inside it; * and ? match any characters.
    """

    forbidden_imports: tuple[str, ...] = Field(
        default=(), description="modules that would do the homework"
    )
    watched_imports: tuple[str, ...] = Field(
        default=(), description="modules that a layer has no need of"
    )


class PartTable(Table):
    """One part of an item: its points, and the outputs that it is made of."""

    id: str
    points: float = Field(ge=0, le=1000)
    about: str = Field(description="what is right when it is earned; shown in the report")
    outputs: tuple[str, ...] = Field(default=(), description="names or patterns; default: its id")
    bonus: bool = Field(default=False, description="its points come on top of the item's")
    goal: GoalTable | None = Field(default=None, description="what a notebook item's runs must do")


class CaseTable(Table):
    """One probe with named inputs, in one line."""

    id: str
    probe: str | None = Field(default=None, description="default: the item's probe")
    inputs: dict[str, str] = Field(default={}, description="argument = description of an array")
    options: dict[str, Any] = Field(default={}, description="argument = plain value")
    public: bool = Field(default=False, description="students may see its inputs and values")
    judge: str | None = Field(default=None, description="default: the item's judge")
    part: str | None = Field(default=None, description="all outputs count to this part")
    only: tuple[str, ...] = Field(default=(), description="names or patterns of outputs to judge")
    needs: tuple[str, ...] = Field(default=(), description="items without which it says nothing")


class ItemTable(Table):
    """One thing to do, with its points."""

    id: str
    section: str
    title: str
    kind: Literal["code", "notebook", "question"] = "code"
    where: str = Field(default="", description="file and function, or notebook")
    points: float = Field(ge=0, le=1000)
    bonus: bool = False
    needs: tuple[str, ...] = Field(
        default=(), description="items whose failure explains this one's"
    )
    probe: str | None = None
    judge: str = "values.close"
    tolerance: str = Field(default="layer", description="a row of judges/tolerances.py")
    alternatives: tuple[str, ...] = Field(default=(), description="other right conventions")
    parts: tuple[PartTable, ...] = ()
    cases: tuple[CaseTable, ...] = ()
    large: dict[str, str] = Field(
        default={}, description="inputs of the probe that take long unless it is computed at once"
    )
    hints: tuple[str, ...] = Field(default=(), max_length=3)
    asks: tuple[str, ...] = Field(
        default=(),
        description="of a question: words that only it has, for years that number it otherwise",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> ItemTable:
        if self.kind == "question":
            return self
        if not self.where:
            raise ValueError("where is missing; name file and function: 'layers.py: relu_forward'")
        ids = [part.id for part in self.parts]
        if doubled := {one for one in ids if ids.count(one) > 1}:
            raise ValueError(f"two parts are called {sorted(doubled)[0]!r}")
        total = sum(part.points for part in self.parts if not part.bonus)
        if abs(total - self.points) > 1e-9:
            raise ValueError(f"points is {self.points:g} but its parts add up to {total:g}")
        for part in self.parts:
            if (part.goal is None) != (self.kind == "code") or (part.bonus and not part.goal):
                raise ValueError(f"part '{part.id}': parts of notebook items have a goal, and only "
                                 "they have one or are a bonus")  # fmt: skip
        if self.kind == "notebook":
            return self
        if not self.cases:
            raise ValueError("a code item needs at least one case")
        names = {part.id for part in self.parts}
        for case in self.cases:
            if case.id == LARGE:
                raise ValueError(
                    f"case '{case.id}': the input in `large` has this name; use another"
                )
            if case.part is not None and case.part not in names:
                raise ValueError(f"case '{case.id}': part '{case.part}' is none of {sorted(names)}")
            if not (case.probe or self.probe):
                raise ValueError(f"case '{case.id}': name a probe, here or in the item")
        return self

    def part_of(self, output: str, case: Case) -> str | None:
        """Return the part that this output of the case counts towards; None: only looked at."""
        return parts.part_of(self.parts, output, case)


class SectionTable(Table):
    """A heading of the report."""

    id: str
    title: str


class RubricFile(Table):
    """The whole file."""

    format: Literal[1]
    id: str
    title: str
    seed: str = Field(min_length=1, description="hidden inputs depend on it; keep it from students")
    hint_level: int = Field(default=3, ge=0, le=3, description="how many hints a report may show")
    follow_through: float = Field(
        default=1.0, ge=0, le=1, description="share of a part that is right over right needs"
    )
    conventions: ConventionsTable = ConventionsTable()
    limits: LimitsTable = LimitsTable()
    notebooks: NotebooksTable = NotebooksTable()
    judging: JudgingTable = JudgingTable()
    reading: ReadingTable = ReadingTable()
    data: DataTable = DataTable()
    believing: BelievingTable = BelievingTable()
    sections: tuple[SectionTable, ...]
    items: tuple[ItemTable, ...]

    @model_validator(mode="after")
    def _consistent(self) -> RubricFile:
        sections = {section.id for section in self.sections}
        if len(sections) < len(self.sections):
            raise ValueError("sections: two of them have the same id")
        seen: set[str] = set()
        for item in self.items:
            if item.section not in sections:
                raise ValueError(
                    f"item '{item.id}': section '{item.section}' is not in [[sections]]"
                )
            for need in (*item.needs, *(n for case in item.cases for n in case.needs)):
                if need not in seen:
                    raise ValueError(
                        f"item '{item.id}': needs '{need}', which no item above has as id"
                    )
            for part in item.parts:
                if part.goal and part.goal.besides not in (None, *seen):
                    raise ValueError(
                        f"item '{item.id}', part '{part.id}': besides '{part.goal.besides}', "
                        "which no item above has as id"
                    )
            if item.id in seen:
                raise ValueError(f"item '{item.id}': there are two items with this id")
            seen.add(item.id)
            ids = [case.id for case in item.cases]
            if doubled := {one for one in ids if ids.count(one) > 1}:
                raise ValueError(f"item '{item.id}': two cases are called {sorted(doubled)[0]!r}")
        return self


LARGE = "its large input"  # the name of an item's case that is only timed

# The table of each list or field, to say which fields there are.
TABLES: Mapping[Any, type[Table]] = {
    "items": ItemTable,
    "cases": CaseTable,
    "parts": PartTable,
    "sections": SectionTable,
    "conventions": ConventionsTable,
    "limits": LimitsTable,
    "notebooks": NotebooksTable,
    "judging": JudgingTable,
    "reading": ReadingTable,
    "data": DataTable,
    "synthetic": ProfileTable,
    "cifar10": ProfileTable,
    "believing": BelievingTable,
    "goal": GoalTable,
    "runs": RunsTable,
    "against": RunsTable,
    "more_than": RunsTable,
}


# By the annotation of a probe's argument: what TOML may hold for it.
OPTIONS: Mapping[str, type | tuple[type, ...]] = {
    "float": (int, float), "int": int, "str": str, "list": list, "dict": dict,
}  # fmt: skip
# What would be right, where pydantic says only what is wrong.
RIGHT = {
    "missing": "is missing (required); add it",
    "tuple_type": 'write a list: ["a", "b"]',
    "dict_type": "write a table: {{ a = 1 }}",
    "model_type": "write a table: {{ a = 1 }}",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "string_type": "write a text (a string) in quotes",
    "bool_parsing": "write true or false (a boolean)",
    "bool_type": "write true or false (a boolean)",
    "too_long": "at most {max_length} are allowed, there are {actual_length}",
}


class Rubric:
    """A validated rubric: the tables, its cases as records, and the hash of what it says.

    `place` is the file it was read from, for messages.
    """

    def __init__(self, table: RubricFile, sha256: str, place: str = "") -> None:
        self.table = table
        self.sha256 = sha256
        self.place = place or table.id
        self.cases: tuple[Case, ...] = tuple(
            _case(item, row) for item in table.items for row in item.cases
        )
        self.large: tuple[Case, ...] = tuple(
            _case(item, row) for item in table.items for row in _large(item)
        )
        self.ladder: tuple[Case, ...] = tuple(
            rung
            for item in table.items
            for rung in ladder.of(
                [case for case in self.cases if case.item == item.id],
                [part.id for part in item.parts],
            )
        )
        self._items = {item.id: item for item in table.items}
        self._inputs: dict[str, dict[str, np.ndarray]] = {}

    def item(self, item_id: str) -> ItemTable:
        """Return the item with this id."""
        return self._items[item_id]

    def all_needs(self, item_id: str) -> list[str]:
        """Return what an item needs, and what that needs."""
        direct = self._items[item_id].needs
        return list(
            dict.fromkeys([*direct, *(name for need in direct for name in self.all_needs(need))])
        )

    def case_inputs(self, case: Case) -> dict[str, np.ndarray]:
        """Return the read-only arrays that go into a case, by argument name; made once.

        Parts of a case ("item/name/part") have the same arrays under the same names.
        """
        if case.id not in self._inputs:
            self._inputs[case.id] = inputs.of_case(case, self.table.seed)
        return self._inputs[case.id]


def read_rubric(path: Path) -> Rubric:
    """Read, merge and validate a rubric file. Raises RubricError: "file: item, field: what"."""
    merged = _read_merged(path, ())
    try:
        table = RubricFile.model_validate(merged)
    except ValidationError as error:
        raise RubricError(_explain(path, merged, error)) from None
    _check_names(path, table)
    digest = hashlib.sha256(table.model_dump_json().encode()).hexdigest()
    return Rubric(table, digest, str(path))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rubric file, for editors."""
    return RubricFile.model_json_schema()


def _read_merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise RubricError(f"{path}: 'extends' leads back to this file; break the circle")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RubricError(f"{path}: cannot be read ({error.strerror}); check its name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RubricError(f"{path}: is no valid TOML: {error}") from None
    if "extends" not in table:
        return table
    base_name, without = table.pop("extends"), table.pop("without", [])
    if not isinstance(base_name, str):
        raise RubricError(f"{path}: extends: write the name of a rubric beside this file")
    if not isinstance(without, list):
        raise RubricError(f"{path}: without: write a list of item ids")
    base = _read_merged(path.parent / f"{base_name}.toml", (*seen, path))
    return _merge(path, base, table, without)


def _merge(
    path: Path, base: dict[str, Any], table: dict[str, Any], without: list[Any]
) -> dict[str, Any]:
    """Lay `table` over `base`: tables by key, items by id, then drop the items in `without`."""
    merged = dict(base)
    for key, value in table.items():
        if key != "items":
            known = isinstance(value, dict) and isinstance(base.get(key), dict)
            merged[key] = {**base[key], **value} if known else value
    items = _by_id(path, base.get("items"))
    for item_id, changed in _by_id(path, table.get("items", [])).items():
        items[item_id] = {**items.get(item_id, {}), **changed}
    for gone in without:
        if gone not in items:
            raise RubricError(f"{path}: without: there is no item {gone!r} to leave out")
        del items[gone]
    merged["items"] = [_without_gone(item, set(items)) for item in items.values()]
    return merged


def _by_id(path: Path, items: Any) -> dict[str, dict[str, Any]]:
    """Return [[items]] by their ids. Raises RubricError where that cannot be."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RubricError(f"{path}: items: write one [[items]] table for each item")
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        if not isinstance(item.get("id"), str):
            raise RubricError(f"{path}: an [[items]] has no id; name the item")
        if item["id"] in found:
            raise RubricError(f"{path}: item '{item['id']}': there are two items with this id")
        found[item["id"]] = item
    return found


def _without_gone(item: dict[str, Any], left: set[str]) -> dict[str, Any]:
    """Return an item that no longer needs what was left out; wrong types are left to validation."""
    needs, cases = item.get("needs", []), item.get("cases", [])
    if isinstance(needs, list):
        item = {**item, "needs": [need for need in needs if need in left]}
    if isinstance(cases, list) and all(isinstance(case, dict) for case in cases):
        kept = [case for case in cases if _is_free(case.get("needs", []), left)]
        item = {**item, "cases": kept}
    return item


def _is_free(needs: Any, left: set[str]) -> bool:
    return not isinstance(needs, list) or all(need in left for need in needs)


def _explain(path: Path, merged: Mapping[str, Any], error: ValidationError) -> str:
    """Return the first error as one line: file, item, field, what would be right."""
    first = error.errors()[0]
    place: list[str] = []
    here: Any = merged
    for step in first["loc"]:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int) and isinstance(here, dict) and "id" in here:
            place[-1] = f"{place[-1].removesuffix('s')} '{here['id']}'"
        else:
            place.append(str(step))
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] in RIGHT:
        message = RIGHT[first["type"]].format(**first.get("ctx", {}))
    if first["type"] == "extra_forbidden":
        tables = [TABLES[step] for step in first["loc"][:-1] if step in TABLES]
        known = (tables or [RubricFile])[-1].model_fields
        message = f"there is no such field; use one of {', '.join(known)}"
    return f"{path}: {', '.join([*place, ''])[:-2]}{': ' if place else ''}{message}"


def _check_names(path: Path, table: RubricFile) -> None:
    """Raise RubricError where an item or case names what does not exist."""
    for item in table.items:
        if item.tolerance not in TOLERANCES:
            known = ", ".join(TOLERANCES)
            raise RubricError(f"{path}: item '{item.id}', tolerance: use one of {known}")
        for row in (*item.cases, *_large(item)):
            place = f"{path}: item '{item.id}', case '{row.id}'"
            for name, text in row.inputs.items():
                try:
                    inputs.check(text)
                except UsageError as error:
                    raise RubricError(f"{place}, input '{name}': {error}") from None
            try:
                judges.find(row.judge or item.judge)
                _check_call(row.probe or item.probe or "", row)
            except RubricError as error:
                raise RubricError(f"{place}: {error}") from None


def _check_call(dotted: str, row: CaseTable) -> None:
    """Raise RubricError unless the probe exists and takes the case's inputs and options."""
    module, _, name = dotted.partition(".")
    try:
        probe = getattr(importlib.import_module(f"grader.probes.{module}"), name)
    except (ImportError, AttributeError, ValueError):
        probe = None
    if not inspect.isfunction(probe) or name.startswith("_"):
        raise RubricError(f"probe {dotted!r}: grader/probes has none of that name")
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


def _large(item: ItemTable) -> tuple[CaseTable, ...]:
    return (CaseTable(id=LARGE, inputs=item.large),) if item.large else ()


def _case(item: ItemTable, row: CaseTable) -> Case:
    return Case(
        id=f"{item.id}/{row.id}",
        item=item.id,
        probe=row.probe or item.probe or "",
        inputs=row.inputs,
        options=row.options,
        public=row.public,
        judge=row.judge or item.judge,
        part=row.part,
        only=row.only,
        needs=row.needs,
        alternatives=item.alternatives,
    )
