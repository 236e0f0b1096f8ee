"""Students with the very same wrong numbers: by case and the hash of what came out, rounded.

Cases in which the same students are alike are one mistake and come together. What is only several
smaller groups together is none of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.course.dashboard.people import People
from grader.course.dashboard.pupils import Answers
from grader.course.settings import Sentence
from grader.report.class_page import SameAnswer, paste
from grader.report.text import count
from grader.rubric.cases import Rubric

SHOWN = {False: 30, True: 300}  # groups on the page: unnamed, and named
Answer = tuple[str, str]  # case, hash of the wrong numbers
Smallest = Callable[[str, int], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Cluster:
    """Students who gave the same wrong answers in some cases of one item.

    They are `many`, of some `kinds` of Answers: all who came to the same are in it, or nobody.
    """

    item: str
    kinds: frozenset[int]
    answers: tuple[Answer, ...]
    many: int


def clusters(answers: Answers) -> list[Cluster]:
    """Return the groups of two and more, the largest first."""
    order = {case: place for place, case in enumerate(answers.cases)}
    members: dict[Answer, set[int]] = {}
    for kind, row in enumerate(answers.first):
        pupil = answers.pupils[row]
        assert pupil.outcome is not None
        for case, outcome, digest in pupil.outcome.cases:
            place = order.get(case)
            if outcome == "answered" and digest and place is not None and answers.wrong[row, place]:
                members.setdefault((case, digest), set()).add(kind)
    together: dict[tuple[str, frozenset[int]], list[Answer]] = {}
    for (case, digest), kinds in members.items():
        if answers.many[list(kinds)].sum() > 1:
            item = answers.items[answers.item_of[order[case]]]
            together.setdefault((item, frozenset(kinds)), []).append((case, digest))
    found = [
        Cluster(
            item, kinds, tuple(sorted(each, key=lambda one: order[one[0]])),
            int(answers.many[list(kinds)].sum()),
        )
        for (item, kinds), each in together.items()
    ]  # fmt: skip
    return sorted(_apart(found), key=lambda one: (-one.many, order[one.answers[0][0]]))


def _apart(found: list[Cluster]) -> Iterator[Cluster]:
    """Yield the groups that are not made up of smaller ones of the same item."""
    for one in found:
        smaller = [o.kinds for o in found if o.item == one.item and o.kinds < one.kinds]
        if not smaller or frozenset().union(*smaller) != one.kinds:
            yield one


def shown(
    found: list[Cluster],
    answers: Answers,
    rubric: Rubric,
    people: People,
    sentences: tuple[Sentence, ...],
    smallest: Smallest,
) -> tuple[tuple[SameAnswer, ...], int]:
    """Return groups as the page has them, unnamed ones first, and how many are left out.

    Different known mistakes may come to the same numbers in one case: that is no group.
    """
    named = [(one, *_name(one, answers, rubric, sentences)) for one in found]
    told = [each for each in named if each[1] is not None]
    picked = [
        each
        for has_name, most in SHOWN.items()
        for each in [one for one in told if bool(one[1]) is has_name][:most]
    ]
    made = [
        _shown(one, says or "", by_teacher, answers, rubric, people, smallest)
        for one, says, by_teacher in picked
    ]
    return tuple(made), len(told) - len(made)


def _shown(
    one: Cluster,
    says: str,
    by_teacher: bool,
    answers: Answers,
    rubric: Rubric,
    people: People,
    smallest: Smallest,
) -> SameAnswer:
    item = rubric.item(one.item)
    names = [case.partition("/")[2] for case, _ in one.answers]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    case, digest = one.answers[0]
    rows = np.flatnonzero(np.isin(answers.kind, list(one.kinds))).tolist()
    small = None if says else smallest(one.item, rows[0])
    return SameAnswer(
        title=item.title,
        who=people.who(answers.pupils[row] for row in rows),
        checks=f"{count(len(names), 'check')}: {', '.join(names[:4])}{more}",
        says=says,
        by_teacher=by_teacher,
        smallest=f"{small['case']}: {small['says']}" if small else "",
        snippet=small["snippet"] if small else "",
        paste="" if says else paste(one.item, case, digest),
    )


def _name(
    one: Cluster, answers: Answers, rubric: Rubric, sentences: tuple[Sentence, ...]
) -> tuple[str | None, bool]:
    """Return what this group's reports say, and whether a teacher wrote it.

    A group has a name if most of its students have the same cause, or the same item that their
    mistake follows from. It has none ("") if two or more have no cause, and is no group (None) if
    its students have causes of their own.
    """
    for said in sentences:
        if (said.case, said.hash) in one.answers:
            return said.says, True
    causes: Counter[str] = Counter()
    for kind in one.kinds:
        pupil, here = answers.pupils[answers.first[kind]], int(answers.many[kind])
        assert pupil.outcome is not None
        _, _, _, _, cause, root = next(i for i in pupil.outcome.items if i[0] == one.item)
        if root:
            causes[f"It follows from: {rubric.item(root).title}."] += here
        elif cause:
            causes[pupil.facts.says.get(one.item, (cause, False))[0]] += here
    says, many = causes.most_common(1)[0] if causes else ("", 0)
    if many > 1 and 2 * many > one.many:
        return says, False
    return ("" if one.many - causes.total() > 1 else None), False
