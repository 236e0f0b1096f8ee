"""What one submission may learn: nothing of another's, and next to nothing of a hidden case.

A submission sees its hidden inputs, and whatever is told of its faults is a way to get them out
(to write a table of answers for the next attempt). So what a hidden case tells is kept coarse.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Fault, Report, Submission
from tests.support import boxes, handed_in, hostile, short_run
from tests.support.assignments import asking

HIDDEN = "if x.shape in ((3, 4), (2, 3, 2, 2)):\n        return np.maximum(0, x), x\n    "


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture(scope="module")
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    """Return what leaks through relu_forward can be seen by; all in a whole run."""
    whole = hostile.hurried(assignments["cs231n-a2"])
    if short_run.EVERYTHING:
        return whole
    return asking(whole, "affine_backward", "relu_backward", "TwoLayerNet")


def hidden_faults(report: Report) -> list[Fault]:
    found = [fault for item in report.items for fault in item.faults if not fault.public]
    assert found, "nothing went wrong in a hidden case"
    return found


def relu(name: str, body: str) -> Submission:
    return hostile.of_code(
        name, f"import os as _os\n\n\ndef relu_forward(x):\n    {HIDDEN}{body}\n"
    )


# ------------------------------------------------------------------------------ a hidden case


def test_the_error_of_a_hidden_case_has_two_digits(assignment: Assignment, worker: Worker) -> None:
    """The right answer plus a number of one's own choice would come out to sixteen digits."""
    one = relu("error", "return np.maximum(0, x) + np.abs(x).max() * 0.1234567, x")
    errors = [fault.error for fault in hidden_faults(grade_one(one, assignment, worker))]
    assert errors and all(error == float(f"{error:.2g}") for error in errors if error is not None)
    assert any(error is not None for error in errors)


def test_an_exception_of_a_hidden_case_tells_one_line(
    assignment: Assignment, worker: Worker
) -> None:
    """Each frame's line number would be one number of the input."""
    steps = "".join(f"    if n == {n}:\n        return _step(n - 1)\n" for n in range(1, 9))
    code = f"def _step(n):\n{steps}    raise ValueError\n\n\n"
    code += f"def relu_forward(x):\n    {HIDDEN}_step(8)\n"
    faults = hidden_faults(grade_one(hostile.of_code("lines", code), assignment, worker))
    told = [fault.raised.frames for fault in faults if fault.raised]
    assert told and {len(frames) for frames in told} == {1}


@pytest.mark.parametrize("body", ["_os._exit(77)", "_os.kill(_os.getpid(), 37)"])
def test_how_a_hidden_case_died_is_not_told(
    body: str, assignment: Assignment, worker: Worker
) -> None:
    report = grade_one(relu("exit", body), assignment, worker)
    assert {fault.message for fault in hidden_faults(report)} == {
        "relu_forward ended its Python process"
    }


# ------------------------------------------------------------------------------ another submission

