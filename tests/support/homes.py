"""Homes of the grader for tests: copies of what is shipped, whole or small."""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.authoring.fixtures import build, misconception_answers
from grader.golden import misconceptions, store
from grader.rubric.reading import read_rubric
from tests.support.handed_in import ROOT

FOLDERS = ("reference", "rubrics", "student_template")
RUBRIC = "cs231n-a2.toml"
MISTAKES = ("affine_backward.toml", "sgd_momentum.toml", "conventions.toml")


def whole(place: Path) -> Path:
    """Copy all that is shipped; return its place."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def small(place: Path) -> Path:
    """Copy one rubric and the usual mistakes of two items, whose answers are soon made again."""
    whole(place)
    for folder, kept in (("rubrics", (RUBRIC,)), ("reference/misconceptions", MISTAKES)):
        for path in (place / folder).glob("*.toml"):
            if path.name not in kept:
                path.unlink()
    reference, golden = place / "reference", place / "reference" / "golden"
    rubrics = [read_rubric(place / "rubrics" / RUBRIC)]
    right = build.build(rubrics, reference, crosschecked=False)
    store.write(golden, *right)
    misconceptions.write(
        golden / misconceptions.FOLDER,
        *misconception_answers.build(rubrics, reference, store.Golden(*right, "")),
    )
    return place
