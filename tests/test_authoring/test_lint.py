"""`grade lint`: the shipped assignment is right, and each kind of defect is named."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from grader import cli, resources
from grader.authoring.fixtures import build
from grader.authoring.lint import (
    Scope,
    deserved,
    equivalent,
    fresh,
    known_submissions,
    mutants_row,
    mutations,
    names,
    proposals,
    run,
    trials,
    whole,
)
from grader.authoring.lint.checks import Defect
from grader.errors import UsageError
from grader.golden.store import Golden
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.rubric.validation import FILE
from grader.types import BoxState, Cause, Fault, ItemResult, PartResult, Report, Score
from tests.support import homes, shared, short_run
from tests.support.assignments import asking
from tests.support.short_run import Part

ROOT = Path(__file__).resolve().parents[2]
RUBRIC = ROOT / "rubrics" / "cs231n-a2.toml"


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKGRADE_HOME", raising=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the assignment, to be damaged; without what no test here needs."""
    place = tmp_path / "home"
    for name in ("reference", "rubrics", "student_template", "docs"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("BACKGRADE_HOME", str(place))
    return place


def lint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, str]:
    """Return (exit code, what was printed) of `grade lint`."""
    monkeypatch.setattr(sys, "argv", ["grade", "lint", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert said.err == ""
    return int(ended.value.code or 0), said.out


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name}: {old!r} is not there"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# ------------------------------------------------------------------------------ what is shipped

SHARE = 0.02  # of the mutants and of each kind of submission, in the short run
OF_A_SHARE = 0.9  # of them cost a point: by chance more tolerated ones may be among them


@pytest.fixture
def in_part(part: Part[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lint try a part of the mutants and of the submissions, or all with BACKGRADE_ALL=1.

    All that is right in another way is tried: no rubric may take a point from it.

    The answers are compared with a fresh build, byte by byte, in test_golden and
    test_misconceptions.
    """
    read, laid_out = equivalent.read, whole.submissions
    every = trials.mutants(trials.sources(ROOT / "reference"))
    tried_ones = part("lint, mutants", every, SHARE)
    left_out = {one.key for one in every} - {one.key for one in tried_ones}

    def few(files: Mapping[str, str]) -> list[mutations.Mutant]:
        return tried_ones

    def explained(path: Path) -> tuple[equivalent.Explained, ...]:
        return tuple(row for row in read(path) if row.key not in left_out)

    def submissions(*given: Any) -> tuple[list[whole.KnownSubmission], list[Defect]]:
        tried, problems = laid_out(*given)
        kinds = dict.fromkeys(one.kind for one in tried)
        chosen = [
            trial
            for kind in kinds
            for every in [[one for one in tried if one.kind == kind]]
            for trial in (every if kind == "accepted" else part(f"lint, {kind}", every, SHARE))
        ]
        return chosen, problems

    monkeypatch.setattr(trials, "mutants", few)
    monkeypatch.setattr(equivalent, "read", explained)
    monkeypatch.setattr(whole, "submissions", submissions)
    if not short_run.EVERYTHING:
        monkeypatch.setattr(equivalent, "ENOUGH", OF_A_SHARE)
        monkeypatch.setattr(build, "differences", lambda *_: [])


def test_the_shipped_assignment_is_right(
    in_part: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Submissions of a known score are graded here, and mutants are tried."""
    code, said = lint(monkeypatch, capsys)
    assert code == 0, said
    rows = {line[7:21].strip(): line for line in said.splitlines() if line.startswith("right")}
    for name in ("names", "template files", "schemas", "secrets", "golden answers", "mutants",
                 "reference", "template", "usual mistake", "accepted", "wrong",
                 "lazy"):  # fmt: skip
        assert name in rows, said
    assert "not looked at" not in said


# ------------------------------------------------------------------------------ planted defects

NETS = "rubrics/cs231n-a2/fully_connected.toml"
DROPOUT = "rubrics/cs231n-a2/dropout.toml"
TRAINING = "rubrics/cs231n-a2/training.toml"
QUESTIONS = "rubrics/cs231n-a2/questions.toml"
MISTAKES = "reference/misconceptions/relu_forward.toml"
LEAK = "# out = x.reshape(x.shape[0], -1) @ w + b\n"
DEFECTS: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    # what is wrong: (file, old, new, what lint must say)
    "a dangling probe": (
        NETS, '"layers.affine_forward"', '"layers.affine_forwards"',
        ("item 'affine_forward'", "grader/guest/probes has none of that name")),
    "a dangling judge": (
        DROPOUT, 'judge = "dropout.backward"', 'judge = "dropout.back"', ("judge 'dropout.back'",)),
    "points that do not add up": (
        NETS, 'points = 2\nprobe = "layers.affine_forward"',
        'points = 3\nprobe = "layers.affine_forward"', ("'affine_forward'", "add up to 2")),
    "a need that is no item": (
        NETS, 'needs = ["relu_forward"]', 'needs = ["relu"]', ("'relu_backward'", "needs 'relu'")),
    "a reference that is no Python": (
        "reference/cs231n/optim.py", "import numpy as np", "import numpy as as np",
        ("reference/cs231n/optim.py:", "is no Python")),
    "a function that is not there": (
        NETS, '"layers.py: relu_forward"', '"layers.py: relu_forwards"',
        ("item 'relu_forward'", "layers.py has no 'relu_forwards'")),
    "a file that is not there": (
        NETS, '"layers.py: relu_forward"', '"layer.py: relu_forward"', ("has no layer.py",)),
    "a notebook that is not there": (
        TRAINING, '"FullyConnectedNets.ipynb"', '"Fully.ipynb"',
        ("has no notebook 'Fully.ipynb'",)),
    "a question that is not asked": (
        QUESTIONS, 'id = "Dropout/2"', 'id = "Dropout/9"', ("item 'Dropout/9'", "no notebook")),
    "a mistake that fails no part": (
        MISTAKES, 'fails.relu_forward = ["out"]', 'fails.relu_forward = ["outs"]',
        ("relu_forward.toml", "has no part 'outs'", "name one of out")),
    "a mistake that fails nothing": (
        MISTAKES, 'fails.relu_forward = ["out"]', "fails.relu_forward = []",
        ("relu_forward.toml", "fails no part of its own item")),
    "a mistake that fails nothing of its own": (
        MISTAKES, 'fails.relu_forward = ["out"]', 'fails.adam = ["t"]',
        ("relu_forward.toml", "fails no part of its own item")),
    "a mistake of no item": (
        MISTAKES, "fails.relu_forward", "fails.relu_forwards", ("'relu_forwards'", "in no rubric")),
    "a mistake that changes nothing": (
        MISTAKES, "change.relu_forward", "change.relu_forwards",
        ("relu_forward.toml", "no such function")),
    "a stale template": (
        "student_template/cs231n/layers.py", "Compute a fully", "Compute one fully",
        ("student_template/cs231n/layers.py", "make template")),
    "a stale notebook": (
        "student_template/Dropout.ipynb", "Dropout", "dropout",
        ("student_template/Dropout.ipynb", "make template")),
    "a stale schema": (
        "docs/rubric.schema.json", '"title"', '"titel"', ("rubric.schema.json", "make schemas")),
    "a solution in the template": (
        "student_template/cs231n/layers.py", "import numpy", LEAK + "import numpy",
        ("student_template/cs231n/layers.py:", "gives away the solution, cs231n/layers.py:34")),
}  # fmt: skip


def problems(home: Path, says: tuple[str, ...]) -> list[Defect]:
    """Return the problems of the quick checks, up to the first one that says this."""
    found: list[Defect] = []
    for row in run(Scope(home, quick=True)):
        found += row.problems
        if row.name == "secrets" or any(all(w in str(one) for w in says) for one in found):
            break
    return found


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named_with_its_place_and_what_to_do(defect: str, home: Path) -> None:
    file, old, new, says = DEFECTS[defect]
    edit(home / file, old, new)
    found = problems(home, says)
    assert any(all(word in str(one) for word in says) for one in found), found
    for one in found:
        assert one.place and one.message and one.do, one


def test_a_defect_ends_with_exit_code_1_and_no_traceback(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(home / NETS, '"layers.affine_forward"', '"layers.affine_forwards"')
    code, said = lint(monkeypatch, capsys)
    assert code == 1
    assert "wrong" in said and "1 problem found" not in said  # six rubrics extend one another
    assert "item 'affine_forward'" in said and "6 problems found" in said


def test_stale_golden_answers_are_named_and_the_rest_is_said_to_be_left_out(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = shared.made_once(tmp_path_factory, "small home", homes.small)
    small = shutil.copytree(made, tmp_path / "small home")
    monkeypatch.setenv("BACKGRADE_HOME", str(small))
    edit(small / NETS, '"deep", inputs = { x = "3x2x2x4"', '"deep", inputs = { x = "4x2x2x4"')
    code, said = lint(monkeypatch, capsys)
    assert code == 1
    assert "affine_forward/deep:reference:out: shape (3, 7) -> (4, 7)" in said
    assert "grade fixtures build" in said
    assert "not looked at: secrets, mutants and submissions" in said


def test_another_text_of_the_reference_is_noticed_without_a_build(home: Path) -> None:
    rubrics = [read_rubric(path) for path in sorted((home / "rubrics").glob("*.toml"))]
    assert fresh.golden(home, rubrics, quick=True).problems == []
    edit(home / "reference/cs231n/optim.py", "import numpy as np", "import numpy as np  # as ever")
    (found,) = fresh.golden(home, rubrics, quick=True).problems
    assert "another text of the reference" in str(found) and "grade fixtures build" in found.do


def test_an_unknown_rubric_is_an_error_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["grade", "lint", "--rubric", "a3"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2 and "there is no such rubric" in capsys.readouterr().err


def test_an_item_without_hints_is_named() -> None:
    rubric = smaller(lambda item: item.update(hints=()), "relu_forward")
    found = names.check(ROOT, [rubric], all_rubrics=False).problems
    assert [str(one) for one in found] == [
        "smaller.toml: item 'relu_forward': has no hints; add three, each saying a little more"
    ]


def test_a_part_that_no_known_mistake_fails_is_named() -> None:
    rubric = read_rubric(RUBRIC)
    failed = [("one", {"adam": ["m", "v", "t"]})]
    found = [str(one) for one in names.not_failed(failed, [rubric])]
    assert any("item 'adam', part 'next_w'" in one for one in found)
    assert not any("part 't'" in one for one in found)


# --------------------------------------------------------------------------------- mutants

SOURCE = '''
def f(x, n=1):
    y = n + 1
    # BEGIN SOLUTION
    {line}
    # END SOLUTION
'''  # fmt: skip
CHANGES = {
    "return x - 2": ["return -(x - 2)", "return x", "return x + 2", "return x - 1", "return x - 3"],
    "return a @ b": ["return b @ a"],
    "return x > y": ["return x < y", "return x >= y"],
    "return g(x, y)": ["return g(y, x)"],
    "return x.sum(axis=0)": [
        "return x", "return x.mean(axis=0)", "return x.sum()", "return x.sum(axis=1)"],
    "return np.sqrt(x)": ["return x"],
    "return x.T": ["return x"],
    "return (a, b)": ["return (b, a)"],
    "return f(keepdims=True)": ["return f()", "return f(keepdims=False)"],
    "return a if b else c": ["return a", "return c"],
    "return -x": ["return x"],
    "return {'a': b}": ["return {'ax': b}", "return {}"],
    "x += y": ["(removed)", "x -= y"],
    "if x:\n        pass": ["(removed)", "if False:", "if True:"],
    "x = 0.5": ["(removed)", "x = 0.0", "x = 1.0"],
    "pass": [],
}  # fmt: skip


@pytest.mark.parametrize("line", CHANGES)
def test_each_kind_of_change_is_made_once_and_inside_of_the_solution_only(line: str) -> None:
    found = mutations.mutants({"cs231n/a.py": SOURCE.replace("{line}", line)})
    assert sorted(one.after for one in found) == sorted(CHANGES[line])
    assert {(one.file, one.function, one.line) for one in found} <= {("cs231n/a.py", "f", 5)}
    assert {one.before for one in found} <= {line.partition("\n")[0]}


def test_a_mutant_has_the_changed_code_and_the_next_one_does_not() -> None:
    found = mutations.mutants({"a.py": SOURCE.replace("{line}", "return x * 3 + n")})

    def f(x: int, n: int = 1) -> int:
        return 0

    gives = {}
    for one in found:
        f.__code__ = one.code
        gives[one.after] = f(5)
    assert gives["return x * 3 - n"] == 14 and gives["return x * 4 + n"] == 21
    assert gives["return x / 3 + n"] == 5 / 3 + 1 and gives["return n"] == 1


def smaller(change: Callable[[dict[str, Any]], None], *items: str) -> Rubric:
    """Return the shipped rubric with these items alone, changed."""
    table = asdict(read_rubric(RUBRIC).table)
    table["items"] = [item for item in table["items"] if item["id"] in items]
    for item in table["items"]:
        item["needs"] = [need for need in item["needs"] if need in items]
        change(item)
    return Rubric(FILE.validate_python(table), "smaller", "smaller.toml")


def survivors(rubric: Rubric, function: str) -> trials.MutantResults:
    golden = Golden.read(ROOT / "reference" / "golden")
    return trials.run(
        [rubric], ROOT / "reference", golden, only=lambda one: one.function == function
    )


def only(*cases: str) -> Callable[[dict[str, Any]], None]:
    def change(item: dict[str, Any]) -> None:
        item["cases"] = [case for case in item["cases"] if case["id"] in cases]

    return change


def told(rubric: Rubric, found: trials.MutantResults) -> tuple[Sequence[Defect], Sequence[Defect]]:
    """Return what lint says of survivors: problems, then warnings."""
    row = mutants_row(found, [rubric], (), Path("equivalent.toml"), ROOT, all_rubrics=True)
    return row.problems, row.warnings


def weak() -> Rubric:
    return smaller(only("one"), "affine_forward", "affine_backward")


@pytest.fixture(scope="module")
def weakly() -> trials.MutantResults:
    return survivors(weak(), "affine_backward")


def test_a_weak_case_lets_a_mutant_live_which_is_named_with_its_line_and_a_case(
    weakly: trials.MutantResults,
) -> None:
    problems, warnings = told(weak(), weakly)
    layers = (ROOT / "reference/cs231n/layers.py").read_text().splitlines()
    line = 1 + layers.index("    db = dout.sum(axis=0)")
    said = [str(one) for one in problems]
    assert any(
        one.startswith(f"reference/cs231n/layers.py:{line}: affine_backward costs no point")
        and "`db = dout.mean(axis=0)` for `db = dout.sum(axis=0)`" in one
        and "this case shows it, affine_backward: { id = " in one
        for one in said
    ), said
    assert "should" in said[-1] and not warnings


def test_where_the_rubric_is_not_strict_it_is_a_warning(weakly: trials.MutantResults) -> None:
    table = replace(weak().table, mutants="warn")
    problems, warnings = told(Rubric(table, "", "weak.toml"), weakly)
    assert not problems and "costs no point" in str(warnings[0]) and "should" in str(warnings[-1])


def test_the_case_that_lint_shows_notices_the_mutant_once_it_is_in_the_rubric(
    weakly: trials.MutantResults,
) -> None:
    lines = proposals.run(weakly.survivors, [weak()], ROOT / "reference")
    assert set(lines) == {one.mutant.key for one in weakly.survivors} and len(lines) >= 2
    for number, line in enumerate(lines.values()):
        item_id, _, text = line.partition(": ")
        row = tomllib.loads(f"case = {text}")["case"]

        def pasted(item: dict[str, Any], row: dict[str, Any] = row, name: str = item_id) -> None:
            only("one")(item)
            item["cases"] += [row] if item["id"] == name else []

        stronger = smaller(pasted, "affine_forward", "affine_backward")
        made, _ = build.build([stronger], ROOT / "reference"), number
        golden = Golden(*made, sha256="")
        key = list(lines)[number]
        found = trials.run(
            [stronger], ROOT / "reference", golden, only=lambda one, key=key: one.key == key
        )
        assert len(found.mutants) == 1 and found.survivors == (), line


def test_for_a_change_that_no_input_shows_lint_asks_for_a_reason(
    relu: trials.MutantResults,
) -> None:
    rubric = smaller(lambda item: None, "relu_forward")
    (problem, _), warnings = told(rubric, relu)
    assert "no input was found that shows it" in problem.do and not warnings
    row = problem.do.partition("\n")[2].replace('"..."', '"The order of the two is free."')
    (explained,) = tomllib.loads(row)["mutants"]
    assert equivalent.Explained(**explained).key == relu.survivors[0].mutant.key


def test_what_only_a_left_out_item_can_notice_is_not_asked_of_a_rubric() -> None:
    golden = Golden.read(ROOT / "reference" / "golden")
    whole_rubric = read_rubric(RUBRIC)
    items = [i.id for i in whole_rubric.table.items if i.kind == "code" and "dropout" not in i.id]
    short = smaller(lambda item: None, *items)
    short = Rubric(replace(short.table, id="short"), "", "short.toml")

    def dropout(one: mutations.Mutant) -> bool:
        return "dropout_backward(dout" in one.before and one.after == mutations.REMOVED

    both = trials.run([whole_rubric, short], ROOT / "reference", golden, only=dropout)
    alone = trials.run([short], ROOT / "reference", golden, only=dropout)
    assert len(both.mutants) == 1 and both.survivors == ()
    assert [one.rubrics for one in alone.survivors] == [("short",)]


def test_with_the_shipped_cases_it_does_not_live() -> None:
    strong = survivors(smaller(lambda item: None, "affine_forward", "affine_backward"),
                       "affine_backward")  # fmt: skip
    assert len(strong.mutants) > 20 and strong.survivors == ()


def test_each_rubric_judges_a_mutant_by_its_own_conventions() -> None:
    """The slope of relu at 0 is free in one of them, whichever comes first."""
    golden = Golden.read(ROOT / "reference" / "golden")
    free = smaller(lambda item: None, "relu_backward")
    bound = smaller(lambda item: item.update(alternatives=()), "relu_backward")
    table = replace(bound.table, id="bound")
    bound = Rubric(table, "bound", "bound.toml")
    for rubrics in ([free, bound], [bound, free]):
        found = trials.run(
            rubrics, ROOT / "reference", golden, only=lambda one: "x >= 0" in one.after
        )
        assert [one.rubrics for one in found.survivors] == [("cs231n-a2",)]


def test_a_part_without_points_does_not_count_as_a_loss() -> None:
    def worthless(item: dict[str, Any]) -> None:
        item["points"] = 0
        for part in item["parts"]:
            part["points"] = 0

    found = survivors(smaller(worthless, "relu_forward"), "relu_forward")
    assert len(found.survivors) == len(found.mutants) > 3


def test_a_mutant_that_hangs_or_dies_is_over_and_the_rest_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def bad(files: Mapping[str, str]) -> list[mutations.Mutant]:
        bodies = ("while True: pass", "import os; os.kill(os.getpid(), 9)", "return x, x",
                  "return np.maximum(0, x), x")  # fmt: skip
        return [
            mutations.Mutant("cs231n/layers.py", "relu_forward", 1, "", body, code_of(body))
            for body in bodies
        ]

    monkeypatch.setattr(trials, "mutants", bad)
    monkeypatch.setattr(trials, "LIMIT_S", 0.5)
    found = survivors(smaller(lambda item: None, "relu_forward"), "relu_forward")
    assert [one.mutant.after for one in found.survivors] == ["return np.maximum(0, x), x"]


def code_of(body: str) -> Any:
    space: dict[str, Any] = {}
    exec(f"def relu_forward(x):\n    {body}\n", space)
    return space["relu_forward"].__code__


# ------------------------------------------------------------------------ explained survivors

ROW = """
[[mutants]]
function = "relu_forward"
before = "return (np.maximum(0, x), x)"
after = "return (np.maximum(x, 0), x)"
why = "The larger of two numbers is the same in both orders."
"""


@pytest.fixture(scope="module")
def relu() -> trials.MutantResults:
    return survivors(smaller(lambda item: None, "relu_forward"), "relu_forward")


EXPLAINED = {
    # rows: (equivalent, problems that must be named)
    "": (0, ["costs no point (cs231n-a2) with `return (np.maximum(x, 0), x)`", "should"]),
    ROW: (1, []),
    ROW.replace("(np.maximum(x, 0), x)", "np.maximum(x,0),x"): (1, []),
    ROW + 'kind = "tolerated"': (0, ["should"]),
    ROW + 'rubrics = ["cs231n-a2"]': (1, []),
    ROW + 'rubrics = ["another"]': (0, ["costs a point now", "costs no point", "should"]),
    ROW + ROW.replace("x, 0)", "x, 1)"): (1, ["is no change of the reference any more"]),
    ROW + ROW.replace("maximum(x, 0)", "minimum(0, x)"): (1, ["costs a point now"]),
}


@pytest.mark.parametrize("rows", EXPLAINED)
def test_a_survivor_needs_a_reason_and_a_reason_a_survivor(
    rows: str, relu: trials.MutantResults, tmp_path: Path
) -> None:
    path = tmp_path / "equivalent.toml"
    path.write_text(rows)
    rubric = smaller(lambda item: None, "relu_forward")
    explained = equivalent.read(path)
    found = mutants_row(relu, [rubric], explained, path, ROOT, all_rubrics=True)
    count, says = EXPLAINED[rows]
    assert equivalent.score(relu, explained, path, all_rubrics=True).equivalent == count
    assert len(found.problems) == len(says), found.problems
    for one, word in zip(found.problems, says):
        assert word in str(one)


@pytest.mark.parametrize(
    "text", ["[[mutants]]\nfunction = 3 4", "[[mutants]]\nfunction = 'f'", ROW + "reason = 'x'",
             ROW.replace("The larger of two numbers is the same in both orders.", "So.")],
)  # fmt: skip
def test_a_file_of_reasons_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "equivalent.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"equivalent\.toml: .*; "):
        equivalent.read(path)


# --------------------------------------------------------------------------- whole submissions


WRONG = '''"""db is a mean."""

{fails}


def affine_backward(dout, cache):
    x, w, b = cache
    rows = x.reshape(x.shape[0], -1)
    return (dout @ w.T).reshape(x.shape), rows.T @ dout, dout.mean(axis=0)
'''
FAILS = {
    # name: (what the file says, what lint says)
    "right": ('FAILS = {"affine_backward": ["db"]}', ""),
    "too_much": (
        'FAILS = {"affine_backward": ["db", "dx"]}', "affine_backward loses db, not db, dx"),
    "too_little": ('FAILS = {"affine_backward": []}', "affine_backward loses db, not nothing"),
    "another": ('FAILS = {"affine_backward": ["db"], "adam": ["t"]}', "adam loses nothing, not t"),
    "nothing": ("", "says no FAILS"),
}  # fmt: skip
COMPACT = "tests/submissions/accepted/compact with cs231n-a2"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of a home whose reference hands a solution out, and odd tests/submissions."""
    home = tmp_path_factory.mktemp("home")
    for name in ("reference", "tests/submissions/accepted/compact"):
        ignored = shutil.ignore_patterns("__pycache__", "golden")
        shutil.copytree(ROOT / name, home / name, ignore=ignored)
    right = "    return np.maximum(0, x), x\n"
    marked = f"    # BEGIN SOLUTION\n{right}    # END SOLUTION\n"
    edit(home / "reference" / "cs231n" / "layers.py", marked, right)
    layers = next((home / known_submissions.FOLDER / "accepted").rglob("layers.py"))
    layers.write_text(layers.read_text() + "\n\ndef relu_forward(x):\n    return abs(x), x\n")
    folder = home / known_submissions.FOLDER / "wrong" / "affine_backward"
    folder.mkdir(parents=True)
    for name, (fails, _) in FAILS.items():
        (folder / f"{name}.py").write_text(WRONG.replace("{fails}", fails))
    assignment = resources.assignment("cs231n-a2")
    if not short_run.EVERYTHING:
        assignment = asking(assignment, "affine_backward", "relu_forward", "adam")
    tried, broken = whole.submissions(home, [assignment])
    usual = [one for one in tried if one.kind == "usual mistake"]
    found = [*broken, *whole.run([one for one in tried if one not in usual[1:]])]
    return {one.place.removeprefix(f"{home}/"): f"{one.message}; {one.do}" for one in found}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", FAILS)
def test_a_wrong_submission_that_fails_too_little_or_too_much_is_named(
    name: str, graded: dict[str, str]
) -> None:
    said = graded.get(f"tests/submissions/wrong/affine_backward/{name}.py", "")
    assert FAILS[name][1] in said if FAILS[name][1] else said == ""


def test_a_template_that_earns_a_point_is_named(graded: dict[str, str]) -> None:
    said = graded["template for cs231n-a2"]
    assert "relu_forward is passed and gets 1 points, though nothing is written" in said


def test_an_accepted_submission_that_loses_a_point_is_named(graded: dict[str, str]) -> None:
    assert "relu_forward gets 0 of 1" in graded[COMPACT]


def test_what_is_right_is_not_named(graded: dict[str, str]) -> None:
    assert len(graded) == 6, graded


def item(**fields: Any) -> ItemResult:
    parts = (PartResult("db", "", 0.0, 1.0, "failed"), PartResult("dx", "", 1.0, 1.0, "passed"))
    given = {"id": "affine_backward", "title": "", "section": "", "where": "", "status": "partial",
             "earned": 1.0, "possible": 2.0, "parts": parts}  # fmt: skip
    return ItemResult(**{**given, **fields})


def report(*items: ItemResult) -> Report:
    return Report(
        known_submissions.of_files("hw", {}),
        "", "", "", "", Score(0.0, 0.0, 0.0, 0.0), (), items, (),
        BoxState("none", (), False), {},
    )  # fmt: skip


FAULT = Fault("", "all", "", "error", "Odd.", public=True)
FULL = {"earned": 2.0}
NAMED = "affine_backward/db-mean"
CAUSES = {
    "the right one": (Cause(NAMED, "", True), ""),
    "not certain": (Cause(NAMED, "", False), "and not, for certain"),
    "another one": (
        Cause("affine_backward/db", "", True),
        "has the cause affine_backward/db",
    ),
    "none": (None, "has the cause none"),
}


@pytest.mark.parametrize("what", CAUSES)
def test_a_usual_mistake_must_be_named_for_certain(what: str) -> None:
    cause, says = CAUSES[what]

    found = deserved.costs({"affine_backward": ("db",)}, NAMED, report(item(cause=cause)))
    assert (says in found) if says else found == ""


DESERVED = {
    # what is wrong: (the judge, the item, what is said)
    "a point is lost": (deserved.is_flawless, {}, "affine_backward gets 1 of 2"),
    "a fault is told": (deserved.is_flawless, {**FULL, "faults": (FAULT,)}, "gets 2 of 2 (Odd.)"),
    "a warning is told": (deserved.is_flawless, {**FULL, "warnings": (FAULT,)}, ": Odd."),
    "a cause is named": (deserved.is_flawless, {**FULL, "cause": Cause("a/b", "", True)}, "a/b"),
    "nothing": (deserved.is_flawless, FULL, ""),
    "a point is earned": (deserved.is_unwritten, {"status": "not_written"}, "gets 1 points"),
    "it is failed": (deserved.is_unwritten, {"status": "failed", "earned": 0.0}, "is failed"),
    "it is unwritten": (deserved.is_unwritten, {"status": "not_written", "earned": 0.0}, ""),
}


@pytest.mark.parametrize("what", DESERVED)
def test_what_a_submission_does_not_deserve_is_named(what: str) -> None:
    judge, fields, says = DESERVED[what]
    found = judge(report(item(**fields)))
    assert (says in found) if says else found == ""
