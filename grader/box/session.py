"""Run the cases of one submission in the box, and return what became of each.

The public cases share a child and the hidden ones the next: hidden inputs do not enter the box
before every answer whose text may be shown is in. In each, the cases of single functions come
first, and modules are imported when the first case needs them: what nets do comes too late for
functions. What does not come out right there runs once more without other items, so that a wrong
verdict never comes from what they left behind: the wrong cases of an item in a child of their own,
the last one first, and where that changes anything, each case by itself. An answer that is right in
one run and wrong in another counts as wrong: what was right only alone runs again behind another
case of its item, and the last right case of each item runs once more, after the same question about
other numbers; then in float32; the large inputs come behind.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader import judges
from grader.box.bounds import Bounds
from grader.box.compared import RERUN, SHARED, Right, in_order, is_same, is_wrong, not_run, stable
from grader.box.evidence import asked, evidence_of, is_backward, modules_of, older_places, unloaded
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


class Session:
    """Runs cases of one submission; keeps count of its time and of lost workers."""

    def __init__(
        self,
        worker: Worker,
        job: Job,
        rubric: Rubric,
        deadline: float,
        before: Session | None = None,
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

    def observe(
        self,
        cases: Sequence[Case],
        right: Right,
        large: Sequence[Case] = (),
        single: Collection[str] = (),
        tried_over: Collection[str] = (),
    ) -> dict[str, Evidence]:
        """Run `cases`; return the evidence of each. `right` judges one answer.

        A file that cannot be loaded is the evidence of its cases. The `large` cases of an item run
        if all its others came out right. Cases of the ids in `single` may be asked in float32.
        Items `tried_over` right ones are observed there, where what they need is wrong: until then
        what they came to here stands.
        """
        seen = {c.id: e for c in cases if (e := unloaded(c, self.loaded.modules, self.files))}
        able = [case for case in cases if case.id not in seen]
        good, stuck, able_again = set[str](), set[str](), list[Case]()
        for public in (True, False):
            group = in_order([case for case in able if case.public is public])
            free = [case for case in group if self._blocker(case, stuck) is None]
            ran = self.once(free, alone=False)
            stuck |= {case.item for case in free if ran[case.id].outcome == "timeout"}
            seen |= ran | {
                case.id: not_run(case, f"{blocker} runs out of time")
                for case in group
                if case.id not in ran
                or (ran[case.id].outcome, ran[case.id].text) == ("not_run", "")
                for blocker in [self._blocker(case, stuck) or case.item]
            }
            if len(free) > 1:
                able_again += free
            good |= {case.id for case in free if right(case, seen[case.id])}
        again = [c for c in able_again if c.id not in good and seen[c.id].outcome in RERUN]
        changed = self._again(again, seen, able, right, tried_over)
        seen |= changed
        good |= {case.id for case in again if case.id in changed and right(case, seen[case.id])}
        return seen | self._second_look(cases, seen, good, right, large, single)

    def _again(
        self,
        wrong: Sequence[Case],
        seen: Mapping[str, Evidence],
        cases: Sequence[Case],
        right: Right,
        tried_over: Collection[str],
    ) -> dict[str, Evidence]:
        """Run the `wrong` ones of `cases` without other items; return what counts in their place.

        Those of an item share a child, in which the last one has nothing before it, and no other
        what was before it the first time. If all say the same again, nothing was left behind, and
        what was said the first time stands. Else each runs by itself: public ones where no hidden
        input has been, as what they say may be shown. Those `tried_over` right items come last, and
        are left to that where an item that they need was wrong again by itself.
        """
        own = set[str]()  # items whose mistakes are their own
        alone: dict[str, Evidence | None] = {}  # and what was said by itself already
        is_clean = all(case.public for case in cases)
        for item in sorted({case.item: None for case in wrong}, key=lambda i: i in tried_over):
            if item in tried_over and not own.isdisjoint(self._rubric.all_needs(item)):
                continue
            mine = [case for case in wrong if case.item == item]
            shared = [case for case in mine if seen[case.id].outcome in SHARED]
            again = self.once(shared[::-1]) if shared else {}
            same = all(is_same(seen[case.id], again[case.id]) for case in shared)
            worth = all(part.points > 0 for part in self._rubric.item(item).parts)
            own |= {item} if shared and same and worth and item not in tried_over else set()
            for case in mine if not same else [case for case in mine if case not in shared]:
                by_itself = case in shared[-1:] and (is_clean or not case.public)
                alone[case.id] = again[case.id] if by_itself else None
        found: dict[str, Evidence] = {}
        for public in (False, True):
            left = [case for case in wrong if case.id in alone and case.public is public]
            if public and left and not is_clean:
                self._renew()
            found |= {c.id: self._alone(c, cases, right, alone[c.id]) for c in left}
        return found

    def _renew(self) -> None:
        """Open the submission in a driver that has seen no case."""
        self.close()
        self._job = self.later
        self._open()

    def _alone(
        self, case: Case, cases: Sequence[Case], right: Right, first: Evidence | None = None
    ) -> Evidence:
        """Run a case by itself, unless what it says then is known: `first`.

        If it is right now, it runs behind another one of its item.
        """
        first = first or self.once([case])[case.id]
        if not right(case, first):
            return first
        before = [c for c in cases if c.item == case.item and c.public == case.public and c != case]
        again = self.once([*before[:1], case])[case.id]
        return stable(case, first, again, right)

    def _second_look(
        self,
        cases: Sequence[Case],
        seen: Mapping[str, Evidence],
        good: Collection[str],
        right: Right,
        large: Sequence[Case],
        single: Collection[str],
    ) -> dict[str, Evidence]:
        """Ask the last `good` case of each item again, and in float32 the largest that may be.

        Then the `large` cases of what is right. Return the evidence of those that differ now, and
        that of the large ones. In float32 one case of each item, probe and part is asked; all
        inputs are numbers that float32 has. What those say of `passes` is kept.
        """
        fine = [case for case in cases if case.id in good]
        by_cost = sorted(fine, key=lambda case: not judges.find(case.judge).repeats)
        last = in_order(list({case.item: case for case in by_cost}.values()))
        able = sorted((case for case in fine if case.id in single), key=self._size)
        largest = in_order(list({(c.item, c.probe, c.part): c for c in able}.values()))
        wrong = {case.item for case in cases if case.id not in good}
        more = [case for case in large if case.item not in wrong]
        again = self._ask([
            *(Question(case, warm=True) for case in last),
            *(Question(case, warm=True, single=True) for case in largest),
            *(Question(case) for case in more),
        ], "again")  # fmt: skip
        looked, singles = again[: len(last)], again[len(last) : len(last) + len(largest)]
        found = {case.id: evidence for case, evidence in zip(more, again[len(again) - len(more) :])}
        self.passes = {case.item: evidence.passes for case, evidence in zip(largest, singles)}
        for case, evidence in zip(last, looked):
            if not is_same(seen[case.id], evidence) and is_wrong(case, evidence, right):
                (alone,) = self._ask([Question(case, warm=True)])
                found[case.id] = stable(case, seen[case.id], alone, right)
        for case, evidence in zip(largest, singles):
            if is_wrong(case, evidence, right):
                found |= self._alone_in_float32(case, right)
        return found

    def _alone_in_float32(self, case: Case, right: Right) -> dict[str, Evidence]:
        """Return the evidence of a case if it is wrong in float32 without other items, too."""
        (alone,) = self._ask([Question(case, warm=True, single=True)])
        if not is_wrong(case, alone, right):
            return {}
        (cold,) = self._ask([Question(case, single=True)])
        return {case.id: replace(alone, unstable=not is_wrong(case, cold, right))}

    def _size(self, case: Case) -> int:
        return sum(map(np.size, self._rubric.case_inputs(case).values()))

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

    def once(self, cases: Sequence[Case], alone: bool = True) -> dict[str, Evidence]:
        """Run `cases` together, once; return the evidence of each. See `_ask`."""
        child: Child = "alone" if alone else "new" if self._is_new else "there"
        seen = self._ask([Question(case) for case in cases], child)
        return {case.id: evidence for case, evidence in zip(cases, seen)}

    def steps(self, cases: Sequence[tuple[Case, Sequence[str]]]) -> list[np.ndarray]:
        """Run each case once; return what the lines of these files compute, as guest.steps says."""
        found: dict[tuple[str, tuple[str, ...]], np.ndarray] = {}
        left = {(case.id, tuple(paths)): case for case, paths in cases}
        while left:  # a case stands in a group once
            group = {name: (paths, case) for (name, paths), case in left.items()}
            seen = self._ask([Question(case, traced=paths) for paths, case in group.values()])
            for (name, (paths, _)), evidence in zip(group.items(), seen):
                if evidence.outcome != "died" or (name, paths) in found:
                    del left[name, paths]  # what died is asked once more: it may have been killed
                found[name, paths] = evidence.steps
        return [found[case.id, tuple(paths)] for case, paths in cases]

    def _ask(self, questions: Sequence[Question], child: Child = "alone") -> list[Evidence]:
        """Ask the questions in their order, once, of a `child` (see Worker.run); return what each
        showed. A worker that is lost on the way is replaced, and the rest goes on.
        """
        seen, left = list[Evidence](), list(questions)
        self._has_hidden |= not all(one.case.public for one in questions)
        while left:
            if time.monotonic() > self._deadline or self._restarts > MAX_RESTARTS:
                why = "the time for the whole submission was up"
                return seen + [not_run(one.case, why) for one in left]
            try:
                for _, reply, arrays in self._answers(left, child):
                    if not self._has_hidden:
                        self._older |= older_places(reply, self._job.files)
                    given = evidence_of(left[0].case, reply, arrays, self._job.files)
                    evidence = self._bounds.kept(given)
                    seen.append(replace(evidence, single=True) if left[0].single else evidence)
                    left.pop(0)
            except (Gone, Late) as error:
                lost = left.pop(0)
                outcome: Outcome = "timeout" if isinstance(error, Late) else "died"
                seen.append(Evidence(lost.case.id, outcome, single=lost.single))
                self._restarts += 1
                self._worker.restart()
                self._open()
        return seen

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