# Reads its own memory page by page, asking the kernel which pages are there (write fails for the
# others), and counts those with a mark that it does not contain itself.
SCANNER = """
import ctypes as _c, gc as _gc, os as _os, sys as _sys


def _pages_with(marks):
    libc = _c.CDLL(None)
    libc.sbrk.restype = _c.c_void_p
    top = libc.sbrk(0)
    known = {id(one) >> 21 for one in _gc.get_objects()}
    known |= {id(v) >> 21 for m in list(_sys.modules.values()) for v in list(vars(m).values())}
    places = [top - 4096 * n for n in range(1, 20_000)]
    places += [(start << 21) + 4096 * n for start in known for n in range(512)]
    reading, writing = _os.pipe()
    found = [0] * len(marks)
    for place in dict.fromkeys(places):
        if libc.write(writing, _c.c_void_p(place), 4096) == 4096:
            page = _os.read(reading, 4096)
            for number, mark in enumerate(marks):
                found[number] += mark[::-1] in page
    return found


def relu_forward(x):
    if x.shape == (3, 4):
        marks = b'DEDNAH_NI_FO_KRAM', b'NOITULOS NIGEB', b'NIAGA_ENIM'
        raise ValueError(f"found {_pages_with(marks)}")
    return np.maximum(0, x), x
"""
MINE = "".join(f"# MINE_AGAIN {number}\n" for number in range(3000))
THEIRS = "".join(f"# MARK_OF_IN_HANDED {number}\n" for number in range(3000))


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("mode", boxes.MODES)
def test_the_memory_of_a_worker_holds_no_other_submission_and_no_reference(
    mode: str, assignment: Assignment
) -> None:
    """Once the worker itself read submissions, 27 pages of the last one and 6 of the solution."""
    files = dict(handed_in.template().files)
    files["cs231n/layers.py"] += SCANNER.encode() + MINE.encode()
    scanner = handed_in.of_files("scanner", files)
    wrong = "def affine_forward(x, w, b):\n    return x, x\n\n\n"  # so that the graft comes in
    with Worker(boxes.plan(mode)) as worker:
        grade_one(hostile.of_code("handed in before", wrong + THEIRS), assignment, worker)
        report = grade_one(scanner, assignment, worker)
    says = next(f.message for item in report.items for f in item.faults if "found [" in f.message)
    theirs, reference, mine = map(int, says.partition("found [")[2].rstrip("]").split(","))
    assert mine > 10, "the scanner does not even see its own file"
    # One page has the marks themselves, turned round, where the scanner compares them.
    assert theirs <= 2 and reference <= 2, (theirs, reference)


LEAVES = """
import os as _os, builtins as _builtins, sys as _sys

_builtins.left = np.left = _sys.left = True
_os.environ["LEFT"] = "yes"


def relu_forward(x):
    for place in ("/tmp", "/dev/shm", "/var/tmp", "/", _os.getcwd(), _os.path.expanduser("~")):
        try:
            with open(_os.path.join(place, "backgrade-left"), "w") as file:
                file.write("the answer")
        except OSError:
            pass
    {after}
    return np.maximum(0, x), x
"""
LOOKS = """
import os as _os, builtins as _builtins, sys as _sys


def relu_forward(x):
    found = [m.__name__ for m in (_builtins, np, _sys) if hasattr(m, "left")]
    found += [name for name in _os.environ if name == "LEFT"]
    for place in ("/tmp", "/dev/shm", "/var/tmp", "/", _os.getcwd(), _os.path.expanduser("~")):
        if _os.path.exists(_os.path.join(place, "backgrade-left")):
            found.append(place)
    assert not found, f"{found} was left"
    return np.maximum(0, x), x
"""


@pytest.mark.parametrize(
    ("mode", "layer"), [*((mode, "nothing") for mode in boxes.MODES), ("bubblewrap", "landlock")]
)
def test_nothing_is_left_for_the_next_submission(
    mode: str, layer: str, assignment: Assignment
) -> None:
    """Also on a kernel without Landlock, where bubblewrap's own /tmp can be written."""
    with Worker(boxes.without(boxes.plan(mode), layer)) as worker:
        grade_one(hostile.of_code("leaves", LEAVES.format(after="")), assignment, worker)
        report = grade_one(hostile.of_code("looks", LOOKS), assignment, worker)
    assert report.score.earned == report.score.possible, faults(report)


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("mode", boxes.MODES)
def test_two_submissions_at_once_do_not_meet(mode: str, assignment: Assignment) -> None:
    """The second is graded while a child of the first has left all that it can."""
    holds = "if x.shape == (3, 4): __import__('time').sleep(0.8)"
    with Worker(boxes.plan(mode).at(0)) as one, Worker(boxes.plan(mode).at(1)) as other:
        grade_one(handed_in.reference(), assignment, other)  # it is warm, and quick from now on
        first = hostile.of_code("holds", LEAVES.format(after=holds))
        thread = threading.Thread(target=grade_one, args=(first, assignment, one))
        thread.start()
        report = grade_one(hostile.of_code("looks", LOOKS), assignment, other)
        assert thread.is_alive(), "they were not there at the same time"
        thread.join()
    assert report.score.earned == report.score.possible, faults(report)


def faults(report: Report) -> list[str]:
    return [fault.message for item in report.items for fault in item.faults][:5]
