"""What students get: everything but the answers."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.errors import GraderFault
from grader.notebooks import percent, questions
from grader.release import shape, template
from tests.support.assignments import shipped_as

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference"
TEMPLATE = ROOT / "student_template"
FILES = sorted(
    path.relative_to(REFERENCE).as_posix() for path in (REFERENCE / "cs231n").rglob("*.py")
)
NOTEBOOKS = ("BatchNormalization", "Dropout", "FullyConnectedNets")
LONG = 25  # a shorter line ("mean = x.mean(axis=0)") may stand anywhere


RUBRIC = shipped_as("cs231n-a2").table


def texts(folder: Path) -> dict[str, str]:
    """The files of a package; those of the reference as the default rubric's years have them."""
    if folder == REFERENCE:
        return {name: shape.marked(REFERENCE, RUBRIC)[name] for name in FILES}
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


def split(source: str) -> tuple[list[str], list[str]]:
    """Return (solution lines, given lines), found in another way than `release` finds them."""
    pieces = re.split(r"(?m)^ *# (BEGIN|END) SOLUTION\n", source)
    blocks = pieces[0::2]  # given, solution, given, ...
    lines = [[line.strip() for line in block.splitlines()] for block in blocks]
    return sum(lines[1::2], []), sum(lines[0::2], [])


def student_functions() -> dict[str, list[str]]:
    """Return file -> functions and methods ("Class.method") that hold a solution."""
    found: dict[str, list[str]] = {}
    for name, source in texts(REFERENCE).items():
        marks = [
            number
            for number, line in enumerate(source.splitlines(), start=1)
            if line.strip() == "# BEGIN SOLUTION"
        ]
        module = ast.parse(source)
        for outer in (module, *(n for n in module.body if isinstance(n, ast.ClassDef))):
            prefix = f"{outer.name}." if isinstance(outer, ast.ClassDef) else ""
            for node in outer.body:
                if isinstance(node, ast.FunctionDef) and any(
                    node.lineno <= mark <= (node.end_lineno or 0) for mark in marks
                ):
                    found.setdefault(name, []).append(prefix + node.name)
    return found


