"""nbclient drives the box as it drives any kernel: what its documentation shows holds here too."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.box.job import Job, Script
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.errors import BoxError
from grader.guest import wire
from grader.notebooks import client, execute, ipynb
from grader.notebooks.frames import Live
from grader.notebooks.kernel import Manager
from grader.notebooks.outputs import Budget
from grader.notebooks.run_cache import RunCache
from grader.notebooks.spool import Spool
from grader.rubric.records import NotebookLimits
from grader.types import Notebook
from tests.support import handed_in, processes

processes.adopt_orphans()
logging.getLogger("traitlets").setLevel(logging.CRITICAL)

NAME = "N.ipynb"
JOB = Job("cs231n", {"cs231n/__init__.py": b""}, {"dropout_p": "keep"})
Cells = Sequence[str | tuple[str, list[str]]]  # source, or source and tags
Hooks = Mapping[str, Callable[..., None]]


# What nbclient does is the same in each box; the short run drives it in one.
LANDLOCK = pytest.param("landlock", marks=pytest.mark.long_trial(0, name="[landlock]"))


@pytest.fixture(scope="module", params=["bubblewrap", LANDLOCK])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    try:
        plan = choose(request.param)
    except BoxError as error:
        pytest.skip(f"NOT TESTED in {request.param}: {error}")
    with execute.workspace(plan) as roomy, Worker(roomy) as one:
        yield one


def book(cells: Cells) -> NotebookNode:
    """Return a notebook of code cells."""
    made = [
        new_code_cell(c) if isinstance(c, str) else new_code_cell(c[0], metadata={"tags": c[1]})
        for c in cells
    ]
    return ipynb.notebook(made)


def driven(worker: Worker, cells: Cells, cell_s: float = 30.0, **options: Any) -> NotebookNode:
    """Run cells by nbclient with options of its own; return the notebook, whatever it raises."""
    node, deadline = book(cells), time.monotonic() + 60

    def prepare(cell: NotebookNode, cell_index: int) -> None:
        kernel.prepare(cell_index + 1, cell_index + 1, cell.source)

    with processes.no_longer_than(60):
        worker.open(JOB, deadline)
        try:
            frames = Live(worker, Script(NAME, (), cell_s, 60.0, 2 * 1024**3), deadline, None)
            kernel = Manager(frames, {}, Budget(), lambda *_: None, deadline)
            options = {"timeout": 30, "on_cell_execute": prepare, **options}
            manager: Any = kernel

            async def run() -> None:
                one = NotebookClient(node, manager, **options)
                one.kc = manager.client()
                await one.async_execute()

            client.apart(run)
        finally:
            if not kernel.over:
                frames.end()
            worker.close()
    return node


def shown(cell: NotebookNode) -> list[Any]:
    """Return what stands below a cell, in short."""
    short = {
        "stream": lambda o: (o.name, o.text),
        "display_data": lambda o: ("shown", o.data.get("text/plain", "a picture")),
        "execute_result": lambda o: ("value", o.execution_count, o.data["text/plain"]),
        "error": lambda o: (o.ename, o.evalue),
    }
    return [short[output.output_type](output) for output in cell.outputs]


DISPLAY = "from IPython.display import clear_output, display, update_display\n"
OUTPUTS: dict[str, tuple[str, list[Any]]] = {  # what -> cell, what stands below it
    "text and a value": ("print('a')\n1 + 1", [("stdout", "a\n"), ("value", 0, "2")]),
    "both streams in their order": (
        "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
        [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")],
    ),
    "a display between texts": (
        DISPLAY + "print('a')\ndisplay('b')\nprint('c')",
        [("stdout", "a\n"), ("shown", "'b'"), ("stdout", "c\n")],
    ),
    "a plot": (
        "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()\nprint('a')",
        [("shown", "a picture"), ("stdout", "a\n")],
    ),
    "a display that is updated": (
        DISPLAY + "h = display('a', display_id='x')\nprint('b')\nupdate_display('c', "
        "display_id='x')",
        [("shown", "'c'"), ("stdout", "b\n")],
    ),
    "an update of nothing": (DISPLAY + "update_display('c', display_id='none')", []),
    "cleared at once": (DISPLAY + "print('a')\nclear_output()", []),
    "cleared when there is more": (
        DISPLAY + "print('a')\nclear_output(wait=True)\nprint('b')", [("stdout", "b\n")],
    ),
    "cleared when there is more, which never comes": (
        DISPLAY + "print('a')\nclear_output(wait=True)", [("stdout", "a\n")],
    ),
    "an animation of more pictures than may be kept": (
        DISPLAY + "import matplotlib.pyplot as plt\nfor n in range(15):\n"
        "    clear_output(wait=True)\n    plt.figure(figsize=(1, 1))\n    plt.plot([n])\n"
        "    plt.show()",
        [("shown", "a picture")],
    ),
    "more pictures than may be kept": (
        "for n in range(14):\n    plt.figure(figsize=(1, 1))\n    plt.plot([n])\n    plt.show()",
        [("shown", "a picture")] * 12 + [("stdout", "\n... 2 more pictures")],
    ),
    "an error behind text": ("print('a')\n1 / 0",
                             [("stdout", "a\n"), ("ZeroDivisionError", "division by zero")]),
    "await": ("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.to_thread(lambda: 5)",
              [("value", 0, "5")]),
    "await of several": (
        "async def f(n):\n    await asyncio.sleep(0)\n    return n\n"
        "await asyncio.gather(f(1), f(2))", [("value", 0, "[1, 2]")],
    ),
    "a loop of one's own": (
        "import warnings\nwarnings.simplefilter('ignore')\nasyncio.run(f(3))",
        [("RuntimeError", "asyncio.run() cannot be called from a running event loop")],
    ),
    "a task that a plain cell begins": ("task = asyncio.ensure_future(f(4))\n", []),
    "the task of an earlier cell": ("await task", [("value", 0, "4")]),
    "a setting of NumPy": ("import numpy as np\nnp.seterr(all='ignore');", []),
    "a setting of an earlier cell": ("np.geterr()['divide']", [("value", 0, "'ignore'")]),
    "a picture that is none": (
        "class A:\n    def _repr_png_(self): return 'abc'\n    def __repr__(self): return 'A'\nA()",
        [("value", 0, "A")],
    ),
    "a debugger": ("%pdb on\n1 / 0", [("stdout", "Automatic pdb calling has been turned ON\n"),
                                      ("ZeroDivisionError", "division by zero")]),
    "a debugger, later": ("%debug\n%pdb off",
                          [("stdout", "Automatic pdb calling has been turned OFF\n")]),
    "a breakpoint": ("breakpoint()", [("StdinNotImplementedError",
                                       "input was asked for, and there is nobody to give it")]),
    "a value that a semicolon hides": ("1 + 1;", []),
    "no value": ("None", []),
    "styles by the names that they had": (
        "plt.style.use('seaborn-darkgrid')\nplt.style.use(['seaborn', 'ggplot'])", [],
    ),
    "a style that never was": ("try: plt.style.use('seaborn-x')\nexcept OSError: print('a')",
                               [("stdout", "a\n")]),
}  # fmt: skip


def test_outputs_are_what_jupyter_shows(worker: Worker) -> None:
    node = driven(worker, [cell for cell, _ in OUTPUTS.values()], allow_errors=True)
    for place, (name, (_, wanted)) in enumerate(OUTPUTS.items()):
        told = [("value", place + 1, w[2]) if w[0] == "value" else w for w in wanted]
        assert shown(node.cells[place]) == told, name
        assert node.cells[place].execution_count == place + 1
    nbformat.validate(node)


def test_an_update_changes_an_earlier_cell_and_a_cleared_one_stays_as_it_is(
    worker: Worker,
) -> None:
    node = driven(worker, [
        DISPLAY + "h = display('a', display_id='x'); display('b')", "h.update('c')\nprint('d')",
        "display('e', display_id='x')\nclear_output()\nh.update('f')",
        "display('g', display_id='y');",
    ])  # fmt: skip
    assert [shown(cell) for cell in node.cells] == [
        [("shown", "'f'"), ("shown", "'b'")], [("stdout", "d\n")], [], [("shown", "'g'")],
    ]  # fmt: skip


def test_an_error_stops_nbclient_unless_it_is_allowed(worker: Worker) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError: division by zero"):
        driven(worker, ["1 / 0", "print('never')"])
    node = driven(worker, [("1 / 0", ["raises-exception"]), "print('next')"])
    assert [shown(cell)[0][0] for cell in node.cells] == ["ZeroDivisionError", "stdout"]
    node = driven(worker, ["1 / 0", "print('next')"], allow_error_names=["ZeroDivisionError"])
    assert shown(node.cells[1]) == [("stdout", "next\n")]
    with pytest.raises(CellExecutionError):
        driven(worker, [("1 / 0", ["raises-exception"])], force_raise_errors=True)


def test_hooks_are_called_in_the_order_of_the_documentation(worker: Worker) -> None:
    told: list[Any] = []
    names = ("notebook_start", "cell_start", "cell_complete", "cell_executed", "cell_error",
             "notebook_complete", "notebook_error")  # fmt: skip

    def hook(name: str) -> Callable[..., None]:
        return lambda **given: told.append((name, given.get("cell_index")))

    cells: Cells = ["1", ("2", ["skip-execution"]), "1 / 0"]
    node = driven(worker, cells, allow_errors=True, **{f"on_{name}": hook(name) for name in names})
    assert told == [
        ("cell_start", 0), ("cell_complete", 0), ("cell_executed", 0), ("cell_start", 1),
        ("cell_start", 2), ("cell_complete", 2), ("cell_executed", 2), ("cell_error", 2),
        ("notebook_complete", None),
    ]  # fmt: skip
    assert node.cells[1].execution_count is None and node.cells[2].execution_count == 2


LOOP = "print('a')\nwhile True:\n    pass"
NAP = "print('a')\nimport time\ntime.sleep(1000)"


def test_a_cell_that_takes_too_long_is_interrupted_or_ends_all(worker: Worker) -> None:
    late = {"timeout": 1, "interrupt_on_timeout": True, "allow_errors": True}
    node = driven(worker, [NAP, "print('b')"], **late)
    assert shown(node.cells[0]) == [("stdout", "a\n"), ("KeyboardInterrupt", "")]
    assert shown(node.cells[1]) == [("stdout", "b\n")]
    with pytest.raises(CellTimeoutError, match="timed out"):
        driven(worker, [NAP], timeout=1)
    waiting = "import asyncio\ntry:\n    await asyncio.sleep(1000)\nfinally:\n    print('c')"
    node = driven(worker, [waiting, "print('b')"], **late)
    assert shown(node.cells[0]) == [("stdout", "c\n"), ("CancelledError", "")]
    assert shown(node.cells[1]) == [("stdout", "b\n")]
    node = driven(worker, [LOOP, "print('b')"], cell_s=1.0, allow_errors=True)  # by the driver
    assert [shown(cell)[-1][0] for cell in node.cells] == ["KeyboardInterrupt", "stdout"]


FIGURES = """
import time
import matplotlib.pyplot as plt
plt.rcParams["figure.max_open_warning"] = 0
for n in range({count}):
    plt.figure(figsize=({size}, {size})).subplots({rows}, {rows})
{rest}
"""


@pytest.mark.long_trial(0.17)
@pytest.mark.parametrize("figures", [
    {"count": 60, "size": 5, "rows": 1}, {"count": 12, "size": 10, "rows": 4},
    {"count": 120, "size": 5, "rows": 1, "rest": ""},
], ids=["many", "large", "while they are drawn"])  # fmt: skip
def test_a_cell_that_is_interrupted_leaves_no_figures_to_the_next(
    worker: Worker, figures: dict[str, Any]
) -> None:
    figures = {"rest": "time.sleep(1000)", **figures}
    cells = [FIGURES.format(**figures), "plt.get_fignums()", "plt.plot([0, 1])\nplt.show()"]
    node = driven(worker, cells, cell_s=4.0, timeout=60, allow_errors=True)
    first = shown(node.cells[0])
    assert ("shown", "a picture") in first
    assert (("KeyboardInterrupt", "") in first) == bool(figures["rest"])
    assert [shown(cell) for cell in node.cells[1:]] == [[("value", 2, "[]")],
                                                        [("shown", "a picture")]]  # fmt: skip


def test_a_kernel_that_dies_is_told_by_nbclients_own_error_at_once(worker: Worker) -> None:
    started = time.monotonic()
    with pytest.raises(DeadKernelError, match="Kernel died"):
        driven(worker, ["print('a')", "import os\nos._exit(1)", "'never'"])
    assert time.monotonic() - started < 15.0


def test_nothing_is_left_and_a_running_loop_of_the_caller_is_not_disturbed(worker: Worker) -> None:
    before = set(threading.enumerate())

    async def inside() -> NotebookNode:
        return driven(worker, ["1 + 1"])

    assert shown(asyncio.run(inside()).cells[0]) == [("value", 1, "2")]
    assert set(threading.enumerate()) == before


# -------------------------------------------------------------------- what is made of it all


def ran(
    worker: Worker, cells: Sequence[NotebookNode], cache: RunCache | None = None, **more: Any
) -> Notebook:
    """Execute a notebook as `grade` does."""
    text = nbformat.writes(ipynb.notebook(list(cells)))
    files = {**handed_in.reference().files, NAME: text.encode()}
    limits = NotebookLimits(cell_s=20.0, notebook_s=60.0)
    with processes.no_longer_than(60), Spool() as spool:
        (found,) = execute.execute(
            handed_in.of_files("hw", files), [NAME], JOB, worker, limits, spool, cache=cache, **more
        )
    return found


def test_tags_say_what_is_skipped_and_what_may_fail(worker: Worker) -> None:
    told: list[tuple[int, int]] = []
    found = ran(
        worker,
        [
            new_code_cell("x = 1"),
            new_markdown_cell("text"),
            new_code_cell("x = 2", metadata={"tags": ["skip-execution"]}),
            new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
            new_code_cell("x"),
        ],
        progress=lambda name, cell, cells: told.append((cell, cells)),
    )
    assert [cell.outcome for cell in found.cells] == ["ran", "skipped", "ran", "ran"]
    assert found.status == "executed" and found.failed_cell is None
    assert found.cells[1].why == "it has the tag 'skip-execution'" and found.cells[3].text == "1\n"
    assert told == [(1, 3), (2, 3), (3, 3)]
    written = nbformat.reads(found.written, as_version=4)
    nbformat.validate(written)
    assert [cell.metadata.get("tags") for cell in written.cells] == [
        None, None, ["skip-execution"], ["raises-exception"], None,
    ]  # fmt: skip
    assert written.cells[3].outputs[0].ename == "ZeroDivisionError"


KEPT = (
    "print('a')\n1 + 1", DISPLAY + "h = display('b', display_id='x')", "h.update('c')", "1 / 0",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()", "await asyncio.sleep(0)", "",
    "for n in range(50):\n    print(n)\n    clear_output(wait=True)",
)  # fmt: skip


def test_a_run_that_was_kept_tells_the_same_byte_for_byte(worker: Worker, tmp_path: Any) -> None:
    cache, cells = RunCache(tmp_path / "kept", ()), [new_code_cell(text) for text in KEPT]
    first, again = ran(worker, cells, cache), ran(worker, cells, cache)
    assert (bool(first.reused), bool(again.reused)) == (False, True)
    assert again.cells == first.cells and again.written == first.written
    assert first.cells[1].text == "'c'\n" and json.loads(first.written)["cells"][1]["outputs"]


# ------------------------------------------------------------------------ frames that are forged


class Forged:
    """Frames of a kernel that tells what it likes."""

    def __init__(self, *frames: wire.Message) -> None:
        self.left = list(frames)

    def ask(self, number: int, text: str) -> None: ...

    def interrupt(self, number: int) -> None: ...

    async def read(self) -> wire.Message | None:
        return self.left.pop(0) if self.left else None

    def end(self) -> str:
        return "done"


LAST = ({"ended": 1, "outcome": "ran", "wall_s": 0.1, "interrupted": False}, {})
PNG = np.frombuffer(b"<script>alert(1)</script>", dtype=np.uint8)
FORGED: dict[str, tuple[list[wire.Message], list[Any]]] = {  # what -> frames, what is shown
    "text that is none": ([({"stream": "stdout", "text": 3}, {}), ({"stream": 7}, {})], []),
    "halves of surrogates": (
        [({"stream": "stdout", "text": "a\ud800"}, {})], [("stdout", "a\ufffd")],
    ),
    "colours and titles": (
        [({"stream": "stdout", "text": "\x1b[31ma\x1b]0;title\x07\x07b"}, {})], [("stdout", "ab")],
    ),
    "a stream of another name": ([({"stream": ["x"], "text": "a"}, {})], [("stdout", "a")]),
    "a picture that is none": ([({"show": "display_data", "text": ""}, {"png": PNG})], []),
    "a kind that there is not": (
        [({"show": "comm_open", "text": "a", "id": {"x": 1}}, {})], [("shown", "a")],
    ),
    "an update of a list": ([({"update": [1], "text": "a"}, {})], []),
    "an update with no id": ([({"update": "", "text": "a"}, {})], []),
    "a flood of texts": (
        [({"stream": "stdout", "text": "x" * 9_000}, {}) for _ in range(500)],
        [("stdout", "x" * 60), ("stdout", "\n… the rest is left out\n")],
    ),
    "a flood of displays": (
        [({"show": "display_data", "text": "x" * 99}, {}) for _ in range(2_000)],
        [("shown", "x" * 60), ("shown", "x" * 60)],
    ),
    "clearing without an end": ([({"clear": {"x": []}}, {}) for _ in range(2_000)], []),
    "frames of nothing": ([({}, {}), ({"x": 1}, {})], []),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_forged_frames_show_no_more_than_text_and_pictures(name: str) -> None:
    frames, wanted = FORGED[name]
    node, budget = book(["1"]), Budget(notebook=200_000)
    kernel = Manager(Forged(*frames, LAST), {}, budget, lambda *_: None, math.inf)
    with processes.no_longer_than(20):
        client.drive(node, {1: "1"}, kernel, 5.0, lambda count: None)
    told = [(*one[:-1], one[-1][:60]) for one in shown(node.cells[0])]
    assert told[:2] == wanted
    assert sum(len(str(one)) for one in shown(node.cells[0])) < 9_000
    nbformat.validate(node)
    nbformat.validate(nbformat.reads(ipynb.write(node), as_version=4))


def test_a_fault_of_ours_is_raised_and_not_taken_for_the_students() -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("ours")

    kernel = Manager(Forged(({"settings": {}}, {}), LAST), {}, Budget(), broken, math.inf)
    with processes.no_longer_than(20), pytest.raises(ZeroDivisionError, match="ours"):
        client.drive(book(["1"]), {1: "1"}, kernel, 5.0, lambda count: None)


class Silent(Forged):
    """Frames of a box that hangs as a whole."""

    async def read(self) -> wire.Message | None:
        await asyncio.sleep(60)
        return None


def test_a_box_that_is_silent_is_given_up() -> None:
    kernel = Manager(Silent(), {}, Budget(), lambda *_: None, time.monotonic() + 0.2)
    with processes.no_longer_than(20):
        driven = client.drive(book(["1", "2"]), {1: "1", 2: "2"}, kernel, 50.0, lambda count: None)
    assert (driven.over, driven.last, driven.replies) == ("lost", 1, {})


LAZY = """
import sys, grader.cli, grader.engine
print(sorted({"nbformat", "nbclient", "jupyter_client", "IPython", "matplotlib"} & {*sys.modules}))
"""


def test_who_grades_code_alone_imports_no_library_of_notebooks() -> None:
    done = subprocess.run([sys.executable, "-c", LAZY], cwd=handed_in.ROOT, capture_output=True)
    assert done.stdout == b"[]\n"


GRADES = """
import sys
sys.path.insert(0, {root!r})
from tests.test_notebooks import test_nbclient
test_nbclient.grade_for_ever()
"""


def grade_for_ever() -> None:
    """Run a notebook that does not end; what interrupts the grader ends as in `grade`."""
    with execute.workspace(choose("landlock")) as plan, Worker(plan) as one:
        print("begins", flush=True)
        try:
            cells = [new_code_cell("print('a')"), new_code_cell("import time\ntime.sleep(1000)")]
            ran(one, cells, progress=lambda name, cell, cells: print(cell, flush=True))
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            raise


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grader_that_is_stopped_while_a_cell_runs_leaves_nothing(number: int) -> None:
    before = processes.mine()
    script = GRADES.format(root=str(handed_in.ROOT))
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    with processes.no_longer_than(60):
        assert grader.stdout and [grader.stdout.readline() for _ in range(3)][-1] == "2\n"
        time.sleep(0.2)
        grader.send_signal(number)
        rest, _ = grader.communicate()
    assert grader.returncode == -number
    assert (rest == "interrupted\n") == (number == signal.SIGINT)
    assert processes.gone(processes.mine() - before)
