"""The three notebooks, run as plain Python: the solved ones reach their goals, on the data they
ship with; the unsolved ones say what is missing; and their checks notice mistakes."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader import percent

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ("FullyConnectedNets", "BatchNormalization", "Dropout")
CHECKED = re.compile(r"(?:error|entry) (\S+) \(should be below (\S+)\)")

# Runs code cells one after the other, each whatever became of those before it. Prints what happened
# as one line of JSON.
RUNNER = """
import contextlib, dataclasses, io, json, sys
asked = json.load(sys.stdin)
sys.path.insert(0, asked["folder"])
import matplotlib.pyplot as plt
from cs231n.solver import Solver

runs, bare_axes, cells = [], [], []
Solver.log = runs.append


def show():
    for axes in (axes for number in plt.get_fignums() for axes in plt.figure(number).axes):
        named = axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
        if not named or (axes.lines and not axes.get_legend()):
            bare_axes.append(axes.get_title())
        shown.append(axes.get_title())
    plt.close("all")


shown, names = [], {"__name__": "__main__"}
plt.show = show
for number, source in enumerate(asked["cells"]):
    said, error = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(source, f"cell {number}", "exec"), names)
    except Exception as caught:
        error = f"{type(caught).__name__}: {caught}"
    cells.append({"said": said.getvalue(), "error": error})
for number, run in enumerate(runs):
    runs[number] = {field.name: getattr(run, field.name) for field in dataclasses.fields(run)
                    if not field.name.endswith(("params", "bn_statistics"))}
print(json.dumps({"cells": cells, "runs": runs, "shown": shown, "bare_axes": bare_axes}))
"""


def execute(folder: str, cells: list[str], cache: Path) -> dict[str, Any]:
    """Run code cells beside the package in `folder`; see RUNNER."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cache),
        "XDG_CACHE_HOME": str(cache),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", RUNNER],
        input=json.dumps({"folder": str(ROOT / folder), "cells": cells}),
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def solved_cells(name: str) -> list[str]:
    script = (ROOT / "reference" / f"{name}.py").read_text(encoding="utf-8")
    return [cell.source for cell in percent.parse(script, name) if cell.kind == "code"]


def misses(cells: list[dict[str, Any]]) -> list[str]:
    """Return the checks that printed an error which is not as small as it should be."""
    lines = "".join(cell["said"] for cell in cells).splitlines()
    found = [(line, CHECKED.search(line)) for line in lines]
    return [line for line, m in found if m and not float(m.group(1)) < float(m.group(2))]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for the made-up images, apart from the user's."""
    return tmp_path_factory.getbasetemp() / "cache"


# ------------------------------------------------------------------------------------- solved


def ran_whole(name: str, cache: Path, checks: int) -> list[dict[str, Any]]:
    """Execute a solved notebook, check what holds for each of them, and return its runs."""
    result = execute("reference", solved_cells(name), cache)
    assert [cell["error"] for cell in result["cells"] if cell["error"]] == []
    said = "".join(cell["said"] for cell in result["cells"])
    assert len(CHECKED.findall(said)) == checks
    assert misses(result["cells"]) == []
    assert result["shown"] and result["bare_axes"] == []
    assert len({run["val_sha256"] for run in result["runs"]}) == 1
    return list(result["runs"])


def best(run: dict[str, Any]) -> float:
    return float(max(run["train_acc_history"]))


def test_the_solved_fully_connected_notebook_reaches_every_goal(cache: Path) -> None:
    two, three, five, *rules, winner = ran_whole("FullyConnectedNets", cache, checks=36)
    assert (two["layer_sizes"], two["num_train"]) == ([3072, 100, 10], 5000)
    assert two["best_val_acc"] >= 0.5
    for run, layers in ((three, 3), (five, 5)):
        assert (len(run["layer_sizes"]), run["num_train"]) == (layers + 1, 50)
        assert run["num_epochs"] <= 20 and best(run) == 1
    assert three["train_sha256"] == five["train_sha256"] != two["train_sha256"]
    accuracies = {run["update_rule"]: run["train_acc_history"][-1] for run in rules}
    assert list(accuracies) == ["sgd", "sgd_momentum", "rmsprop", "adam"]
    assert min(list(accuracies.values())[1:]) > accuracies["sgd"] + 0.1
    assert winner["num_train"] == 5000 and winner["best_val_acc"] >= 0.55


def test_the_solved_batch_normalization_notebook_shows_what_it_says(cache: Path) -> None:
    runs = ran_whole("BatchNormalization", cache, checks=55)
    with_norm, without, *runs = runs
    assert (with_norm["normalization"], without["normalization"]) == ("batchnorm", None)
    assert with_norm["train_acc_history"][5] > without["train_acc_history"][5] + 0.1
    scales, sizes = runs[:18], runs[18:]
    assert [run["normalization"] for run in scales] == 9 * ["batchnorm", None]
    firsts = [run["initial_weight_std"][0] for run in scales[::2]]
    assert firsts == pytest.approx([10 ** (k / 2 - 4) for k in range(9)], rel=0.05)
    learnt = {what: [best(run) > 0.25 for run in scales[i::2]]
              for i, what in enumerate(("batchnorm", "none"))}  # fmt: skip
    assert sum(learnt["batchnorm"]) == 9 and sum(learnt["none"]) <= 5
    assert [(run["normalization"], run["batch_size"]) for run in sizes] == [
        (None, 50), ("batchnorm", 5), ("batchnorm", 10), ("batchnorm", 50),
        (None, 50), ("layernorm", 5), ("layernorm", 10), ("layernorm", 50),
    ]  # fmt: skip
    _, small, _, large, _, layer_small, _, _ = map(best, sizes)
    assert large > small + 0.2 and layer_small > small + 0.1


