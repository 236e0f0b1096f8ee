"""Reports made by hand: one for each thing that the page and the terminal must tell well."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grader.report import pictures
from grader.types import (
    BoxState,
    Cause,
    Cell,
    Comparison,
    Fault,
    Flag,
    ItemResult,
    Notebook,
    PartResult,
    Question,
    Raised,
    Report,
    Score,
    Smallest,
    Submission,
    Suspect,
    Trained,
    TrainingGoal,
)
from tests.support.training_runs import BAND, net
from tests.support.training_runs import run as trained_run

SECTIONS = (
    ("fully_connected", "Fully connected nets"),
    ("batchnorm", "Batch normalization"),
    ("dropout", "Dropout"),
    ("training", "Training in the notebooks"),
    ("questions", "Inline questions"),
)
HINTS = (
    "Write down the shapes of everything that meets here.",
    "Each row of dout tells how the loss changes with one row of out.",
    "db sums dout over the batch axis, without keeping that axis.",
)
MEASURED = {
    "started": "2025-11-23T10:00:00+00:00",
    "wall_s": 1.234,
    "cpu_s": 0.987,
    "host": "grader-7.example",
    "cpu": "Xeon 8581C",
    "items": {"relu_forward": 0.0, "dropout_backward": 1.25},
    "digits": {"relu_forward": [15, 12], "dropout_backward": [16, 10], "affine_forward": [12, 12]},
    "versions": {"python": "3.11.7", "numpy": "2.1.0", "backgrade": "0.1.0"},
}
ASKED = [  # id, section, title, where, points, parts
    ("affine_forward", 0, "Affine layer, forward", "layers.py: affine_forward", 2, ("out",)),
    (
        "affine_backward",
        0,
        "Affine layer, backward",
        "layers.py: affine_backward",
        5,
        ("dx", "dw", "db"),
    ),
    ("relu_forward", 0, "ReLU, forward", "layers.py: relu_forward", 1, ("out",)),
    ("relu_backward", 0, "ReLU, backward", "layers.py: relu_backward", 2, ("dx",)),
    (
        "TwoLayerNet",
        0,
        "Two-layer net",
        "classifiers/fc_net.py: TwoLayerNet",
        6,
        ("init", "scores", "loss"),
    ),
    (
        "FullyConnectedNet",
        0,
        "Net of any depth",
        "classifiers/fc_net.py: FullyConnectedNet",
        8,
        ("init", "loss"),
    ),
    (
        "batchnorm_forward",
        1,
        "Batch normalization, forward",
        "layers.py: batchnorm_forward",
        5,
        ("train", "test"),
    ),
    (
        "batchnorm_backward",
        1,
        "Batch normalization, backward",
        "layers.py: batchnorm_backward",
        5,
        ("dx", "dgamma"),
    ),
    (
        "FullyConnectedNet.batchnorm",
        1,
        "Net with batch normalization",
        "classifiers/fc_net.py: FullyConnectedNet(normalization='batchnorm')",
        4,
        ("loss", "gradients"),
    ),
    ("dropout_forward", 2, "Dropout, forward", "layers.py: dropout_forward", 3, ("mask", "scale")),
    ("dropout_backward", 2, "Dropout, backward", "layers.py: dropout_backward", 1, ("train",)),
]


def item(number: int, wrong: tuple[str, ...] = (), **changes: Any) -> ItemResult:
    """The item of that number in ASKED: passed but for the parts named in `wrong`."""
    name, section, title, where, worth, parts = ASKED[number]
    each = worth / len(parts)
    results = tuple(
        PartResult(
            part,
            f"the gradient or value called {part}",
            0.0 if part in wrong else each,
            each,
            "failed" if part in wrong else "passed",
        )
        for part in parts
    )
    earned = sum(part.earned for part in results)
    status = "passed" if not wrong else "partial" if earned else "failed"
    made = ItemResult(
        name,
        title,
        SECTIONS[section][0],
        where,
        status,
        earned,
        float(worth),
        results,
        hints=HINTS if wrong else (),
        checks=(4 if wrong else 7, 7),
        public_checks=(3, 3),
    )
    return replace(made, **changes)


def notebooks() -> tuple[ItemResult, ...]:
    def one(name: str, status: Any, section: str, title: str, where: str) -> ItemResult:
        return ItemResult(name, title, section, where, status, 0.0, 3.0, ())

    return (
        one(
            "update_rules",
            "skipped",
            "training",
            "Update rules compared",
            "FullyConnectedNets.ipynb",
        ),
        one(
            "Dropout/1",
            "pending",
            "questions",
            "What the scaling is for",
            "Dropout.ipynb, inline question 1",
        ),
    )


def report(*items: ItemResult, **changes: Any) -> Report:
    """A report of these items in the place of the passed ones, and two that wait."""
    by_id = {each.id: each for each in items}
    everything = [by_id.pop(todo[0], None) or item(n) for n, todo in enumerate(ASKED)]
    everything += [*by_id.values(), *notebooks()]
    counted = [i for i in everything if i.status not in ("skipped", "grader_fault")]
    made = Report(
        submission=Submission("mia_keller_a2", "ab" * 32, "cs231n", {}),
        rubric="cs231n-a2",
        rubric_title="Assignment 2: fully connected nets, normalization, dropout",
        rubric_sha256="cd" * 32,
        golden_sha256="ef" * 32,
        score=Score(sum(i.earned for i in counted), sum(i.possible for i in counted), 3.0, 0.0),
        sections=SECTIONS,
        items=tuple(everything),
        flags=(),
        box=BoxState("bubblewrap", ("rlimits", "landlock", "seccomp"), True),
        measured=MEASURED,
    )
    return replace(made, **changes)


def fault(number: int, part: str, says: str, **changes: Any) -> Fault:
    """A fault of an item in ASKED, of its public check "small" unless told otherwise."""
    made = Fault(f"{ASKED[number][0]}/small", part, part, "value", says, True)
    return replace(made, **changes)


def compared(want: Any, got: Any, output: str = "dx", **inputs: Any) -> Comparison:
    """A comparison with the cells marked that differ; shapes may differ."""
    want, got = np.asarray(want, float), np.asarray(got, float)
    wrong = None
    if want.shape == got.shape:
        with np.errstate(all="ignore"):
            wrong = ~(np.abs(want - got) <= 1e-9)
    return Comparison(
        output, want, got, wrong, {k: np.asarray(v, float) for k, v in inputs.items()}
    )


def noisy(shape: tuple[int, ...], rows: int = 2, seed: int = 7) -> Comparison:
    """A comparison in which a few leading rows are wrong by very different amounts."""
    random = np.random.default_rng(seed)
    want = random.integers(-2048, 2048, shape) / 2048
    got = want.copy()
    got[-rows:] *= 1 + 10.0 ** random.integers(-6, 1, got[-rows:].shape)
    inputs = {name: random.integers(-9, 9, shape) / 8 for name in ("x", "gamma", "beta", "dout")}
    return compared(want, got, **inputs)


def perfect() -> Report:
    return report()


def three_mistakes() -> Report:
    """A value with a cause, an exception, a wrong shape, a hidden fault, and two consequences."""
    want = [[0.5, -1.25], [2.0, 0.75], [-0.5, 1.5]]
    got = [[0.5, -1.25], [2.0, -0.75], [-0.5, 3.0]]
    small = compared(want, got, "dx", x=[[1, 2], [3, 4], [5, 6]], gamma=[1, 2], dout=want)
    big = noisy((3, 4, 10))
    backward = item(
        7,
        ("dx",),
        faults=(
            fault(
                7,
                "dx",
                "dx has wrong values: 18 of 120 cells differ",
                error=0.97,
                allowed=1e-7,
                at=(2, 1, 3),
                comparison=big,
                case="batchnorm_backward/batch",
            ),
            fault(
                7,
                "dx",
                "dx has wrong values: 2 of 6 cells differ",
                error=0.75,
                allowed=1e-7,
                at=(1, 1),
                comparison=small,
            ),
            fault(
                7,
                "dx",
                "dx is wrong: the largest error is 0.31 of its scale, allowed is 1e-07",
                error=0.31,
                allowed=1e-7,
                public=False,
                case="batchnorm_backward/scaled",
            ),
        ),
        cause=Cause(
            "batchnorm_backward/no-mean-path",
            "the way of x through the mean is left out of dx",
            True,
        ),
    )
    raised = Raised(
        "ValueError",
        "operands could not be broadcast together with shapes (2,12) (3,4)",
        (
            ("layers.py", 38, "affine_forward", "    out = _product(x, w) + b"),
            ("layers.py", 21, "_product", "    return x.reshape(n, -1) * w"),
        ),
    )
    forward = item(
        0,
        ("out",),
        status="error",
        faults=(
            fault(
                0,
                "out",
                f"affine_forward stopped with ValueError at layers.py:21: {raised.message}",
                kind="error",
                raised=raised,
            ),
        ),
    )
    net = item(
        4,
        ("scores", "loss"),
        because_of="affine_forward",
        followed_through=True,
        earned=6.0,
        status="passed",
        faults=(fault(4, "scores", "TwoLayerNet stopped with ValueError", kind="error"),),
    )
    deep = item(
        5,
        ("loss",),
        because_of="affine_forward",
        faults=(fault(5, "loss", "loss is wrong", error=0.2, allowed=1e-7),),
    )
    shape = item(
        1,
        ("db",),
        faults=(
            fault(
                1,
                "db",
                "db has shape (1, 2), expected (2,)",
                kind="shape",
                comparison=compared([1.5, 2.5], [[1.5, 2.5]], "db", dout=[[0.5, 1], [1, 1.5]]),
            ),
            fault(
                1,
                "db",
                "db has the wrong shape",
                kind="shape",
                public=False,
                case="affine_backward/deep",
            ),
        ),
        warnings=(
            fault(
                1,
                "all",
                "x was changed in place; the caller still needs it",
                kind="mutated_input",
                warning=True,
            ),
        ),
    )
    hidden = item(
        9,
        ("scale",),
        faults=(
            fault(
                9,
                "scale",
                "scale is wrong: the largest error is 0.33 of its scale, allowed is 1e-12",
                error=0.33,
                allowed=1e-12,
                public=False,
                case="dropout_forward/train_little",
            ),
        ),
        warnings=(),
    )
    relu = item(
        2,
        warnings=(
            fault(
                2,
                "out",
                "out is right to single precision: float32 where float64 came in",
                kind="dtype",
                warning=True,
            ),
        ),
    )
    made = report(backward, forward, net, deep, shape, hidden, relu)
    return replace(
        made,
        submission=replace(
            made.submission,
            repaired=("the folder 'a2 final (2)' was read as the package cs231n",),
            ignored=("__MACOSX (12 files)", ".ipynb_checkpoints (3 files)"),
        ),
        flags=(
            Flag(
                "numeric_gradient", "relu_backward seems to use finite differences", "layers.py:77"
            ),
        ),
    )


def smallest_case() -> Report:
    """Two items with a smallest case that fails: other numbers, and an exception."""
    lines = (
        "import numpy as np; from cs231n.layers import batchnorm_forward, batchnorm_backward\n"
        "dx, dgamma, dbeta = batchnorm_backward("
        + "np.array([[-1.5], [0.5], [1.5]]), "
        * 30
        + ")\n"
        'print("yours:", dx, "expected:", np.array([[0.5], [-1.0], [0.25]]), sep="\\n")'
    )
    numbers = Smallest(
        "batchnorm_backward/small_3x1", "dx", "dx", "dx has wrong numbers in 2 of 3 cells",
        {"x": np.array([[-2.0], [1.5], [0.5]]), "gamma": np.array([-0.5])},
        "bn_param = {'mode': 'train'}", np.array([[0.5], [-1.0], [0.25]]),
        np.array([[0.5], [1.0], [0.75]]), np.array([[False], [True], [True]]), None, lines,
    )  # fmt: skip
    raised = Raised(
        "NameError", "name 'W' is not defined <b>", (("cs231n/layers.py", 7, "f", "W"),)
    )
    stops = Smallest(
        "affine_forward/small_1x1", "out", "out", "affine_forward stopped with NameError",
        {"x": np.array([[0.5]])}, "", np.array([[2.0]]), None, None, raised, "print(1)",
    )  # fmt: skip
    wrong = fault(7, "dx", "dx has wrong values", comparison=noisy((3, 40)))
    cause = Cause("batchnorm_backward/no-mean-path", "the way through the mean is left out", True)
    return report(
        item(7, ("dx",), faults=(wrong,), cause=cause, smallest=numbers, hints=HINTS),
        item(0, ("out",), faults=(fault(0, "out", "stopped", kind="error", raised=raised),),
             smallest=stops),
    )  # fmt: skip


def untouched() -> Report:
    """The template as handed out: because_of is set, as the engine does."""

    def stub(n: int) -> ItemResult:
        made = item(n, ASKED[n][5])
        parts = tuple(replace(part, status="not_written") for part in made.parts)
        says = fault(n, "all", f"{made.id} is not written yet", kind="not_written")
        because = "affine_forward" if n in (1, 4, 5) else None
        return replace(
            made,
            status="not_written",
            earned=0.0,
            parts=parts,
            faults=(says,),
            because_of=because,
            checks=(0, 7),
        )

    return report(*map(stub, range(len(ASKED))))


def syntax_error() -> Report:
    """layers.py cannot be loaded: every layer stops at the same line."""
    raised = Raised(
        "SyntaxError", "'(' was never closed", (("layers.py", 12, "", "    out = x.dot(w"),)
    )
    says = "stopped with SyntaxError at layers.py:12: '(' was never closed"

    def stopped(n: int) -> ItemResult:
        faults = (fault(n, "all", f"{ASKED[n][0]} {says}", kind="error", raised=raised),)
        return item(n, ASKED[n][5], status="error", faults=faults)

    return report(*(stopped(n) for n in (0, 1, 2, 3, 6, 7, 9, 10)))


EVIL = (
    "<script>alert(1)</script>",
    "</textarea></pre><img src=x onerror=alert(1)>",
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "admin\u202etxt.exe \u2066x\u2069 zero\u200bwidth\u00ad \U000e0041 \ud800",
    "{{ 7*7 }} {% raw %} [bold]x[/bold] :smile: %s {0.__class__}",
    "javascript:alert(1) https://evil.example/x",
    "\nFull points\r\n100 of 100 points",
)


def hostile() -> Report:
    """Every text that a student can touch is hostile, and some are huge."""
    evil = " ".join(EVIL)
    huge = "A" * 10_000_000
    frames = tuple((evil[:80], n, evil, evil + huge[:5000]) for n in range(3000))
    bad = item(
        1,
        ("dx", "db"),
        faults=(
            fault(1, "dx", evil, kind="error", raised=Raised(evil[:200], huge, frames)),
            fault(
                1,
                evil,
                evil + huge,
                output=evil,
                comparison=compared([1, 2], [1, 3], evil, **{evil: [1]}),
            ),
        ),
        warnings=(fault(1, evil, evil, warning=True),),
        cause=Cause(evil, evil, False),
        suspects=(Suspect("cs231n/layers.py", 2, evil),),
    )
    made = report(bad)
    source = (
        "def affine_backward(dout, cache):\n"
        + f"    x = {evil!r} # {evil}\n".replace("\\n", "") * 90
    )
    return replace(
        made,
        submission=replace(
            made.submission,
            name=evil,
            repaired=(evil,) * 500,
            ignored=(huge, evil),
            files={"cs231n/layers.py": source.encode("utf-8", "replace")},
        ),
        flags=(Flag("bidi", evil, evil),) * 500,
        measured={**MEASURED, "versions": {evil: evil}},
    )


SOURCE = """import numpy as np

