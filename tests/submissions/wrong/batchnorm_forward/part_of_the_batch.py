"""The statistics are those of a random half of the batch."""

FAILS = {"batchnorm_forward": ["train", "running", "options"]}

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
    some = x[np.random.permutation(len(x))[: (len(x) + 1) // 2]]
    mean = some.mean(axis=0)
    centred = x - mean
    var = ((some - mean) ** 2).mean(axis=0)
    inv_std = 1 / np.sqrt(var + eps)
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * centred * inv_std + beta, (centred, inv_std, gamma)
