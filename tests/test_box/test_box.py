"""The supervisor's end: one worker for many submissions, bounded waits, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.box.evidence import evidence_of
from grader.box.job import Gone, Job
from grader.box.session import Session
from grader.box.worker import Worker
from grader.guest import observe, wire
from grader.guest.wire import Late
from grader.types import Case
from tests.support import handed_in, processes

processes.adopt_orphans()

SOURCE = (
    "import numpy as np\n\n\ndef relu_forward(x):\n    {body}\n    return np.maximum(0, x), x\n"
)


def job(body: str = "pass", head: str = "", **more: Any) -> Job:
    text = head + SOURCE.format(body=body)
    return Job(
        "hw", {"hw/layers.py": text.encode()}, {"dropout_p": "keep"}, load_s=2.0, case_s=1.0, **more
    )


def cases(
    count: int = 1, shape: tuple[int, ...] = (2, 3)
) -> tuple[list[dict[str, Any]], list[wire.Piece]]:
    rows = [
        {
            "id": f"relu/{i}",
            "key": f"relu/{i}",
            "item": f"relu{i}",
            "probe": "layers.relu_forward",
            "options": {},
            "strided": [],
            "room": 4_000_000,
            "modules": ["layers"],
            "stuck_with": [],
        }
        for i in range(count)
    ]
    arrays = {f"{row['id']}:x": np.full(shape, -1.0) for row in rows}
    return rows, [wire.piece(arrays)]


def soon(seconds: float = 20.0) -> float:
    return time.monotonic() + seconds


def outcomes(worker: Worker, one: Job, count: int = 1) -> list[str]:
    """Open a submission, run some cases, close it."""
    worker.open(one, soon())
    rows, inputs = cases(count)
    seen = [say["outcome"] for _, say, _ in worker.run(rows, inputs, soon())]
    worker.close()
    return seen


@pytest.mark.parametrize(
    ("child", "has_tried", "is_first"),
    [("alone", False, True), ("there", False, False), ("new", False, True), ("again", True, True)],
)
def test_a_group_runs_in_the_child_that_it_asks_for(
    worker: Worker, child: Any, has_tried: bool, is_first: bool
) -> None:
    """The second look may have the child that tried the imports; it has run no case."""
    head = "import sys\nCALLS = []\n"
    body = "CALLS.append(1); return np.float64([len(CALLS), 'hw.optim' in sys.modules]), x"
    one = job(body, head)
    optim = {"hw/optim.py": b"def sgd(w, dw, config=None):\n    return w, config\n"}
    worker.open(replace(one, files={**one.files, **optim}), soon())
    rows, inputs = cases()
    for group in ("new", child):
        ((_, reply, arrays),) = worker.run(rows, inputs, soon(), group)
        assert reply["outcome"] == "answered"
    worker.close()
    assert arrays["out"].tolist() == [1 if is_first else 2, has_tried]


def pid(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def left_by(worker: Worker) -> set[int]:
    """Return the processes of submissions that are still there."""
    return processes.below(pid(worker)) - set(processes.resident(pid(worker)))


def kill(pids: set[int], number: int = signal.SIGKILL) -> None:
    """Send a signal to each, the youngest first; some end with others."""
    for one in sorted(pids, reverse=True):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, number)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture
def own() -> Iterator[Worker]:
    """A worker that a test may break."""
    with Worker() as one:
        one.open(job(), soon(60))
        yield one


def test_one_process_serves_many_submissions(worker: Worker) -> None:
    assert outcomes(worker, job()) == ["answered"]
    first = pid(worker)
    assert processes.gone(left_by(worker))
    inside = processes.resident(first)[-1]
    memory = Path(f"/proc/{inside}/statm").read_text().split()[1]
    for body in ("pass", "1/0", "import os; os._exit(1)", "x += 1", "print('x' * 10**6)") * 8:
        assert outcomes(worker, job(body))[0] in ("answered", "raised", "died")
    assert pid(worker) == first
    assert processes.gone(left_by(worker)), "a process is left behind"
    assert int(Path(f"/proc/{inside}/statm").read_text().split()[1]) < int(memory) + 2_000
    assert len(os.listdir(f"/proc/{inside}/fd")) <= 4


def test_nothing_of_one_submission_is_seen_by_the_next(worker: Worker) -> None:
    head = "import numpy, builtins, sys\nnumpy.seen = builtins.seen = sys.seen = True\n"
    assert outcomes(worker, job(head=head)) == ["answered"]
    asks = "import sys, builtins; assert not any(hasattr(m, 'seen') for m in (np, sys, builtins))"
    assert outcomes(worker, job(asks)) == ["answered"]


def test_nothing_is_written_anywhere(worker: Worker, tmp_path: Path) -> None:
    kept = {place: set(os.listdir(place)) for place in ("/", "/dev/shm", handed_in.ROOT)}
    asks = "import os; assert os.getcwd() == '/' and not os.path.exists('hw'), os.getcwd()"
    assert outcomes(worker, job(asks)) == ["answered"]
    assert {place: set(os.listdir(place)) for place in kept} == kept


def test_the_worker_sees_only_its_own_files_and_a_new_environment(worker: Worker) -> None:
    os.environ["BACKGRADE_SECRET"] = "token"
    with Worker() as fresh:
        asks = (
            "import os, sys; assert 'BACKGRADE_SECRET' not in os.environ; "
            "assert not any('golden' in m or 'judges' in m or 'rubric' in m for m in sys.modules); "
            "assert not any('site-packages' in p or 'main' in p for p in sys.path), sys.path"
        )
        assert outcomes(fresh, job(asks)) == ["answered"]
    environment = {"PATH", "LANG", "HOME", "PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",  # noqa: E501
                   "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}  # fmt: skip  # noqa: E501
    raw = Path(f"/proc/{pid(worker)}/environ").read_bytes().split(b"\0")
    assert {line.partition(b"=")[0].decode() for line in raw if line} == environment


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_ends_is_gone(own: Worker, number: int) -> None:
    left = {*processes.below(pid(own)), pid(own)}
    kill(left, number)
    rows, inputs = cases()
    with pytest.raises(Gone):
        list(own.run(rows, inputs, soon()))
    own.restart()
    assert processes.gone(left)
    assert outcomes(own, job()) == ["answered"]


def test_a_driver_that_ends_is_gone_and_the_worker_serves_on(own: Worker) -> None:
    kill(left_by(own))
    rows, inputs = cases()
    with pytest.raises(Gone):
        list(own.run(rows, inputs, soon()))
    own.restart()
    assert outcomes(own, job(), 3) == ["answered"] * 3


def test_a_driver_that_ends_after_its_last_answer_spoils_nothing_for_the_next(own: Worker) -> None:
    drivers = left_by(own)
    kill(drivers)
    assert processes.gone(drivers)
    own.close()
    for _ in range(3):
        assert outcomes(own, job()) == ["answered"]


@pytest.mark.parametrize("shape", [(2, 3), (500, 1000)], ids=["small", "larger than a pipe"])
def test_a_stopped_worker_is_late_and_not_waited_for(own: Worker, shape: tuple[int, int]) -> None:
    for one in (*processes.below(pid(own)), pid(own)):
        os.kill(one, signal.SIGSTOP)
    rows, inputs = cases(1, shape)
    started = time.monotonic()
    with processes.no_longer_than(20), pytest.raises(Late):
        list(own.run(rows, inputs, soon(1.0)))
    assert time.monotonic() - started < 3.0
    left = processes.below(pid(own)) | {pid(own)}
    own.restart()
    assert processes.gone(left)
    assert outcomes(own, job()) == ["answered"]


def test_opening_is_bounded(own: Worker) -> None:
    own.close()
    with pytest.raises(Late):
        own.open(job(head="while True:\n    pass\n"), soon(0.5))
    own.restart()
    assert outcomes(own, job()) == ["answered"]


def test_closing_a_stuck_worker_replaces_it(own: Worker) -> None:
    first = pid(own)
    os.kill(first, signal.SIGSTOP)
    for driver in processes.below(first):
        os.kill(driver, signal.SIGSTOP)
    own.close()
    assert pid(own) != first and processes.gone({first})


def test_stopping_in_the_middle_of_a_case_leaves_no_process() -> None:
    before = processes.mine()
    with Worker() as one:
        one.open(job("import time; time.sleep(60)"), soon(60))
        rows, inputs = cases()
        with pytest.raises(Late):
            list(one.run(rows, inputs, soon(0.3)))
    assert processes.gone(processes.mine() - before)
    one.stop()  # twice does no harm


ORPHANED = """
import sys, time
from dataclasses import replace
sys.path.insert(0, {root!r})
from grader.box import plan
from tests.test_box import test_box
worker = test_box.Worker(plan.choose("{mode}"))
slow = replace(test_box.job("import time; time.sleep(600)"), case_s=60.0)
worker.open(slow, test_box.soon(60))
rows, inputs = test_box.cases()
print("open", flush=True)
list(worker.run(rows, inputs, test_box.soon(60)))
"""


@pytest.mark.parametrize("mode", ["auto", "landlock"])
def test_a_grader_that_is_killed_leaves_no_process(mode: str) -> None:
    """Nobody is left to clean up: what is below must notice by itself."""
    before = processes.mine()
    script = ORPHANED.format(root=str(handed_in.ROOT), mode=mode)
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert grader.stdout and grader.stdout.readline() == b"open\n"
    time.sleep(0.3)
    below = processes.below(grader.pid)
    assert below
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert processes.gone(below, within_s=3.0), "the worker outlived its grader"
    assert processes.gone(processes.mine() - before)


def test_the_answers_of_one_group_come_in_order_and_one_hang_costs_one(worker: Worker) -> None:
    worker.open(job("import time; time.sleep(60 if x.size == 1 else 0)"), soon())
    rows, inputs = cases(4)
    inputs = [wire.piece({**inputs[0].arrays, "relu/1:x": np.ones(1)})]
    seen = [(name, say["outcome"]) for name, say, _ in worker.run(rows, inputs, soon())]
    worker.close()
    assert seen == [("relu/0", "answered"), ("relu/1", "timeout"), ("relu/2", "answered"), ("relu/3", "answered")]  # fmt: skip  # noqa: E501


def test_numbers_come_back_bit_for_bit(worker: Worker) -> None:
    worker.open(job(), soon())
    rows, _ = cases()
    x = np.array([[-0.0, 5e-324, np.pi], [np.inf, np.nan, -1e308]])
    ((_, _, arrays),) = worker.run(rows, [wire.piece({"relu/0:x": x})], soon())
    worker.close()
    assert arrays["out"].tobytes() == np.maximum(0, x).tobytes()


# ------------------------------------------------------------------------------ evidence

CASE = Case(
    id="i/c", item="i", probe="layers.relu_forward", inputs={"x": "2x3"}, options={}, public=False,
    judge="values.close", part=None, only=(), needs=(), alternatives=(),
)  # fmt: skip
FILES = {"hw/layers.py": b"def f(x):\n    return 1 / 0\n"}
SAYS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an outcome that is a list": {"outcome": ["answered"]},
    "an outcome that is a dictionary": {"outcome": {}},
    "lists in mutated": {"outcome": "answered", "mutated": [["x"], {}, 7, "y"]},
    "odd tables": {"outcome": "answered", "dtypes": [1], "refused": {"out": [[1]]}, "text": {}},
    "odd frames": {"outcome": "raised", "frames": [1, [], [[], {}, None, 1], ["hw/layers.py", True, 1, 1]]},  # noqa: E501
    "frames that are not there": {"outcome": "raised", "frames": [["/etc/passwd", 1, "f", "s"], ["hw/layers.py", 99, "f", "s"]]},  # noqa: E501
    "odd texts": {"outcome": "raised", "type": [], "message": {"a": [[]]}},
    "a long signal": {"outcome": "died", "signal": "s" * 100_000},
    "an odd exit": {"outcome": "died", "exit": {"a": "secret"}},
    "an odd time": {"outcome": "answered", "cpu_s": "secret"},
    "calls of what is no layer": {"outcome": "answered", "calls": [["secret", "hw/layers.py", 1, {}]]},  # noqa: E501
    "calls from lines that are not there": {"outcome": "answered", "calls": [["relu_forward", "hw/layers.py", 10**3000, {}]]},  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", SAYS)
def test_what_a_child_says_is_believed_only_in_its_form(name: str) -> None:
    evidence = evidence_of(CASE, SAYS[name], {}, FILES)
    assert "secret" not in repr(evidence) and len(repr(evidence)) < 2_000
    assert evidence.raised is None or evidence.raised.frames in ((), (("hw/layers.py", 2, "", ""),))
    assert evidence.mutated in ((), ("x",))


def test_the_lines_of_an_exception_are_read_from_the_students_own_file() -> None:
    say = {
        "outcome": "raised",
        "frames": [["hw/layers.py", 2, "f", "stolen"], ["hw/layers.py", 1, "stolen", ""]],
    }
    evidence = evidence_of(CASE, say, {}, FILES)
    assert evidence.raised is not None
    assert evidence.raised.frames == (
        ("hw/layers.py", 2, "f", "return 1 / 0"),
        ("hw/layers.py", 1, "", "def f(x):"),
    )


@pytest.mark.parametrize("separator", ["\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_lines_are_those_of_python(separator: str, end: str) -> None:
    text = f"# {separator} a page{end}def f(x):{end}    return 1 / 0{end}"
    reply = {"outcome": "raised", "frames": [["hw/layers.py", 3, "f", ""]]}
    evidence = evidence_of(CASE, reply, {}, {"hw/layers.py": text.encode()})
    assert evidence.raised is not None
    assert evidence.raised.frames == (("hw/layers.py", 3, "f", "return 1 / 0"),)
    try:
        exec(compile(f"{text}f(0){end}", "hw/layers.py", "exec"), {})
    except ZeroDivisionError as error:
        seen = observe.raised(error, {"hw/layers.py": text})
        assert seen["frames"][-1] == ["hw/layers.py", 3, "f", "return 1 / 0"]


KNOWN: dict[str, tuple[str, str, str]] = {
    # what stands above the function, its body -> the outcome, the same with and without a parser
    "right": ("", "pass", "answered"),
    "of Python 2": ("print 'x'\n", "print 'y'", "answered"),
    "stops": ("", "1 / 0", "raised"),
    "stops while it is imported": ("1 / 0\n", "pass", "missing"),
    "no Python": ("def (:\n", "pass", "missing"),
}


@pytest.mark.parametrize(("head", "body", "outcome"), KNOWN.values(), ids=KNOWN)
def test_what_was_opened_before_runs_the_same_without_being_compiled(
    head: str, body: str, outcome: str
) -> None:
    rows, inputs = cases(2)
    with Worker() as worker:
        found = []
        first = worker.open(job(body, head), soon())
        for known in (None, first if first.codes else None):
            if known is not None:
                worker.close()
                assert worker.open(job(body, head, known=known), soon()) is known
            run = worker.run(rows, inputs, soon())
            found.append([(say["outcome"], say.get("frames"), [*out]) for _, say, out in run])
    assert found[0] == found[1] and {say[0] for say in found[0]} == {outcome}
    assert bool(first.codes) is (head != "def (:\n")


BUSY = "import time\nwhile time.process_time() < {}: pass\n"


@pytest.mark.parametrize("ends", ["closed", "stopped"])
def test_the_cpu_seconds_of_the_box_are_counted_however_a_submission_ends(ends: str) -> None:
    with Worker() as worker:
        outcomes(worker, job())
        before = worker.cpu_s
        assert 0 < before < 5
        worker.open(job(head=BUSY.format(0.3)), soon())
        worker.close() if ends == "closed" else worker.stop()
        spent = worker.cpu_s - before
        assert 0.2 < spent < 2  # a new process starts with the CPU of none
        worker.stop()
        assert worker.cpu_s - before < spent + 0.5  # nothing is counted twice


def test_time_that_is_up_before_opening_is_no_fault_of_the_grader(own: Worker) -> None:
    session = Session(own, job(), None, time.monotonic() - 1.0)  # type: ignore[arg-type]
    assert {how["outcome"] for how in session.loaded.modules.values()} <= {"timeout", "died"}
