"""A net that stops inside a right layer is told by the line that calls the layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from grader.authoring.fixtures import misconceptions as usual
from grader.box.worker import Worker
from grader.diagnosis import misused
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Case, Evidence, Raised
from tests.support import handed_in
from tests.support.assignments import asking

PATH, LAYERS = "cs231n/classifiers/fc_net.py", "cs231n/layers.py"
LOSS = "FullyConnectedNet.loss"
CACHE = 'affine_backward(dout, caches["affine", i])'
GAMMA = "norm_forward(out, gamma, beta, self.bn_params[i - 1])"

# name -> (old text, new text, item, what the sentence says, a text in the line it names)
WRONG: Mapping[str, tuple[str, str, str, str, str]] = {
    "the cache of another layer": (
        CACHE, 'affine_backward(dout, caches["relu", i])', "FullyConnectedNet",
        "hands affine_backward what does not fit it, and affine_backward itself is right",
        'caches["relu", i])',
    ),
    "no cache": (
        CACHE, 'affine_backward(dout, caches.get("affine"))', "FullyConnectedNet",
        "hands affine_backward None", "caches.get(",
    ),
    "a forward pass that lacks its settings": (
        GAMMA, "norm_forward(out, gamma, beta, self.bn_params)", "FullyConnectedNet.batchnorm",
        "hands batchnorm_forward what does not fit it: print the shapes", "self.bn_params)",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.mark.parametrize("name", WRONG)
def test_the_call_is_named(name: str, assignments: dict[str, Assignment], worker: Worker) -> None:
    old, new, item, says, place = WRONG[name]
    files = usual.applied(dict(handed_in.reference().files), {LOSS: ((old, new),)})
    assignment = asking(assignments["cs231n-a2"], item)
    report = grade_one(handed_in.of_files(name, files), assignment, worker)
    lines = files[PATH].decode().splitlines()
    number = max(n for n, line in enumerate(lines, start=1) if place in line)
    found = next(one for one in report.items if one.id == item)
    assert found.cause is not None and found.cause.certain
    assert f"fc_net.py line {number} {says}" in found.cause.message
    assert (found.suspects[0].file, found.suspects[0].line) == (PATH, number)


def raised(*frames: tuple[str, int, str], message: str = "broken") -> Raised:
    return Raised("ValueError", message, tuple((*frame, "") for frame in frames))


NET = (PATH, 10, "loss")
HELPER = (PATH, 30, "back")
BACKWARD = (LAYERS, 5, "affine_backward")
OWN = (LAYERS, 7, "rows_of")
FRAMES = {
    "the net calls the layer": ((NET, BACKWARD), 10),
    "a helper of the net does": ((NET, HELPER, BACKWARD), 30),
    "the layer stops in a helper of its own": ((NET, BACKWARD, OWN), 10),
    "the net stops by itself": ((NET,), None),
    "a helper beside the layers stops": ((NET, OWN), None),
    "the layer is called alone": ((BACKWARD,), None),
}


@pytest.mark.parametrize("name", FRAMES)
def test_it_is_the_last_line_of_the_net_before_a_right_layer(name: str) -> None:
    frames, line = FRAMES[name]
    found = misused.call_of(raised(*frames), {"affine_backward"})
    assert (found[0][1] if found else None) == line
    assert misused.call_of(raised(*frames), {"relu_backward"}) is None


def test_nothing_is_said_where_a_case_stops_by_itself_or_only_hidden_ones_show_the_line() -> None:
    def case(name: str, public: bool) -> Case:
        return Case(
            name, "FullyConnectedNet", "nets.net_loss", {}, {}, public=public,
            judge="values.close", part=None, only=(), needs=(), alternatives=(),
        )  # fmt: skip

    def ended(*frames: tuple[str, int, str]) -> Evidence:
        return Evidence("one", "raised", raised=raised(*frames))

    both = [case("a", True), case("b", False)]
    right = {"affine_backward"}
    called, alone = ended(NET, BACKWARD), ended(NET)
    found = misused.find(both, [called, called], right)
    assert found is not None and found.certain and "fc_net.py line 10" in found.message
    assert misused.find(both, [called, alone], right) is None
    assert misused.find(both[1:], [called], right) is None
