"""Ask one submission in the box, case by case, whatever becomes of the worker.

A worker that is lost on the way is replaced, and the rest goes on. What was killed, and a file that
was killed as it was read, is asked once more: someone else may have done it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.box.bounds import Bounds
from grader.box.compared import not_run
from grader.box.evidence import (
    asked,
    evidence_of,
    is_backward,
    modules_of,
    older_places,
    was_killed,
)
from grader.box.job import Child, Gone, Job, Loaded, Observed
from grader.box.worker import Worker
from grader.guest.children import PATIENCE
from grader.guest.legacy.old_numpy import Place, sentences
from grader.guest.modules import GRADED
from grader.guest.wire import Late
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence, Outcome, PassCount

SPARE_S = 5.0  # for the worker itself, on top of the cases' own limits
MAX_RESTARTS = 5


@dataclass(frozen=True)
class Question:
    """A case as it is asked: after other numbers (`warm`), in float32 (`single`).

    In float32 a backward pass has its calls counted. What the lines of the files `traced` compute
    is recorded.
    """

    case: Case
    warm: bool = False
    single: bool = False
    traced: tuple[str, ...] = ()


class Asking:
    """One submission in a worker; keeps count of its time and of lost workers."""

    def __init__(
        self,
        worker: Worker,
        job: Job,
        rubric: Rubric,
        deadline: float,
        before: Asking | None = None,
    ) -> None:
        """Open the job; or take over the open session `before` this one, if it has the same job."""
        self._worker = worker
        self._job = job
        self._rubric = rubric
        self._deadline = deadline
        self._restarts = 0
        self._is_open = False
        self._is_new = True  # no child has run anything for this session
        self._bounds = Bounds()
        self._older: set[Place] = set()
        self._has_hidden = False  # whether a hidden input has been in the box
        self.passes: Mapping[str, tuple[PassCount, ...]] = {}  # by item
        self.otherwise: dict[str, tuple[Case, Evidence]] = {}  # by item, see Session.observe
        if before is not None and before.has(job):
            self._is_open, before._is_open = True, False
        self.loaded: Loaded = before.loaded if before and self._is_open else self._open()
        for reply in self.loaded.modules.values():
            self._older |= older_places(reply, job.files)

    def has(self, job: Job) -> bool:
        """Whether this session is open, and of a job with the same files and layers."""
        return self._is_open and replace(self._job, known=None) == replace(job, known=None)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The student's files."""
        return self._job.files

    @property
    def repaired(self) -> tuple[str, ...]:
        """Sentences on what was read as of its time; of hidden cases none, as a line could tell."""
        return (*self.loaded.repaired, *sentences(self._older))

    @property
    def later(self) -> Job:
        """The job for sessions after this one, which compile and try nothing again.

        Files that did not let themselves be imported are left out: each would be waited for again.
        """
        hopeless = {
            f"{self._job.package}/{GRADED[name]}"
            for name, reply in self.loaded.modules.items()
            if reply.get("outcome") in ("timeout", "died")
        }
        if not hopeless:
            return replace(self._job, known=self.loaded if self.loaded.codes else None)
        kept = {path: data for path, data in self._job.files.items() if path not in hopeless}
        return replace(self._job, files=kept)

    def close(self) -> None:
        """End this submission in the worker."""
        if self._is_open:
            self._worker.close()
            self._is_open = False

    def _open(self) -> Loaded:
        """Open the submission; one that stops the worker is opened once more, then given up.

        So is one with a file that was killed as it was read, which may have been from outside.
        """
        for is_last in (False, True):
            limit = min(self._deadline, time.monotonic() + 8 * self._job.load_s + SPARE_S)
            try:
                loaded = self._worker.open(self._job, limit)
                self._is_open = True
                if is_last or not any(map(was_killed, loaded.modules.values())):
                    return loaded
                self.close()
            except (Gone, Late):
                self._is_open = False
                self._worker.restart()
        outcome = "timeout" if time.monotonic() > self._deadline else "died"
        return Loaded(dict.fromkeys(GRADED, {"outcome": outcome}), ())

    def once(self, cases: Sequence[Case], alone: bool = True) -> dict[str, Evidence]:
        """Run `cases` together, once; return the evidence of each. See `_ask`."""
        child: Child = "alone" if alone else "new" if self._is_new else "there"
        seen = self._ask([Question(case) for case in cases], child)
        return {case.id: evidence for case, evidence in zip(cases, seen)}

    def steps(self, cases: Sequence[tuple[Case, Sequence[str]]]) -> list[np.ndarray]:
        """Run each case once, in the child that is there; return what the lines of these files
        compute, as guest.steps says.
        """
        found: dict[tuple[str, tuple[str, ...]], np.ndarray] = {}
        left = {(case.id, tuple(paths)): case for case, paths in cases}
        while left:  # a case stands in a group once
            group = {name: (paths, case) for (name, paths), case in left.items()}
            questions = [Question(case, traced=paths) for paths, case in group.values()]
            seen = self._ask(questions, "there")
            for (name, (paths, _)), evidence in zip(group.items(), seen):
                del left[name, paths]
                found[name, paths] = evidence.steps
        return [found[case.id, tuple(paths)] for case, paths in cases]

    def _ask(self, questions: Sequence[Question], child: Child = "alone") -> list[Evidence]:
        """Ask the questions in their order, of a `child` (see Worker.run); return what each showed.

        What was killed is asked once more: it may have been from outside, and not its own doing.
        """
        seen, killed = self._asked(questions, child)
        again, _ = self._asked([questions[n] for n in killed], "alone") if killed else ([], [])
        for number, evidence in zip(killed, again):
            if evidence.outcome != "not_run":
                seen[number] = evidence
        return seen

    def _asked(
        self, questions: Sequence[Question], child: Child
    ) -> tuple[list[Evidence], list[int]]:
        """Ask the questions once; return what each showed, and the numbers of those killed.

        A worker that is lost on the way is replaced, and the rest goes on.
        """
        seen, killed = list[Evidence](), list[int]()
        self._has_hidden |= not all(one.case.public for one in questions)
        while left := questions[len(seen) :]:
            is_late = time.monotonic() > self._deadline
            if is_late or self._restarts > MAX_RESTARTS or not self._is_open:
                why = "the time for the whole submission was up"
                return seen + [not_run(one.case, why) for one in left], killed
            try:
                for one, (_, reply, arrays) in zip(left, self._answers(left, child)):
                    if not self._has_hidden:
                        self._older |= older_places(reply, self._job.files)
                    killed += [len(seen)] if was_killed(reply) else []
                    given = evidence_of(one.case, reply, arrays, self._job.files, one.single)
                    seen.append(self._bounds.kept(given))
            except (Gone, Late) as error:
                lost = questions[len(seen)]
                killed += [len(seen)] if isinstance(error, Gone) else []
                outcome: Outcome = "timeout" if isinstance(error, Late) else "died"
                seen.append(Evidence(lost.case.id, outcome, single=lost.single))
                self._restarts += 1
                self._worker.restart()
                self._open()
        return seen, killed

    def _answers(self, questions: Sequence[Question], child: Child) -> Iterator[Observed]:
        pieces = [self._rubric.packed(one.case, one.single) for one in questions]
        rows = [self._row(one) for one in questions]
        self._is_new = False
        within_s = PATIENCE * len(questions) * self._job.case_s
        limit = min(time.monotonic() + within_s, self._deadline) + SPARE_S
        return self._worker.run(rows, pieces, limit, child)

    def _row(self, question: Question) -> dict[str, Any]:
        case = question.case
        row = {
            **asked(case), "key": self._rubric.key(case, question.single),
            "modules": modules_of(case), "stuck_with": self._rubric.all_needs(case.item),
        }  # fmt: skip
        row |= {"warm": True} if question.warm else {}
        row |= {"traced": question.traced} if question.traced else {}
        return row | ({"counted": True} if question.single and is_backward(case) else {})

    def _renew(self) -> None:
        """Open the submission in a driver that has seen no case."""
        self.close()
        self._job = self.later
        self._open()
