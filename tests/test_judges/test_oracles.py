"""Every golden answer, by other means: written anew here, nothing of reference/ is imported.

Gradients twice: by HIPS autograd in float64, and by complex step in long double, where the
imaginary part of f(x + ih) over h is the derivative without a difference. Forward answers in plain
float64.

The forward passes are those of a textbook on another shelf: a variance is half the mean squared
difference of all pairs, the loss of a row is log(sum(exp(score - right score))), and each
alternative convention is one word of `Taste`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.tracer import getval

from grader import judges
from grader.golden.store import MAIN, Golden
from grader.judges.values import FLOOR
from grader.rubric.cases import Rubric
from grader.types import Case
from tests.support.assignments import shipped

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = 1e-12  # float64 against the golden answers
ALLOWED_WIDE = 3e-16  # long double: what is left is one rounding of the golden answer
STEP = np.longdouble(2) ** -200
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Maths:
    """A kind of numbers: its functions, and how to take a number without its derivative."""

    np: Any
    value: Callable[[Any], Any]


PLAIN = Maths(np, lambda x: x)
TRACED = Maths(anp, getval)
COMPLEX = Maths(np, np.real)


@dataclass(frozen=True)
class Taste:
    """What courses differ in. `train`, `back` and `test` are the place of eps in normalization.

    With `simple`, backward takes d std / d var to be 1 / (2 std), wherever eps stands. `cached`:
    dgamma takes the normalized x of the forward pass, where backward has another one.
    """

    relu_at_zero: int = 0
    train: str = "inside"
    back: str = "inside"
    test: str = "inside"
    simple: bool = False
    cached: bool = False
    scores_with_batch: bool = False
    adam_eps: str = "outside"
    adam_first_t: int = 1
    rmsprop_eps: str = "outside"


OUTSIDE = {"train": "outside", "back": "outside", "test": "outside"}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "relu_slope_one": {"relu_at_zero": 1},
    "norm_eps_outside": OUTSIDE,
    "norm_eps_outside_simple": {**OUTSIDE, "simple": True},
    "norm_eps_omitted": {"train": "omitted", "back": "omitted", "test": "omitted"},
    "norm_train_outside": {"train": "outside"},
    "norm_train_omitted": {"train": "omitted"},
    "norm_back_outside": {"back": "outside"},
    "norm_back_outside_simple": {"back": "outside", "simple": True},
    "norm_back_omitted": {"back": "omitted"},
    "norm_dgamma_cached": {"cached": True},
    "norm_test_outside": {"test": "outside"},
    "norm_test_omitted": {"test": "omitted"},
    "starter_2016": {"scores_with_batch": True},
    "adam_eps_hat": {"adam_eps": "hat"},
    "adam_eps_inside": {"adam_eps": "inside"},
    "adam_first_t_two": {"adam_first_t": 2},
    "adam_eps_omitted": {"adam_eps": "omitted"},
    "rmsprop_eps_inside": {"rmsprop_eps": "inside"},
    "rmsprop_eps_omitted": {"rmsprop_eps": "omitted"},
}


def taste(name: str) -> Taste:
    """Return a convention, or several joined by "+"."""
    return functools.reduce(
        lambda one, part: replace(one, **CHANGES[part]),
        [] if name == MAIN else name.split("+"),
        Taste(),
    )


# ------------------------------------------------------------------------------ forward passes


def affine(m: Maths, x: Any, w: Any, b: Any) -> Any:
    return m.np.einsum("nd,dm->nm", m.np.reshape(x, (len(x), len(w))), w) + b


def relu(m: Maths, x: Any, taste: Taste) -> Any:
    value = m.value(x)
    return x * ((value >= 0) if taste.relu_at_zero else (value > 0))


def deviation(m: Maths, var: Any, eps: float, place: str, simple: bool) -> Any:
    if place == "inside":
        return m.np.sqrt(var + eps)
    added = eps if place == "outside" else 0
    if simple:
        fixed = np.sqrt(m.value(var)) + added
        return fixed + (var - m.value(var)) / (2 * fixed)
    return m.np.sqrt(var) + added


def moments(m: Maths, x: Any) -> tuple[Any, Any]:
    """Return x minus the mean of its column, and the variance of each column."""
    pairs = x[:, None] - x[None]
    return m.np.sum(pairs, axis=1) / len(x), m.np.sum(pairs**2, axis=(0, 1)) / (2 * len(x) ** 2)


def normalized(m: Maths, x: Any, taste: Taste, eps: float) -> tuple[Any, Any]:
    """Return the normalized x of the backward pass, and what is added to it in the forward pass."""
    centred, var = moments(m, x)
    x_hat = centred / deviation(m, var, eps, taste.back, taste.simple)
    trained = m.value(centred) / deviation(PLAIN, m.value(var), eps, taste.train, simple=False)
    return x_hat, trained - m.value(x_hat)


def scaled(m: Maths, x_hat: Any, added: Any, gamma: Any, beta: Any, taste: Taste) -> Any:
    return gamma * x_hat + beta + (gamma if taste.cached else m.value(gamma)) * added


def batchnorm(m: Maths, x: Any, gamma: Any, beta: Any, taste: Taste, eps: float = 1e-5) -> Any:
    return scaled(m, *normalized(m, x, taste, eps), gamma, beta, taste)


def layernorm(m: Maths, x: Any, gamma: Any, beta: Any, taste: Taste, eps: float = 1e-5) -> Any:
    x_hat, added = normalized(m, x.T, taste, eps)
    return scaled(m, x_hat.T, added.T, gamma, beta, taste)


def batchnorm_scoring(
    m: Maths, x: Any, gamma: Any, beta: Any, mean: Any, var: Any, taste: Taste, eps: float = 1e-5
) -> Any:
    return gamma * ((x - mean) / deviation(m, var, eps, taste.test, False)) + beta


def softmax_loss(m: Maths, scores: Any, y: np.ndarray) -> Any:
    is_right = np.arange(scores.shape[1]) == y[:, None]
    right = m.np.sum(scores * is_right, axis=1)
    return m.np.sum(m.np.log(m.np.sum(m.np.exp(scores.T - right), axis=0))) / len(y)


Norm = Callable[[Any, int], Any]  # (hidden, layer) -> normalized


def net_scores(m: Maths, params: Arrays, x: Any, norm: Norm, taste: Taste) -> Any:
    depth = sum(name.startswith("W") for name in params)
    for layer in range(1, depth):
        x = affine(m, x, params[f"W{layer}"], params[f"b{layer}"])
        x = relu(m, norm(x, layer), taste)
    return affine(m, x, params[f"W{depth}"], params[f"b{depth}"])


def training_norm(m: Maths, params: Arrays, kind: str | None, taste: Taste) -> Norm:
    def norm(hidden: Any, layer: int) -> Any:
        if kind is None:
            return hidden
        with_kind = {"batchnorm": batchnorm, "layernorm": layernorm}[kind]
        return with_kind(m, hidden, params[f"gamma{layer}"], params[f"beta{layer}"], taste)

    return norm


def net_parameters(theta: np.ndarray, dims: list[int], kind: str | None) -> dict[str, np.ndarray]:
    """Cut theta into W1, b1, gamma1, beta1, W2, ...; plain nets leave gammas and betas out.

    A bias in front of batch normalization has no effect and is zero.
    """
    numbers = iter(theta)
    params = {}
    for layer, (rows, columns) in enumerate(zip(dims, dims[1:]), start=1):
        params[f"W{layer}"] = np.array(
            [[next(numbers) for _ in range(columns)] for _ in range(rows)]
        )
        params[f"b{layer}"] = np.array([next(numbers) for _ in range(columns)])
        if layer < len(dims) - 1:
            gamma = np.array([1 + next(numbers) for _ in range(columns)])
            beta = np.array([next(numbers) for _ in range(columns)])
            params |= {f"gamma{layer}": gamma, f"beta{layer}": beta} if kind else {}
            params[f"b{layer}"] *= kind != "batchnorm"
    return params


# ----------------------------------------------------------------------------------- gradients

# A problem is (variables, scalar): the golden d<name> is the derivative of the scalar by <name>.
Scalar = Callable[[Maths, Arrays], Any]
Problem = tuple[Mapping[str, np.ndarray], Scalar]


def layer_problem(forward: Callable[..., Any], *names: str) -> Callable[..., Problem]:
    def make(given: Arrays, options: Mapping[str, Any], taste: Taste) -> Problem:
        def scalar(m: Maths, variables: Arrays) -> Any:
            inputs = [variables[name] for name in names]
            return m.np.sum(given["dout"] * forward(m, *inputs, taste, **options))

        return {name: given[name] for name in names}, scalar

    return make


def net_problem(given: Arrays, options: Mapping[str, Any], taste: Taste) -> Problem:
    kind = options.get("normalization")

    def scalar(m: Maths, params: Arrays) -> Any:
        norm = training_norm(m, params, kind, taste)
        squares = sum(m.np.sum(params[name] ** 2) for name in params if name.startswith("W"))
        loss = softmax_loss(m, net_scores(m, params, given["x"], norm, taste), given["y"])
        return loss + options.get("reg", 0.0) * squares / 2

    return net_parameters(given["theta"], options["dims"], kind), scalar


def last_batch(given: Arrays) -> Arrays:
    return {**given, "x": given["x"][-1], "y": given["y"][-1]}


def second_problem(given: Arrays, options: Mapping[str, Any], taste: Taste) -> Problem:
    """Take the last batch alone: a plain net keeps nothing of the others."""
    return net_problem(last_batch(given), options, taste)


def penalty_problem(given: Arrays, options: Mapping[str, Any], taste: Taste) -> Problem:
    """What regularization adds does not depend on the images."""

    def scalar(m: Maths, params: Arrays) -> Any:
        weights = [params[name] for name in params if name.startswith("W")]
        return options["reg"] * sum(m.np.sum(weight**2) for weight in weights) / 2

    return net_parameters(given["theta"], options["dims"], options.get("normalization")), scalar


def affine_for_problem(m: Maths, x: Any, w: Any, b: Any, taste: Taste) -> Any:
    return affine(m, x, w, b)


def softmax_problem(given: Arrays, options: Arrays, taste: Taste) -> Problem:
    """The scores as variables; a constant is taken off each row, which changes no probability."""
    top = np.max(given["x"], axis=1, keepdims=True)

    def scalar(m: Maths, v: Arrays) -> Any:
        shifted = v["x"] - top
        is_right = np.arange(shifted.shape[1]) == given["y"][:, None]
        right = m.np.sum(shifted * is_right, axis=1)
        return m.np.sum(m.np.log(m.np.sum(m.np.exp(shifted), axis=1)) - right) / len(top)

    return {"x": given["x"]}, scalar


GRADIENTS: Mapping[str, Callable[..., Problem]] = {
    "layers.softmax_loss": softmax_problem,
    "layers.affine_backward": layer_problem(affine_for_problem, "x", "w", "b"),
    "layers.relu_backward": layer_problem(relu, "x"),
    "norms.batchnorm_backward": layer_problem(batchnorm, "x", "gamma", "beta"),
    "norms.batchnorm_backward_alt": layer_problem(batchnorm, "x", "gamma", "beta"),
    "norms.layernorm_backward": layer_problem(layernorm, "x", "gamma", "beta"),
    "nets.two_layer_loss": net_problem,
    "nets.net_loss": net_problem,
    "nets.two_layer_second": second_problem,
    "nets.net_second": second_problem,
    "nets.two_layer_regularization": penalty_problem,
    "nets.net_regularization": penalty_problem,
}


def by_autograd(problem: Problem) -> dict[str, np.ndarray]:
    variables, scalar = problem
    return dict(autograd.grad(lambda v: scalar(TRACED, v))(dict(variables)))


def by_complex_step(problem: Problem) -> dict[str, np.ndarray]:
    variables, scalar = problem
    wide = {name: array.astype(np.clongdouble) for name, array in variables.items()}
    gradients = {}
    for name, array in wide.items():
        gradients[name] = np.zeros(array.shape, np.longdouble)
        for index in np.ndindex(*array.shape):
            moved = array.copy()
            moved[index] += 1j * STEP
            gradients[name][index] = np.imag(scalar(COMPLEX, {**wide, name: moved})) / STEP
    return gradients


# ------------------------------------------------------------------------------ forward answers


def affine_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    return {"out": affine(PLAIN, given["x"], given["w"], given["b"])}


def relu_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    return {"out": np.where(given["x"] < 0, 0, given["x"])}


def batchnorm_train_answers(
    given: Arrays, options: Arrays, taste: Taste, eps: float = 1e-5, momentum: float = 0.9
) -> Arrays:
    gamma, beta = given["gamma"], given["beta"]
    mean, var = np.zeros_like(gamma), np.zeros_like(gamma)
    rows: dict[str, list[Any]] = {"out": [], "running_mean": [], "running_var": []}
    eps, momentum = options.get("eps", eps), options.get("momentum", momentum)
    for batch in given["x"]:
        mean = momentum * mean + (1 - momentum) * np.mean(batch, axis=0)
        var = momentum * var + (1 - momentum) * moments(PLAIN, batch)[1]
        rows["out"].append(batchnorm(PLAIN, batch, gamma, beta, taste, eps))
        rows["running_mean"].append(mean)
        rows["running_var"].append(var)
    return {name: np.stack(values) for name, values in rows.items()}


def batchnorm_test_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    mean, var = given["running_mean"], given["running_var"]
    inputs = (given[name] for name in ("x", "gamma", "beta"))
    out = batchnorm_scoring(PLAIN, *inputs, mean, var, taste, **options)
    return {"out": out, "running_mean": mean, "running_var": var}


def layernorm_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    inputs = (given[name] for name in ("x", "gamma", "beta"))
    return {"out": layernorm(PLAIN, *inputs, taste, **options)}


def update_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    """Each number of w by itself, in Python floats: no array, no broadcasting."""
    step = {"sgd_momentum": momentum_step, "rmsprop": rmsprop_step, "adam": adam_step}
    config = options.get("config", {})
    memory = [name for name in given if name not in ("w", "dw")]
    shape = given["w"].shape
    answers = {
        name: np.zeros((len(given["dw"]), *(() if name == "t" else shape)))
        for name in ("next_w", *options["watch"])
    }
    for index in np.ndindex(*shape):
        w = float(given["w"][index])
        state = {**config, **{name: float(given[name][index]) for name in memory}}
        for t, dw in enumerate(float(gradient[index]) for gradient in given["dw"]):
            w = step[options["rule"]](w, dw, state, taste)
            for name in answers:
                place = t if name == "t" else (t, *index)
                answers[name][place] = w if name == "next_w" else state[name]
    return answers


def momentum_step(w: float, dw: float, state: dict[str, float], taste: Taste) -> float:
    old = state.get("velocity", 0.0)
    state["velocity"] = state.get("momentum", 0.9) * old - state.get("learning_rate", 0.01) * dw
    return w + state["velocity"]


def rmsprop_step(w: float, dw: float, state: dict[str, float], taste: Taste) -> float:
    decay = state.get("decay_rate", 0.99)
    eps = 0.0 if taste.rmsprop_eps == "omitted" else state.get("epsilon", 1e-8)
    cache = decay * state.get("cache", 0.0) + (1 - decay) * dw * dw
    state["cache"] = cache
    root = (cache + eps) ** 0.5 if taste.rmsprop_eps == "inside" else cache**0.5 + eps
    return w - state.get("learning_rate", 0.01) * dw / root


def adam_step(w: float, dw: float, state: dict[str, float], taste: Taste) -> float:
    one, two = state.get("beta1", 0.9), state.get("beta2", 0.999)
    rate = state.get("learning_rate", 0.001)
    eps = 0.0 if taste.adam_eps == "omitted" else state.get("epsilon", 1e-8)
    t = state["t"] = state.get("t", taste.adam_first_t - 1) + 1
    m = state["m"] = one * state.get("m", 0.0) + (1 - one) * dw
    v = state["v"] = two * state.get("v", 0.0) + (1 - two) * dw * dw
    if taste.adam_eps == "hat":
        return w - rate * (1 - two**t) ** 0.5 / (1 - one**t) * m / (v**0.5 + eps)
    if taste.adam_eps == "inside":
        return w - rate * (m / (1 - one**t)) / (v / (1 - two**t) + eps) ** 0.5
    return w - rate * (m / (1 - one**t)) / ((v / (1 - two**t)) ** 0.5 + eps)


def scores_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    kind = options.get("normalization")
    assert kind != "batchnorm", "without running averages this would be another question"
    params = net_parameters(given["theta"], options["dims"], kind)
    norm = training_norm(PLAIN, params, kind, taste)
    scores = net_scores(PLAIN, params, given["x"], norm, taste)
    again = {"scores_again": scores} if options.get("keep", 1) != 1 else {}
    return {"scores": scores, **again}


def loss_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    params, scalar = net_problem(given, options, taste)
    return {"loss": scalar(PLAIN, params), "parameters_without_gradient": 0}


def softmax_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    variables, scalar = softmax_problem(given, options, taste)
    return {"loss": scalar(PLAIN, variables)}


def second_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    return loss_answers(last_batch(given), options, taste)


def penalty_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    params, scalar = penalty_problem(given, options, taste)
    return {"loss": scalar(PLAIN, params)}


def scored_after_training_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    assert options["normalization"] == "batchnorm"
    params = net_parameters(given["theta"], options["dims"], "batchnorm")
    means = {layer: np.zeros(n) for layer, n in enumerate(options["dims"][1:-1], start=1)}
    variances = {layer: np.zeros_like(mean) for layer, mean in means.items()}

    def train(hidden: Any, layer: int) -> Any:
        means[layer] = 0.9 * means[layer] + 0.1 * np.mean(hidden, axis=0)
        variances[layer] = 0.9 * variances[layer] + 0.1 * moments(PLAIN, hidden)[1]
        return training_norm(PLAIN, params, "batchnorm", taste)(hidden, layer)

    def score(hidden: Any, layer: int) -> Any:
        if taste.scores_with_batch:
            return training_norm(PLAIN, params, "batchnorm", taste)(hidden, layer)
        affinity = params[f"gamma{layer}"], params[f"beta{layer}"]
        return batchnorm_scoring(PLAIN, hidden, *affinity, means[layer], variances[layer], taste)

    for batch in given["x"]:
        net_scores(PLAIN, params, batch, train, taste)
    scores = net_scores(PLAIN, params, given["x_test"], score, taste)
    return {"scores": scores, "scores_again": scores}


def dropout_test_answers(given: Arrays, options: Arrays, taste: Taste) -> Arrays:
    return {"out": given["x"]}


FORWARDS: Mapping[str, Callable[[Arrays, Arrays, Taste], Arrays]] = {
    "layers.affine_forward": affine_answers,
    "layers.relu_forward": relu_answers,
    "layers.softmax_loss": softmax_answers,
    "norms.batchnorm_train": batchnorm_train_answers,
    "norms.batchnorm_test": batchnorm_test_answers,
    "norms.layernorm_forward": layernorm_answers,
    "optim.update": update_answers,
    "nets.two_layer_scores": scores_answers,
    "nets.net_scores": scores_answers,
    "nets.two_layer_loss": loss_answers,
    "nets.net_loss": loss_answers,
    "nets.two_layer_second": second_answers,
    "nets.net_second": second_answers,
    "nets.two_layer_regularization": penalty_answers,
    "nets.net_regularization": penalty_answers,
    "nets.net_test_mode": scored_after_training_answers,
    "dropout.dropout_test": dropout_test_answers,
}

# --------------------------------------------------------------------------------------- tests


def golden_cases() -> dict[str, tuple[Case, Rubric]]:
    """Every case with golden answers, of every shipped rubric, public and hidden."""
    return {
        case.id: (case, rubric)
        for rubric in shipped()
        for case in (*rubric.cases, *rubric.ladder)
        if judges.find(case.judge).golden
    }


CASES = golden_cases()
STORED = dict(Golden.read(ROOT / "reference" / "golden").arrays())
ORACLES = {"autograd": (by_autograd, ALLOWED), "complex step": (by_complex_step, ALLOWED_WIDE)}


def answers_of(case_id: str) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield (alternative, output -> array) as stored; an alternative has what is its own."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, array in STORED.items():
        case, alternative, output = name.split(":")
        if case == case_id:
            found.setdefault(alternative, {})[output] = array
    yield from found.items()


def tiny(case_id: str) -> float:
    """Return the share below which an array counts as rounding.

    Batch normalization of two rows gives gradients that eps alone keeps from zero: of small cases
    they are measured as they are judged.
    """
    return FLOOR if "/small_" in case_id else 1e-6


def disagreement(
    stored: Mapping[str, np.ndarray], expected: Mapping[str, Any], tiny: float
) -> Iterator[tuple[str, float]]:
    """Yield (output, largest gap over the largest entry of the array).

    An array that is zero but for rounding (a bias before batchnorm), at most `tiny` times the
    largest entry of all the case's expected arrays, is measured against that entry.
    """
    sizes = {name: float(np.max(np.abs(array), initial=0)) for name, array in expected.items()}
    largest = max(sizes.values())
    for name, array in stored.items():
        assert np.shape(array) == np.shape(expected[name]), f"{name}: shape {np.shape(array)}"
        scale = sizes[name] if sizes[name] > tiny * largest else largest or 1.0
        yield name, float(np.max(np.abs(array - expected[name]), initial=0) / scale)


def gradient_gaps(case_id: str, alternative: str, oracle: str) -> dict[str, float]:
    case, rubric = CASES[case_id]
    problem = GRADIENTS[case.probe](rubric.case_inputs(case), case.options, taste(alternative))
    expected = {f"d{name}": g for name, g in ORACLES[oracle][0](problem).items()}
    stored = dict(answers_of(case_id))[alternative]
    named = {name: array for name, array in stored.items() if name in expected}
    if alternative == MAIN:
        assert set(named) == set(expected)
        assert set(stored) - set(named) <= {"loss", "parameters_without_gradient"}
    return dict(disagreement(named, expected, tiny(case_id)))


def forward_gaps(case_id: str, alternative: str) -> dict[str, float]:
    case, rubric = CASES[case_id]
    expected = FORWARDS[case.probe](rubric.case_inputs(case), case.options, taste(alternative))
    stored = dict(answers_of(case_id))[alternative]
    named = {name: array for name, array in stored.items() if name in expected}
    if alternative == MAIN:
        assert set(named) == set(expected)
        assert all(name.startswith("d") for name in set(stored) - set(named))
    return dict(disagreement(named, expected, tiny(case_id)))


every_gradient = pytest.mark.parametrize(
    "case_id", [name for name, (case, _) in CASES.items() if case.probe in GRADIENTS]
)
every_forward = pytest.mark.parametrize(
    "case_id", [name for name, (case, _) in CASES.items() if case.probe in FORWARDS]
)
every_oracle = pytest.mark.parametrize("oracle", ORACLES)


def test_every_golden_case_and_alternative_has_an_oracle() -> None:
    probes = {case.probe for case, _ in CASES.values()}
    assert probes == GRADIENTS.keys() | FORWARDS.keys()
    assert {name.split(":")[0] for name in STORED} == set(CASES)
    assert {part for name in STORED for part in name.split(":")[1].split("+")} == {MAIN, *CHANGES}


@every_oracle
@every_gradient
def test_a_golden_gradient_is_the_derivative_of_an_independent_forward_pass(
    case_id: str, oracle: str
) -> None:
    allowed = ORACLES[oracle][1]
    gaps = gradient_gaps(case_id, MAIN, oracle)
    assert {name: gap for name, gap in gaps.items() if not gap <= allowed} == {}


@every_forward
def test_a_golden_forward_answer_follows_from_the_plain_formula(case_id: str) -> None:
    gaps = forward_gaps(case_id, MAIN)
    assert {name: gap for name, gap in gaps.items() if not gap <= ALLOWED} == {}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("alternative", sorted({name.split(":")[1] for name in STORED} - {MAIN}))
def test_the_answers_of_an_alternative_are_those_of_its_convention(alternative: str) -> None:
    off = {}
    for case_id, (case, _) in CASES.items():
        if alternative not in dict(answers_of(case_id)):
            continue
        gaps = forward_gaps(case_id, alternative) if case.probe in FORWARDS else {}
        if case.probe in GRADIENTS:
            gaps |= gradient_gaps(case_id, alternative, "autograd")
        off |= {f"{case_id}:{name}": gap for name, gap in gaps.items() if not gap <= ALLOWED}
    assert off == {}


def test_the_slope_of_relu_at_zero_is_tried_by_a_case_with_zeros() -> None:
    case, rubric = CASES["relu_backward/zeros"]
    given, answers = rubric.case_inputs(case), dict(answers_of("relu_backward/zeros"))
    at_zero = given["x"] == 0
    assert 0 < np.count_nonzero(at_zero) < at_zero.size
    assert np.all(answers[MAIN]["dx"][at_zero] == 0)
    assert np.array_equal(answers["relu_slope_one"]["dx"][at_zero], given["dout"][at_zero])
    others = answers[MAIN]["dx"][~at_zero]
    assert np.array_equal(answers["relu_slope_one"]["dx"][~at_zero], others)


# ---------------------------------------------------------------- the oracles are tested as well


def test_both_oracles_differentiate_a_function_whose_derivative_is_known() -> None:
    x = np.array([[0.5, -1.25], [2.0, 3.0]])

    def scalar(m: Maths, variables: Arrays) -> Any:
        return m.np.sum(m.np.exp(variables["x"]) * variables["x"])

    for oracle, _ in ORACLES.values():
        gradient = oracle(({"x": x}, scalar))["x"]
        assert np.allclose(np.asarray(gradient, float), (1 + x) * np.exp(x), rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("stored", "expected", "gap"),
    [
        pytest.param([1.0, 4.0], [1.0, 4.0], 0.0, id="equal"),
        pytest.param([1.5, 4.0], [1.0, 4.0], 0.125, id="relative to the largest entry"),
        pytest.param([1e-9, 0.0], [0.0, 0.0], 1e-9 / 8, id="zeros relative to the case"),
        pytest.param([np.nan, 4.0], [1.0, 4.0], np.nan, id="nan is never small"),
    ],
)
def test_disagreement_is_measured_against_the_right_scale(
    stored: list[float], expected: list[float], gap: float
) -> None:
    everything = {"dx": np.array(expected), "dw": np.array([8.0])}
    found = dict(disagreement({"dx": np.array(stored)}, everything, 1e-6))["dx"]
    assert np.array_equal(found, gap, equal_nan=True)
