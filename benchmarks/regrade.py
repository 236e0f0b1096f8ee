"""A regrade after one item changed, against grading all: seconds, CPU of all processes, cases.

Students are right, made one usual mistake, or made several. The item has a hidden case less, which
some of the mistakes show in; or the points of its parts change places. Each number is a share of
what `grade class` took in this run.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.class_ import Run, measure
from grader.authoring.fixtures.misconceptions import Overlap
from grader.course import archive, assembled
from grader.course.store import Store
from grader.course.tasks import Policy
from tests.support import classes, handed_in, other_rubric

ITEMS = ("adam", "batchnorm_backward", "dropout_forward")
CHANGES = ("a case less", "points")
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
        for how in CHANGES:
            for item in ITEMS:
                _changed(folder, item, how, whole)


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


def _changed(folder: Path, item: str, how: str, whole: Run) -> None:
    """Change an item in a copy of the class and of the rubric; regrade, apply, and tell."""
    one = folder / item
    shutil.copytree(folder / "whole", one)
    place, text = other_rubric.change(folder / "rubrics", item, how)
    try:
        looked = _grade(["regrade", str(one)])
        applied = _grade(["regrade", str(one), "--apply"])
        _tell(f"{item}, {how}: regrade", looked, whole)
        _tell(f"{item}, {how}: then --apply", applied, whole)
        _cases(one)
    finally:
        place.write_text(text, "utf-8")
        shutil.rmtree(one)


def _grade(arguments: Sequence[str]) -> Run:
    return measure([sys.executable, "-m", "grader", *arguments])


def _tell(what: str, run: Run, whole: Run) -> None:
    cpu, wall = run.cpu_s / whole.cpu_s, run.wall_s / whole.wall_s
    within = "" if cpu < TARGET else f"   over {TARGET:.0%}"
    print(f"{what:46} {run.wall_s:6.1f} s {wall:5.1%}  {run.cpu_s:6.1f} cpu-s {cpu:5.1%}{within}")


def _cases(folder: Path) -> None:
    """Count the cases that ran, as the results of a part tell which items did."""
    with Store(folder, reading=True) as store:
        policies = store.rows("SELECT policy, count(*) FROM result GROUP BY policy ORDER BY rowid")
        part = policies[1][0]
        keys = [key for (key,) in store.rows("SELECT key FROM result WHERE policy = ?", [part])]
    rubric = Policy(str(folder.parent / "rubrics" / "cs231n-a2.toml"), notebooks="skip")
    cases = Counter(case.item for case in rubric.assignment.rubric.cases)
    ran: Counter[tuple[str, ...]] = Counter()
    for key in keys:
        record = assembled.read(archive.place_of(folder, key).read_bytes())
        ran[tuple(record.measured["items"])] += 1
    total = sum(many * sum(cases[item] for item in items) for items, many in ran.items())
    share = total / (cases.total() * len(keys))
    print(f"  {total:,} cases ran, {share:.1%} of all; of so many students, items:", end=" ")
    print(", ".join(f"{many}: {len(items)}" for items, many in ran.most_common()))
    print(f"  made whole: {policies[2][1] if len(policies) > 2 else 0}", flush=True)
