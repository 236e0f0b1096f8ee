"""p is read as the probability to keep in a year that drops; apart from that it is right."""

FAILS = {"dropout_forward": ["keep_fraction"]}
BASE = "year2017"
RUBRIC = "cs231n-a2-2017"

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    if mode == "test":
        return x, (dropout_param, None)
    mask = (np.random.rand(*x.shape) < p).astype(x.dtype) / p
    out = (x * mask).astype(x.dtype, copy=False)
    return out, (dropout_param, mask)
