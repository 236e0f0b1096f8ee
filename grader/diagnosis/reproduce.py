"""Do known mistakes of one item, made in the reference, give all that another item is wrong by?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from grader.diagnosis import match, symptoms
from grader.diagnosis.diagnose import Counted, seen_of
from grader.golden.wrong import Wrong
from grader.grading.verdicts import Bench
from grader.judges.wrong import wrong_answers
from grader.rubric.records import Item
from grader.types import Case, Evidence


def reproduces(
    mistakes: Collection[str],
    item: Item,
    lost: Sequence[str],
    cases: Sequence[Case],
    evidence: Mapping[str, Evidence],
    bench: Bench,
    wrong: Wrong,
) -> bool:
    """Say whether `mistakes` give the wrong answers in all `lost` parts, to the last digits."""
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        seen = [seen_of(case, evidence[case.id], bench) for case in cases]
        counted = Counted(item, list(cases))
        mine = match.Mine(counted(wrong_answers(seen)), symptoms.errors(seen), counted.part)
        twins = {
            name: counted(answers)
            for name, answers in wrong.answers(item.id).items()
            if name.partition("+")[0] in mistakes
        }
        matches = match.find(item.id, mine, twins, lost)
    covered = {part for one in matches for part in one.parts}
    certain = bool(matches) and all(one.certain for one in matches)
    return certain and (match.WHOLE in covered or set(lost) <= covered)
