"""Notebooks in the box: each cell comes to its end, whatever it does, in both kinds of box."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.box.job import Job
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.errors import BoxError
from grader.guest import training_log
from grader.notebooks import execute, spool, transcript
from grader.notebooks.claims import training_of
from grader.notebooks.outputs import Budget
from grader.notebooks.spool import Spool
from grader.notebooks.transcript import Transcript
from grader.rubric.records import NotebookLimits
from grader.types import Notebook
from tests.support import handed_in, processes

processes.adopt_orphans()

NAME = "N.ipynb"
LIMITS = NotebookLimits(cell_s=4.0, notebook_s=60.0, memory_mb=2048)
FILES = dict(handed_in.reference().files)


def notebook(*cells: str) -> bytes:
    rows = [{"cell_type": "code", "source": source, "metadata": {}} for source in cells]
    return json.dumps({"cells": rows, "nbformat": 4, "nbformat_minor": 0}).encode()


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    try:
        plan = choose(request.param)
    except BoxError as error:
        pytest.skip(f"NOT TESTED in {request.param}: {error}")
    with execute.workspace(plan) as at_desk, Worker(at_desk) as one:
        yield one


def ran(
    worker: Worker,
    *cells: str,
    limits: NotebookLimits = LIMITS,
    files: dict[str, bytes] = FILES,
    spool: Spool | None = None,
) -> Notebook:
    """Execute one notebook."""
    submission = handed_in.of_files("hw", {**files, NAME: notebook(*cells)})
    sources = {path: data for path, data in files.items() if path.endswith(".py")}
    job = Job("cs231n", sources, {"dropout_p": "keep"})
    with processes.no_longer_than(120), Spool() as own:
        (found,) = execute.execute(submission, [NAME], job, worker, limits, spool or own)
    return found


def outcomes(found: Notebook) -> list[str]:
    return [cell.outcome for cell in found.cells]


def test_cells_share_a_world_as_in_jupyter(worker: Worker) -> None:
    found = ran(
        worker,
        "import numpy as np\nfrom cs231n.layers import *\nx = np.ones((2, 3))",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot(x)\nplt.show()\nprint('hi')",
        "affine_forward(x, np.ones((3, 1)), np.zeros(1))[0].shape",
        "%timeit -n 1 -r 1 x.sum()",
        "__name__, 'N' in globals()",
        "open('kept.txt', 'w').write('a')\nopen('kept.txt').read()",
    )
    assert (found.status, found.message, found.failed_cell) == ("executed", "", None)
    first, plot, shape, timed, name, kept = found.cells
    assert plot.text == "hi\n" and len(plot.images) == 1
    assert (shape.text, name.text) == ("(2, 1)\n", "('__main__', False)\n")
    assert "loop" in timed.text and kept.text == "'a'\n" and first.text == ""


def test_a_file_of_the_students_beside_the_notebook_is_imported(worker: Worker) -> None:
    mine = {"my_training.py": b"from cs231n.layers import relu_forward\ndef f(x):\n"
                              b"    return relu_forward(x)[0] / 0\n"}  # fmt: skip
    cell = "import numpy as np\nfrom my_training import f\nnp.seterr(all='raise')\nf(np.ones(1))"
    (found,) = ran(worker, cell, files={**FILES, **mine}).cells
    assert found.raised is not None and found.raised.type == "FloatingPointError"
    assert ("my_training.py", 3) in [(path, line) for path, line, *_ in found.raised.frames]


def test_cells_are_called_as_jupyter_shows_them_after_a_run_from_top_to_bottom(
    worker: Worker,
) -> None:
    found = ran(worker, "x = 1", " ", "from google.colab import drive", "1/0", "x")
    named = ["code cell 1, In [1]", "code cell 3, In [2]", "code cell 4, In [3]",
             "code cell 5, In [4]"]  # fmt: skip
    assert [cell.name for cell in found.cells] == named
    assert (found.cell_name(4), found.cell_name(9)) == (named[2], "cell 9")


def test_a_failing_cell_is_told_with_the_students_line_and_the_rest_runs(worker: Worker) -> None:
    layers = (
        FILES["cs231n/layers.py"] + b"\n\ndef f():\n    raise NotImplementedError('f: write')\n"
    )
    found = ran(
        worker, "from cs231n.layers import f\nx = 1", "y = 2\nf()", "x", "1 +", "1/0",
        files={**FILES, "cs231n/layers.py": layers},
    )  # fmt: skip
    assert outcomes(found) == ["ran", "failed", "ran", "failed", "failed"]
    assert (found.status, found.failed_cell) == ("error", 2)
    raised = [cell.raised for cell in found.cells]
    assert raised[1] is not None and raised[1].message == "f: write"
    assert [frame[0] for frame in raised[1].frames] == ["N.ipynb, cell 2", "cs231n/layers.py"]
    assert raised[1].frames[0][1] == 2 and raised[1].frames[0][3] == "f()"
    assert raised[3] is not None and raised[3].type == "SyntaxError"
    assert raised[4] is not None and raised[4].frames[-1][3] == "1/0"


HOSTILE: dict[str, tuple[str, str, str]] = {  # what -> cell, its outcome, what is told of it
    "a shell command": ("import subprocess\nsubprocess.run(['ls'])", "failed", "PermissionError"),
    "a socket": ("import socket\nsocket.socket()", "failed", "OSError"),
    "a process": ("import os\nos.fork()", "failed", "PermissionError"),
    "input": ("input('name')", "failed", "StdinNotImplementedError"),
    "an answer": (f"open({str(handed_in.ROOT / 'reference/golden/manifest.json')!r})",
                  "failed", "Error"),
    "a file outside": ("open('/var/tmp/left', 'w')", "failed", "Error"),
    "memory": ("x = bytearray(3 * 10**9)", "failed", "MemoryError"),
    "leaving": ("import sys\nsys.exit(3)", "failed", "SystemExit"),
    "a nap": ("import time\ntime.sleep(1000)", "timeout", "stopped after 3 s of 3 s"),
    "Python 2": ("print 'two'", "ran", "two"),
    "HTML": ("from IPython.display import HTML\nHTML('<script></script>')", "ran", "<IPython.core"),
    "a script": ("%%javascript\nalert(1)", "ran", "<IPython.core"),
    "SVG": ("from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')",
            "ran", "<IPython.core"),
    "a forged picture": (
        "from IPython.display import display\ndisplay({'image/png': b'<script>'}, raw=True)",
        "ran", "",
    ),
    "100 MB of text": ("print('x' * 10**8)", "ran", "more characters"),
    "a shell of IPython's": ("get_ipython().system('id > shell.txt')", "failed", "Error"),
    "a shell in a cell of its own": (
        "get_ipython().run_cell_magic('bash', '', 'id')", "failed", "Error",
    ),
    "widgets and markup": (
        "from IPython.display import display\n"
        "kinds = 'text/html', 'text/latex', 'text/markdown', 'application/javascript', "
        "'application/vnd.jupyter.widget-view+json'\n"
        "display(dict.fromkeys(kinds, '<script>alert(1)</script>'), raw=True)", "ran", "",
    ),
    "a file that is run": (
        "try:\n    get_ipython().run_line_magic('run', '/etc/passwd')\n"
        "except Exception:\n    print('no')", "ran", "",
    ),
    "a file that is loaded": ("%load /etc/passwd", "failed", "Error"),
    "files of an earlier IPython": (
        "import os\n[n for n in os.listdir(os.environ['IPYTHONDIR']) if 'startup' in n]",
        "ran", "[]",
    ),
    "another environment": ("%env PYTHONPATH=/tmp\n%env LD_PRELOAD=x.so", "ran", "LD_PRELOAD"),
    "cleared outputs": (
        "from IPython.display import clear_output\nfor n in range(500):\n"
        "    print('kept', n)\n    clear_output(wait=True)", "ran", "kept 499",
    ),
    "an update of an earlier display": (
        "from IPython.display import display, update_display\nupdate_display(1, display_id='a')",
        "ran", "",
    ),
}  # fmt: skip


def test_hostile_cells_end_as_they_must_and_the_next_ones_run(worker: Worker) -> None:
    limits = replace(LIMITS, cell_s=3.0)
    cells = [cell for what in HOSTILE.values() for cell in (what[0], "'next'")]
    found = ran(worker, *cells, limits=limits)
    told = {
        name: (hostile, after)
        for name, hostile, after in zip(HOSTILE, found.cells[::2], found.cells[1::2])
    }
    for name, (cell, after) in told.items():
        _, outcome, says = HOSTILE[name]
        raised = cell.raised.type if cell.raised else ""
        assert cell.outcome == outcome, (name, cell)
        assert says in raised + cell.why + cell.text, (name, cell)
        assert cell.images == () and len(cell.text) < 9_000 and "root:" not in cell.text
        assert outcome != "timeout" or cell.wall_s > 2.9, (name, cell)
        assert after.text == "'next'\n", name
    assert not os.path.exists("/var/tmp/left")


SECOND = "code cell 2, In [2]"


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(
    ("cell", "says"),
    {
        "kills its kernel": ("import os\nos._exit(0)", f"the kernel ended in {SECOND}"),
        "kills it hard": ("import ctypes\nctypes.string_at(0)", f"the kernel ended in {SECOND}"),
        "frames that are none": (
            "import os\nfor n in range(3, 60):\n    try: os.write(n, b'x' * 99)\n"
            "    except OSError: pass", f"the kernel ended in {SECOND}",
        ),
        "closes everything": ("import os\nos.closerange(0, 64)", f"the kernel ended in {SECOND}"),
        "cannot be interrupted": (
            "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(99)",
            f"{SECOND} did not stop after 1 s of 1 s",
        ),
    }.values(),
)  # fmt: skip
def test_a_kernel_that_ends_keeps_what_ran_before(worker: Worker, cell: str, says: str) -> None:
    limits = replace(LIMITS, cell_s=1.0)
    found = ran(worker, "print('kept')", cell, "'never'", limits=limits)
    assert found.message.startswith(says), found.message
    first, _, last = found.cells
    assert first.text == "kept\n" and last.outcome == "not_run"
    assert found.status in ("error", "timeout") and found.failed_cell == 2
    assert ran(worker, "'again'").cells[0].text == "'again'\n"


def test_the_time_of_a_notebook_is_bounded(worker: Worker) -> None:
    limits = replace(LIMITS, cell_s=30.0, notebook_s=2.0)
    started = time.monotonic()
    found = ran(worker, "1", "import time\ntime.sleep(60)", "2", limits=limits)
    assert time.monotonic() - started < 25.0
    assert (found.status, found.message) == ("timeout", "stopped after 2 s of 2 s")
    assert outcomes(found) == ["ran", "timeout", "not_run"]


FORGED = "validation accuracy 0.99, 100/100"


def test_what_a_file_says_of_itself_counts_for_nothing(worker: Worker) -> None:
    """Typed-in outputs, a kernel of its own, ids that repeat, points, attachments."""
    output = {"output_type": "stream", "name": "stdout", "text": FORGED}
    page = {"output_type": "display_data", "data": {"text/html": f"<script>{FORGED}</script>"}}
    code = {
        "cell_type": "code", "id": "same", "source": "1 + 1", "outputs": [output, page],
        "execution_count": 99, "metadata": {"nbgrader": {"grade": True, "points": FORGED}},
    }  # fmt: skip
    text = {
        "cell_type": "markdown", "id": "same", "source": "![x](attachment:x.png)", "metadata": {},
        "attachments": {"x.png": {"image/png": FORGED}},
    }  # fmt: skip
    kernel = {"name": "none of ours", "argv": ["/bin/sh", "-c", "touch /tmp/backgrade-left-kernel"]}
    book = {"cells": [code, text, code], "metadata": {"kernelspec": kernel}, "nbformat": 4}
    submission = handed_in.of_files("hw", {**FILES, NAME: json.dumps(book).encode()})
    job = Job("cs231n", FILES, {"dropout_p": "keep"})
    with processes.no_longer_than(60), Spool() as spool:
        (found,) = execute.execute(submission, [NAME], job, worker, LIMITS, spool)
    assert [cell.text for cell in found.cells] == ["2\n"] * 2
    written = found.written
    for record in (repr(found), written):
        assert FORGED not in record and "none of ours" not in record
    assert len({cell["id"] for cell in json.loads(written)["cells"]}) == 3
    assert not os.path.exists("/tmp/backgrade-left-kernel")


REWIRED = {
    "the shell": "shell = get_ipython()\ntype(shell).run_cell = lambda *a, **k: None",
    "what tells": (
        "import sys\ncells, one, log = (sys.modules[f'grader.guest.{n}'] for n in "
        "('cells', 'kernel', 'training_log'))\n"
        "cells.Outputs.show = one.observe.raised = log._report_run = None"
    ),
    "every function of ours": (
        "import gc, types\nfor f in gc.get_objects():\n"
        "    if isinstance(f, types.FunctionType) and f.__module__.startswith('grader'):\n"
        "        f.__code__ = (lambda *a, **k: None).__code__"
    ),
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", REWIRED)
def test_a_kernel_that_is_rewired_spoils_only_itself(worker: Worker, what: str) -> None:
    found = ran(worker, "print('kept')", REWIRED[what], "print('100/100')")
    assert found.cells[0].text == "kept\n"
    assert found.trainings == () and found.status in ("executed", "error", "timeout")
    assert ran(worker, "'again'").cells[0].text == "'again'\n"


def test_a_log_that_is_forged_comes_out_as_a_claim_with_the_parameters_it_has(
    worker: Worker,
) -> None:
    forge = TRAIN.replace("s.train()", "s.train()\nlog = s.log") + (
        "log(type('Run', (), {'params': net.params, "
        "'bn_statistics': (), 'fitted_params': net.params, 'layer_sizes': (12, 4, 3), "
        "'normalization': None, 'dropout_keep_ratio': None, 'initial_weight_std': (0.01,), "
        "'reg': 0.0, 'update_rule': 'adam', 'lr_decay': 1.0, 'batch_size': 5, 'num_epochs': 2, "
        "'num_train': 20, 'num_val': 5, 'train_sha256': 'a', 'val_sha256': 'b', "
        "'best_val_acc': 0.99, 'optim_config': {}, 'loss_history': [0.0], "
        "'train_acc_history': [1.0], 'val_acc_history': [0.99]}))"
    )
    with Spool() as spool:
        found = ran(worker, forge, spool=spool)
        honest, forged = found.trainings
        assert forged.best_val_acc == 0.99 and honest.best_val_acc < 0.99
        for name, array in honest.fitted_params.items() or honest.params.items():
            assert forged.params[name].shape == array.shape


def test_nothing_of_one_notebook_is_seen_by_the_next(worker: Worker) -> None:
    ran(worker, "import numpy as np, builtins\nbuiltins.left = np.left = 1\nleft = 2")
    asks = "import numpy as np, builtins\nhasattr(builtins, 'left'), hasattr(np, 'left')"
    found = ran(worker, asks, "'left' in globals()")
    assert [cell.text for cell in found.cells] == ["(False, False)\n", "False\n"]


@pytest.mark.parametrize(
    ("data", "status"), [(None, "missing"), (b"{", "unreadable"), (b"", "unreadable")]
)
def test_a_notebook_that_is_not_there_stops_nothing(
    worker: Worker, data: bytes | None, status: str
) -> None:
    files = {**FILES, "M.ipynb": notebook("1")} | ({} if data is None else {NAME: data})
    job = Job("cs231n", FILES, {"dropout_p": "keep"})
    with Spool() as spool:
        bad, good = execute.execute(
            handed_in.of_files("hw", files), [NAME, "M.ipynb"], job, worker, LIMITS, spool
        )
    assert (bad.status, good.status) == (status, "executed") and NAME in bad.message


# ------------------------------------------------------------------------------ training runs

TRAIN = """
import numpy as np
from cs231n.solver import Solver
from cs231n.classifiers.fc_net import FullyConnectedNet
np.random.seed(1)
X, y = np.random.rand(20, 3, 2, 2), np.arange(20) % 3
data = {"X_train": X, "y_train": y, "X_val": X[:5], "y_val": y[:5]}
net = FullyConnectedNet([4], input_dim=12, num_classes=3, normalization="batchnorm")
s = Solver(net, data, update_rule="adam", optim_config={"learning_rate": 0.01}, num_epochs=2,
           batch_size=5, verbose=False)
