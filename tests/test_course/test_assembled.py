"""A result put together from what was graded before is that of a fresh grading, byte for byte."""

from __future__ import annotations

import io
import json
import random
import re
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
from grader.grading import dependencies, score
from grader.grading.assignment import Assignment
from grader.rubric.records import Item, Part
from grader.types import Fault, ItemResult, PartResult, Submission
from tests.support import classes, handed_in, other_rubric

ALONE, NOTHING, ALL = "the item alone", "nothing", "all that depends on it"
BELOW = "the item, what it needs, and the backward passes of these"
# mistakes of a student, the item that the teacher changes, how, and what runs; later ones are drawn
TRIALS: list[tuple[tuple[str, ...], str, str, str]] = [
    ((), "batchnorm_backward", "a case less", NOTHING),
    (("adam/no-bias-correction", "dropout_forward/not-scaled"), "adam", "more points", NOTHING),
    (("affine_forward/bias-forgotten",), "affine_forward", "words", NOTHING),
    (("batchnorm_forward/momentum-swapped",), "batchnorm_forward", "a case less", BELOW),
    (("affine_forward/bias-forgotten",), "affine_forward", "a case less", BELOW),
    (("batchnorm_backward/mean-forgotten",), "batchnorm_backward", "a case less", BELOW),
    (("adam/no-bias-correction",), "adam", "a case less", ALONE),
    (("batchnorm_forward/eps-not-read",), "batchnorm_backward", "a case less", ALONE),
    (("layernorm_forward/no-root", "layernorm_backward/mean-forgotten"), "layernorm_backward",
     "a case less", BELOW),
    ((), "layernorm_backward", "strictly", ALL),
    ((), "rmsprop", "points", NOTHING),
    (("FullyConnectedNet/no-regularization",), "TwoLayerNet", "strictly", ALL),
    (("batchnorm_forward/momentum-swapped",), "layernorm_backward", "a case less", NOTHING),
    (("relu_backward/mask-from-dout", "FullyConnectedNet/no-relu"), "FullyConnectedNet", "points",
     ALL),
    (("relu_forward/leaky",), "relu_backward", "a case less", ""),
    ((), "dropout_forward", "points", NOTHING),  # a part of 0 points gets some
    (("dropout_forward/not-scaled",), "dropout_forward", "points", ""),
    (("dropout_backward/mask-forgotten",), "dropout_forward", "points", NOTHING),
    ((), "adam", "loosely", NOTHING),
    (("adam/no-bias-correction",), "adam", "loosely", ALONE),
    (("affine_forward/bias-forgotten",), "affine_backward", "loosely", ALONE),
    ((), "rmsprop", "undone: no alternatives", NOTHING),
    (("rmsprop/decay-swapped",), "rmsprop", "undone: no alternatives", ALONE),
    (("adam/lecture-form",), "adam", "undone: no alternatives", ""),
    (("float32_minded",), "adam", "loosely", ""),  # right, with warnings
    ((), "rmsprop", "no alternatives", ALONE),
    ((), "layernorm_forward", "undone: a case less", ALONE),
    (("layernorm_forward/no-root",), "layernorm_forward", "undone: a case less", ""),
    ((), "layernorm_backward", "undone: no needs", NOTHING),
    ((), "layernorm_backward", "no needs", ALONE),
    (("layernorm_forward/no-root",), "layernorm_backward", "undone: no needs", ""),
    (("layernorm_forward/no-root",), "layernorm_backward", "no needs", ""),
    ((), "adam", "a part more", NOTHING),
    (("adam/no-bias-correction",), "adam", "a part more", ""),
    (("adam/no-bias-correction",), "adam", "a bonus", NOTHING),
]  # fmt: skip
DRAWN = 40
WORTH = ("points", "more points", "words", "a bonus")  # of which no verdict hangs


def trial(number: int) -> tuple[tuple[str, ...], str, str, str]:
    """Return a trial: two mistakes in two items, an item and a change at random."""
    if number < len(TRIALS):
        return TRIALS[number]
    draw, every = random.Random(number), list(handed_in.usual_mistakes())
    asked = Policy("cs231n-a2").assignment.rubric.table.items
    items = [item.id for item in asked if any(name.startswith(f"{item.id}/") for name in every)]
    one, other = draw.sample(items, 2)
    mistakes = [draw.choice([m for m in every if m.startswith(f"{i}/")]) for i in (one, other)]
    hows = [*WORTH, "a case less", "a case less", f"{other_rubric.UNDONE}a case less"]
    return tuple(mistakes), draw.choice([one, other, *items]), draw.choice(hows), ""


