"""A regrade after one item changed, against grading all: seconds, CPU of all processes, cases.

Students are right, made one usual mistake, or made several. Points of the item's parts change
places, so that some of them move. Each number is a share of what `grade class` took in this run.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.class_ import Run, measure
from grader.authoring.fixtures.misconceptions import Overlap
from grader.course.store import Store
from grader.course.tasks import Policy
from tests.support import classes, handed_in, other_rubric

ITEMS = ("adam", "batchnorm_backward", "dropout_forward")
RIGHT, ONE = 0.4, 0.4  # of the students; the others made several mistakes
SEVERAL = 3
TARGET = 0.2


def main(count: int) -> None:
    """Grade `count` students, change an item, regrade and apply it; so for each of some items."""
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as name:
        folder = Path(name)
        source = classes.write(folder / "source", submissions(count))
        rubric = other_rubric.copied(folder / "rubrics")
        options = ["--rubric", str(rubric), "--notebooks", "skip"]
        whole = _grade(["class", str(source), "-o", str(folder / "whole"), "--yes", *options])
        print(f"{count} students: {whole.wall_s:.1f} s, {whole.cpu_s:.1f} cpu-s")
        for item in ITEMS:
            _changed(folder, item, whole, count)


def submissions(count: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield (login, files) of students of three kinds, no two alike."""
    draw = random.Random(231)
    for number in range(count):
        kind = draw.random()
        wrong = 0 if kind < RIGHT else 1 if kind < RIGHT + ONE else SEVERAL
        files = _with(wrong, draw)
        files["cs231n/layers.py"] += f"\n# handed in by student {number}\n".encode()
        yield f"s{number:05d}", files


def _with(wrong: int, draw: random.Random) -> dict[str, bytes]:
    """Return the reference with so many usual mistakes, none at the words of another."""
    known = list(handed_in.usual_mistakes().values())
    while True:
        with suppress(Overlap):
            planned = draw.sample(known, wrong)
            return dict(handed_in.with_mistakes(handed_in.reference(), planned).files)


def _changed(folder: Path, item: str, whole: Run, count: int) -> None:
    """Change an item in a copy of the class and of the rubric; regrade, apply, and tell."""
    one = folder / item
    shutil.copytree(folder / "whole", one)
    place, text = other_rubric.change(folder / "rubrics", item)
    try:
        looked = _grade(["regrade", str(one)])
        applied = _grade(["regrade", str(one), "--apply"])
        _tell(f"{item}: regrade", looked, whole)
        _tell(f"{item}: then --apply", applied, whole)
        _cases(one, item)
    finally:
        place.write_text(text, "utf-8")
        shutil.rmtree(one)


def _grade(arguments: Sequence[str]) -> Run:
    return measure([sys.executable, "-m", "grader", *arguments])


def _tell(what: str, run: Run, whole: Run) -> None:
    cpu, wall = run.cpu_s / whole.cpu_s, run.wall_s / whole.wall_s
    within = "" if cpu < TARGET else f"   over {TARGET:.0%}"
    print(f"{what:32} {run.wall_s:6.1f} s {wall:5.1%}  {run.cpu_s:6.1f} cpu-s {cpu:5.1%}{within}")


def _cases(folder: Path, item: str) -> None:
    """Say how many results of the item alone there are, and how many whole ones were made."""
    with Store(folder, reading=True) as store:
        rows = store.rows("SELECT count(*) FROM result GROUP BY policy ORDER BY 1 DESC")
    rubric = str(folder.parent / "rubrics" / "cs231n-a2.toml")
    every = Policy(rubric, notebooks="skip")
    part = every.assignment.only(item).rubric
    counts = ", ".join(str(row[0]) for row in rows)
    print(
        f"  {len(part.cases)} of {len(every.assignment.rubric.cases)} cases run; results by "
        f"policy: {counts}",
        flush=True,
    )
