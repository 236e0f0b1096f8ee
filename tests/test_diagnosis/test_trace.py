"""The first line of a wrong net that does something else than a right one is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from grader.authoring.fixtures import misconceptions as usual
from grader.box.worker import Worker
from grader.diagnosis import trace
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Call
from tests.support import handed_in

PATH = "cs231n/classifiers/fc_net.py"
LOSS = "FullyConnectedNet.loss"
UNDO_RELU = '            dout = relu_backward(dout, caches["relu", i])\n'
AFFINE = 'dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, caches["affine", i])'
LAST = 'affine_forward(out, params[f"W{last}"], params[f"b{last}"])'
GAMMA = 'gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]'

# name -> (old text, new text, the item, the sentence, a text that stands in the line it names)
WRONG: Mapping[str, tuple[str, str, str, str, str]] = {
    "a gradient is scaled between two layers": (
        UNDO_RELU, UNDO_RELU.replace("relu_backward", "1.3 * relu_backward"),
        "FullyConnectedNet", "hands another dout to affine_backward", AFFINE,
    ),
    "a relu is not undone in the first layer": (
        UNDO_RELU, UNDO_RELU.replace('"relu", i])', '"relu", i]) if i > 1 else dout'),
        "FullyConnectedNet",
        "hands another dout to affine_backward than a right net does: it calls relu_backward",
        AFFINE,
    ),
    "a weight is changed on its way": (
        LAST, LAST.replace("params[f\"W{last}\"]", "2 * params[f\"W{last}\"]"),
        "FullyConnectedNet", "hands another w to affine_forward", "affine_forward(out, 2",
    ),
    "gamma is changed on its way": (
        GAMMA, GAMMA.replace(", params", " ** 2, params"),
        "FullyConnectedNet.batchnorm", "hands another gamma to batchnorm_forward",
        "norm_forward(out, gamma",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", WRONG)
def test_the_line_is_named(name: str, assignments: dict[str, Assignment], worker: Worker) -> None:
    old, new, item, says, place = WRONG[name]
    files = usual.applied(dict(handed_in.reference().files), {LOSS: ((old, new),)})
    report = grade_one(handed_in.of_files(name, files), assignments["cs231n-a2"], worker)
    lines = files[PATH].decode().splitlines()
    after = next(n for n, line in enumerate(lines) if line.startswith("class FullyConnectedNet"))
    number = 1 + next(n for n, line in enumerate(lines) if n > after and place in line)
    cause = next(one for one in report.items if one.id == item).cause
    assert cause is not None
    assert f"Line {number} of fc_net.py {says}" in cause.message
    assert cause.certain or cause.message.startswith("Line")  # what is certain comes first


def call(name: str, line: int = 1, **numbers: Sequence[float]) -> Call:
    kept = {key: (4.0, *(float(n) for n in value)) for key, value in numbers.items()}
    return Call(name, PATH, line, kept)


RIGHT = (
    call("affine_forward", x=(1, 2, 3), w=(4, 5, 6)),
    call("relu_forward", x=(7, 8, 9)),
    call("softmax_loss", x=(3, 1, 4)),
)
DIFFERENT: Mapping[str, tuple[Sequence[Call], str]] = {
    "the same calls": (RIGHT, ""),
    "rounding": ((replace(RIGHT[0], numbers={"x": (4.0, 1 + 1e-12, 2.0, 3.0)}), *RIGHT[1:]), ""),
    "an argument that is left out": ((replace(RIGHT[0], numbers={}), *RIGHT[1:]), ""),
    "a layer that the net works out by itself": ((RIGHT[0], RIGHT[2]), ""),
    "a net that ends by itself": (RIGHT[:1], ""),
    "no call at all": ((), ""),
    "another number": (
        (RIGHT[0], call("relu_forward", 9, x=(7, 8, 9.1))),
        "Line 9 of fc_net.py hands another x to relu_forward than a right net does: "
        "look at where x comes from.",
    ),
    "another number behind a layer that is not called": (
        (RIGHT[0], call("softmax_loss", 9, x=(1, 1, 1))),
        "Line 9 of fc_net.py hands another x to softmax_loss than a right net does: "
        "it calls relu_forward before.",
    ),
    "another layer": (
        (RIGHT[0], call("layernorm_forward", 7)),
        "Line 7 of fc_net.py calls layernorm_forward where a right net calls relu_forward.",
    ),
    "too many calls": (
        (*RIGHT, call("relu_forward", 8)),
        "Line 8 of fc_net.py calls relu_forward where a right net is done.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_said_of_two_ways(name: str, assignments: dict[str, Assignment]) -> None:
    mine, says = DIFFERENT[name]
    case = assignments["cs231n-a2"].rubric.cases[0]
    assert trace.difference(case, mine, RIGHT) == says


def test_a_net_that_has_come_back_is_not_asked_for_its_next_pass(
    assignments: dict[str, Assignment],
) -> None:
    case = assignments["cs231n-a2"].rubric.cases[0]
    step = (call("affine_forward", x=(1, 2, 3)), call("affine_backward", dout=(1, 2, 3)))
    assert trace.difference(case, step, step * 2) == ""
    assert trace.difference(case, step[:1], step) == ""  # the way back is written out


def test_the_numbers_behind_a_random_mask_are_not_compared(
    assignments: dict[str, Assignment],
) -> None:
    case = replace(assignments["cs231n-a2"].rubric.cases[0], options={"keep": 0.5})
    other = (RIGHT[0], call("relu_forward", 9, x=(0, 0, 0)))
    assert trace.difference(case, other, RIGHT) == ""
