"""Why is it wrong? From the evidence of what failed to a sentence and the hints that fit it.

    match      a usual mistake that gives the same wrong numbers (reference/misconceptions)
    symptoms   else what wrong numbers have to do with the right ones: a factor, a transpose
    stops      else what an exception of this kind usually means

Nothing here looks at an item that is right, and nothing runs student code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from grader.diagnose import match, stops, symptoms
from grader.diagnose.match import Match, Mine
from grader.diagnose.symptoms import Symptom
from grader.follow import Again
from grader.golden.wrong import Wrong
from grader.judges.wrong import Answer, Key, Seen, wrong_answers
from grader.rubric import ItemTable, Rubric
from grader.types import Case, Cause, Evidence
from grader.verdicts import Bench, Verdict

MOST = 2  # causes that one item is given


class Known(Protocol):
    """Whatever can read the golden wrong answers."""

    @property
    def wrong(self) -> Wrong:
        """The usual mistakes and their answers."""


@dataclass(frozen=True)
class Diagnosis:
    """The cause of an item's failure, and hints for it where the mistake is a known one."""

    cause: Cause
    hints: tuple[str, ...] = ()


def causes(
    rubric: Rubric,
    bench: Bench,
    evidence: Mapping[str, Evidence],
    verdicts: Mapping[str, Verdict],
    followed: Mapping[str, Again],
    known: Known,
) -> dict[str, Diagnosis]:
    """Return the diagnosis of each failed item that has one; `known.wrong` is read once."""
    found = {}
    for name, verdict in verdicts.items():
        again = followed.get(name)
        right = {**verdict.right, **{p: r for p, r in again.right.items() if r}} if again else {}
        right = right or dict(verdict.right)
        lost = [p.id for p in verdict.item.parts if p.points > 0 and not right.get(p.id, False)]
        if not lost or not verdict.written or verdict.broken:
            continue
        seen = {**evidence, **again.evidence} if again else evidence
        diagnosis = _of_item(verdict.item, lost, rubric, bench, seen, known.wrong)
        if diagnosis is not None:
            found[name] = diagnosis
    return found


def _of_item(
    item: ItemTable,
    lost: list[str],
    rubric: Rubric,
    bench: Bench,
    evidence: Mapping[str, Evidence],
    wrong: Wrong,
) -> Diagnosis | None:
    cases = [case for case in rubric.cases if case.item == item.id and case.id in evidence]
    seen = [_seen(case, evidence[case.id], bench) for case in cases]
    worth = {part.id: part.points for part in item.parts}
    lost = sorted(lost, key=lambda part: -worth[part])
    counted = _Counted(item, cases)
    mine = Mine(counted(wrong_answers(seen)), symptoms.errors(seen), counted.part)
    twins = {name: counted(answers) for name, answers in wrong.answers(item.id).items()}
    matches = match.find(item.id, mine, twins, lost)
    if matches:
        return _known(matches[:MOST], wrong)
    signs = symptoms.find(item, seen, lost)
    if signs:
        return _signs(signs[:MOST])
    stop = stops.find([evidence[case.id] for case in cases])
    return Diagnosis(Cause(f"symptom/{stop[0]}", stop[1], False)) if stop else None


def _seen(case: Case, evidence: Evidence, bench: Bench) -> Seen:
    names = tuple(bench.names(case))
    if evidence.outcome == "answered":
        return Seen(case, names, bench.look(case, evidence))
    kind = f" {evidence.raised.type}" if evidence.outcome == "raised" and evidence.raised else ""
    return Seen(case, names, None, evidence.outcome + kind)


class _Counted:
    """Keeps the wrong answers that cost points, and knows which part each counts for."""

    def __init__(self, item: ItemTable, cases: list[Case]) -> None:
        self._item = item
        self._cases = {case.id: case for case in cases}
        self._worth = {part.id for part in item.parts if part.points > 0}

    def __call__(self, answers: Mapping[Key, Answer]) -> dict[Key, Answer]:
        return {key: answer for key, answer in answers.items() if self.part(key) in self._worth}

    def part(self, key: Key) -> str | None:
        """Return the part of an output; what several cases say together has no case of its own."""
        case = self._cases.get(key[0]) or next(iter(self._cases.values()))
        return self._item.part_of(key[1], case)


def _known(matches: list[Match], wrong: Wrong) -> Diagnosis:
    told = [wrong.told(one.mistake) for one in matches]
    says = " ".join(one.says for one in told)
    certain = all(one.certain for one in matches)
    first = told[0].hints
    hints = (first[0], f"{first[1]} In short: {told[0].formula}.", *first[2:])
    return Diagnosis(Cause("+".join(one.mistake for one in matches), says, certain), hints)


def _signs(signs: list[Symptom]) -> Diagnosis:
    says = " ".join(one.says for one in signs)
    name = "+".join(dict.fromkeys(f"symptom/{one.id}" for one in signs))
    return Diagnosis(Cause(name, says, all(one.certain for one in signs)))
