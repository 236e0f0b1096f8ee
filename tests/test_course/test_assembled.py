"""A result put together from what was graded before is that of a fresh grading, byte for byte."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from grader import whole
from grader.course import archive, cutoff, regrade
from grader.course.assembled import Known
from grader.course.deciding import deciding
from grader.course.tasks import Grader, Policy, Task
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Submission
from tests.support import classes, handed_in, other_rubric

ALONE, NOTHING, ALL = "the item alone", "nothing", "all that depends on it"
# mistakes of a student, the item that the teacher changes, how, and what runs; later ones are drawn
TRIALS: list[tuple[tuple[str, ...], str, str, str]] = [
    ((), "batchnorm_backward", "a case less", ALONE),
    (("adam/no-bias-correction", "dropout_forward/not-scaled"), "adam", "more points", NOTHING),
    (("affine_forward/bias-forgotten",), "affine_forward", "words", NOTHING),
    (("batchnorm_forward/momentum-swapped",), "batchnorm_forward", "a case less", ALL),
    ((), "layernorm_backward", "strictly", ALL),
    ((), "rmsprop", "points", NOTHING),
    (("FullyConnectedNet/no-regularization",), "TwoLayerNet", "strictly", ALL),
    (("batchnorm_forward/momentum-swapped",), "layernorm_backward", "a case less", ALONE),
    (("relu_backward/mask-from-dout", "FullyConnectedNet/no-relu"), "FullyConnectedNet", "points",
     ALL),
    (("relu_forward/leaky",), "relu_backward", "a case less", ALONE),
]  # fmt: skip
DRAWN = 26


def trial(number: int) -> tuple[tuple[str, ...], str, str, str]:
    """Return a trial: two mistakes in two items, an item and a change at random."""
    if number < len(TRIALS):
        return TRIALS[number]
    draw, every = random.Random(number), list(handed_in.usual_mistakes())
    asked = Policy("cs231n-a2").assignment.rubric.table.items
    items = [item.id for item in asked if any(name.startswith(f"{item.id}/") for name in every)]
    one, other = draw.sample(items, 2)
    mistakes = [draw.choice([m for m in every if m.startswith(f"{i}/")]) for i in (one, other)]
    how = draw.choice(["points", "more points", "words", "a case less", "a case less"])
    return tuple(mistakes), draw.choice([one, other, *items]), how, ""


def task(policy: Policy, mistakes: tuple[str, ...], known: Known | None = None) -> Task:
    every, out = handed_in.usual_mistakes(), io.BytesIO()
    files = handed_in.reference()
    for name in mistakes:  # one after another, for they may be in the same function
        files = handed_in.with_mistakes(files, [every[name]])
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in files.files.items():
            zipped.writestr(zipfile.ZipInfo(name, archive.DAY_ONE), data)
    return Task(policy.key("u" * 64), "u" * 64, out.getvalue(), known)


def graded(policy: Policy, mistakes: tuple[str, ...], known: Known | None = None) -> bytes:
    grader = Grader(policy)
    try:
        (done,) = grader.chunk([task(policy, mistakes, known)])
    finally:
        grader.stop()
    assert done.outcome.status == "graded"
    return done.data


def unmeasured(data: bytes) -> dict[str, str]:
    return {name: classes.unmeasured(name, text) for name, text in archive.unpack(data).items()}


@dataclass
class Ran:
    """The items whose cases ran, of each grading."""

    asked: list[set[str]] = field(default_factory=list)

    def grade_one(self, given: Submission, assignment: Assignment, *rest: Any, **more: Any) -> Any:
        self.asked.append({case.item for case in assignment.rubric.cases})
        return grade_one(given, assignment, *rest, **more)

    @contextmanager
    def counting(self) -> Iterator[None]:
        with (
            mock.patch.object(whole, "grade_one", self.grade_one),
            mock.patch.object(cutoff, "grade_one", self.grade_one),
        ):
            yield


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.long_trial(0.05)) for n in range(len(TRIALS) + DRAWN)
])  # fmt: skip
def test_what_is_put_together_is_what_a_fresh_grading_comes_to(number: int, tmp_path: Path) -> None:
    mistakes, item, how, runs = trial(number)
    rubric = other_rubric.copied(tmp_path)
    old = Policy(str(rubric), notebooks="skip")
    before = graded(old, mistakes)
    decided = dict(deciding(old.assignment))
    other_rubric.change(tmp_path, item, how)
    new = replace(old)
    changed, judged = regrade.changes(decided, dict(deciding(new.assignment)))
    assert changed == [item] and bool(judged) == (how in ("a case less", "strictly"))
    reached = {item, *regrade.dependents(new.assignment.rubric, judged)}
    run = tuple(
        one.id
        for one in new.assignment.rubric.table.items
        if one.id in reached and one.kind == "code"
    )
    ran, part = Ran(), replace(new, only=run)
    with ran.counting():
        again = graded(part, mistakes, Known(before, run, changed=tuple(judged)))
    every = {case.item for case in part.assignment.rubric.cases}
    asked = {NOTHING: [], ALONE: [{item}], ALL: ran.asked[:-1] + [every]}
    assert ran.asked in ([asked[runs]] if runs else list(asked.values()))
    fresh = unmeasured(graded(new, mistakes))
    with mock.patch.object(whole, "grade", side_effect=AssertionError):  # nothing runs
        assert unmeasured(graded(new, mistakes, Known(before, run, again))) == fresh
    assert unmeasured(before) != fresh
