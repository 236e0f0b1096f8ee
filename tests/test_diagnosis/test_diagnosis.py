"""The cause of a failure: the usual mistake where it is one, else what the numbers show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import diagnosis as measured
from grader import judges
from grader.authoring.lint import whole
from grader.box.worker import Worker
from grader.diagnosis import (
    diagnose,
    formulas,
    inside,
    match,
    plain,
    properties,
    relations,
    sentences,
    source,
    spread,
    stops,
    symptoms,
)
from grader.diagnosis.match import WHOLE, Mine
from grader.diagnosis.relations import Observed
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.grading.endings import Place
from grader.grading.verdicts import Evaluator
from grader.guest.probes import models
from grader.judges import Attempt, Rules
from grader.judges.wrong import ABSENT, Seen
from grader.submission.written import Sources
from grader.types import Case, Cause, Evidence, Fault, ItemResult, Raised, Report, Submission
from tests.support import handed_in
from tests.support.assignments import asking

KNOWN = handed_in.usual_mistakes()
LAYERS, NET = "cs231n/layers.py", "cs231n/classifiers/fc_net.py"
OPTIM = "cs231n/optim.py"
rng = np.random.default_rng(231)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    return assignments["cs231n-a2"]


# ------------------------------------------------------------------------------ usual mistakes
# That each is named in the reference is asked by `grade lint`, which test_lint.py runs;
# `python -m benchmarks diagnosis` asks it of all mistakes in all styles.

STYLES = [style for style in measured.styles() if style]
PLANTED = [
    (name, STYLES[n % len(STYLES)])
    for n, name in enumerate(list(KNOWN)[::6])
    if measured.fits(KNOWN[name], STYLES[n % len(STYLES)])
]


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(("name", "style"), PLANTED)
def test_a_usual_mistake_is_named_in_any_style(
    name: str, style: str, assignment: Assignment, worker: Worker
) -> None:
    submission = handed_in.with_mistakes(handed_in.accepted_submission(style), [KNOWN[name]])
    report = grade_one(submission, asking(assignment, KNOWN[name].item), worker)
    assert item(report, KNOWN[name].item).cause is not None
    assert measured.is_named(report, KNOWN[name])


def test_a_mistake_is_named_in_a_rubric_that_lacks_some_of_its_cases(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    """Course year 2017 has no layer normalization, where this mistake shows too."""
    mistake = KNOWN["FullyConnectedNet.dropout/not-with-normalization"]
    year = whole.in_own_words(assignments["cs231n-a2-2017"])
    report = grade_one(handed_in.with_mistakes(handed_in.reference(), [mistake]), year, worker)
    cause = item(report, mistake.item).cause
    assert cause is not None and (cause.id, cause.certain) == (mistake.id, True)


PAIRS = [
    ("affine_backward/db-mean", "batchnorm_forward/test-uses-batch"),
    ("relu_backward/mask-turned", "FullyConnectedNet/last-layer-not-regularized"),
    ("affine_backward/divided-by-n", "FullyConnectedNet.dropout/never-called"),
    ("dropout_forward/p-drops", "adam/late-count"),
    ("layernorm_forward/gamma-forgotten", "FullyConnectedNet.layernorm/no-parameters"),
    ("TwoLayerNet/uniform-weights", "TwoLayerNet/relu-on-scores"),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(pair))
def test_two_mistakes_at_once_are_both_named(
    pair: tuple[str, str], assignment: Assignment, worker: Worker
) -> None:
    submission = handed_in.with_mistakes(handed_in.reference(), [KNOWN[name] for name in pair])
    asked = asking(assignment, *(KNOWN[name].item for name in pair))
    report = grade_one(submission, asked, worker)
    assert [name for name in pair if not measured.is_named(report, KNOWN[name])] == []


def test_each_part_of_an_item_may_have_a_mistake_of_its_own(
    assignment: Assignment, worker: Worker
) -> None:
    both = [KNOWN["affine_backward/db-mean"], KNOWN["affine_backward/dx-flattened"]]
    asked = asking(assignment, "affine_backward")
    report = grade_one(handed_in.with_mistakes(handed_in.reference(), both), asked, worker)
    cause = item(report, "affine_backward").cause
    assert cause is not None and cause.certain
    assert cause.id == "affine_backward/dx-flattened+affine_backward/db-mean"
    assert both[0].says in cause.message and both[1].says in cause.message


def test_the_hints_are_those_of_the_mistake_up_to_the_rubrics_level(
    assignment: Assignment, worker: Worker
) -> None:
    mistake = KNOWN["relu_backward/mask-turned"]
    asked = asking(assignment, "relu_backward")
    report = grade_one(handed_in.with_mistakes(handed_in.reference(), [mistake]), asked, worker)
    first, second, third = item(report, "relu_backward").hints
    assert (first, third) == (mistake.hints[0], mistake.hints[2])
    assert second.startswith(mistake.hints[1]) and mistake.formula in second


def test_a_search_that_breaks_costs_the_cause_and_nothing_else(
    assignment: Assignment, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    mistake = KNOWN["relu_backward/mask-turned"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
    before = grade_one(submission, assignment, worker)
    monkeypatch.setattr("grader.diagnosis.match.find", breaks)
    after = grade_one(submission, assignment, worker)
    assert item(after, "relu_backward").cause is None
    assert after.score == before.score


@pytest.fixture(autouse=True)
def unguarded(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A rule that breaks is an error in all other tests."""
    if "breaks" not in request.node.name:
        monkeypatch.setattr("grader.diagnosis.diagnose._guarded", diagnose._of_item)


# --------------------------------------------------------------------------- what is no mistake


def changed(path: str, *changes: tuple[str, str]) -> Submission:
    """Return the reference with texts changed, each of which stands there once."""
    files = dict(handed_in.reference().files)
    text = files[path].decode()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times; mend this test"
        text = text.replace(old, new)
    return handed_in.of_files("changed", {**files, path: text.encode()})


def item(report: Report, name: str) -> ItemResult:
    return next(one for one in report.items if one.id == name)


def cause_of(
    name: str, submission: Submission, assignment: Assignment, worker: Worker
) -> Cause | None:
    """Return the cause that one item gets; only what it needs is graded besides."""
    return item(grade_one(submission, asking(assignment, name), worker), name).cause


SHOWN = {
    "affine_backward: dw = rows.T @ dout": (
        "dw = 3 * rows.T @ dout", "symptom/factor-3", True),
    "affine_forward: -1) @ w + b": ("-1) @ w + 2 * b", "symptom/extra-b", True),
    "relu_forward: return np.maximum(0, x), x": (
        "return np.where(x > 1, x, 0), x", "symptom/wrong-where-x-is-positive", False),
    "batchnorm_backward_alt: dx = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / n)": (
        "dx = gamma * inv_std * (dout - (dbeta + 3 * x_hat * dgamma) / n)",
        "symptom/variance-factor", True),
    "layernorm_forward: return gamma * x_hat + beta,": (
        "return gamma * x_hat + beta * beta,", "symptom/column-offset", True),
    "batchnorm_forward: return gamma * centred * inv_std + beta": (
        "return np.nan * centred + beta", "symptom/only-in-training-nan-everywhere", True),
}  # fmt: skip


@pytest.mark.parametrize("what", SHOWN)
def test_a_symptom_says_what_the_numbers_show(
    what: str, assignment: Assignment, worker: Worker
) -> None:
    name, old = what.split(": ", 1)
    new, symptom, certain = SHOWN[what]
    cause = cause_of(name, changed(LAYERS, (old, new)), assignment, worker)
    assert cause is not None
    assert (cause.id, cause.certain) == (symptom, certain)


