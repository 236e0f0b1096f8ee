"""A box that is started once, and lent to one command after another of a process of tests.

A command starts a box of its own and ends it, which costs more than what is graded in it here.
Commands that are processes of their own do so in tests, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.box import plan
from grader.box.plan import Plan
from grader.box.worker import Worker
from grader.cli import grading


class Lender:
    """Boxes by what they are made of, until `stop`."""

    def __init__(self) -> None:
        self._boxes: list[tuple[Plan, Worker]] = []
        self._plans: dict[str, Plan] = {}

    def take_over(self, patch: pytest.MonkeyPatch) -> None:
        """Let `grade SUBMISSION` take its box from here, and which one that is."""
        patch.setattr(grading, "Worker", self.lend)
        patch.setattr(grading, "choose", self.choose)

    def choose(self, mode: str) -> Plan:
        """Return the box for a mode; what this machine can do is tried once."""
        if mode not in self._plans:
            self._plans[mode] = plan.choose(mode)
        return self._plans[mode]

    @contextmanager
    def lend(self, wanted: Plan) -> Iterator[Worker]:
        """Stand for `with Worker(plan)`."""
        worker = next((one for known, one in self._boxes if known == wanted), None)
        if worker is None:
            worker = Worker(wanted)
            self._boxes.append((wanted, worker))
        worker.start()
        yield worker

    def stop(self) -> None:
        """End all boxes."""
        while self._boxes:
            self._boxes.pop()[1].stop()