def test_the_solved_dropout_notebook_shows_what_it_says(cache: Path) -> None:
    without, dropped = ran_whole("Dropout", cache, checks=23)
    assert (without["dropout_keep_ratio"], dropped["dropout_keep_ratio"]) == (None, 0.25)
    assert without["num_train"] == dropped["num_train"] == 500
    assert dropped["best_val_acc"] > without["best_val_acc"]
    assert dropped["train_acc_history"][5] < without["train_acc_history"][5]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_imports_numpy_matplotlib_and_the_package_only(name: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse("\n".join(solved_cells(name)))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= {"numpy", "matplotlib", "cs231n", "time"}


# ----------------------------------------------------------------------------------- unsolved


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_an_unsolved_notebook_says_in_every_cell_what_is_not_written(
    name: str, cache: Path
) -> None:
    notebook = json.loads((ROOT / "student_template" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    cells[0] = re.sub(r"(?m)^%", "# %", cells[0])  # commands to the notebook are no Python
    result = execute("student_template", cells, cache)
    assert result["runs"] == []
    errors = [cell["error"] for cell in result["cells"] if cell["error"]]
    assert len(errors) >= {"FullyConnectedNets": 14, "BatchNormalization": 12, "Dropout": 4}[name]
    for error in errors:
        assert re.fullmatch(r"NotImplementedError: \w+: write this", error), error


# ------------------------------------------------------------------------------------- checks

# Ways to be wrong by one percent, to be used after the setup cell.
OFF = """
def off(function, place):
    def wrong(*args, **more):
        result = list(function(*args, **more))
        result[place] = result[place] * 1.01
        return tuple(result)
    return wrong

def off_net(net, name):
    class Wrong(net):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            if y is None:
                return result * (1.01 if name == "scores" else 1)
            result[1].update({k: v * 1.01 for k, v in result[1].items() if k == name})
            return result
    return Wrong
"""
WRONG = {
    "FullyConnectedNets": (
        "affine_forward = off(affine_forward, 0)",
        "affine_backward = off(affine_backward, 0)",
        "affine_backward = off(affine_backward, 1)",
        "affine_backward = off(affine_backward, 2)",
        "relu_forward = off(relu_forward, 0)",
        "right = relu_backward; relu_backward = lambda dout, cache: 1.01 * right(dout, cache)",
        "TwoLayerNet = off_net(TwoLayerNet, 'scores')",
        "TwoLayerNet = off_net(TwoLayerNet, 'W1')",
        "TwoLayerNet = off_net(TwoLayerNet, 'b2')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'W2')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'b3')",
        "sgd_momentum = off(sgd_momentum, 0)",
        "rmsprop = off(rmsprop, 0)",
        "adam = off(adam, 0)",
    ),
    "BatchNormalization": (
        "batchnorm_forward = off(batchnorm_forward, 0)",
        "batchnorm_backward = off(batchnorm_backward, 0)",
        "batchnorm_backward = off(batchnorm_backward, 1)",
        "batchnorm_backward_alt = off(batchnorm_backward_alt, 0)",
        "batchnorm_backward_alt = off(batchnorm_backward_alt, 2)",
        "layernorm_forward = off(layernorm_forward, 0)",
        "layernorm_backward = off(layernorm_backward, 0)",
        "layernorm_backward = off(layernorm_backward, 1)",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'gamma1')",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'beta2')",
    ),
    "Dropout": (
        "dropout_forward = off(dropout_forward, 0)",
        "right = dropout_backward; dropout_backward = lambda dout, c: 1.01 * right(dout, c)",
        "FullyConnectedNet = off_net(FullyConnectedNet, 'W1')",
    ),
}


LONG_WORK = re.compile(r"get_CIFAR10_data\(|data\[|\btrain\(|solver|plot|settings\(")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_result_that_is_wrong_by_a_percent_misses_a_check(name: str, cache: Path) -> None:
    setup, *cells = solved_cells(name)
    checks = [cell for cell in cells if not LONG_WORK.search(cell)]
    tries = ["", *WRONG[name]]
    rounds = [source for wrong in tries for source in (f"{setup}\n{OFF}\n{wrong}", *checks)]
    done, size = execute("reference", rounds, cache)["cells"], 1 + len(checks)
    noticed = {
        wrong: bool(misses(done[i * size : (i + 1) * size])) for i, wrong in enumerate(tries)
    }
    assert noticed == {"": False, **dict.fromkeys(WRONG[name], True)}