def test_a_mistake_that_is_nearly_a_usual_one_is_not_called_certain(
    assignment: Assignment, worker: Worker
) -> None:
    """db is the mean, but for a tenth of a millionth."""
    near = changed(
        LAYERS,
        ("db = dout.sum(axis=0)", "db = dout.mean(axis=0) * (1 + 1e-7) - dout.sum(axis=0) * 1e-7"),
    )
    cause = cause_of("affine_backward", near, assignment, worker)
    assert cause is not None and cause.id == "affine_backward/db-mean" and not cause.certain


def test_an_exception_is_told_by_its_kind(assignment: Assignment, worker: Worker) -> None:
    broken = changed(LAYERS, ("db = dout.sum(axis=0)", "db = dout.sum(axis=0) + unknown"))
    cause = cause_of("affine_backward", broken, assignment, worker)
    assert cause is not None and cause.id == "symptom/unknown-name" and cause.certain
    assert "layers.py line 61 uses unknown" in cause.message


def test_gradients_of_the_own_wrong_forward_pass_say_so(
    assignment: Assignment, worker: Worker
) -> None:
    linear = changed(
        NET,
        ("hidden, hidden_cache = affine_relu_forward(X, W1, b1)",
         "hidden, hidden_cache = affine_forward(X, W1, b1)"),
        ("_, dW1, db1 = affine_relu_backward(dhidden, hidden_cache)",
         "_, dW1, db1 = affine_backward(dhidden, hidden_cache)"),
    )  # fmt: skip
    cause = cause_of("TwoLayerNet", linear, assignment, worker)
    assert cause is not None and cause.id.startswith("symptom/gradient-of-the-own-forward-pass")
    half = changed(NET, ("hidden, hidden_cache = affine_relu_forward(X, W1, b1)",
                         "hidden, hidden_cache = affine_relu_forward(X, 2 * W1, b1)"))  # fmt: skip
    cause = cause_of("TwoLayerNet", half, assignment, worker)
    assert cause is None or "own-forward-pass" not in cause.id


def test_a_consequence_has_no_cause_of_its_own(assignment: Assignment, worker: Worker) -> None:
    mistake = KNOWN["affine_backward/divided-by-n"]
    report = grade_one(
        handed_in.with_mistakes(handed_in.reference(), [mistake]), assignment, worker
    )
    followers = [one for one in report.items if one.because_of is not None]
    assert followers and all(one.cause is None for one in followers)


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("mutant", list(measured.mutants(8, seed=99)), ids=lambda m: m.message[:40])
def test_what_is_called_certain_agrees_to_the_last_digit(
    mutant: measured.Mutant, assignment: Assignment, worker: Worker
) -> None:
    """A certain usual mistake is one that changes the same parts of the same item."""
    report = grade_one(mutant.submission, assignment, worker)
    for one in report.items:
        names = one.cause.id.split("+") if one.cause and one.cause.certain else []
        for name in (name for name in names if name in KNOWN):
            wrong = {part.id for part in one.parts if part.earned < part.possible}
            assert wrong & set(KNOWN[name].fails.get(one.id, ())), name


FLAWED = {  # what looks like a usual mistake, and is another
    "mask + 1": ("out = (x * mask)", "out = (x * mask + 1)", "dropout_forward"),
    "two factors": ("/ p", "/ p + 0.5", "dropout_forward"),
}


@pytest.mark.parametrize("what", FLAWED)
def test_a_mask_of_other_numbers_is_not_called_uniform(
    what: str, assignment: Assignment, worker: Worker
) -> None:
    old, new, name = FLAWED[what]
    text = handed_in.reference().files[LAYERS].decode()
    start = text.index("def dropout_forward")
    files = {**handed_in.reference().files}
    files[LAYERS] = (text[:start] + text[start:].replace(old, new, 1)).encode()
    cause = cause_of(name, handed_in.of_files("x", files), assignment, worker)
    assert cause is not None and not cause.certain, cause


