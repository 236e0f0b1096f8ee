"""An item is a consequence of another on evidence alone; a mistake is paid for once.

Each case is the reference with pieces of its text changed: (what is changed) -> for every item that
is not simply right: the points it loses and the item that it is because of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from grader.authoring.fixtures import misconceptions as usual
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.types import Report
from tests.support import handed_in

MISTAKES = handed_in.usual_mistakes()
NETS = ("FullyConnectedNet.batchnorm", "FullyConnectedNet.layernorm", "FullyConnectedNet.dropout")
Change = Mapping[str, Sequence[tuple[str, str]]]  # function -> (old text, new text)

# Changes of our own, beside the usual mistakes: none of them is a known one.
LAYERNORM_WITHOUT_PARAMETERS: Change = {
    "FullyConnectedNet.__init__": [
        ("normalization is not None and i <", 'normalization == "batchnorm" and i <')
    ]
}
IF_DROPOUT, NEVER = "            if self.use_dropout:\n", "            if False:\n"
DROPOUT_NEVER_CALLED: Change = {
    "FullyConnectedNet.loss": [
        (f"{IF_DROPOUT}                {line}", f"{NEVER}                {line}")
        for line in ("out, caches", "dout =")
    ]
}
CALLS_ALT: Change = {
    "FullyConnectedNet.loss": [
        (
            '"batchnorm": (batchnorm_forward, batchnorm_backward)',
            '"batchnorm": (batchnorm_forward, layers.batchnorm_backward_alt)',
        )
    ]
}
ALT_WRONG: Change = {"batchnorm_backward_alt": [("(dbeta + x_hat", "(2 * dbeta + x_hat")]}
NORM_BACKWARD_RAISES: Change = {"layernorm_backward": [("dout * gamma", "dout * gama")]}
NORM_FORWARD_RAISES: Change = {"batchnorm_forward": [("np.sqrt(var + eps)", "np.sqrt(vra + eps)")]}
MEAN_OF_THE_ROWS: Change = {
    "batchnorm_forward": [("mean = x.mean(axis=0)", "mean = x.mean(axis=1)")]
}
NEVER_BY_THE_BATCH: Change = {"batchnorm_forward": [('if mode == "test":', "if True:")]}
NET_INIT_RAISES: Change = {"FullyConnectedNet.__init__": [("np.ones(fan_out)", "np.ones(fan_uot)")]}

# Mistakes of the plain net that no list knows of.
GRADIENT_TOO_LARGE: Change = {
    "FullyConnectedNet.loss": [("relu_backward(dout, caches", "1.3 * relu_backward(dout, caches")]
}
SCORES_OF_THE_INPUT: Change = {
    "FullyConnectedNet.loss": [
        (
            "        if y is None:",
            "        scores = scores + 0.1 * X.reshape(len(X), -1)[:, :1]\n        if y is None:",
        )
    ]
}
BACKWARD_STOPS_EARLY: Change = {
    "FullyConnectedNet.loss": [
        ("range(last - 1, 0, -1)", "range(last - 1, 1, -1)"),
        ("            grads[f\"W{i}\"] += self.reg * W", "            if f\"W{i}\" in grads:\n"
         "                grads[f\"W{i}\"] += self.reg * W"),
    ]
}  # fmt: skip
ANOTHER_ACTIVATION: Change = {
    "FullyConnectedNet.loss": [
        (
            'out, caches["relu", i] = relu_forward(out)',
            'out = caches["relu", i] = 1 / (1 + np.exp(-out))',
        ),
        (
            'dout = relu_backward(dout, caches["relu", i])',
            'dout = dout * caches["relu", i] * (1 - caches["relu", i])',
        ),
    ]
}
HIDDEN_BIASES_WITHOUT_GRADIENT: Change = {
    "FullyConnectedNet.loss": [
        (
            'affine_backward(dout, caches["affine", i])',
            'affine_backward(dout, caches["affine", i])\n            grads[f"b{i}"] *= 0',
        ),
    ]
}
NO_NET_AT_ALL: Change = {
    "FullyConnectedNet.loss": [
        ("        if y is None:", "        scores = 0 * scores\n        if y is None:"),
        (
            "        return loss, grads",
            "        return loss, {n: 0 * p for n, p in params.items()}",
        ),
    ]
}
# A helper that both classes use, and the two places where each of them does.
HELPER = """def penalty(reg, *weights):
    return 0.5 * reg * sum(np.sum(np.abs(w)) for w in weights)


