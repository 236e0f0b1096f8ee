"""The division binds first: rand < p / p is always true, and nothing is dropped."""

FAILS = {"dropout_forward": ["mask", "keep_fraction", "scale"]}

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_forward: mode is {mode!r}; make it 'train' or 'test'")
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    if mode == "test":
        return x, (dropout_param, None)
    mask = np.random.rand(*x.shape) < p / p
    out = (x * mask).astype(x.dtype, copy=False)
    return out, (dropout_param, mask)
