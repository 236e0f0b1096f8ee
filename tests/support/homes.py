"""Homes of the grader for tests: copies of what is shipped, whole or small."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.authoring.fixtures import build, misconception_answers
from grader.golden import misconceptions, store
from grader.rubric.reading import read_rubric
from tests.support import short_run
from tests.support.assignments import shipped_as
from tests.support.handed_in import ROOT

SOME = ("affine_backward", "relu_forward", "sgd_momentum")
FOLDERS = ("reference", "rubrics", "student_template")
RUBRIC = "cs231n-a2.toml"
MISTAKES = ("affine_backward.toml", "sgd_momentum.toml", "conventions.toml")


def whole(place: Path) -> Path:
    """Copy all that is shipped; return its place."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def small(place: Path) -> Path:
    """Copy some items of one rubric and the usual mistakes of two, whose answers are soon made."""
    brief_rubric(whole(place), *SOME, "rmsprop", "adam", "FullyConnectedNet")
    for path in (place / "reference" / "misconceptions").glob("*.toml"):
        if path.name not in MISTAKES:
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


def brief(place: Path, *items: str) -> Path:
    """Make a home whose one rubric asks for these items and what they need; return its place.

    For commands that are processes of their own, where it is not the items that matter; all else
    is as shipped.
    """
    place.mkdir(parents=True, exist_ok=True)
    for name in ("reference", "student_template"):
        (place / name).symlink_to(ROOT / name)
    return brief_rubric(place, *items)


def brief_rubric(place: Path, *items: str) -> Path:
    """Write the one rubric of a home that asks for these items and what they need."""
    rubric = shipped_as(Path(RUBRIC).stem)
    kept = {*items, *(need for item in items for need in rubric.all_needs(item))}
    folder = place / "rubrics" / rubric.table.id
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    table = (ROOT / "rubrics" / RUBRIC).read_text("utf-8")
    for path in (ROOT / "rubrics" / folder.name).glob("*.toml"):
        head, *blocks = re.split(r"(?m)^(?=\[\[items\]\]$)", path.read_text("utf-8"))
        asked = [text for text in blocks if tomllib.loads(text)["items"][0]["id"] in kept]
        if asked:
            (folder / path.name).write_text("".join([head, *asked]), "utf-8")
        else:
            table = table.replace(f'  "{folder.name}/{path.name}",\n', "")
    (place / "rubrics" / RUBRIC).write_text(table, "utf-8")
    return place


@pytest.fixture(scope="module", autouse=True)
def brief_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let commands of a module that imports this ask for SOME; in a whole run for all."""
    with pytest.MonkeyPatch.context() as patch:
        if not short_run.EVERYTHING:
            place = brief(tmp_path_factory.mktemp("home"), *SOME)
            patch.setenv("BACKGRADE_HOME", str(place))
        yield


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
