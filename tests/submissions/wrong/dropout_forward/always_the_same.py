"""The generator is seeded with 0 at every call, so every mask is the same."""

FAILS = {"dropout_forward": ["mask"]}

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_forward: mode is {mode!r}; make it 'train' or 'test'")
    np.random.seed(dropout_param.get("seed", 0))

    if mode == "test":
        return x, (dropout_param, None)
    mask = (np.random.rand(*x.shape) < p).astype(x.dtype) / p
    out = (x * mask).astype(x.dtype, copy=False)
    return out, (dropout_param, mask)
