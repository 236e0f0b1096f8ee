"""Do known mistakes of one item, made in the reference, give all that another item is wrong by?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from grader.diagnosis import match, symptoms
from grader.diagnosis.diagnose import Counted, seen_of
from grader.grading.facts import Facts
from grader.judges.wrong import wrong_answers


def reproduces(mistakes: Collection[str], name: str, facts: Facts) -> bool:
    """Say whether `mistakes` give the wrong answers in all lost parts, to the last digits."""
    item, cases, lost = facts.verdicts[name].item, facts.cases(name), facts.lost(name)
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        seen = [seen_of(case, facts.evidence[case.id], facts.evaluator) for case in cases]
        counted = Counted(item, cases)
        mine = match.Mine(counted(wrong_answers(seen)), symptoms.errors(seen), counted.part)
        theirs = {
            name: counted(answers)
            for name, answers in facts.known.wrong.answers(name).items()
            if name.partition("+")[0] in mistakes
        }
        matches = match.find(name, mine, theirs, lost)
    covered = {part for one in matches for part in one.parts}
    certain = bool(matches) and all(one.certain for one in matches)
    return certain and (match.WHOLE in covered or set(lost) <= covered)
