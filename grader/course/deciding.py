"""What decides an item: a regrade grades again where its verdict may be another now.

It is kept as text, in which each thing is a hash, so that of two rubrics one can say what is
another, and whether an answer that was right by the first is right by the second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from grader.golden.store import Golden
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.judges import find
from grader.judges.tolerances import TOLERANCES
from grader.rubric.records import Item, Part
from grader.types import Case


@dataclass(frozen=True)
class Decided:
    """What decides an item.

    `rule` is all that the other fields have no part in. `parts` are hashes, which say too whether
    a part brings points at all. `allowed` is the tolerance in float64 and float32. Of each case
    there is its id, a hash of what it asks, one of the part that it counts to, and one of each
    answer that it accepts, the reference's first. `worth` is of points and words, from which no
    verdict follows.
    """

    rule: str
    parts: tuple[str, ...]
    needs: tuple[str, ...]
    allowed: tuple[float, ...]
    alternatives: tuple[str, ...]
    cases: tuple[tuple[str, ...], ...]
    worth: str


def deciding(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Yield (item, all that decides it)."""
    for item in assignment.rubric.table.items:
        yield item.id, json.dumps(asdict(_decided(item, assignment)))


def _decided(item: Item, assignment: Assignment) -> Decided:
    rubric, golden = assignment.rubric, assignment.golden
    cases, judged = rubric.cases_of(item.id), Evaluator(rubric, golden)
    rules = sorted(asdict(rubric.table.judging).items())
    tolerance = TOLERANCES[item.tolerance]
    allowed = (tolerance.float64, tolerance.float32)
    if not all(find(case.judge).golden for case in cases):  # to allow more may be to ask for more
        rules, allowed = [*rules, ("tolerance", item.tolerance)], (0.0, 0.0)
    return Decided(
        rule=_hash(_bare(item), rules),
        parts=tuple(map(_of_part, item.parts)),
        needs=item.needs,
        allowed=allowed,
        alternatives=item.alternatives,
        cases=tuple((case.id, *_of_case(case, judged.names(case), golden)) for case in cases),
        worth=_hash(item),
    )


def is_judged_alike(before: str, now: str) -> bool:
    """Say whether the verdict on an item follows from the same, before and now."""
    old, new = _read(before), _read(now)
    return old is not None and new is not None and replace(old, worth=new.worth) == new


def is_eased(before: str, now: str) -> bool:
    """Say whether what was right in all that was judged is so now.

    No case is new or another, none accepts less or judges other outputs. These may count to other
    parts, and the item may need more.
    """
    old, new = _read(before), _read(now)
    if old is None or new is None or old.rule != new.rule:
        return False
    known = {case[0]: case for case in old.cases}
    return (
        set(old.needs) <= set(new.needs)
        and all(was <= allowed for was, allowed in zip(old.allowed, new.allowed))
        and set(old.alternatives) <= set(new.alternatives)
        and all(_accepts(known.get(case[0], ()), case) for case in new.cases)
    )


def _accepts(before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Say whether a case is the one before, by the same reference, and accepts all that it did."""
    _, asked, _, *answers = now
    known = before[3:]
    return before[1:2] == (asked,) and known[:1] == tuple(answers[:1]) and {*known} <= {*answers}


def _read(text: str) -> Decided | None:
    """Return what decided an item; None if nothing is known of it."""
    try:
        found = json.loads(text)
        return Decided(
            rule=found["rule"],
            parts=tuple(found["parts"]),
            needs=tuple(found["needs"]),
            allowed=tuple(found["allowed"]),
            alternatives=tuple(found["alternatives"]),
            cases=tuple(map(tuple, found["cases"])),
            worth=found["worth"],
        )
    except (ValueError, LookupError, TypeError, AttributeError):  # of an earlier version
        return None


def _of_part(part: Part) -> str:
    return _hash(replace(part, about="", points=float(part.points > 0)))


def _of_case(case: Case, judged: Sequence[str], golden: Golden) -> Iterator[str]:
    """Yield the hash of what is asked, that of the row, and that of each accepted answer."""
    asked = replace(case, part=None, only=(), alternatives=())
    yield _hash(asked, judged)
    yield _hash(case.part, case.only)
    answers = golden.answers(case) if find(case.judge).golden else {}
    for arrays in answers.values():
        digest = hashlib.sha256()
        for output, array in sorted(arrays.items()):
            digest.update(f"{output}{array.shape}".encode() + array.tobytes())
        yield digest.hexdigest()


def _hash(*facts: Any) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _bare(item: Item) -> Item:
    """Return an item without points, words, and what has a field of its own."""
    return replace(
        item, title="", section="", lesson="", hints=(), points=0.0, bonus=False, cases=(),
        parts=(), needs=(), tolerance="layer", alternatives=(),
    )  # fmt: skip
