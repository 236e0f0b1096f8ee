"""Layer normalization is batch normalization: the statistics are those of the batch, in both
passes.
"""

FAILS = {"layernorm_forward": ["out", "options"]}

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)

    centred = x - x.mean(axis=0)
    var = (centred**2).mean(axis=0)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)


def layernorm_backward(dout, cache):
    x_hat, inv_std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).mean(axis=0)
    dx = inv_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * along)
    return dx, dgamma, dbeta