def notebook(*cells: str, kind: str = "code") -> bytes:
    rows = [{"cell_type": kind, "source": text, "metadata": {}} for text in cells]
    for row in rows if kind == "code" else ():
        row |= {"outputs": [], "execution_count": None}
    return json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


# Two rules that train, a plot, a cell that stops, and an answer; small: 300 images.
BOOKS = {
    "FullyConnectedNets.ipynb": notebook(
        """
import numpy as np
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.data_utils import get_CIFAR10_data
from cs231n.solver import Solver
data = get_CIFAR10_data(num_training=300, num_validation=200, num_test=10)
few = {**data, "X_train": data["X_train"][:50], "y_train": data["y_train"][:50]}
def train(rule, epochs):
    np.random.seed(1)
    net = FullyConnectedNet([50, 50], weight_scale=2e-2, dtype=np.float64)
    Solver(net, few, update_rule=rule, optim_config={"learning_rate": 1e-3}, batch_size=25,
           num_epochs=epochs, verbose=False).train()
""",
        "train('sgd_momentum', 20)",
        "train('adam', 6)",
        "import matplotlib.pyplot as plt; plt.plot([1, 2, 3]); plt.show(); print('<b>plotted</b>')",
        "1 / 0",
    ),
    "Dropout.ipynb": notebook("## Inline Question 1:\nWhy?", "**Answer:** As $p$", kind="markdown"),
}


def task(policy: Policy, mistakes: tuple[str, ...], known: Known | None = None) -> Task:
    every, out = handed_in.usual_mistakes(), io.BytesIO()
    files = handed_in.reference()
    for name in mistakes:  # one after another, for they may be in the same function
        if name in every:
            files = handed_in.with_mistakes(files, [every[name]])
        else:
            files = handed_in.accepted_submission(name)
    books = BOOKS if policy.notebooks == "run" else {}
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in {**files.files, **books}.items():
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


def _worth(item: Item) -> list[bool]:
    return [part.points > 0 for part in item.parts]


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.long_trial(0.025)) for n in range(len(TRIALS) + DRAWN)
])  # fmt: skip
def test_what_is_put_together_is_what_a_fresh_grading_comes_to(number: int, tmp_path: Path) -> None:
    mistakes, item, how, runs = trial(number)
    rubric = other_rubric.copied(tmp_path)
    other_rubric.before(tmp_path, item, how)
    old = Policy(str(rubric), notebooks="skip")
    before = graded(old, mistakes)
    decided = dict(deciding(old.assignment))
    other_rubric.change(tmp_path, item, how)
    new = replace(old)
    decides = dict(deciding(new.assignment))
    changed, judged = regrade.changes(decided, decides)
    old_item, new_item = old.assignment.rubric.item(item), new.assignment.rubric.item(item)
    frees = how in WORTH and _worth(old_item) != _worth(new_item)
    assert changed == [item] and bool(judged) == (how not in WORTH or frees)
    eased = regrade.eased(decided, decides, judged)
    reached = {item, *regrade.dependents(new.assignment.rubric, judged)}
    run = tuple(
        one.id
        for one in new.assignment.rubric.table.items
        if one.id in reached and one.kind == "code"
    )
    ran, part = Ran(), replace(new, only=run)
    with ran.counting():
        again = graded(part, mistakes, Known(before, run, b"", tuple(judged), eased))
    every = {case.item for case in part.assignment.rubric.cases}
    below = {item, *new.assignment.rubric.all_needs(item)}
    below |= {*dependencies.backward_of(new.assignment.rubric, below)}
    asked = {NOTHING: [set()], ALONE: [{item}], BELOW: [below], ALL: [every]}
    last = ran.asked[-1] if ran.asked else set()
    assert last in (asked[runs] if runs else [each for one in asked.values() for each in one])
    fresh = unmeasured(graded(new, mistakes))
    with mock.patch.object(whole, "grade", side_effect=AssertionError):  # nothing runs
        assert unmeasured(graded(new, mistakes, Known(before, run, again))) == fresh
    assert unmeasured(before) != fresh


def right(item: Item) -> ItemResult:
    """Return an item of a student who had all of it right."""
    return replace(
        score.bare(item, "passed"),
        earned=item.points,
        parts=score.parts_of(item, {part.id: True for part in item.parts}, "failed"),
    )


