"""Units are dropped in test mode too."""

FAILS = {"dropout_forward": ["test"]}

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_forward: mode is {mode!r}; make it 'train' or 'test'")
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = (np.random.rand(*x.shape) < p).astype(x.dtype) / p
    out = (x * mask).astype(x.dtype, copy=False)
    return out, (dropout_param, mask)