def helper():
    pass

def batchnorm_backward(dout, cache):
    \"\"\"The assignment's own words.

    Several lines of them.
    \"\"\"
    x_hat, gamma = cache
    dbeta = dout.sum(axis=0)  # <b>right</b>
    dx = gamma * dout
    return dx, None, dbeta

class FullyConnectedNet(object):
    def __init__(self):
        self.params = {}
"""


def with_source() -> Report:
    """Three items of which the student's own code is shown, two of them in one class."""
    made = three_mistakes()
    suspects = (Suspect("cs231n/layers.py", 13, "dx is set here"),)
    net = {"hints": HINTS, "lesson": "Dropout.ipynb, Nets with dropout"}
    odd = [replace(item(n, ("loss",), **net)) for n in (5, 8)]
    items = {i.id: i for i in (*made.items, *odd)}
    items["batchnorm_backward"] = replace(
        items["batchnorm_backward"], suspects=suspects, lesson="Dropout.ipynb, Backward"
    )
    files = {f"cs231n/{name}": SOURCE.encode() for name in ("layers.py", "classifiers/fc_net.py")}
    return replace(
        made, items=tuple(items.values()), submission=replace(made.submission, files=files)
    )


def eighty_faults() -> Report:
    """Nothing is right: every item has eighty faults, with examples as large as they come."""
    comparisons = [noisy((20, 40), 20, seed) for seed in range(3)]

    def bad(n: int) -> ItemResult:
        faults = [
            fault(
                n,
                ASKED[n][5][0],
                f"output {k} has wrong values",
                error=0.5,
                allowed=1e-9,
                comparison=comparisons[k % 3] if k < 40 else None,
                public=k < 60,
            )
            for k in range(80)
        ]
        return item(n, ASKED[n][5], faults=tuple(faults))

    extra = [replace(bad(n), id=f"extra_{n}", title=f"One more item, number {n}") for n in range(9)]
    return report(*map(bad, range(len(ASKED))), *extra)


