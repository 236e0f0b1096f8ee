"""Homes of the grader for tests: copies of what is shipped, whole or small."""

from __future__ import annotations

import re
import shutil
import tomllib
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


def one_mistake_a_part(place: Path, *needed: str) -> None:
    """Keep one usual mistake for each part of an item, and the `needed` ones, by their id.

    The others' answers are most of what takes long to make.
    """
    seen = set[tuple[str, str]]()
    for path in sorted((place / "reference" / "misconceptions").glob("*.toml")):
        head, *mistakes = re.split(r"(?m)^(?=\[\[mistakes\]\]$)", path.read_text("utf-8"))
        kept = [head]
        for text in mistakes:
            [one] = tomllib.loads(text)["mistakes"]
            fails = {(item, part) for item, parts in one["fails"].items() for part in parts}
            if not fails <= seen or one["id"] in needed:
                kept.append(text)
                seen |= fails
        path.write_text("".join(kept), "utf-8")
