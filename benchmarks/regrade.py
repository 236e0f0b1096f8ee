"""A regrade after a change of the rubric, against grading all: seconds, and CPU of all processes.

Students are right, made one usual mistake, or made several. A change is one of those of
tests/support/other_rubric.py; before one that is undone the class was graded by the changed rubric.
A share is one of what `grade class` took in this run. The last columns are the cases that ran, and
the results that `--apply` made whole.
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

CHANGES = (
    ("points", "adam"),
    ("points", "batchnorm_backward"),
    ("points", "dropout_forward"),  # a part of 0 points gets some
    ("more points", "rmsprop"),
    ("words", "affine_forward"),
    ("a bonus", "adam"),
    ("a part more", "adam"),
    ("a case less", "adam"),
    ("a case less", "batchnorm_backward"),
    ("a case less", "dropout_forward"),
    (f"{other_rubric.UNDONE}a case less", "layernorm_forward"),
    (f"{other_rubric.UNDONE}no alternatives", "rmsprop"),
    (f"{other_rubric.UNDONE}no needs", "layernorm_backward"),
    ("loosely", "adam"),
    ("loosely", "affine_forward"),
    ("strictly", "sgd_momentum"),
)
RIGHT, ONE = 0.4, 0.4  # of the students; the others made several mistakes
SEVERAL = 3
TARGET = 0.2


def main(count: int) -> None:
    """Grade `count` students, change an item, regrade and apply it; so for each change."""
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as name:
        folder = Path(name)
        source = classes.write(folder / "source", submissions(count))
        rubrics = folder / "rubrics"
        rubric = other_rubric.copied(rubrics)
        for how, item in CHANGES:
            other_rubric.before(rubrics, item, how)
        options = ["--rubric", str(rubric), "--notebooks", "skip"]
        whole = _grade(["class", str(source), "-o", str(folder / "whole"), "--yes", *options])
        print(f"{count} students: {whole.wall_s:.1f} s, {whole.cpu_s:.1f} cpu-s\n")
        print("| change | item | regrade s | cpu s | share | then `--apply` cpu s | share |"
              " cases | whole | |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for how, item in CHANGES:
            place, text = other_rubric.change(rubrics, item, how)
            _changed(folder, how, item, whole)
            place.write_text(text, "utf-8")


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


def _changed(folder: Path, how: str, item: str, whole: Run) -> None:
    """Regrade a copy of the class by the rubric as it is now, apply it, and tell."""
    one = folder / "changed"
    shutil.copytree(folder / "whole", one)
    looked = _grade(["regrade", str(one)])
    applied = _grade(["regrade", str(one), "--apply"])
    share = looked.cpu_s / whole.cpu_s
    ran, made = _cases(one)
    cells = (
        how, item, f"{looked.wall_s:.1f}", f"{looked.cpu_s:.1f}", f"{share:.1%}",
        f"{applied.cpu_s:.1f}", f"{applied.cpu_s / whole.cpu_s:.1%}", f"{ran:.1%}", str(made),
        "" if share < TARGET else f"over {TARGET:.0%}",
    )  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)
    shutil.rmtree(one)


def _grade(arguments: Sequence[str]) -> Run:
    return measure([sys.executable, "-m", "grader", *arguments])


def _cases(folder: Path) -> tuple[float, int]:
    """Return the share of all cases that ran, as the results of a part tell which items did, and
    how many results were made whole.
    """
    with Store(folder, reading=True) as store:
        policies = store.rows("SELECT policy, count(*) FROM result GROUP BY policy ORDER BY rowid")
        part = policies[1][0]
        keys = [key for (key,) in store.rows("SELECT key FROM result WHERE policy = ?", [part])]
    rubric = Policy(str(folder.parent / "rubrics" / "cs231n-a2.toml"), notebooks="skip")
    cases = Counter(case.item for case in rubric.assignment.rubric.cases)
    ran = 0
    for key in keys:
        record = assembled.read(archive.place_of(folder, key).read_bytes())
        ran += sum(cases[item] for item in record.measured["items"])
    return ran / (cases.total() * len(keys)), policies[2][1] if len(policies) > 2 else 0
