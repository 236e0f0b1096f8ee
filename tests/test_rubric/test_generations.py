"""Course generations: each is recognised by its marks, and graded by its rubric in its words."""

from __future__ import annotations

import functools
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import resources
from grader.authoring.lint.known_submissions import of_files
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.release import shape
from grader.release.template import template_files
from grader.report import html, page
from grader.rubric import generation
from grader.rubric.generation_marks import GENERATIONS
from grader.rubric.generation_marks import MAX_CHARACTERS as MOST
from grader.rubric.solution_markers import MADE_FOR
from grader.types import ItemResult, Report
from tests.support import commands, handed_in, starters
from tests.support.assignments import ask_for, asking

REFERENCE = handed_in.ROOT / "reference"
NAMES = tuple(GENERATIONS)
NET, LAYERS, OPTIM = "cs231n/classifiers/fc_net.py", "cs231n/layers.py", "cs231n/optim.py"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@functools.cache
def solved(name: str) -> dict[str, bytes]:
    """The reference as the years of a rubric have it."""
    table = resources.assignment(name).rubric.table
    return {path: text.encode() for path, text in shape.solved(REFERENCE, table).items()}


@functools.cache
def template(name: str) -> dict[str, bytes]:
    table = resources.assignment(name).rubric.table
    files = template_files(REFERENCE, table)
    return {path: text.encode() for path, text in files.items()}


def code(report: Report) -> dict[str, ItemResult]:
    return {item.id: item for item in report.items if item.parts}


def recognised(files: dict[str, bytes], package: str = "cs231n") -> str:
    return generation.recognise(files, package).rubric


