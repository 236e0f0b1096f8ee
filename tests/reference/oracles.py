"""Second opinions: the same mathematics by other means.

- `complex_step`: a derivative without a difference. f(x + ih) = f(x) + ih f'(x) + ..., so the
  imaginary part over h is exact to rounding, however small h. Needs an f that computes in complex.
- the functions below it: forward passes written anew for HIPS autograd, in another way than the
  textbook's (variances by E[x^2] - E[x]^2 and the like), to be differentiated by machine.
"""

import autograd.numpy as anp
import numpy as np


def close(actual, expected, allowed):
    """Assert equal shape, and a difference of at most `allowed` relative to the largest entry."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    scale = max(np.max(np.abs(expected), initial=0), np.finfo(expected.dtype).tiny)
    off = np.max(np.abs(actual - expected), initial=0) / scale
    assert off <= allowed, f"off by {off:.2e} of the largest entry, allowed {allowed:.2e}"


def exact():
    """The tolerance for two ways to compute one thing in longdouble: 100 roundings."""
    return 100 * np.finfo(np.longdouble).eps


def complex_step(f, x, dout):
    """Return the gradient of sum(dout * f(x)), in longdouble, entry by entry."""
    h = np.longdouble(2) ** -200
    grad = np.zeros(x.shape, dtype=np.longdouble)
    for index in np.ndindex(*x.shape):
        z = x.astype(np.clongdouble)
        z[index] += 1j * h
        grad[index] = np.sum(np.imag(f(z)) * dout) / h
    return grad


def affine(x, w, b):
    return anp.einsum("nd,dm->nm", anp.reshape(x, (x.shape[0], w.shape[0])), w) + b


def relu(x):
    return (x + anp.abs(x)) / 2


def normalize(x, gamma, beta, axis):
    mean = anp.mean(x, axis=axis, keepdims=True)
    var = anp.mean(x**2, axis=axis, keepdims=True) - mean**2
    return gamma * (x - mean) * (var + 1e-5) ** -0.5 + beta


def batchnorm(x, gamma, beta):
    return normalize(x, gamma, beta, 0)


def layernorm(x, gamma, beta):
    return normalize(x, gamma, beta, 1)


def softmax(x, y):
    right = anp.sum(x * anp.eye(x.shape[1])[y], axis=1)
    return anp.mean(anp.log(anp.sum(anp.exp(x), axis=1)) - right)


def svm(x, y):
    one_hot = anp.eye(x.shape[1])[y]
    right = anp.sum(x * one_hot, axis=1, keepdims=True)
    return anp.sum(relu(x - right + 1) * (1 - one_hot)) / x.shape[0]


def network(params, X, y, reg=0.0, normalization=None, masks=None):
    """The loss of a fully connected network, with the dropout masks given."""
    depth = sum(name.startswith("W") for name in params)
    out = X
    for i in range(1, depth):
        out = affine(out, params[f"W{i}"], params[f"b{i}"])
        if normalization:
            axis = 0 if normalization == "batchnorm" else 1
            out = normalize(out, params[f"gamma{i}"], params[f"beta{i}"], axis)
        out = relu(out)
        if masks:
            out = out * masks[i - 1]
    scores = affine(out, params[f"W{depth}"], params[f"b{depth}"])
    squares = sum(anp.sum(params[f"W{i}"] ** 2) for i in range(1, depth + 1))
    return softmax(scores, y) + reg / 2 * squares
