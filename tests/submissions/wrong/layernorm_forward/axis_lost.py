"""The mean of each row loses its axis and is taken off columns, which only runs for a square x."""

FAILS = {"layernorm_forward": ["out", "options"]}

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)

    centred = x - x.mean(axis=1)
    var = (centred**2).mean(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
