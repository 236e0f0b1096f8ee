"""Student code ends with the grader, however that ends, and with each process of ours above it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support import handed_in, processes

WITHIN_S = 1.0
# A grader whose submission never ends and hears no signal; it says which processes it has then.
GRADER = """
import sys, threading, time
from grader import resources
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.notebooks import execute
from grader.notebooks.spool import Spool
from tests.support import hostile, processes

mode, what = sys.argv[1:]
DEAF = "import os, signal\\nfor n in {*range(1, 65)} - {9, 19, 32, 33}:\\n"
DEAF += "    signal.signal(n, signal.SIG_IGN)\\n"
assignment = resources.assignment(resources.DEFAULT_RUBRIC)

def tell():
    known, since = set(), time.monotonic()
    while time.monotonic() - since < 2 or len(known) < 3:
        time.sleep(0.05)
        now = processes.mine()
        if now != known:
            known, since = now, time.monotonic()
        if len(known) >= 3 and time.monotonic() - since > 0.7:
            break
    print(*sorted(known), flush=True)

threading.Thread(target=tell, daemon=True).start()
if what == "code":
    endless = "def relu_forward(x):\\n    import time\\n    while True: time.sleep(0.1)\\n"
    with Worker(choose(mode)) as worker:
        grade_one(hostile.of_code("endless", DEAF + endless), assignment, worker)
else:
    import json
    from grader.engine import job_of
    from tests.support import handed_in
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
            "source": DEAF + "import time\\nwhile True: time.sleep(0.1)"}
    book = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})
    given = handed_in.of_files("endless", {**handed_in.reference().files, "a.ipynb": book.encode()})
    with execute.workspace(choose(mode)) as roomy, Worker(roomy) as worker, Spool() as spool:
        limits = assignment.rubric.table.notebooks
        execute.execute(given, ["a.ipynb"], job_of(given, assignment), worker, limits, spool)
"""


@pytest.fixture
def no_orphan_is_lost() -> Iterator[None]:
    processes.adopt_orphans()
    before = processes.mine()
    yield
    for pid in processes.mine() - before:
        os.kill(pid, signal.SIGKILL)


ENDS = [
    *(("landlock", "code", one) for one in ("SIGKILL", "SIGTERM", "SIGHUP")),
    ("landlock", "notebook", "SIGKILL"),
    ("landlock", "code", "worker"),
    ("landlock", "code", "driver"),
    ("landlock", "notebook", "driver"),
    ("bubblewrap", "code", "SIGKILL"),
    ("bubblewrap", "notebook", "SIGKILL"),
]


@pytest.mark.usefixtures("no_orphan_is_lost")
@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(("mode", "what", "ends"), ENDS)
def test_student_code_ends_with_what_started_it(mode: str, what: str, ends: str) -> None:
    argv = [sys.executable, "-c", GRADER, mode, what]
    grader = subprocess.Popen(argv, cwd=handed_in.ROOT, stdout=subprocess.PIPE, text=True)
    assert grader.stdout
    below = [int(word) for word in grader.stdout.readline().split()]
    assert len(below) >= 3, "worker, driver, student"
    student = below[-1]
    if ends.startswith("SIG"):
        os.kill(grader.pid, signal.Signals[ends])
        left = set(below)
    else:
        victim = below[0] if ends == "worker" else below[1]
        os.kill(grader.pid, signal.SIGSTOP)  # so that it cannot clean up
        os.kill(victim, signal.SIGKILL)
        left = {student}
    started = time.monotonic()
    assert processes.gone(left, WITHIN_S), f"student code ran on for {WITHIN_S} s"
    assert time.monotonic() - started < WITHIN_S + 0.2
    grader.kill()
    grader.wait()


# Who measures the grader from outside: its own children, and orphans that were left to it.
MEASURED = """
import os, resource
from contextlib import suppress
from grader.box.job import Job
from grader.box.plan import choose
from grader.box.worker import Worker
from tests.support import processes

processes.adopt_orphans()
plan = choose("auto")
worker = Worker(plan)
worker.open(Job("cs231n", {"cs231n/layers.py": b"for n in range(10**6): n * n"}, {}), 1e9)
worker.close()
worker.stop()
with suppress(ChildProcessError):
    while True:
        os.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(plan.outer.name, worker.cpu_s, used.ru_utime + used.ru_stime)
"""


def test_what_a_stopped_box_has_used_is_seen_from_outside() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], cwd=handed_in.ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    _, told, seen = done.stdout.split()
    assert float(seen) > 0.8 * float(told) > 0
