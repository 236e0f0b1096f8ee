"""Run the cases of one submission in the box, and return what became of each.

The public cases share a child and the hidden ones the next: hidden inputs do not enter the box
before every answer whose text may be shown is in. In each, the cases of single functions come
first, and modules are imported when the first case needs them: what nets do comes too late for
functions. What does not come out right there runs once more without other items, so that a wrong
verdict never comes from what they left behind: the wrong cases of an item in a child of their own,
the last one first, and where that changes anything, each case by itself. An answer that is right in
one run and wrong in another counts as wrong: what was right only alone runs again behind another
case of its item, and what is right is looked at again in another child: in float32, one question of
each item after the same one about other numbers. The large inputs come behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from grader import judges
from grader.box.asking import Asking, Question
from grader.box.compared import RERUN, SHARED, Right, in_order, is_same, is_wrong, not_run, stable
from grader.box.evidence import unloaded
from grader.types import Case, Evidence


class Session(Asking):
    """Runs the cases of one submission as often as it takes to know what each comes to."""

    def observe(
        self,
        cases: Sequence[Case],
        right: Right,
        large: Sequence[Case] = (),
        single: Collection[str] = (),
        tried_over: Collection[str] = (),
        otherwise: Callable[[Case], Case | None] = lambda _: None,
    ) -> dict[str, Evidence]:
        """Run `cases`; return the evidence of each. `right` judges one answer.

        A file that cannot be loaded is the evidence of its cases. The `large` cases of an item run
        if all its others came out right. Cases of the ids in `single` may be asked in float32.
        Items `tried_over` right ones are observed there, where what they need is wrong: until then
        what they came to here stands. Where wrong cases of an item run again, the last of them is
        asked `otherwise` behind them; what that came to is kept by item.
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
        changed = self._again(again, seen, able, right, tried_over, otherwise)
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
        otherwise: Callable[[Case], Case | None],
    ) -> dict[str, Evidence]:
        """Run the `wrong` ones of `cases` without other items; return what counts in their place.

        Those of an item share a child, in which the last one has nothing before it, and no other
        what was before it the first time. If all say the same again, nothing was left behind, and
        what was said the first time stands. Else each runs by itself: public ones where no hidden
        input has been, as what they say may be shown. Those `tried_over` right items come last, and
        are left to that where an item that they need was wrong again by itself. A case that says
        nothing, as an item that it needs is wrong, does not run again.
        """
        own = set[str]()  # items whose mistakes are their own
        failing = set[str]()  # items that are wrong whatever else runs again
        alone: dict[str, Evidence | None] = {}  # and what was said by itself already
        is_clean = all(case.public for case in cases)
        for item in sorted({case.item: None for case in wrong}, key=lambda i: i in tried_over):
            mine = [case for case in wrong if case.item == item and failing.isdisjoint(case.needs)]
            worth = all(part.points > 0 for part in self._rubric.item(item).parts)
            if item in tried_over and not own.isdisjoint(self._rubric.all_needs(item)):
                failing |= {item} if worth and not all(case.needs for case in mine) else set()
                continue
            shared = [case for case in mine if seen[case.id].outcome in SHARED]
            more = [other for case in shared[-1:] if (other := otherwise(case)) is not None]
            again = self.once([*shared[::-1], *more]) if shared else {}
            self.otherwise |= {other.item: (other, again[other.id]) for other in more}
            same = all(is_same(seen[case.id], again[case.id]) for case in shared)
            if shared and same and worth:
                own |= {item} - {*tried_over}
                failing |= {item} if not all(case.needs for case in shared) else set()
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
        """Ask one `good` case of each item, probe and part in float32, the largest that may be; of
        an item that has none, its last good case again. Then the `large` cases of what is right.

        The first of an item is asked after other numbers. Return the evidence of those that differ
        now, and that of the large ones. All inputs are numbers that float32 has. What those in
        float32 say of `passes` is kept.
        """
        fine = [case for case in cases if case.id in good]
        able = sorted((case for case in fine if case.id in single), key=self._size)
        largest = in_order(list({(c.item, c.probe, c.part): c for c in able}.values()))
        first = {case.item: case for case in reversed(largest)}
        by_cost = sorted(fine, key=lambda case: not judges.find(case.judge).repeats)
        left = {case.item: case for case in by_cost if case.item not in first}
        last = in_order(list(left.values()))
        wrong = {case.item for case in cases if case.id not in good}
        more = [case for case in large if case.item not in wrong]
        again = self._ask([
            *(Question(case, warm=True) for case in last),
            *(Question(case, first[case.item] is case, single=True) for case in largest),
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
