"""A net without a certain cause, asked once more over right layers.

What a mistake in a net comes to may hang on how its layers are written: a parameter of the wrong
shape raises in one and gives numbers in another. Over the reference's layers it gives what the
usual mistakes gave when they were made. No point hangs on it, and nothing of it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from grader.box.evidence import modules_of
from grader.box.job import Job
from grader.box.session import Session
from grader.box.worker import Worker
from grader.grading.follow import Again
from grader.grading.verdicts import Verdict
from grader.rubric.cases import Rubric
from grader.types import Evidence

SLOW = ("timeout", "memory", "died")


def evidence(
    job: Job,
    grafts: Mapping[str, bytes],
    worker: Worker,
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    followed: Mapping[str, Again],
    certain: Collection[str],
    deadline: float,
) -> dict[str, Evidence]:
    """Return what happens over right layers in the cases of nets that are wrong, by case.

    Items in `followed` were asked already; those whose mistake is `certain` need not be.
    """
    asked = [
        name
        for name, verdict in verdicts.items()
        if not verdict.passed and verdict.written and not verdict.broken
        if name not in followed and name not in certain
        if not any(fault.kind in SLOW for fault in verdict.faults)
    ]
    cases = [c for c in rubric.cases if c.item in asked and "fc_net" in modules_of(c)]
    if not cases or not grafts or time.monotonic() > deadline:
        return {}
    session = Session(worker, replace(job, graft=grafts), rubric, deadline)
    try:
        loaded = session.loaded.modules.get("fc_net", {}).get("outcome") == "loaded"
        return session.once(cases) if loaded else {}
    finally:
        session.close()
