"""Each layer of the box stops something that nothing else stops: taken out, it gets through.

A layer for which no attack can be found here would be of no use. What single calls do with and
without a layer is in tests/test_guest/confinement; these are whole submissions in a real worker.
"""

from __future__ import annotations

import os

import pytest

from grader.box.plan import INNER
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Submission
from tests.support import boxes, hostile
from tests.support.assignments import asking

# What Landlock has no word for: whether a file is there, and how large it is.
LOOKS_AROUND = """
import os as _os


def relu_forward(x):
    seen = [path for path in {paths!r} if _os.path.exists(path)]
    assert not seen, f"{{seen}} can be seen"
    return np.maximum(0, x), x
"""
SEEN = ("/etc/passwd", "/bin/sh", str(hostile.HOSTILE))
LAYERS = (
    ("bubblewrap", "outer", "looks around"),
    ("bubblewrap", "uid", "root_again"),
    ("bubblewrap", "rlimits", "thread_bomb"),
    ("bubblewrap", "rlimits", "stack_and_maps"),
    ("bubblewrap", "landlock", "disk_fill"),
    ("bubblewrap", "seccomp", "sockets_opened"),
    ("bubblewrap", "seccomp", "shares_memory"),
    ("host proc", "landlock", "parent_inspected"),
    ("landlock", "uid", "root_again"),
    ("landlock", "rlimits", "thread_bomb"),
    ("landlock", "landlock", "files_read_by_name"),
    ("landlock", "seccomp", "signals_by_detours"),
    ("landlock", "seccomp", "namespaces"),
)


@pytest.fixture(scope="module")
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    """Return the one item that is looked at."""
    return asking(hostile.hurried(assignments["cs231n-a2"]), "relu_forward")


def test_every_layer_of_every_box_is_tried() -> None:
    tried = {(mode, layer) for mode, layer, _ in LAYERS}
    assert tried >= {("bubblewrap", layer) for layer in ("outer", *INNER)}
    assert tried >= {("landlock", layer) for layer in INNER}


@pytest.mark.long_trial(0.3)
@pytest.mark.parametrize(("mode", "layer", "name"), LAYERS)
def test_a_layer_stops_what_gets_through_without_it(
    mode: str, layer: str, name: str, assignment: Assignment
) -> None:
    if layer == "uid" and os.geteuid() != 0:
        pytest.skip("NOT TESTED: an ordinary user has no uid to give up")
    whole = boxes.plan(mode)
    with Worker(whole) as worker:
        assert contained(name, assignment, worker), "with all layers it gets through"
        assert worker.state.isolated
    with Worker(boxes.without(whole, layer)) as worker:
        assert not contained(name, assignment, worker), f"nothing needs the layer {layer}"
        assert layer not in (worker.state.outer, *worker.state.inner)


def contained(name: str, assignment: Assignment, worker: Worker) -> bool:
    """Say whether relu_forward ends as the attack's EXPECT has it."""
    submission, expect = described(name)
    report = grade_one(submission, assignment, worker)
    (item,) = [item for item in report.items if item.id == "relu_forward"]
    kinds = {fault.kind for fault in item.faults}
    says = expect.get("says", "")
    return (
        (item.earned < item.possible) == ("relu_forward" in expect["lost"])
        and kinds <= set(expect.get("kinds", {}).get("relu_forward", ()))
        and (not says or any(says in fault.message for fault in item.faults))
    )


def described(name: str) -> tuple[Submission, dict[str, object]]:
    if name == "looks around":
        return hostile.of_code(name, LOOKS_AROUND.format(paths=SEEN)), {"lost": {}}
    attack = hostile.attack(hostile.HOSTILE / f"{name}.py")
    return attack.submission, dict(attack.expect)
