"""What a notebook asks of a machine that is not this one is repaired or told, never charged."""

from __future__ import annotations

import pytest

from grader.box.plan import choose
from grader.box.worker import Worker
from grader.notebooks import execute
from tests.support import handed_in
from tests.test_notebooks.test_runner import ran

GONE = "is not available to the grader"
CELLS: dict[str, tuple[str, str, str]] = {  # what -> cell, its outcome, what it says
    "imports that nobody needs": (
        "from scipy.misc import imread\nimport seaborn as sns, cv2\nx = 1\nx", "ran", "1"),
    "the use of one of them": ("def f():\n    return sns.heatmap(x)\nf()", "failed", GONE),
    "an import that is guarded": (
        "try:\n    import nothing_of_that\nexcept ImportError:\n    print('own way')",
        "ran", "own way"),
    "an import in a function": ("def f():\n    import torch\n    return x\nf()", "ran", "1"),
    "a star of nothing": ("from nothing_of_that import *\nabc", "failed", "could not be resolved"),
    "a slip in the own package": (
        "from cs231n.layers import afine_forward", "failed", "cannot import name"),
    "names that NumPy dropped": ("import numpy as np\nnp.zeros(1, np.float).sum()", "ran", "0.0"),
    "a clock that Python dropped": ("import time\ntime.clock() > 0", "ran", "True"),
    "a module that Python dropped": ("import imp\nimp.reload.__name__", "ran", "'reload'"),
    "names of Python 2": ("[k for k, v in {3: 4}.iteritems() for _ in xrange(1)]", "ran", "[3]"),
    "what another cell put among the builtins": (
        "import builtins\nbuiltins.left = 7", "ran", ""),
    "and finds there": ("left", "ran", "7"),
    "an exit": ("exit()", "failed", "ends a cell here"),
    "plots of which no file says a word": (
        "name = 'mat' 'plotlib.py' 'plot'\np = __import__('importlib').import_module(name)\n"
        "p.plot([1, 2], label='$x^2$'); p.legend(); p.show()", "ran", ""),
    "plots of another kind": (
        "%matplotlib notebook\nimport matplotlib.pyplot as plt\nplt.plot([1]); plt.show()",
        "ran", ""),
}  # fmt: skip


def test_what_is_not_here_is_told_where_it_is_used() -> None:
    # As for files that say nothing of plots: what draws them is imported by the cell itself.
    with execute.workspace(choose(), plots=False) as plan, Worker(plan) as worker:
        found = ran(worker, *(cell for cell, _, _ in CELLS.values()))
    for cell, (what, (_, outcome, says)) in zip(found.cells, CELLS.items(), strict=True):
        assert cell.outcome == outcome, (what, cell)
        message = cell.raised.message if cell.raised else cell.text
        assert says in message, (what, message)
    assert all(len(cell.images) == 1 for cell in found.cells[-2:])
    assert "NameError" not in found.cells[1].text


FILES: dict[str, tuple[dict[str, bytes], bool]] = {
    "none": ({}, False),
    "a notebook": ({"N.ipynb": b'"import matplotlib.pyplot as plt"'}, True),
    "a magic": ({"N.ipynb": b'"%pylab inline"'}, True),
    "a file beside it": ({"N.ipynb": b"import helper", "helper.py": b"from pylab import *"}, True),
    "something else": ({"N.ipynb": b'"a plot"'}, False),
}


@pytest.mark.parametrize("name", FILES)
def test_what_draws_plots_is_imported_at_the_start_if_a_file_names_it(name: str) -> None:
    files, named = FILES[name]
    assert execute.draws(handed_in.of_files("hw", files)) == named
