"""A grader that grades nothing: for trials of those who hand tasks out and of 100,000 rows.

What it does with a task stands in the task's bytes: "die" ends the process, "die once PATH" does so
unless PATH is there, "wait SECONDS" takes its time. All else is graded at once, by the key alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from grader.course import archive
from grader.course.tasks import Done, Outcome, Policy, Task
from tests.support import made_class
from tests.support.stored import empty_page

SCORE = {"earned": 0.0, "possible": 0.0, "pending": 0.0, "bonus": 0.0}
RESULT = {"submission": {}, "score": SCORE, "items": [], "questions": []}
FILES = {archive.PAGE: empty_page(), "result.json": json.dumps(RESULT)}


class Stub:
    """Takes the place of grader.course.tasks.Grader."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def chunk(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Yield an outcome for each task."""
        for task in tasks:
            word, _, rest = task.data.decode("utf-8", "replace").partition(" ")
            if word == "die":
                _die(rest.removeprefix("once "))
            elif word == "wait":
                time.sleep(float(rest))
            found = outcome(task)
            kept = {**FILES, archive.OUTCOME: json.dumps(asdict(found))}
            yield Done(task.key, found, archive.pack(kept))

    def stop(self) -> None:
        """Do nothing: there is no box."""


def outcome(task: Task) -> Outcome:
    """Return what a task always comes to."""
    earned = int(task.key[:4], 16) % 100 / 2
    items = (("affine_forward", "passed", earned, 50.0, "", ""),)
    return Outcome(task.upload, "stub", "graded", "", earned, 50.0, items=items, wall_s=0.001)


def task(number: int, text: str = "") -> Task:
    """Return a task of its own for each number."""
    key = hashlib.sha256(str(number).encode()).hexdigest()
    return Task(key, key, text.encode())


def _die(once: str) -> None:
    if once and Path(once).exists():
        return
    if once:
        Path(once).touch()
    os.kill(os.getpid(), signal.SIGKILL)


class Written(Stub):
    """Gives each task a result as long as a real one has it: that of a student of made_class."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._made = [made_class.outcome(one, n)[0] for n, one in enumerate(made_class.truth())]

    def chunk(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Yield a result for each task, with the record that its page is made from."""
        for task in tasks:
            made = self._made[int(task.key[:8], 16) % len(self._made)]
            policy = self._policy.sha256
            found = replace(made, upload=task.upload, policy=policy, wall_s=0.001)
            record = {**RESULT, "items": [_record(found, item) for item in found.items]}
            kept = {
                **FILES,
                "result.json": json.dumps(record),
                archive.OUTCOME: json.dumps(asdict(found)),
            }
            yield Done(task.key, found, archive.pack(kept))


def _record(found: Outcome, item: tuple[str, str, float, float, str, str]) -> dict[str, object]:
    """Return an item of result.json, as far as the page of a class and desks read it."""
    name, status, earned, possible, cause, _ = item
    cases = [case for case, *_ in found.cases if case.startswith(f"{name}/")]
    return {
        "id": name, "status": status, "earned": earned, "possible": possible,
        "faults": [{"case": case, "part": "dx", "says": "is wrong"} for case in cases],
        "cause": {"says": f"It is {cause}.", "certain": True} if cause else None,
    }  # fmt: skip
