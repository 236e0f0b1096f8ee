"""Public cases run in processes of their own, with a time limit, on every platform.

Items that reach the same modules share a process as long as all goes well. One that is not right is
asked again in a process of its own, so that no mistake comes from what another item left behind. A
case that hangs or ends its process loses itself alone: the ones after it get a fresh process.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from grader.box.evidence import asked, evidence_of, modules_of, unloaded
from grader.box.job import Loaded
from grader.guest import wire
from grader.guest.modules import GRADED
from grader.release.selfcheck.children import Child, Pool
from grader.release.selfcheck.public import Public
from grader.rubric.records import Item
from grader.types import Case, Evidence

START_S = 60.0  # until a process must have imported NumPy, on the slowest machine
SETTLED = ("timeout", "not_run", "not_written")  # outcomes that no neighbour can have caused
EvidenceById = dict[str, Evidence]
IsRight = Callable[[Case, Evidence], bool]


@dataclass
class Runner:
    """Runs the public cases of one submission's items; its methods may run side by side.

    `right` is the judge's word on one answer.
    """

    public: Public
    package: str
    files: Mapping[str, bytes]
    pool: Pool
    right: IsRight
    # The modules of which importing has hung -> how it ended; the items that ran out of time.
    _lost: dict[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict)
    _stuck: set[str] = field(default_factory=set)
    # What became of the modules, the last time that they were imported.
    _modules: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def loaded(self) -> Loaded:
        """What became of the modules that were imported so far."""
        return Loaded(self._modules, ())

    def once(self, cases: Sequence[Case], alone: bool = True) -> EvidenceById:
        """Return the evidence of cases that run in a process of their own, `alone` or not."""
        seen: EvidenceById = {}
        self._run(cases, seen, lambda: None)
        return seen

    def observe(self, items: Sequence[Item], done: Callable[[Item, EvidenceById], None]) -> None:
        """Run the cases of `items`; call `done` with the evidence of each item, in order."""
        seen: EvidenceById = {}
        waiting = [(item, self.public.cases_of(item.id)) for item in items]
        wanted = [case for _, cases in waiting for case in cases]

        def settle() -> None:
            while waiting and all(case.id in seen for case in waiting[0][1]):
                item, cases = waiting.pop(0)
                mine = {case.id: seen[case.id] for case in cases}
                # A neighbour may be to blame for an answer that is not right.
                doubtful = [case for case in cases if mine[case.id].outcome not in SETTLED]
                right = (self.right(case, mine[case.id]) for case in doubtful)
                if len(items) > 1 and not all(right):
                    mine = {}
                    self._run(cases, mine, lambda: None)
                done(item, mine)

        self._run(wanted, seen, settle)

    def _run(self, cases: Sequence[Case], seen: EvidenceById, after: Callable[[], None]) -> None:
        """Run cases in as many processes as it takes; call `after` whenever there is news."""
        left = list(cases)
        while left := self._without_hopeless(left, seen):
            modules = tuple(n for n in GRADED if any(n in modules_of(case) for case in left))
            if modules in self._lost:  # what hangs at import hangs again
                outcome, text = self._lost[modules]["outcome"], "while a file was imported"
                seen.update({case.id: Evidence(case.id, outcome, text=text) for case in left})
                break
            child = self.pool.take()
            child.ask(self._frame(left, modules))
            try:
                self._hear_out(child, left, seen, after)
            except _Import as lost:
                self._lost[modules] = lost.args[0]
            finally:
                self.pool.end(child)
        after()

    def _without_hopeless(self, left: Sequence[Case], seen: EvidenceById) -> list[Case]:
        """Return the cases that rest on nothing which ran out of time."""
        for case in left:
            known = self.public.all_needs(case.item)
            needs = [item.id for item in self.public.code if item.id in known]
            for blocker in [name for name in (case.item, *needs) if name in self._stuck][:1]:
                seen[case.id] = Evidence(case.id, "not_run", text=f"{blocker} runs out of time")
        return [case for case in left if case.id not in seen]

    def _hear_out(
        self, child: Child, left: list[Case], seen: EvidenceById, after: Callable[[], None]
    ) -> None:
        """Take the answers to the cases in `left`, until there is none left or one is missing."""
        limits = self.public.table.limits
        _hear(child, START_S)
        say, _ = _hear(child, limits.load_s)
        if "loaded" not in say:
            raise _Import(say)
        self._modules.update(say["loaded"])
        while left:
            case = left[0]
            answer, arrays = _hear(child, limits.case_s)
            broken = unloaded(case, say["loaded"], self.files)
            seen[case.id] = broken or evidence_of(case, answer, arrays, self.files)
            left.pop(0)
            if answer.get("outcome") == "timeout":
                self._stuck.add(case.item)
            if answer.get("outcome") in ("timeout", "died"):
                return
            after()

    def _frame(self, cases: Sequence[Case], modules: Sequence[str]) -> bytes:
        files, given = self.files, self.public.given
        arrays = {f"files:{path}": np.frombuffer(data, np.uint8) for path, data in files.items()}
        arrays |= {f"given:{n}": np.frombuffer(data, np.uint8) for n, data in given.items()}
        for case in cases:
            made = self.public.case_inputs(case)
            arrays |= {f"case:{case.id}:{name}": array for name, array in made.items()}
        say = {
            "package": self.package, "cases": [asked(case) for case in cases],
            "modules": list(modules), "conventions": asdict(self.public.table.conventions),
        }  # fmt: skip
        return wire.pack(say, arrays)


class _Import(Exception):
    """Importing the student's files has hung, or ended the process: how, is its argument."""


def _hear(child: Child, limit_s: float) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    started = time.monotonic()
    try:
        message = child.hear(limit_s)
    except queue.Empty:
        return {"outcome": "timeout", "wall_s": limit_s}, {}
    if message is None:
        return child.ending(), {}
    say, arrays = message
    return {**say, "wall_s": time.monotonic() - started}, arrays