s.train()
print(float(net.params["W1"].sum()))
"""


def test_a_training_run_comes_out_with_what_it_learned(worker: Worker) -> None:
    with Spool() as spool:
        found = ran(worker, "1", TRAIN, spool=spool)
        (run,) = found.trainings
        assert (run.cell, run.layer_sizes, run.normalization) == (2, (12, 4, 3), "batchnorm")
        assert (run.update_rule, run.learning_rate, run.num_epochs) == ("adam", 0.01, 2)
        assert run.loss_history.shape == (8,) and run.rows is None and run.num_train == 20
        assert set(run.params) == {"W1", "b1", "gamma1", "beta1", "W2", "b2"}
        assert set(run.bn_statistics[0]) == {"running_mean", "running_var"}
        printed = float(found.cells[1].text)
        assert float(run.params["W1"].sum()) == pytest.approx(printed, rel=1e-5)


def test_a_notebook_of_2017_tells_of_its_runs_too(worker: Worker) -> None:
    """`use_batchnorm`, dropout by what is dropped, a head for another machine, Python 2."""
    files = dict(handed_in.accepted_submission("year2017").files)
    given = ("solver.py", "gradient_check.py", "data_utils.py", "synthetic.py")
    files |= {path: FILES[path] for name in given for path in [f"cs231n/{name}"]}
    head = "# This mounts your Google Drive\nFOLDERNAME = None\nassert FOLDERNAME is not None"
    train = TRAIN.replace('normalization="batchnorm"', "use_batchnorm=True, dropout=0.25")
    train = train.replace("print(float(", "print 'sum', (float(")
    with Spool() as spool:
        found = ran(worker, head, "!bash get_datasets.sh\n%cd ..", train, files=files, spool=spool)
        assert outcomes(found) == ["skipped", "ran", "ran"] and len(found.repaired) == 3
        assert found.repaired[0].startswith("N.ipynb, code cell 1, In [1]: skipped: it looks")
        (run,) = found.trainings
        assert set(run.params) >= {"gamma1", "beta1"} and len(run.bn_statistics) == 1
        assert run.dropout_keep_ratio == 0.25  # where it is 0 or 1 nothing is dropped


def test_parameters_of_the_best_training_accuracy_come_out_beside_the_best() -> None:
    fitted = {f"fitted {name}": 2 * array for name, array in ARRAYS.items()}
    run = training_of(2, SAY, CURVES, {**ARRAYS, **fitted})
    assert run is not None and list(run.params) == ["W1"] == list(run.fitted_params)
    assert float(run.fitted_params["W1"][0, 0]) == 2 * float(run.params["W1"][0, 0])
    assert float(run.fitted_bn_statistics[0]["running_mean"][0]) == 2
    once = training_of(2, SAY, CURVES, ARRAYS)
    assert once is not None and (once.fitted_params, once.fitted_bn_statistics) == ({}, ())


def test_images_that_share_all_but_a_small_thing_are_told_apart() -> None:
    sky = np.full((3, 32, 32), 100.0)
    images = [sky]
    for top in range(0, 28, 4):
        for left in range(0, 28, 4):
            images.append(sky.copy())
            images[-1][:, top : top + 4, left : left + 4] = 7.0  # a bird
    assert len(set(training_log._keys(np.stack(images)))) == len(images)


def test_images_of_the_course_are_known_by_their_rows(worker: Worker) -> None:
    given = b"""
