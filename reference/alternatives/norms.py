"""Where epsilon stands in a normalization: under the root, beside it, or nowhere.

At the default of 1e-5 the variants differ by a few millionths, too little to see in training and
far more than rounding. Each is built from one place: how the divisor follows from the variance.

    inside    std = sqrt(var + eps)          as the reference
    outside   std = sqrt(var) + eps
    omitted   std = sqrt(var)
"""

from functools import partial

import numpy as np

AXIS = {"batchnorm": 0, "layernorm": 1}


def _std(place, var, eps):
    if place == "inside":
        return np.sqrt(var + eps)
    return np.sqrt(var) + (eps if place == "outside" else 0)


def _normalize(x, gamma, beta, eps, axis, place, exact):
    """Return (out, cache) for x (N, D); `exact` says how backward treats the variance."""
    centred = x - x.mean(axis=axis, keepdims=True)
    var = (centred**2).mean(axis=axis, keepdims=True)
    std = _std(place, var, eps)
    x_hat = centred / std
    # d std / d var = 1 / (2 root) with root = sqrt(var) outside, and std itself inside.
    stretch = std / np.sqrt(var) if exact and place == "outside" else np.ones_like(std)
    return gamma * x_hat + beta, (x_hat, std, gamma, stretch, axis)


def _backward(dout, cache):
    """dx = (g - mean(g) - x_hat mean(g x_hat) std/root) / std with g = dout gamma."""
    x_hat, std, gamma, stretch, axis = cache
    g = dout * gamma
    along = (g * x_hat).mean(axis=axis, keepdims=True) * stretch
    dx = (g - g.mean(axis=axis, keepdims=True) - x_hat * along) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def _batchnorm_forward(x, gamma, beta, bn_param, train, test, exact):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "test":
        return gamma * (x - mean) / _std(test, var, eps) + beta, None
    bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(axis=0)
    bn_param["running_var"] = momentum * var + (1 - momentum) * x.var(axis=0)
    return _normalize(x, gamma, beta, eps, 0, train, exact)


def _layernorm_forward(x, gamma, beta, ln_param, place, exact):
    return _normalize(x, gamma, beta, ln_param.get("eps", 1e-5), 1, place, exact)


def _placed(train, test, exact=True):
    """Return a patch of layers: `train` and `test` say where eps stands in each mode."""

    def patch(layers):
        layers.batchnorm_forward = partial(_batchnorm_forward, train=train, test=test, exact=exact)
        layers.batchnorm_backward = layers.batchnorm_backward_alt = _backward
        layers.layernorm_forward = partial(_layernorm_forward, place=train, exact=exact)
        layers.layernorm_backward = _backward

    return "layers", patch


ALTERNATIVES = {
    "norm_eps_outside": _placed("outside", "outside"),
    # The usual backward formula with std = sqrt(var) + eps put in: off by eps from exact.
    "norm_eps_outside_simple": _placed("outside", "outside", exact=False),
    "norm_eps_omitted": _placed("omitted", "omitted"),
    "norm_eps_outside_in_test": _placed("inside", "outside"),
    "norm_eps_omitted_in_test": _placed("inside", "omitted"),
}
