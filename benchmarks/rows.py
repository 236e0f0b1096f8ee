"""`python -m benchmarks.rows COUNT local|dask DIR`: a class whose grader is a stub.

All else is as `grade class` does it: uploads are kept, results written, rows, pages and tables.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.course.classroom import Course
from grader.course.records import Attempt, File, Found, Person
from grader.course.runners import Runner
from grader.course.runners.cluster import Cluster
from grader.course.runners.local import Local
from grader.course.tasks import Policy
from tests.support.stub_grader import Written

POLICY = Policy("cs231n-a2", notebooks="skip")
JOBS = 2


def attempts(count: int) -> Iterator[Attempt]:
    """Yield an upload for each of `count` students, no two alike."""
    for number in range(count):
        code = f"# handed in by student {number}\ndef affine_forward(x, w, b):\n    pass\n".encode()
        file = File("cs231n/layers.py", len(code), _reading(code))
        person = Person(login=f"s{number:06d}", name=f"Student {number}")
        yield Attempt(person, f"s{number:06d}", (file,))


def _reading(code: bytes) -> Callable[[], bytes]:
    return lambda: code


def main(count: int, how: str, folder: Path) -> None:
    """Enrol, grade and publish; say on standard error how long each took."""
    told, used = time.monotonic(), time.process_time()

    def tell(what: str) -> None:
        nonlocal told, used
        now, cpu = time.monotonic(), time.process_time()
        now_mb, peak_mb = _mb("VmRSS"), _mb("VmHWM")
        print(
            f"  {what} {now - told:.1f} s, {cpu - used:.1f} cpu-s of the driver, "
            f"{now_mb:.0f} MB, {peak_mb:.0f} at most",
            file=sys.stderr,
        )
        told, used = now, cpu

    with Course(folder) as one:
        one.enrol(Found("a stub", tuple(attempts(count))))
        tell("enrolled")
        work = one.work(POLICY)
        tell("planned")
        runner: Runner = (
            Local(POLICY, JOBS, 60.0, Written)
            if how == "local"
            else Cluster(POLICY, "local", JOBS, 60.0, Written)
        )
        try:
            standing = one.grade(POLICY, work, runner, lambda _: None, lambda: False)
        finally:
            runner.stop()
        work.clear()
        tell(f"graded by {how}")
        counts = one.publish(POLICY, "stub", ())
        tell("published")
    if (standing.done, counts.graded) != (count, count):
        raise SystemExit(f"{counts} of {count}")


def _mb(name: str) -> float:
    text = Path("/proc/self/status").read_text()
    line = next(one for one in text.splitlines() if one.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
