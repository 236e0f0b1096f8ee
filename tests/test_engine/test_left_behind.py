"""What one case leaves behind makes no other one wrong; what a function keeps of its own does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from tests.support import handed_in, hostile

AFFINE = """
KEPT = []
own_affine = affine_forward


def affine_forward(x, w, b):
    KEPT.append(x.size)
    return own_affine(x, w, b)
"""
RELU = """

def relu_forward(x):
    {body}
    return np.maximum(0, x), x
"""
# What is done with what is kept -> whether relu_forward keeps its points, and a word of its fault.
LEFT: dict[str, tuple[str, bool, str]] = {
    "another item spoils every case, the same way": ("if KEPT: x = x + 1", True, ""),
    "another item stops every case": ("if KEPT: raise ValueError('kept')", True, ""),
    "another item spoils some": ("if len(KEPT) > 3 and x.ndim == 2: x = x * 2", True, ""),
    "its own first call spoils the others": (
        "if 'mine' in KEPT: x = x + 1\n    KEPT.append('mine')", False, "different answers",
    ),
    "wrong by itself in several cases": ("x = x + (x.ndim == 2)", False, "out"),
    "wrong by itself and another way behind its own": (
        "x = x + (x.ndim == 2) * (1 + KEPT.count('mine'))\n    KEPT.append('mine')", False, "out",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(("body", "keeps", "says"), LEFT.values(), ids=LEFT)
def test_a_wrong_verdict_comes_from_nothing_that_another_item_left_behind(
    body: str, keeps: bool, says: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    submission = hostile.of_code("left behind", AFFINE + RELU.format(body=body))
    report = grade_one(submission, assignments["cs231n-a2"], worker)
    items = {item.id: item for item in report.items}
    assert items["affine_forward"].status == "passed"
    assert (items["relu_forward"].status == "passed") is keeps
    assert any(says in fault.message for fault in items["relu_forward"].faults) or keeps


LAYERS = """
KEPT = []
own_batchnorm = batchnorm_forward


def batchnorm_forward(x, gamma, beta, bn_param):
    KEPT.append(x.size)
    return own_batchnorm(x, gamma, beta, bn_param)


def relu_backward(dout, cache):
    return dout * (cache > 0) + {more}
"""
NET = """
own_loss = TwoLayerNet.loss


def loss(self, X, y=None):
    from cs231n import layers

    out = own_loss(self, X, y)
    return out if not layers.KEPT else out + 1 if y is None else (out[0] + 1, out[1])


TwoLayerNet.loss = loss
"""


@pytest.mark.parametrize("more", [0, 1], ids=["right layers", "a wrong layer of its own"])
def test_a_net_pays_for_nothing_that_another_item_left_behind(
    more: int, assignments: dict[str, Assignment], worker: Worker
) -> None:
    spoils = hostile.of_code("left behind", LAYERS.format(more=more))
    spoiled = hostile.of_code("left behind", NET, "classifiers/fc_net.py")
    path = "cs231n/classifiers/fc_net.py"
    files = {**spoils.files, path: spoiled.files[path]}
    given = handed_in.of_files("left behind", files)
    items = {one.id: one for one in grade_one(given, assignments["cs231n-a2"], worker).items}
    assert (items["relu_backward"].status == "passed") is not bool(more)
    assert items["TwoLayerNet"].earned == items["TwoLayerNet"].possible > 0
