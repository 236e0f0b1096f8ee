"""The worker's parts: modules from source, repairs, one case observed, answers from children."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from grader.guest import modules, observe, prepare, sources, wire
from grader.guest.children import Answer, Answered, StudentProcess
from grader.guest.legacy import python2, statements, stubs
from grader.guest.probes import nn as under_test
from tests.support import processes
from tests.support.worlds import confine

processes.adopt_orphans()

# ------------------------------------------------------------------------------ sources


@pytest.mark.parametrize(
    ("data", "text"),
    {
        "plain": (b"x = 1\n", "x = 1\n"),
        "byte order mark": (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        "Windows lines": (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
        "old Mac lines": (b"x = 1\ry = 2\r", "x = 1\ny = 2\n"),
        "declared": (b"# -*- coding: latin-1 -*-\ns = '\xe9'\n", "# -*- coding: latin-1 -*-\ns = 'é'\n"),  # noqa: E501
        "undeclared": (b"s = '\xe9'\n", "s = 'é'\n"),
        "unknown codec": (b"# coding: klingon\nx = 1\n", "# coding: klingon\nx = 1\n"),
        "codec that refuses": (b"# coding: undefined\nx = 1\n", "# coding: undefined\nx = 1\n"),
        "codec of bytes": (b"# coding: hex\nx = 1\n", "# coding: hex\nx = 1\n"),
        "idna": (b"# coding: idna\n" + b"a." * 200, "# coding: idna\n" + "a." * 200),
    }.values(),
)  # fmt: skip
def test_a_source_is_read_whatever_its_encoding(data: bytes, text: str) -> None:
    assert sources.decode(data) == text


def test_a_source_compiles_to_code_and_runs_nothing() -> None:
    source = sources.Source("a.py", "raise SystemExit\n")
    assert source.marshalled and source.error is None and source.repaired is None


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("x = 1\ndef broken(:\n", "SyntaxError", 2),
        ("if True:\nx = 1\n", "IndentationError", 2),
        ("x = '" + "a" * 100_000 + "\n", "SyntaxError", 1),
        ("x = " + "(" * 10_000 + "\n", "SyntaxError", 1),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_source_that_does_not_compile_names_the_line(text: str, kind: str, line: int) -> None:
    source = sources.Source("a.py", text)
    assert source.marshalled is None and source.error is not None
    assert (source.error[0], source.error[2]) == (kind, line)
    assert len(source.error[3]) <= 300
    wire.pack({"error": source.error})


@pytest.mark.parametrize("text", ["x = 1\0\n", "-" * 200_000 + "1\n"], ids=["NUL", "deep"])
def test_a_source_that_breaks_the_compiler_is_an_error_not_a_crash(text: str) -> None:
    assert sources.Source("a.py", text).error is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for k, v in d.iteritems(): pass", "for k, v in d.items(): pass"),
        ("d.itervalues(); d.iterkeys()", "d.values(); d.keys()"),
        ("for i in xrange(3): pass", "for i in range(3): pass"),
        ("my_xrange(3)", "my_xrange(3)"),
    ],
)
def test_names_of_python_2_are_read_as_those_of_python_3(old: str, new: str) -> None:
    assert python2.rename(old) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print", "print()"),
        ("  print 'a', b", "  print('a', b)"),
        ("print 'a',", "print('a')"),
        ("print('a')", "print('a')"),
        ("print ('%d') % 3", "print(('%d') % 3)"),
        ("except ValueError, e:", "except ValueError as e:"),
        ("raise ValueError, 'no'", "raise ValueError('no')"),
        ("\tx = 1", "        x = 1"),
        ("printer = 1", "printer = 1"),
    ],
)
def test_statements_of_python_2_are_read_as_those_of_python_3(old: str, new: str) -> None:
    assert statements.modernise(old) == new
    assert statements.modernise(old).count("\n") == old.count("\n")


def test_a_repaired_source_says_so_and_a_hopeless_one_keeps_its_first_error() -> None:
    assert "Python 2 syntax" in str(sources.Source("a.py", "print 'x'\n").repaired)
    for text, word in (
        ("\tx = 1\n", None), ("for k in d.iteritems(): pass\n", "names of Python 2"),
        ("print 'x'\n", "Python 2 syntax"), ("print >>f, 'x'\n", "Python 2 syntax"),
    ):  # fmt: skip
        beside = sources.Source("a.py", f"if 1:\n{text}" if text[0] == "\t" else text, is_old=True)
        assert beside.marshalled and (beside.repaired is None) is (word is None)
        assert word is None or word in str(beside.repaired)  # of its own, not of the file beside it
    hopeless = sources.Source("a.py", "print 'x'\ndef (:\n")
    assert hopeless.error is not None and hopeless.repaired is None


@pytest.mark.parametrize(
    ("texts", "was_modernised", "wanted"),
    [
        (["x = 1"], False, False),
        (["x = 1"], True, True),
        (["x = 1", "for k, v in d.iteritems(): pass"], False, True),
        (["# once d.iteritems()"], False, False),
        (["from builtins import range", "d.iteritems()"], False, False),
    ],
)
def test_a_submission_for_python_2_is_known_by_what_cannot_run_in_python_3(
    texts: list[str], was_modernised: bool, wanted: bool
) -> None:
    assert python2.is_written_for(texts, was_modernised) is wanted


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (7, 2, 3),
        (-7, 2, -4),
        (np.prod((3, 4)), 2, 6),
        (7.0, 2, 3.5),
        (1, np.float64(2), 0.5),
        (np.array([7, 8]), 2, [3, 4]),
        (np.array([7.0]), 2, [3.5]),
    ],
)
def test_numbers_divide_as_they_did_in_python_2(one: Any, other: Any, wanted: Any) -> None:
    result = python2.divide(one, other)
    assert np.array_equal(result, wanted)
    assert np.asarray(result).dtype.kind == np.asarray(wanted).dtype.kind


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y = (x / 2) / 2\n", 1),
        ("from __future__ import division\ny = x / 4\n", 1.75),
        ("y = x // 4\n", 1),
    ],
)
def test_old_division_is_rewritten_where_it_is_meant(text: str, wanted: float) -> None:
    source = sources.Source("a.py", text, is_old=True)
    space: dict[str, Any] = {"x": 7, **python2.BUILTINS}
    sources.execute(source.marshalled or b"", space)
    assert space["y"] == wanted
    new = sources.Source("a.py", "y = 7 / 2\n")
    sources.execute(new.marshalled or b"", space)
    assert space["y"] == 3.5


STUB = "def f(x):\n    {body}\n"


@pytest.mark.parametrize(
    ("body", "is_stub"),
    [
        ("out = None\n    pass\n    return out, x", True),
        ("out, cache = None, None\n    return out.shape", True),
        ("out = None\n    out = x\n    return out", False),
        ("out: int = None\n    return out", True),
        ("dx, dw = None, x\n    return dx, dw", True),
        ("(a, b) = x\n    return a", False),
        ("return x", False),
        ("out = None\n    out += 1", False),
    ],
)
def test_a_stub_of_the_official_years_is_known_by_a_name_that_stays_none(
    body: str, is_stub: bool
) -> None:
    assert stubs.still_none(STUB.format(body=body), "f") is is_stub


@pytest.mark.parametrize("text", ["def f(:", "\0", "", "def g():\n    x = None\n"])
def test_a_text_without_the_function_is_no_stub(text: str) -> None:
    assert stubs.still_none(text, "f") is False


# ------------------------------------------------------------------------------ what is compiled


def test_only_what_the_graded_files_may_import_is_compiled() -> None:
    files = {
        "cs231n/layers.py": b"from .helpers import a\nimport numpy as np\n",
        "cs231n/helpers.py": b"from .deeper import b\n",
        "cs231n/deeper.py": b"",
        "cs231n/cnn.py": b"def (:",
        "cs231n/classifiers/fc_net.py": b"x = 'import cnn'\n",
        "cs231n/notes.txt": b"import cnn",
    }
    reached = set(prepare.reachable(files, "cs231n"))
    assert reached == {
        "cs231n/layers.py",
        "cs231n/helpers.py",
        "cs231n/deeper.py",
        "cs231n/classifiers/fc_net.py",
    }


def test_a_megabyte_of_blank_lines_is_read_in_no_time() -> None:
    started = time.monotonic()
    text = "\n" * 300_000 + " " * 300_000
    prepare.reachable({"cs231n/layers.py": text.encode()}, "cs231n")
    sources.called([text])
    assert time.monotonic() - started < 2.0


def test_other_names_of_the_package_are_found() -> None:
    texts = ["from deeplearn.layers import *\nimport mine.optim as o\n", "from numpy import linalg"]
    assert sources.called(texts) == {"deeplearn", "mine"}


# ------------------------------------------------------------------------------ imports


def in_children(
    names: Sequence[str],
    work: Callable[[Sequence[str], Answer], None],
    limit_s: float,
    **more: Any,
) -> Iterator[Answered]:
    """Ask a child once; end it afterwards."""
    child = StudentProcess(lambda say, arrays, answer: work(say["names"], answer), 6, confine)
    yield from child.ask({}, {}, names, limit_s, **more)
    child.end()


def imported(files: dict[str, str], asked: str, package: str = "hw") -> dict[str, Any]:
    """Import graded modules in a child; return what evaluating `asked` with them gives, as text."""
    compiled = sources.Compiled(package, files)
    compiled.compile_all()

    def work(names: Sequence[str], answer: Answer) -> None:
        graded = tuple(n for n, p in modules.GRADED.items() if f"{package}/{p}" in files)
        modules.install(compiled)
        found = dict(modules.import_graded(package, graded))
        try:
            answer({"got": str(eval(asked, dict(found)))}, {})
        except BaseException as error:  # noqa: BLE001 - that is the answer
            answer({"got": f"{type(error).__name__}: {error}"}, {})

    ((_, say, _),) = in_children(["it"], work, 10.0)
    return say


IMPORTS: dict[str, tuple[dict[str, str], str, str]] = {
    "a file": ({"hw/layers.py": "a = 7"}, "layers.a", "7"),
    "its __file__": ({"hw/layers.py": ""}, "layers.__file__", "hw/layers.py"),
    "relative": ({"hw/layers.py": "from .help import b", "hw/help.py": "b = 8"}, "layers.b", "8"),
    "by a short name": ({"hw/layers.py": "from help_me import b", "hw/help_me.py": "b = 8"}, "layers.b", "8"),  # noqa: E501
    "by a full name": ({"hw/layers.py": "import hw.help as h", "hw/help.py": "b = 8"}, "layers.h.b", "8"),  # noqa: E501
    "by a course's name": (
        {"hw/layers.py": "", "hw/optim.py": "from deeplearn.layers import *\nimport deeplearn.layers as l"},  # noqa: E501
        "optim.l is layers", "True",
    ),
    "one module under two names": (
        {"hw/layers.py": "a = []", "hw/optim.py": "import layers\nfrom hw import layers as l"},
        "optim.layers is layers and optim.l is layers", "True",
    ),
    "no random.py of theirs": ({"hw/layers.py": "import random", "hw/random.py": "1/0"}, "hasattr(layers.random, 'gauss')", "True"),  # noqa: E501
    "no numpy.py of theirs": ({"hw/layers.py": "import numpy", "hw/numpy.py": "1/0"}, "hasattr(layers.numpy, 'zeros')", "True"),  # noqa: E501
    "no lazy module of theirs": ({"hw/layers.py": "import colorsys", "hw/colorsys.py": "1/0"}, "hasattr(layers.colorsys, 'rgb_to_hsv')", "True"),  # noqa: E501
    "no wire.py of theirs": ({"hw/layers.py": "from grader import wire", "grader/guest/wire.py": "1/0"}, "hasattr(layers.wire, 'pack')", "True"),  # noqa: E501
    "plots are inert": ({"hw/layers.py": "import matplotlib.pyplot as plt\nplt.figure().set(a=2)"}, "layers", "module"),  # noqa: E501
    "inert names": ({"hw/layers.py": "from past.builtins import xrange\na = list(xrange(3))"}, "layers.a", "[0, 1, 2]"),  # noqa: E501
    "inert progress": ({"hw/layers.py": "from tqdm import tqdm\na = [i for i in tqdm([1, 2])]"}, "layers.a", "[1, 2]"),  # noqa: E501
    "inert in the package": ({"hw/layers.py": "from .fast_layers import conv\nfrom hw.im2col import *"}, "layers", "module"),  # noqa: E501
    "an error": ({"hw/layers.py": "1/0"}, "layers", "division by zero"),
    "an exit": ({"hw/layers.py": "raise SystemExit(3)"}, "repr(layers)", "SystemExit(3)"),
    "an error in one": ({"hw/layers.py": "1/0", "hw/optim.py": "a = 3"}, "optim.a", "3"),
    "no such module": ({"hw/layers.py": "import torch"}, "(lambda: layers.torch.ones(3))()", "ImportUnavailable: torch.ones (imported in line 1) is not available to the grader"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTS)
def test_imports_find_the_submission_but_never_before_python(name: str) -> None:
    if name == "no lazy module of theirs":
        import colorsys  # noqa: F401 - the child might not be allowed to read it any more

        del sys.modules["colorsys"]
        if os.geteuid() == 0 and not serve_can_read():
            pytest.skip("only root can read this Python's standard library")
    files, asked, got = IMPORTS[name]
    assert got in imported(files, asked)["got"]


def serve_can_read() -> bool:
    from pathlib import Path

    return all(folder.stat().st_mode & 0o001 for folder in Path(os.__file__).parents)


# ------------------------------------------------------------------------------ children


def answers(work: Callable[[str, Answer], None], limit_s: float = 1.0) -> list[tuple[str, Any]]:
    """Run work(name, answer) for three names; return (name, outcome) in order."""

    def each(names: Sequence[str], answer: Answer) -> None:
        for name in names:
            if name == "b":
                work(name, answer)
            else:
                answer({"outcome": "answered"}, {"x": np.arange(3.0)})

    return [(name, say) for name, say, _ in in_children(["a", "b", "c"], each, limit_s)]


def written(data: bytes) -> Callable[[str, Answer], None]:
    def work(name: str, answer: Answer) -> None:
        for number in range(3, 64):
            try:
                os.write(number, data)
            except OSError:
                pass
        os._exit(0)

    return work


def forever(name: str, answer: Answer) -> None:
    while True:
        time.sleep(10)


def killed(number: int) -> Callable[[str, Answer], None]:
    return lambda name, answer: os.kill(os.getpid(), number)


def closed(name: str, answer: Answer) -> None:
    os.closerange(0, 1024)
    time.sleep(30)


def nothing(name: str, answer: Answer) -> None:
    raise ValueError("a bug of ours in a child is a death, not a traceback")


def unpackable(name: str, answer: Answer) -> None:
    answer({"outcome": "answered"}, {"x": np.array([object()])})


def said(outcome: str) -> Callable[[str, Answer], None]:
    return lambda name, answer: answer({"outcome": outcome, "signal": "secret", "text": "x"}, {})


CHILDREN: dict[str, tuple[Callable[[str, Answer], None], str, str | None]] = {
    "sleeps": (forever, "timeout", None),
    "stops itself": (killed(signal.SIGSTOP), "timeout", None),
    "segmentation fault": (killed(signal.SIGSEGV), "died", "SIGSEGV"),
    "killed": (killed(signal.SIGKILL), "died", "SIGKILL"),
    "a signal without a name": (killed(40), "died", "signal 40"),
    "the last real-time signal": (killed(63), "died", "signal 63"),
    "exits": (lambda name, answer: os._exit(0), "died", None),
    "exits with a code": (lambda name, answer: os._exit(7), "died", None),
    "closes its descriptors": (closed, "died", None),
    "raises": (nothing, "died", None),
    "sends what cannot be sent": (unpackable, "died", None),
    "garbage": (written(b"garbage" * 50), "died", None),
    "a part of a prefix": (written(b"BGF"), "died", None),
    "a part of a frame": (written(b"BGF1" + (10).to_bytes(4, "little") + bytes(8) + b"{"), "died", None),  # noqa: E501
    "a frame too long": (written(b"BGF1" + b"\xff" * 12), "died", None),
    "an impossible array": (
        written(wire.pack({})[:4] + (61).to_bytes(4, "little") + bytes(8)
                + b'{"say": {}, "arrays": [["x", "<f8", [0, 67000000, 67000000]]]}'[:61]),  # noqa: E501
        "died", None,
    ),
    "says that it died": (said("died"), "died", None),
    "says that it was late": (said("timeout"), "died", None),
    "says that it was not run": (said("not_run"), "died", None),
}  # fmt: skip


@pytest.mark.parametrize("name", CHILDREN)
def test_whatever_a_child_does_the_others_are_answered(name: str) -> None:
    work, outcome, by = CHILDREN[name]
    before = processes.mine()
    started = time.monotonic()
    seen = answers(work)
    assert time.monotonic() - started < 4.0
    assert [one for one, _ in seen] == ["a", "b", "c"]
    assert [say["outcome"] for _, say in seen] == ["answered", outcome, "answered"]
    assert seen[1][1].get("signal") == by and "secret" not in str(seen)
    assert processes.gone(processes.mine() - before)


def test_a_child_that_is_late_is_dead_before_anyone_is_told() -> None:
    before = processes.mine()
    told = in_children(["a"], lambda names, answer: time.sleep(60), 0.2)
    assert next(told)[1]["outcome"] == "timeout"
    assert processes.gone(processes.mine() - before, within_s=0.5)


def test_what_is_left_when_nobody_listens_any_more_is_killed() -> None:
    before = processes.mine()

    def work(names: Sequence[str], answer: Answer) -> None:
        answer({"outcome": "answered"}, {})
        time.sleep(60)

    told = in_children(["a", "b"], work, 30.0)
    next(told)
    told.close()  # type: ignore[attr-defined]
    assert processes.gone(processes.mine() - before)


def test_a_child_has_no_rights_and_no_files() -> None:
    def work(names: Sequence[str], answer: Answer) -> None:
        import resource

        opened = [n for n in range(64) if _is_open(n)]
        limit = {k: resource.getrlimit(getattr(resource, f"RLIMIT_{k}"))[1] for k in
                 ("AS", "CPU", "FSIZE", "NPROC", "CORE", "NOFILE")}  # fmt: skip
        try:
            os.fork()
            forked = True
        except OSError:
            forked = False
        answer({"uid": os.getuid(), "open": len(opened), "limit": limit, "forked": forked,
                "leader": os.getsid(0) == os.getpid()}, {})  # fmt: skip

    ((_, say, _),) = in_children(["a"], work, 5.0)
    assert say["uid"] != 0 and say["leader"] and not say["forked"]
    assert say["open"] == 5  # 0, 1, 2, the way in and the way back
    assert say["limit"] == {"AS": 2 * 1024**3, "CPU": 6, "FSIZE": 1024**2, "NPROC": 0, "CORE": 0,
                            "NOFILE": 64}  # fmt: skip


def test_a_child_answers_one_request_after_another_and_keeps_what_it_learnt() -> None:
    learnt: list[float] = []

    def work(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], answer: Answer) -> None:
        for name in say["names"]:
            learnt.append(float(arrays[name].sum()))
            answer({"outcome": "answered", "pid": os.getpid(), "learnt": learnt}, {})

    child = StudentProcess(work, 6, confine)
    asked = [list(child.ask({}, {name: np.ones(200_000)}, [name], 5.0)) for name in ("a", "b")]
    child.end()
    fresh = list(child.ask({}, {"c": np.ones(1)}, ["c"], 5.0))
    child.end()
    says = [say for answered in (*asked, fresh) for _, say, _ in answered]
    assert says[0]["pid"] == says[1]["pid"] != says[2]["pid"]
    assert [say["learnt"] for say in says] == [[200_000.0], [200_000.0] * 2, [1.0]]


def late_exit() -> None:
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def late_words() -> None:
    signal.signal(signal.SIGALRM, lambda *_: [_tried(n) for n in range(3, 2000)])
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def _tried(number: int) -> None:
    try:
        os.write(number, wire.pack({"outcome": "answered", "forged": True}))
    except OSError:
        return


@pytest.mark.parametrize("left", [late_exit, late_words])
def test_what_a_child_does_between_two_requests_blames_no_name(left: Callable[[], None]) -> None:
    def work(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], answer: Answer) -> None:
        if say["names"] == ["a"]:
            left()
        answer({"outcome": "answered", "pid": os.getpid()}, {})

    child = StudentProcess(work, 6, confine)
    ((_, first, _),) = child.ask({}, {}, ["a"], 5.0)
    assert select.select([child._incoming.descriptor], [], [], 30)[
        0
    ]  # it has ended, or said something
    ((_, second, _),) = child.ask({}, {}, ["b"], 5.0)
    child.end()
    assert first["outcome"] == second["outcome"] == "answered"
    assert first["pid"] != second["pid"] and "forged" not in second


def test_a_child_that_takes_no_request_is_replaced() -> None:
    def work(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], answer: Answer) -> None:
        answer({"outcome": "answered", "pid": os.getpid()}, {})
        if say["names"] == ["a"]:
            time.sleep(60)

    child = StudentProcess(work, 6, confine)
    ((_, first, _),) = child.ask({}, {}, ["a"], 0.5)
    ((_, second, _),) = child.ask({}, {"x": np.ones(500_000)}, ["b"], 0.5)
    child.end()
    assert second["outcome"] == "answered" and first["pid"] != second["pid"]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_names_that_need_what_hung_are_not_run() -> None:
    def work(names: Sequence[str], answer: Answer) -> None:
        for name in names:
            if name.startswith("slow"):
                time.sleep(60)
            answer({"outcome": "answered"}, {})

    needed = {
        "slow/1": ["slow"], "slow/2": ["slow"], "fast/1": ["fast"],
        "net/1": ["net", "fast", "slow"], "net/2": ["net", "fast"],
    }  # fmt: skip
    seen = in_children(list(needed), work, 0.3, needs=needed)
    assert [say["outcome"] for _, say, _ in seen] == [
        "timeout", "not_run", "answered", "not_run", "answered",
    ]  # fmt: skip


# ------------------------------------------------------------------------------ one case

CASE = {
    "id": "relu_forward/x",
    "probe": "layers.relu_forward",
    "options": {},
    "strided": [],
    "room": 32 * 1024**2,
}
TEXTS = {"hw/layers.py": "def relu_forward(x):\n    out = None\n    return out.shape\n"}


@pytest.fixture(autouse=True)
def same_streams() -> Any:
    kept = sys.stdout, sys.stderr
    yield
    sys.stdout, sys.stderr = kept


def observed(function: Callable[[np.ndarray], Any], **case: Any) -> tuple[dict[str, Any], Any]:
    layers = types.SimpleNamespace(relu_forward=function)
    nn = under_test.Implementation({"layers": layers}, under_test.Conventions())
    x, found, escaped = np.arange(6.0).reshape(2, 3) - 2, None, ""
    try:
        found = observe.observe(nn, CASE | case, {"x": x}, TEXTS)
    except BaseException:  # noqa: BLE001 - pytest itself could not print some of them
        escaped = traceback.format_stack(limit=2)[-1]
    assert found is not None, f"observe raised, and it never may\n{escaped}"
    say, arrays = found
    wire.pack(say, arrays)  # whatever came back can be sent
    return say, arrays


class Unprintable(BaseException):
    def __str__(self) -> str:
        raise self


class ArrayThatRaises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise self.error


def raising(error: BaseException) -> Callable[[np.ndarray], Any]:
    def function(x: np.ndarray) -> Any:
        raise error

    return function


REFUSED: dict[str, tuple[Callable[[np.ndarray], Any], str]] = {
    "None": (lambda x: None, "None"),
    "object": (lambda x: x.astype(object), "an array of dtype object"),
    "text": (lambda x: x.astype(str), "an array of dtype <U32"),
    "a string": (lambda x: "7", "an array of dtype <U1"),
    "bytes": (lambda x: b"7", "an array of dtype |S1"),
    "complex": (lambda x: x + 1j, "an array of dtype complex128"),
    "half": (lambda x: x.astype(np.float16), "an array of dtype float16"),
    "long": (lambda x: x.astype(np.longdouble), f"an array of dtype {np.dtype(np.longdouble)}"),
    "structured": (lambda x: np.zeros(2, dtype=[("a" * 5000, "f8")]), "an array of dtype [('aaa"),
    "dates": (lambda x: np.array(["2026-01-01"], dtype="M8[D]"), "an array of dtype datetime64[D]"),
    "generator": (lambda x: (row for row in x), "an array of dtype object"),
    "ragged": (lambda x: [[1], [2, 3]], "a list that is no array"),
    "raises ValueError": (lambda x: ArrayThatRaises(ValueError("v")), "a ArrayThatRaises that is no"),  # noqa: E501
    "nine axes": (lambda x: np.ones((1,) * 9), "an array with 9 axes"),
    "a terabyte": (lambda x: np.broadcast_to(np.zeros(1), (2**37,)), "too large for an answer"),
    "33 MB": (lambda x: np.zeros(33 * 1024**2 // 8), "too large for an answer"),
    "20 MB of small numbers": (lambda x: np.zeros(20 * 1024**2, np.uint8), "too large for an answer"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_output_that_is_no_plain_array_is_named(name: str) -> None:
    function, what = REFUSED[name]
    say, arrays = observed(lambda x: (function(x), x))
    assert what in say["refused"]["out"] and len(say["refused"]["out"]) < 300
    assert "out" not in arrays
    assert say["outcome"] == ("not_written" if name == "None" else "answered")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.float32(1), "<f4"), (np.ones(2, ">f8"), "<f8"), (np.ones(2, ">i2"), "<i8"), (True, "|b1"),  # noqa: E501
        (7, "<i8"), (2.5, "<f8"), ([1, 2.5], "<f8"), (np.ones((2, 3)).T, "<f8"), (np.zeros((0, 3)), "<f8"),  # noqa: E501
        (np.ma.masked_array([1.0, 2.0], [True, False]), "<f8"), (np.array([np.nan, np.inf]), "<f8"),
        (np.broadcast_to(np.ones(1), (3, 4)), "<f8"),
    ],
)  # fmt: skip
def test_an_output_that_is_an_array_comes_as_it_is(value: Any, dtype: str) -> None:
    say, arrays = observed(lambda x: (value, x))
    assert say["outcome"] == "answered" and say["refused"] == {}
    got = arrays["out"]
    assert (got.dtype.str, got.shape, type(got)) == (dtype, np.shape(value), np.ndarray)
    np.testing.assert_array_equal(got, np.asarray(value))


RAISED: dict[str, tuple[BaseException, str, str, str]] = {
    "an error": (ValueError("no"), "raised", "ValueError", "no"),
    "unprintable": (Unprintable(), "raised", "Unprintable", "an exception whose str() fails"),
    "an exit": (SystemExit(3), "raised", "SystemExit", "3"),
    "a key": (KeyboardInterrupt(), "raised", "KeyboardInterrupt", ""),
    "a generator": (GeneratorExit(), "raised", "GeneratorExit", ""),
    "a stub": (NotImplementedError("todo"), "not_written", "NotImplementedError", "todo"),
    "memory": (MemoryError(), "memory", "MemoryError", ""),
    "long": (ValueError("x" * 10_000_000), "raised", "ValueError", "x" * 500),
    "a long name": (type("E" * 9999, (Exception,), {})("m"), "raised", "E" * 80, "m"),
    "control characters": (ValueError("\0\x1b[31m\ud800\u202e"), "raised", "ValueError", "\0\x1b[31m?\u202e"),  # noqa: E501
    "recursion": (RecursionError("deep"), "raised", "RecursionError", "deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAISED)
def test_an_exception_is_told_whatever_it_is(name: str) -> None:
    error, outcome, kind, message = RAISED[name]
    say, arrays = observed(raising(error))
    assert (say["outcome"], say["type"], say["message"]) == (outcome, kind, message)
    assert arrays == {}


def test_an_exception_of_a_lying_class_is_told_all_the_same() -> None:
    class Meta(type):
        @property
        def __name__(cls) -> Any:
            raise SystemError

    class Text(str):
        def __getitem__(self, _: Any) -> Any:
            return ["no", "text"]

    class Odd(Exception, metaclass=Meta):
        def __str__(self) -> str:
            return Text("odd")

    say, _ = observed(raising(Odd()))
    assert (say["type"], say["message"]) == ("Odd", "odd")


@pytest.mark.parametrize("field", ["text", "lineno", "filename"])
def test_a_syntax_error_of_odd_fields_is_told(field: str) -> None:
    error = SyntaxError("odd", ("file.py", 3, 1, "x" * 1_000_000))
    setattr(error, field, {"no": "text"})
    say, _ = observed(raising(error))
    assert say["type"] == "SyntaxError"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ValueError("v"), "answered"), (SystemExit("s"), "raised"), (Unprintable(), "raised")],
)
def test_an_output_that_raises_when_it_is_read(error: BaseException, outcome: str) -> None:
    say, _ = observed(lambda x: (ArrayThatRaises(error), x))
    assert say["outcome"] == outcome


def test_a_stub_that_uses_its_none_is_not_written() -> None:
    space: dict[str, Any] = {}
    exec(compile(TEXTS["hw/layers.py"], "hw/layers.py", "exec"), space)
    say, _ = observed(space["relu_forward"])
    assert say["outcome"] == "not_written"
    assert say["frames"] == [["hw/layers.py", 3, "relu_forward", "return out.shape"]]


def test_only_the_students_own_lines_are_told_and_not_too_many() -> None:
    space: dict[str, Any] = {}
    name = "f" * 5000
    text = f"def {name}(x, n=900):\n    return {name}(x, n - 1) if n else 1 / 0\n"
    exec(compile(text, "hw/layers.py", "exec"), space)
    say, _ = observed(space[name])
    assert len(say["frames"]) == observe.MAX_FRAMES
    assert {frame[0] for frame in say["frames"]} == {"hw/layers.py"}
    assert max(len(str(part)) for frame in say["frames"] for part in frame) <= 200


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        (lambda x: (x,), "ReturnValue"),
        (lambda x: (x, x, x), "ReturnValue"),
        (lambda x: x, "ReturnValue"),
    ],
)
def test_a_return_value_of_the_wrong_form_is_named(returned: Any, kind: str) -> None:
    say, _ = observed(returned)
    assert (say["outcome"], say["type"]) == ("raised", kind)


def change(x: np.ndarray) -> Any:
    x += 1
    return x, x


def reshape(x: np.ndarray) -> Any:
    x.shape = (6,)
    return np.zeros((2, 3)), x


def retype(x: np.ndarray) -> Any:
    x.dtype = np.int64
    return np.zeros((2, 3)), x


@pytest.mark.parametrize("function", [change, reshape, retype])
def test_an_input_that_was_changed_is_named(function: Any) -> None:
    say, _ = observed(function)
    assert say["mutated"] == ["x"]
    assert observed(lambda x: (np.maximum(0, x), x))[0]["mutated"] == []


def test_inputs_may_come_in_steps() -> None:
    say, arrays = observed(lambda x: (x, x.flags.c_contiguous), strided=["x"])
    np.testing.assert_array_equal(arrays["out"], np.arange(6.0).reshape(2, 3) - 2)
    assert not observe.strided(np.ones((4, 5))).flags.c_contiguous


def test_prints_are_kept_up_to_a_limit() -> None:
    def chatty(x: np.ndarray) -> Any:
        for _ in range(50):
            print("x" * 1_000_000)
        sys.stderr.writelines(["a", "b"])
        sys.stdout.flush()
        assert not sys.stdout.isatty() and sys.stdout.writable
        return x, x

    say, _ = observed(chatty)
    assert say["outcome"] == "answered" and len(say["text"]) < observe.MAX_TEXT + 100
    assert "more characters" in say["text"]


def test_warnings_cost_nothing_and_random_numbers_are_the_same_again() -> None:
    def noisy(x: np.ndarray) -> Any:
        return np.log(x - 100) * 0 + np.random.rand(2, 3), x

    first, second = observed(noisy), observed(noisy)
    assert first[0]["outcome"] == "answered"
    np.testing.assert_array_equal(first[1]["out"], second[1]["out"])