def our_fault() -> Report:
    return report(item(6, ("train",), status="grader_fault", earned=0.0))


def unisolated() -> Report:
    return replace(three_mistakes(), box=BoxState("none", ("rlimits",), False))


def odd_arrays() -> Report:
    """N-d, nan and inf, scalars, empty, close, and far-off cells."""
    far = np.zeros((30, 40))
    wrong_far = far.copy()
    wrong_far[25, 33] = 1
    nd = np.arange(24.0).reshape(2, 3, 4)
    pairs = [
        ("nd", nd, np.where(nd % 5 == 0, nd + 1, nd)),
        ("nonfinite", [[1, 2], [3, 4]], [[np.nan, 2], [np.inf, -np.inf]]),
        ("scalar", 2.3025850929940455, 2.302585),
        ("empty", np.zeros((0, 3)), np.zeros((2, 0))),
        ("close", [1.0, 2.0], [1.0, 2.00000001]),
        ("far", far, wrong_far),
        ("wide", np.ones(3072), np.ones(3072) * 1.5),
        ("images", np.ones((4, 3, 8, 8)), np.full((4, 3, 8, 8), np.nan)),
    ]
    items = [
        item(
            n,
            ASKED[n][5],
            faults=(
                fault(
                    n,
                    ASKED[n][5][0],
                    f"{name} has wrong values",
                    output=name,
                    error=0.5,
                    allowed=1e-9,
                    comparison=compared(want, got, name),
                ),
            ),
        )
        for n, (name, want, got) in enumerate(pairs)
    ]
    return report(*items)


