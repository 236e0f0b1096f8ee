"""Where the curves of the reference lie: bands over a few seeds, shown beside a student's curves.

They are a picture and no measure: nothing is judged by them. `reference/golden/curves.json` holds
them, made by `grade fixtures curves` (grader.authoring.fixtures.curves) from the solved notebooks:

    {"form": 1, "synthetic": {"profile": {...}, "cells": sha256, "seeds": [...], "built_with": ...,
                              "bands": [{"items": [...], "update_rule": "sgd", ..., "loss": ...}]}}

and the same under "cifar10" where it was made on real images.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.errors import GoldenError
from grader.golden.store import MISSHAPEN
from grader.rubric.records import ImageProfile
from grader.types import Band, Trained, Training

FORM = 1
FILE = "curves.json"
AGAIN = "restore it, or run `grade fixtures curves`"


@dataclass(frozen=True)
class Kind:
    """What tells the runs of an item apart."""

    update_rule: str
    normalization: str | None
    drops: bool
    batch_size: int
    scale: float


@dataclass(frozen=True)
class Entry:
    """One run of the solved notebooks, over all seeds."""

    items: tuple[str, ...]
    kind: Kind
    band: Band


def kind_of(training: Training) -> Kind:
    """Return of which kind a run is."""
    ratio = training.dropout_keep_ratio
    drops = ratio is not None and 0 < ratio < 1
    first = next(iter(training.initial_weight_std), 0.0)
    scale = float(first) if math.isfinite(first) else 0.0
    return Kind(training.update_rule, training.normalization, drops, training.batch_size, scale)


class Bands:
    """The bands for one kind of images; without a file, or for other images, there are none."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = tuple(entries)

    @classmethod
    def read(cls, folder: Path, profile: ImageProfile, real: bool) -> Bands:
        """Read the bands for images of this profile. Raises GoldenError for a file that is none."""
        try:
            whole = json.loads((folder / FILE).read_bytes())
            found = whole.get("cifar10" if real else "synthetic")
            if whole["form"] != FORM:
                raise ValueError(f"has form {whole['form']!r}")
            if found is None or found["profile"] != shown(profile):
                return cls()
            return cls([_entry(row) for row in found["bands"]])
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise GoldenError(f"{folder / FILE}: cannot be read ({error}); {AGAIN}") from None
        except MISSHAPEN as error:
            raise GoldenError(f"{folder / FILE}: is no such file ({error}); {AGAIN}") from None

    def beside(self, runs: Sequence[Trained]) -> tuple[Trained, ...]:
        """Return the runs, each that an item rests on with the band of the reference's run."""
        return tuple(
            replace(run, band=self.nearest(run)) if run.items and self.entries else run
            for run in runs
        )

    def nearest(self, run: Trained) -> Band | None:
        """Return the band of the run of the reference that plays the same part.

        In what tells the reference's runs for an item apart, the two must agree; batch size and
        scale of the first weights may differ, and the nearest is taken.
        """
        kind = kind_of(run.training)
        found = [entry for item in run.items for entry in self._peers(item, kind)]
        return min(found, key=lambda entry: _far(entry.kind, kind)).band if found else None

    def _peers(self, item: str, kind: Kind) -> list[Entry]:
        peers = [entry for entry in self.entries if item in entry.items]
        for name in ("update_rule", "normalization", "drops"):
            if len({getattr(entry.kind, name) for entry in peers}) > 1:
                peers = [e for e in peers if getattr(e.kind, name) == getattr(kind, name)]
        return peers


def shown(profile: ImageProfile) -> dict[str, Any]:
    """Return what the curves depend on of the images: not the hidden ones, not what is asked."""
    return {name: getattr(profile, name) for name in ("training", "validation", "seed")}


def _far(one: Kind, other: Kind) -> float:
    pairs = ((one.batch_size, other.batch_size), (one.scale, other.scale))
    return sum(abs(math.log(a / b)) for a, b in pairs if a > 0 and b > 0)


def _entry(row: Mapping[str, Any]) -> Entry:
    kind = Kind(**row["kind"])
    loss, train, val = (_edges(row[name]) for name in ("loss", "train", "val"))
    band = Band(int(row["seeds"]), int(row["epochs"]), loss, train, val)
    return Entry(tuple(map(str, row["items"])), kind, band)


def _edges(rows: Any) -> np.ndarray:
    """Return a lower and an upper edge, shape (2, n); null is no number."""
    edges = np.array(rows, dtype=np.float64)
    if edges.ndim != 2 or len(edges) != 2 or not edges.size:
        raise ValueError("a band has no two edges")
    return edges