WARNED = Fault("case", "dx", "dx", "dtype", "float32", public=True, warning=True)
# what was not so right of layernorm_backward, or of what it needs
NOT_SO_RIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("", {}),
    "it was wrong": ("layernorm_backward", {"status": "failed"}),
    "a warning": ("layernorm_backward", {"warnings": (WARNED,)}),
    "over what was put right": ("layernorm_backward", {"followed_through": True}),
    "another's mistake": ("layernorm_backward", {"because_of": "layernorm_forward"}),
    "a part that brought nothing": ("layernorm_backward", {
        "parts": (PartResult("dx", "", 0, 0, "failed"), PartResult("dgamma", "", 1, 1, "passed")),
    }),
    "what it needs": ("layernorm_forward", {"status": "partial"}),
    "what another item needs": ("relu_forward", {"status": "partial"}),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_SO_RIGHT)
def test_who_is_asked_for_less_is_right_if_all_was(
    what: str, assignments: dict[str, Assignment]
) -> None:
    name, changes = NOT_SO_RIGHT[what]
    found = assignments["cs231n-a2"]
    old = {item.id: right(item) for item in found.rubric.table.items}
    old |= {name: replace(old[name], **changes)} if name else {}
    item = found.rubric.item("layernorm_backward")
    stays = cutoff._stays_right(item, old, found)
    assert stays == (what in ("nothing", "what another item needs"))


def test_a_part_that_nothing_asks_for_is_not_right(assignments: dict[str, Assignment]) -> None:
    found = assignments["cs231n-a2"]
    old = {item.id: right(item) for item in found.rubric.table.items}
    item = found.rubric.item("adam")
    more = replace(item, parts=(*item.parts, Part("more", 1.0)))
    assert cutoff._stays_right(item, old, found) and not cutoff._stays_right(more, old, found)


# the mistake of a student, the item that the teacher changes, how, whether all that depends on it
# runs again, and whether notebooks do once it is to count
WITH_NOTEBOOKS = [
    ("adam/no-bias-correction", "adam", "more points", False, False),
    ("adam/no-bias-correction", "update_rules", "more points", False, False),
    ("adam/no-bias-correction", "Dropout/1", "more points", False, False),
    ("adam/no-bias-correction", "overfit_three_layer", "words", False, False),
    ("adam/no-bias-correction", "rmsprop", "words", False, False),
    ("adam/no-bias-correction", "sgd_momentum", "a case less", False, False),
    ("adam/no-bias-correction", "adam", "words", False, True),  # the runs name its title
    ("adam/no-bias-correction", "sgd_momentum", "strictly", True, True),
    ("relu_backward/mask-from-dout", "adam", "a case less", True, True),  # it has two conventions
]


def small(folder: Path) -> str:
    """Copy the rubric, with few images; return its place."""
    rubric = other_rubric.copied(folder)
    few = "[data.synthetic]\ntraining = 300\nvalidation = 200\ntest = 10\nhidden = 250\nseed"
    text = re.sub(r"(?s)\[data\.synthetic\].*?\nseed", few, rubric.read_text("utf-8"), count=1)
    rubric.write_text(text, "utf-8")
    return str(rubric)


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.long_trial(0)) for n in range(len(WITH_NOTEBOOKS))
])  # fmt: skip
def test_notebooks_run_again_only_where_they_may_come_to_something_else(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake, item, how, looking, counting = WITH_NOTEBOOKS[number]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rubric = small(tmp_path / "rubrics")
    old = Policy(rubric)
    before = graded(old, (mistake,))
    decided = dict(deciding(old.assignment))
    other_rubric.change(tmp_path / "rubrics", item, how)
    new = replace(old)
    decides = dict(deciding(new.assignment))
    _, judged = regrade.changes(decided, decides)
    eased = regrade.eased(decided, decides, judged)
    reached = {item, *regrade.dependents(new.assignment.rubric, judged)}
    run = tuple(one.id for one in new.assignment.rubric.table.items if one.id in reached)
    part = replace(new, only=run)
    with mock.patch.object(whole, "_executed", wraps=whole._executed) as executed:
        known = Known(before, run, b"", tuple(judged), eased)
        ran = graded(part, (mistake,), known)
        assert executed.called == looking
    fresh = unmeasured(graded(new, (mistake,)))
    assert json.loads(fresh["result.json"])["notebooks"][0]["runs"]
    with mock.patch.object(whole, "grade", wraps=whole.grade) as graded_whole:
        found = unmeasured(graded(new, (mistake,), Known(before, run, ran)))
        assert graded_whole.called == counting
    for one in (found, fresh):
        del one[archive.RECORD]  # which has the seconds of cells
    assert found == fresh
    assert unmeasured(before)["result.json"] != fresh["result.json"]
