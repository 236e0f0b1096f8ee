"""A result put together from what was graded before is that of a fresh grading, byte for byte."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from grader import whole
from grader.course import archive
from grader.course.assembled import Known
from grader.course.regrade import dependents
from grader.course.tasks import Grader, Policy, Task
from tests.support import classes, handed_in, other_rubric

# mistakes of a student, and the item that the teacher changes; later ones are drawn
TRIALS: list[tuple[tuple[str, ...], str]] = [
    (("adam/no-bias-correction", "dropout_forward/not-scaled"), "adam"),
    ((), "rmsprop"),
    (("affine_forward/bias-forgotten",), "affine_forward"),
    (("FullyConnectedNet/no-regularization",), "TwoLayerNet"),
    (("batchnorm_forward/momentum-swapped",), "layernorm_backward"),
    (("relu_backward/mask-from-dout", "FullyConnectedNet/no-relu"), "FullyConnectedNet"),
]
DRAWN = 18


def trial(number: int) -> tuple[tuple[str, ...], str]:
    """Return a trial: two mistakes in two items, and an item at random."""
    if number < len(TRIALS):
        return TRIALS[number]
    draw, every = random.Random(number), list(handed_in.usual_mistakes())
    asked = Policy("cs231n-a2").assignment.rubric.table.items
    items = [item.id for item in asked if any(name.startswith(f"{item.id}/") for name in every)]
    one, other = draw.sample(items, 2)
    mistakes = [draw.choice([m for m in every if m.startswith(f"{i}/")]) for i in (one, other)]
    return tuple(mistakes), draw.choice([one, other, *items])


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


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.long_trial(0.05)) for n in range(len(TRIALS) + DRAWN)
])  # fmt: skip
def test_what_is_put_together_is_what_a_fresh_grading_comes_to(number: int, tmp_path: Path) -> None:
    mistakes, item = trial(number)
    rubric = other_rubric.copied(tmp_path)
    old = Policy(str(rubric), notebooks="skip")
    before = graded(old, mistakes)
    other_rubric.change(tmp_path, item)
    new = replace(old)
    run = dependents(new.assignment.rubric, [item])
    run = tuple(name for name in run if new.assignment.rubric.item(name).kind == "code")
    known = Known(before, graded(replace(new, only=run), mistakes), run)
    fresh = unmeasured(graded(new, mistakes))
    with mock.patch.object(whole, "grade", side_effect=AssertionError):  # nothing runs
        assert unmeasured(graded(new, mistakes, known)) == fresh
    assert unmeasured(before) != fresh
