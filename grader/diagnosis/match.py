"""Which misconception gives the very answers that a student's code gave?

A misconception fits if it is wrong in the same outputs of the same cases and with the same numbers.
It is certain where all of them agree to 1e-9 and lie far nearer to it than to the right answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.golden.misconceptions import Misconceptions
from grader.grading.verdicts import Evaluator
from grader.judges.wrong import OTHER, Answer, Key, Seen, wrong_answers
from grader.rubric.records import Item
from grader.types import Case, Evidence

EXACT = 1e-9  # of the largest number in an array: rounding, in whatever order sums were taken
NEAR = 1e-3  # another convention for eps, or single precision
CLOSER = 1e-2  # nearer to the mistake than to the right answer by at least this factor
NOISE = 1e-6  # of the largest wrong number in a case: an array below it is 0 but for rounding
WHOLE = ""  # the part that stands for all of them

Answers = Mapping[Key, Answer]


@dataclass(frozen=True)
class Match:
    """A mistake that gives a student's wrong answers in `parts` (all of them: {""})."""

    mistake: str
    parts: frozenset[str]
    certain: bool


@dataclass(frozen=True)
class Mine:
    """A student's wrong answers, how far each is from right, and which part each counts for."""

    answers: Answers
    errors: Mapping[Key, float]
    part: Callable[[Key], str | None]

    def only(self, answers: Answers, part: str) -> Answers:
        """Return the answers that count for one part."""
        if part == WHOLE:
            return answers
        return {k: a for k, a in answers.items() if self.part(k) == part}


def seen_of(case: Case, evidence: Evidence, evaluator: Evaluator) -> Seen:
    """Return a case as wrong answers are read off it."""
    names = tuple(evaluator.names(case))
    if evidence.outcome == "answered":
        return Seen(case, names, evaluator.attempt(case, evidence))
    kind = f" {evidence.raised.type}" if evidence.outcome == "raised" and evidence.raised else ""
    return Seen(case, names, None, evidence.outcome + kind)


def compared(
    item: Item, seen: Sequence[Seen], known: Misconceptions
) -> tuple[Mine, dict[str, Answers]]:
    """Return a student's wrong answers and those of each known mistake, as far as they cost points.

    A mistake is known in the cases of all rubrics: those that this one lacks count for nothing.
    """
    cases = {one.case.id: one.case for one in seen}
    worth = {part.id for part in item.parts if part.points > 0}
    errors = {
        (one.case.id, found.output): found.error
        for one in seen
        for found in one.found
        if found.kind is not None and found.error is not None
    }

    @functools.cache
    def part(key: Key) -> str | None:
        """Return the part of an output; what several cases say together is the item's."""
        case = cases.get(key[0], seen[0].case if key[0] == item.id else None)
        return None if case is None else item.part_of(key[1], case)

    def counted(answers: Answers) -> Answers:
        return {key: answer for key, answer in answers.items() if part(key) in worth}

    theirs = {name: counted(answers) for name, answers in known.answers(item.id).items()}
    return Mine(counted(wrong_answers(seen)), errors, part), theirs


def find(item: str, mine: Mine, known: Mapping[str, Answers], parts: Iterable[str]) -> list[Match]:
    """Return the mistakes that explain the wrong `parts` of an item, the most telling first.

    One that explains everything is enough; else each part may have a mistake of its own, if that
    one is not wrong where the student is right.
    """
    ranked = sorted(known, key=lambda name: (not name.startswith(f"{item}/"), "+" in name))
    if whole := list(_fitting(mine, known, ranked, WHOLE)):
        return [next((one for one in whole if one.certain), whole[0])]
    possible = [name for name in ranked if not _contradicted(mine.answers, known[name])]
    fits = {part: list(_fitting(mine, known, possible, part)) for part in parts}
    found: dict[str, Match] = {}
    while (best := _widest(fits)) is not None:
        found.setdefault(best.mistake, best)
        fits = {part: each for part, each in fits.items() if part not in best.parts}
    return list(found.values())


def _contradicted(mine: Answers, theirs: Answers) -> bool:
    """Say whether a mistake is wrong where the student is right, or wrong with other numbers.

    Then it is not the student's, whatever a single part looks like.
    """
    return not theirs.keys() <= mine.keys() or any(
        _is_other(mine[key], known) for key, known in theirs.items()
    )


