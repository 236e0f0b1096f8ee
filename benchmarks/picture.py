"""The page of 2,000 students, and the comparison of 5,000 submissions: seconds and bytes."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from grader.course.classroom import Course
from grader.course.dashboard import page
from grader.course.similarity import run
from grader.course.sources import read
from grader.report import class_page
from tests.support import authors, classes, disguises, made_class

STUDENTS, SUBMISSIONS, COPIES = 2_000, 5_000, 40


def main() -> None:
    """Print both."""
    truth = [one for seed in range(4) for one in made_class.truth(seed)][:STUDENTS]
    pupils = made_class.pupils(truth)
    started = time.perf_counter()
    made = page.make(pupils, page.Setting("a2", made_class.rubric()))
    source = class_page.render(made)
    took = time.perf_counter() - started
    print(
        f"page of {STUDENTS:,} students: {took:.2f} s, {len(source.encode()) / 1e6:.2f} MB"
        "   target 2 s, 2 MB"
    )
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as name:
        folder = Path(name)
        with Course(folder / "class") as course:
            course.enrol(read([_uploads(folder / "source")], "folders", None))
        started = time.perf_counter()
        print(run.run(run.Asked(folder / "class")))
        took = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows = (folder / "class/staff/similarity/pairs.csv").read_text().splitlines()
        names = dict(
            line.split(",")[:2]
            for line in (folder / "class/staff/similarity/names.csv").read_text().splitlines()
        )
        found = [{names[row.split(",")[0]], names[row.split(",")[1]]} for row in rows[1:]]
        planted = [{f"a{number:04d}", f"c{number:04d}"} for number in range(COPIES)]
        first = sum(pair in found[: 2 * COPIES] for pair in planted)
        print(
            f"comparison of {SUBMISSIONS:,}: {took:.1f} s, {peak:.0f} MB   target 60 s\n"
            f"  {first} of {COPIES} disguised copies are among the first {2 * COPIES} pairs"
        )


def _uploads(folder: Path) -> Path:
    students = [(f"a{n:04d}", authors.author(n)) for n in range(SUBMISSIONS - COPIES)]
    for number in range(COPIES):
        copy = disguises.disguised(authors.author(number), 1 + number % 4, str(number))
        students.append((f"c{number:04d}", copy))
    return classes.write(folder, students)


if __name__ == "__main__":
    main()
