"""What decides an item, as hashes: a regrade grades again where the first half is another now.

VERDICT-WORTH    VERDICT of its cases, golden answers and rule; WORTH of its points and words
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from grader.grading.assignment import Assignment
from grader.judges import find
from grader.rubric.records import Item


def deciding(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Yield (item, hashes of all that decides it)."""
    rubric, golden = assignment.rubric, assignment.golden
    rules = asdict(rubric.table.judging)
    for item in rubric.table.items:
        facts = [repr(_bare(item)), repr(sorted(rules.items()))]
        verdict = hashlib.sha256(json.dumps(facts).encode())
        for case in rubric.cases_of(item.id):
            verdict.update(repr(case).encode())
            answers = golden.answers(case) if find(case.judge).golden else {}
            for name, arrays in answers.items():
                for output, array in sorted(arrays.items()):
                    verdict.update(f"{name}{output}{array.shape}".encode() + array.tobytes())
        worth = hashlib.sha256(repr(item).encode())
        yield item.id, f"{verdict.hexdigest()}-{worth.hexdigest()}"


def is_judged_alike(before: str, now: str) -> bool:
    """Say whether the verdict on an item follows from the same, by its hashes before and now."""
    return bool(before) and before.partition("-")[0] == now.partition("-")[0]


def _bare(item: Item) -> Item:
    """Return an item without points and words, from which no verdict follows.

    Whether a part is worth anything at all stays: what is wrong there costs nothing.
    """
    parts = (replace(part, about="", points=float(part.points > 0)) for part in item.parts)
    return replace(
        item, title="", section="", lesson="", hints=(), points=0.0, bonus=False,
        parts=tuple(parts),
    )  # fmt: skip