def _is_other(got: Answer, known: Answer) -> bool:
    """Say whether numbers differ, or words fit nothing we know where a mistake has its own."""
    if isinstance(known, frozenset):
        return isinstance(got, frozenset) and OTHER in got and not got & known
    return bool(np.isfinite(known).any()) and not distance(got, known) <= NEAR


def _widest(fits: Mapping[str, Sequence[Match]]) -> Match | None:
    """Return the mistake that explains most of the open parts, as one match; the first of equals.

    One that is certain of its parts comes before one that only may be.
    """
    parts: dict[str, list[Match]] = {}
    for matches in fits.values():
        for match in matches:
            parts.setdefault(match.mistake, []).append(match)
    joined = [
        Match(name, frozenset().union(*(m.parts for m in each)), all(m.certain for m in each))
        for name, each in parts.items()
    ]
    return max(joined, key=lambda match: (match.certain, len(match.parts)), default=None)


def _fitting(
    mine: Mine, known: Mapping[str, Answers], names: Iterable[str], part: str
) -> Iterator[Match]:
    """Yield each mistake that gives the wrong answers of a part, once."""
    wanted = mine.only(mine.answers, part)
    if part != WHOLE and any(isinstance(a, frozenset) and not _plain(a) for a in wanted.values()):
        return
    found: dict[str, Match] = {}
    for name in names:
        theirs = mine.only(known[name], part)
        gap = _gap(wanted, theirs, mine.errors)
        if gap is None or _empty(theirs):
            continue
        alone = theirs.keys() == known[name].keys()
        certain = gap <= EXACT and _decisive(theirs, alone)
        match = Match(name.partition("+")[0], frozenset({part}), certain)
        if match.certain or match.mistake not in found:
            found[match.mistake] = match
    yield from found.values()


def _gap(mine: Answers, theirs: Answers, errors: Mapping[Key, float]) -> float | None:
    """Return the largest distance between two sets of wrong answers; None where they differ."""
    if not mine or mine.keys() != theirs.keys():
        return None
    worst, sizes = 0.0, dict[str, float]()
    for (case, _), answer in theirs.items():
        sizes[case] = max(sizes.get(case, 0.0), _size(answer))
    for key, answer in mine.items():
        gap = distance(answer, theirs[key], NOISE * sizes[key[0]])
        if not gap <= min(NEAR, CLOSER * errors.get(key, np.inf)):
            return None
        worst = max(worst, gap)
    return worst


def distance(got: Answer, known: Answer, floor: float = 0.0) -> float:
    """Return how far an answer is from a known one, in units of the latter's largest number.

    What is 0 but for rounding is measured by `floor`.
    """
    if isinstance(got, frozenset) or isinstance(known, frozenset):
        both = isinstance(got, frozenset) and isinstance(known, frozenset)
        return 0.0 if both and got & known else np.inf
    if got.shape != known.shape:
        if got.size != known.size or _squeezed(got) != _squeezed(known):
            return np.inf
        got = got.reshape(known.shape)
    there = np.isfinite(known)
    if not np.array_equal(there, np.isfinite(got)):
        return np.inf
    size = max(_size(known), floor) or 1.0
    return float(np.max(np.abs(got - known), initial=0.0, where=there)) / size


def _size(answer: Answer) -> float:
    """Return the largest number of an array, 0 for words."""
    if isinstance(answer, frozenset):
        return 0.0
    return float(np.max(np.abs(answer), initial=0.0, where=np.isfinite(answer)))


def _decisive(answers: Answers, alone: bool) -> bool:
    """Say whether answers are enough to be certain: numbers, or words that are the whole story.

    The kind of an exception, an array of nan, or words for "something else" fit many mistakes.
    """
    if any(isinstance(a, np.ndarray) and np.isfinite(a).any() for a in answers.values()):
        return True
    words = [a for a in answers.values() if isinstance(a, frozenset)]
    return alone and any(_plain(each) for each in words)


def _empty(answers: Answers) -> bool:
    """Say whether there are arrays, and not one number in them to compare."""
    arrays = [a for a in answers.values() if isinstance(a, np.ndarray)]
    return bool(arrays) and not any(np.isfinite(array).any() for array in arrays)


def _plain(words: frozenset[str]) -> bool:
    return OTHER not in words and not any(word.startswith("raised") for word in words)


def _squeezed(array: np.ndarray) -> tuple[int, ...]:
    return tuple(n for n in array.shape if n != 1)