NAMES = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")
PNG = pictures.png(np.zeros((4, 6), dtype=np.uint8))
PLOT = base64.b64encode(PNG).decode()
FAILED = Raised("NotImplementedError", "f: write <this>", (
    (f"{NAMES[0]}, cell 4", 3, "<module>", "out = f(x)"),
    ("cs231n/layers.py", 30, "f", "    raise NotImplementedError('f: write <this>')"),
))  # fmt: skip
STOPPED = (
    *(Cell(n, "x\n\nout = f(x)", "failed", raised=FAILED, count=n - 2, place=n - 1)
      for n in range(4, 9)),
    Cell(9, "while True: pass", "timeout", "stopped after 300 s of 300 s", count=7, place=8),
    Cell(10, "!ls", "skipped", "it calls <b>a shell</b>", place=9),
    Cell(11, "plot(x)", "ran", text="hi\n", images=(PNG,), count=8, place=10),
)  # fmt: skip


def written(*cells: Cell, markdown: Mapping[int, str] | None = None) -> str:
    """Return a notebook that holds these cells at their places, and text cells."""
    texts = {2: "# Nets\n\n### Why?\n\n**Because** <b>x</b>.", **(markdown or {})}
    made: dict[int, dict[str, Any]] = {
        number: {"cell_type": "markdown", "source": text} for number, text in texts.items()
    }
    for cell in cells:
        outputs: list[dict[str, Any]] = []
        if cell.text:
            outputs.append({"output_type": "stream", "name": "stdout", "text": cell.text})
        data = [{"image/png": [base64.b64encode(image).decode()]} for image in cell.images]
        outputs += [{"output_type": "display_data", "data": each} for each in data]
        if cell.raised:
            outputs.append({"output_type": "error", "ename": "E", "evalue": "", "traceback": []})
        lines = cell.source.splitlines(keepends=True)  # as nbformat writes them
        made[cell.number] = {"cell_type": "code", "source": lines, "outputs": outputs}
    empty = {"cell_type": "code", "source": " ", "outputs": []}
    return json.dumps({"cells": [made.get(n, empty) for n in range(1, max(made) + 1)]})


