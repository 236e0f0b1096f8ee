"""The update rules: right steps over several calls, memory, precision, defaults."""

from fractions import Fraction

import numpy as np
import pytest
from cs231n import optim
from oracles import close, exact

RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
every_rule = pytest.mark.parametrize("name", RULES)


# Each rule for a single number, written anew: a generator of steps that is sent gradients.
def sgd(w, lr=1e-2):
    while True:
        w -= lr * (yield w)


def sgd_momentum(w, lr=1e-2, momentum=0.9):
    velocity = 0
    while True:
        velocity = momentum * velocity - lr * (yield w)
        w += velocity


def rmsprop(w, lr=1e-2, decay=0.99, epsilon=1e-8):
    squares = 0
    while True:
        g = yield w
        squares = decay * squares + (1 - decay) * g * g
        w -= lr * g / (np.sqrt(squares) + epsilon)


def adam(w, lr=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    gradients, beta1, beta2 = [], np.longdouble(beta1), np.longdouble(beta2)
    while True:
        gradients.append((yield w))
        ages = np.arange(len(gradients))[::-1]
        first, second = beta1**ages, beta2**ages  # weights of the averages, newest last
        m = sum(first * gradients) / first.sum()
        v = sum(second * np.square(gradients)) / second.sum()
        w -= lr * m / (np.sqrt(v) + epsilon)


TWINS = {"sgd": sgd, "sgd_momentum": sgd_momentum, "rmsprop": rmsprop, "adam": adam}


@every_rule
@pytest.mark.parametrize("scale", [1.0, 1e-9], ids=["usual", "near epsilon"])
def test_five_steps_agree_with_a_second_derivation(name, scale):
    rng = np.random.RandomState(0)
    w = rng.randn(2, 3).astype(np.longdouble)
    gradients = scale * rng.randn(5, 2, 3).astype(np.longdouble)
    expected = w.copy()
    for index in np.ndindex(*w.shape):
        twin = TWINS[name](w[index])
        next(twin)
        for g in gradients:
            expected[index] = twin.send(g[index])
    config, moved = None, w.copy()
    for g in gradients:
        moved, config = getattr(optim, name)(moved, g, config)
    close(moved - w, expected - w, 10 * exact())


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_dtype_is_kept_by_parameter_and_memory(name, dtype):
    w, dw = np.ones((2, 3), dtype), np.full((2, 3), 0.5, dtype)
    next_w, config = getattr(optim, name)(w, dw)
    _, config = getattr(optim, name)(next_w, dw, config)
    memory = [value for value in config.values() if isinstance(value, np.ndarray)]
    assert all(a.dtype == dtype and a.shape == w.shape for a in [next_w, *memory])


@every_rule
def test_gradient_is_left_alone_and_settings_are_obeyed(name):
    dw = np.full(3, 0.5)
    slow, config = getattr(optim, name)(np.ones(3), dw, {"learning_rate": 1e-4})
    fast, _ = getattr(optim, name)(np.ones(3), dw, {"learning_rate": 1e-3})
    assert config["learning_rate"] == 1e-4
    assert np.array_equal(dw, np.full(3, 0.5))
    close(fast - 1, 10 * (slow - 1), 1e-11)


def test_sgd_works_in_place():
    w = np.ones(3)
    assert optim.sgd(w, w)[0] is w


def test_adam_counts_the_step_before_using_it():
    _, config = optim.adam(np.ones(3), np.ones(3))
    assert config["t"] == 1
    _, config = optim.adam(np.ones(3), np.ones(3), {"t": 5})
    assert config["t"] == 6


def test_adam_corrects_its_averages_exactly():
    """With m, v and t given, against fractions (the root is exact by the choice of v)."""
    t, beta1, beta2 = 5, 0.5, 0.75
    one_less = 1 - Fraction(3, 4) ** (t + 1)
    v = float(4 * one_less / Fraction(3, 4))  # so that v_hat = 4 with a zero gradient
    next_w, _ = optim.adam(
        np.zeros(1), np.zeros(1),
        {"learning_rate": 1.0, "beta1": beta1, "beta2": beta2, "epsilon": 0.0,
         "m": np.ones(1), "v": np.array([v]), "t": t},
    )  # fmt: skip
    expected = -float(Fraction(1, 2) / (1 - Fraction(1, 2) ** (t + 1)) / 2)
    close(next_w, np.array([expected]), 1e-15)


def test_adam_does_not_lose_digits_in_float32():
    w, dw = np.zeros(4), np.array([1e-3, -0.5, 2.0, 30.0])
    narrow, _ = optim.adam(w.astype(np.float32), dw.astype(np.float32))
    close(narrow.astype(np.float64), optim.adam(w, dw)[0], 5e-7)


def test_momentum_zero_is_plain_sgd():
    w, dw = np.ones(3), np.arange(3.0)
    moved, _ = optim.sgd_momentum(w, dw, {"momentum": 0.0})
    assert np.array_equal(moved, optim.sgd(w.copy(), dw)[0])
