"""The floor under a warm grading: a forked child that confines itself, compiles, imports and runs
every probe once. Nothing is judged, and nothing is sent but a word at the end.

`python -m benchmarks.floor` reads one frame from stdin, runs children, prints ms of CPU of each.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader.box import outer
from grader.box.evidence import asked, modules_of
from grader.box.plan import FIRST_UID, INNER, choose, environment
from grader.engine import job_of
from grader.grading.assignment import Assignment
from grader.guest import children, confine, modules, prepare, probes, serve, wire
from grader.guest.incoming import Incoming
from grader.guest.observe import probe
from grader.guest.probes.nn import Conventions, Implementation
from grader.guest.sources import Compiled
from grader.types import Submission

ROOT = Path(__file__).resolve().parent.parent
CPU_S = 100


def floor_ms(submission: Submission, assignment: Assignment, count: int) -> list[float]:
    """Return CPU milliseconds of `count` children that run a submission once, forks included."""
    job, rubric = job_of(submission, assignment), assignment.rubric
    arrays = {f"case:{c.id}:{n}": a for c in rubric.cases for n, a in rubric.case_inputs(c).items()}
    for group, files in (("files", job.files), ("given", job.given)):
        arrays |= {f"{group}:{path}": np.frombuffer(data, np.uint8) for path, data in files.items()}
    request = {
        "package": job.package, "conventions": dict(job.conventions), "count": count,
        "cases": [{**asked(case), "modules": modules_of(case)} for case in rubric.cases],
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.floor"], input=wire.pack(request, arrays), cwd=ROOT,
        env=environment(choose("landlock")), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return list(json.loads(ran.stdout))


def main() -> None:
    """Be the process that forks."""
    message = Incoming(0).read()
    assert message is not None
    request, arrays = message
    own = (f"{probes.__name__}.{one.name}" for one in pkgutil.iter_modules(probes.__path__))
    for name in (*serve.PRELOAD, *own):
        importlib.import_module(name)
    prepare.give_old_names()
    files = prepare.files_in(arrays)
    texts = prepare.reachable(files["files"], request["package"])
    given = prepare.compiled(files["given"])
    inputs: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        if name.startswith("case:"):
            case, _, argument = name.removeprefix("case:").rpartition(":")
            inputs.setdefault(case, {})[argument] = array
    gc.collect()
    gc.freeze()
    wanted = confine.Wanted(INNER, FIRST_UID, outer.devices(), (), ("/dev/null",), __file__)
    here = confine.enter(wanted)

    def work(answer: children.Answer) -> None:
        compiled = Compiled(request["package"], texts, given)
        compiled.compile_all()
        _run(compiled, request["cases"], inputs, Conventions(**request["conventions"]))
        answer({"done": True}, {})

    times = [_once(work, functools.partial(here.child, CPU_S)) for _ in range(request["count"])]
    print(json.dumps(times))


def _run(
    compiled: Compiled,
    cases: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, Mapping[str, Any]],
    conventions: Conventions,
) -> None:
    modules.install(compiled)
    found = {
        name: one
        for name, one in modules.import_graded(compiled.package)
        if not isinstance(one, BaseException)
    }
    nn = Implementation(found, conventions)
    for case in cases:
        given = {name: array.copy() for name, array in inputs.get(case["id"], {}).items()}
        probe(case["probe"])(nn, **given, **case["options"])


def _once(work: Any, confined: Any) -> float:
    before = time.process_time()
    pid, pipe = children.start(work, confined)
    message = Incoming(pipe).read()
    os.close(pipe)
    _, _, used = os.wait4(pid, 0)
    forking = time.process_time() - before
    if message is None:
        raise SystemExit("the floor's child ended early")
    return 1000 * (used.ru_utime + used.ru_stime + forking)


if __name__ == "__main__":
    main()
