"""Make the bands: execute the solved notebooks with a few seeds, and see where their curves lie.

They are executed and judged as a student's are, so what is drawn is what a right solution gives.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader import box, notebooks, percent, training
from grader.assignment import Assignment
from grader.bands import FILE, FORM, kind_of, shown
from grader.engine import job_of
from grader.errors import GoldenError
from grader.spool import Spool
from grader.types import ItemResult, Submission, Trained

SEED = "np.random.seed(231)"
SEEDS = (231, 232, 233, 234, 235)
STEPS = 40  # of the band of a loss
DIGITS = 3
Rows = list[list[float | None]]


def solved(reference: Path, seed: int = SEEDS[0]) -> Submission:
    """Return the reference and its notebooks, with another seed, as a submission."""
    package = reference / "cs231n"
    files = {
        f"cs231n/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*.py"))
    }
    for path in sorted(reference.glob("*.py")):
        cells = percent.parse(path.read_text(encoding="utf-8"), path.stem)
        text = percent.notebook(cells).replace(SEED, f"np.random.seed({seed})")
        files[f"{path.stem}.ipynb"] = text.encode()
    return Submission("reference", "0" * 64, "cs231n", files)


def code_of(reference: Path) -> str:
    """Return the hash of all code cells of the solved notebooks: bands of others are stale."""
    digest = hashlib.sha256()
    for path in sorted(reference.glob("*.py")):
        for cell in percent.parse(path.read_text(encoding="utf-8"), path.stem):
            if cell.kind == "code":
                digest.update(f"{path.stem} {cell.source}\n".encode())
    return digest.hexdigest()


def build(
    reference: Path,
    assignment: Assignment,
    plan: box.Plan,
    say: Callable[[str], None],
    seeds: Sequence[int] = SEEDS,
) -> dict[str, Any]:
    """Return what `curves.json` holds for the images of an assignment: minutes of work."""
    images = assignment.images
    assert images is not None  # shelf.assignment has them
    runs = []
    for seed in seeds:
        runs.append(_runs(solved(reference, seed), assignment, plan))
        say(f"seed {seed}: {len(runs[-1])} runs")
    if len({len(each) for each in runs}) != 1:
        raise GoldenError("curves: the solved notebooks do not run as often with each seed")
    bands = [row for of_seeds in zip(*runs, strict=True) if (row := _band(of_seeds))["items"]]
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    return {
        "profile": shown(images.profile), "cells": code_of(reference), "seeds": list(seeds),
        "built_with": versions, "bands": bands,
    }  # fmt: skip


def write(folder: Path, name: str, made: dict[str, Any]) -> Path:
    """Write the bands for one kind of images beside those for the other."""
    path = folder / FILE
    try:
        whole = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        whole = {}
    kept = {key: whole[key] for key in ("synthetic", "cifar10") if key in whole} | {name: made}
    parts = [f' "form": {FORM}']
    for key, one in kept.items():  # one line for each band: a file that people may compare
        head = json.dumps({k: v for k, v in one.items() if k != "bands"})[:-1]
        rows = ",\n  ".join(map(json.dumps, one["bands"]))
        parts.append(f' "{key}": {head}, "bands": [\n  {rows}\n ]}}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8", newline="\n")
    return path


def _runs(submission: Submission, assignment: Assignment, plan: box.Plan) -> list[Trained]:
    """Execute, recompute and judge; return the runs with the items that rest on them."""
    images, rubric = assignment.images, assignment.rubric
    assert images is not None
    names = [name for name in submission.files if name.endswith(".ipynb")]
    with (
        notebooks.desk(plan, *images.for_the_box()) as at_desk,
        box.Worker(at_desk) as worker,
        Spool() as spool,
    ):
        job = job_of(submission, assignment)
        limits = rubric.table.notebooks
        books = notebooks.execute(submission, names, job, worker, limits, spool)
        nothing = tuple(
            ItemResult(i.id, i.title, i.section, i.where, "skipped", 0.0, i.points, ())
            for i in rubric.table.items
        )
        items, trained, _ = training.grade(nothing, books, rubric, images)
    asked = {item.id for item in rubric.table.items if item.kind == "notebook"}
    lost = [item.id for item in items if item.id in asked and item.status != "passed"]
    if lost:
        raise GoldenError(f"curves: the solved notebooks do not earn {', '.join(lost)}; mend them")
    return list(trained)


def _band(runs: Sequence[Trained]) -> dict[str, Any]:
    """Return one row: the same run with every seed. An item counts where most seeds have it."""
    first = runs[0].training
    items = {item for run in runs for item in run.items}
    often = [i for i in sorted(items) if 2 * sum(i in run.items for run in runs) > len(runs)]
    losses = np.stack([run.training.loss_history for run in runs])
    steps = np.array_split(losses, min(STEPS, losses.shape[1]), axis=1)
    return {
        "items": often,
        "kind": vars(kind_of(first)) | {"scale": float(f"{kind_of(first).scale:.3g}")},
        "seeds": len(runs),
        "epochs": first.num_epochs,
        "loss": _rounded([_middle(step.ravel()) for step in steps]),
        "train": _rounded(_spread([run.training.train_acc_history for run in runs])),
        "val": _rounded(_spread([run.training.val_acc_history for run in runs])),
    }


def _middle(losses: np.ndarray) -> tuple[float, float]:
    """Return where nine of ten losses of a step lie; batches differ, whatever the seed."""
    low, high = np.percentile(losses, (5, 95)) if np.isfinite(losses).all() else (np.nan, np.nan)
    return float(low), float(high)


def _spread(histories: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    whole = np.stack(histories)
    return [(float(column.min()), float(column.max())) for column in whole.T]


def _rounded(edges: Sequence[tuple[float, float]]) -> Rows:
    return [
        [float(f"{edge[i]:.{DIGITS}g}") if np.isfinite(edge[i]) else None for edge in edges]
        for i in (0, 1)
    ]
