"""The quality of each check: suspected wrong, never decisive, disagreeing, failed by nobody or all.

A check decides for a student if a part that it judges is lost by it alone: without it the student
would have more points.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from grader.course.dashboard.numbers import ahead
from grader.course.dashboard.people import People
from grader.course.dashboard.pupils import Answers
from grader.report.class_page import Cell, Table
from grader.rubric.cases import Rubric

FEW = 3  # students, below which nothing is said of a check
Lost = Mapping[tuple[int, str], set[int]]  # (kind of students, part) -> the checks that cost it


@dataclass(frozen=True)
class Suspect:
    """A check that good students fail.

    Of `fails` students `alone` fail nothing else of the item, `same` have the very same wrong
    numbers, and in `unnamed` no mistake was found that is known for certain. `here` and `others`
    are the mean shares of other items' points of those who fail it, and of those who pass.
    """

    case: int
    fails: int
    alone: int
    same: int
    unnamed: int
    here: float
    others: float


def suspects(answers: Answers) -> list[Suspect]:
    """Return the checks that may be wrong, the most telling first.

    Those who fail it are as good elsewhere as those who pass, most fail nothing else of the item,
    and most have no mistake that is known for certain.
    """
    found = []
    digests = _digests(answers)
    for case in range(len(answers.cases)):
        item = int(answers.item_of[case])
        wrong = answers.wrong[:, case]
        right = answers.asked[:, case] & ~wrong
        if wrong.sum() < FEW or right.sum() < FEW:
            continue
        others = answers.wrong[:, answers.item_of == item].sum(axis=1) > 1
        rest = answers.rest(item)
        same = digests[case].most_common(1)
        name = answers.items[item]
        known = [_is_known(answers, row, name) for row in np.flatnonzero(wrong).tolist()]
        one = Suspect(
            case, int(wrong.sum()), int((wrong & ~others).sum()), same[0][1] if same else 0,
            known.count(False), float(rest[wrong].mean()), float(rest[right].mean()),
        )  # fmt: skip
        half = one.fails / 2
        if one.alone > half and one.unnamed > half and ahead(rest[wrong], rest[right]) >= 0.5:
            found.append(one)
    return sorted(found, key=lambda one: -one.alone)


def _digests(answers: Answers) -> dict[int, Counter[str]]:
    """Return for each case how many students have which hash of the wrong numbers."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for row, many in zip(answers.first, answers.many.tolist()):
        outcome = answers.pupils[row].outcome
        assert outcome is not None
        for case, digest in {case: digest for case, _, digest in outcome.cases if digest}.items():
            if case in answers.column:
                found[answers.column[case]][digest] += many
    return found


def _is_known(answers: Answers, row: int, item: str) -> bool:
    """Return whether a student's mistake in an item is known for certain, or is another item's."""
    pupil = answers.pupils[row]
    assert pupil.outcome is not None
    root = next((one[5] for one in pupil.outcome.items if one[0] == item), "")
    return bool(root) or pupil.facts.says.get(item, ("", False))[1]


def costs(answers: Answers) -> dict[tuple[int, str], set[int]]:
    """Return which checks cost which part of whom: ((kind, "item part"), checks)."""
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    for kind, row in enumerate(answers.first):
        for case, parts in answers.pupils[row].facts.parts.items():
            column = answers.column.get(case)
            if column is not None and answers.wrong[row, column]:
                item = answers.items[answers.item_of[column]]
                for part in parts:
                    found[kind, f"{item} {part}"].add(column)
    return dict(found)


def decides(lost: Lost, many: np.ndarray) -> Counter[int]:
    """Return for how many students each check decides by itself, given how many are of a kind."""
    alone = {(kind, next(iter(cases))) for (kind, _), cases in lost.items() if len(cases) == 1}
    found: Counter[int] = Counter()
    for kind, case in alone:
        found[case] += int(many[kind])
    return found


def needless(lost: Lost, many: np.ndarray) -> list[int]:
    """Return checks that could all go at once, and nobody would have other points.

    Of checks that can stand for each other the one that costs most students a part stays.
    """
    by_case: dict[int, list[tuple[int, str]]] = defaultdict(list)
    left = {key: set(cases) for key, cases in lost.items()}
    for key, cases in left.items():
        for case in cases:
            by_case[case].append(key)
    found = []
    costing = {case: sum(int(many[kind]) for kind, _ in keys) for case, keys in by_case.items()}
    for case in sorted(by_case, key=lambda one: (costing[one], -one)):
        if all(len(left[key]) > 1 for key in by_case[case]):
            found.append(case)
            for key in by_case[case]:
                left[key].discard(case)
    return sorted(found)


def alike(answers: Answers) -> list[tuple[int, ...]]:
    """Return checks of one item that the very same students fail."""
    found: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for case in range(len(answers.cases)):
        if answers.wrong[:, case].sum() >= FEW:
            column = np.packbits(answers.wrong[:, case]).tobytes()
            found[int(answers.item_of[case]), column].append(case)
    return [tuple(cases) for cases in found.values() if len(cases) > 1]


