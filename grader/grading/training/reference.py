"""The reference as it repeats a training, with the conventions that a student's code follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from grader.box.job import Job
from grader.golden.store import MAIN, Golden
from grader.grading.facts import Facts
from grader.guest.modules import GRADED
from grader.judges import find
from grader.rubric.records import Item
from grader.types import Arrays

CLOSE = 1e-6  # of an array's largest number; conventions differ by more in their cases
LOAD_S, CASE_S = 10.0, 120.0
ROOM = 32 * 1024**2  # bytes of a state of training
# Behind each module of the reference: change it as the alternatives ask, before others import it.
TAIL = """

import sys
from .{up}alternatives import ALTERNATIVES
for name in {names!r}:
    if name in ALTERNATIVES and ALTERNATIVES[name][0] == {module!r}:
        ALTERNATIVES[name][1](sys.modules[__name__])
"""
# A third of the work of a step: images alone have four axes, and nobody uses their gradient.
NO_IMAGE_GRADIENT = """

_affine_backward = affine_backward
def affine_backward(dout, cache):
    x, _, _ = cache
    if x.ndim != 4:
        return _affine_backward(dout, cache)
    return None, x.reshape(x.shape[0], -1).T @ dout, dout.sum(axis=0)
"""


@dataclass(frozen=True)
class Reference:
    """The files of the reference's package, alternatives beside it: "cs231n/layers.py"."""

    files: Mapping[str, bytes]

    def job(self, alternatives: Iterable[str]) -> Job:
        """Return what repeats a training with these alternatives."""
        names, files = sorted(set(alternatives)), dict(self.files)
        for module, path in GRADED.items():
            up = "." * path.count("/")
            tail = TAIL.format(up=up, names=names, module=module)
            tail += NO_IMAGE_GRADIENT if module == "layers" else ""
            files[f"cs231n/{path}"] += tail.encode()
        return Job("cs231n", files, {"dropout_p": "keep"}, load_s=LOAD_S, case_s=CASE_S, room=ROOM)


def matched(facts: Facts, golden: Golden) -> tuple[str, ...]:
    """Return the alternatives that a student's right items follow, and the reference does not."""
    found: dict[str, None] = {}
    for item in facts.rubric.table.items:
        verdict = facts.verdicts.get(item.id)
        if item.alternatives and verdict is not None and verdict.passed:
            found |= dict.fromkeys(_of_item(item, facts, golden).split("+"))
    return tuple(name for name in found if name)


def _of_item(item: Item, facts: Facts, golden: Golden) -> str:
    """Return the first convention that all answers of an item follow; "" for the reference's."""
    cases = [
        case
        for case in facts.rubric.cases_of(item.id)
        if case.alternatives and case.id in facts.evidence and find(case.judge).golden
    ]
    names = dict.fromkeys(name for case in cases for name in case.alternatives)
    for name in (MAIN, *names):
        for case in cases:
            answers = golden.answers(replace(case, alternatives=(name,) if name != MAIN else ()))
            want = answers.get(name, answers[MAIN])
            if not _close(facts.evidence[case.id].arrays, want):
                break
        else:
            return "" if name == MAIN else name
    return ""


def _close(got: Arrays, want: Arrays) -> bool:
    for name, array in want.items():
        mine = got.get(name)
        if mine is None or mine.size != array.size:
            continue  # what is judged in another way
        scale = float(np.abs(array).max(initial=0.0)) or 1.0
        if float(np.abs(mine.reshape(array.shape) - array).max(initial=0.0)) > CLOSE * scale:
            return False
    return True
