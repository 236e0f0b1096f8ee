"""Reading a submission's source: each trick raises its flag at its line, honest code raises none.

The files under reading/ hold one source after another, each below a line `### name`. A line that
ends in `#! kind` must raise a flag of that kind, and no other line may raise any.
"""

from __future__ import annotations

import base64
import random
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import resources
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.submission import review
from grader.submission.intake import read_submission
from grader.submission.review.source import MAX_BYTES
from grader.types import Case, Flag, Submission
from tests.support import handed_in
from tests.support.assignments import shipped_as

RUBRIC = shipped_as("cs231n-a2")
FOLDER = Path(__file__).parent / "reading"
MARK = re.compile(r"  #! ([\w ]+)$")


def of(code: str | bytes, **others: str) -> list[Flag]:
    data = code if isinstance(code, bytes) else code.encode()
    files = {"cs231n/layers.py": data}
    files |= {f"cs231n/{name}.py": text.encode() for name, text in others.items()}
    return list(review.flags(handed_in.of_files("one", files), RUBRIC))


def found(flags: list[Flag]) -> list[tuple[str, str]]:
    return [(flag.where, flag.kind) for flag in flags]


def rows() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.glob("*.txt")):
        text = path.read_bytes().decode()
        for row in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
            name, _, code = row.partition("\n")
            yield f"{path.stem}: {name}", code


ROWS = dict(rows())


@pytest.mark.parametrize("name", ROWS)
def test_a_trick_is_flagged_at_its_line_and_honest_code_is_not(name: str) -> None:
    lines = ROWS[name].split("\n")
    wanted = {
        (f"layers.py:{number}", kind)
        for number, line in enumerate(lines, start=1)
        if (mark := MARK.search(line))
        for kind in mark[1].split()
    }
    assert bool(wanted) != name.startswith("honest:")
    flags = of("\n".join(MARK.sub("", line) for line in lines))
    assert set(found(flags)) == wanted, flags


HONEST: dict[str, Submission] = {
    "reference": handed_in.reference(),
    "template": handed_in.template(),
    "demo": read_submission(handed_in.ROOT / "demo" / "submission", given=resources.given_files()),
    **{style: handed_in.accepted_submission(style) for style, _ in handed_in.accepted()},
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_submissions_raise_no_flag(name: str) -> None:
    assert review.flags(HONEST[name], RUBRIC) == ()


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", handed_in.mistakes())
def test_mistakes_raise_no_flag(name: str) -> None:
    submission = handed_in.mistake(handed_in.mistakes()[name]).submission
    assert review.flags(submission, RUBRIC) == ()


# ------------------------------------------------------------------------------ which files


def test_only_what_the_graded_files_import_is_read() -> None:
    flags = of("from .helper import f\n", helper="from .deep import g\n", deep="import torch\n",
               simclr="import torch\n")  # fmt: skip
    assert found(flags) == [("deep.py:1", "forbidden_import")]


@pytest.mark.parametrize(
    "line", ["import helper", "from cs231n.helper import *", "from . import helper",
             "def f():\n    from cs682.helper import f"],
)  # fmt: skip
def test_a_file_is_found_under_all_its_names(line: str) -> None:
    assert found(of(line + "\n", helper="import jax\n")) == [("helper.py:1", "forbidden_import")]


def test_a_file_of_the_homework_may_be_called_like_a_framework() -> None:
    assert of("import jax\nfrom .torch import f\n", jax="x = 1\n", torch="f = 1\n") == []


def test_handed_out_files_are_not_looked_at() -> None:
    given = "import os, pickle\nos.environ\n"
    code = "from .solver import Solver\nfrom . import data_utils\n"
    assert of(code, solver=given, data_utils=given) == []


def test_python_2_is_read_as_it_is_run() -> None:
    code = "import torch\ndef f(x):\n\tfor i in xrange(3):\n            print 'a', i\n"
    assert found(of(code)) == [("layers.py:1", "forbidden_import")]


def test_a_plain_syntax_error_is_left_to_the_worker() -> None:
    assert of("import torch\ndef f(:\n") == []


def test_the_rubric_says_which_imports_are_flagged() -> None:
    own = replace(RUBRIC.table.reading, forbidden_imports=("math",), watched_imports=("string.*",))
    other = type(RUBRIC)(replace(RUBRIC.table, reading=own), RUBRIC.sha256)
    code = b"import torch, math\nimport string.templatelib\nimport string\n"
    flags = review.flags(handed_in.of_files("one", {"cs231n/layers.py": code}), other)
    assert [flag.where for flag in flags] == ["layers.py:1", "layers.py:2"]


def test_other_versions_and_compiled_modules_in_the_upload_are_said(tmp_path: Path) -> None:
    files = {
        "cs231n/layers.py": "x = 1\n", "cs231n/optim.py": "y = 1\n", "old/layers.py": "x = 2\n",
        "older/layers.py": "x = 3\n", "copy/optim.py": "y = 1\n", "cs231n/im2col_cython.so": "",
        "cs231n/optim.cpython-311-x86_64-linux-gnu.so": "", "cs231n/__pycache__/layers.pyc": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    flags = review.flags(read_submission(tmp_path), RUBRIC)
    assert found(list(flags)) == [("layers.py", "source_differs"), ("optim.py", "source_differs")]
    assert "'old/layers.py'" in flags[0].message and "1 more" in flags[0].message
    assert "compiled" in flags[1].message


# ------------------------------------------------------------------------------ bytes


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"# nothing to see\rimport math\nx = 1\n", 2),
        (b"# coding: utf-7\nx = 1 # +AAo-import os\n", 2),
        (b"# coding: unicode_escape\n\n# \\x0aimport os\n", 3),
        (b"# -*- coding: raw_unicode_escape -*-\n# \\u000aimport os\n", 2),
    ],
)
def test_bytes_that_read_otherwise_than_they_look_are_flagged(data: bytes, line: int) -> None:
    assert (f"layers.py:{line}", "source_differs") in found(of(data))


