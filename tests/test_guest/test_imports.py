"""Imports that the grader cannot resolve cost what uses them, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.box.evidence import unloaded
from grader.box.session import Session
from grader.box.worker import Worker
from grader.engine import grade_one, job_of
from grader.grading.assignment import Assignment
from grader.types import ItemResult, Report
from tests.support import handed_in, hostile
from tests.support.assignments import asking
from tests.support.worlds import LINE, X, layers, lines, run

HERE = "(imported in line {}) is not available to the grader"
ABSENT = "(imported in line {}) is not in the submission"
SAME = X.tolist()

# ------------------------------------------------------------------------------ one function

# An import that cannot be resolved, what uses it, and how the message begins.
FORMS: dict[str, tuple[str, str, str]] = {
    "a module": ("import cv2", "cv2.imread('x')", "cv2.imread " + HERE),
    "under another name": ("import cv2 as cv", "cv.imread('x')", "cv2.imread " + HERE),
    "a module in a package": ("import scipy.signal", "scipy.signal.f()", "scipy.signal.f " + HERE),
    "that under another name": ("import a.b.c as d", "d.f()", "a.b.c.f " + HERE),
    "a part of a package that is there": ("import json.cv", "json.cv.f()", "json.cv.f " + HERE),
    "a name of a module": ("from torch import relu", "relu(x)", "torch.relu " + HERE),
    "a name under another name": ("from torch import nn as n", "n.relu(x)", "torch.nn.relu " + HERE),  # noqa: E501
    "several names": ("from torch import (a,\n    b)", "b(x)", "torch.b " + HERE),
    "a name that a module lacks": ("from numpy import float_x", "float_x(3)", "numpy.float_x " + HERE),  # noqa: E501
    "such a name in a package": (
        "from mpl_tools.mplot3d.axes3d import axis3d", "axis3d()", "mpl_tools.mplot3d.axes3d.axis3d " + HERE,  # noqa: E501
    ),
    "a module of another system": (
        "from asyncio.windows_events import NULL", "NULL + 1", "asyncio.windows_events.NULL " + HERE,  # noqa: E501
    ),
    "a file beside": ("from .helpers import foo", "foo(x)", "hw.helpers.foo " + ABSENT),
    "a file of the package": ("from hw.helpers import foo", "foo(x)", "hw.helpers.foo " + ABSENT),
    "a module from the package": ("from . import helpers", "helpers.f(x)", "hw.helpers.f " + ABSENT),  # noqa: E501
    "a package of the package": ("import hw.gpu.fast as g", "g.f(x)", "hw.gpu.fast.f " + ABSENT),
    "inside of a function": ("", "import torch; torch.relu(x)", "torch.relu (imported in line 6)"),
    "what is made of it": ("import torch\nD = torch.device('cuda')", "D.type + 1", "torch.device.type (imported in line 1, used in line 2)"),  # noqa: E501
    "a name of past": ("from past.builtins import nothing", "nothing(x)", "past.builtins.nothing " + HERE),  # noqa: E501
}  # fmt: skip
# How a value may be used, where `v` is what could not be imported.
USES = (
    "v(x)", "v.name(x)", "v + x", "x + v", "x @ v", "x * v.scale", "-v", "v[0]", "x[v]", "list(v)",
    "len(v)", "v == 3", "v != v", "v < 3", "x < v", "3 in v", "bool(v)", "not v", "v or x",
    "float(v)", "int(v)", "round(v)", "abs(v)", "isinstance(x, v)", "issubclass(int, v)",
    "np.asarray(v)", "np.array([v, v])", "np.maximum(x, v)", "np.mean(v)", "np.dot(x, v)",
    "np.sum(x, axis=v)", "np.zeros(v)", "x.reshape(v)", "range(v)", "sorted([v, v])",
    "type('T', (), {})() + v", "setattr(v, 'a', 1)", "v.__setitem__(0, 1)",
)  # fmt: skip
STATEMENTS = (
    "if v: pass", "while v: pass", "for _ in v: pass", "a, b = v", "with v: pass", "v.a = 3",
    "v[0] = 1", "x += v", "del v[0]", "print(*v)", "assert v", "class T(v): pass\n    T()",
    "@v\n    def f(): pass\n    f()", "raise v('no')",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_an_import_that_fails_costs_nothing_until_it_is_used(name: str) -> None:
    text, use, _ = FORMS[name]
    unused = run(f"{text}\n" + layers("if x is None:\n        " + use + "\n    return x, x"))
    assert (unused["outcome"], unused["out"]) == ("answered", SAME), unused


@pytest.mark.parametrize("name", FORMS)
def test_what_uses_it_stops_at_the_students_line_and_names_the_import(name: str) -> None:
    text, use, message = FORMS[name]
    say = run(f"{text}\n" + layers(use + "\n    return x, x"))
    assert (say["outcome"], say["type"]) == ("raised", "ImportUnavailable"), say
    assert say["message"].startswith(message.format(1))
    assert lines(say) == [LINE + 1 + text.count("\n")]


@pytest.mark.parametrize("use", [*USES, *STATEMENTS])
def test_no_use_passes_in_silence(use: str) -> None:
    say = run("from torch import v\n" + layers(f"v = globals()['v']\n    {use}\n    return x, x"))
    assert (say["outcome"], say["type"]) == ("raised", "ImportUnavailable"), say
    assert "(imported in line 1" in say["message"]


AT_MODULE_LEVEL = (
    "D = v.device('cuda' if 3 else v.x)", "EPS = v.eps * 2 + 1", "v.seed(3)", "v.a.b = 3",
    "v.option['x'] = 1", "X = v[0]", "V = v.__version__", "def f(a=v.zero, *, b=v.one(3)): pass",
    "def f(a: v.Tensor, b: 'v') -> v.Tensor | None: pass", "@v.jit(nopython=True)\ndef f(): pass",
    "class Net(v.nn.Module):\n    size = v.size(3)\n    @v.no_grad()\n    def f(self): pass",
    "from typing import Optional\nT = Optional[v.Tensor]", "with v.no_grad(): y = v.ones(3)",
    "text = str(v) + repr(v) + f'{v}'", "D = v.device('cuda' if v.is_available() else 'cpu')",
    "if v.has_gpu(): raise ValueError\nassert not (v.ok and v.n > 3)", "xp = v.fast or v.slow",
    "get_ipython().run_line_magic('load_ext', 'autoreload')", "display(v)",
)  # fmt: skip


@pytest.mark.parametrize("line", AT_MODULE_LEVEL)
def test_a_line_at_module_level_does_not_take_the_file(line: str) -> None:
    say = run(f"import v\n{line}\n" + layers("return x, x"))
    assert (say["outcome"], say["out"]) == ("answered", SAME), say


@pytest.mark.parametrize("line", ["if v.n > 3: pass", "N = int(v.n)", "for i in v: pass"])
def test_a_line_at_module_level_that_needs_a_value_is_the_files_own_error(line: str) -> None:
    say = run(f"import v\n{line}\n" + layers("return x, x"))
    assert say["at_import"] and say["type"] == "ImportUnavailable" and lines(say) == [2]


GUARDED = {
    "ImportError": "try:\n    import torch\nexcept ImportError:\n    torch = None",
    "a tuple": "try:\n    from torch import nn as torch\nexcept (ValueError, ImportError):\n    torch = None",  # noqa: E501
    "anything": "try:\n    from numpy import nothing as torch\nexcept:\n    torch = None",
    "an exception": "try:\n    from torch import *\nexcept Exception as e:\n    torch = None",
    "suppressed": "from contextlib import suppress\ntorch = None\nwith suppress(ImportError):\n    import torch",  # noqa: E501
    "in an if": "try:\n    if True:\n        import torch\nexcept ModuleNotFoundError:\n    torch = None",  # noqa: E501
    "in a function": "def f():\n    try:\n        import torch\n    except ImportError:\n        return None\ntorch = f()",  # noqa: E501
    "a file beside": "try:\n    from .torch import torch\nexcept ImportError:\n    torch = None",
    "the fallback's import": "try:\n    import torch\nexcept ImportError:\n    import math as torch\n    torch = torch.inf > 0 or 1\n    torch = None",  # noqa: E501
}  # fmt: skip
UNGUARDED = {
    "another exception": "try:\n    import torch\nexcept KeyError:\n    torch = None",
    "only finally": "try:\n    import torch\nfinally:\n    pass",
    "in the handler": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    import torch",
    "in else": "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import torch",
    "behind it": "try:\n    pass\nexcept ImportError:\n    pass\nimport torch",
}  # fmt: skip


@pytest.mark.parametrize("name", [*GUARDED, *UNGUARDED])
def test_a_student_who_is_ready_for_a_missing_import_gets_their_fallback(name: str) -> None:
    text = {**GUARDED, **UNGUARDED}[name]
    say = run(f"{text}\n" + layers("return float(torch is None), x"))
    assert (say["outcome"], say["out"]) == ("answered", float(name in GUARDED)), say


STARS = {
    "unused": ("return x, x", ""),
    "a name of it": ("return rlu(x), x", "name 'rlu' is not defined; from torch.nn import * in line 1 "),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", STARS)
def test_an_unknown_name_may_be_one_of_a_star_import_that_failed(name: str) -> None:
    body, message = STARS[name]
    say = run("from torch.nn import *\n" + layers(body))
    assert say["outcome"] == ("raised" if message else "answered")
    assert message in say.get("message", "") and say.get("type", "NameError") == "NameError"


OWN = {
    "does not compile": ("def (:\n", "SyntaxError", "hw/helpers.py", 1),
    "stops": ("\n1 / 0\n", "ZeroDivisionError", "hw/helpers.py", 2),
    "has no such name": ("bar = 3\n", "ImportError", "hw/layers.py", 1),
    "needs an import": ("import torch\nN = int(torch.n)\nfoo = 3\n", "ImportUnavailable", "hw/helpers.py", 2),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("how", ["from .helpers import foo", "from helpers import foo"])
@pytest.mark.parametrize("name", OWN)
def test_a_mistake_in_a_file_of_their_own_is_named_as_that(name: str, how: str) -> None:
    helpers, kind, path, line = OWN[name]
    say = run(f"{how}\n" + layers("return x, x"), {"helpers.py": helpers})
    assert say["at_import"] and say["type"] == kind, say
    assert say["frames"][-1][:2] == [path, line]


def test_an_import_in_a_helper_costs_what_uses_the_helper() -> None:
    helpers = {"helpers.py": "import torch\ndef foo(x):\n    return torch.relu(x)\n"}
    text = "from .helpers import foo\n"
    assert run(text + layers("return x, x"), helpers)["out"] == SAME
    say = run(text + layers("return foo(x), x"), helpers)
    assert [frame[:2] for frame in say["frames"]] == [["hw/layers.py", 6], ["hw/helpers.py", 3]]


COMPATIBLE = {
    "builtins": "from builtins import range, object, str\n    return len(range(3)), x",
    "past": "from past.builtins import xrange, basestring\n    return len(list(xrange(3))), x",
    "old_div": "from past.utils import old_div\n    return old_div(7, 2), x",
    "future": "from future.utils import iteritems\n    return dict(iteritems({1: 3}))[1], x",
    "a library of future": "from future import standard_library\n    standard_library.install_aliases()\n    return 3, x",  # noqa: E501
    "six": "import six\n    return dict(six.iteritems({1: 3}))[1], x",
    "moves": "from six.moves import range, cPickle as pickle\n    return pickle.loads(pickle.dumps(len(range(3)))), x",  # noqa: E501
    "moves by name": "import six.moves\n    return six.moves.reduce(max, [1, 3]), x",
    "tqdm": "from tqdm import tqdm\n    return sum(tqdm([1, 2])), x",
    "older NumPy": "from numpy.lib.function_base import average\n    return average(np.array([2, 4])), x",  # noqa: E501
    "older Python": "from collections import Iterable\n    import time; time.clock()\n    return 3, x",  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", COMPATIBLE)
def test_modules_that_bridge_versions_mean_what_they_mean(name: str) -> None:
    assert run(layers(COMPATIBLE[name]))["out"] == 3


# ------------------------------------------------------------------------------ whole submissions

EVERY_FORM = "".join(f"{text}\n" for text, _, _ in FORMS.values() if "hw" not in text)
LAYERS, OPTIM, NET = (f"cs231n/{path}" for path in ("layers.py", "optim.py", "classifiers/fc_net.py"))  # fmt: skip  # noqa: E501


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def lost(report: Report) -> dict[str, float]:
    code: list[ItemResult] = [item for item in report.items if item.parts]
    return {item.id: item.possible - item.earned for item in code if item.earned < item.possible}


def with_top(text: str, *paths: str) -> dict[str, bytes]:
    """Return the files of the reference with lines put on top of some."""
    files = dict(handed_in.reference().files)
    return files | {path: text.encode() + files[path] for path in paths}


def test_unused_imports_of_every_form_cost_nothing_and_are_flagged_as_before(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = with_top(EVERY_FORM + "from nowhere import *\n", LAYERS, OPTIM, NET)
    report = grade_one(handed_in.of_files("x", files), assignments["cs231n-a2"], worker)
    assert lost(report) == {} and report.submission.repaired == ()
    assert {flag.kind for flag in report.flags} == {"forbidden_import"}
    assert any("torch" in flag.message for flag in report.flags)


def test_an_import_that_one_function_uses_costs_that_function(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = with_top("from scipy.signal import convolve\n", LAYERS)
    text = files[LAYERS].decode()
    line = "    x, w, _ = cache\n    rows = x.reshape(x.shape[0], -1)\n    dx = (dout"
    assert line in text
    files[LAYERS] = text.replace(line, line.replace("(dout", "convolve(dout, w) * (dout")).encode()
    report = grade_one(handed_in.of_files("x", files), assignments["cs231n-a2"], worker)
    (item,) = [item for item in report.items if item.id == "affine_backward"]
    assert set(lost(report)) >= {"affine_backward"}
    assert not [i for i in report.items if i.id in lost(report) and i is not item and not i.because_of]  # fmt: skip  # noqa: E501
    assert item.cause is not None and item.cause.id == "symptom/import-unavailable"
    assert (
        "scipy.signal.convolve (imported in line 1), which the grader does not"
        in item.cause.message
    )
    raised = next(fault.raised for fault in item.faults if fault.public and fault.raised)
    assert raised.type == "ImportUnavailable"
    assert raised.message == "scipy.signal.convolve " + HERE.format(1)
    assert "convolve(dout, w)" in raised.frames[-1][3]


def test_an_import_that_hangs_is_waited_for_once(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    limits = replace(assignments["cs231n-a2"].rubric.table.limits, load_s=3.0)
    some = asking(assignments["cs231n-a2"], "relu_forward", "sgd_momentum")
    assignment = hostile.hurried(some, limits)
    files = with_top("import time\nwhile True:\n    time.sleep(1)\n", LAYERS)
    took_s, right = [], handed_in.reference()
    for one in (right, right, handed_in.of_files("x", files)):
        started = time.monotonic()
        report = grade_one(one, assignment, worker)
        took_s.append(time.monotonic() - started)
    _, busy_s, waited_s = took_s  # a busy machine takes its time for both; the first starts the box
    assert limits.load_s <= waited_s < 1.5 * limits.load_s + busy_s
    assert "sgd_momentum" not in lost(report) and "relu_forward" in lost(report)


LOOP = "layers.py does not finish importing: the loop in line 2 does not end"
UNLOADED: dict[str, tuple[dict[str, bytes | None], str, str, str, str]] = {
    "a loop": ({LAYERS: b"n = 0\nwhile n < 3:\n    pass\n"}, "timeout", LAYERS, LOOP, LOOP),
    "a nap": (
        {LAYERS: b"import time\ntime.sleep(1e9)\n"}, "timeout", LAYERS,
        "layers.py does not finish importing: something at module level does not end", "",
    ),
    "an end": (
        {LAYERS: b"import os\nos._exit(3)\n"}, "died", LAYERS,
        "importing layers.py ends its Python process (exit code 3)", "",
    ),
    "a syntax error": ({LAYERS: b"\ndef (:\n"}, "raised", LAYERS, "", "invalid syntax"),
    "an exception": ({LAYERS: b"1 / 0\n"}, "raised", LAYERS, "", "division by zero"),
    "a helper": (
        {LAYERS: b"from .helpers import a\n", "cs231n/helpers.py": b"def (:\n"}, "raised",
        "cs231n/helpers.py", "", "invalid syntax (helpers.py, line 1)",
    ),
    "no file": ({LAYERS: None}, "missing", "layers.py", "", "layers.py is not in the submission"),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", UNLOADED)
def test_the_file_that_kept_a_case_from_running_is_named(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    change, outcome, path, text, message = UNLOADED[name]
    files = {**handed_in.reference().files, **change}
    files = {path: data for path, data in files.items() if data is not None}
    assignment = assignments["cs231n-a2"]
    session = Session(
        worker, job_of(handed_in.of_files("x", files), assignment), assignment.rubric, 1e12
    )
    session.close()
    cases = {case.item: case for case in assignment.rubric.cases}
    seen = unloaded(cases["relu_forward"], session.loaded.modules, session.files)
    assert seen is not None
    assert (seen.outcome, seen.unloaded, seen.text) == (outcome, path, text)
    assert message in (seen.raised.message if seen.raised else "")
    assert unloaded(cases["adam"], session.loaded.modules, session.files) is None
