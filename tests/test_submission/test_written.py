"""What is missing, what is not written and what is not returned: different words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import get_args

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.report import faults, html
from grader.report.order import roots
from grader.rubric.near import nearest
from grader.submission.written import Sources, Unreturned
from grader.types import COUNTED, Status, Submission
from tests.support import handed_in
from tests.support.assignments import asking

LAYERS, NET, OPTIM = "cs231n/layers.py", "cs231n/classifiers/fc_net.py", "cs231n/optim.py"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    return assignments["cs231n-a2"]


# ------------------------------------------------------------------------------- the nearest name


@pytest.mark.parametrize(
    ("wanted", "names", "found"),
    [
        ("relu_forward", ["relu_foward", "affine_forward"], "relu_foward"),
        ("relu_forward", ["relu_froward"], "relu_froward"),  # neighbours swapped: one slip
        ("relu_forward", ["rleu_froward"], "rleu_froward"),
        ("relu_forward", ["rlu_foward", "relu_foward"], "relu_foward"),  # one slip beats two
        ("relu_forward", ["relu_foward", "relu_forwrd"], None),  # a guess
        ("relu_forward", ["rlu_fowar"], None),
        ("TwoLayerNet", ["twolayernet"], "twolayernet"),
        ("relu_forward", ["reluForward"], "reluForward"),
        ("adam", ["adem"], "adem"),
        ("adam", ["sgd", "atom"], None),  # two slips in four letters are another word
        ("adam", ["adam"], None),
        ("lr", ["la"], None),
        ("adam", [], None),
    ],
)
def test_the_nearest_name(wanted: str, names: list[str], found: str | None) -> None:
    assert nearest(wanted, names) == found


# ------------------------------------------------------------------------- read, and never run

BODIES = {
    "a return is forgotten": ("out = x + 1\n    cache = x", Unreturned("layers.py", 2)),
    "a branch forgets it": (
        "if p:\n        return x * 2\n    else:\n        y = x * 3", Unreturned("layers.py", 5)),
    "a plain return": ("out = x.dot(p)\n    return", Unreturned("layers.py", 2)),
    "another name is returned": (
        "out = None\n    res = np.maximum(0, x)\n    return out, x",
        Unreturned("layers.py", 3, "out")),
    "a handed-out stub": ("out = None\n    n = np.zeros(3)\n    pass\n    return out", None),
    "an exception": ("raise NotImplementedError", None),
    "a count of layers": ("n = 1 + len(x)\n    m = x.shape[0] - 1", None),
    "a text": ("s = 'W%d' % x", None),
    "all ways return": ("if p:\n        return x + 1\n    return x", None),
    "all others are refused": (
        "if p:\n        return x + 1\n    else:\n        raise ValueError(p)", None),
    "the other branch is a stub": ("if p:\n        return x + 1\n    elif x:\n        pass", None),
    "set in a loop": ("out = None\n    for out in x:\n        pass\n    return out, x + 1", None),
    "set by index": ("out = None\n    out[0] = x + 1\n    return out", None),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_what_is_computed_and_not_returned(what: str) -> None:
    body, found = BODIES[what]
    text = f"def f(x, p):\n    {body}\n"
    assert Sources({"layers.py": text.encode()}).unreturned("layers", "f") == found


BROKEN = b"""def relu_foward(x):
    print 'old', x


class A(object):
    def lose(self)
        return 1


def fine(x):
    y = x * 2