def changed(files: dict[str, bytes], path: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    text = files[path].decode()
    for old, new in changes:
        assert old in text, f"{old!r} is not there; mend this test"
        text = text.replace(old, new)
    return {**files, path: text.encode()}


# -------------------------------------------------------------------- what each year is graded by


def test_the_generations_are_those_of_the_shipped_rubrics_and_most_is_asked_first(
    assignments: dict[str, Assignment],
) -> None:
    tables = {name: one.rubric.table for name, one in assignments.items()}
    assert {name: table.years for name, table in tables.items()} == dict(GENERATIONS)

    def asked(name: str) -> tuple[float, float]:
        points = {"code": 0.0, "notebook": 0.0, "question": 0.0}
        for item in tables[name].items:
            points[item.kind] += item.points
        return points["code"], points["notebook"]

    order = [asked(name) for name in GENERATIONS]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_in_each_shape_gets_full_marks(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    report = grade_one(of_files("reference", solved(name)), assignments[name], worker)
    assert report.score.earned == report.score.possible > 50
    assert report.flags == ()
    assert recognised(solved(name)) == name


@pytest.mark.parametrize("name", NAMES)
def test_the_template_gets_no_point_and_encourages(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    package = {path: data for path, data in template(name).items() if path.endswith(".py")}
    report = grade_one(of_files("template", package), assignments[name], worker)
    assert_unwritten(report)
    assert recognised(template(name)) == name


@pytest.mark.parametrize("year", starters.YEARS)
def test_what_a_year_handed_out_gets_no_point_no_flag_and_its_own_rubric(
    year: int, assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = starters.files(year)
    found = generation.recognise(files, "cs231n")
    assert (found.rubric, found.sure) == (starters.YEARS[year], True)
    report = grade_one(of_files("starter", files), assignments[found.rubric], worker)
    assert_unwritten(report)


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("year", [2016, 2018, 2021, 2025])
def test_no_starter_is_flagged_whatever_it_is_graded_by(
    year: int, assignments: dict[str, Assignment], worker: Worker
) -> None:
    for assignment in assignments.values():
        report = grade_one(of_files("starter", starters.files(year)), assignment, worker)
        assert report.flags == ()


def assert_unwritten(report: Report) -> None:
    assert report.score.earned == 0 and report.flags == ()
    assert {item.status for item in code(report).values()} == {"not_written"}
    said = page.make(report, "")
    assert said.untouched and said.cards == ()
    assert said.verdict == "Nothing is written yet: start with affine_forward"


# ------------------------------------------------------------------------------------- the marks

MADE = MADE_FOR.format
HEAD = "class FullyConnectedNet(object):\n    def __init__(self, hidden_dims, {}, reg=0.0):\n"
TWO = "class TwoLayerNet(object):\n    def loss(self, X):\n        pass\n\n"
STORED = TWO + "    def save(self, fname):\n        pass\n\n"
P = "def dropout_forward(x, dropout_param):\n    '''\n    - p: Dropout parameter. We {} it.\n"
NORM = "def layernorm_forward(x, gamma, beta, ln_param):\n    pass\n"
SVM, SOFTMAX = "def svm_loss(x, y):\n    pass\n", "def softmax_loss(x, y):\n    pass\n"
START = "# *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****\n"
MARKED = "def {}(w, dw, config=None):\n    # ~~START DELETE~~\n{}    # ~~END DELETE~~\n"
EMPTY, WRITTEN = (
    "".join(MARKED.format(rule, code) for rule in ("sgd_momentum", "rmsprop", "adam"))
    for code in ("    pass\n", "    next_w = w - dw\n")
)
KEEP_RATIO, NORMALIZED = "dropout_keep_ratio=1", "dropout=1, normalization=None"
DECLARED = json.dumps({"cells": [{"source": ["# Student Declaration"]}]})

# What is in fc_net.py, layers.py and optim.py, and in further files -> rubric, sure.
MARKS: dict[str, tuple[dict[str, str], str, bool]] = {
    "use_batchnorm": ({NET: HEAD.format("use_batchnorm=False")}, "cs231n-a2-2017", False),
    "use_batchnorm, Python 2": (
        {NET: HEAD.format("use_batchnorm=False") + "        for k in self.params.iteritems():"},
        "cs231n-a2-2016", True),
    "use_batchnorm, bn_param[mode]": (
        {NET: HEAD.format("use_batchnorm=False") + "        bn_param[mode] = mode"},
        "cs231n-a2-2016", True),
    "p drops": ({LAYERS: P.format("drop")}, "cs231n-a2-2017", False),
    "p drops, t is 1": (
        {LAYERS: P.format("drop"), OPTIM: "config.setdefault('t', 1)"}, "cs231n-a2-2017", True),
    "normalization and dropout": ({NET: HEAD.format(NORMALIZED)}, "cs231n-a2", True),
    "p keeps, both losses": ({LAYERS: P.format("keep") + SVM + SOFTMAX}, "cs231n-a2", True),
    "layer normalization, svm": ({LAYERS: NORM + SVM}, "cs231n-a2", True),
    "keep ratio": ({NET: HEAD.format(KEEP_RATIO)}, "cs231n-a2-2026", False),
    "keep ratio, start": ({NET: HEAD.format(KEEP_RATIO) + START}, "cs231n-a2-2021", True),
    "keep ratio, notebook": (
        {NET: HEAD.format(KEEP_RATIO), "FullyConnectedNets.ipynb": "{}"}, "cs231n-a2-2021", True),
    "keep ratio, given rules": (
        {NET: HEAD.format(KEEP_RATIO), OPTIM: WRITTEN}, "cs231n-a2-2025", True),
    "given rules and the notebook of assignment 1": (
        {NET: HEAD.format(KEEP_RATIO), OPTIM: WRITTEN, "FullyConnectedNets.ipynb": "{}"},
        "cs231n-a2-2025", True),
    "keep ratio, declared": (
        {NET: HEAD.format(KEEP_RATIO), "Dropout.ipynb": DECLARED}, "cs231n-a2-2026", True),
    "a two-layer net that is stored": (
        {NET: STORED + HEAD.format(KEEP_RATIO), OPTIM: WRITTEN}, "cs231n-a2-2025", True),
    "losses of assignment 1": (
        {NET: HEAD.format(KEEP_RATIO) + START, LAYERS: SVM + SOFTMAX}, "cs231n-a2-2021", True),
    "arguments on lines of their own": (
        {NET: HEAD.format("\n        dropout_keep_ratio=1,  # use_batchnorm\n        seed=None") +
         START}, "cs231n-a2-2021", True),
    "a softmax alone": ({LAYERS: P.format("keep") + SOFTMAX + START}, "cs231n-a2-2021", True),
    "nothing": ({LAYERS: ""}, "cs231n-a2", False),
    "marks around rules that are not there": (
        {NET: HEAD.format(KEEP_RATIO), OPTIM: EMPTY}, "cs231n-a2-2026", False),
    "marks around two of three rules": (
        {NET: HEAD.format(KEEP_RATIO), OPTIM: WRITTEN.replace("    next_w = w - dw\n", "", 1)},
        "cs231n-a2-2026", False),
    "marks at the end of the file": (
        {NET: HEAD.format(KEEP_RATIO), OPTIM: "# START DELETE\n# END DELETE\n"},
        "cs231n-a2-2026", False),
    # marks of two generations: the one that asks for more
    "two-layer net, keep ratio": (
        {NET: TWO + HEAD.format(KEEP_RATIO)}, "cs231n-a2", False),
    "use_batchnorm, p keeps": (
        {NET: TWO + HEAD.format("dropout=0, use_batchnorm=False"), LAYERS: P.format("keep")},
        "cs231n-a2", False),
    "given rules, declared": (
        {OPTIM: WRITTEN, "Dropout.ipynb": DECLARED}, "cs231n-a2-2026", False),
    "a name of less than there is": (
        {"cs231n/__init__.py": MADE("cs231n-a2-2025"), NET: TWO + HEAD.format(NORMALIZED)},
        "cs231n-a2", False),
}  # fmt: skip


@pytest.mark.parametrize("what", MARKS)
def test_marks_are_recognised(what: str) -> None:
    texts, rubric, sure = MARKS[what]
    found = generation.recognise({path: text.encode() for path, text in texts.items()}, "cs231n")
    assert (found.rubric, found.sure) == (rubric, sure), found.message
    assert found.message.startswith("Graded as course year") and "--rubric" not in found.message
    assert found.other_way(rubric) != f"--rubric {rubric}"


def test_the_reason_is_one_plain_sentence() -> None:
    found = generation.recognise(starters.files(2021), "cs231n")
    assert found.message == (
        "Graded as course years 2021-2024: fc_net.py takes dropout_keep_ratio and has no "
        "TwoLayerNet, FullyConnectedNets.ipynb is there."
    )
    assert found.other_way(found.rubric) == "--rubric cs231n-a2"
    torn = generation.recognise({NET: (TWO + HEAD.format(KEEP_RATIO)).encode()}, "cs231n")
    assert torn.message == (
        "Graded as course years 2018-2020: fc_net.py has TwoLayerNet, though fc_net.py takes "
        "dropout_keep_ratio, as in course years 2021-2024; of two generations the one that asks "
        "for more is taken."
    )
    assert torn.other_way(torn.rubric) == "--rubric cs231n-a2-2021"


@pytest.mark.parametrize("year", starters.YEARS)
@pytest.mark.parametrize("what", ["CRLF", "a syntax error", "another package", "Latin-1"])
def test_the_marks_are_found_in_whatever_state_the_files_are(year: int, what: str) -> None:
    package = "cs682" if what == "another package" else "cs231n"
    files = starters.files(year, package)
    if what == "CRLF":
        files = {path: data.replace(b"\n", b"\r\n") for path, data in files.items()}
    if what == "a syntax error":
        files = {path: data + b"\ndef broken(:\n" for path, data in files.items()}
    if what == "Latin-1":
        files = {path: b"# caf\xe9 \x00\n" + data for path, data in files.items()}
    assert recognised(files, package) == starters.YEARS[year]


@pytest.mark.parametrize("name", NAMES)
def test_a_template_without_its_name_is_known_by_its_shape(name: str) -> None:
    """As far as it has one: 2016 and 2017 ask for the same, 2026 and 2025 but for the rules."""
    files = {path: data for path, data in template(name).items() if "/__init__" not in path}
    same = {"cs231n-a2-2016": "cs231n-a2-2017", "cs231n-a2-2025": "cs231n-a2-2026"}
    assert recognised(files) == same.get(name, name)


HOSTILE = {
    "spaces": "#" + " " * MOST, "stars": "*" * MOST, "tabs": ("\t" * 1000 + "\n") * (MOST // 1000),
    "classes": "class FullyConnectedNet(" * (MOST // 24), "dels": "# ~ " * (MOST // 4),
    "p": "def dropout_forward(x, p):\n" + "p :" * (MOST // 3), "prints": "print " * (MOST // 6),
    "arguments": "class FullyConnectedNet:\n def __init__(" + "a, " * (MOST // 3),
}  # fmt: skip


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("what", HOSTILE)
def test_no_text_takes_long_to_look_at(what: str) -> None:
    data = (HOSTILE[what] * 2).encode()
    started = time.process_time()
    generation.recognise({path: data for path in (NET, LAYERS, OPTIM)}, "cs231n")
    assert time.process_time() - started < 2.0


def test_a_named_rubric_stays_and_marks_against_it_are_said() -> None:
    found = generation.recognise(starters.files(2023), "cs231n")
    assert found.against("cs231n-a2-2021") == "" == found.against("my-own")
    assert found.against("cs231n-a2-2017") == (
        "Graded as course year 2017, but the files look like those of course years "
        "2021-2024: fc_net.py takes dropout_keep_ratio and has no TwoLayerNet, "
        "FullyConnectedNets.ipynb is there."
    )
    assert found.other_way("cs231n-a2-2017") == "--rubric cs231n-a2-2021"


# --------------------------------------------------------------------------------- on the command


@pytest.fixture
def homework(tmp_path: Path) -> Path:
    for path, data in starters.files(2021).items():
        (tmp_path / "hw" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "hw" / path).write_bytes(data)
    return tmp_path / "hw"


@pytest.mark.parametrize(
    ("named", "rubric", "says"),
    [
        ([], "cs231n-a2-2021", "Graded as course years 2021-2024: fc_net.py takes dropout_keep"),
        (["--rubric", "cs231n-a2-2021"], "cs231n-a2-2021", ""),
        (["--rubric", "cs231n-a2"], "cs231n-a2", "Graded as course years 2018-2020, but"),
    ],
)
def test_the_report_says_which_course_year_and_why(
    homework: Path, named: list[str], rubric: str, says: str, lent_box: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ask_for(monkeypatch, "affine_backward", "sgd_momentum")
    out = homework.parent / "out"
    done = commands.run(homework, "--notebooks", "skip", "-o", out, *named)
    assert done.code == 0, done.err
    result = json.loads((out / "result.json").read_text())
    assert result["rubric"]["id"] == rubric
    assert result["rubric"]["why"].startswith(says) and bool(result["rubric"]["why"]) == bool(says)
    shown = (out / "report.html").read_text()
    assert (says in shown and says in done.out) if says else "Graded as" not in shown


# ------------------------------------------------------------------------------------- the losses

GOOD_LOSS = """
def softmax_loss(x, y):
    scores = x - np.max(x, axis=1, keepdims=True)
    every = np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    out = scores - every
    n = len(y)
    dx = np.exp(out)
    dx[range(n), y] -= 1
    return -out[range(n), y].sum() / n, dx / n
"""
OVERFLOWS = GOOD_LOSS.replace("x - np.max(x, axis=1, keepdims=True)", "x + 0")
LOSSES = {
    "right": (GOOD_LOSS, False),
    "overflows at scores of 1000": (OVERFLOWS, False),
    "single precision": (GOOD_LOSS.replace("scores = x", "scores = x.astype(np.float32)"), False),
    "stub": ("def softmax_loss(x, y):\n    return None, None\n", False),
    "stub of zeros": ("def softmax_loss(x, y):\n    return 0.0, np.zeros_like(x)\n", False),
    "stops": ("def softmax_loss(x, y):\n    return np.no_such_function(x)\n", False),
    "summed": (GOOD_LOSS.replace("/ n, dx", ", dx"), True),
    "no gradient of the right class": (GOOD_LOSS.replace("-= 1", "-= 0"), True),
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", LOSSES)
def test_a_loss_is_called_changed_only_where_usual_scores_show_it_and_it_was_handed_out(
    what: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    text, is_changed = LOSSES[what]
    for name in ("cs231n-a2", "cs231n-a2-2016", "cs231n-a2-2021"):
        files = handed_in.planted(dict(solved(name)), f"import numpy as np\n{text}")
        report = grade_one(of_files("loss", files), assignments[name], worker)
        flags = [flag.message for flag in report.flags]
        given = name != "cs231n-a2-2021"
        says = "softmax_loss gives other values than the one handed out; graded with the latter"
        assert flags == ([says] if is_changed and given else [])
        if given:  # ours is used
            assert report.score.earned == report.score.possible


def test_nobody_is_asked_about_a_loss_that_was_not_handed_out(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    """Files of 2021, graded by somebody as those of 2018: their loss is their own."""
    wrong = f"import numpy as np\n{LOSSES['summed'][0]}"
    files = handed_in.planted(dict(solved("cs231n-a2-2021")), wrong)
    assert grade_one(of_files("loss", files), assignments["cs231n-a2"], worker).flags == ()


WRONG_LOSS = GOOD_LOSS.replace("/ n, dx / n", "/ n, dx")


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("loss", [WRONG_LOSS, LOSSES["stub"][0]], ids=["wrong", "unwritten"])
@pytest.mark.parametrize("name", ["cs231n-a2-2021", "cs231n-a2-2025", "cs231n-a2-2026"])
def test_a_loss_of_ones_own_is_what_nets_use_and_is_paid_for_once(
    name: str, loss: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = handed_in.planted(dict(solved(name)), f"import numpy as np\n{loss}")
    items = code(grade_one(of_files("loss", files), assignments[name], worker))
    assert items["softmax_loss"].earned == (1 if loss is WRONG_LOSS else 0)
    for item in items.values():
        if item.id.startswith("FullyConnectedNet"):
            assert (item.earned, item.because_of) == (item.possible, "softmax_loss")
        elif item.id != "softmax_loss":
            assert item.earned == item.possible and item.because_of is None


def test_an_overflow_at_large_scores_is_said_and_costs_nothing(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = handed_in.planted(dict(solved("cs231n-a2-2021")), f"import numpy as np\n{OVERFLOWS}")
    report = grade_one(of_files("loss", files), assignments["cs231n-a2-2021"], worker)
    assert report.score.earned == report.score.possible
    assert [fault.part for fault in code(report)["softmax_loss"].warnings] == ["stable"]


# ------------------------------------------------------------------------------ in its own words

MASK = "(np.random.rand(*x.shape) >= p).astype(x.dtype) / (1 - p)"
IN_DROPS = {
    "turned": "(np.random.rand(*x.shape) < p).astype(x.dtype) / (1 - p)",
    "the other p": "(np.random.rand(*x.shape) < p).astype(x.dtype) / p",
    "the other p, unscaled": "(np.random.rand(*x.shape) < p).astype(x.dtype)",
    "unscaled": "(np.random.rand(*x.shape) >= p).astype(x.dtype)",
    "scaled by the other": "(np.random.rand(*x.shape) >= p).astype(x.dtype) / p",
    "uniform": "np.random.rand(*x.shape)",
    "normal": "(np.random.randn(*x.shape) >= p).astype(x.dtype) / (1 - p)",
    "ones": "np.ones_like(x)",
}
# What is right only where p is the share that is kept.
OF_KEEPING = (
    "p is the share of units that is kept", "p is the share that is kept", "divided by p",
    "division by p", "(rand &lt; p) / p", "kept with probability p", "lies above p", "p / p",
)  # fmt: skip


@pytest.mark.parametrize("what", IN_DROPS)
def test_no_sentence_says_that_p_keeps_where_it_drops(
    what: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    name = "cs231n-a2-2017"
    files = changed(solved(name), LAYERS, (MASK, IN_DROPS[what]))
    dropout = asking(assignments[name], "dropout_forward", "dropout_backward")
    report = grade_one(of_files("dropout", files), dropout, worker)
    assert code(report)["dropout_forward"].earned < 3
    shown = html.render(report, version="")
    assert [words for words in OF_KEEPING if words in shown] == []


# ---------------------------------------------------------------------------------- the templates

ABSENT = {
    "cs231n-a2": ["dropout_keep_ratio=", "use_batchnorm"],
    "cs231n-a2-2016": ["layernorm", "normalization=", "KEEPING", "keeping an entry"],
    "cs231n-a2-2017": ["layernorm", "normalization=", "KEEPING", "keeping an entry"],
    "cs231n-a2-2021": ["TwoLayerNet", "svm_loss", "dropout=", "Dropout/3", "FullyConnectedNets/1"],
    "cs231n-a2-2025": ["TwoLayerNet", "svm_loss", "dropout=", "Dropout/3"],
    "cs231n-a2-2026": ["TwoLayerNet", "svm_loss", "dropout=", "Dropout/3"],
}
# Handed out beside the notebooks, and not shaped by the years.
TOOLS = ("solver.py", "synthetic.py", "data_utils.py", "download.py", "gradient_check.py")


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_what_its_years_have_and_nothing_else(
    name: str, assignments: dict[str, Assignment]
) -> None:
    files = template(name)
    table = assignments[name].rubric.table
    shaped = {path: data.decode() for path, data in files.items() if not path.endswith(TOOLS)}
    for words in ABSENT[name]:
        assert [path for path, text in shaped.items() if words in text] == [], words
    for path, text in shaped.items():
        assert "SOLUTION" not in text and "model-answer" not in text
        if path.endswith(".py"):
            compile(text, path, "exec")
    books = {item.where.partition(",")[0] for item in table.items if "ipynb" in item.where}
    assert {path for path in files if path.endswith(".ipynb")} == books
    asked = [item.id for item in table.items if item.kind == "question"]
    notebooks = "".join(text for path, text in shaped.items() if path.endswith(".ipynb"))
    assert notebooks.count('"inline-question"') == len(asked)
    assert all(f'"{question}"' in notebooks for question in asked)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_template_gives_away_is_what_its_years_gave_away(name: str) -> None:
    given = {path: data.decode() for path, data in template(name).items()}
    loss = given[LAYERS].split("def softmax_loss")[1].split("\ndef ")[0]
    assert ("softmax_loss: write this" in loss) is (name not in NAMES[:1] + NAMES[3:5])
    rules = given[OPTIM].count("write this")
    assert rules == (0 if name == "cs231n-a2-2025" else 3)
    assert "w -= config" in given[OPTIM]


def test_years_that_the_reference_does_not_know_are_named(tmp_path: Path) -> None:
    path = shutil.copytree(resources.home() / "rubrics", tmp_path / "my") / "cs231n-a2.toml"
    path.write_text(path.read_text().replace('years = "2018-2020"', 'years = "1999"'))
    done = commands.run("release", tmp_path / "out", "--template", "--rubric", path)
    assert done.code == 2 and "1999" in done.err and "2021-2024" in done.err
