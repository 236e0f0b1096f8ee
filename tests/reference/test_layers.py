"""The layers: right values, right gradients, any precision, nothing changed behind the back."""

import autograd
import numpy as np
import oracles
import pytest
from cs231n import layer_utils, layers
from oracles import close, complex_step, exact

N, D, M = 7, 6, 5  # 1/7, 1/6 and 1/5 have no exact float64: a float64 constant would show


def array(*shape, seed=0, dtype=np.longdouble):
    return np.random.RandomState(seed).randn(*shape).astype(dtype)


X, W, B = array(N, 3, 2), array(D, M, seed=1), array(M, seed=2)
ROWS, GAMMA, BETA = 2 * array(N, D) + 3, array(D, seed=3) + 2, array(D, seed=4)
GAMMA_M, BETA_M = array(M, seed=3) + 2, array(M, seed=4)
LABELS = np.array([0, 4, 2, 2, 1, 3, 0])


def batchnorm_forward(x, gamma, beta):
    return layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})


def layernorm_forward(x, gamma, beta):
    return layers.layernorm_forward(x, gamma, beta, {})


def dropout_forward(x):
    return layers.dropout_forward(x, {"mode": "train", "p": 0.7, "seed": 5})


def dropout_twin(x):
    np.random.seed(5)
    return x * ((np.random.rand(*x.shape) < 0.7) / 0.7)


def affine_bn_relu_forward(x, w, b, gamma, beta):
    return layer_utils.affine_bn_relu_forward(x, w, b, gamma, beta, {"mode": "train"})


def affine_ln_relu_forward(x, w, b, gamma, beta):
    return layer_utils.affine_ln_relu_forward(x, w, b, gamma, beta, {})


def chain(norm):
    return lambda x, w, b, gamma, beta: oracles.relu(norm(oracles.affine(x, w, b), gamma, beta))


def affine_relu(x, w, b):
    return oracles.relu(oracles.affine(x, w, b))


NORMED = (X, W, B, GAMMA_M, BETA_M)
LAYERS = {
    # name: (forward, backward, inputs, the forward written anew)
    "affine": (layers.affine_forward, layers.affine_backward, (X, W, B), oracles.affine),
    "relu": (layers.relu_forward, layers.relu_backward, (X,), oracles.relu),
    "batchnorm": (
        batchnorm_forward, layers.batchnorm_backward, (ROWS, GAMMA, BETA), oracles.batchnorm),
    "batchnorm_alt": (
        batchnorm_forward, layers.batchnorm_backward_alt, (ROWS, GAMMA, BETA), oracles.batchnorm),
    "layernorm": (
        layernorm_forward, layers.layernorm_backward, (ROWS, GAMMA, BETA), oracles.layernorm),
    "dropout": (dropout_forward, layers.dropout_backward, (X,), dropout_twin),
    "affine_relu": (
        layer_utils.affine_relu_forward, layer_utils.affine_relu_backward, (X, W, B), affine_relu),
    "affine_bn_relu": (
        affine_bn_relu_forward, layer_utils.affine_bn_relu_backward, NORMED,
        chain(oracles.batchnorm)),
    "affine_ln_relu": (
        affine_ln_relu_forward, layer_utils.affine_ln_relu_backward, NORMED,
        chain(oracles.layernorm)),
}  # fmt: skip
LOSSES = {
    "softmax": (layers.softmax_loss, oracles.softmax),
    "svm": (layers.svm_loss, oracles.svm),
}
every_layer = pytest.mark.parametrize("name", LAYERS)
every_loss = pytest.mark.parametrize("name", LOSSES)


def backward_of(name, inputs):
    forward, backward, _, _ = LAYERS[name]
    out, cache = forward(*inputs)
    dout = array(*out.shape, seed=9, dtype=out.dtype)
    grads = backward(dout, cache)
    return out, dout, grads if isinstance(grads, tuple) else (grads,)


@every_layer
def test_forward_agrees_with_a_second_derivation(name):
    forward, _, inputs, twin = LAYERS[name]
    inputs = [a.astype(np.float64) for a in inputs]
    close(forward(*inputs)[0], twin(*inputs), 1e-13)


@every_layer
def test_gradients_agree_with_autograd(name):
    _, _, inputs, twin = LAYERS[name]
    inputs = [a.astype(np.float64) for a in inputs]
    _, dout, grads = backward_of(name, inputs)
    vjp, _ = autograd.make_vjp(lambda inputs: twin(*inputs))(tuple(inputs))
    for grad, expected in zip(grads, vjp(dout), strict=True):
        # the gradient of a bias before batchnorm is zero: measure against the largest input's
        scale = max(1.0, np.max(np.abs(expected)))
        close(grad / scale + 1, expected / scale + 1, 1e-12)


@every_layer
def test_gradients_agree_with_the_complex_step_to_longdouble(name):
    forward, _, inputs, _ = LAYERS[name]
    _, dout, grads = backward_of(name, inputs)
    for i, grad in enumerate(grads):

        def at(z, i=i):
            return forward(*inputs[:i], z, *inputs[i + 1 :])[0]

        expected = complex_step(at, inputs[i], dout)
        scale = max(1, np.max(np.abs(expected)))
        close(grad / scale + 1, expected / scale + 1, exact())


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_dtype_and_shape_are_kept(name, dtype):
    inputs = [a.astype(dtype) for a in LAYERS[name][2]]
    out, _, grads = backward_of(name, inputs)
    assert out.dtype == dtype
    assert [(g.dtype, g.shape) for g in grads] == [(a.dtype, a.shape) for a in inputs]