@pytest.mark.parametrize(
    "data",
    [
        b"# -*- coding: utf-8 -*-\r\nx = 1\r\n",
        "\ufeffx = 'größe'\n".encode(),
        "# coding: latin-1\nx = 'größe'\n".encode("latin-1"),
        "# coding: gbk\nx = '平均'\n".encode("gbk"),
        "# coding: cp1252\nx = 'größe' # “so”\n".encode("cp1252"),
        "# coding: shift_jis\nx = '平均'\n".encode("shift_jis"),
        "x = 'größe'\n".encode("latin-1"),
        b"# old Mac\rx = 1\ry = 2\r",
        b"# coding: nonsense\nx = 1\n",
    ],
)
def test_honest_encodings_are_not_flagged(data: bytes) -> None:
    assert of(data) == []


# ------------------------------------------------------------------------------ known numbers


@pytest.fixture(scope="module")
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    return assignments["cs231n-a2"]


def table_of(assignment: Assignment, case_id: str, output: str) -> np.ndarray:
    """Return the input or the golden answer of a case."""
    case = next(case for case in assignment.rubric.cases if case.id == case_id)
    made = assignment.rubric.case_inputs(case)
    return made[output] if output in made else assignment.golden.expected(case)[0][output]


def of_assignment(code: str, assignment: Assignment) -> list[tuple[str, str]]:
    def answers(case: Case) -> list[np.ndarray]:
        expected = assignment.golden.expected(case) if case.judge == "values.close" else ()
        return [array for outputs in expected for array in outputs.values()]

    submission = handed_in.of_files("one", {"cs231n/layers.py": code.encode()})
    return found(list(review.flags(submission, assignment.rubric, answers)))


@pytest.mark.parametrize("output", ["x", "out"])
@pytest.mark.parametrize("digits", [6, 8, 17])
@pytest.mark.parametrize(
    ("form", "where"),
    [("T = [{}]", "layers.py:1"), ("\ndef f():\n    return '{}'", "layers.py:3")],
)
def test_numbers_of_public_cases_are_known(
    output: str, digits: int, form: str, where: str, assignment: Assignment
) -> None:
    numbers = table_of(assignment, "affine_forward/matrix", output).ravel()[:12]
    code = form.format(", ".join(f"{number:.{digits}g}" for number in numbers)) + "\n"
    assert of_assignment(code, assignment) == [(where, "constants")]


