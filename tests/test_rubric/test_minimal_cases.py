"""The smallest case that fails: a ladder that can be checked by hand, and lines that really run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from grader import resources
from grader.box.worker import Worker
from grader.diagnosis import snippets
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.judges import find
from grader.rubric import inputs
from grader.rubric.cases import Rubric
from grader.types import Case, ItemResult, Smallest, Submission
from tests.support import handed_in
from tests.support.assignments import asking, shipped, shipped_as

RUBRICS = shipped()
WHOLE = shipped_as("cs231n-a2")
RANDOM = ("dropout_backward",)  # judged by its own random masks: no small case is the same twice
# Mistakes that can be planted together, so that every code item shows a smallest case in some run.
TOGETHER: dict[str, tuple[str, ...]] = {
    "layers": (
        "affine_forward/bias-forgotten", "affine_backward/db-mean", "relu_backward/times-output",
        "batchnorm_forward/beta-forgotten", "layernorm_backward/mean-forgotten",
        "sgd_momentum/no-momentum", "dropout_forward/scaled-in-test-mode",
    ),
    "more_layers": (
        "relu_forward/absolute", "affine_backward/db-column", "batchnorm_backward/mean-forgotten",
        "batchnorm_backward_alt/gamma-forgotten", "layernorm_forward/beta-forgotten",
        "rmsprop/cache-not-kept", "adam/late-count",
    ),
    "options": (
        "batchnorm_forward/momentum-not-read", "adam/epsilon-not-read",
        "sgd_momentum/given-velocity-ignored",
    ),
    "nets": ("TwoLayerNet/relu-on-scores", "FullyConnectedNet/half-forgotten"),
    "normalized": ("FullyConnectedNet.batchnorm/after-relu",),
    "test_mode": ("FullyConnectedNet.batchnorm/fresh-bn-param",),
    "layernorm": ("FullyConnectedNet.layernorm/after-relu",),
    "dropout": ("FullyConnectedNet.dropout/active-when-scoring",),
}  # fmt: skip
pytestmark = pytest.mark.together  # what fails is graded for all tests here
STOPS = "def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w + bias, (x, w, b)\n"
NOTHING = "def relu_backward(dout, cache):\n    pass\n"


def rungs() -> Iterator[tuple[Rubric, Case]]:
    for rubric in RUBRICS:
        for case in rubric.ladder:
            yield rubric, case


# ------------------------------------------------------------------------------------ the ladder


def test_every_code_item_has_a_ladder_of_public_cases() -> None:
    for rubric in RUBRICS:
        for item in rubric.table.items:
            sizes = [
                sum(a.size for a in rubric.case_inputs(case).values())
                for case in rubric.ladder
                if case.item == item.id
            ]
            assert bool(sizes) == (item.kind == "code" and item.id not in RANDOM), item.id
            assert sizes == sorted(sizes)
            assert not sizes or sizes[0] <= 26, item.id
    assert all(case.public for _, case in rungs())


def test_its_numbers_can_be_checked_by_hand() -> None:
    for rubric, case in rungs():
        for name, array in rubric.case_inputs(case).items():
            steps = array * (4 if name == "theta" else 2)
            assert np.array_equal(steps, np.round(steps)), case.id
            assert np.all(np.abs(array) <= 9), case.id


@pytest.mark.parametrize("text", ["1 halves", "2x3 halves", "3x4 halves", "33 halves"])
def test_halves_are_distinct_small_and_never_zero(text: str) -> None:
    array = inputs.make(text, "public/some/case/x")
    assert len(np.unique(array)) == array.size
    assert np.all(array != 0) and np.all(np.abs(array) <= max(2.0, (array.size + 1) / 4))
    others = [inputs.make(text, f"public/some/case/{name}") for name in "abcdefgh"]
    assert not all(np.array_equal(array, other) for other in others)


def test_no_rung_is_a_hidden_case() -> None:
    for rubric, rung in rungs():
        given = rubric.case_inputs(rung)
        for case in rubric.cases:
            assert case.id != rung.id
            hidden = rubric.case_inputs(case)
            if case.public or case.probe != rung.probe or not hidden:
                continue
            shared = [n for n in given if n in hidden and given[n].shape == hidden[n].shape]
            assert not any(
                np.array_equal(given[n], hidden[n]) for n in shared if given[n].dtype.kind == "f"
            ), f"{rung.id} and {case.id}"


def test_its_answers_are_golden_and_most_rungs_have_something_to_see() -> None:
    assignment = resources.assignment("cs231n-a2")
    for case in assignment.rubric.ladder:
        assert find(case.judge).golden
        answers = assignment.golden.expected(case)[0]
        assert any(np.any(array) for array in answers.values()), case.id


# ---------------------------------------------------------------------------- what a student sees


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return resources.assignment("cs231n-a2")


def submissions() -> dict[str, Submission]:
    """Return the submissions of TOGETHER, and some whose code stops or spells a year."""
    known = handed_in.usual_mistakes()
    found = {
        name: handed_in.with_mistakes(handed_in.reference(), [known[one] for one in names])
        for name, names in TOGETHER.items()
    }
    for name, wrong in (("stops", STOPS), ("nothing", NOTHING)):
        files = handed_in.planted(dict(handed_in.reference().files), wrong)
        found[name] = handed_in.of_files(name, files)
    return found


@pytest.fixture(scope="module")
def items(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    """Return what each submission's items show, and what their lines print, by run/item."""
    found: dict[str, ItemResult] = {}
    todo: list[tuple[str, str]] = []
    with Worker() as worker:
        for name, submission in submissions().items():
            folder = tmp_path_factory.mktemp(name)
            for path, data in submission.files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            planted = {one.rpartition("/")[0] for one in TOGETHER.get(name, ())}
            asked = asking(assignment, *planted, "TwoLayerNet")
            for item in grade_one(submission, asked, worker).items:
                found[f"{name}/{item.id}"] = item
                if item.smallest is not None:
                    todo.append((str(folder), item.smallest.snippet))
    printed = iter(_run(todo))
    return {
        name: Shown(item, next(printed) if item.smallest is not None else "")
        for name, item in found.items()
    }