def disagreeing(answers: Answers, lost: Lost) -> Iterator[tuple[int, int, int, int]]:
    """Yield (check, check, who fail the first alone, who fail the second alone), most first.

    Both judge the same part, so who understood it should pass both; and those who fail one fail
    the other no more often than the rest does.
    """
    parts: dict[int, set[str]] = defaultdict(set)
    for (_, part), cases in lost.items():
        for case in cases:
            parts[case].add(part)
    found = []
    for one, other in combinations(sorted(parts), 2):
        if parts[one] & parts[other]:
            both = answers.asked[:, one] & answers.asked[:, other]
            first, second = answers.wrong[both, one], answers.wrong[both, other]
            only, also = int((first & ~second).sum()), int((second & ~first).sum())
            expected = first.sum() * second.sum() / max(1, int(both.sum()))
            if min(only, also) >= FEW and (first & second).sum() <= expected:
                found.append((one, other, only, also))
    yield from sorted(found, key=lambda each: -min(each[2:]))


# ------------------------------------------------------------------------------ as tables


def tables(answers: Answers, rubric: Rubric, people: People) -> tuple[Table, ...]:
    """Return the tables of the page about checks."""
    lost = costs(answers)
    return (
        _suspected(answers, rubric, people),
        _disagreeing(answers, rubric, lost),
        _needless(answers, rubric, lost),
        _extreme(answers, rubric),
    )


def _suspected(answers: Answers, rubric: Rubric, people: People) -> Table:
    rows = []
    for one in suspects(answers):
        who = people.who(answers.pupils[row] for row in np.flatnonzero(answers.wrong[:, one.case]))
        rows.append(
            (
                _case(rubric, one.case), Cell(str(one.fails)), Cell(str(one.alone)),
                Cell(str(one.same)), Cell(str(one.unnamed)),
                Cell(f"{100 * one.here:.0f} % against {100 * one.others:.0f} %"),
                Cell(who=who),
            )
        )  # fmt: skip
    return Table(
        "suspected", "Perhaps wrong themselves",
        "Good students fail these and nothing else of the item, and no known mistake explains it. "
        "Look at what one of them wrote: it may be right in a way that the check does not know.",
        ("Check", "Fail it", "Fail only it", "With the same numbers", "Without a certain cause",
         "Points elsewhere: who fail it, who pass", "Who"),
        tuple(rows), (1, 2, 3, 4),
    )  # fmt: skip


def _disagreeing(answers: Answers, rubric: Rubric, lost: Lost) -> Table:
    rows = tuple(
        (_case(rubric, one), _case(rubric, other), Cell(str(only)), Cell(str(also)))
        for one, other, only, also in list(disagreeing(answers, lost))[:30]
    )
    return Table(
        "disagreeing", "Checks that disagree",
        "Two checks of the same part, and different students fail each: they ask for different "
        "things. Perhaps one is worth a part of its own, or one is wrong.",
        ("Check", "Check", "Fail only the first", "Fail only the second"), rows, (2, 3),
    )  # fmt: skip


def _needless(answers: Answers, rubric: Rubric, lost: Lost) -> Table:
    alone, could_go = decides(lost, answers.many), needless(lost, answers.many)
    twins = {case: group for group in alike(answers) for case in group}
    rows = []
    for case in could_go:
        fails = int(answers.wrong[:, case].sum())
        others = [rubric.cases[one].id.partition("/")[2] for one in twins.get(case, ())]
        same = [name for name in others if name != rubric.cases[case].id.partition("/")[2]]
        rows.append(
            (_case(rubric, case), Cell(f"{fails:,}"), Cell(f"{alone[case]:,}"),
             Cell(", ".join(same), is_code=bool(same)))
        )  # fmt: skip
    return Table(
        "needless", "Checks that change nobody's points",
        f"Without all of these {len(could_go)} together everybody of this class would have the "
        "same points: others find the same mistakes. Another class may need them.",
        ("Check", "Fail it", "Decided by it alone", "Failed by the same students as"),
        tuple(rows), (1, 2), folded=len(rows) > 12,
    )  # fmt: skip


def _extreme(answers: Answers, rubric: Rubric) -> Table:
    rows = []
    asked, wrong = (answers.many @ rows.kinds for rows in (answers.asked, answers.wrong))
    for number, item in enumerate(rubric.table.items):
        here = np.flatnonzero((answers.item_of == number) & (asked >= FEW)).tolist()
        nobody = [_name(rubric, case) for case in here if wrong[case] == 0]
        everybody = [_name(rubric, case) for case in here if wrong[case] == asked[case]]
        if nobody or everybody:
            rows.append(
                (Cell(item.title), Cell(", ".join(everybody), is_code=bool(everybody)),
                 Cell(", ".join(nobody), is_code=bool(nobody)))
            )  # fmt: skip
    return Table(
        "extreme", "Failed by everybody, or by nobody",
        "Counted among those who wrote the item. What everybody fails was not taught, or is wrong.",
        ("Item", "Everybody fails", "Nobody fails"), tuple(rows), folded=len(rows) > 12,
    )  # fmt: skip


def _case(rubric: Rubric, case: int) -> Cell:
    one = rubric.cases[case]
    return Cell(one.id, is_code=True, detail="" if one.public else "hidden")


def _name(rubric: Rubric, case: int) -> str:
    return rubric.cases[case].id.partition("/")[2]