def test_the_committed_template_is_what_release_makes_of_the_reference(tmp_path: Path) -> None:
    files = sorted([*FILES, *(f"{name}.ipynb" for name in NOTEBOOKS)])
    written = template.write_template(REFERENCE, tmp_path, RUBRIC)
    assert sorted(written) == files
    committed = [p for p in TEMPLATE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    assert sorted(path.relative_to(TEMPLATE).as_posix() for path in committed) == files
    for name in files:
        assert (TEMPLATE / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_no_line_of_a_solution_is_in_the_template() -> None:
    parts = [split(source) for source in texts(REFERENCE).values()]
    given = {line for _, lines in parts for line in lines}
    secret = {
        line
        for lines, _ in parts
        for line in lines
        if len(line) > LONG and not line.startswith("#") and line not in given
    }
    assert len(secret) > 50  # else this test has lost its eyes
    template = "\n".join(texts(TEMPLATE).values())
    assert [line for line in sorted(secret) if line in template] == []


def test_no_comment_of_a_solution_is_in_the_template() -> None:
    parts = [split(source) for source in texts(REFERENCE).values()]
    comments = {line for lines, _ in parts for line in lines if line.startswith("#")}
    template = "\n".join(texts(TEMPLATE).values())
    assert comments and [line for line in sorted(comments) if line in template] == []


def test_no_marker_is_left_in_the_template() -> None:
    assert [name for name, text in texts(TEMPLATE).items() if "solution" in text.lower()] == []


def test_all_that_is_given_is_in_the_template() -> None:
    template = texts(TEMPLATE)
    for name, source in texts(REFERENCE).items():
        _, given = split(source)
        kept = [line.strip() for line in template[name].splitlines()]
        assert [line for line in given if line not in kept] == [], name


def signatures(source: str) -> list[str]:
    """Return name, arguments and docstring of everything that is defined."""
    return [
        f"{node.name} {ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else ''}"
        f" {ast.get_docstring(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]


@pytest.mark.parametrize("name", FILES)
def test_names_arguments_and_docstrings_are_those_of_the_reference(name: str) -> None:
    assert signatures(texts(TEMPLATE)[name]) == signatures(texts(REFERENCE)[name])


# One call for each function that a student writes: what it is given is right in shape.
CALLS = """
import importlib, pathlib, sys, types
import numpy as np

root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
for path in sorted(root.rglob("*.py")):
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    importlib.import_module(name)
from cs231n import layers, optim
from cs231n.classifiers import fc_net

a, v, y = np.ones((3, 3)), np.ones(3), np.array([0, 1, 2])
bare = types.SimpleNamespace(
    params={}, reg=0.0, dtype=np.float64, use_dropout=False, normalization=None)
train, test = {"mode": "train", "p": 0.5}, {"mode": "test", "p": 0.5}
calls = {
    "affine_forward": (layers.affine_forward, a, a, v),
    "affine_backward": (layers.affine_backward, a, (a, a, v)),
    "relu_forward": (layers.relu_forward, a),
    "relu_backward": (layers.relu_backward, a, a),
    "dropout_forward": (layers.dropout_forward, a, train),
    "dropout_forward in test mode": (layers.dropout_forward, a, test),
    "dropout_backward": (layers.dropout_backward, a, (train, a)),
    "batchnorm_forward": (layers.batchnorm_forward, a, v, v, train),
    "batchnorm_forward in test mode": (layers.batchnorm_forward, a, v, v, test),
    "batchnorm_backward": (layers.batchnorm_backward, a, (a, v, v)),
    "batchnorm_backward_alt": (layers.batchnorm_backward_alt, a, (a, v, v)),
    "layernorm_forward": (layers.layernorm_forward, a, v, v, {}),
    "layernorm_backward": (layers.layernorm_backward, a, (a, v, v)),
    "sgd_momentum": (optim.sgd_momentum, a, a),
    "rmsprop": (optim.rmsprop, a, a),
    "adam": (optim.adam, a, a),
    "TwoLayerNet.__init__": (fc_net.TwoLayerNet,),
    "TwoLayerNet.loss": (fc_net.TwoLayerNet.loss, bare, a, y),
    "FullyConnectedNet.__init__": (fc_net.FullyConnectedNet, [5]),
    "FullyConnectedNet.loss": (fc_net.FullyConnectedNet.loss, bare, a, y),
}
for name, (function, *arguments) in calls.items():
    try:
        function(*arguments)
        print(name, "| returns")
    except NotImplementedError as error:
        print(name, "|", error)
    except Exception as error:
        print(name, "|", type(error).__name__, error)
"""


def test_every_module_imports_and_every_student_function_says_that_it_is_not_written() -> None:
    """In a process of its own: other tests import a package of the same name."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", CALLS, str(TEMPLATE)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" | ") for line in done.stdout.splitlines())
    expected = {name for names in student_functions().values() for name in names}
    assert {name.split(" ")[0] for name in said} == expected
    for name, message in said.items():
        assert message == f"{name.split(' ')[0].rpartition('.')[2]}: write this"


def test_what_is_handed_out_whole_is_the_reference_s_own() -> None:
    for name in FILES:
        if name not in student_functions():
            assert texts(TEMPLATE)[name] == texts(REFERENCE)[name], name


# -------------------------------------------------------------------------------- notebooks


def script(name: str) -> str:
    return (REFERENCE / f"{name}.py").read_text(encoding="utf-8")


def given_cells(name: str) -> list[dict[str, Any]]:
    """Return the cells of a committed notebook, each with its source in one piece."""
    cells = json.loads((TEMPLATE / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells]


def test_no_line_of_a_model_answer_or_of_grading_notes_is_in_the_template() -> None:
    """Found in another way than `release` finds them: by their headers in the scripts."""
    secret = set()
    for name in NOTEBOOKS:
        for cell in re.split(r"(?m)^# %%", script(name)):
            if "model-answer" in cell or "grading-notes" in cell:
                secret |= {line.removeprefix("# ").strip() for line in cell.splitlines()[1:]}
    secret = {line for line in secret if line}
    assert len(secret) > 60  # else this test has lost its eyes
    given = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATE.rglob("*.ipynb"))
    assert [line for line in secret if json.dumps(line, ensure_ascii=False)[1:-1] in given] == []
    assert "model-answer" not in given and "grading-notes" not in given


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_line_of_a_solution_is_in_a_notebook(name: str) -> None:
    solution, given = split(script(name))
    secret = {line for line in solution if line} - set(given)
    lines = {line.strip() for cell in given_cells(name) for line in cell["source"].splitlines()}
    assert (name == "FullyConnectedNets") == bool(secret)
    assert secret & lines == set()
    assert not any("SOLUTION" in line for line in lines)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_everything_else_is_in_the_notebook_in_order(name: str) -> None:
    solved = percent.parse(script(name), name)
    asked = {item.id for item in RUBRIC.items}
    kept = [
        cell
        for cell in solved
        if not {"model-answer", "grading-notes"} & set(cell.tags)
        and {*re.findall(r'^check\("(.+)"\)$', cell.source, re.M)} <= asked
    ]
    given = given_cells(name)
    assert [(c["cell_type"], c["metadata"].get("tags", [])) for c in given] == [
        (c.kind, list(c.tags)) for c in kept
    ]
    for cell, mine in zip(given, kept, strict=True):
        source = mine.source.replace("# %load_ext", "%load_ext").replace("# %auto", "%auto")
        if "BEGIN SOLUTION" in source:
            assert 'raise NotImplementedError("' in cell["source"]
        else:
            assert cell["source"] == source


def test_inline_questions_are_those_of_the_rubric_each_with_a_place_for_the_answer() -> None:
    asked = [item.id for item in RUBRIC.items if item.kind == "question"]
    found = []
    for name in ("FullyConnectedNets", "BatchNormalization", "Dropout"):
        cells = given_cells(name)
        for question, answer in zip(cells, cells[1:]):
            tag, *more = question["metadata"].get("tags", [""])
            if tag == "inline-question":
                found += more
                number = more[0].rpartition("/")[2]
                assert question["source"].startswith(f"## Inline question {number}\n")
                assert answer["metadata"]["tags"] == ["inline-answer", *more]
                assert answer["source"] == questions.ANSWER_MARKER
    assert found == asked and len(asked) == 10


def test_a_notebook_with_an_unknown_tag_is_not_handed_out() -> None:
    leaking = script("Dropout").replace('tags=["model-answer",', 'tags=["model_answer",', 1)
    with pytest.raises(GraderFault, match="^Dropout, cell"):
        template.unsolved_notebook(leaking, "Dropout")


def test_a_solution_that_is_not_closed_in_its_cell_is_named() -> None:
    with pytest.raises(GraderFault, match="^Net.py, in the cell 'def f\\(\\):'.*SOLUTION"):
        template.unsolved_notebook(f"# %%\ndef f():\n{B}    pass\n# %%\n{E}", "Net")


# ------------------------------------------------------------------------------------ strip

STUB = 'raise NotImplementedError("f: write this")'
STRIPPED = {
    # what is there: (before, after)
    "a function": (
        'def f(x):\n    """Doc."""\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION\n',
        f'def f(x):\n    """Doc."""\n    {STUB}\n'),
    "a method": (
        "class A:\n    def f(self):\n"
        "        # BEGIN SOLUTION\n        pass\n        # END SOLUTION\n",
        f"class A:\n    def f(self):\n        {STUB}\n"),
    "code before and after": (
        "def f(x):\n    y = x\n    # BEGIN SOLUTION\n    y = 2\n    # END SOLUTION\n    return y\n",
        f"def f(x):\n    y = x\n    {STUB}\n    return y\n"),
    "an inner function": (
        "def f(x):\n    # BEGIN SOLUTION\n    def g():\n        return x\n    return g()\n"
        "    # END SOLUTION\n",
        f"def f(x):\n    {STUB}\n"),
    "two functions": (
        "def e():\n    return 1\n\n\n"
        "def f():\n    # BEGIN SOLUTION\n    return 2\n    # END SOLUTION\n",
        f"def e():\n    return 1\n\n\ndef f():\n    {STUB}\n"),
    "nothing to take out": ("x = 1\n", "x = 1\n"),
    "no newline at the end": ("x = 1", "x = 1\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", STRIPPED)
def test_strip_puts_a_stub_in_the_place_of_each_solution(what: str) -> None:
    before, after = STRIPPED[what]
    assert template.strip(before, "f.py") == after
    compile(after, "f.py", "exec")


B, E = "    # BEGIN SOLUTION\n", "    # END SOLUTION\n"
UNBALANCED = {
    # what is wrong: (source, place in the message)
    "begin alone": (f"def f():\n{B}    pass\n", "f.py"),
    "end alone": (f"def f():\n    pass\n{E}", "f.py:3"),
    "end before begin": (f"def f():\n{E}{B}", "f.py:2"),
    "begin twice": (f"def f():\n{B}{B}{E}", "f.py:3"),
    "end twice": (f"def f():\n{B}{E}{E}", "f.py:4"),
    "the second left open": (f"def f():\n{B}{E}\n\ndef g():\n{B}    pass\n", "f.py"),
    "one marker misspelt": (f"def f():\n    # BEGIN SOLUTIONS\n    pass\n{E}", "f.py:"),
    # What looks like a marker and is none would hand the answer out: fail closed.
    "both in small letters": (
        "def f():\n    # begin solution\n    pass\n    # end solution\n", "f.py:2"),
    "both without a space": (
        "def f():\n    #BEGIN SOLUTION\n    pass\n    #END SOLUTION\n", "f.py:2"),
    "both with a word more": (
        "def f():\n    # BEGIN SOLUTION (dx)\n    pass\n    # END SOLUTION (dx)\n", "f.py:2"),
    "behind a statement": (
        "def f():\n    x = 1  # BEGIN SOLUTION\n    return x  # END SOLUTION\n", "f.py:2"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNBALANCED)
def test_strip_refuses_markers_that_do_not_pair_up(what: str) -> None:
    source, place = UNBALANCED[what]
    with pytest.raises(GraderFault, match=f"^{re.escape(place)}.*SOLUTION") as caught:
        template.strip(source, "f.py")
    assert "\n" not in str(caught.value)


def test_writing_replaces_the_package_and_keeps_what_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "cs231n").mkdir()
    (tmp_path / "cs231n" / "stale.py").write_text("answer = 42\n")
    (tmp_path / "notes.txt").write_text("mine\n")
    template.write_template(REFERENCE, tmp_path, RUBRIC)
    assert not (tmp_path / "cs231n" / "stale.py").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine\n"
