"""The desk over a large class: from the command to the first page, and each page after that.

Everything is made up: nothing is graded. Pages are asked for one after another over the loopback,
as a browser does; the time of a page is from the request to its last byte.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from grader.course import decisions
from grader.course.opinions import Criterion, Decision
from tests.support import desks

STUDENTS, QUESTIONS = 2_000, 10
SAVES = 200
WORDS = "the scale of each unit keeps its mean so that test time needs no change because p".split()


def main() -> None:
    """Print what a desk of 2,000 students with 10 questions each takes."""
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="backgrade-bench-") as place:
        folder = Path(place) / "class"
        started = time.perf_counter()
        _fill(folder)
        print(f"{STUDENTS:,} students x {QUESTIONS} made in {time.perf_counter() - started:.1f} s")
        for half in (False, True):
            if half:
                _decide(folder)
            _measure(folder, "half of it decided" if half else "nothing decided")


def _fill(folder: Path) -> None:
    draw = random.Random(231)
    names = [f"Dropout/{number}" for number in range(1, QUESTIONS + 1)]

    def answer() -> str:
        share = draw.random()
        return "" if share < 0.25 else " ".join(draw.choices(WORDS, k=1 + int(60 * share**2)))

    desks.Class(folder).hand_in(
        [desks.result({name: answer() for name in names}) for _ in range(STUDENTS)]
    )


def _decide(folder: Path) -> None:
    """Have half of all answers decided, by criteria."""
    db, draw = decisions.connect(folder), random.Random(5)
    with decisions.writing(db):
        items = [f"Dropout/{number}" for number in range(1, QUESTIONS + 1)]
        for item in items:
            for number in range(6):
                name = f"criterion{number}of{item.replace('/', '-')}"
                decisions.add_criterion(db, Criterion(name, item, number / 4, "a text"), "ada")
        decisions.add(
            db,
            (
                Decision(f"{student:08}", student, item, draw.choice(["ada", "bo"]),
                         decisions.now(), "grade", (f"criterion{draw.randrange(6)}of"
                         f"{item.replace('/', '-')}",), evidence="x", seconds=20.0)
                for item in items for student in range(1, STUDENTS // 2)
            ),
        )  # fmt: skip
    db.execute(
        "UPDATE decision SET evidence = (SELECT evidence FROM to_judge t "
        "WHERE t.student = decision.student AND t.item = decision.item)"
    )
    db.close()


def _measure(folder: Path, what: str) -> None:
    command = [sys.executable, "-m", "grader", "desk", str(folder), "--marker", "ada"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = next(
                word for line in process.stdout for word in line.split() if "http://" in word
            )
            with httpx.Client(headers={"origin": "/".join(address.split("/")[:3])}) as client:
                client.get(address)
                wall_s, cpu_s = time.perf_counter() - started, _cpu_s(process.pid)
                print(f"{what}: first page after {wall_s:.2f} s, {cpu_s:.2f} s of cpu")
                _pages(client, address, process.pid)
        finally:
            process.kill()


def _cpu_s(process: int) -> float:
    """Return the cpu seconds of a process so far: on a busy machine they say more than the wall."""
    facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def _pages(client: httpx.Client, address: str, process: int) -> None:
    item = "Dropout/3"
    times: dict[str, list[float]] = {}
    cpu: dict[str, float] = {}

    def timed(name: str, method: str, url: str, **more: object) -> httpx.Response:
        before, started = _cpu_s(process), time.perf_counter()
        found = client.request(method, url, **more)  # type: ignore[arg-type]
        times.setdefault(name, []).append(1000 * (time.perf_counter() - started))
        cpu[name] = cpu.get(name, 0.0) + 1000 * (_cpu_s(process) - before)
        return found

    for _ in range(SAVES):
        where = timed("next", "GET", f"{address}next?item={item}").headers["location"]
        url = address.split("/", 3)
        url = f"{url[0]}//{url[2]}{where}"
        page = timed("answer", "GET", url)
        fields = {**desks.Forms(page.text).named("grade"), "action": "grade", "points": "1"}
        timed("save", "POST", url, data=fields)
    for path in ("", f"groups?item={item}", f"criteria?item={item}", "agreement"):
        for _ in range(20):
            timed(path.partition("?")[0] or "overview", "GET", address + path)
    for _ in range(20):
        timed("undo", "POST", f"{address}undo")
    for name, found in times.items():
        top = sorted(found)[int(0.99 * (len(found) - 1))]
        mean = cpu[name] / len(found)
        print(
            f"  {name:10} {statistics.median(found):6.1f} ms, 99 % within {top:6.1f} ms; "
            f"{mean:5.1f} ms of cpu"
        )


if __name__ == "__main__":
    main()