class Shown:
    """An item and what its three lines print."""

    def __init__(self, item: ItemResult, printed: str) -> None:
        self.item, self.printed = item, printed

    @property
    def smallest(self) -> Smallest:
        assert self.item.smallest is not None, self.item.id
        return self.item.smallest


RUNNER = """
import contextlib, io, json, os, sys
said = []
for folder, lines in json.load(sys.stdin):
    os.chdir(folder)
    sys.path[0] = folder
    for name in [n for n in sys.modules if n.partition(".")[0] == "cs231n"]:
        del sys.modules[name]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(lines, {})
        except Exception as error:
            print(type(error).__name__)
    said.append(out.getvalue())
json.dump(said, sys.stdout)
"""


def _run(todo: list[tuple[str, str]]) -> list[str]:
    """Return what each snippet prints in its folder, in a Python that knows no grader."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[1:1] = {sys.path[1:]!r}\n{RUNNER}"],
        input=json.dumps(todo), capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    said: list[str] = json.loads(done.stdout)
    return said


def test_every_item_that_fails_shows_its_smallest_case(items: dict[str, Shown]) -> None:
    planted = {(run, one.rpartition("/")[0]) for run, names in TOGETHER.items() for one in names}
    code = {item.id for item in WHOLE.table.items if item.kind == "code"} - {*RANDOM}
    assert {item for _, item in planted} == code
    for run, item in planted:
        assert items[f"{run}/{item}"].item.smallest is not None, f"{run}/{item}"


def test_the_lines_print_the_wrong_answer_beside_the_expected_one(items: dict[str, Shown]) -> None:
    seen = 0
    for name, shown in items.items():
        small = shown.item.smallest
        if small is None or small.got is None:
            continue
        lines = small.snippet.splitlines()
        assert len(lines) == 3 and "from cs231n." in lines[0], name
        yours, _, expected = shown.printed.removeprefix("yours:\n").partition("\nexpected:\n")
        if name.startswith("dropout/"):  # another random mask each time
            assert yours and yours != expected, name
            continue
        for printed, array in ((yours, small.got), (expected, small.expected)):
            close = np.isclose(_read(printed), array.ravel(), 1e-3, 1e-7, equal_nan=True)
            assert np.all(close), name
        assert yours.split() != expected.split(), name
        seen += 1
    assert seen >= 17


def _read(text: str) -> np.ndarray:
    """Return the numbers of a printed array."""
    return np.array([float(word) for word in text.replace("[", " ").replace("]", " ").split()])


def test_the_smallest_case_that_fails_is_shown(items: dict[str, Shown]) -> None:
    assert items["stops/affine_forward"].smallest.case == "affine_forward/small_1x1"
    # A column of one number is no column: it shows with two of them.
    assert items["more_layers/affine_backward"].smallest.case == "affine_backward/small_2x1"
    assert items["more_layers/relu_forward"].smallest.inputs["x"].size <= 2
    second = items["layers/sgd_momentum"].smallest  # right from zero, wrong from the second step
    assert "after step 2" in second.message and "2_steps" in second.case


def test_an_exception_is_shown_with_what_was_expected(items: dict[str, Shown]) -> None:
    shown = items["stops/affine_forward"]
    assert shown.smallest.case == "affine_forward/small_1x1"
    assert shown.smallest.raised is not None and shown.smallest.raised.type == "NameError"
    assert shown.smallest.got is None and shown.smallest.expected.shape == (1, 1)
    assert shown.printed == "NameError\n"


def test_a_right_submission_pays_nothing(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("a session was opened")

    monkeypatch.setattr("grader.grading.rerun.Session", asked)
    with Worker() as worker:
        report = grade_one(handed_in.reference(), assignment, worker)
    assert all(item.smallest is None and item.cause is None for item in report.items)


def test_a_year_s_own_words_are_used() -> None:
    files = handed_in.accepted_submission("year2017").files
    case = next(c for c in WHOLE.ladder if c.id == "FullyConnectedNet.batchnorm/small_loss_1x3x2")
    place = snippets.Place("cs231n", files, "drop")
    call = snippets.of(case, WHOLE.case_inputs(case), "loss", 0, place).call
    assert "use_batchnorm=True" in call and "normalization=" not in call
    case = next(c for c in WHOLE.ladder if c.item == "FullyConnectedNet.dropout")
    case = replace(case, options={**case.options, "keep": 0.25})
    call = snippets.of(case, WHOLE.case_inputs(case), "scores", 0, place).call
    assert "dropout=0.75" in call and "dropout_keep_ratio" not in call


def test_small_differences_are_printed_with_enough_digits() -> None:
    shown = snippets.Shown({}, "layers import f", "out = f()", "out")
    place = snippets.Place("cs231n", {})
    want = np.array([1.0, 2.0])
    plain = snippets.text(shown, want, want * 1.5, place)
    fine = snippets.text(shown, want, want + 1e-10, place)
    assert "precision" not in plain and "precision=1" in fine


def test_what_follows_from_another_item_shows_no_case_of_its_own(items: dict[str, Shown]) -> None:
    for name, shown in items.items():
        small = shown.item.smallest
        fails = shown.item.because_of is None and shown.item.earned < shown.item.possible
        assert small is None or fails, name
    assert items["stops/TwoLayerNet"].item.smallest is None
    assert items["layers/TwoLayerNet"].item.smallest is None
