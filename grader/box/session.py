"""Run the cases of one submission in the box, and return what became of each.

The public cases share a child and the hidden ones the next: hidden inputs do not enter the box
before every answer whose text may be shown is in. In each, the cases of single functions come
first, and modules are imported when the first case needs them: what nets do comes too late for
functions. A case that does not come out right there runs once more in a child of its own, so that
a wrong verdict never comes from what another item left behind. An answer that is right in one run
and wrong in another counts as wrong: what was right only alone runs again behind another case of
its item, and the last right case of each item runs once more, after the same question about other
numbers, with the large inputs behind it; then once in float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.box.evidence import asked, evidence_of, modules_of, older_places, unloaded
from grader.box.job import Gone, Job, Loaded
from grader.box.worker import Worker
from grader.guest.legacy.old_numpy import Place, sentences
from grader.guest.modules import GRADED
from grader.guest.wire import Late
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence, Outcome, PassCount

RERUN = {"answered", "raised", "died", "memory", "missing"}
SPARE_S = 5.0  # for the worker itself, on top of the cases' own limits
MAX_RESTARTS = 5
ROOM = 24 * 1024**2  # bytes of answers that are kept of a session; right ones take a tenth of it
SMALL = 256 * 1024  # bytes of an answer that is kept in any case

Right = Callable[[Case, Evidence], bool]


class Session:
    """Runs cases of one submission; keeps count of its time and of lost workers."""

    def __init__(self, worker: Worker, job: Job, rubric: Rubric, deadline: float) -> None:
        self._worker = worker
        self._job = job
        self._rubric = rubric
        self._deadline = deadline
        self._restarts = 0
        self._is_open = False
        self._room = ROOM
        self._older: set[Place] = set()
        self.passes: Mapping[str, tuple[PassCount, ...]] = {}  # by item
        self.loaded = self._open()
        for reply in self.loaded.modules.values():
            self._older |= older_places(reply, job.files)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The student's files."""
        return self._job.files

    @property
    def repaired(self) -> tuple[str, ...]:
        """Sentences on what was read as Python or NumPy of its time read it."""
        return (*self.loaded.repaired, *sentences(self._older))

    @property
    def later(self) -> Job:
        """The job for sessions after this one, without files that did not let themselves be
        imported: each would be waited for again.
        """
        hopeless = {
            f"{self._job.package}/{GRADED[name]}"
            for name, reply in self.loaded.modules.items()
            if reply.get("outcome") in ("timeout", "died")
        }
        kept = {path: data for path, data in self._job.files.items() if path not in hopeless}
        return replace(self._job, files=kept)

    def observe(
        self,
        cases: Sequence[Case],
        right: Right,
        large: Sequence[Case] = (),
        single: Collection[str] = (),
    ) -> dict[str, Evidence]:
        """Run `cases`; return the evidence of each. `right` judges one answer.

        A file that cannot be loaded is the evidence of its cases. The `large` cases of an item run
        if all its others came out right. Cases of the ids in `single` may be asked in float32.
        """
        seen = {c.id: e for c in cases if (e := unloaded(c, self.loaded.modules, self.files))}
        able = [case for case in cases if case.id not in seen]
        good, stuck = set[str](), set[str]()
        for public in (True, False):
            group = _in_order([case for case in able if case.public is public])
            free = [case for case in group if self._blocker(case, stuck) is None]
            ran = self.once(free, alone=False)
            stuck |= {case.item for case in free if ran[case.id].outcome == "timeout"}
            seen |= ran | {
                case.id: _not_run(case, f"{blocker} runs out of time")
                for case in group
                if case.id not in ran
                or (ran[case.id].outcome, ran[case.id].text) == ("not_run", "")
                for blocker in [self._blocker(case, stuck) or case.item]
            }
            for case in free:
                is_right = right(case, seen[case.id])
                if not is_right and len(free) > 1 and seen[case.id].outcome in RERUN:
                    seen[case.id] = self._alone(case, able, right)
                    is_right = right(case, seen[case.id])
                good |= {case.id} if is_right else set()
        seen |= self._second_look(cases, seen, good, right, large)
        return seen | self._in_float32([c for c in cases if c.id in good and c.id in single], right)

    def _alone(self, case: Case, cases: Sequence[Case], right: Right) -> Evidence:
        """Run a case by itself, and if it is right now, behind another one of its item."""
        first = self.once([case])[case.id]
        if not right(case, first):
            return first
        before = [c for c in cases if c.item == case.item and c.public == case.public and c != case]
        again = self.once([*before[:1], case])[case.id]
        return _stable(case, first, again, right)

    def _second_look(
        self,
        cases: Sequence[Case],
        seen: Mapping[str, Evidence],
        good: Collection[str],
        right: Right,
        large: Sequence[Case],
    ) -> dict[str, Evidence]:
        """Run the last `good` case of each item again, then the `large` cases of what is right.

        Return the evidence of those that differ now, and that of the large ones.
        """
        last = _in_order(list({case.item: case for case in cases if case.id in good}.values()))
        wrong = {case.item for case in cases if case.id not in good}
        more = [case for case in large if case.item not in wrong]
        again = self.once([*last, *more], warm=last)
        found = {case.id: again[case.id] for case in more}
        for case in last:
            if again[case.id].outcome in RERUN and not right(case, again[case.id]):
                alone = self.once([case], warm=[case])[case.id]  # another item may have spoiled it
                found[case.id] = _stable(case, seen[case.id], alone, right)
        return found

    def _in_float32(self, cases: Sequence[Case], right: Right) -> dict[str, Evidence]:
        """Ask the largest of these cases of each item, probe and part in float32, after other
        numbers; keep what they say of `passes`.

        All inputs are numbers that float32 has. Return the evidence of those that are wrong there,
        alone too: another item may have spoiled them.
        """
        by_size = sorted(cases, key=lambda case: sum(map(np.size, self._inputs(case).values())))
        largest = _in_order(list({(c.item, c.probe, c.part): c for c in by_size}.values()))
        seen = self._once_in_float32(largest, warm=largest)
        self.passes = {case.item: seen[case.id].passes for case in largest}
        found = {}
        for case in [c for c in largest if _is_wrong(c, seen[c.id], right)]:
            alone = self._once_in_float32([case], warm=[case])[case.id]
            if _is_wrong(case, alone, right):
                cold = self._once_in_float32([case])[case.id]
                found[case.id] = replace(alone, unstable=not _is_wrong(case, cold, right))
        return found

    def _once_in_float32(
        self, cases: Sequence[Case], warm: Sequence[Case] = ()
    ) -> dict[str, Evidence]:
        again = self.once(cases, warm=warm, single=True) if cases else {}
        return {name: replace(evidence, single=True) for name, evidence in again.items()}

    def _inputs(self, case: Case) -> Mapping[str, np.ndarray]:
        return self._rubric.case_inputs(case)

    def _blocker(self, case: Case, stuck: set[str]) -> str | None:
        """Return the item that ran out of time and makes this case hopeless, if there is one."""
        items = (case.item, *self._rubric.all_needs(case.item))
        return next((name for name in items if name in stuck), None)

    def close(self) -> None:
        """End this submission in the worker."""
        if self._is_open:
            self._worker.close()
            self._is_open = False

    def _open(self) -> Loaded:
        """Open the submission; one that stops the worker is opened once more, then given up."""
        for _ in range(2):
            limit = min(self._deadline, time.monotonic() + 8 * self._job.load_s + SPARE_S)
            try:
                loaded = self._worker.open(self._job, limit)
                self._is_open = True
                return loaded
            except (Gone, Late):
                self._is_open = False
                self._worker.restart()
        outcome = "timeout" if time.monotonic() > self._deadline else "died"
        return Loaded(dict.fromkeys(GRADED, {"outcome": outcome}), ())

    def once(
        self,
        cases: Sequence[Case],
        alone: bool = True,
        warm: Sequence[Case] = (),
        single: bool = False,
    ) -> dict[str, Evidence]:
        """Run `cases` together, once; return the evidence of each.

        A worker that is lost on the way is replaced, and the rest goes on. Cases that run `alone`
        share a child with nothing else. Of each of the `warm` ones other numbers are asked first.
        With `single` inputs are float32, and `passes` are told.
        """
        seen, left = dict[str, Evidence](), list(cases)
        while left:
            if time.monotonic() > self._deadline or self._restarts > MAX_RESTARTS:
                why = "the time for the whole submission was up"
                return seen | {case.id: _not_run(case, why) for case in left}
            try:
                for case_id, reply, arrays in self._answers(left, alone, warm, single):
                    self._older |= older_places(reply, self._job.files)
                    evidence = evidence_of(left[0], reply, arrays, self._job.files)
                    seen[case_id] = self._bounded(evidence)
                    left.pop(0)
            except (Gone, Late) as error:
                lost = left.pop(0)
                outcome: Outcome = "timeout" if isinstance(error, Late) else "died"
                seen[lost.id] = Evidence(lost.id, outcome)
                self._restarts += 1
                self._worker.restart()
                self._open()
        return seen

    def _bounded(self, evidence: Evidence) -> Evidence:
        """Return the evidence without arrays that there is no room for: of these the shape is told.

        No case can take the room of another one that gives what is asked: that is small.
        """
        size = sum(array.nbytes for array in evidence.arrays.values())
        if size > SMALL and size > self._room:
            shapes = {name: array.shape for name, array in evidence.arrays.items()}
            what = "an array of shape {}, too large for an answer"
            large = {name: what.format(shape) for name, shape in shapes.items()}
            return replace(evidence, arrays={}, refused={**evidence.refused, **large})
        self._room -= size
        return evidence

    def _answers(
        self, cases: Sequence[Case], alone: bool, warm: Sequence[Case], single: bool
    ) -> Any:
        arrays: dict[str, np.ndarray] = {}
        for case in cases:
            made = dict(self._inputs(case))
            if single:
                made = {n: a.astype(np.float32) if a.dtype == float else a for n, a in made.items()}
            arrays |= {f"{case.id}:{name}": array for name, array in made.items()}
        needs = self._rubric.all_needs
        rows = [
            {**asked(case), "modules": modules_of(case), "stuck_with": needs(case.item)}
            | ({"warm": True} if case in warm else {})
            | ({"counted": True} if single else {})
            for case in cases
        ]
        limit = time.monotonic() + len(cases) * self._job.case_s + SPARE_S
        return self._worker.run(rows, arrays, min(limit, self._deadline + SPARE_S), alone)


def _not_run(case: Case, why: str) -> Evidence:
    return Evidence(case.id, "not_run", text=why)


def _stable(case: Case, good: Evidence, again: Evidence, right: Right) -> Evidence:
    """Return the `good` evidence, unless the case came out wrong `again`."""
    is_good = again.outcome not in RERUN or right(case, again)
    return good if is_good else replace(again, unstable=True)


def _is_wrong(case: Case, evidence: Evidence, right: Right) -> bool:
    return evidence.outcome in RERUN and not right(case, evidence)


def _in_order(cases: Sequence[Case]) -> list[Case]:
    """Return the cases of single functions, then those of nets."""
    return sorted(cases, key=lambda case: "fc_net" in modules_of(case))
