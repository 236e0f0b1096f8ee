"""The self-check in a notebook that is graded: one line, whatever the student's folder had."""

from __future__ import annotations

import pytest

from grader.box.plan import choose
from grader.box.worker import Worker
from grader.notebooks import execute
from tests.test_notebooks.test_runner import FILES, outcomes, ran

SAYS = "checked in the report"
OWN = b"raise SystemExit('no self-check here')\n"
CELLS = {
    "as in the template": ("from selfcheck import check", 'check("affine_forward")'),
    "all of it": ("import selfcheck", "selfcheck.check()"),
    "in another way": ("from selfcheck import *", 'check("adam", "rmsprop", again=True)'),
    "modules thrown away": (
        "import sys, selfcheck\nfor name in [n for n in sys.modules if n == 'selfcheck']:\n"
        "    del sys.modules[name]\nimport selfcheck",
        "import importlib\nimportlib.reload(selfcheck).check('adam')",
    ),
    "a file written on the way": (
        "open('selfcheck.py', 'w').write('check = print')\nfrom selfcheck import check",
        "check('adam')",
    ),
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("own", [None, "selfcheck.py", "cs231n/selfcheck.py"])
def test_check_answers_with_one_line_and_runs_nothing(own: str | None) -> None:
    files = FILES if own is None else {**FILES, own: OWN}
    with execute.workspace(choose()) as plan, Worker(plan) as worker:
        for what, (first, second) in CELLS.items():
            found = ran(worker, first, second, files=files)
            assert outcomes(found) == ["ran", "ran"], what
            last = found.cells[1]
            assert last.text.splitlines()[0].endswith(SAYS) and len(last.text.splitlines()) == 1
            assert last.wall_s < 1
