"""What a rubric says, as frozen records: the file, its sections, items, parts, cases and goals.

Each record is declared once, here. `reading` has pydantic fill them from TOML by the limits of each
field; everything else, the self-check on a student's machine included, only reads them.

A goal looks for runs of the Solver, not for cells: `runs` selects which ones count, by the shape of
the net and by how it was trained. It is reached by one of three judges:

    { judge = "reaches", runs = { layers = 3, images = 50 }, on = "training", at_least = 1.0 }
    { judge = "beats", runs = { dropout = true }, against = { dropout = false }, by = -0.05 }
    { judge = "sweeps", runs = { normalization = "batchnorm" }, over = "batch_size", values = 3 }

Accuracies are shares in 0..1, recomputed from the learned parameters (see
grader.grading.training.recompute).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from grader.rubric.patterns import fits
from grader.types import Case

On = Literal["training", "validation"]
Policy = Literal["warn", "fail"]
Visibility = Literal["visible", "after_due_date", "after_published", "hidden"]


def _limited(default: Any = ..., description: str = "", **limits: Any) -> Any:
    """Return a field with the description and the limits that pydantic reads; ...: no default."""
    about = {"description": description} if description else {}
    return field(default=default, metadata={**about, **limits})


def _table(description: str) -> Any:
    """Return a field that is a TOML table of its own, empty unless it is written."""
    about = {"description": description, "json_schema_extra": {"default": {}}}
    return field(default_factory=dict, metadata=about)


@dataclass(frozen=True)
class CourseConventions:
    """What the course year means by its words."""

    dropout_p: Literal["keep", "drop"] = _limited(
        "keep", "Is dropout's p the probability to keep or to drop a unit?"
    )


@dataclass(frozen=True)
class TimeLimits:
    """Wall seconds; they are shown in the report when they are hit."""

    load_s: float = _limited(10.0, "to import one module", gt=0, le=120)
    case_s: float = _limited(5.0, "for one case", gt=0, le=120)
    large_s: float = _limited(
        0.15, "CPU seconds for an item's large input, above which a person should look",
        gt=0, le=120,
    )  # fmt: skip
    submission_s: float = _limited(120.0, "for all code items", gt=0, le=3600)


@dataclass(frozen=True)
class NotebookLimits:
    """What notebooks may take; shown in the report when it is hit."""

    cell_s: float = _limited(300.0, "wall seconds of one cell", gt=0, le=7200)
    notebook_s: float = _limited(900.0, "of one notebook", gt=0, le=14400)
    memory_mb: int = _limited(4096, "megabytes of memory", ge=512, le=65536)


@dataclass(frozen=True)
class JudgingPolicy:
    """Rules about what is right in value but not in form."""

    unit_axes: Policy = _limited("warn", "extra axes of length 1 around right values")
    float32: Policy = _limited("warn", "answers in single precision, right to single precision")
    mutated_input: Literal["allow", "warn", "fail"] = _limited(
        "warn", "arguments that were changed in place"
    )


@dataclass(frozen=True)
class SourceReview:
    """What the source of a submission is looked through for; it raises flags, never costs a point.

    A name stands for a module and all inside it; * and ? match any characters.
    """

    forbidden_imports: tuple[str, ...] = _limited((), "modules that would do the homework")
    watched_imports: tuple[str, ...] = _limited((), "modules that a layer has no need of")


@dataclass(frozen=True)
class ImageProfile:
    """How many images there are, and how hard they are."""

    training: int = _limited(5000, ge=1, le=50_000)
    validation: int = _limited(1000, ge=1, le=50_000)
    test: int = _limited(1000, ge=0, le=50_000)
    hidden: int = _limited(2000, "images that never enter the box", ge=0, le=10_000)
    seed: int = _limited(231, "of made-up images", ge=0, lt=2**32)
    scale: float = _limited(1.0, "factor on every validation accuracy that is asked", gt=0, le=2)


@dataclass(frozen=True)
class ImageProfiles:
    """On which images the course works: made-up ones, or CIFAR-10 where `--data` names a folder."""

    synthetic: ImageProfile = ImageProfile()
    cifar10: ImageProfile = ImageProfile(scale=0.7)


@dataclass(frozen=True)
class Believing:
    """When a recomputed accuracy counts."""

    grace: float = _limited(
        0.01, "by how much an accuracy may miss: another machine rounds in another way",
        ge=0, le=0.1,
    )  # fmt: skip
    hidden_errors: float = _limited(
        3.0, "validation accuracy may be above that on hidden images by so many standard errors",
        gt=0, le=10,
    )  # fmt: skip
    claim_band: float = _limited(
        0.1, "told accuracy above the recomputed one, from which a person should look", gt=0, le=1
    )
    training_sample: int = _limited(
        1000, "training accuracy is recomputed on so many of the images at most", ge=50, le=50_000
    )


@dataclass(frozen=True)
class RunFilter:
    """Which runs are looked at; what is left out may be anything."""

    layers: int | None = _limited(None, "layers with weights", ge=1)
    images: int | None = _limited(None, "different training images", ge=1)
    all_images: bool = _limited(False, "no fewer training images than there are")
    epochs: int | None = _limited(None, "at most", ge=1)
    update_rule: str | None = None
    normalization: Literal["none", "batchnorm", "layernorm"] | None = None
    dropout: bool | None = None
    learned: float = _limited(0.0, "training accuracy at least", ge=0, le=1)


@dataclass(frozen=True)
class Goal:
    """One goal; the fields below `runs` belong to one judge each."""

    judge: Literal["reaches", "beats", "sweeps"]
    runs: RunFilter = RunFilter()
    on: On = "validation"
    at_least: float | None = _limited(None, "reaches: accuracy", ge=0, le=1)
    besides: str | None = _limited(
        None, "reaches: by another run than the one that earned this item"
    )
    against: RunFilter | None = _limited(None, "beats: the other run of the pair")
    by: float = _limited(0.0, "beats: difference of accuracies", ge=-1, le=1)
    over: Literal["initial_scale", "batch_size"] | None = _limited(None, "sweeps: what is varied")
    values: int = _limited(2, "sweeps: different values at least", ge=2, le=100)
    apart: float = _limited(1.2, "sweeps: factor between different values", gt=1, le=100)
    more_than: RunFilter | None = _limited(
        None, "sweeps: such runs have fewer values, by `more_by`"
    )
    more_by: int = _limited(0, ge=0, le=100)


@dataclass(frozen=True)
class Part:
    """One part of an item: its points, and the outputs that it is made of."""

    id: str
    points: float = _limited(ge=0, le=1000)
    about: str = _limited(description="what is right when it is earned; shown in the report")
    outputs: tuple[str, ...] = _limited((), "names or patterns; default: its id")
    bonus: bool = _limited(False, "its points come on top of the item's")
    goal: Goal | None = _limited(None, "what a notebook item's runs must do")


@dataclass(frozen=True)
class CaseRow:
    """One probe with named inputs, in one line."""

    id: str
    probe: str | None = _limited(None, "default: the item's probe")
    inputs: dict[str, str] = _table("argument = description of an array")
    options: dict[str, Any] = _table("argument = plain value")
    public: bool = _limited(False, "students may see its inputs and values")
    judge: str | None = _limited(None, "default: the item's judge")
    part: str | None = _limited(None, "all outputs count to this part")
    only: tuple[str, ...] = _limited((), "names or patterns of outputs to judge")
    needs: tuple[str, ...] = _limited((), "items without which it says nothing")
    refuses: tuple[str, ...] = _limited((), "alternatives of the item that are not right here")
    behind: str | None = _limited(None, "a part of the item: unless it is right, this says nothing")


@dataclass(frozen=True)
class Item:
    """One thing to do, with its points."""

    # `where` is what people read: "classifiers/fc_net.py: FullyConnectedNet with dropout" or
    # "Dropout.ipynb, inline question 1"; code asks for `file` and `function`.
    id: str
    section: str
    title: str
    kind: Literal["code", "notebook", "question"] = "code"
    where: str = _limited("", "file and function, or notebook")
    lesson: str = _limited("", "where a notebook leads to it: 'Dropout.ipynb, Dropout, forward'")
    points: float = _limited(ge=0, le=1000)
    bonus: bool = False
    needs: tuple[str, ...] = _limited((), "items whose failure explains this one's")
    probe: str | None = None
    judge: str = "values.close"
    tolerance: str = _limited("layer", "a row of judges/tolerances.py")
    alternatives: tuple[str, ...] = _limited((), "other right conventions")
    parts: tuple[Part, ...] = ()
    cases: tuple[CaseRow, ...] = ()
    large: dict[str, str] = _table(
        "inputs of the probe that take long unless it is computed at once"
    )
    hints: tuple[str, ...] = _limited((), max_length=3)
    asks: tuple[str, ...] = _limited(
        (), "of a question: words that only it has, for years that number it otherwise"
    )

    @property
    def file(self) -> str:
        """The file or notebook that it is written in: "classifiers/fc_net.py"."""
        return re.split("[:,]", self.where, maxsplit=1)[0].strip()

    @property
    def function(self) -> str:
        """The function or class that it asks for; empty unless it is code."""
        return re.split(r"\W", self.where.partition(": ")[2], maxsplit=1)[0]

    def part_of(self, output: str, case: Case) -> str | None:
        """Return the part that this output of the case counts towards; None: only looked at."""
        if case.only and not _matches(output, case.only):
            return None
        if case.part is not None:
            return case.part
        fitting = (p.id for p in self.parts if _matches(output, p.outputs or (p.id,)))
        return next(fitting, None)


@functools.cache
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fits(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Section:
    """A heading of the report."""

    id: str
    title: str


@dataclass(frozen=True)
class RubricFile:
    """The whole file."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # in all tables of a file

    format: Literal[1]
    id: str
    title: str
    years: str = _limited(
        "2018-2020",
        "course years whose handed-out files it is made for: a row's `years` of "
        "reference/generations.toml",
    )
    seed: str = _limited(
        description="hidden inputs depend on it; keep it from students", min_length=1
    )
    hint_level: int = _limited(3, "how many hints a report may show", ge=0, le=3)
    visibility: Visibility = _limited("visible", "when students see a result on Gradescope")
    follow_through: float = _limited(
        1.0, "share of a part that is right over right needs", ge=0, le=1
    )
    mutants: Literal["strict", "warn"] = _limited(
        "warn", "`grade lint`: a small mistake that no case notices is an error"
    )
    conventions: CourseConventions = CourseConventions()
    limits: TimeLimits = TimeLimits()
    notebooks: NotebookLimits = NotebookLimits()
    judging: JudgingPolicy = JudgingPolicy()
    reading: SourceReview = SourceReview()
    data: ImageProfiles = ImageProfiles()
    believing: Believing = Believing()
    sections: tuple[Section, ...] = _limited()
    items: tuple[Item, ...] = _limited()


LARGE = "its large input"  # the name of an item's case that is only timed

# The record of each field that holds one, or a list of them.
TABLES: Mapping[str, type[Any]] = {
    "items": Item, "cases": CaseRow, "parts": Part, "sections": Section,
    "conventions": CourseConventions, "limits": TimeLimits, "notebooks": NotebookLimits,
    "judging": JudgingPolicy, "reading": SourceReview, "data": ImageProfiles,
    "synthetic": ImageProfile, "cifar10": ImageProfile, "believing": Believing, "goal": Goal,
    "runs": RunFilter, "against": RunFilter, "more_than": RunFilter,
}  # fmt: skip