def linear(x, w, b):
    return affine_forward(x, w, b)


def same(reg):
    return reg


def constants(params, X, y, reg):
    last = max(int(name[1:]) for name in params if name[0] == "W")
    scores = X.reshape(len(X), -1)[:, :1] * np.ones(params[f"b{last}"].size)
    if y is None:
        return scores
    return 3.0, {name: np.ones_like(value) + reg for name, value in params.items()}


"""
ON_ITS_OWN = "0.5 * self.reg * sum(np.sum(np.abs(w)) for w in ({}))"
IN_TWO, IN_DEEP = (
    "0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
    "0.5 * self.reg * np.sum(W * W)",
)
SHARED_HELPER: Change = {
    "TwoLayerNet.loss": [(IN_TWO, "penalty(self.reg, W1, W2)")],
    "FullyConnectedNet.loss": [(IN_DEEP, "penalty(self.reg, W)")],
}
ONE_LINE_OF_TWO: Change = {
    "FullyConnectedNet.__init__": [("np.ones(fan_out)", "3 * np.ones(fan_out)")]
}
# A helper that does nothing, and a class that is only named.
MENTIONED: Change = {
    "TwoLayerNet.__init__": [
        ("self.reg = reg\n", "self.reg = same(reg)\n        FullyConnectedNet\n")
    ],
    "FullyConnectedNet.__init__": [("self.reg = reg\n", "self.reg = same(reg)\n")],
}
# Both classes make their scores by a helper, and what may be wrong about it.
LAST = 'affine_forward(out, params[f"W{last}"], params[f"b{last}"])'
SHARED_SCORES: Change = {
    "TwoLayerNet.loss": [("affine_forward(hidden, W2, b2)", "linear(hidden, W2, b2)")],
    "FullyConnectedNet.loss": [(LAST, LAST.replace("affine_forward", "linear"))],
}
WRONG_SCORES: Change = {"linear": [("affine_forward(x, w, b)", "affine_forward(x, 2 * w, b)")]}
WRITTEN_TWICE: Change = {
    "TwoLayerNet.loss": [(IN_TWO, ON_ITS_OWN.format("W1, W2"))],
    "FullyConnectedNet.loss": [(IN_DEEP, ON_ITS_OWN.format("W,"))],
}
# Nets that show the same numbers as another without having what they are asked for.
NO_NORMALIZATION: Change = {
    "FullyConnectedNet.loss": [
        ("if norm_forward:", "if False:"),
        ("if norm_backward:", "if False:"),
    ]
}
OF_THE_OTHER_KIND: Change = {
    "FullyConnectedNet.loss": [
        (
            '"layernorm": (layernorm_forward, layernorm_backward)',
            '"layernorm": (lambda x, gamma, beta, _: batchnorm_forward(x, gamma, beta, '
            '{"mode": "train"}), batchnorm_backward)',
        )
    ]
}
WRONG_IN_ALL: Change = {
    "FullyConnectedNet.loss": [
        *GRADIENT_TOO_LARGE["FullyConnectedNet.loss"],
        *SCORES_OF_THE_INPUT["FullyConnectedNet.loss"],
        (IN_DEEP, IN_DEEP.replace("0.5", "0.7")),
    ]
}
# One net is the other one with one hidden layer, and takes its mistakes with it.
FROM_DEEP: Change = {
    "TwoLayerNet.__init__": [
        (
            "        self.params = {}\n        self.reg = reg\n",
            "        self.deep = FullyConnectedNet([hidden_dim], input_dim, num_classes, reg=reg,\n"
            "            weight_scale=weight_scale, dtype=np.float64)\n"
            "        self.params = self.deep.params\n        return\n",
        )
    ],
    "TwoLayerNet.loss": [
        ("        # BEGIN SOLUTION\n", "        self.deep.params = self.params\n"
         "        return self.deep.loss(X, y)\n")
    ],
}  # fmt: skip
# What each class has in the place of its loss: a helper that has nothing of a net.
BEFORE = "        # BEGIN SOLUTION\n"
TO_HELPER = f"{BEFORE}        return constants(self.params, X, y, self.reg)\n"
CONSTANTS: Change = {
    "TwoLayerNet.loss": [(BEFORE, TO_HELPER)],
    "FullyConnectedNet.loss": [(BEFORE, TO_HELPER)],
}


def names(*ids: str) -> Change:
    change: usual.Change = {}
    for one in ids:
        change = usual.together(change, MISTAKES[one].change)
    return change


CASES: Mapping[str, tuple[Sequence[Change], Mapping[str, tuple[float, str | None]]]] = {
    "a known mistake of the plain net is paid once": (
        [names("FullyConnectedNet/relu-on-scores")],
        {"FullyConnectedNet": (5.0, None), **{net: (0.0, "FullyConnectedNet") for net in NETS}},
    ),
    "an unknown mistake in the gradients of the plain net is paid once": (
        [GRADIENT_TOO_LARGE],
        {"FullyConnectedNet": (2.0, None), **{net: (0.0, "FullyConnectedNet") for net in NETS}},
    ),
    "an unknown mistake in the scores of the plain net is paid once": (
        [SCORES_OF_THE_INPUT],
        {"FullyConnectedNet": (2.0, None), **{net: (0.0, "FullyConnectedNet") for net in NETS}},
    ),
    "beside an unknown mistake of the plain net one of its own is paid for": (
        [GRADIENT_TOO_LARGE, LAYERNORM_WITHOUT_PARAMETERS],
        {
            "FullyConnectedNet": (2.0, None),
            "FullyConnectedNet.batchnorm": (0.0, "FullyConnectedNet"),
            "FullyConnectedNet.layernorm": (2.0, None),
            "FullyConnectedNet.dropout": (0.0, "FullyConnectedNet"),
        },
    ),
    "a loop that leaves out a layer is paid for once": (
        [BACKWARD_STOPS_EARLY],
        {"FullyConnectedNet": (3.5, None), **{net: (0.0, "FullyConnectedNet") for net in NETS}},
    ),
    "one line of the constructor that serves two normalizations is paid for once": (
        [ONE_LINE_OF_TWO],
        {
            "FullyConnectedNet.batchnorm": (0.5, None),
            "FullyConnectedNet.layernorm": (0.0, "FullyConnectedNet.batchnorm"),
        },
    ),
    "a penalty that each net writes by itself is no helper's, though they share one": (
        [
            names("TwoLayerNet/half-forgotten-in-loss", "FullyConnectedNet/half-forgotten-in-loss"),
            SHARED_SCORES,
        ],
        {"TwoLayerNet": (1.0, None), "FullyConnectedNet": (1.5, None)},
    ),
    "a helper of both classes that spoils their scores is paid for once": (
        [SHARED_SCORES, WRONG_SCORES],
        {
            "TwoLayerNet": (4.0, None),
            "FullyConnectedNet": (0.0, "TwoLayerNet"),
            **{net: (0.0, "TwoLayerNet") for net in NETS},
        },
    ),
    "nets that stop in the loop that they share pay once where they are right without it": (
        [names("FullyConnectedNet/gradients-of-one-cache")],
        {
            "FullyConnectedNet": (4.5, None),
            **dict.fromkeys(NETS, (0.0, "FullyConnectedNet")),
        },
    ),
    "a net of constants explains nothing": (
        [NO_NET_AT_ALL],
        {
            "FullyConnectedNet": (6.5, None),
            "FullyConnectedNet.batchnorm": (3.5, None),
            "FullyConnectedNet.layernorm": (1.75, None),
            "FullyConnectedNet.dropout": (2.0, None),
        },
    ),
    "a mistake in a helper of two nets is paid once": (
        [SHARED_HELPER],
        {"TwoLayerNet": (1.0, None), "FullyConnectedNet": (0.0, "TwoLayerNet")},
    ),
    "a mistake in the gradients of a net that the other one holds is paid once": (
        [GRADIENT_TOO_LARGE, FROM_DEEP],
        {
            "TwoLayerNet": (0.0, "FullyConnectedNet"),
            "FullyConnectedNet": (2.0, None),
            **dict.fromkeys(NETS, (0.0, "FullyConnectedNet")),
        },
    ),
    "a mistake in the penalty of a net that the other one holds is paid once": (
        [names("FullyConnectedNet/half-forgotten-in-loss"), FROM_DEEP],
        {"TwoLayerNet": (0.0, "FullyConnectedNet"), "FullyConnectedNet": (1.5, None)},
    ),
    "another activation in the plain net is paid once": (
        [ANOTHER_ACTIVATION],
        {
            "FullyConnectedNet": (5.0, None),
            **dict.fromkeys(NETS, (0.0, "FullyConnectedNet")),
        },
    ),
    "gradients that are zero in all nets are paid once": (
        [HIDDEN_BIASES_WITHOUT_GRADIENT],
        {
            "FullyConnectedNet": (2.0, None),
            **dict.fromkeys(NETS[1:], (0.0, "FullyConnectedNet")),
        },
    ),
    "the same mistake written twice is two": (
        [WRITTEN_TWICE],
        {"TwoLayerNet": (1.0, None), "FullyConnectedNet": (1.5, None)},
    ),
    "two nets that leave out their normalizations are two": (
        [NO_NORMALIZATION],
        {"FullyConnectedNet.batchnorm": (3.5, None), "FullyConnectedNet.layernorm": (1.75, None)},
    ),
    "a net with the other normalization pays for it beside any mistake of the plain net": (
        [WRONG_IN_ALL, OF_THE_OTHER_KIND],
        {
            "FullyConnectedNet": (5.5, None),
            "FullyConnectedNet.batchnorm": (0.0, "FullyConnectedNet"),
            "FullyConnectedNet.layernorm": (1.75, None),
            "FullyConnectedNet.dropout": (0.0, "FullyConnectedNet"),
        },
    ),
    "a helper of constants that no layer is called for explains no net": (
        [CONSTANTS],
        {
            "TwoLayerNet": (5.0, None),
            "FullyConnectedNet": (6.5, None),
            "FullyConnectedNet.batchnorm": (3.5, None),
            "FullyConnectedNet.layernorm": (1.75, None),
            "FullyConnectedNet.dropout": (2.0, None),
        },
    ),
    "the same mistake written twice is two, whatever else both mention": (
        [WRITTEN_TWICE, MENTIONED],
        {"TwoLayerNet": (1.0, None), "FullyConnectedNet": (1.5, None)},
    ),
    "an unrelated mistake of the plain net is no reason": (
        [names("FullyConnectedNet/biases-regularized"), LAYERNORM_WITHOUT_PARAMETERS],
        {"FullyConnectedNet": (1.5, None), "FullyConnectedNet.layernorm": (2.0, None)},
    ),
    "dropout that is never called is its own mistake": (
        [names("FullyConnectedNet/last-layer-not-in-loss"), DROPOUT_NEVER_CALLED],
        {"FullyConnectedNet": (1.5, None), "FullyConnectedNet.dropout": (1.0, None)},
    ),
    "what a net really calls explains it": (
        [CALLS_ALT, ALT_WRONG],
        {
            "batchnorm_backward_alt": (2.0, None),
            "FullyConnectedNet.batchnorm": (0.0, "batchnorm_backward_alt"),
        },
    ),
    "a layer that a net does not call explains nothing": (
        [ALT_WRONG, names("FullyConnectedNet.batchnorm/mode-never-set")],
        {"batchnorm_backward_alt": (2.0, None), "FullyConnectedNet.batchnorm": (1.0, None)},
    ),
    "beside a wrong layer a net pays for what is wrong over right layers too": (
        [names("affine_backward/db-mean"), names("TwoLayerNet/one-weight-regularized")],
        {
            "affine_backward": (1.0, None),
            "TwoLayerNet": (1.0, None),
            **dict.fromkeys(("FullyConnectedNet", *NETS), (0.0, "affine_backward")),
        },
    ),
    "an exception of its own is nobody else's fault": (
        [names("layernorm_forward/over-the-batch"), NORM_BACKWARD_RAISES],
        {
            "layernorm_forward": (2.0, None),
            "layernorm_backward": (3.0, None),
            "FullyConnectedNet.layernorm": (0.0, "layernorm_forward"),
        },
    ),
    "a backward pass that stops in its forward pass waits for it": (
        [NORM_FORWARD_RAISES],
        {
            "batchnorm_forward": (3.5, None),
            "batchnorm_backward": (5.0, "batchnorm_forward"),
            "batchnorm_backward_alt": (3.0, "batchnorm_forward"),
            "FullyConnectedNet.batchnorm": (0.0, "batchnorm_forward"),
        },
    ),
    "a backward pass waits for a forward pass that stops unless the shapes happen to fit": (
        [MEAN_OF_THE_ROWS],
        {
            "batchnorm_forward": (3.5, None),
            "batchnorm_backward": (5.0, "batchnorm_forward"),
            "batchnorm_backward_alt": (3.0, "batchnorm_forward"),
            "FullyConnectedNet.batchnorm": (0.0, "batchnorm_forward"),
        },
    ),
    "a backward pass that has its cache in the other mode is tried in that": (
        [names("batchnorm_forward/modes-exchanged")],
        {
            "batchnorm_forward": (5.0, None),
            "batchnorm_backward": (0.0, "batchnorm_forward"),
            "batchnorm_backward_alt": (0.0, "batchnorm_forward"),
            "FullyConnectedNet.batchnorm": (0.0, "batchnorm_forward"),
        },
    ),
    "a backward pass waits for a forward pass that gives it no cache": (
        [NEVER_BY_THE_BATCH],
        {
            "batchnorm_forward": (3.5, None),
            "batchnorm_backward": (5.0, "batchnorm_forward"),
            "batchnorm_backward_alt": (3.0, "batchnorm_forward"),
            "FullyConnectedNet.batchnorm": (0.0, "batchnorm_forward"),
        },
    ),
    "a mean over another axis is paid for in the forward pass only": (
        [names("layernorm_forward/mean-over-the-batch")],
        {
            "layernorm_forward": (2.0, None),
            "layernorm_backward": (0.0, "layernorm_forward"),
            "FullyConnectedNet.layernorm": (0.0, "layernorm_forward"),
        },
    ),
    "a net that stops in its own constructor does so by itself": (
        [names("batchnorm_forward/over-features"), NET_INIT_RAISES],
        {
            "batchnorm_forward": (3.5, None),
            "batchnorm_backward": (0.0, "batchnorm_forward"),
            "batchnorm_backward_alt": (0.0, "batchnorm_forward"),
            "FullyConnectedNet.batchnorm": (4.0, None),
            "FullyConnectedNet.layernorm": (2.0, "FullyConnectedNet.batchnorm"),
        },
    ),
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def submission(changes: Sequence[Change]) -> handed_in.Submission:
    """Return the reference with all the changes made in it."""
    change: usual.Change = {}
    for one in changes:
        change = usual.together(change, {name: tuple(pairs) for name, pairs in one.items()})
    files = dict(handed_in.reference().files)
    path = "cs231n/classifiers/fc_net.py"
    imports = b"import numpy as np\n\nfrom .. import layers\n"
    files[path] = files[path].replace(b"import numpy as np\n", imports, 1)
    files[path] = files[path].replace(b"class TwoLayerNet", HELPER.encode() + b"class TwoLayerNet")
    return handed_in.of_files("changed", usual.applied(files, change))


def outcome(report: Report) -> dict[str, tuple[float, str | None]]:
    """Return (points lost, because of) of every item that has either."""
    return {
        item.id: (item.possible - item.earned, item.because_of)
        for item in report.items
        if item.parts and (item.earned < item.possible or item.because_of)
    }


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", CASES)
def test_who_pays_and_because_of_whom(
    name: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    changes, expected = CASES[name]
    report = grade_one(submission(changes), assignments["cs231n-a2"], worker)
    assert outcome(report) == expected
    # A consequence carries no cause of its own, and every other lost item has something to say.
    for item in report.items:
        if item.because_of is not None:
            assert item.cause is None and item.smallest is None


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_end_of_the_range_bring_no_warning_of_ours(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    huge: Change = {
        "TwoLayerNet.loss": [
            ("        return loss, {", "        return loss, huge(self, 1e308) or {")
        ],
        "FullyConnectedNet.loss": [("return loss, grads", "return loss, huge(self, -1e308)")],
        "linear": [
            (
                "    return affine_forward(x, w, b)",
                "    return affine_forward(x, w, b)\n\n\ndef huge(net, number):\n"
                "    return {name: np.full_like(p, number) for name, p in net.params.items()}",
            )
        ],
    }
    report = grade_one(submission([huge]), assignments["cs231n-a2"], worker)
    found = outcome(report)
    assert found["TwoLayerNet"][1] is None and found["FullyConnectedNet"][1] is None
