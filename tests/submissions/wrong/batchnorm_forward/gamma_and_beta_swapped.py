"""The arguments gamma and beta are taken in the wrong order."""

FAILS = {"batchnorm_forward": ["train", "test", "options"], "batchnorm_backward": ["dx"], "batchnorm_backward_alt": ["dx"]}

import numpy as np


def batchnorm_forward(x, beta, gamma, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    rm = bn_param.get("running_mean", np.zeros(x.shape[1]))
    rv = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "test":
        return gamma * (x - rm) / np.sqrt(rv + eps) + beta, None
    mean = x.mean(axis=0)
    centred = x - mean
    var = x.var(0)
    inv_std = 1 / np.sqrt(var + eps)
    bn_param["running_mean"] = momentum * rm + (1 - momentum) * mean
    bn_param["running_var"] = momentum * rv + (1 - momentum) * var
    return gamma * centred * inv_std + beta, (centred, inv_std, gamma)