def swept(normalization: str | None, scale: float, train: float) -> Trained:
    """Return a run of a sweep over the scale of the first weights, beside the reference."""
    low = replace(BAND, train=np.array([[train - 0.1], [train + 0.02]]))
    run = trained_run(
        train, train / 2, normalization=normalization, initial_weight_std=(scale,), cell=13,
        layer_sizes=net(50, 50, 50),
    )  # fmt: skip
    return replace(run, notebook=NAMES[1], items=("batchnorm_init_scale",), band=low)


def executed() -> Report:
    """Three notebooks: one with runs and failed cells, one that took too long, one missing."""
    single = replace(trained_run(cell=11), items=("two_layer_training",), band=BAND)
    compared = [
        replace(
            trained_run(train, train / 2, update_rule=rule, learning_rate=rate, cell=11),
            items=("rules_compared",), band=BAND,
        )
        for rule, rate, train in (("sgd", 0.005, 0.4), ("adam", 0.001, 0.7))
    ]  # fmt: skip
    compared = [replace(r, training=replace(r.training, layer_sizes=net(9, 9))) for r in compared]
    sweep = [
        swept(normalization, scale, train)
        for normalization, shares in (("batchnorm", (0.5, 0.8, 0.6)), (None, (0.1, 0.2, 0.15)))
        for scale, train in zip((1e-3, 1.001e-2, 1e-1), shares)
    ]
    odd = trained_run(
        None, None, None, "V1 is no parameter <b>of the course</b>", rows=None, cell=31
    )
    items = [
        ItemResult(name, title, "training", NAMES[0], "passed", 3.0, 3.0,
                   (PartResult("validation", "50 % right", 3.0, 3.0, "passed"),), checks=(1, 1))
        for name, title in (("two_layer_training", "A two-layer net"),
                            ("rules_compared", "Rules side by side"),
                            ("batchnorm_init_scale", "Scales"))
    ]  # fmt: skip
    made = report(
        *items,
        notebooks=(
            Notebook(NAMES[0], "error", cells=STOPPED, repaired=("cell 1 <was> left out",),
                     written=written(*STOPPED)),
            Notebook(NAMES[1], "timeout", "stopped after 900 s of 900 s"),
            Notebook(NAMES[2], "missing"),
        ),
        trained=(single, *compared, *sweep, odd),
        questions=(
            Question("Dropout/1", "pending", "# Why\n\nIt **scales** by $p_1$:\n\n1. a\n2. b", 3.0),
            Question("Dropout/2", "blank", "", 3.0),
        ),
    )  # fmt: skip
    return replace(made, goals=GOALS)


GOALS = (
    TrainingGoal("two_layer_training", "reaches"),
    TrainingGoal("rules_compared", "beats"),
    TrainingGoal("batchnorm_init_scale", "sweeps", "initial_scale"),
    TrainingGoal("batchnorm_batch_size", "sweeps", "batch_size"),
)


ALL = {
    made.__name__: made
    for made in (
        perfect,
        three_mistakes,
        smallest_case,
        untouched,
        syntax_error,
        hostile,
        eighty_faults,
        with_source,
        our_fault,
        unisolated,
        odd_arrays,
        executed,
    )
}
