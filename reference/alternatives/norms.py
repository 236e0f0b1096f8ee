"""Where epsilon stands in a normalization: under the root, beside it, or nowhere.

At the default of 1e-5 the variants differ by a few millionths, too little to see in training and
far more than rounding. Each is built from one place: how the divisor follows from the variance.

    inside    std = sqrt(var + eps)          as the reference
    outside   std = sqrt(var) + eps
    omitted   std = sqrt(var)

The forward pass in training, the one in test mode and the backward pass may each have a place of
its own: `norm_train_*`, `norm_test_*` and `norm_back_*` move one and leave the others alone, and
`norm_eps_*` moves all three.
"""

from functools import partial

import numpy as np

SIMPLE = "outside_simple"  # the usual backward formula with sqrt(var) + eps put in: off by eps
REFERENCE = {"train": "inside", "test": "inside", "back": "inside", "cached": False}


def _std(place, var, eps):
    if place == "inside":
        return np.sqrt(var + eps)
    return np.sqrt(var) + (eps if place in ("outside", SIMPLE) else 0)


def _normalize(x, gamma, beta, param, axis, places):
    """Return (out, cache) for x (N, D)."""
    eps = param.get("eps", 1e-5)
    centred = x - x.mean(axis=axis, keepdims=True)
    var = (centred**2).mean(axis=axis, keepdims=True)
    x_hat = centred / _std(places["train"], var, eps)
    return gamma * x_hat + beta, (x_hat, centred, var, eps, gamma, axis, places)


def _backward(dout, cache):
    """dx = (g - mean(g) - x_hat mean(g x_hat) std/root) / std with g = dout gamma.

    The backward pass makes std and x_hat anew from the variance; dgamma may take the cached x_hat.
    """
    cached, centred, var, eps, gamma, axis, places = cache
    std = _std(places["back"], var, eps)
    x_hat = centred / std
    # d std / d var = 1 / (2 root) with root = sqrt(var) outside, and std itself inside.
    stretch = std / np.sqrt(var) if places["back"] == "outside" else np.ones_like(std)
    g = dout * gamma
    along = (g * x_hat).mean(axis=axis, keepdims=True) * stretch
    dx = (g - g.mean(axis=axis, keepdims=True) - x_hat * along) / std
    return dx, (dout * (cached if places["cached"] else x_hat)).sum(axis=0), dout.sum(axis=0)


def _batchnorm_forward(x, gamma, beta, bn_param, places):
    momentum = bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "test":
        std = _std(places["test"], var, bn_param.get("eps", 1e-5))
        return gamma * (x - mean) / std + beta, None
    bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(axis=0)
    bn_param["running_var"] = momentum * var + (1 - momentum) * x.var(axis=0)
    return _normalize(x, gamma, beta, bn_param, 0, places)


def _layernorm_forward(x, gamma, beta, ln_param, places):
    return _normalize(x, gamma, beta, ln_param, 1, places)


def _placed(**moved):
    """Return a patch of layers that puts eps elsewhere in some passes."""

    def patch(layers):
        places = {**getattr(layers, "places_of_eps", REFERENCE), **moved}
        layers.places_of_eps = places
        layers.batchnorm_forward = partial(_batchnorm_forward, places=places)
        layers.batchnorm_backward = layers.batchnorm_backward_alt = _backward
        layers.layernorm_forward = partial(_layernorm_forward, places=places)
        layers.layernorm_backward = _backward

    return "layers", patch


ALTERNATIVES = {
    "norm_eps_outside": _placed(train="outside", test="outside", back="outside"),
    "norm_eps_outside_simple": _placed(train="outside", test="outside", back=SIMPLE),
    "norm_eps_omitted": _placed(train="omitted", test="omitted", back="omitted"),
    **{f"norm_train_{place}": _placed(train=place) for place in ("outside", "omitted")},
    **{f"norm_test_{place}": _placed(test=place) for place in ("outside", "omitted")},
    **{f"norm_back_{place}": _placed(back=place) for place in ("outside", SIMPLE, "omitted")},
    "norm_dgamma_cached": _placed(cached=True),  # dgamma with the x_hat of the forward pass
}