def test_numbers_of_public_cases_are_known_one_by_one(assignment: Assignment) -> None:
    numbers = table_of(assignment, "affine_forward/matrix", "out").ravel()[:5]
    code = "\n".join(f"a{at} = {number:.9g}" for at, number in enumerate(numbers))
    assert of_assignment(code, assignment) == [("layers.py", "constants")]


def test_numbers_of_hidden_cases_and_of_chance_are_not_known(assignment: Assignment) -> None:
    hidden = next(c for c in assignment.rubric.cases if not c.public and c.judge == "values.close")
    numbers = next(iter(assignment.golden.expected(hidden)[0].values())).ravel()[:40]
    assert of_assignment(f"T = {numbers.tolist()}\n", assignment) == []
    chance = random.Random(1)
    few = [round(chance.uniform(-2, 2), 6) for _ in range(45)]
    assert of_assignment(f"T = {few}\n", assignment) == []


def test_three_numbers_may_be_chance(assignment: Assignment) -> None:
    numbers = table_of(assignment, "affine_forward/matrix", "out").ravel()
    for count, wanted in ((3, []), (4, [("layers.py:1", "constants")])):
        code = f"T = {[*numbers[:count].tolist(), 0.1234567, 0.7654321]}\n"
        assert of_assignment(code, assignment) == wanted


def test_a_text_that_looks_encoded_is_flagged_wherever_it_stands() -> None:
    blob = base64.b64encode(random.Random(1).randbytes(4000)).decode()
    pieces = "\n".join(f"    {blob[i : i + 60]!r}," for i in range(0, 3000, 60))
    for code in (
        f"b = {blob!r}\n", f"b = {blob.encode()!r}\n", f"'''{blob}'''\n",
        f"b = ''.join([\n{pieces}\n])\n", f"f({blob[:900]!r} + {blob[900:]!r})\n",
    ):  # fmt: skip
        assert found(of(code)) == [("layers.py:1", "constants")], code[:40]


# ------------------------------------------------------------------------------ form and bounds


def test_flags_are_few_and_in_order() -> None:
    code = "".join(f"import torch_{n}\n" for n in range(300)) + "exec('')\n"
    flags = of(code)
    assert len(flags) == review.LIMIT
    assert [flag.where for flag in flags[:3]] == ["layers.py:1", "layers.py:2", "layers.py:3"]
    assert flags[-1] == Flag("more", "… 267 more", "")
    assert flags == of(code)


def test_the_same_words_are_said_once_with_how_often() -> None:
    flags = of("x = 1\nexec('')\nexec('')\nexec('')\n")
    assert found(flags) == [("layers.py:2", "reaches_outside")] and "(3 times)" in flags[0].message


@pytest.mark.parametrize(
    "code",
    ["import torch" + "x" * 5_000, "def \u212aey():\n    pass", "x = 1 # \u202e",
     "x = 'a\u200b" + "b" * 900 + "'", "class A" + "x" * 900 + ":\n def f(): a\n def f(): b"],
)  # fmt: skip
def test_what_a_student_wrote_is_bounded_and_visible(code: str) -> None:
    flags = of(code + "\n")
    assert flags
    for flag in flags:
        assert len(flag.message) <= review.LONGEST + 20 and flag.message.isprintable()


def test_a_line_is_flagged_once_for_one_thing() -> None:
    back = "def relu_backward(dout, cache):\n    h = 1e-6\n    for x in cache:\n"
    flags = of(back + "        (relu_forward(x + h) - relu_forward(x - h)) / (2 * h)\n")
    assert len(flags) == 1 and "2 times" not in flags[0].message
    assert "is mean to Python" in of("\uff4dean = 1\n")[0].message


