"""The batch is divided by the variance instead of its root, and the gradients follow suit."""

FAILS = {"batchnorm_forward": ["train", "options"]}

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"batchnorm_forward: mode is {mode!r}; make it 'train' or 'test'")
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))

    if mode == "test":
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mean = x.mean(axis=0)
    centred = x - mean
    var = (centred**2).mean(axis=0)
    inv_std = 1 / (var + eps)
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * centred * inv_std + beta, (centred, inv_std, gamma)


def batchnorm_backward(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dx_hat = dout * gamma
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -dinv_std * inv_std**2
    dcentred = dx_hat * inv_std + dvar * 2 * centred / n
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - dbeta / n - 2 * centred * dgamma / n)
    return dx, dgamma, dbeta
