"""What training has to reach: the tables of a rubric that are about runs of the Solver and images.

A goal looks for runs, not for cells: `runs` says which ones count, by the shape of the net and by
how it was trained. It is reached by one of three judges:

    { judge = "reaches", runs = { layers = 3, images = 50 }, on = "training", at_least = 1.0 }
    { judge = "beats", runs = { dropout = true }, against = { dropout = false }, by = -0.05 }
    { judge = "sweeps", runs = { normalization = "batchnorm" }, over = "batch_size", values = 3 }

Accuracies are shares in 0..1, recomputed from the learned parameters (see
grader.grading.training.recompute).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

On = Literal["training", "validation"]


class Table(BaseModel):
    """Every table of a rubric: unknown fields are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProfileTable(Table):
    """How many images there are, and how hard they are."""

    training: int = Field(default=5000, ge=1, le=50_000)
    validation: int = Field(default=1000, ge=1, le=50_000)
    test: int = Field(default=1000, ge=0, le=50_000)
    hidden: int = Field(
        default=2000, ge=0, le=10_000, description="images that never enter the box"
    )
    seed: int = Field(default=231, ge=0, lt=2**32, description="of made-up images")
    scale: float = Field(
        default=1.0, gt=0, le=2, description="factor on every validation accuracy that is asked"
    )


class DataTable(Table):
    """On which images the course works: made-up ones, or CIFAR-10 where `--data` names a folder."""

    synthetic: ProfileTable = ProfileTable()
    cifar10: ProfileTable = ProfileTable(scale=0.7)


class BelievingTable(Table):
    """When a recomputed accuracy counts."""

    grace: float = Field(
        default=0.01,
        ge=0,
        le=0.1,
        description="by how much an accuracy may miss: another machine rounds in another way",
    )
    hidden_band: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="validation accuracy above that on hidden images, from which it does not count",
    )
    claim_band: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="told accuracy above the recomputed one, from which a person should look",
    )
    training_sample: int = Field(
        default=1000, ge=50, le=50_000,
        description="training accuracy is recomputed on so many of the images at most",
    )  # fmt: skip


class RunsTable(Table):
    """Which runs are looked at; what is left out may be anything."""

    layers: int | None = Field(default=None, ge=1, description="layers with weights")
    images: int | None = Field(default=None, ge=1, description="different training images")
    epochs: int | None = Field(default=None, ge=1, description="at most")
    update_rule: str | None = None
    normalization: Literal["none", "batchnorm", "layernorm"] | None = None
    dropout: bool | None = None
    learned: float = Field(default=0.0, ge=0, le=1, description="training accuracy at least")


class GoalTable(Table):
    """One goal; the fields below `runs` belong to one judge each."""

    judge: Literal["reaches", "beats", "sweeps"]
    runs: RunsTable = RunsTable()
    on: On = "validation"
    at_least: float | None = Field(default=None, ge=0, le=1, description="reaches: accuracy")
    besides: str | None = Field(
        default=None, description="reaches: by another run than the one that earned this item"
    )
    against: RunsTable | None = Field(default=None, description="beats: the other run of the pair")
    by: float = Field(default=0.0, ge=-1, le=1, description="beats: difference of accuracies")
    over: Literal["initial_scale", "batch_size"] | None = Field(
        default=None, description="sweeps: what is varied"
    )
    values: int = Field(default=2, ge=2, le=100, description="sweeps: different values at least")
    apart: float = Field(
        default=1.2, gt=1, le=100, description="sweeps: factor between different values"
    )
    more_than: RunsTable | None = Field(
        default=None, description="sweeps: such runs have fewer values, by `more_by`"
    )
    more_by: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _whole(self) -> GoalTable:
        needed = {"reaches": "at_least", "beats": "against", "sweeps": "over"}[self.judge]
        if getattr(self, needed) is None:
            raise ValueError(f"a goal with judge '{self.judge}' needs '{needed}'")
        return self