@every_layer
def test_inputs_are_left_alone(name):
    forward, backward, inputs, _ = LAYERS[name]
    mine = [a.copy() for a in inputs]
    out, cache = forward(*mine)
    dout = array(*out.shape)
    backward(dout, cache)
    assert all(np.array_equal(a, b) for a, b in zip(mine, inputs, strict=True))
    assert np.array_equal(dout, array(*out.shape))


@every_loss
def test_loss_and_gradient_agree_with_second_opinions(name):
    loss, twin = LOSSES[name]
    scores = array(N, M)
    value, dx = loss(scores, LABELS)
    assert value.dtype == dx.dtype == np.longdouble
    double = scores.astype(np.float64)
    close(loss(double, LABELS)[0], twin(double, LABELS), 1e-13)
    close(loss(double, LABELS)[1], autograd.grad(twin)(double, LABELS), 1e-12)
    close(dx, complex_step(lambda z: loss(z, LABELS)[0], scores, 1), exact())


@every_loss
def test_loss_keeps_float32(name):
    value, dx = LOSSES[name][0](array(N, M, dtype=np.float32), LABELS)
    assert value.dtype == dx.dtype == np.float32


def test_softmax_loss_survives_huge_scores():
    loss, dx = layers.softmax_loss(np.array([[1e4, -1e4], [0.0, 1e4]]), np.array([0, 0]))
    assert loss == 5e3
    assert np.array_equal(dx, [[0, 0], [-0.5, 0.5]])


def test_relu_has_slope_zero_at_zero_and_passes_nan_on():
    x = np.array([-np.inf, 0.0, 2.0, np.nan])
    out, cache = layers.relu_forward(x)
    assert np.array_equal(out, [0, 0, 2, np.nan], equal_nan=True)
    dout = np.array([np.inf, 1.0, 3.0, 1.0])
    assert np.array_equal(layers.relu_backward(dout, cache), [0, 0, 3, 0])


def test_batchnorm_keeps_running_averages_and_uses_them():
    bn_param = {"mode": "train", "momentum": 0.75, "running_mean": BETA, "running_var": GAMMA}
    layers.batchnorm_forward(ROWS, GAMMA, BETA, bn_param)
    mean, var = 0.75 * BETA + 0.25 * ROWS.mean(0), 0.75 * GAMMA + 0.25 * ROWS.var(0)
    close(bn_param["running_mean"], mean, exact())
    close(bn_param["running_var"], var, exact())
    before = {**bn_param, "mode": "test"}
    out, _ = layers.batchnorm_forward(X.reshape(N, D), GAMMA, BETA, before)
    close(out, GAMMA * (X.reshape(N, D) - mean) / np.sqrt(var + 1e-5) + BETA, exact())
    assert before["running_mean"] is bn_param["running_mean"]


def test_batchnorm_averages_start_at_zero_in_the_dtype_of_x():
    bn_param = {"mode": "train"}
    layers.batchnorm_forward(ROWS, GAMMA, BETA, bn_param)
    close(bn_param["running_mean"], (1 - 0.9) * ROWS.mean(0), exact())
    assert bn_param["running_var"].dtype == np.longdouble
    assert set(bn_param) == {"mode", "running_mean", "running_var"}


NORMS = {
    "batchnorm": lambda x, g, b: layers.batchnorm_forward(x, g, b, {"mode": "train", "eps": 4.0}),
    "layernorm": lambda x, g, b: layers.layernorm_forward(x, g, b, {"eps": 4.0}),
}


@pytest.mark.parametrize("name, axis", [("batchnorm", 0), ("layernorm", 1)])
def test_eps_stands_inside_the_root(name, axis):
    out, _ = NORMS[name](ROWS, GAMMA, BETA)
    root = np.sqrt(ROWS.var(axis, keepdims=True) + 4)
    close(out, GAMMA * (ROWS - ROWS.mean(axis, keepdims=True)) / root + BETA, exact())


@pytest.mark.parametrize("name", NORMS)
def test_normalization_survives_a_constant_and_a_far_offset(name):
    ones, zeros = np.ones(4), np.zeros(4)
    assert np.array_equal(NORMS[name](np.full((4, 4), 3.0), ones, zeros)[0], np.zeros((4, 4)))
    x = array(4, 4, dtype=np.float64)
    close(NORMS[name](x + 2.0**30, ones, zeros)[0], NORMS[name](x, ones, zeros)[0], 1e-6)


@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
def test_dropout_keeps_a_share_p_and_the_mean(p):
    x = np.ones((200, 500))
    np.random.seed(0)
    out, (_, mask) = layers.dropout_forward(x, {"mode": "train", "p": p})
    kept = np.count_nonzero(out) / out.size
    assert abs(kept - p) < 6 * np.sqrt(p * (1 - p) / out.size)
    assert set(np.unique(out)) == {0, 1 / p}
    assert np.array_equal(out, mask)


def test_dropout_is_the_identity_at_test_time():
    x, param = array(3, 4), {"mode": "test", "p": 0.3}
    out, cache = layers.dropout_forward(x, param)
    assert np.array_equal(out, x)
    assert np.array_equal(layers.dropout_backward(x, cache), x)


def test_dropout_follows_its_seed():
    first, second = dropout_forward(X)[0], dropout_forward(X)[0]
    other = layers.dropout_forward(X, {"mode": "train", "p": 0.7, "seed": 6})[0]
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("call", [
    lambda: layers.dropout_forward(X, {"mode": "tset", "p": 0.5}),
    lambda: layers.batchnorm_forward(ROWS, GAMMA, BETA, {"mode": "tset"}),
])  # fmt: skip
def test_an_unknown_mode_is_refused(call):
    with pytest.raises(ValueError, match="_forward: mode is 'tset'; make it 'train' or 'test'"):
        call()