OPEN = {  # a part looks like a usual mistake, and the rest does not
    "the gradient never enters": (
        "cs231n/optim.py", "sgd_momentum",
        'v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw',
        'v = config["momentum"] * config["velocity"]',
    ),
    "no layer is walked back": (
        NET, "FullyConnectedNet",
        "for i in range(last - 1, 0, -1):", "for i in range(last - 1, 0):",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OPEN)
def test_a_mistake_that_leaves_something_open_is_not_called_certain(
    what: str, assignment: Assignment, worker: Worker
) -> None:
    path, name, old, new = OPEN[what]
    cause = cause_of(name, changed(path, (old, new)), assignment, worker)
    assert cause is not None
    assert not cause.certain or not set(cause.id.split("+")) & set(KNOWN), cause


IMPORTS = {
    "a loop that does not end": (
        Evidence("c", "timeout", unloaded="cs231n/layers.py"),
        "layers.py does not finish importing",
    ),
    "a syntax error": (
        Evidence("c", "raised", unloaded="cs231n/layers.py", raised=Raised(
            "IndentationError", "unexpected indent", (("cs231n/layers.py", 12, "", " x"),))),
        "layers.py is no valid Python: line 12: unexpected indent.",
    ),
    "an exception outside of functions": (
        Evidence("c", "raised", unloaded="cs231n/optim.py", raised=Raised(
            "NameError", "name 'z' is not defined", (("cs231n/optim.py", 3, "", "z"),))),
        "optim.py stops while it is imported: line 3: NameError: name 'z' is not defined.",
    ),
    "the end of the process": (
        Evidence("c", "died", unloaded="cs231n/optim.py"), "optim.py ends its Python process while",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", IMPORTS)
def test_a_file_that_cannot_be_imported_is_the_cause(what: str) -> None:
    evidence, says = IMPORTS[what]
    found = plain.find([case_of("c", public=True)], [evidence], NO_BENCH)
    assert found is not None and found[0] == "not-imported" and found[1].startswith(says)


def test_nothing_is_plain_about_a_wrong_answer_or_a_loop_inside_of_a_function() -> None:
    for outcome in ("answered", "timeout", "died"):
        evidence = Evidence("c", outcome)  # type: ignore[arg-type]
        assert plain.find([case_of("c", public=True)], [evidence], NO_BENCH) is None


STEP = 'm_hat / (np.sqrt(v_hat) + config["epsilon"])'
KEEPS_T = "config.update(m=m, v=v, t=t)"
MASK = "(np.random.rand(*x.shape) < p).astype(x.dtype) / p"
RELU_BACK = "    x = cache\n    return np.where(x > 0, dout, np.zeros_like(dout))"
GAMMA, BETA = 'self.params[f"gamma{i}"] = ', 'self.params[f"beta{i}"] = '
USED = 'gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]'
# path, changes -> item, what the cause must say, what it must not say, and whether it is certain
SAID: dict[
    str, tuple[tuple[tuple[str, str, str], ...], str, tuple[str, ...], tuple[str, ...], bool]
]
SAID = {
    "gama and bata": (
        ((NET, GAMMA, GAMMA.replace("gamma", "gama")), (NET, BETA, BETA.replace("beta", "bata")),
         (NET, USED, 'gamma, beta = params[f"gama{i}"], params[f"bata{i}"]'),
         (NET, 'dout, grads[f"gamma{i}"], grads[f"beta{i}"] =',
          'dout, grads[f"gama{i}"], grads[f"bata{i}"] =')),
        "FullyConnectedNet.batchnorm",
        ("params has bata1, bata2, gama1, gama2; asked for beta1, beta2, gamma1, gamma2",), (),
        True,
    ),
    "only bata": (
        ((NET, BETA, BETA.replace("beta", "bata")),
         (NET, USED, 'gamma, beta = params[f"gamma{i}"], params[f"bata{i}"]'),
         (NET, 'grads[f"beta{i}"] = norm', 'grads[f"bata{i}"] = norm')),
        "FullyConnectedNet.batchnorm", ("params has bata1, bata2; asked for beta1, beta2",),
        ("forward pass", "gama", "gamma"), True,
    ),
    "gamma in another dictionary": (
        ((NET, GAMMA, "self.__dict__.setdefault('norm', {})[f'gamma{i}'] = "),
         (NET, 'gamma, beta = params[f"gamma{i}"]', "gamma, beta = self.norm[f'gamma{i}']")),
        "FullyConnectedNet.batchnorm", ("params has no gamma1, gamma2",), ("gama", "forward"), True,
    ),
    "adam: no correction, an epsilon of its own, not counted": (
        ((OPTIM, STEP, "m / (np.sqrt(v) + 1e-7)"), (OPTIM, KEEPS_T, "config.update(m=m, v=v)")),
        "adam", ("t is the same after every step", "m in the place of m_hat", "1e-7"),
        ("cell", "counted up but not stored", "corrected as the first"), True,
    ),
    "adam: one correction missing, not counted": (
        ((OPTIM, "np.sqrt(v_hat)", "np.sqrt(v)"), (OPTIM, KEEPS_T, "config.update(m=m, v=v)")),
        "adam", ("v in the place of v_hat", "t of the first step"), ("cell",), True,
    ),
    "adam: counted, used before": (
        ((OPTIM, 't = config["t"] + 1', 't = config["t"]'),
         (OPTIM, KEEPS_T, "config.update(m=m, v=v, t=t + 1)")),
        "adam", ("t is counted up after it was used",), (), True,
    ),
    "adam: never counted": (
        ((OPTIM, 't = config["t"] + 1', 't = config["t"]'),), "adam", ("never counted up",), (),
        True,
    ),
    "dropout: randn by the other p": (
        ((LAYERS, MASK, "(np.random.randn(*x.shape) < 1 - p).astype(x.dtype) / (1 - p)"),),
        "dropout_forward", ("randn", "the other way round"), ("right share",), True,
    ),
    "dropout: vanilla by the other p": (
        ((LAYERS, MASK, "(np.random.rand(*x.shape) >= p).astype(x.dtype)"),
         (LAYERS, "return x, (dropout_param, None)", "return x * (1 - p), (dropout_param, None)")),
        "dropout_forward", ("Vanilla", "the other way round"), ("Inverted dropout in",), True,
    ),
    "dropout: vanilla, and test mode by the other p": (
        ((LAYERS, MASK, "(np.random.rand(*x.shape) < p).astype(x.dtype)"),
         (LAYERS, "return x, (dropout_param, None)", "return x * (1 - p), (dropout_param, None)")),
        "dropout_forward", ("Test mode multiplies x",), ("Inverted", "inverted"), True,
    ),
    "dropout: mask turned on the way back": (
        ((LAYERS, "return dout * mask", "return dout * (mask == 0) / dropout_param['p']"),),
        "dropout_backward", ("turned round",), ("new mask",), True,
    ),
    "relu for matrices only": (
        ((LAYERS, RELU_BACK, "    x, dx = cache, dout.copy()\n    if x.ndim == 2:\n"
                             "        dx[x <= 0] = 0\n    return dx"),),
        "relu_backward", ("right for matrices and wrong for inputs with more axes", "There, dx is"),
        (), False,
    ),
    "a default that is wrong": (
        ((OPTIM, 'config.setdefault("momentum", 0.9)', 'config.setdefault("momentum", 0.1)'),),
        "sgd_momentum", ("where momentum is given and wrong where it is left out",),
        ("some checks",), True,
    ),
    "a memory that starts elsewhere": (
        ((OPTIM, '"velocity", np.zeros_like(w)', '"velocity", np.ones_like(w)'),),
        "sgd_momentum", ("wrong from a fresh start",), ("default",), False,
    ),
    "a default of eps that is wrong": (
        ((LAYERS, 'eps = ln_param.get("eps", 1e-5)', 'eps = ln_param.get("eps", 1e-8)'),),
        "layernorm_forward", ("eps has another default than 1e-5",), ("row",), False,
    ),
    "an eps of its own": (
        ((LAYERS, 'eps = bn_param.get("eps", 1e-5)', "eps = 1e-7"),),
        "batchnorm_forward", ("with one value of eps",), ("column",), True,
    ),
    "a cache that comes back first": (
        ((LAYERS, "return gamma * x_hat + beta, (x_hat, inv_std, gamma)",
          "return (x_hat, inv_std, gamma), gamma * x_hat + beta"),),
        "layernorm_forward", ("The cache comes back first: return out, cache.",), ("None",), True,
    ),
    "a net that does not flatten": (
        ((NET, "        _, dW1, db1 = affine_relu_backward(dhidden, hidden_cache)",
          "        dhidden = dhidden * (hidden > 0)\n"
          "        dW1, db1 = X.T.dot(dhidden), dhidden.sum(axis=0)"),),
        "TwoLayerNet", ("values or shapes that do not fit",), ("forward", "line"), False,
    ),
    "a syntax error": (
        ((LAYERS, "def relu_forward(x):", "def relu_forward(x:"),), "affine_forward",
        ("layers.py is no valid Python: line 66",), (), True,
    ),
    "a result that is not returned": (
        ((LAYERS, "    return np.maximum(0, x), x", "    out = np.maximum(0, x)"),), "relu_forward",
        ("the result is computed in line 77 but not returned", "return out, cache"), (), True,
    ),
    "a return in another order": (
        ((LAYERS, "return dx, dw, db", "return dw, dx, db"),), "affine_backward",
        ("dw and dx are exchanged", "line 62 returns dw, dx, db; asked for: dx, dw, db"), (), False,
    ),
    "m and v are stored under the wrong names": (
        ((OPTIM, KEEPS_T, "config.update(m=v, v=m, t=t)"),), "adam",
        ("m and v are exchanged",), ("t is",), True,
    ),
    "dropout: a coin for every unit": (
        ((LAYERS, MASK, "np.random.randint(0, 2, x.shape) / p"),), "dropout_forward",
        ("Half of the units are kept, whatever p is",), (), False,
    ),
    "dropout: the mask is added": (
        ((LAYERS, "out = (x * mask)", "out = (x + mask)"),),
        "dropout_forward", ("many different numbers",), ("random numbers themselves",), False,
    ),
    "a gradient that is never computed": (
        ((LAYERS, "    db = dout.sum(axis=0)", "    db = None"),), "affine_backward",
        ("db comes back as None",), ("names under which",), False,
    ),
    "every step moves by a share of w": (
        ((OPTIM, STEP, STEP + " + 0.01 * w"),), "adam", ("a share of w",), ("eps",), True,
    ),
    "adam: counted twice": (
        ((OPTIM, 't = config["t"] + 1', 't = config["t"] + 2'),), "adam",
        ("t goes up by 2",), ("eps",), True,
    ),
    "pixels are scaled": (
        ((LAYERS, "-1) @ w + b\n", "-1) / 255 @ w + b\n"),), "affine_forward",
        ("one factor in front of the product",), ("mean", "feature"), True,
    ),
    "a relu that is cut off from above": (
        ((LAYERS, "return np.maximum(0, x), x", "return np.minimum(np.maximum(0, x), 1), x"),),
        "relu_forward", ("cut off at 1",), ("mean",), True,
    ),
    "biases start as ones": (
        ((NET, 'self.params[f"b{i}"] = np.zeros(fan_out)',
          'self.params[f"b{i}"] = np.ones(fan_out)'),),
        "FullyConnectedNet", ("b1, b2, b3 and b4 start as 1 in every cell (fc_net.py line 132)",),
        ("random",), True,
    ),
    "dropout: test mode drops, and nothing else": (
        ((LAYERS, MASK, "np.ones(x.shape)"),
         (LAYERS, "return x, (dropout_param, None)",
          "return x * (np.random.rand(*x.shape) < 0.5), (dropout_param, None)")),
        "dropout_forward", ("training mode hands x on unchanged, and test mode drops",),
        ("are not divided", "not scaled"), True,
    ),
    "dropout: the modes are exchanged": (
        ((LAYERS, 'if mode == "test":\n        return x, (d',
          'if mode == "train":\n        return x, (d'),),
        "dropout_forward", ("two modes are exchanged",), ("divided", "too"), True,
    ),
    "adam: another default of beta2": (
        ((OPTIM, 'config.setdefault("beta2", 0.999)', 'config.setdefault("beta2", 0.001)'),),
        "adam",
        ("v is right where beta2 is given and wrong where it is left out", "(optim.py line 97)"),
        ("factor",), True,
    ),
    "momentum: both terms with the other sign": (
        ((OPTIM, 'v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw',
          'v = config["learning_rate"] * dw - config["momentum"] * config["velocity"]'),),
        "sgd_momentum", ("is taken off learning_rate * dw, and not the other way round",),
        ("weights",), True,
    ),
    "a net that asks for labels the wrong way round": (
        ((NET, "        if y is None:\n            return scores\n\n        # The derivative",
          "        if y is not None:\n            return scores\n\n        # The derivative"),),
        "TwoLayerNet", ("the test of y is the wrong way round",), ("count",), True,
    ),
    "rmsprop: what is kept has a name of its own": (
        ((OPTIM, 'cache = decay * config["cache"]', 'cache = decay * config.get("squares", 0)'),
         (OPTIM, 'config["cache"] = cache', 'config["squares"] = cache')),
        "rmsprop", ("cache is the same at every step", "under this name"), ("decay_rate",), True,
    ),
    "a net: one gradient is averaged once more": (
        ((NET, '"b2": db2}', '"b2": db2 / len(X)}'),), "TwoLayerNet",
        ("db2 is what it should be, divided by the batch size",), ("some checks",), True,
    ),
    "a net: one number for all weights of a layer": (
        ((NET, "weight_scale * np.random.randn(fan_in, fan_out)",
          "weight_scale * np.random.randn() * np.ones((fan_in, fan_out))"),), "FullyConnectedNet",
        ("W1, W2, W3 and W4 start with the same number in every cell",), ("weight_scale",), False,
    ),
    "a typing slip": (
        ((LAYERS, "db = dout.sum(axis=0)", "db = duot.sum(axis=0)"),), "affine_backward",
        ("line 61 uses duot", "Is dout meant?"), (), True,
    ),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", SAID)
def test_what_is_said_is_what_was_seen(what: str, assignment: Assignment, worker: Worker) -> None:
    changes, name, must, must_not, certain = SAID[what]
    files = dict(handed_in.reference().files)
    for path, old, new in changes:
        text = files[path].decode()
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times; mend this test"
        files[path] = text.replace(old, new).encode()
    submission = handed_in.of_files("x", files)
    cause = cause_of(name, submission, assignment, worker)
    assert cause is not None
    assert [text for text in must if text not in cause.message] == [], cause.message
    assert [text for text in must_not if text in cause.message] == [], cause.message
    assert cause.certain is certain, cause


def test_no_output_is_called_right_that_some_case_left_open() -> None:
    """dw is right in one case and missing in another; the third stopped."""
    case = case_of("a", public=True)
    right = {"dx": WANT, "dw": WANT}
    attempts = [
        Attempt(case, {"x": X}, {"dx": WANT * G, "dw": WANT}, {}, (right,), Rules(1e-9, 1e-4)),
        Attempt(case, {"x": X}, {"dx": WANT * G}, {}, (right,), Rules(1e-9, 1e-4)),
    ]
    seen = [Seen(case, ("dx", "dw"), attempt) for attempt in attempts]
    whole = SimpleNamespace(part_of=lambda output, case: output)
    _, found, undecided = symptoms._observed(whole, seen, ["dx"])  # type: ignore[arg-type]
    assert "dw" in found and undecided == {"dx", "dw"}
    _, _, undecided = symptoms._observed(whole, [Seen(case, ("dw",), None)], ["dx"])  # type: ignore[arg-type]
    assert undecided == {"dw"}


def test_the_formulas_give_the_golden_answers(assignment: Assignment) -> None:
    """An edit of a wrong formula would explain nothing."""
    asked = [
        (case, output, array)
        for case in assignment.rubric.cases
        if judges.find(case.judge).golden
        for output, array in assignment.golden.expected(case)[0].items()
    ]
    gives = {
        f"{case.id} {output}": formulas.right(
            case, output, assignment.rubric.case_inputs(case), array
        )
        for case, output, array in asked
    }
    assert [name for name, right in gives.items() if right is False] == []
    assert sum(right is True for right in gives.values()) > 150


SLIPS = {  # a line of the reference, and one slip in it
    "the mean over the other axis in the place of the mean and 1e-5 in the place of eps": (
        LAYERS, "layernorm_forward", "def layernorm_forward(x, gamma, beta, ln_param):",
        "def layernorm_forward(x, gamma, beta, ln_param):\n    x_hat = x - x.mean(0)\n"
        "    x_hat /= np.sqrt(x.var(0) + 1e-5)\n    return gamma * x_hat + beta, None\n\n\n"
        "def _old(x, gamma, beta, ln_param):"),
    "is not divided by sqrt(v_hat) + epsilon": (
        OPTIM, "adam", STEP, "m_hat"),
    "learning_rate * dw is multiplied by sqrt(cache) + epsilon instead of divided": (
        OPTIM, "rmsprop", 'dw / (np.sqrt(cache) + ', 'dw * (np.sqrt(cache) + '),
    "beta1 * m_old is left out": (
        OPTIM, "adam", 'beta1 * config["m"] + (1 - beta1) * dw', "(1 - beta1) * dw"),
    "b is multiplied in instead of added": (
        LAYERS, "affine_forward", "-1) @ w + b\n", "-1) @ w * b\n"),
    "the result goes through a ReLU": (
        LAYERS, "affine_forward", "    out = x.reshape(x.shape[0], -1) @ w + b",
        "    out = np.maximum(0, x.reshape(x.shape[0], -1) @ w + b)"),
    "tanh(w) stands in the place of w": (
        LAYERS, "affine_forward", "-1) @ w + b\n", "-1) @ np.tanh(w) + b\n"),
    "maximum(x, 1) stands in the place of maximum(x, 0)": (
        LAYERS, "relu_forward", "np.maximum(0, x)", "np.maximum(1, x)"),
    "the variance of all numbers stands in the place of var": (
        LAYERS, "layernorm_forward", "def layernorm_forward(x, gamma, beta, ln_param):",
        "def layernorm_forward(x, gamma, beta, ln_param):\n"
        "    x_hat = x - x.mean(1, keepdims=True)\n"
        "    x_hat /= np.sqrt(x.var() + ln_param.get('eps', 1e-5))\n"
        "    return gamma * x_hat + beta, None\n\n\ndef _old(x, gamma, beta, ln_param):"),
    "neither gamma nor beta is used": (
        LAYERS, "layernorm_forward", "def layernorm_forward(x, gamma, beta, ln_param):",
        "def layernorm_forward(x, gamma, beta, ln_param):\n"
        "    x_hat = x - x.mean(1, keepdims=True)\n"
        "    x_hat /= np.sqrt(x.var(1, keepdims=True) + ln_param.get('eps', 1e-5))\n"
        "    return x_hat, None\n\n\ndef _old(x, gamma, beta, ln_param):"),
    "v is what comes out if m stands in the place of dw": (
        OPTIM, "adam", "(1 - beta2) * dw**2", "(1 - beta2) * m**2"),
    "dw and db are what comes out without the last example": (
        LAYERS, "affine_backward", "    dw = rows.T @ dout\n    db = dout.sum(axis=0)",
        "    dw = rows[:-1].T @ dout[:-1]\n    db = dout[:-1].sum(axis=0)"),
    "x is taken off mean(x), and not the other way round": (
        LAYERS, "layernorm_forward", "centred = x - x.mean(axis=1, keepdims=True)",
        "centred = x.mean(axis=1, keepdims=True) - x"),
    "m is divided by 1 - beta1 ** t with //": (
        OPTIM, "adam", "m_hat = m / w", "m_hat = m // w"),
    "1 - beta2 is not multiplied in": (
        OPTIM, "adam", "(1 - beta2) * dw**2", "dw**2"),
}  # fmt: skip


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("says", SLIPS)
def test_a_slip_in_a_formula_is_named(says: str, assignment: Assignment, worker: Worker) -> None:
    path, name, old, new = SLIPS[says]
    submission = changed(path, (old, new))
    cause = cause_of(name, submission, assignment, worker)
    assert cause is not None
    assert says in cause.message or cause.id.startswith(f"{name}/"), cause


FACTS = {
    "def adam(w, dw, config):\n    lr = config['learning_rate']\n    config['t'] += 1\n"
    "    m = config['beta1'] * config['m']\n    v = config.get('beta2') * config['v']\n"
    "    config.update(m=m, v=v)\n    return w - lr * m / v, config":
        ["adam", 'adam never reads config["epsilon"] (from optim.py line 1 on).'],
    "def batchnorm_forward(x, gamma, beta, bn_param):\n    e = bn_param.get('eps', 1e-5)\n"
    "    k = bn_param['momentum'] * bn_param['running_mean'] * bn_param['running_var']\n"
    "    bn_param['running_mean'] = bn_param['running_var'] = k\n    return x * gamma + beta, k":
        ["batchnorm_forward", "eps is set in layers.py line 2 and never used."],
    "def batchnorm_backward(dout, cache):\n    x, gamma = cache\n    dx = dout * x\n"
    "    dgamma = dbeta = dx\n    return dx, dbeta, dgamma":
        ["batchnorm_backward", "layers.py line 5 returns dx, dbeta, dgamma; asked for: dx, dgamma, "
         "dbeta.", "gamma is set in layers.py line 2 and never used."],
    "def batchnorm_backward(dout, cache):\n    return helper(dout, cache)": ["batchnorm_backward"],
    "def affine_forward(x, w, b):\n    out = x.dot(w)\n    return out, (x, w, b)":
        ["affine_forward"],
    "def dropout_forward(x, dropout_param):\n    p = dropout_param['p']\n    return x, p":
        ["dropout_forward"],
}  # fmt: skip


@pytest.mark.parametrize("text", FACTS)
def test_what_the_source_shows_by_itself(text: str) -> None:
    name, *found = FACTS[text]
    module = "optim" if name == "adam" else "layers"
    sources = Sources({f"cs231n/{module}.py": text.encode()})
    assert source.facts(Place(module, name), sources) == found


def test_the_reference_and_accepted_styles_show_nothing() -> None:
    items = [("layers", n) for n in source.NEEDED if n != "softmax_loss"]  # may be handed out
    items += [("optim", n) for n in source.READ]
    items += [("fc_net", name) for name in ("TwoLayerNet", "FullyConnectedNet")]
    for style in ["", *STYLES]:
        sources = Sources(measured.base(style).files)
        said = {name: source.facts(Place(module, name), sources) for module, name in items}
        assert {name: each for name, each in said.items() if each} == {}, style


@pytest.mark.parametrize(
    ("got", "words"),
    [(np.array([[1.5], [2.0]]), "wrong from the first step"), (np.array([[1.0], [2.0]]), None),
     (np.array(3.0), None)],
)  # fmt: skip
def test_a_rule_that_is_wrong_at_once_is_told_so(got: np.ndarray, words: str | None) -> None:
    one = observed(got, np.array([[1.0], [1.5]]), "optim.update")
    assert spread._first_step([one]) == words


def test_what_never_comes_back_is_listed() -> None:
    answers = {("c", "db1"): ABSENT, ("c", "dW1"): ABSENT, ("c", "x"): frozenset({"other"})}
    assert [one.outputs for one in properties.find([], answers)] == [("dW1", "db1")]


def test_a_net_over_odd_layers_is_asked_over_right_ones(
    assignment: Assignment, worker: Worker
) -> None:
    """With loops a gamma of the wrong shape raises another exception."""
    mistake = KNOWN["FullyConnectedNet.batchnorm/gamma-names-shifted"]
    submission = handed_in.with_mistakes(handed_in.accepted_submission("loops"), [mistake])
    assert measured.is_named(grade_one(submission, assignment, worker), mistake)


# ------------------------------------------------------------------------------------- matching

A, B = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 4.0])
KEY, OTHER_KEY = ("case", "dx"), ("case", "db")


def mine(answers: dict[match.Key, match.Answer], error: float = 0.5) -> Mine:
    return Mine(answers, dict.fromkeys(answers, error), lambda key: key[1])


@pytest.mark.parametrize(
    ("got", "error", "certain"),
    [(A, 0.5, True), (A * (1 + 1e-12), 0.5, True), (A * (1 + 1e-7), 0.5, False),
     (A * 1.01, 0.5, None), (A * (1 + 1e-7), 1e-7, None), (A[None], 0.5, True),
     (B, 0.5, None), (A * np.nan, 0.5, None), (frozenset({"absent"}), 0.5, None)],
)  # fmt: skip
def test_a_mistake_matches_to_rounding_and_nearer_than_the_right_answer(
    got: match.Answer, error: float, certain: bool | None
) -> None:
    found = match.find("a", mine({KEY: got}, error), {"a/m": {KEY: A}}, ["dx"])
    assert [one.certain for one in found] == ([] if certain is None else [certain])


def test_a_mistake_that_is_wrong_where_the_student_is_right_does_not_match() -> None:
    twins: dict[str, match.Answers] = {"a/m": {KEY: A, OTHER_KEY: B}}
    assert match.find("a", mine({KEY: A}), twins, ["dx", "db"]) == []


def test_a_mistake_that_gives_other_numbers_in_another_output_does_not_match() -> None:
    twins: dict[str, match.Answers] = {"a/m": {KEY: A, OTHER_KEY: B}}
    assert match.find("a", mine({KEY: A, OTHER_KEY: 3 * B}), twins, ["dx", "db"]) == []


def test_one_mistake_for_two_parts_comes_before_one_for_each() -> None:
    third = ("case", "dw")
    twins: dict[str, match.Answers] = {
        "a/dx": {KEY: A}, "a/db": {OTHER_KEY: B}, "a/two": {KEY: A, OTHER_KEY: B},
    }  # fmt: skip
    answers: dict[match.Key, match.Answer] = {KEY: A, OTHER_KEY: B, third: A}
    found = match.find("a", mine(answers), twins, ["dx", "db", "dw"])
    assert [(one.mistake, one.parts) for one in found] == [("a/two", frozenset({"dx", "db"}))]


def test_a_factor_of_one_number_in_one_case_says_nothing() -> None:
    one = observed(np.array(3.0), np.array(1.7), x=np.ones((2, 5)))
    assert symptoms._words([one]) == (None, False)
    assert symptoms._words([one, one])[0] is not None


def test_one_mistake_for_everything_comes_before_one_for_each_part() -> None:
    twins: dict[str, match.Answers] = {
        "a/dx": {KEY: A}, "a/db": {OTHER_KEY: B}, "a/both": {KEY: A, OTHER_KEY: B},
    }  # fmt: skip
    found = match.find("a", mine({KEY: A, OTHER_KEY: B}), twins, ["dx", "db"])
    assert [(one.mistake, one.parts) for one in found] == [("a/both", frozenset({WHOLE}))]


@pytest.mark.parametrize(
    ("answer", "found"),
    [(frozenset({"raised ValueError"}), [False]), (frozenset({"other"}), [False]),
     (np.full(3, np.nan), [])],
)  # fmt: skip
def test_what_fits_many_mistakes_is_never_certain(answer: match.Answer, found: list[bool]) -> None:
    matches = match.find("a", mine({KEY: answer}), {"a/m": {KEY: answer}}, ["dx"])
    assert [one.certain for one in matches] == found


# ------------------------------------------------------------------------------------- symptoms

X, G = rng.normal(size=(4, 3)), rng.normal(size=3)
WANT = rng.normal(size=(4, 3))


def observed(
    got: np.ndarray, want: np.ndarray = WANT, probe: str = "dropout.dropout_test",
    keep: float = 1.0, **inputs: np.ndarray,
) -> Observed:  # fmt: skip
    options = {"keep": keep}
    case = Case("a/c", "a", probe, {}, options, True, "values.close", None, (), (), ())
    return Observed("dx", case, got, want, {"x": X, **inputs}, {"dw": X * 2}, 0.5)


def normalized(changed: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Observed:
    """A layer normalization with a changed x_hat (4, 3), n being the number of each row."""
    x_hat, beta, rows = WANT - WANT.mean(1, keepdims=True), G + 1, np.arange(1.0, 5.0)[:, None]
    got, want = (G * each + beta for each in (changed(x_hat, rows), x_hat))
    return observed(got, want, "norms.layernorm_forward", gamma=G, beta=beta)


RELATIONS = {
    "transposed": observed(WANT.T),
    "another shape": observed(WANT.ravel()),
    "not summed": observed(np.stack([WANT / 2, WANT / 2])),
    "one number": observed(np.array(3.0)),
    "an axis is missing": observed(WANT[0]),
    "zero": observed(np.zeros_like(WANT)),
    "sign": observed(-WANT),
    "factor N": observed(4 * WANT),
    "factor 1/N": observed(WANT / 4),
    "factor -2": observed(-2 * WANT),
    "factor N/N-1": observed(WANT * 4 / 3, x=rng.normal(size=(4, 8))),
    "factor": observed(1.2345 * WANT),
    "factor keep": observed(0.625 * WANT, keep=0.625),
    "factor 1/keep": observed(WANT / 0.625, keep=0.625),
    "in single precision": observed(WANT.astype(np.float32).astype(float)),
    "step offset": observed(WANT + np.arange(1, 5)[:, None], probe="norms.batchnorm_train"),
    "normalized row factor": normalized(lambda x_hat, n: x_hat * (1 + n)),
    "normalized row offset": normalized(lambda x_hat, n: x_hat + 1 + n),
    "normalized row line": normalized(lambda x_hat, n: x_hat * (1 + n) + n),
    "is input x": observed(X),
    "is output dw": observed(X * 2),
    "missing b": observed(WANT - G, b=G),
    "extra b": observed(WANT + G, b=G),
    "times gamma": observed(WANT * G, gamma=G),
    "without factor gamma": observed(WANT / G, gamma=G),
    "off by a multiple of x": observed(WANT + 0.3 * X),
    "column offset": observed(WANT + np.arange(1, 4)),
    "row offset": observed(WANT + np.arange(1, 5)[:, None]),
    "column factor": observed(WANT * [2, 3, 5]),
    "row factor": observed(WANT * np.array([[2], [3], [5], [7]])),
    "column line": observed(WANT * [2, 3, 5] + [1, 2, 3], probe="norms.batchnorm_test"),
    "sign of some": observed(np.abs(WANT)),
    "misplaced": observed(WANT.T.reshape(4, 3)),
    "one number everywhere": observed(np.full_like(WANT, 7.0)),
    "nan everywhere": observed(np.full_like(WANT, np.nan)),
    "nan where x is negative": observed(np.where(X < 0, np.nan, WANT)),
    "inf somewhere": observed(np.where(np.arange(12).reshape(4, 3) == 5, np.inf, WANT)),
    "column mean left": observed(
        WANT - WANT.mean(0) + [1, 2, 3], WANT - WANT.mean(0), probe="norms.batchnorm_test"
    ),
}


@pytest.mark.parametrize("words", RELATIONS)
def test_how_wrong_numbers_follow_from_the_right_ones(words: str) -> None:
    one = RELATIONS[words]
    found = relations.words(one, 1e-5 if words == "in single precision" else 1e-9)
    assert found[0] == words
    off = one.got
    if off is not None and np.all(np.isfinite(off)) and words not in ("zero", "one number"):
        bent = replace(one, got=off + 1e-4 * rng.normal(size=off.shape))
        assert words not in relations.words(bent, 1e-9) or off.shape != WANT.shape


def stepped(output: str, got: np.ndarray, want: np.ndarray, **inputs: np.ndarray) -> list[str]:
    options = {"rule": "sgd_momentum", "watch": ["velocity"]}
    case = Case("a/c", "a", "optim.update", {}, options, True, "values.close", None, (), (), ())
    return list(inside.over_steps(case, output, inputs, got, want, 1e-9))


def test_what_steps_show() -> None:
    w, dw = rng.normal(size=3), rng.normal(size=(5, 3))
    velocity = np.zeros((5, 3))
    for t in range(5):
        velocity[t] = 0.9 * velocity[t - 1] * (t > 0) - 0.01 * dw[t]
    want = w + np.cumsum(velocity, axis=0)
    moved = {
        "steps uphill": 2 * w - want,
        "no step": np.tile(w, (5, 1)),
        "steps of another size": w + 1.7 * (want - w),
        "steps off over time": w + np.cumsum(velocity * np.arange(1, 6)[:, None], axis=0),
        "steps off by cell": w + (want - w) * [1, 2, 3],
    }
    for words, got in moved.items():
        assert words in stepped("next_w", got, want, w=w, dw=dw), words
    same = np.tile(velocity[:1], (5, 1))
    assert "same at every step" in stepped("velocity", same, velocity, w=w, dw=dw)
    late = np.concatenate([velocity[:1] * 0, velocity[:-1]])
    assert stepped("velocity", late, velocity, w=w, dw=dw)[0] == "one step late"
    kept = np.zeros((5, 3))
    for t in range(5):
        kept[t] = 0.5 * kept[t - 1] * (t > 0) - 0.01 * dw[t]
    assert "factor of the old" in stepped("velocity", kept, velocity, w=w, dw=dw)
    assert "sign of the gradient" in stepped("velocity", -velocity, velocity, w=w, dw=dw)


@pytest.mark.parametrize(
    ("factors", "words"),
    [((1, 0, 1), "mean missing"), ((1, 1, 0), "variance missing"), ((1, 1, -1), "variance sign"),
     ((1, 1, 2), "variance factor"), ((1, 0, 0), "mean and variance missing")],
)  # fmt: skip
def test_the_three_ways_of_a_norms_gradient(factors: tuple[int, ...], words: str) -> None:
    inputs = {"x": X, "gamma": G, "beta": G, "dout": WANT}
    case = Case("a/c", "a", "norms.batchnorm_backward", {}, {}, True, "", None, (), (), ())
    got = sum(f * t for f, t in zip(factors, formulas._basis(inputs, 1e-5, 0)))
    assert list(formulas.ways(case, "dx", inputs, np.asarray(got), 1e-9)) == [words]


@pytest.mark.parametrize("factor", ["keep", "1/keep"])
def test_scores_whose_hidden_units_are_multiplied_by_keep(factor: str) -> None:
    dims, keep = [3, 5, 4, 2], 0.625
    theta, x = rng.normal(size=80), rng.normal(size=(4, 3))
    values = models.parameters(theta, dims)
    scores = []
    for times in (1.0, {"keep": keep, "1/keep": 1 / keep}[factor]):
        hidden = x
        for layer in (1, 2):
            hidden = np.maximum(0, hidden @ values[f"W{layer}"] + values[f"b{layer}"]) * times
        scores.append(hidden @ values["W3"] + values["b3"])
    one = observed(scores[1], scores[0], "nets.net_scores", keep, x=x, theta=theta)
    one = replace(one, case=replace(one.case, options={"dims": dims, "keep": keep}))
    assert relations.words(one, 1e-9)[0] == f"hidden units times {factor}"
    assert not any("hidden" in word for word in relations.words(replace(one, got=scores[0]), 1e-9))


BEHIND = {
    "gradients-times-keep": [0.5, 0.5, 0.25, 1.0],
    "gradients-times-1-over-keep": [2.0, 1.0, 4.0, 1.0],
    None: [0.5, 0.6, 1.0, 1.0],
}


@pytest.mark.parametrize("name", BEHIND)
def test_gradients_behind_dropout_that_are_off_by_keep(name: str | None) -> None:
    case = Case("a/c", "a", "nets.x", {}, {"keep": 0.5}, True, "nets.seeded", None, (), (), ())
    numeric = rng.normal(size=4)
    arrays = {"analytic": numeric * BEHIND[name], "numeric": numeric}
    seen = Seen(case, ("analytic",), Attempt(case, {}, arrays, {}, (), Rules(0, 0)))
    assert [one.id for one in properties.find([seen], {})] == ([name] if name else [])


@pytest.mark.parametrize(
    ("output", "words", "name"),
    [("scale", {"1"}, "scale-1"), ("scale", {"1/keep^2"}, "scale-1-over-keep-2"),
     ("keep_fraction", {"turned"}, "keep-fraction-turned"), ("out", {"keep"}, "out-keep"),
     ("dx", {"mask * keep"}, "dx-mask-times-keep"), ("dx", {"another mask"}, "dx-another-mask"),
     ("b1", {"hidden; 1 axes, all 1"}, "starts-all-1"), ("scale", {"other"}, "scale-other"),
     ("keep_fraction", {"all, times 1"}, "keep-fraction-all"), ("scale", {"1/keep"}, None)],
)  # fmt: skip
def test_what_random_masks_and_first_parameters_show(
    output: str, words: set[str], name: str | None
) -> None:
    found = properties.find([], {("case", output): frozenset(words)})
    assert [one.id for one in found] == ([name] if name else [])
    assert all(one.message.endswith(".") for one in found)
    assert all(one.certain == one.id.startswith("starts-all") for one in found)


def test_answers_that_differ_from_run_to_run_are_a_cause_of_their_own() -> None:
    assert plain.unstable([Evidence("a", "answered", unstable=True)]) is not None
    assert plain.unstable([Evidence("a", "answered")]) is None


CASES = [Case(n, "a", "layers.x", {}, {}, True, "", None, (), (), ()) for n in ("a/1", "a/2")]
TOUCHED = Fault("a/1", "all", "x", "mutated_input", "", True)


@pytest.mark.parametrize(
    ("mutated", "wrong", "faults", "found"),
    [(("x",), [], [TOUCHED], True), (("x",), [], [replace(TOUCHED, warning=True)], None),
     (("x",), ["a/1"], [], False), (("x",), ["a/2"], [], None), ((), ["a/1"], [], None)],
)  # fmt: skip
def test_arguments_that_are_changed_in_place(
    mutated: tuple[str, ...], wrong: list[str], faults: list[Fault], found: bool | None
) -> None:
    evidence = {
        "a/1": Evidence("a/1", "answered", mutated=mutated), "a/2": Evidence("a/2", "answered"),
    }  # fmt: skip
    told = plain.changed(CASES, evidence, set(wrong), faults)
    assert (told[2] if told else None) is found
    assert told is None or told[1].startswith("x is changed in place")


PARTS = {
    "wrong in the first row": (slice(0, 1), slice(None)),
    "wrong in the last row": (slice(3, 4), slice(None)),
    "wrong in some rows": (slice(1, 3), slice(None)),
    "wrong in the first column": (slice(None), slice(0, 1)),
    "wrong in the last column": (slice(None), slice(2, 3)),
}


@pytest.mark.parametrize("words", PARTS)
def test_the_rows_or_columns_that_are_wrong_are_named(words: str) -> None:
    got = WANT.copy()
    got[PARTS[words]] += rng.normal(size=got[PARTS[words]].shape) + 9
    assert spread.words("dx", [observed(got)], [], []) == words


def test_cells_that_are_wrong_only_where_the_input_is_negative() -> None:
    one = observed(np.where(X < 0, 7.0, WANT))
    assert spread.words("dx", [one], [], []) == "wrong where x is negative"
    assert spread.words("dx", [observed(WANT * (1 + 1e-5 * X))], [], []) == "nearly right"
    assert spread.words("dx", [observed(WANT + X**2)], [], ["dw"]) in (
        "all above",
        "alone beside dw",
    )


EVERY = [
    *(f"{key} beta" if "{it}" in text else key for key, text in sentences.SENTENCES.items()),
    *(f"factor {sign}{name}" for sign in ("", "-") for name in (
        *sentences.NUMBERS, *(f"1/{n}" for n in sentences.NUMBERS), "N/N-1", "D/N")),
    "factor =1.2345", "alone beside dx", "alone beside dx and dw",
]  # fmt: skip


@pytest.mark.parametrize("words", sentences.SENTENCES)
def test_one_number_has_no_cells_rows_or_columns(words: str) -> None:
    said = sentences.sentence(words, ["t"], scalar=True)
    assert not sentences.CELLS.search(said), said


@pytest.mark.parametrize("words", EVERY)
def test_every_symptom_is_one_plain_sentence_without_a_hidden_number(words: str) -> None:
    for outputs in (["dx"], ["dx", "dw"]):
        said = sentences.sentence(words, outputs)
        assert "dx" in said and said.endswith(".") and "{" not in said and "  " not in said
        assert not re.search(r"\d\.\d", said)
    assert re.fullmatch(r"[a-z0-9-]+", sentences.slug(words))


@pytest.mark.parametrize(
    ("evidence", "found"),
    [([Evidence("a", "raised", raised=Raised("KeyError", "secret 3.25"))], "unknown-key"),
     ([Evidence("a", "raised", raised=Raised("Odd", ""))], None),
     ([Evidence("a", "raised", raised=Raised("KeyError", "")),
       Evidence("b", "raised", raised=Raised("TypeError", "")),
       Evidence("c", "raised", raised=Raised("TypeError", ""))], "wrong-kind"),
     ([Evidence("a", "timeout")], "time"), ([Evidence("a", "answered")], None)],
)  # fmt: skip
def test_what_an_exception_means_is_told_without_its_message(
    evidence: list[Evidence], found: str | None
) -> None:
    cases = [case_of(one.case, public=False) for one in evidence]
    told = stops.find(cases, evidence, NO_BENCH)
    assert (told.id if told else None) == found
    assert told is None or ("3.25" not in told.message and not told.certain)


def case_of(name: str, public: bool) -> Case:
    return Case(name, "a", "layers.x", {}, {}, public, "values.close", None, (), (), ())


NO_BENCH = Evaluator(None, None)  # type: ignore[arg-type] - where no source is asked for, nothing is
AT = (("cs231n/layers.py", 12, "f", "x"),)
STOPS = {
    "NameError: name 'duot' is not defined": "layers.py line 12 uses duot, which is not defined",
    "NameError: name 'exit' is not defined": "line 12 ends the program: take exit() out.",
    "SystemExit: None": "line 12 ends the program: take that line out.",
    "UnboundLocalError: cannot access local variable 'dx' where it is not": "dx before it has",
    "KeyError: 'W3'": "asks a dictionary for the key 'W3'",
    "AttributeError: 'NoneType' object has no attribute 'dot'": "line 12 asks None for dot",
    "AttributeError: 'float' object has no attribute 'shape'": "of type float for shape",
    "TypeError: affine_forward() missing 1 required positional": "calls affine_forward with other",
    "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'": "One side of + is None",
    "TypeError: cannot unpack non-iterable float object": "unpacks a single value of type float",
    "TypeError: 'int' object is not subscriptable": "of type int, which is not subscriptable",
    "ValueError: operands could not be broadcast together with shapes (5,) (3,) ":
        "combines arrays of the shapes (5,) and (3,)",
    "ValueError: shapes (2,3) and (4,5) not aligned: 3 (dim 1) != 4 (dim 0)": "(2,3) and (4,5)",
    "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc "
    "signature (n?,k),(k,m?)->(n?,m?) (size 2 is different from 3)": "inner sizes are 3 and 2",
    "ValueError: cannot reshape array of size 12 into shape (5,2)": "array of 12 numbers the shape",
    "ValueError: too many values to unpack (expected 2)": "unpacks another number of values",
    "ValueError: something else": "line 12 works with values or shapes that do not fit",
    "ValueError: The truth value of an array with more than": "asks a whole array whether it is",
    "ValueError: setting an array element with a sequence.": "several values where one number",
    "ValueError: could not broadcast input array from shape (3,2) into shape (2,3)":
        "stores an array of the shape (3,2) into one of the shape (2,3)",
    "ValueError: non-broadcastable output operand with shape (3,) doesn't match the broadcast "
    "shape (2,3)": "array of the shape (3,) in place, and what comes out has the shape (2,3)",
    "ValueError: operand has more dimensions than subscripts given in einstein sum": "einsum in",
    "IndexError: index 9 is out of bounds for axis 1 with size 3": "element 9 of an axis",
    "IndexError: list index out of range": "behind the end of a list",
    "IndexError: pop from empty list": "out of a list that is empty",
    "IndexError: only integers, slices (`:`), ellipsis": "an index that is none",
    "IndexError: too many indices for array: array is 2-dimensional, but 3 were indexed":
        "gives 3 indices to an array that has 2 axes",
    "IndexError: boolean index did not match indexed array": "a mask of another shape",
    "IndexError: shape mismatch: indexing arrays could not be": "not of one length",
    "IndexError: something else": "an index that does not fit",
    "AxisError: axis 5 is out of bounds for array of dimension 2": "along axis 5 of an array that",
    "ZeroDivisionError: division by zero": "layers.py line 12 divides a plain number by zero",
    "AssertionError: ": "The assert in layers.py line 12 does not hold",
    "ModuleNotFoundError: No module named 'torch'": "imports torch, which is not there",
    "ImportError: cannot import name 'f' from 'cs231n.layers' (x)": "imports f from cs231n.layers",
    "ReturnValue: f must return (out, cache), it returned (cache, out)": "return out, cache.",
    "RecursionError: maximum": "leads back into the same function",
    "UFuncTypeError: ufunc 'add' did": "a value of another type than belongs there",
    "UFuncTypeError: Cannot cast ufunc 'add' output from dtype('float64') to dtype('int64')":
        "an array of whole numbers in place by fractions",
    "TypeError: 'float' object cannot be interpreted as an integer": "of type float where a whole",
    "TypeError: 'tuple' object cannot be interpreted as an integer": "of type tuple where one",
    "TypeError: list indices must be integers or slices, not tuple": "an index of type tuple",
    "TypeError: unsupported operand type(s) for -: 'dict' and 'float'": "dict and one of type",
    "TypeError: '<' not supported between instances of 'str' and 'int'": "type str with one of",
    "TypeError: 'numpy.ndarray' object is not callable": "numpy.ndarray, which is not callable",
    "TypeError: only 0-dimensional arrays can be converted to": "one number of a whole array",
    "TypeError: 'tuple' object does not support item assignment": "type tuple, whose parts",
    "TypeError: can't multiply sequence by non-int of type 'float'": "multiplies a list",
}  # fmt: skip


@pytest.mark.parametrize("what", STOPS)
def test_an_exception_is_told_with_its_line_and_what_it_names(what: str) -> None:
    kind, _, message = what.partition(": ")
    evidence = [Evidence("c", "raised", raised=Raised(kind, message, AT))]
    told = stops.find([case_of("c", public=True)], evidence, NO_BENCH)
    assert told is not None and STOPS[what] in told.message and told.certain
    assert told.message.endswith(".") and "{" not in told.message
    hidden = stops.find([case_of("c", public=False)], evidence, NO_BENCH)
    assert hidden is not None and "12" not in hidden.message  # neither the line nor the message
    for secret in re.findall(r"\d+", message):
        assert not re.search(rf"\b{secret}\b", hidden.message.replace("0", ""))


def test_a_line_that_raises_by_itself_is_told_so() -> None:
    own = ((AT[-1][0], 12, "relu_forward", 'raise ValueError("shapes")'),)
    evidence = [Evidence("c", "raised", raised=Raised("ValueError", "shapes", own))]
    told = stops.find([case_of("c", public=True)], evidence, NO_BENCH)
    assert told is not None and "line 12 raises this exception by itself" in told.message


def test_the_line_of_a_stub_has_no_condition_to_look_at() -> None:
    own = ((AT[-1][0], 12, "relu_forward", "raise NotImplementedError"),)
    raised = Raised("NotImplementedError", "", own)
    evidence = [Evidence("c", "not_written", raised=raised)]
    assert stops.find([case_of("c", public=True)], evidence, NO_BENCH) is None


def test_what_stops_in_several_places_is_not_certain() -> None:
    other = (("cs231n/layers.py", 40, "g", "y"),)
    evidence = [
        Evidence("a", "raised", raised=Raised("KeyError", "'W3'", AT)),
        Evidence("b", "raised", raised=Raised("KeyError", "'W3'", other)),
    ]
    told = stops.find([case_of(n, public=True) for n in "ab"], evidence, NO_BENCH)
    assert told is not None and not told.certain
