"""What a rubric file may hold: its tables and fields, and what must be so within one of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from grader.rubric import parts
from grader.rubric.goals import BelievingTable, DataTable, GoalTable, Table
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
    years: str = Field(
        default="2018-2020",
        description="course years whose handed-out files it is made for: a row's `years` of "
        "reference/generations.toml",
    )
    seed: str = Field(min_length=1, description="hidden inputs depend on it; keep it from students")
    hint_level: int = Field(default=3, ge=0, le=3, description="how many hints a report may show")
    follow_through: float = Field(
        default=1.0, ge=0, le=1, description="share of a part that is right over right needs"
    )
    mutants: Literal["strict", "warn"] = Field(
        default="warn", description="`grade lint`: a small mistake that no case notices is an error"
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