"""


def test_a_file_that_does_not_parse_is_read_definition_by_definition() -> None:
    sources = Sources({"cs231n/layers.py": BROKEN})
    assert sources.names("layers") == ["relu_foward", "A", "A.lose", "fine"]
    assert sources.near("layers", "relu_forward", ()) == "relu_foward"
    assert sources.near("layers", "A.loss", ()) == "A.lose"
    assert sources.unreturned("layers", "fine") == Unreturned("cs231n/layers.py", 11)
    assert sources.function("layers", "relu_foward") is None


HOSTILE = [b"", b"\0", b"def f(:", b"(" * 100_000, b"x = " + b"-" * 100_000 + b"1",
           b"import a" + b".a" * 60_000, b"\xff\xfe", b"def \n" * 10_000]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_no_file_stops_the_reading(data: bytes) -> None:
    sources = Sources({"layers.py": data})
    assert sources.near("layers", "relu_forward", ()) is None
    assert sources.unreturned("layers", "f") is None


# ------------------------------------------------------------------------------ whole submissions


def changed(*changes: tuple[str, str, str], without: tuple[str, ...] = ()) -> Submission:
    files = {p: d for p, d in handed_in.reference().files.items() if p not in without}
    for path, old, new in changes:
        text = files[path].decode()
        assert text.count(old) == 1, old
        files[path] = text.replace(old, new).encode()
    return handed_in.of_files("changed", files)


RELU = "    return np.maximum(0, x), x"
WORDS = {
    "no file": (changed(without=(OPTIM,)), "adam", "missing", "optim.py is not in the upload"),
    "a letter is missing": (
        changed((LAYERS, "def relu_forward", "def relu_foward")), "relu_forward", "missing",
        "layers.py has no relu_forward, but a relu_foward: rename it",
    ),
    "a class in other case": (
        changed((NET, "class TwoLayerNet", "class TwolayerNet")), "TwoLayerNet", "missing",
        "fc_net.py has no TwoLayerNet, but a TwolayerNet: rename it",
    ),
    "no such name": (
        changed((LAYERS, "def relu_forward", "def something_else")), "relu_forward", "missing",
        "layers.py has no relu_forward",
    ),
    "in another file": (
        changed((LAYERS, "def relu_forward", "def other"),
                (OPTIM, "import numpy as np", "import numpy as np\ndef relu_forward(x): pass")),
        "relu_forward", "missing", "layers.py has no relu_forward; optim.py has one: move it",
    ),
    "indented by mistake": (
        changed((LAYERS, "def relu_forward(x):", "if 0:\n  def relu_forward(x):")),
        "relu_forward", "missing", "layers.py has relu_forward only inside of something else",
    ),
    "its forward pass has another name": (
        changed((LAYERS, "def batchnorm_forward", "def batchnormForward"),
                (NET, "from ..layers import *\n", "from ..layers import *\n"
                 "from ..layers import batchnormForward as batchnorm_forward\n")),
        "batchnorm_backward", "error",
        "batchnorm_backward cannot run: layers.py has no batchnorm_forward, but a batchnormForward",
    ),
    "computed and not returned": (
        changed((LAYERS, RELU, "    out = np.maximum(0, x)\n    cache = x")), "relu_forward",
        "error", "relu_forward returns None: the result is computed in line 77 but not returned",
    ),
    "another name is returned": (
        changed((LAYERS, RELU, "    out, res = None, np.maximum(0, x)\n    return out, None")),
        "relu_forward", "error", "relu_forward returns out, which stays None",
    ),
    "the line of the stub is left": (
        changed((LAYERS, RELU, "    out = np.maximum(0, x)\n    raise NotImplementedError")),
        "relu_forward", "error",
        "relu_forward still raises NotImplementedError in line 78, below its code",
    ),
    "None is used in code that is written": (
        changed((LAYERS, RELU, "    out = None\n    res = np.maximum(0, x)\n"
                               "    return out.copy(), x")), "relu_forward", "error",
        "relu_forward stopped with AttributeError",
    ),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", WORDS)
def test_what_is_not_there_has_its_own_word(
    what: str, assignment: Assignment, worker: Worker
) -> None:
    submission, name, status, says = WORDS[what]
    report = grade_one(submission, asking(assignment, name), worker)
    found = next(item for item in report.items if item.id == name)
    assert found.earned == 0 and found.status == status
    assert {fault.message[: len(says)] for fault in found.faults} == {says}
    if status == "missing":
        assert {part.status for part in found.parts} == {"missing"}


def test_a_missing_file_is_told_once_and_first(assignment: Assignment, worker: Worker) -> None:
    submission = changed((LAYERS, "dw = rows.T @ dout", "dw = rows.T @ dout * 2"), without=(OPTIM,))
    first, *others = roots(grade_one(submission, assignment, worker).items)
    assert first.item.id == "sgd_momentum" and first.gain == 10
    assert {one.id for one in first.consequences} == {"rmsprop", "adam"}
    assert not any(root.item.status == "missing" for root in others)


def test_every_status_has_a_word_and_a_mark() -> None:
    page = html.environment().get_template("marks.html").render(page={"charts": ()})
    statuses = get_args(Status)
    assert set(faults.WORDS) == set(statuses)
    assert [name for name in statuses if f'id="m-{name}"' not in page] == []
    assert "missing" in COUNTED


STUBS = {
    "one branch that is still the stub's": (
        changed(
            (
                LAYERS,
                RELU,
                "    if x.ndim == 2:\n        return np.maximum(0, x), x\n"
                "    raise NotImplementedError",
            )
        ),
        "relu_forward",
        "this part of relu_forward is not written yet",
    ),
    "one branch": (
        changed((LAYERS, RELU, "    if x.ndim == 2:\n        return np.maximum(0, x), x")),
        "relu_forward",
        "this part of relu_forward is not written yet",
    ),
}


@pytest.mark.parametrize("what", STUBS)
def test_a_part_that_is_not_written_is_told_apart_from_the_whole(
    what: str, assignment: Assignment, worker: Worker
) -> None:
    submission, name, says = STUBS[what]
    found = next(i for i in grade_one(submission, assignment, worker).items if i.id == name)
    assert {fault.message for fault in found.faults} == {says}


@pytest.mark.parametrize("submission", [handed_in.template(), handed_in.unwritten()])
def test_an_untouched_starter_is_not_written_and_nothing_else(
    submission: Submission, assignment: Assignment, worker: Worker
) -> None:
    report = grade_one(submission, assignment, worker)
    assert {item.status for item in report.items if item.parts} == {"not_written"}


# Bodies that no homework has, which say in the end that nothing was written.
EXCESSIVE = {
    "a sum of 1,500": "    z = (x\n" + "    + x\n" * 1_500 + "    )\n",
    "1,200 branches": "    if x is 0: z = x\n" + "    elif x is 1: z = x\n" * 1_200,
    "60,000 brackets": "    z = x\n" + f"    z = {'(' * 90}x{')' * 90}\n" * 300,
    "many ways of many statements": "    if x is 0: z = x\n    else: z = 2\n" * 6
    + "    z = 1\n" * 11_000,
}


@pytest.mark.parametrize("name", EXCESSIVE)
def test_what_is_too_deep_or_too_long_is_read_in_no_time_or_not(name: str) -> None:
    text = f"def f(x):\n    out = None\n{EXCESSIVE[name]}    return out, x\n"
    sources = Sources({"hw/layers.py": text.encode()})
    started = time.monotonic()
    sources.unreturned("layers", "f")
    sources.computes("layers", "f")
    sources.is_left_over("layers", "f", 3)
    assert time.monotonic() - started < 3.0


def test_many_names_that_are_nearly_the_same_take_no_time() -> None:
    names = (f"relu_forw{n:05}" for n in range(10_000))
    lines = "".join(
        "".join(f"{name} = " for name in names_of) + "0\n" for names_of in zip(*[names] * 50)
    )
    sources = Sources({"hw/layers.py": lines.encode()})
    started = time.monotonic()
    for _ in range(500):
        assert sources.near("layers", "relu_forward00", ["adam"]) is None
    assert time.monotonic() - started < 3.0


def test_a_function_that_is_too_deep_to_read_is_not_the_graders_fault(
    worker: Worker, assignment: Assignment
) -> None:
    files = dict(handed_in.reference().files)
    files[LAYERS] += b"\n\ndef relu_forward(x):\n    out = (x\n" + b"+ x\n" * 1_500
    files[LAYERS] += b"    )\n    out = None\n    return out, x\n"
    report = grade_one(handed_in.of_files("deep", files), assignment, worker)
    relu = next(item for item in report.items if item.id == "relu_forward")
    assert relu.status == "not_written" and report.score.possible == 64.0
