"""p is not read: half of the units are kept, scaled by two."""

FAILS = {"dropout_forward": ["keep_fraction"]}

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = 0.5, dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    mask = (np.random.rand(*x.shape) < p) / p
    return x * mask, (dropout_param, mask)