def test_characters_that_cannot_be_seen_are_spelled_out() -> None:
    assert "\\u202e" in of("x = 1 # \u202e\n")[0].message
    assert "\\u200b" in of("x = 'a\u200b'\n")[0].message
    assert "\\u0445" in of("x = 1\n\u0445 = 2\n")[0].message


N = 100_000
BACK = "def f_backward():\n"
HOSTILE: dict[str, str | bytes] = {
    "parentheses": "(" * 60_000 + ")" * 60_000,
    "brackets left open": "[" * N,
    "minus": "-" * N + "1",
    "plus": "1" + "+1" * 60_000,
    "plus, not quite too deep": "x = 1" + "+1" * 900,
    "many sums": ("x = 1" + "+1.25" * 200 + "\n") * 120,
    "attributes": "a" + ".b" * 60_000,
    "calls": "a" + "()" * 60_000,
    "conditions": "1 if 1 else " * 10_000 + "1",
    "lambdas": "lambda:" * 18_000 + "1",
    "branches": "if 1: pass\n" + "elif 1: pass\n" * 9_000,
    "nested blocks": "\n".join(" " * i + "if 1:" for i in range(500)),
    "nested lists": "x = " + "[" * 190 + "1" + "]" * 190,
    "nested functions": "\n".join(" " * i + f"def f{i}_backward():" for i in range(99))
    + "\n" + " " * 99 + "f0_backward()",
    "f-strings": 'f"' + "{" * N,
    "many lines": "x=1\n" * 31_000,
    "many statements": "x=1;" * 31_000,
    "many numbers": "x=[" + "1.2345678," * 12_000 + "]",
    "many lonely numbers": "x=1.2345678\n" * 10_000,
    "many functions": (BACK + " f_backward()\n") * 4_000,
    "many calls": BACK + " for i in x: f()-f();g(h)\n" * 1_300,
    "a web of calls": "".join(
        f"def f{n}_backward():\n [f{n - 1}(), f{n + 1}()]\n" for n in range(3_000)
    ),
    "many namesakes": "def h():\n h()\n" * 8_000 + BACK + " h()\n",
    "twice a deep function": "".join(f"def f():\n return {n}{'+1' * 800}\n" for n in (1, 2)),
    "many helpers": "".join(f"def f{n}():\n f{n + 1}()\n" for n in range(5_000)) + BACK + " f0()",
    "many roots with helpers": "".join(f"def h{n}():\n h{n + 1}()\n" for n in range(200))
    + "".join(f"def f{n}_backward():\n h0()\n" for n in range(3_500)),
    "many steps": "".join(f"h{n} = 1e-5\n" for n in range(6_000)) + BACK
    + " x = f()/h1 - f()\n" * 2_500,
    "many differences": "def f(x): pass\n" + BACK + " x = f(x)-f(x)\n" * 2_000,
    "many values of one name": BACK + " x = f()-x\n" * 3_500 + " x - x\n" * 1_000,
    "many comparisons": "x = " + "+".join(["(x==1.2345678)"] * 90) + "\n"
    + "assert x==1.2345678\n" * 5_500,
    "many arguments": "def f_backward(" + "".join(f"a{n}=1e-5, " for n in range(4_000)) + "):\n"
    + " x = y/a1\n" * 5_000,
    "many direction characters": "# \u202e\n" * 20_000,
    "blanks": "x = 1" + " " * 120_000 + "\n" + "\x0c" * 5_000,
    "blanks at every end": ("x = 1" + " " * 500 + "\n") * 250,
    "form feeds": "\x0c" * 125_000,
    "carriage returns": b"\n" + b"\r" * 125_000,
    "a long word": "give " + "a" * 120_000,
    "many words": "give me " * 15_000,
    "one word of another script": "\u0445" * 60_000,
    "words of another script": "\u0445 = 1\n" * 16_000,
    "a text of digits": "x = '" + "1" * 120_000 + "'",
    "a huge integer": "x = 0x" + "f" * 120_000,
    "a long integer": "x = " + "9" * 120_000,
    "infinite": "x = [1e999, 1e999, -1e999, 1e400]",
    "null characters": b"x = 1\x00\n",
    "half characters": b"x = '\xff\xfe\xed\xa0\x80'\n",
    "UTF-16": "x = 1\n".encode("utf-16"),
    "nothing": b"",
    "only a mark": b"\xef\xbb\xbf",
    "a codec that is none": b"# coding: rot13\nvzcbeg bf\n",
    "a codec of bytes": b"# coding: zlib_codec\nx = 1\n",
    "a codec of domains": b"# coding: idna\n" + b"x" * 100_000 + b"\n",
    "punycode": b"# coding: punycode\n" + b"x = 1-abc\n" * 11_000,
    "punycode in one line": b"# coding: punycode\n" + b"x-" + b"a" * 120_000 + b"\n",
    "one megabyte": "x = 1\n" * 160_000,
    "escapes that warn": "x = '\\d'; 1 is 1\n" * 5_000,
    "imports of itself": "from . import layers\nfrom .layers import layers\n" * 1_000,
    "deep imports": "import " + ".".join(["a"] * 60_000),
    "deep imports behind backslashes": "x=1;import " + "a.\\\n" * 30_000 + "a",
    "blanks that Python 2 may mean": "print a" + " " * 120_000 + "b\n",
    "tabs that Python 2 may mean": "if 1:\n" + "\tprint 1\n" * 13_000,
    "an error at the end": "x=1;" * 32_000 + "\nprint 1\n1 1\n",
    "many names in one import": "from a import " + ",".join(f"b{n}" for n in range(15_000)),
    "definitions": "def f(x): return x\n" * 6_500,
    "classes": "class A:\n def f(): 1\n" * 5_500,
    "getattr of getattr": "x = " + "getattr(" * 90 + "np" + ", 'a')" * 90,
    "odd imports": "from ........ import a\nfrom . import *\nfrom .a.b import c as d\n",
}  # fmt: skip