import numpy as np


def get_CIFAR10_data():
    rng = np.random.RandomState(0)
    X, y = rng.rand(30, 3, 2, 2), np.arange(30) % 3
    return {"X_train": X, "y_train": y, "X_val": X[:5], "y_val": y[:5]}
"""
    cell = TRAIN.replace("X, y =", "from cs231n.data_utils import get_CIFAR10_data\nX, y =")
    cell = cell.replace("\ndata = {", "\nd = get_CIFAR10_data()\nX, y = {taken}\ndata = {")
    files = {**FILES, "cs231n/data_utils.py": given}
    taken = ["d['X_train'][3:23], d['y_train'][3:23]", "d['X_train'][:20] * 2, d['y_train'][:20]"]
    found = ran(worker, *(cell.replace("{taken}", one) for one in taken), files=files)
    known, changed = found.trainings
    assert known.rows is not None and known.rows.tolist() == list(range(3, 23))
    assert changed.rows is None


SAY: dict[str, Any] = {
    "layer_sizes": [4, 3], "normalization": None, "dropout_keep_ratio": None, "reg": 0.0,
    "initial_weight_std": [0.01], "update_rule": "sgd", "learning_rate": 0.1, "lr_decay": 1.0,
    "batch_size": 5, "num_epochs": 2, "num_train": 20, "num_val": 5, "train_sha256": "a",
    "val_sha256": "b", "best_val_acc": 0.5,
}  # fmt: skip
CURVES = {name: np.ones(2) for name in ("loss_history", "train_acc_history", "val_acc_history")}
ARRAYS = {"W1": np.ones((4, 3), np.float32), "running_mean/1": np.ones(3, np.float32)}


def test_a_run_in_its_right_form_is_kept() -> None:
    run = training_of(2, SAY, CURVES, ARRAYS)
    assert run is not None and list(run.params) == ["W1"] and len(run.bn_statistics) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"layer_sizes": "4"}, {"layer_sizes": [4.5]}, {"layer_sizes": [-1]}, {"batch_size": True},
        {"num_epochs": None}, {"update_rule": 7}, {"lr_decay": "x"}, {"best_val_acc": None},
        {"initial_weight_std": [float("nan")]}, {"initial_weight_std": [[]]}, {"reg": [1]},
        {"normalization": {}}, {"learning_rate": float("inf")}, {"reg": 10**400},
        {"num_train": 2**40}, {"layer_sizes": [4] * 101}, {"initial_weight_std": [0.1] * 10**5},
    ],
    ids=str,
)  # fmt: skip
def test_a_run_of_another_form_is_none(changed: dict[str, Any]) -> None:
    assert training_of(2, {**SAY, **changed}, CURVES, ARRAYS) is None


def test_runs_without_a_field_or_with_odd_arrays_are_none() -> None:
    for name in SAY:
        assert training_of(2, {k: v for k, v in SAY.items() if k != name}, CURVES, ARRAYS) is None
    for name in CURVES:
        odd = {**CURVES, name: np.ones((2, 2))}
        assert training_of(2, SAY, odd, ARRAYS) is None
    assert training_of(2, SAY, CURVES, {**ARRAYS, "running_mean/x": ARRAYS["W1"]}) is None


MESSAGES: dict[str, Sequence[dict[str, Any]]] = {
    "a run that was never begun": ({"whole": True},),
    "settings that are none": ({"settings": 3}, {"whole": True}),
    "an array of nobody": ({"array": "W1", "shape": [2]}, {"whole": True}),
    "nothing at all": ({},),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_forged_messages_make_no_run(name: str) -> None:
    with Spool() as spool:
        seen = Transcript(spool)
        for message in MESSAGES[name]:
            seen.take(1, message, {})
        assert seen.trainings == []


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("where", ["ipynb.read", "client.drive", "ipynb.write"])
def test_a_fault_of_ours_costs_the_one_notebook_and_is_kept(
    where: str, worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    module, _, function = where.partition(".")
    calls = []

    def breaks_first(*args: Any, **named: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("a bug of ours")
        return real(*args, **named)

    place = importlib.import_module(f"grader.notebooks.{module}")
    real = getattr(place, function)
    monkeypatch.setattr(place, function, breaks_first)
    files = {**FILES, NAME: notebook("1"), "M.ipynb": notebook("2")}
    job = Job("cs231n", FILES, {"dropout_p": "keep"})
    submission = handed_in.of_files("hw", files)
    with processes.no_longer_than(60), Spool() as spool:
        broken, good = execute.execute(submission, [NAME, "M.ipynb"], job, worker, LIMITS, spool)
    assert (broken.status, good.status) == ("grader_fault", "executed")
    assert broken.message.startswith("N.ipynb could not be run: our own fault (RuntimeError, see ")
    (log,) = (tmp_path / "backgrade" / "faults").iterdir()
    assert "a bug of ours" in log.read_text()


def test_curves_share_a_budget_and_rows_that_repeat_cost_nothing() -> None:
    rows = np.arange(50)
    with Spool() as spool:
        seen = Transcript(spool, Budget(1_000, 1_000))  # of which the first run takes 48 + 400
        for step in range(30):
            seen.take(1, {"settings": SAY, "run": step}, {**CURVES, "rows": rows.copy()})
            for name, array in ARRAYS.items():
                message = {"array": name, "shape": list(array.shape), "run": step}
                seen.take(1, message, {"piece": array.reshape(-1)})
            seen.take(1, {"run": step, "whole": True}, {})
        assert len(seen.trainings) == 1 + (1_000 - 448) // 48
        assert seen.left_out == 30 - len(seen.trainings)
        assert len({id(one.rows) for one in seen.trainings}) == 1


@pytest.mark.parametrize("room", ["of the file", "of the list"])
def test_a_run_for_which_there_is_no_room_is_counted_and_a_smaller_one_is_kept(
    room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {name: np.zeros((50, *array.shape), array.dtype) for name, array in ARRAYS.items()}
    small = sum(array.nbytes for array in ARRAYS.values())
    if room == "of the file":
        monkeypatch.setattr(spool, "MAX_BYTES", 3 * small)
    else:
        monkeypatch.setattr(transcript, "MAX_RUNS", 2)
    with Spool() as one:
        seen = Transcript(one)
        for arrays in (ARRAYS, large, ARRAYS):
            seen.take(1, {"settings": SAY, "run": 1}, CURVES)
            for name, array in arrays.items():
                message = {"array": name, "shape": list(array.shape), "run": 1}
                seen.take(1, message, {"piece": array.reshape(-1)})
            seen.take(1, {"run": 1, "whole": True}, {})
        assert seen.left_out == 1


def test_no_file_and_no_process_is_left(tmp_path: Path) -> None:
    before = processes.mine()
    with execute.workspace(choose("landlock")) as plan:
        assert plan.workspace is not None and os.path.isdir(plan.workspace.folder)
        with Worker(plan) as worker:
            ran(worker, "open('left', 'w').write('x')")
    assert not os.path.exists(plan.workspace.folder)
    assert processes.gone(processes.mine() - before)