UNREAD = (
    "one megabyte", "plus", "attributes", "lambdas", "deep imports",
    "deep imports behind backslashes", "blanks that Python 2 may mean", "many roots with helpers",
)  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("error")
def test_no_source_breaks_or_delays_the_reading(name: str) -> None:
    size = len(HOSTILE[name].encode() if isinstance(HOSTILE[name], str) else HOSTILE[name])
    assert size <= MAX_BYTES or name in UNREAD, "too large to be read at all"
    started = time.process_time()
    flags = of(HOSTILE[name])
    assert time.process_time() - started < 5.0  # what grows with the square takes minutes
    assert len(flags) <= review.LIMIT


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_said(name: str) -> None:
    assert ("layers.py", "unread") in found(of(HOSTILE[name]))


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_code_that_is_too_deep_for_a_rule_is_said(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_deep(source: object) -> None:
        raise error

    monkeypatch.setattr(review.hidden_code, "remarks", too_deep)
    assert found(of("x = 1\n")) == [("layers.py", "unread")]


# ------------------------------------------------------------------------------ in a grade


def test_flags_are_in_the_report_and_cost_nothing(assignment: Assignment) -> None:
    numbers = table_of(assignment, "affine_forward/matrix", "out").ravel()[:6].tolist()
    files = dict(handed_in.reference().files)
    code = f"\n\ndef spare():\n    import torch\n    return {numbers}\n"
    files["cs231n/layers.py"] += code.encode()
    with Worker() as worker:
        report = grade_one(handed_in.of_files("flagged", files), assignment, worker)
        plain = grade_one(handed_in.reference(), assignment, worker)
    line = files["cs231n/layers.py"].decode().splitlines().index("    import torch") + 1
    assert found(list(report.flags)) == [
        (f"layers.py:{line}", "forbidden_import"),
        (f"layers.py:{line + 1}", "constants"),
    ]
    assert report.score == plain.score and plain.flags == ()


def test_files_that_stop_the_worker_are_not_parsed_on_this_side(assignment: Assignment) -> None:
    files = {path: b"import os\nos._exit(0)\n" for path in handed_in.reference().files}
    with Worker() as worker:
        report = grade_one(handed_in.of_files("stops", files), assignment, worker)
    assert [flag.kind for flag in report.flags] == ["unread"] and report.score.earned == 0
